"""Repeat transactions of units whose end is not seen: who is still active, how much they will do, what it is worth."""

from insights.stats.transactions.bg_nbd import BgNbd, bg_nbd

__all__ = ["BgNbd", "bg_nbd"]
