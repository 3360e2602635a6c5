"""Cumulative models P(category <= k) = F(threshold_k - x b - z c_k) by Newton's method with analytic derivatives."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from insights.stats.inputs import Floats, Ints

Link = Literal["logit", "probit"]
STEPS = 100
CLOSE = 1e-15
"""The fit is taken as converged where a step promises no more than this share of the log likelihood."""


@dataclass(frozen=True)
class CumulativeData:
    """Rows sorted by category: ``category`` (n,) from 0, ``x`` (n, p) with one slope, ``z`` (n, m) with one per cut.

    ``bounds`` (K + 1,): rows bounds[c] to bounds[c + 1] are of category c. ``weight`` (n,).
    """

    category: Ints
    x: Floats
    z: Floats
    weight: Floats
    bounds: Ints

    @property
    def cuts(self) -> int:
        """The number of thresholds, one less than the categories."""
        return len(self.bounds) - 2

    @property
    def size(self) -> int:
        """The number of parameters: per cut a threshold and m slopes, then p slopes."""
        return self.cuts * (1 + self.z.shape[1]) + self.x.shape[1]


@dataclass(frozen=True)
class Peak:
    """The maximum: parameters (q,) as ``CumulativeData.size`` orders them, log likelihood, information (q, q).

    ``start_information`` is that of the null model, of which ``separated_columns`` compares. ``converged`` is False
    where the likelihood has no maximum that Newton's method reaches.
    """

    parameters: Floats
    loglik: float
    information: Floats
    start_information: Floats
    converged: bool


def sort_rows(category: Ints, x: Floats, z: Floats, weight: Floats, categories: int) -> tuple[CumulativeData, Ints]:
    """Return the rows sorted by category (stable), and their order."""
    order = np.argsort(category, kind="stable")
    bounds = np.searchsorted(category[order], np.arange(categories + 1))
    return CumulativeData(category[order], x[order], z[order], weight[order], bounds.astype(np.int64)), order


def maximise(data: CumulativeData, link: Link) -> Peak:
    """Climb from the null model (thresholds of the shares, slopes 0), halving steps that lose.

    The logit and probit likelihoods are concave, so what is found is the maximum.
    """
    now = null_parameters(data, link)
    loglik, slope, information = derivatives(data, now, link)
    first = information
    for _ in range(STEPS):
        try:
            step = np.linalg.solve(information, slope)
        except np.linalg.LinAlgError:
            return Peak(now, loglik, information, first, False)
        if float(slope @ step) < CLOSE * max(1.0, abs(loglik)):
            return Peak(now, loglik, information, first, True)
        size = 1.0
        found = derivatives(data, now + step, link)
        while found[0] < loglik - 1e-12 * abs(loglik):
            size /= 2
            if size < 1e-8:
                return Peak(now, loglik, information, first, False)
            found = derivatives(data, now + size * step, link)
        now = now + size * step
        loglik, slope, information = found
    return Peak(now, loglik, information, first, False)


def null_parameters(data: CumulativeData, link: Link) -> Floats:
    """Return thresholds that give the shares of the categories, and slopes of 0."""
    from scipy.special import logit, ndtri  # half a second that those who only draw curves need not wait

    share = np.add.reduceat(data.weight, data.bounds[:-1]).cumsum()[:-1] / data.weight.sum()
    parameters = np.zeros(data.size)
    parameters[: data.cuts * (1 + data.z.shape[1])].reshape(data.cuts, -1)[:, 0] = (
        logit(share) if link == "logit" else ndtri(share)
    )
    return parameters


def loglikelihood(data: CumulativeData, parameters: Floats, link: Link) -> float:
    """Return the log likelihood; minus infinity where the cuts of some row are out of order."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        total = 0.0
        for _, rows, upper, lower in cut_points(data, parameters):
            terms = cut_terms(upper, lower, link)[0]
            total += float(data.weight[rows] @ terms)
    return total if np.isfinite(total) else -np.inf


