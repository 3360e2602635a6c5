"""Repeat transactions of units whose end is not seen: who is still active, how much they will do, what it is worth."""

from insights.stats.transactions.bg_nbd import BgNbd, bg_nbd
from insights.stats.transactions.gamma_gamma import GammaGamma, gamma_gamma
from insights.stats.transactions.pareto_nbd import ParetoNbd, pareto_nbd
from insights.stats.transactions.rivals import Rivals, compare_forecasts
from insights.stats.transactions.summaries import EventSummary, summarise_events
from insights.stats.transactions.tracking import Tracking, track

__all__ = [
    "BgNbd",
    "EventSummary",
    "GammaGamma",
    "ParetoNbd",
    "Rivals",
    "Tracking",
    "bg_nbd",
    "compare_forecasts",
    "gamma_gamma",
    "pareto_nbd",
    "summarise_events",
    "track",
]
