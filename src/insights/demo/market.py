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
    """One value per month of the clock: log returns, the yearly policy rate, and the index of the crash month."""

    equity: np.ndarray
    bonds: np.ndarray
    rate: np.ndarray
    fx: np.ndarray
    crash_month: int

    def trailing(self, t: int, months: int = 3) -> float:
        """Return the equity log return over the ``months`` before month ``t``."""
        return float(self.equity[max(0, t - months) : t].sum())


def draw_market(law: Law, clock: Clock, seed: int) -> Market:
    """Draw all series; equity variance is GARCH(1,1), the crash is laid over the month the law names."""
    p, rng, n = law.market, stream(seed, "market"), clock.total
    shocks = rng.standard_normal((4, n))
    equity = np.empty(n)
    long_run = p.equity_sd**2
    variance = long_run
    for t in range(n):
        surprise = np.sqrt(variance) * shocks[0, t]
        equity[t] = p.equity_mean + surprise
        variance = (1 - p.arch - p.garch) * long_run + p.arch * surprise**2 + p.garch * variance
    crash = clock.burn_in + int(p.crash_at * (clock.months - 1))
    equity[crash] = p.crash
    bonds = p.bond_mean + p.bond_sd * shocks[1]
    rate = np.empty(n)
    level = p.rate_mean
    for t in range(n):
        level = p.rate_mean + p.rate_persistence * (level - p.rate_mean) + p.rate_sd * shocks[2, t]
        rate[t] = max(level, 0.0)
    fx = np.cumsum(p.fx_sd * shocks[3])
    return Market(equity, bonds, rate, p.fx_start * np.exp(fx - fx[clock.burn_in]), crash)


def market_rows(market: Market, law: Law, clock: Clock) -> Rows:
    """Return the series of the window as rows of ``market``; the policy rate is published late, prices at once."""
    window = np.arange(clock.burn_in, clock.total)
    levels = [100 * np.exp(np.cumsum(r))[window] for r in (market.equity, market.bonds)]
    values = [levels[0], levels[1], 100 * market.rate[window], market.fx[window]]
    delay = np.array([0, 0, law.market.published_after_days, 0])
    series = np.repeat(np.arange(4, dtype=np.int8), len(window))
    months = np.tile(window, 4)
    return {
        "month": clock.month_start(months),
        "series": series,
        "value": np.round(np.concatenate(values), 6),
        "published_on": clock.month_end(months) + delay[series],
    }
