"""Discrete-time hazards: what moves the probability that an event happens in a period, given none before."""

from insights.stats.hazard.added import added_columns_test
from insights.stats.hazard.model import INTERCEPT, HazardModel, discrete_hazard

__all__ = ["INTERCEPT", "HazardModel", "added_columns_test", "discrete_hazard"]
