"""Discrete-time hazards: what moves the probability that an event happens in a period, given none before."""

from insights.stats.hazard.model import INTERCEPT, HazardModel, discrete_hazard

__all__ = ["INTERCEPT", "HazardModel", "discrete_hazard"]
