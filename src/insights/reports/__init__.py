"""What a reader sees: sentences, figures, languages, disclosure, HTML, runs and their history."""
