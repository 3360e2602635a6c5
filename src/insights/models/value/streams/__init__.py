"""Streams: bookings that come again without a contract, how long they go on, and what they are worth."""
