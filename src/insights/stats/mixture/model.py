"""Mixture of classes in numbers and ordered answers, by maximum likelihood."""

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import logsumexp

from insights.stats.inputs import Floats, Ints
from insights.stats.mixture.ordered import fit_places, level_chances
from insights.stats.mixture.rows import MISSING, MixtureRows

SOURCE = (
    "McLachlan & Peel (2000); numbers beside ordered answers: the location model, Olkin & Tate (1961), Everitt (1988)"
)
SHORT, LONG = 8, 400
"""Steps of EM from each start, and at most from the best of them."""
CLOSE = 1e-6
"""EM stops when a step adds less than this to the log-likelihood of a unit."""


@dataclass(frozen=True)
class Mixture:
    """K classes: ``share`` (K), ``mean`` (K, p) and ``covariance`` (K, p, p) of the numbers on their common scale.

    The mean moves with the scores of the ordered answers by ``slope`` (p, m), the same in all classes. Of each ordered
    answer ``cuts`` (levels - 1) and the ``place`` (K) of the classes. ``scores`` are those of the rows it was
    fitted to. ``loglik`` over ``n`` units (the sum of their weights), with ``parameters`` estimated.
    """

    share: Floats
    mean: Floats
    slope: Floats
    covariance: Floats
    cuts: tuple[Floats, ...]
    place: tuple[Floats, ...]
    scores: tuple[Floats, ...]
    loglik: float
    n: float
    entropy: float = field(default=0.0)

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.share)

    @property
    def parameters(self) -> int:
        """Number of parameters."""
        k, p = self.mean.shape
        ordered = sum(len(c) + k - 1 for c in self.cuts)
        return k - 1 + k * p + k * p * (p + 1) // 2 + self.slope.size + ordered

    @property
    def bic(self) -> float:
        """Bayesian information criterion, smaller is better (Schwarz 1978)."""
        return -2 * self.loglik + self.parameters * float(np.log(self.n))

    @property
    def icl(self) -> float:
        """BIC plus twice the entropy of the memberships: classes that overlap count less (Biernacki et al. 2000)."""
        return self.bic + 2 * self.entropy

    def log_density(self, rows: MixtureRows) -> Floats:
        """Return log share + log density of each unit in each class (n, K); what is missing of a unit is left out."""
        found = _ordered_part(self, rows)
        missing = np.isnan(rows.x)
        scored = rows.scored
        for pattern in np.unique(missing, axis=0):
            own, seen = (missing == pattern).all(axis=1), np.flatnonzero(~pattern)
            if len(seen):
                moved = rows.x[own][:, seen] - scored[own] @ self.slope[seen].T
                found[own] += _gaussians(moved.T, self.mean[:, seen], self.covariance[:, seen][:, :, seen]).T
        return found + np.log(self.share)

    def membership(self, rows: MixtureRows) -> Floats:
        """Return the probability of each class for each unit (n, K)."""
        log = self.log_density(rows)
        return np.asarray(np.exp(log - logsumexp(log, axis=1, keepdims=True)))

    def assign(self, rows: MixtureRows) -> Ints:
        """Return the most probable class of each unit (n)."""
        return np.asarray(self.log_density(rows).argmax(axis=1), dtype=np.int64)

    def ordered_by(self, order: Ints) -> "Mixture":
        """Return the same mixture with its classes in another order."""
        place = tuple(p[order] for p in self.place)
        # The place of the first class is 0 by convention: bounds move with it.
        cuts = tuple(c - p[0] for c, p in zip(self.cuts, place, strict=True))
        place = tuple(p - p[0] for p in place)
        return Mixture(
            self.share[order],
            self.mean[order],
            self.slope,
            self.covariance[order],
            cuts,
            place,
            self.scores,
            self.loglik,
            self.n,
            self.entropy,
        )


