"""Covariances that allow for rows that belong together: one-way, two-way, and with few clusters.

Everything is computed from what a cluster adds to the score and to the information of a model, so that the same code
serves every likelihood, and its cost does not depend on the size of the clusters.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import Floats, Ints
from insights.stats.results import TestResult

ClusterLike = npt.ArrayLike | Mapping[str, npt.ArrayLike] | pd.DataFrame
"""Labels of length n, or one or two named arrays of labels."""

FEWEST_CLUSTERS = 20
"""Below this number of clusters an interval without small-sample correction is refused."""

MOST_CORRECTED = 400
"""Above this number of clusters the correction of each one is negligible, and its memory is not."""


@dataclass(frozen=True)
class Way:
    """One clustering: codes (n) from 0 and the label of each code."""

    name: str
    codes: Ints
    labels: tuple[str, ...]

    @property
    def size(self) -> int:
        """Number of clusters."""
        return len(self.labels)

    def take(self, rows: Ints) -> "Way":
        """Return the clustering of some rows, with all its codes."""
        return Way(self.name, self.codes[rows], self.labels)

    def used(self, rows: npt.NDArray[np.bool_]) -> "Way":
        """Return the clustering without the clusters that none of the rows is in; the other rows get code 0."""
        seen = np.bincount(self.codes[rows], minlength=self.size) > 0
        codes = np.where(rows, (np.cumsum(seen) - 1)[self.codes], 0)
        return Way(self.name, codes, tuple(np.array(self.labels, dtype=object)[seen]))


@dataclass(frozen=True)
class Clustered:
    """A clustered covariance (k, k) with degrees of freedom (k).

    ``influence`` (G, k) is by cluster of the first way; ``no_interval`` is empty where there is an interval.
    """

    covariance: Floats
    df: Floats
    influence: Floats
    no_interval: str
    checks: tuple[TestResult, ...]


def read_clusters(cluster: ClusterLike, n: int) -> tuple[Way, ...]:
    """Return one or two clusterings. Raises ValueError for more, wrong lengths and missing labels."""
    named: Mapping[str, npt.ArrayLike]
    if isinstance(cluster, pd.DataFrame):
        named = {str(c): cluster[c] for c in cluster.columns}
    else:
        named = cluster if isinstance(cluster, Mapping) else {"cluster": cluster}
    if not 1 <= len(named) <= 2:
        raise ValueError(f"{len(named)} clusterings were given; expected one or two")
    return tuple(read_labels(labels, name, n) for name, labels in named.items())


def read_labels(labels: npt.ArrayLike, name: str, n: int) -> Way:
    """Return labels (n) as codes, in the order of the labels. Raises ValueError for a wrong length or missing ones."""
    array = labels if isinstance(labels, (pd.Series, pd.Categorical)) else np.asarray(labels)
    if array.ndim != 1 or len(array) != n:
        raise ValueError(f"{name} has shape {array.shape}; expected ({n},)")
    codes, found = pd.factorize(array, sort=False)
    if (codes < 0).any():
        raise ValueError(f"{int((codes < 0).sum())} values of {name} are missing; expected a label for every row")
    order = np.argsort(np.asarray(found), kind="stable") if _sortable(found) else np.argsort([str(x) for x in found])
    place = np.empty(len(found), dtype=np.int64)
    place[order] = np.arange(len(found))
    return Way(name, place[codes], tuple(str(found[k]) for k in order))


def cluster_covariance(
    bread: Floats,
    ways: tuple[Way, ...],
    scores: Callable[[Way], Floats],
    informations: Callable[[Way], Floats],
    contrasts: Floats,
    *,
    small_sample: bool,
) -> Clustered:
    """Return the covariance of ``contrasts`` (k, q) times the parameters (q) under one or two clusterings.

    Parameters, for G clusters
    --------------------------
    bread : inverse information of the model (q, q).
    scores : function of a clustering that returns each cluster's sum of scores (G, q).
    informations : function that returns each cluster's part of the information (G, q, q), which add up to it.
    small_sample : with it, scores are corrected for the pull that each cluster has on the fit (bias-reduced
        linearisation, "CR2") and the degrees of freedom are Satterthwaite's; above 400 clusters the factor G / (G - 1)
        and G - 1 degrees of freedom stand for that. Without it, plain sums of outer products and normal intervals, and
        none with fewer than 20 clusters.

    Two ways: the sum of both covariances minus that of the pairs; negative eigenvalues are cut to zero and reported.
    The degrees of freedom are the smaller ones. Assumes that clusters (of either way) are independent of each other.

    Source: Liang & Zeger (1986); Bell & McCaffrey (2002); Pustejovsky & Tipton (2018), of which the matrix square root
    is taken here in the space of the parameters; two ways: Cameron, Gelbach & Miller (2011).
    """
    fewest = min(ways, key=lambda way: way.size)
    parts = [_one_way(bread, way, scores, informations, contrasts, small_sample) for way in ways]
    covariance, df = parts[0][0], parts[0][1]
    checks: list[TestResult] = []
    if len(ways) == 2:
        pairs = _pairs(*ways)
        both = _one_way(bread, pairs, scores, informations, contrasts, small_sample)
        covariance, df = covariance + parts[1][0] - both[0], np.minimum(df, parts[1][1])
        covariance, cut = _nearest_valid(covariance)
        null = "the two-way covariance has no negative variance"
        reason = f"{cut} negative eigenvalues were cut to zero" if cut else ""
        checks.append(TestResult("two-way covariance", null, statistic=float(cut), reason=reason))
    no_interval = ""
    if fewest.size < 2:
        no_interval = f"there is a single {fewest.name}: nothing tells how much clusters differ"
    elif fewest.size < FEWEST_CLUSTERS and not small_sample:
        no_interval = (
            f"{fewest.size} clusters ({fewest.name}) are too few for a clustered interval without small-sample "
            f"correction: {FEWEST_CLUSTERS} are needed"
        )
    null = f"there are at least {FEWEST_CLUSTERS} clusters, or a small-sample correction"
    checks.insert(0, TestResult("number of clusters", null, statistic=float(fewest.size), reason=no_interval))
    return Clustered(covariance, df, parts[0][2], no_interval, tuple(checks))


def _one_way(
    bread: Floats,
    way: Way,
    scores: Callable[[Way], Floats],
    informations: Callable[[Way], Floats],
    contrasts: Floats,
    small_sample: bool,
) -> tuple[Floats, Floats, Floats]:
    """Return covariance (k, k), degrees of freedom (k) and influence (G, k) of one clustering."""
    score, g = scores(way), way.size
    if not small_sample or g > MOST_CORRECTED or g < 2:
        influence = score @ bread @ contrasts.T
        factor = g / (g - 1) if small_sample and g > 1 else 1.0
        df = np.full(len(contrasts), g - 1.0 if small_sample else np.inf)
        return factor * influence.T @ influence, df, -influence
    root = _root(bread)  # bread = root @ root.T
    share = root.T @ informations(way) @ root  # (G, q, q), of the whole information, which is 1 here
    values, vectors = np.linalg.eigh((share + share.transpose(0, 2, 1)) / 2)
    values = np.clip(values, 0.0, 1.0)
    # A cluster that alone carries a direction (value 1) leaves no residual in it.
    left = np.where(values < 1 - 1e-8, 1 - values, np.inf)
    along = np.einsum("gab,gb->ga", vectors.transpose(0, 2, 1), score @ root)
    aim = np.einsum("ka,gab->gkb", contrasts @ root, vectors)
    adjusted = np.einsum("gkb,gb->gk", aim, along / np.sqrt(left))
    influence = -np.einsum("gkb,gb->gk", aim, along / left)
    own = np.einsum("gkb,gb->gk", aim**2, values / left)
    reach = np.einsum("gab,gkb->gka", vectors, aim * (values / np.sqrt(left))[:, None, :])
    return adjusted.T @ adjusted, _satterthwaite(own, reach), influence


def _satterthwaite(own: Floats, reach: Floats) -> Floats:
    """Return the degrees of freedom by contrast under independent rows; ``own`` (G, k), ``reach`` (G, k, q).

    The matrix of which the corrected variance is a quadratic form is diag(own) - reach @ reach.T: never made, as its
    trace and that of its square need only sums of shape (q, q).
    """
    found = np.zeros(own.shape[1])
    for k in range(own.shape[1]):
        a, r = own[:, k], reach[:, k]
        length = np.einsum("ga,ga->g", r, r)
        inner = r.T @ r
        trace, square = a.sum() - length.sum(), np.sum(a**2) - 2 * np.sum(a * length) + np.sum(inner**2)
        found[k] = trace**2 / square if square > 0 and trace > 0 else 1.0
    return np.maximum(found, 1.0)


def _pairs(one: Way, other: Way) -> Way:
    codes, found = pd.factorize(one.codes * other.size + other.codes)
    return Way(f"{one.name} and {other.name}", codes.astype(np.int64), tuple(str(k) for k in found))


def _nearest_valid(covariance: Floats) -> tuple[Floats, int]:
    """Cut negative eigenvalues, in units of the standard errors so that the scale of a column does not matter."""
    size = np.sqrt(np.maximum(np.abs(np.diag(covariance)), 1e-300))
    values, vectors = np.linalg.eigh(covariance / np.outer(size, size))
    low = values < -1e-10
    if not low.any():
        return covariance, 0
    kept = (vectors * np.maximum(values, 0.0)) @ vectors.T
    return kept * np.outer(size, size), int(low.sum())


def _root(matrix: Floats) -> Floats:
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def _sortable(found: object) -> bool:
    try:
        np.sort(np.asarray(found))
    except TypeError:
        return False
    return True
