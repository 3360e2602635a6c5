"""Markets: equity returns with volatility clustering and one crash, bonds, the policy rate, an exchange rate."""

from dataclasses import dataclass

import numpy as np

from insights.demo.clock import Clock
from insights.demo.law import Law
from insights.demo.rows import Rows
from insights.demo.streams import stream

SERIES = ("equity_index", "bond_index", "policy_rate", "fx_EUR")


@dataclass(frozen=True)
class Market:
    """One value per month of the clock: log returns, the yearly policy rate, and the index of the crash month.

    ``variance`` is that of the month's equity return given all before it.
    """

    equity: np.ndarray
    bonds: np.ndarray
    rate: np.ndarray
    fx: np.ndarray
    crash_month: int
    variance: np.ndarray

    def trailing(self, t: int, months: int = 3) -> float:
        """Return the equity log return over the ``months`` before month ``t``."""
        return float(self.equity[max(0, t - months) : t].sum())


def draw_market(law: Law, clock: Clock, seed: int) -> Market:
    """Draw all series; equity variance is GARCH(1,1), the crash is laid over the month the law names."""
    p = law.market
    shocks = stream(seed, "market").standard_normal((4, clock.total))
    equity, variance = _equity(law, p.equity_sd**2, shocks[0])
    crash = clock.burn_in + int(p.crash_at * (clock.months - 1))
    equity[crash] = p.crash
    fx = np.cumsum(p.fx_sd * shocks[3])
    return Market(
        equity=equity,
        bonds=p.bond_mean + p.bond_sd * shocks[1],
        rate=_rate(law, p.rate_mean, shocks[2]),
        fx=p.fx_start * np.exp(fx - fx[clock.burn_in]),
        crash_month=crash,
        variance=variance,
    )


def redraw_market(market: Market, law: Law, after: int, rng: np.random.Generator) -> Market:
    """Return the market as it was up to month ``after``, and another future from there.

    A planted crash that was still to come is not in it: it is no part of what anybody could expect.
    """
    p, start = law.market, after + 1
    shocks = rng.standard_normal((4, len(market.equity) - start))
    equity, variance = _equity(law, market.variance[start], shocks[0])
    fx = market.fx[after] * np.exp(np.cumsum(p.fx_sd * shocks[3]))
    futures = (equity, p.bond_mean + p.bond_sd * shocks[1], _rate(law, market.rate[after], shocks[2]), fx)
    pasts = (market.equity, market.bonds, market.rate, market.fx)
    equity, bonds, rate, fx = (np.concatenate([past[:start], new]) for past, new in zip(pasts, futures, strict=True))
    variance = np.concatenate([market.variance[:start], variance])
    return Market(equity, bonds, rate, fx, market.crash_month, variance)


def _equity(law: Law, variance: float, shocks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the log returns of months with these standard normal shocks, and the variance of each."""
    p, long_run = law.market, law.market.equity_sd**2
    returns, variances = np.empty(len(shocks)), np.empty(len(shocks))
    for t in range(len(shocks)):
        variances[t] = variance
        surprise = np.sqrt(variance) * shocks[t]
        returns[t] = p.equity_mean + surprise
        variance = (1 - p.arch - p.garch) * long_run + p.arch * surprise**2 + p.garch * variance
    return returns, variances


def _rate(law: Law, level: float, shocks: np.ndarray) -> np.ndarray:
    p, rates = law.market, np.empty(len(shocks))
    for t in range(len(shocks)):
        level = p.rate_mean + p.rate_persistence * (level - p.rate_mean) + p.rate_sd * shocks[t]
        rates[t] = max(level, 0.0)
    return rates


def market_rows(market: Market, law: Law, clock: Clock) -> Rows:
    """Return the series as rows of ``market``; the policy rate is published late, prices at once.

    They reach back to the start of the process: anybody can have the past of a market, whatever else is recorded.
    """
    every = np.arange(clock.total)
    levels = [100 * np.exp(np.cumsum(r)) for r in (market.equity, market.bonds)]
    values = [levels[0], levels[1], 100 * market.rate, market.fx]
    delay = np.array([0, 0, law.market.published_after_days, 0])
    series = np.repeat(np.arange(4, dtype=np.int8), len(every))
    months = np.tile(every, 4)
    return {
        "month": clock.month_start(months),
        "series": series,
        "value": np.round(np.concatenate(values), 6),
        "published_on": clock.month_end(months) + delay[series],
    }