def fit_mixture(
    rows: MixtureRows,
    classes: int,
    *,
    seed: int = 0,
    starts: int = 8,
    weight: Floats | None = None,
    near: Mixture | None = None,
    steps: int = LONG,
) -> Mixture:
    """Fit so many classes to complete units by EM, from several starts (and from ``near``), the best of which goes on.

    weight (n): how often each unit counts. Within a class the numbers are normal, with a covariance of its own, around
    a mean that moves with the ordered answers alike in all classes; the ordered answers are independent of each other.
    A class is at least as wide as ``rows.floors``. Starts are seeds far from each other (k-means++), and cuts along the
    longest direction. Maxima are local: another start may find a better one.

    What breaks it: classes of odd shapes, which it describes by several normal ones. ``choose_classes`` guards against
    that as far as it can.

    Raises ValueError for missing values, fewer than one class, and fewer than ten units for each class.
    """
    if classes < 1:
        raise ValueError(f"{classes} classes are asked for; expected one or more")
    if not rows.complete.all():
        raise ValueError(f"{int((~rows.complete).sum())} units lack a value; expected complete ones: rows.take(...)")
    w = np.ones(rows.n) if weight is None else np.asarray(weight, dtype=float)
    if rows.n < 10 * classes:
        raise ValueError(f"{rows.n} units for {classes} classes; expected ten or more for each")
    data = _Data.of(rows, w)
    if classes == 1:
        return _run(data, _from_members(data, np.ones((1, rows.n))), 2)[0]
    rng = np.random.default_rng([seed, classes, 20_240])
    begun = [_from_members(data, _cut(data, classes))]
    begun += [_from_members(data, _scattered(data, classes, rng)) for _ in range(starts - 1)]
    if near is not None:
        begun = [near, *begun] if starts else [near]
    tried = [_run(data, start, SHORT)[0] for start in begun] if len(begun) > 1 else begun
    return _run(data, max(tried, key=lambda m: m.loglik), steps)[0]


@dataclass(frozen=True)
class _Data:
    """Complete units, numbers by row (p, n), with what every step of EM needs again."""

    rows: MixtureRows
    x: Floats
    s: Floats
    weight: Floats
    inside: tuple[Floats, ...]
    floor: Floats

    @classmethod
    def of(cls, rows: MixtureRows, weight: Floats) -> "_Data":
        inside = tuple(
            (rows.codes[:, j][None, :] == np.arange(len(level))[:, None]).astype(float)
            for j, level in enumerate(rows.levels)
        )
        return cls(
            rows, np.ascontiguousarray(rows.x.T), np.ascontiguousarray(rows.scored.T), weight, inside, rows.floors
        )


def _run(data: _Data, model: Mixture, steps: int) -> tuple[Mixture, Floats]:
    """Return the mixture after so many steps of EM, or when they add nothing; and the memberships (K, n)."""
    total = float(data.weight.sum())
    last = -np.inf
    member, model = _expect(data, model)
    for _ in range(steps):
        model = _maximise(data, member, model)
        member, model = _expect(data, model)
        if model.loglik - last < CLOSE * total:
            break
        last = model.loglik
    surprise = (member * np.log(np.maximum(member, 1e-300))).sum(axis=0)
    return replace(model, entropy=-float(data.weight @ surprise)), member


def _expect(data: _Data, model: Mixture) -> tuple[Floats, Mixture]:
    log = _gaussians(data.x - model.slope @ data.s, model.mean, model.covariance)
    for j in range(len(data.inside)):
        log += np.log(level_chances(model.cuts[j], model.place[j]))[:, data.rows.codes[:, j]]
    log += np.log(model.share)[:, None]
    top = log.max(axis=0)
    member = np.exp(log - top)
    sums = member.sum(axis=0)
    member /= sums
    loglik = float(data.weight @ (top + np.log(sums)))
    return member, replace(model, loglik=loglik, n=float(data.weight.sum()))


def _maximise(data: _Data, member: Floats, model: Mixture | None) -> Mixture:
    r = member * data.weight
    size = np.maximum(r.sum(axis=1), 1e-9)
    k, p, m = len(r), len(data.x), len(data.s)
    x_mean, s_mean = r @ data.x.T / size[:, None], r @ data.s.T / size[:, None]
    before = model.covariance if model is not None else np.tile(np.eye(p), (k, 1, 1))
    slope = np.zeros((p, m))
    if p and m:
        scored = data.s[None] * r[:, None, :]
        cross = data.x @ scored.transpose(0, 2, 1) - size[:, None, None] * x_mean[:, :, None] * s_mean[:, None, :]
        squares = scored @ data.s.T - size[:, None, None] * s_mean[:, :, None] * s_mean[:, None, :]
        slope = _slope(before, cross, squares)
    mean = x_mean - s_mean @ slope.T
    away = (data.x - slope @ data.s)[None] - mean[:, :, None]
    covariance = _widened((away * r[:, None, :]) @ away.transpose(0, 2, 1) / size[:, None, None], data.floor)
    cuts, place = [], []
    for j, inside in enumerate(data.inside):
        counts = r @ inside.T
        start = (model.cuts[j], model.place[j]) if model is not None else (data.rows.cuts[j], np.zeros(k))
        own = fit_places(counts, *start, steps=1 if model is not None else 8)
        cuts.append(own[0])
        place.append(own[1])
    share = size / size.sum()
    return Mixture(share, mean, slope, covariance, tuple(cuts), tuple(place), data.rows.scores, -np.inf, 0.0)


