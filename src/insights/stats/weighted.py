"""Weighted means with errors that allow for what the rows of a cluster have in common."""

import numpy as np
import numpy.typing as npt

from insights.stats.clustering import read_labels
from insights.stats.inputs import check_level
from insights.stats.intervals import normal_quantile
from insights.stats.results import Estimate, NotEstimable
from insights.stats.survey import FEWEST

FEWEST_CLUSTERS = 20


def weighted_mean(
    values: npt.ArrayLike,
    weight: npt.ArrayLike,
    *,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
    unit: str = "points",
) -> Estimate | NotEstimable:
    """Return the mean of the values (n,; NaN is left out) with weights (n,) >= 0 taken as given.

    The error is the sandwich's for a ratio of sums, by cluster (n,) with t of C - 1 degrees of freedom where there is
    one. Assumes that rows (clusters) are independent. NotEstimable below 50 values or 20 clusters. Raises ValueError
    for arrays of different lengths and negative weights.
    """
    check_level(level)
    y, w = np.asarray(values, dtype=float), np.asarray(weight, dtype=float)
    if y.ndim != 1 or w.shape != y.shape or not np.isfinite(w).all() or (w < 0).any():
        raise ValueError(f"values have shape {y.shape} and weights {w.shape}; expected (n,) each, weights >= 0")
    used = np.isfinite(y) & (w > 0)
    if (n := int(used.sum())) < FEWEST:
        return NotEstimable(f"{n} answers; at least {FEWEST} are needed")
    mean = float(w[used] @ y[used] / w[used].sum())
    influence = w[used] * (y[used] - mean) / w[used].sum()
    quantile = normal_quantile(level)
    if cluster is not None:
        way = read_labels(cluster, "cluster", len(y))
        codes = np.unique(way.codes[used], return_inverse=True)[1]
        influence = np.bincount(codes, influence)
        if len(influence) < FEWEST_CLUSTERS:
            return NotEstimable(f"{len(influence)} clusters; {FEWEST_CLUSTERS} are needed for errors by cluster")
        from scipy.special import stdtrit  # half a second that those without clusters need not wait

        quantile = float(stdtrit(len(influence) - 1, (1 + level) / 2))
    c = len(influence)
    se = float(np.sqrt((influence**2).sum() * c / (c - 1)))
    return Estimate(mean, mean - quantile * se, mean + quantile * se, unit, n, None, level, se)
