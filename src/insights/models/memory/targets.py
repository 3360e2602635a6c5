"""What runs foretell of clients, by the names under which it is written down."""

LEAVING, NEED, MARGIN, ALERT = "leaving", "need:", "margin", "alert:"
"""That he leaves; a first purchase of a category; what he brings; an open risk of the register by its reason."""
AHEAD = (3, 12)
"""Months ahead for which it is written down what clients will bring."""
COLUMNS = ["client_id", "target", "months", "value", "since"]
