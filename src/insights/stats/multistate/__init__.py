"""Multistate curves: the probability of each state by month, and the time spent in it (Aalen-Johansen)."""

from insights.stats.multistate.occupation import StateOccupation, state_occupation, state_occupation_from_counts

__all__ = ["StateOccupation", "state_occupation", "state_occupation_from_counts"]