def _slope(covariance: Floats, cross: Floats, squares: Floats) -> Floats:
    """Return the common slope (p, m) of numbers on scores, classes weighted by their precision."""
    precision = np.linalg.inv(covariance)
    p, m = cross.shape[1:]
    left = np.einsum("cij,ckl->ikjl", precision, squares).reshape(p * m, p * m)
    right = (precision @ cross).sum(axis=0).ravel()
    return np.asarray(np.linalg.lstsq(left, right, rcond=None)[0]).reshape(p, m)


def _widened(covariance: Floats, floor: Floats) -> Floats:
    """Return covariances (K, p, p) with no direction narrower than the floor (p)."""
    scale = np.outer(floor, floor)
    values, vectors = np.linalg.eigh(covariance / scale)
    if values.size and values.min() < 1:
        covariance = (vectors * np.maximum(values, 1.0)[:, None, :]) @ vectors.transpose(0, 2, 1) * scale
    return covariance


def _gaussians(x: Floats, mean: Floats, covariance: Floats) -> Floats:
    """Return log densities (K, n) of numbers (p, n)."""
    root = np.linalg.cholesky(covariance)
    z = np.linalg.inv(root) @ (x[None] - mean[:, :, None])
    size = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
    return np.asarray(-0.5 * (z * z).sum(axis=1) - size[:, None] - 0.5 * len(x) * np.log(2 * np.pi))


def _ordered_part(model: Mixture, rows: MixtureRows) -> Floats:
    found = np.zeros((rows.n, model.classes))
    for j in range(len(rows.answers)):
        known = rows.codes[:, j] != MISSING
        found[known] += np.log(level_chances(model.cuts[j], model.place[j])).T[rows.codes[known, j]]
    return found


def _from_members(data: _Data, member: Floats) -> Mixture:
    return _expect(data, _maximise(data, member, None))[1]


def _together(data: _Data) -> Floats:
    """Return numbers and scores (n, p + m), each with variance 1."""
    every = np.concatenate([data.x, data.s]).T
    spread = every.std(axis=0)
    return np.asarray((every - every.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def _cut(data: _Data, classes: int) -> Floats:
    """Return members (K, n) by cuts of equal size along the longest direction."""
    every = _together(data)
    direction = np.linalg.eigh(every.T @ every)[1][:, -1]
    along = np.argsort(np.argsort(every @ direction, kind="stable"), kind="stable")
    return _members(along * classes // len(along), classes)


def _scattered(data: _Data, classes: int, rng: np.random.Generator) -> Floats:
    """Return members (K, n) of seeds far from each other, after a few steps of k-means."""
    every = _together(data)
    seeds = every[rng.integers(len(every))][None, :]
    for _ in range(classes - 1):
        away = _squares(every, seeds).min(axis=1)
        chosen = np.searchsorted(np.cumsum(away), rng.random() * away.sum())
        seeds = np.concatenate([seeds, every[min(chosen, len(every) - 1)][None, :]])
    for _ in range(4):
        member = _members(_squares(every, seeds).argmin(axis=1), classes)
        size = member.sum(axis=1)
        seeds = np.where(size[:, None] > 0, member @ every / np.maximum(size, 1)[:, None], seeds)
    return member


def _squares(every: Floats, seeds: Floats) -> Floats:
    return np.asarray((every**2).sum(axis=1)[:, None] + (seeds**2).sum(axis=1) - 2 * every @ seeds.T).clip(min=0)


def _members(label: Ints, classes: int) -> Floats:
    return (label[None, :] == np.arange(classes)[:, None]).astype(float)
