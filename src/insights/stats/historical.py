"""What a position may lose, from shocks of the past at today's volatility: filtered historical simulation."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from insights.stats.backtesting import christoffersen, kupiec
from insights.stats.inputs import Floats, check_level
from insights.stats.results import Estimate, NotEstimable, TestResult

SOURCE = "Hull & White (1998); Barone-Adesi, Giannopoulos & Vosper (1999), VaR without correlations for portfolios"
DECAYS = (0.80, 0.85, 0.90, 0.94, 0.97, 0.99)
WARM_UP, FEWEST = 12, 24
"""Periods from which the first volatility is taken, and the fewest shocks that a limit of one in twenty needs."""
DRAWS, RESAMPLES, DRAWS_EACH = 4_000, 200, 200


@dataclass(frozen=True)
class Filtered:
    """Returns of k series, freed of their volatility.

    ``shocks`` (T - 12, k): the return of a period by the volatility expected of it; ``ahead`` (k): that of the next
    period; ``decay`` (k): the weight of yesterday's variance in today's, that which fits best.
    """

    shocks: Floats = field(repr=False)
    ahead: Floats
    decay: Floats


@dataclass(frozen=True)
class Tail:
    """Losses of one position: ``limit``, exceeded with the stated chance, and ``beyond``, the mean of what exceeds it.

    Intervals come from resampling the shocks: they hold the chance of which months happened to be on record. The
    volatility of today is taken as known.
    """

    limit: Estimate
    beyond: Estimate


@dataclass(frozen=True)
class Backtest:
    """``exceeded`` (n) flags by period in order; ``expected``: how many there should be; ``checks``: two tests."""

    exceeded: npt.NDArray[np.bool_] = field(repr=False)
    expected: float
    checks: tuple[TestResult, ...]


def filtered(returns: npt.ArrayLike) -> Filtered | NotEstimable:
    """Return the shocks behind returns (T,) or (T, k), by exponentially weighted variances about a mean of zero.

    Assumes that volatility moves slowly and that shocks, freed of it, are alike at all times. The decay is that of six
    with the highest Gaussian likelihood. NotEstimable below 36 periods and for a series that does not vary. Raises
    ValueError for missing values.
    """
    r = np.asarray(returns, dtype=float)
    r = r[:, None] if r.ndim == 1 else r
    if r.ndim != 2 or not np.isfinite(r).all():
        raise ValueError(f"returns have shape {r.shape}, some missing or infinite; expected numbers (T,) or (T, k)")
    if len(r) < WARM_UP + FEWEST:
        return NotEstimable(f"{len(r)} periods of returns; {WARM_UP + FEWEST} are needed")
    first = (r[:WARM_UP] ** 2).mean(axis=0)
    if not (first > 0).all():
        return NotEstimable("a series does not vary")
    decay = np.array(DECAYS)[:, None]
    variance = np.empty((len(r) - WARM_UP + 1, len(DECAYS), r.shape[1]))
    variance[0] = first
    for t, own in enumerate(r[WARM_UP:] ** 2):
        variance[t + 1] = decay * variance[t] + (1 - decay) * own
    fit = (np.log(variance[:-1]) + r[WARM_UP:, None, :] ** 2 / variance[:-1]).sum(axis=0)
    best = fit.argmin(axis=0)
    own = np.take_along_axis(variance, best[None, None, :], axis=1)[:, 0]
    return Filtered(r[WARM_UP:] / np.sqrt(own[:-1]), np.sqrt(own[-1]), np.array(DECAYS)[best])


def tails(
    found: Filtered,
    exposure: npt.ArrayLike,
    periods: int,
    *,
    chance: float = 0.05,
    level: float = 0.95,
    rng: np.random.Generator,
) -> tuple[Tail, ...]:
    """Return the losses over ``periods`` that positions (m, k) exceed with the given chance, one for each.

    ``exposure``: what a position gains when a series gains all of its value. The shocks of one period always stay
    together, so that series fall together as they have. For one period the shocks on record are all there is; for more
    they are drawn, each moving the volatility of the next period, and returns are compounded; they are centred, so that
    neither a gain nor a loss is expected.
    """
    check_level(level)
    held = np.atleast_2d(np.asarray(exposure, dtype=float))
    n = len(found.shocks)
    told = _losses(paths(found, periods, rng) if periods > 1 else found.ahead * found.shocks, held)
    again = rng.integers(n, size=(RESAMPLES, n))
    if periods > 1:
        drawn = np.take_along_axis(again, rng.integers(n, size=(RESAMPLES, DRAWS_EACH * periods)), axis=1).reshape(
            RESAMPLES * DRAWS_EACH, periods
        )
        centre = np.repeat(found.shocks[again].mean(axis=1), DRAWS_EACH, axis=0)
        moved = _compounded(found, drawn, centre).reshape(RESAMPLES, DRAWS_EACH, -1)
    else:
        moved = found.ahead * found.shocks[again]
    ends = np.array([tail_of(_losses(one, held), chance) for one in moved])  # (resamples, 2, m)
    values = tail_of(told, chance)
    low, high = np.quantile(ends, [(1 - level) / 2, (1 + level) / 2], axis=0)

    def estimate(k: int, m: int) -> Estimate:
        value = float(values[k, m])
        ends = min(float(low[k, m]), value), max(float(high[k, m]), value)
        return Estimate(value, *ends, "loss", n, None, level)

    return tuple(Tail(estimate(0, m), estimate(1, m)) for m in range(len(held)))


def paths(found: Filtered, periods: int, rng: np.random.Generator, draws: int = DRAWS) -> Floats:
    """Return compounded returns (draws, k) of so many periods ahead."""
    drawn = rng.integers(len(found.shocks), size=(draws, periods))
    return _compounded(found, drawn, found.shocks.mean(axis=0))


def tail_loss(returns: npt.ArrayLike, exposure: npt.ArrayLike, chance: float = 0.05) -> Floats:
    """Return the loss (m) that positions (m, k) exceed with the given chance, over returns (draws, k)."""
    return tail_of(_losses(np.asarray(returns, dtype=float), np.atleast_2d(np.asarray(exposure, dtype=float))), chance)[
        0
    ]


def backtest(
    returns: npt.ArrayLike, exposure: npt.ArrayLike, realised: npt.ArrayLike, chance: float = 0.05
) -> Backtest | NotEstimable:
    """Hold the limit of one period, made each time from what was known before, against what happened.

    returns (T, k); exposure (T, k): that of the position held through each period, known when it began, nan where it
    was not; realised (T): the return of the position. NotEstimable where no period has 36 before it.
    """
    r, held, came = (np.asarray(v, dtype=float) for v in (returns, exposure, realised))
    exceeded = []
    for t in range(WARM_UP + FEWEST, len(r)):
        if not (np.isfinite(held[t]).all() and np.isfinite(came[t])):
            continue
        then = filtered(r[:t])
        if isinstance(then, Filtered):
            exceeded.append(-came[t] > tail_loss(then.ahead * then.shocks, held[t], chance)[0])
    if not exceeded:
        return NotEstimable(f"no period has {WARM_UP + FEWEST} before it to learn from")
    flags = np.array(exceeded, dtype=bool)
    tests = (kupiec(int(flags.sum()), len(flags), chance), christoffersen(flags))
    return Backtest(flags, chance * len(flags), tests)


def _compounded(found: Filtered, places: npt.NDArray[np.int64], centre: Floats) -> Floats:
    """Return the compounded returns (draws, k) of shocks drawn by their places (draws, periods), about their mean.

    Shocks vary about a mean square that is not quite one; volatility answers to them by that mean, or it would drift.
    """
    usual = (found.shocks**2).mean(axis=0)
    variance = np.broadcast_to(found.ahead**2, (len(places), len(found.ahead))).copy()
    value = np.ones_like(variance)
    for column in places.T:
        shock = found.shocks[column]
        value *= np.maximum(1 + np.sqrt(variance) * (shock - centre), 0.0)
        variance *= found.decay + (1 - found.decay) * shock**2 / usual
    return value - 1


def _losses(returns: Floats, exposure: Floats) -> Floats:
    return -returns @ exposure.T


def tail_of(losses: Floats, chance: float) -> Floats:
    """Return the limit that losses (draws, m) exceed with the chance, and the mean of those beyond it (2, m)."""
    # One that comes next exceeds Weibull's quantile with the chance it is made for, however few came before.
    limit = np.maximum(np.quantile(losses, 1 - chance, axis=0, method="weibull"), 0.0)
    over = losses >= limit
    count = over.sum(axis=0)
    mean = np.divide(np.where(over, losses, 0.0).sum(axis=0), count, out=limit.copy(), where=count > 0)
    return np.stack([limit, np.maximum(mean, limit)])
