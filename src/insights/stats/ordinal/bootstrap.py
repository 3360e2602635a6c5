"""The score wild-cluster bootstrap for ordered regressions: tests and intervals that hold with few clusters."""

from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.centred import centre
from insights.stats.clustering import Way
from insights.stats.inputs import Floats
from insights.stats.ordinal.model import OrderedFit, row_terms, without_thresholds
from insights.stats.ordinal.newton import CumulativeData, Link, derivatives, maximise, sort_rows
from insights.stats.ordinal.rows import OrderedRows
from insights.stats.resampling import replicate_weights
from insights.stats.results import Estimate, NotEstimable, Result, TestResult

SOURCE = "Kline & Santos (2012), A score based approach to wild bootstrap inference; Rotnitzky & Jewell (1990)"
DRAWS = 1999
ALL_SIGNS = 12
"""Up to so many clusters every choice of signs is made instead of some at random."""
STEPS = 60
WIDEST = 64.0
"""An end that lies further than so many standard errors from the estimate is taken as infinite."""


@dataclass(frozen=True, eq=False)
class WildScores(Result):
    """``table``: name, estimate, statistic (score chi-squared at 0), p, low, high (log odds; infinite if not bounded).

    ``clusters`` many clusters; ``draws`` sign vectors behind every p-value.
    """

    clusters: int = 0
    draws: int = 0
    n: int = 0
    level: float = 0.95
    unit: str = "log odds"
    signs: Floats = field(default_factory=lambda: np.zeros((0, 0)), repr=False)

    def coefficient(self, name: str) -> Estimate:
        """Return one coefficient with its interval. Raises ValueError for a name that is not in the table."""
        found = self.table[self.table["name"] == name]
        if found.empty:
            raise ValueError(f"no coefficient is called {name!r}; expected one of {', '.join(self.table['name'])}")
        row = found.iloc[0]
        return Estimate(
            float(row["estimate"]), float(row["low"]), float(row["high"]), self.unit, self.n, None, self.level
        )


def score_bootstrap(
    fit: OrderedFit, *, draws: int = DRAWS, seed: str = "score bootstrap", intervals: bool = True
) -> WildScores | NotEstimable:
    """Test every coefficient of a clustered fit by the signs of what each cluster adds to its score.

    The model is fitted again with the coefficient held at the value tested. What then remains of the score of that
    coefficient, freed of the others, is a sum over clusters; under the null each cluster's part is as likely negative.
    The p-value is the share of sign choices (all of them up to 12 clusters, otherwise ``draws`` at random) whose sum is
    at least as far from 0. The interval holds the values that are not rejected. No covariance is involved, and nothing
    relies on there being many clusters.

    Assumes independent clusters and the model's mean; a cluster far larger than all others breaks the symmetry.
    NotEstimable without clusters, or where the clusters are so few that no p-value could be below 1 - level.
    """
    if fit.rows is None or fit.rows.ways is None:
        return NotEstimable("the fit does not carry clusters; give ordered_regression a cluster")
    way = fit.rows.ways[0]
    if 2.0 ** (1 - way.size) > 1 - fit.level:
        return NotEstimable(
            f"{way.size} {way.name}s: with so few, no test could reach {1 - fit.level:.0%}, whatever the answers are"
        )
    signs = cluster_signs(way, draws, seed)
    work = _Work.of(fit.rows, fit.link)
    lines = []
    for j, name in enumerate(fit.names):
        estimate, se = float(fit.table["estimate"].iloc[j]), float(fit.table["se"].iloc[j])
        if not np.isfinite(se) or se <= 0:
            se = float(1 / np.sqrt(work.information_of(j)))
        parts = work.effective_scores(j, 0.0)
        low, high = -np.inf, np.inf
        if intervals:
            low, high = (_end(work, j, estimate, side * se, signs, 1 - fit.level) for side in (-1, 1))
        lines.append((name, estimate, _chi2(parts), _p(parts, signs), low, high))
    table = pd.DataFrame(lines, columns=["name", "estimate", "statistic", "p", "low", "high"])
    null = "every cluster adds as much to the score with either sign"
    check = TestResult("largest cluster", null, float(np.bincount(way.codes, fit.rows.weight).max() / len(way.codes)))
    return WildScores(
        table,
        (*fit.checks, check),
        SOURCE,
        clusters=way.size,
        draws=signs.shape[1],
        n=fit.n,
        level=fit.level,
        unit=fit.unit,
        signs=signs,
    )


def cluster_signs(way: Way, draws: int, seed: str) -> Floats:
    """Return sign vectors (G, D): every one up to 12 clusters, otherwise random ones that follow from the labels."""
    if way.size <= ALL_SIGNS:
        return np.array(list(product((1.0, -1.0), repeat=way.size))).T
    return replicate_weights(np.array(way.labels), seed=seed, replicates=range(draws), kind="rademacher")


