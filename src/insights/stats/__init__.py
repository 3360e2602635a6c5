"""Numbers: arrays and frames in, frozen results out. No bank word, no file, no drawing in this room."""

from insights.stats.counts import risk_table
from insights.stats.incidence import IncidenceCurve, cumulative_incidence, cumulative_incidence_from_counts
from insights.stats.logrank import logrank, logrank_from_counts
from insights.stats.restricted import restricted_mean_difference
from insights.stats.results import Estimate, NotEstimable, Result, TestResult
from insights.stats.survival import SurvivalCurve, kaplan_meier, kaplan_meier_from_counts

__all__ = [
    "Estimate",
    "IncidenceCurve",
    "NotEstimable",
    "Result",
    "SurvivalCurve",
    "TestResult",
    "cumulative_incidence",
    "cumulative_incidence_from_counts",
    "kaplan_meier",
    "kaplan_meier_from_counts",
    "logrank",
    "logrank_from_counts",
    "restricted_mean_difference",
    "risk_table",
]
