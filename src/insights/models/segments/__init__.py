"""Segments of clients: the bank's own, or found from assets, risk tolerance and experience; month by month."""
