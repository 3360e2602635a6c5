"""Classes that nobody has seen: mixtures of numbers and ordered answers, how many there are, and how sure that is."""

from insights.stats.mixture.agreement import adjusted_rand, jaccard, matched
from insights.stats.mixture.choice import Choice, choose_classes
from insights.stats.mixture.model import Mixture, fit_mixture
from insights.stats.mixture.one_class import one_class_test
from insights.stats.mixture.rows import MixtureRows, mixture_rows
from insights.stats.mixture.stability import Stability, bootstrap_stability

__all__ = [
    "Choice",
    "Mixture",
    "MixtureRows",
    "Stability",
    "adjusted_rand",
    "bootstrap_stability",
    "choose_classes",
    "fit_mixture",
    "jaccard",
    "matched",
    "mixture_rows",
    "one_class_test",
]
