"""The survey as every question about loyalty reads it: who was asked, who answered, and what the answers weigh."""
