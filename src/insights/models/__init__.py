"""What several topics share about a client, computed once per snapshot."""
