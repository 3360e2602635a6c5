"""What the channels report and others share: contacts as rows, whom a programme reached, and what it did."""
