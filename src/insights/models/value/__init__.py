"""What clients are worth: what each brings in month by month, and what follows from it."""
