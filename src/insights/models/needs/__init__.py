"""What clients will buy first, how well that is foretold, and which offers suit them."""
