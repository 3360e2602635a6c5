"""Ratios of sums over units that are observed more than once: rates, means, shares of a whole."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from insights.stats.inputs import Floats, check_level
from insights.stats.intervals import normal_quantile
from insights.stats.results import Estimate, NotEstimable

SOURCE = "Cochran (1977), Sampling Techniques, ch. 6; ratios of cluster totals: ch. 9A"
FEWEST_CLUSTERS = 20


def ratio_of_sums(
    numerator: npt.ArrayLike,
    denominator: npt.ArrayLike,
    *,
    cluster: npt.ArrayLike | None = None,
    unit: str = "",
    positive: bool = False,
    n_events: int | None = None,
    level: float = 0.95,
) -> Estimate | NotEstimable:
    """Return sum(numerator) / sum(denominator) with an interval that allows rows of one cluster to depend.

    numerator, denominator (n): per row, for example events and months at risk, or a score and 1. cluster (n): whose
    row it is; without it every row is on its own. Standard error: the residuals numerator - ratio x denominator, added
    up by cluster (Taylor linearisation, times G / (G - 1) for G clusters), whatever their dependence within a cluster;
    so an event that happens again to the same unit widens the interval. Interval: Student's t with G - 1 degrees of
    freedom; with ``positive`` on the log scale, and for a numerator of 0 from 0 to the exact Poisson bound
    -log(alpha / 2) over the denominator. ``n`` counts the clusters.

    Assumes that clusters are independent and that no one of them makes up most of the denominator.

    NotEstimable with fewer than 20 clusters that have a denominator, and where the denominator adds up to 0. Raises
    ValueError for lengths that differ, values that are missing, and denominators below 0.
    """
    check_level(level)
    y, x = (np.asarray(v, dtype=float) for v in (numerator, denominator))
    if y.ndim != 1 or y.shape != x.shape:
        raise ValueError(f"numerator has shape {y.shape}, denominator {x.shape}; expected two arrays of one length")
    if bad := int((~(np.isfinite(y) & np.isfinite(x))).sum()):
        raise ValueError(f"{bad} rows are missing or infinite; expected numbers: leave out what is not known")
    if (x < 0).any():
        raise ValueError(f"{int((x < 0).sum())} denominators are negative; expected times or numbers >= 0")
    y, x = _by_cluster(y, x, cluster)
    used = (x > 0) | (y != 0)
    y, x = y[used], x[used]
    clusters, total = len(y), float(x.sum())
    if clusters < FEWEST_CLUSTERS:
        return NotEstimable(f"{clusters} clusters are too few; a ratio needs {FEWEST_CLUSTERS}")
    if total == 0:
        return NotEstimable("the denominator adds up to 0")
    value = float(y.sum()) / total
    if positive and value == 0:
        return Estimate(0.0, 0.0, -math.log((1 - level) / 2) / total, unit, clusters, n_events, level, 0.0)
    away = (y - value * x) / total
    se = math.sqrt(clusters / (clusters - 1) * float((away**2).sum()))
    half = float(stdtrit(clusters - 1, (1 + level) / 2)) * se
    if positive:
        spread = math.exp(half / value)
        return Estimate(value, value / spread, value * spread, unit, clusters, n_events, level, se)
    return Estimate(value, value - half, value + half, unit, clusters, n_events, level, se)


def difference_of(one: Estimate, other: Estimate) -> Estimate | NotEstimable:
    """Return one estimate minus another that is independent of it, with a normal interval at the level of the first.

    NotEstimable where one has no standard error or one of 0 (nothing happened there). Raises ValueError for units that
    differ.
    """
    if one.unit != other.unit:
        raise ValueError(f"a difference of {one.unit!r} and {other.unit!r}; expected estimates in one unit")
    if not one.se or not other.se:
        return NotEstimable("one of the two has no standard error: nothing happened in its group")
    se = math.hypot(one.se, other.se)
    value, half = one.value - other.value, normal_quantile(one.level) * se
    n_events = None if one.n_events is None or other.n_events is None else one.n_events + other.n_events
    return Estimate(value, value - half, value + half, one.unit, one.n + other.n, n_events, one.level, se)


def weighted_sum(parts: Sequence[tuple[float, Estimate]], level: float = 0.95) -> Estimate:
    """Return the sum of (weight, estimate) over estimates that are independent of each other, with a normal interval.

    The weights are known numbers; an estimate without a standard error counts as known. ``n`` is the sum of theirs.
    Raises ValueError for no parts, or for units that differ.
    """
    if len({e.unit for _, e in parts}) != 1:
        raise ValueError(f"a sum of {sorted({e.unit for _, e in parts})}; expected estimates in one unit")
    value = sum(w * e.value for w, e in parts)
    se = math.hypot(*(w * (e.se or 0.0) for w, e in parts))
    half = normal_quantile(level) * se
    return Estimate(value, value - half, value + half, parts[0][1].unit, sum(e.n for _, e in parts), level=level, se=se)


def _by_cluster(y: Floats, x: Floats, cluster: npt.ArrayLike | None) -> tuple[Floats, Floats]:
    if cluster is None:
        return y, x
    names, place = np.unique(np.asarray(cluster), return_inverse=True)
    if len(place) != len(y):
        raise ValueError(f"cluster has {len(place)} values for {len(y)} rows; expected one for each")
    sums = (np.bincount(place, v, len(names)).astype(float) for v in (y, x))
    return next(sums), next(sums)
