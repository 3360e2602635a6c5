"""Errors of several effects together: covariance by cluster, degrees of freedom, and a band for all at once."""

from dataclasses import dataclass

import numpy as np

from insights.stats.inputs import Floats, Ints

DRAWS = 10_000


@dataclass(frozen=True)
class Clusters:
    """Which units move together.

    ``code`` (n,) from 0, or None where units are independent; ``arm`` (C,) the cohort that all units of a cluster
    belong to, or -1 for all clusters as soon as one has units of several cohorts. ``n`` counts the units.
    """

    n: int
    code: Ints | None
    arm: Ints

    @property
    def count(self) -> int:
        """The number of clusters (units where there are none)."""
        return len(self.arm)


def make_clusters(code: Ints | None, cohort: Ints) -> Clusters:
    """Return the clusters of units whose cohorts have these codes (n,)."""
    if code is None:
        return Clusters(len(cohort), None, cohort)
    count = int(code.max()) + 1 if len(code) else 0
    low, high = np.full(count, np.iinfo(np.int64).max), np.full(count, -1)
    np.minimum.at(low, code, cohort)
    np.maximum.at(high, code, cohort)
    return Clusters(len(cohort), code, high if (low == high).all() else np.full(count, -1))


def sum_clusters(influence: Floats, clusters: Clusters) -> Floats:
    """Return the influence functions (n, k) added up by cluster (C, k)."""
    if clusters.code is None:
        return influence
    total = np.zeros((clusters.count, influence.shape[1]))
    np.add.at(total, clusters.code, influence)
    return total


def covariance(influence: Floats, clusters: Clusters) -> Floats:
    """Return the covariance (k, k) of effects from their influence functions by cluster (C, k).

    Where clusters are named, those of each arm have their own mean, so that C/(C - 1) of the arm makes their variance
    unbiased (for clusters of one size); for independent units the correction is left out, as the field does.
    """
    scaled = influence if clusters.code is None else influence * np.sqrt(_correction(clusters))[:, None]
    return np.asarray(scaled.T @ scaled / clusters.n**2)


def degrees_of_freedom(influence: Floats, clusters: Clusters) -> Floats:
    """Return Satterthwaite's degrees of freedom (k,); infinite for independent units.

    Welch (1947): each arm's variance has one degree of freedom less than it has clusters.
    """
    k = influence.shape[1]
    if clusters.code is None:
        return np.full(k, np.inf)
    square = influence**2 * _correction(clusters)[:, None]
    total, spread = np.zeros(k), np.zeros(k)
    for arm in np.unique(clusters.arm):
        within = clusters.arm == arm
        part = square[within].sum(axis=0)
        total += part
        spread += part**2 / max(int(within.sum()) - 1, 1)
    return np.divide(total**2, spread, out=np.full(k, float(max(clusters.count - 1, 1))), where=spread > 0)


def pointwise(df: Floats, level: float) -> Floats:
    """Return the quantile (k,) of the two-sided interval of one effect."""
    from scipy.special import ndtri, stdtrit  # half a second that those who only draw curves need not wait

    tail = (1 + level) / 2
    return np.where(np.isfinite(df), stdtrit(np.where(np.isfinite(df), df, 1.0), tail), ndtri(tail))


def simultaneous(cov: Floats, df: Floats, level: float, seed: int, draws: int = DRAWS) -> float:
    """Return c such that all intervals value -+ c se cover together with probability ``level``.

    It is the multiplier bootstrap of the largest |t|. With standard normal multipliers the bootstrap's law given the
    data is exactly normal with the estimated covariance, so that it is drawn from that and never touches the units.
    With few clusters the draws are divided by a chi of the fewest degrees of freedom (multivariate t).

    Source: Callaway & Sant'Anna (2021), algorithm 1; Montiel Olea & Plagborg-Møller (2019), sup-t bands.
    """
    se = np.sqrt(np.diag(cov))
    some = se > 0
    if not some.any():
        return float("nan")
    correlation = cov[np.ix_(some, some)] / np.outer(se[some], se[some])
    values, vectors = np.linalg.eigh(correlation)
    # The symmetric root: unlike the eigenvectors it does not turn over when rows come in another order.
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    rng = np.random.default_rng(seed)
    largest = np.abs(rng.standard_normal((draws, len(values))) @ root).max(axis=1)
    fewest = float(df[some].min())
    if np.isfinite(fewest):
        largest /= np.sqrt(rng.chisquare(fewest, draws) / fewest)
    return max(float(np.quantile(largest, level)), float(pointwise(df[some], level).max()))


def _correction(clusters: Clusters) -> Floats:
    size = np.ones(clusters.count)
    for arm in np.unique(clusters.arm):
        within = clusters.arm == arm
        # An arm of one cluster has no variance of its own; the effects that rest on it are refused elsewhere.
        c = int(within.sum()) if within.sum() > 1 else max(clusters.count, 2)
        size[within] = c / (c - 1)
    return size
