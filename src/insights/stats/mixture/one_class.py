"""Whether there is more than one class: against a single class of any shape with one peak."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from insights.stats.inputs import Floats, Ints
from insights.stats.mixture.model import fit_mixture
from insights.stats.mixture.rows import MixtureRows, Scale
from insights.stats.results import TestResult

SOURCE = (
    "McLachlan (1987): the likelihood ratio by parametric bootstrap; one peak: Grenander (1956), Hartigan & Hartigan "
    "(1985); early stop: Besag & Clifford (1991)"
)
NULL = "there is one class: each number has one peak, of any shape"
MOST_UNITS = 1_500
STEPS = 15
ENOUGH = 5
"""When so many made-up samples have done as well as the real one the answer is known."""
PEAKS = 25
"""So many places are tried for the peak."""


def one_class_test(rows: MixtureRows, classes: int, *, seed: int = 0, replicates: int = 119) -> TestResult:
    """Test that one class is enough, by the gain in log-likelihood of ``classes`` over one.

    Under the null the density of each number rises to one peak and falls from it, in whatever shape follows the data
    best (``fit_peak``), and a Gaussian copula joins the numbers and what lies behind the ordered answers.
    Samples of as many units are made from it, rounded and clipped like the real ones, and both models are fitted to
    each by the same steps of EM from the same start. p = (1 + number that gain as much) / (1 + samples); after
    ``ENOUGH`` of them the drawing stops. Above 1,500 units an even sample of them is tested: that costs power, never
    validity.

    A single normal class as null would be rejected for any skewness; this one is not. Classes that show no peaks of
    their own in any number are not told from one class.
    """
    if rows.n > MOST_UNITS:
        rows = rows.take(np.linspace(0, rows.n - 1, MOST_UNITS).astype(np.int64))
    null = _Null.of(rows)
    rng = np.random.default_rng([seed, 7_041])
    real = _gain(rows, classes)
    above = made = 0
    for _ in range(replicates):
        above += _gain(null.draw(rng), classes) >= real
        made += 1
        if above >= ENOUGH:
            break
    p = above / made if above >= ENOUGH else (1 + above) / (1 + made)
    return TestResult("one class", NULL, statistic=2 * real, p_value=p)


def _gain(rows: MixtureRows, classes: int) -> float:
    """Return the gain after a few steps from one start: any statistic serves that is made alike for all samples."""
    return fit_mixture(rows, classes, starts=1, steps=STEPS).loglik - fit_mixture(rows, 1).loglik


@dataclass(frozen=True)
class _Margin:
    """One number under the null: its ``points`` and their distribution function ``below``, and what is clipped off."""

    points: Floats
    below: Floats
    low: float
    high: float
    cut: tuple[float, float]
    step: float

    @classmethod
    def of(cls, x: Floats, scale: Scale) -> "_Margin":
        low, high = ((bound - scale.middle) / scale.spread for bound in (scale.low, scale.high))
        inside = x[(x > low + 1e-9) & (x < high - 1e-9)]
        step = scale.unit / scale.spread
        cut = float((x <= low + 1e-9).mean()), float((x >= high - 1e-9).mean())
        return cls(*fit_peak(inside, step), low, high, cut, step)

    def at(self, u: Floats) -> Floats:
        """Return the numbers at these shares (n) of the distribution, rounded and clipped like the real ones."""
        inner = np.clip((u - self.cut[0]) / (1 - sum(self.cut)), 0.0, 1.0)
        x = np.interp(inner, self.below, self.points)
        if self.step:
            first = self.points[0] + self.step / 2
            x = np.maximum(np.round((x - first) / self.step), 0) * self.step + first
        return np.where(u < self.cut[0], self.low, np.where(u > 1 - self.cut[1], self.high, x))


@dataclass(frozen=True)
class _Null:
    """One class: ``margins`` (p) of the numbers, and ``root`` of the correlation of everything that lies behind."""

    rows: MixtureRows
    margins: tuple[_Margin, ...]
    root: Floats

    @classmethod
    def of(cls, rows: MixtureRows) -> "_Null":
        margins = tuple(_Margin.of(rows.x[:, k], scale) for k, scale in enumerate(rows.scales))
        behind = [_normal_scores(rows.x[:, k]) for k in range(len(margins))]
        # cov(z, score) is the correlation with what lies behind an answer times the variance of its score.
        every = np.stack([*behind, *rows.scored.T], axis=1)
        every = every - every.mean(axis=0)
        covariance = every.T @ every / len(every)
        size = np.diag(covariance).copy()
        size[: len(margins)] = np.sqrt(size[: len(margins)])
        correlation = np.clip(covariance / np.outer(size, size), -0.98, 0.98)
        np.fill_diagonal(correlation, 1.0)
        values, vectors = np.linalg.eigh(correlation)
        root = vectors * np.sqrt(np.maximum(values, 1e-6))
        return cls(rows, margins, root / np.sqrt((root**2).sum(axis=1))[:, None])

    def draw(self, rng: np.random.Generator) -> MixtureRows:
        """Return as many units as the rows have."""
        rows, p = self.rows, len(self.margins)
        z = rng.standard_normal((rows.n, len(self.root))) @ self.root.T
        x = np.stack([margin.at(ndtr(z[:, k])) for k, margin in enumerate(self.margins)], axis=1) if p else rows.x
        codes = [np.searchsorted(cuts, z[:, p + j]) for j, cuts in enumerate(rows.cuts)]
        drawn = np.stack(codes, axis=1).astype(np.int64) if codes else rows.codes
        return MixtureRows(x, drawn, rows.names, rows.scales, rows.answers, rows.levels, rows.cuts, rows.scores)


def _normal_scores(x: Floats) -> Floats:
    """Return the normal scores of the ranks of numbers (n); equal numbers share theirs."""
    _, place, count = np.unique(x, return_inverse=True, return_counts=True)
    middle = (np.cumsum(count) - count / 2) / len(x)
    return np.asarray(ndtri(middle)[place])


def fit_peak(x: Floats, unit: float = 0.0) -> tuple[Floats, Floats]:
    """Return the points (m, rising) and the distribution function at them (m) of one peak that follows the numbers.

    Left of the peak it is the greatest convex function below the empirical one, right of it the smallest concave one
    above it (Grenander): density rises to the peak and falls from it, and is otherwise free. The peak stands where the
    two are nearest to the numbers (as in the dip of Hartigan & Hartigan). ``unit``: what numbers are rounded to.
    """
    values, count = np.unique(x, return_counts=True)
    share = np.cumsum(count) / count.sum()
    # What is rounded lies evenly about its value; what is not begins a little below the first.
    edge = values + unit / 2 if unit else values
    first = values[0] - (unit / 2 if unit else (values[-1] - values[0]) / len(x))
    points, below = np.concatenate([[first], edge]), np.concatenate([[0.0], share])
    best: tuple[float, Floats, Floats] | None = None
    for at in np.unique(np.searchsorted(below, np.arange(1, PEAKS) / PEAKS)):
        left, right = _hull(points[: at + 1], below[: at + 1], 1), _hull(points[at:], below[at:], -1)
        knots = np.concatenate([left, right[1:] + at]) if len(right) > 1 else left
        away = float(np.abs(np.interp(points, points[knots], below[knots]) - below).max())
        if best is None or away < best[0]:
            best = away, points[knots], below[knots]
    assert best is not None
    return best[1], best[2]


def _hull(x: Floats, y: Floats, bend: int) -> Ints:
    """Return the places of the corners of the convex (bend 1) or concave (-1) function along the points."""
    kept: list[int] = []
    for k in range(len(x)):
        while len(kept) > 1:
            a, b = kept[-2], kept[-1]
            turn = (x[b] - x[a]) * (y[k] - y[a]) - (y[b] - y[a]) * (x[k] - x[a])
            if bend * turn > 0:
                break
            kept.pop()
        kept.append(k)
    return np.array(kept, dtype=np.int64)
