"""Regression of amounts that grow in proportion to a size: means in money, weights that no giant decides."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from insights.stats.inputs import Floats, Ints
from insights.stats.results import NotEstimable

SOURCE = "Wedderburn (1974) for variance in proportion to the mean; Huber (1967), White (1980), by cluster"
FEWEST_CLUSTERS = 20
FEWEST_ROWS = 200
CAP = 0.99
NORMAL_95 = 1.959964
NEARLY = 1e-3
"""Columns that differ by less than this part of themselves, taken together, count as dependent."""


@dataclass(frozen=True)
class ScaledFit:
    """``coefficients`` (p); ``influence`` (clusters, p): what each cluster adds to their error; ``labels`` of these.

    ``n`` rows; ``noise`` is what residuals amount to relative to the size, of rows no larger than the cap: the standard
    deviation of a normal law that has as many of them within its 95 % range. (A few wild ones would decide the usual
    one, and nearly all rows would lie well inside of a range made of it.)
    """

    coefficients: Floats
    influence: Floats = field(repr=False)
    labels: Ints = field(repr=False)
    n: int
    noise: float

    def drawn(self, lots: Floats) -> Floats:
        """Return draws of the coefficients (p, draws); ``lots`` (clusters, draws) are standard normal."""
        g = len(self.labels)
        spread = self.influence.T @ (lots - lots.mean(axis=0))
        return np.asarray(self.coefficients[:, None] + np.sqrt(g / (g - 1)) * spread)


def scaled_regression(
    outcome: npt.ArrayLike, columns: npt.ArrayLike, size: npt.ArrayLike, cluster: npt.ArrayLike, *, cap: float = CAP
) -> ScaledFit | NotEstimable:
    """Regress amounts (n) on columns that are amounts themselves (n, p), without a constant, weighted by 1 / size.

    ``size`` (n, positive) is what an amount is measured by; ``cluster`` (n, integers) what depends on each other. With
    these weights the fitted amounts add up to those observed wherever a column is in proportion to the size (variance
    in proportion to the mean). Rows larger than the quantile ``cap`` of size get the weight of a variance that grows
    with the square: otherwise one of them could decide a coefficient. The lower it is, the less do the errors of large
    rows weigh, and the more rests on the mean being linear among them.

    Assumes that the mean is linear in the columns, and clusters independent. NotEstimable below 200 rows or 20
    clusters. Columns that say nothing of their own (all zero, or dependent but for rounding: see ``NEARLY``) get the
    coefficients of least length: huge ones that cancel would be nonsense for a row in which they do not. Raises
    ValueError for shapes that differ, missing values and sizes that are not positive.
    """
    y, x, s = (np.asarray(v, dtype=float) for v in (outcome, columns, size))
    group = np.asarray(cluster)
    if y.ndim != 1 or x.ndim != 2 or not len(y) == len(x) == len(s) == len(group):
        raise ValueError(
            f"outcome {y.shape}, columns {x.shape}, size {s.shape}, cluster {group.shape}; expected n each"
        )
    if not (np.isfinite(y).all() and np.isfinite(x).all() and (s > 0).all() and np.isfinite(s).all()):
        raise ValueError("some values are missing or infinite, or sizes not positive; leave out what is not known")
    labels, place = np.unique(group, return_inverse=True)
    if len(y) < FEWEST_ROWS or len(labels) < FEWEST_CLUSTERS:
        return NotEstimable(
            f"{len(y)} rows in {len(labels)} clusters are too few: {FEWEST_ROWS} in {FEWEST_CLUSTERS} are needed"
        )
    weight = np.minimum(1.0, float(np.quantile(s, cap)) / s) / s
    scale = np.sqrt(np.einsum("ij,ij,i->j", x, x, weight))
    scale[scale == 0] = 1.0
    z = x / scale
    inner = np.linalg.pinv(z.T @ (z * weight[:, None]), rcond=NEARLY**2, hermitian=True)
    beta = inner @ (z.T @ (weight * y))
    rest = y - z @ beta
    scores = np.zeros((len(labels), x.shape[1]))
    np.add.at(scores, place, z * (weight * rest)[:, None])
    usual = s <= float(np.quantile(s, CAP))
    noise = float(np.quantile(np.abs(rest[usual] / s[usual]), 0.95)) / NORMAL_95
    return ScaledFit(beta / scale, scores @ inner / scale, labels, len(y), noise)