def wild_p(parts: Floats, signs: Floats) -> tuple[float, float]:
    """Return the generalised score statistic of cluster parts (G, m) and its p-value under the signs (G, D).

    With signs of one size the variance of the sum, the sum of outer products, is the same in every draw.
    """
    inner = parts.T @ parts
    root = np.linalg.cholesky(inner)
    sums = np.linalg.solve(root, np.column_stack([parts.sum(axis=0), parts.T @ signs]))
    sizes = (sums**2).sum(axis=0)
    return float(sizes[0]), _share(sizes[1:] >= sizes[0] * (1 - 1e-9), len(parts))


def _p(parts: Floats, signs: Floats) -> float:
    own = abs(float(parts.sum()))
    return _share(np.abs(parts @ signs) >= own * (1 - 1e-9), len(parts))


def _share(as_far: npt.NDArray[np.bool_], clusters: int) -> float:
    """Return the p-value; the sums as they are count as one of the draws, and are one where all signs are made."""
    own = int(clusters > ALL_SIGNS)
    return float((as_far.sum() + own) / (len(as_far) + own))


def _chi2(parts: Floats) -> float:
    return float(parts.sum() ** 2 / (parts @ parts))


def _end(work: "_Work", j: int, estimate: float, step: float, signs: Floats, size: float) -> float:
    """Return the end of the interval on one side: where the p-value crosses the size, by bisection on its logarithm."""
    inside, reach = 0.0, 1.0
    while _p(work.effective_scores(j, estimate + reach * step), signs) > size:
        inside, reach = reach, reach * 1.5
        if reach > WIDEST:
            return float(np.copysign(np.inf, step))
    outside = reach
    for _ in range(9):
        middle = (inside + outside) / 2
        rejected = _p(work.effective_scores(j, estimate + middle * step), signs) <= size
        inside, outside = (inside, middle) if rejected else (middle, outside)
    return estimate + outside * step


@dataclass(frozen=True)
class _Work:
    """The rows centred and scaled, sorted for the likelihood, with the unrestricted parameters to start from."""

    rows: OrderedRows
    data: CumulativeData
    spread: Floats
    start: Floats
    link: Link

    @classmethod
    def of(cls, rows: OrderedRows, link: Link) -> "_Work":
        centred = centre(rows.x, rows.weight)
        scaled = replace(rows, x=centred.values / centred.sd)
        data, _ = sort_rows(rows.category, scaled.x, np.zeros((len(rows.x), 0)), rows.weight, len(rows.labels))
        return cls(scaled, data, centred.sd, maximise(data, link).parameters, link)

    def effective_scores(self, j: int, value: float) -> Floats:
        """Return by cluster (G,) the score of coefficient j held at the value, freed of all other parameters."""
        at = self.data.cuts + j
        parameters = restricted(self.data, self.start, at, value * float(self.spread[j]), self.link)
        scores, terms = row_terms(self.rows, parameters, self.link)
        information = sum((v * w[:, None]).T @ v for v, w in terms)
        assert isinstance(information, np.ndarray)
        others = np.arange(len(parameters)) != at
        pull = np.linalg.solve(information[np.ix_(others, others)], information[others, at])
        assert self.rows.ways is not None
        own = scores[:, at] - scores[:, others] @ pull
        return np.bincount(self.rows.ways[0].codes, own, minlength=self.rows.ways[0].size).astype(float)

    def information_of(self, j: int) -> float:
        """Return the information on coefficient j alone, on the scale of its column."""
        information = without_thresholds(derivatives(self.data, self.start, self.link)[2], self.data.cuts)
        return float(1 / np.linalg.inv(information)[j, j] * self.spread[j] ** 2)


def restricted(data: CumulativeData, start: Floats, at: int, value: float, link: Link) -> Floats:
    """Return the maximum with one parameter held at a value; a concave likelihood stays so on the plane."""
    now = start.copy()
    now[at] = value
    free = np.arange(len(now)) != at
    loglik, slope, information = derivatives(data, now, link)
    for _ in range(STEPS):
        step = np.zeros(len(now))
        step[free] = np.linalg.solve(information[np.ix_(free, free)], slope[free])
        gain, size = float(slope @ step), 1.0
        if gain < 1e-13 * max(1.0, abs(loglik)):
            break
        found = derivatives(data, now + step, link)
        while found[0] < loglik - 1e-12 * abs(loglik) and size > 1e-8:
            size /= 2
            found = derivatives(data, now + size * step, link)
        now = now + size * step
        loglik, slope, information = found
    return now
