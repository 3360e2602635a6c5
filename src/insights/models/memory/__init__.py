"""What a run remembers for the runs after it: measures with their paired replicates, predictions, and what came in."""
