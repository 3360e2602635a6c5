"""A number together with how much each row moves it: from these, errors by row or cluster, and paired differences."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from insights.stats.clustering import read_labels
from insights.stats.inputs import Floats, Ints
from insights.stats.intervals import EDGE, normal_quantile
from insights.stats.results import Estimate, NotEstimable

FEWEST_CLUSTERS = 20


@dataclass(frozen=True)
class Rows:
    """What rows share in every estimate made of them: their clusters (codes; None: every row its own), the level."""

    n: int
    cluster: Ints | None
    level: float

    @property
    def clusters(self) -> int:
        """Number of independent pieces."""
        return self.n if self.cluster is None else int(self.cluster.max(initial=-1)) + 1

    def too_few(self) -> NotEstimable | None:
        """Return the reason why there is no error, if there are fewer than 20 independent pieces."""
        if self.clusters >= FEWEST_CLUSTERS:
            return None
        what = "rows" if self.cluster is None else "clusters"
        return NotEstimable(f"{self.clusters} {what} are too few for an interval; it needs {FEWEST_CLUSTERS}")


@dataclass(frozen=True)
class Influenced:
    """A value and its infinitesimal jackknife: ``influence`` (n) is its derivative by the weight of each row.

    Sums, products and ratios of such numbers carry their influence along (delta method); numbers made from the same
    rows may be subtracted from each other, and the difference then has its paired error.

    Source: Efron (1982), The jackknife, the bootstrap and other resampling plans, ch. 6.
    """

    value: float
    influence: Floats

    def __sub__(self, other: "Influenced") -> "Influenced":
        return Influenced(self.value - other.value, self.influence - other.influence)

    def __truediv__(self, other: "Influenced") -> "Influenced":
        ratio = self.value / other.value
        return Influenced(ratio, (self.influence - ratio * other.influence) / other.value)

    def scaled(self, factor: float, shift: float = 0.0) -> "Influenced":
        """Return factor x value + shift."""
        return Influenced(factor * self.value + shift, factor * self.influence)

    def se(self, rows: Rows) -> float:
        """Return the standard error: influences added up by cluster, squared and summed."""
        moved = self.influence if rows.cluster is None else np.bincount(rows.cluster, self.influence)
        return math.sqrt(float(moved @ moved))

    def estimate(self, rows: Rows, unit: str, n_events: int | None, scale: str = "plain") -> Estimate | NotEstimable:
        """Return the estimate with a normal interval on the scale: "plain", "log" (above 0) or "logit" (within 0, 1).

        At the ends of a log or logit scale the interval is that of the plain one, cut at the end.
        """
        if (refused := rows.too_few()) is not None:
            return refused
        value, se = self.value, self.se(rows)
        half = normal_quantile(rows.level) * se
        if scale == "logit" and EDGE < value < 1 - EDGE:
            middle, half = math.log(value / (1 - value)), half / (value * (1 - value))
            low, high = (1 / (1 + math.exp(-min(max(x, -700.0), 700.0))) for x in (middle - half, middle + half))
        elif scale == "log" and value > EDGE:
            low, high = (value * math.exp(min(x, 700.0)) for x in (-half / value, half / value))
        else:
            low, high = value - half, value + half
            low = low if scale == "plain" else max(low, 0.0)
            high = min(high, 1.0) if scale == "logit" else high
        return Estimate(value, low, high, unit, rows.n, n_events, rows.level, se)


def total(parts: list[Influenced], factors: Floats) -> Influenced:
    """Return the sum of the parts times their factors."""
    influence = np.zeros_like(parts[0].influence)
    for part, factor in zip(parts, factors, strict=True):
        influence += factor * part.influence
    return Influenced(float(sum(f * p.value for f, p in zip(factors, parts, strict=True))), influence)


def cluster_codes(cluster: npt.ArrayLike | None, n: int) -> Ints | None:
    """Return the codes of the clusters; raises ValueError where one is missing or their number differs."""
    if cluster is None:
        return None
    return read_labels(cluster, "cluster", n).codes