def derivatives(data: CumulativeData, parameters: Floats, link: Link) -> tuple[float, Floats, Floats]:
    """Return log likelihood, its slope (q,) and the observed information (q, q)."""
    m, cuts, q = data.z.shape[1], data.cuts, data.size
    width, common = 1 + m, cuts * (1 + m)
    slope, curve = np.zeros(q), np.zeros((q, q))
    total = 0.0
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for c, rows, upper, lower in cut_points(data, parameters):
            log, du, dl, duu, dll, dul = cut_terms(upper, lower, link)
            w = data.weight[rows]
            total += float(w @ log)
            if not np.isfinite(total):
                return -np.inf, slope, curve
            x = data.x[rows]
            own = np.column_stack([np.ones(len(w)), -data.z[rows]]) if m else np.ones((len(w), 1))
            ends = [(c, du, duu)] * (c < cuts) + [(c - 1, dl, dll)] * (c > 0)
            pull = np.zeros(len(w))
            bend = np.zeros(len(w))
            for k, first, second in ends:
                at = slice(k * width, (k + 1) * width)
                slope[at] += own.T @ (w * first)
                curve[at, at] += (own * (w * second)[:, None]).T @ own
                curve[at, common:] -= (own * (w * (second + dul))[:, None]).T @ x
                pull += first
                bend += second + dul
            if len(ends) == 2:
                one, other = slice(c * width, (c + 1) * width), slice((c - 1) * width, c * width)
                cross = (own * (w * dul)[:, None]).T @ own
                curve[one, other] += cross
                curve[other, one] += cross.T
            slope[common:] -= x.T @ (w * pull)
            curve[common:, common:] += (x * (w * bend)[:, None]).T @ x
    curve[common:, :common] = curve[:common, common:].T
    return total, slope, -curve


def cut_points(data: CumulativeData, parameters: Floats) -> Iterator[tuple[int, slice, Floats | None, Floats | None]]:
    """Yield category, its rows, and their upper and lower cut (n_c,), None where the category is open."""
    m, cuts = data.z.shape[1], data.cuts
    own = parameters[: cuts * (1 + m)].reshape(cuts, 1 + m)
    level = data.x @ parameters[cuts * (1 + m) :]
    for c in range(cuts + 1):
        rows = slice(int(data.bounds[c]), int(data.bounds[c + 1]))
        at = level[rows]
        z = data.z[rows]
        upper = own[c, 0] - at - z @ own[c, 1:] if c < cuts else None
        lower = own[c - 1, 0] - at - z @ own[c - 1, 1:] if c else None
        yield c, rows, upper, lower


def cut_terms(upper: Floats | None, lower: Floats | None, link: Link) -> tuple[Floats, ...]:
    """Return log(F(u) - F(l)) and its derivatives by u, l, uu, ll, ul (each (n_c,))."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # what overflows is replaced by its limit
        return (_logit_terms if link == "logit" else _probit_terms)(upper, lower)


def _logit_terms(upper: Floats | None, lower: Floats | None) -> tuple[Floats, ...]:
    """Use F(u) - F(l) = F(u) F(-l) (1 - exp(l - u)), which has no cancellation and splits the derivatives."""
    zero = np.zeros_like(upper if upper is not None else lower)
    log, du, dl, duu, dll, dul = (zero,) * 6
    if upper is not None:
        e = np.exp(-upper)
        below = 1 / (1 + e)  # F(u)
        log = log - np.where(upper > -30, np.log1p(e), -upper)
        above = np.where(np.isfinite(e), e * below, 1.0)
        du, duu = above, -above * below
    if lower is not None:
        e = np.exp(lower)
        above = 1 / (1 + e)  # F(-l)
        log = log - np.where(lower < 30, np.log1p(e), lower)
        below = np.where(np.isfinite(e), e * above, 1.0)
        dl, dll = -below, -above * below
    if upper is not None and lower is not None:
        gap = upper - lower
        log = log + np.where(gap > 0, np.log(-np.expm1(-gap)), -np.inf)
        pull = 1 / np.expm1(gap)
        bend = pull * (1 + pull)
        du, dl, duu, dll, dul = du + pull, dl - pull, duu - bend, dll - bend, bend
    return log, du, dl, duu, dll, dul


def _probit_terms(upper: Floats | None, lower: Floats | None) -> tuple[Floats, ...]:
    from scipy.special import log_ndtr  # half a second that those who only draw curves need not wait

    def log_density(t: Floats) -> Floats:
        return -0.5 * t**2 - 0.5 * np.log(2 * np.pi)

    if upper is None or lower is None:
        log = log_ndtr(upper) if upper is not None else log_ndtr(-np.asarray(lower))
    else:
        # In the upper tail the difference is taken between the tails beyond, where nothing cancels.
        turned = upper + lower > 0
        a, b = np.where(turned, -lower, upper), np.where(turned, -upper, lower)
        big, small = log_ndtr(a), log_ndtr(b)
        log = np.where(upper > lower, big + np.log(-np.expm1(np.minimum(small - big, 0.0))), -np.inf)
    zero = np.zeros_like(log)
    du, dl, duu, dll, dul = (zero,) * 5
    if upper is not None:
        du = np.exp(log_density(upper) - log)
        duu = -du * (upper + du)
    if lower is not None:
        dl = -np.exp(log_density(lower) - log)
        dll = -dl * (lower + dl)
    if upper is not None and lower is not None:
        dul = -du * dl
    return log, du, dl, duu, dll, dul
