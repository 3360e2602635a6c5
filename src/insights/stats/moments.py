"""Weighted covariances of columns, for the data and for bootstrap replicates by cluster: the stuff of linear paths.

Whatever is a function of covariances (slopes, products of slopes, slopes freed of measurement error) is had for every
replicate at the cost of small matrices. Replicates with the same seed are paired by cluster, also between row sets.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from insights.stats.clustering import read_labels
from insights.stats.design import DesignLike, read_design
from insights.stats.inputs import Floats
from insights.stats.resampling import Kind, Replicates, replicate_weights
from insights.stats.results import NotEstimable

REPLICATES = 999
FEWEST = 50
FEWEST_CLUSTERS = 20
APART = 0.02
"""Smallest eigenvalue of the correlations between regressors that still tells them apart."""


@dataclass(frozen=True)
class Moments:
    """``mean`` (R + 1, p) and ``cov`` (R + 1, p, p), the data first; ``n`` rows in ``clusters`` clusters."""

    names: tuple[str, ...]
    mean: Floats = field(repr=False)
    cov: Floats = field(repr=False)
    n: int
    clusters: int
    seed: str
    kind: Kind

    def slopes(self, outcome: str, on: Sequence[str]) -> Floats:
        """Return the slopes (R + 1, k) of the outcome on all of ``on`` together; nan where these cannot be told apart.

        Raises ValueError for names that are not there.
        """
        at = [self.place(name) for name in on]
        return self.solve(self.cov[:, at][:, :, at], self.cov[:, at, self.place(outcome)])

    def freed(self, of: Sequence[str], controls: Sequence[str]) -> Floats:
        """Return the covariances (R + 1, k, k) of some columns freed of what controls explain of them."""
        at, others = [self.place(n) for n in of], [self.place(n) for n in controls]
        own = self.cov[:, at][:, :, at]
        if not others:
            return own
        cross = self.cov[:, others][:, :, at]
        pull = self.solve(self.cov[:, others][:, :, others], cross)
        return own - np.einsum("rkj,rkm->rjm", cross, pull)

    def solve(self, inner: Floats, cross: Floats) -> Floats:
        """Solve for every replicate; nan where a matrix is not clear of being singular."""
        size = np.sqrt(np.maximum(np.diagonal(inner, axis1=1, axis2=2), 1e-300))
        corr = inner / size[:, :, None] / size[:, None, :]
        with np.errstate(invalid="ignore"):
            positive = np.diagonal(inner, axis1=1, axis2=2) > 0
            sound = np.flatnonzero(np.isfinite(corr).all(axis=(1, 2)) & positive.all(axis=1))
            sound = sound[np.linalg.eigvalsh(corr[sound])[:, 0] > APART]
        found = np.full(cross.shape, np.nan)
        wide = cross[sound] if cross.ndim == 3 else cross[sound][:, :, None]
        if len(sound):
            solved = np.linalg.solve(inner[sound], wide)
            found[sound] = solved if cross.ndim == 3 else solved[:, :, 0]
        return found

    def replicates(self, values: Floats) -> Replicates:
        """Return values (R + 1, m) as replicates that give estimates with intervals."""
        return Replicates(values[0], values[1:], self.seed, self.kind, self.n, self.clusters)

    def place(self, name: str) -> int:
        """Return the place of a column. Raises ValueError for a name that is not there."""
        if name not in self.names:
            raise ValueError(f"no column is called {name!r}; expected one of {', '.join(self.names)}")
        return self.names.index(name)


def moments(
    columns: DesignLike,
    cluster: npt.ArrayLike,
    *,
    errors: Mapping[str, npt.ArrayLike] | None = None,
    weight: npt.ArrayLike | None = None,
    replicates: int = REPLICATES,
    seed: str = "moments",
) -> Moments | NotEstimable:
    """Return the covariances of columns (n, p) under ``weight`` (n,), and those of replicates that reweight clusters.

    ``errors`` holds by column the rows' contributions (n,) to the variance of its measurement error
    (``reliability.error_variance``); their mean is taken out of its variance, in every replicate anew. Clusters get
    exponential weights that follow from their label and the seed alone, so none ever vanishes.

    Assumes independent clusters. NotEstimable below 50 rows or 20 clusters, and for a column without spread.
    Raises ValueError for what does not fit together.
    """
    read = read_design(columns)
    x, n = read.values.astype(float), read.n
    w = np.ones(n) if weight is None else np.asarray(weight, dtype=float)
    if w.shape != (n,) or not np.isfinite(w).all() or (w < 0).any():
        raise ValueError(f"weight has shape {w.shape}; expected ({n},) numbers >= 0")
    way = read_labels(cluster, "cluster", n)
    noise = np.zeros((n, len(read.names)))
    for name, values in (errors or {}).items():
        own = np.asarray(values, dtype=float)
        if name not in read.names or own.shape != (n,) or not np.isfinite(own).all():
            raise ValueError(f"errors of {name} have shape {own.shape}; expected ({n},) numbers for a column given")
        noise[:, read.names.index(name)] = own
    if n < FEWEST or not w.any():
        return NotEstimable(f"{n} rows; {FEWEST} are needed")
    if way.size < FEWEST_CLUSTERS:
        return NotEstimable(f"{way.size} clusters are too few for intervals by cluster: {FEWEST_CLUSTERS} are needed")
    middle = w @ x / w.sum()
    away = x - middle
    flat = np.sqrt(w @ away**2 / w.sum()) <= 1e-12 * np.maximum(np.abs(middle), 1e-300)
    if flat.any():
        return NotEstimable(f"the column {read.names[int(flat.argmax())]!r} is the same in every row")
    p = x.shape[1]
    rows, cols = np.triu_indices(p)
    pieces = np.column_stack([np.ones(n), away, away[:, rows] * away[:, cols], noise]) * w[:, None]
    total = np.zeros((way.size, pieces.shape[1]))
    np.add.at(total, way.codes, pieces)
    drawn = replicate_weights(np.array(way.labels), seed=seed, replicates=range(replicates), kind="exponential")
    sums = np.column_stack([np.ones(way.size), drawn]).T @ total
    sums = sums[:, 1:] / sums[:, :1]
    cov = np.empty((replicates + 1, p, p))
    cov[:, rows, cols] = cov[:, cols, rows] = sums[:, p : p + len(rows)]
    cov -= sums[:, :p, None] * sums[:, None, :p]
    cov[:, np.arange(p), np.arange(p)] -= sums[:, p + len(rows) :]
    return Moments(read.names, middle + sums[:, :p], cov, n, way.size, seed, "exponential")
