"""Leaving: who is at risk, the hazards by reason, each client's risk, and how well past predictions did."""
