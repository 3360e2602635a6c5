"""Confirmatory factor analysis of one or several groups, and whether groups can be compared at all."""

from insights.stats.factors.analysis import FactorAnalysis, confirmatory
from insights.stats.factors.discriminant import heterotrait_ratios
from insights.stats.factors.invariance import Invariance, measurement_invariance

__all__ = ["FactorAnalysis", "Invariance", "confirmatory", "heterotrait_ratios", "measurement_invariance"]
