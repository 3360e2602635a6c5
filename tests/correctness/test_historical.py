"""Filtered historical simulation: limits exceeded as often as they should be, where unfiltered ones are not."""

import numpy as np
import pytest

from insights.stats.historical import Backtest, Filtered, backtest, filtered, paths, tail_loss, tails
from insights.stats.results import NotEstimable


@pytest.fixture(scope="module")
def calm_and_wild() -> np.ndarray:
    """Returns whose volatility is fourfold for two years of every four."""
    rng = np.random.default_rng(2)
    spread = np.where(np.arange(480) // 24 % 2 == 1, 0.04, 0.01)
    return spread * rng.standard_normal(480)


def test_limits_hold_through_calm_and_wild_times_where_unfiltered_ones_come_in_runs(calm_and_wild: np.ndarray) -> None:
    r = calm_and_wild
    found = backtest(r, np.ones((len(r), 1)), r)
    assert isinstance(found, Backtest)
    assert len(found.exceeded) == len(r) - 36
    assert found.expected == pytest.approx(0.05 * len(found.exceeded))
    kupiec, runs = found.checks
    assert kupiec.p_value is not None
    assert kupiec.p_value > 0.05
    assert 0.03 < found.exceeded.mean() < 0.07
    flat = np.array([-r[t] > np.quantile(-r[:t], 0.95, method="weibull") for t in range(36, len(r))])
    wild = np.arange(36, len(r)) // 24 % 2 == 1
    # The unfiltered limit is never exceeded in calm times, and twice as often as it should be in wild ones.
    assert flat[~wild].mean() < 0.01
    assert flat[wild].mean() > 0.08
    # The filtered one learns of each change a little late, but errs far less in either.
    assert found.exceeded[~wild].mean() > flat[~wild].mean()
    assert found.exceeded[wild].mean() < flat[wild].mean()
    assert runs.null != kupiec.null


def test_a_limit_that_is_too_low_fails_the_backtest(calm_and_wild: np.ndarray) -> None:
    r = calm_and_wild[:240]
    found = backtest(r, np.full((len(r), 1), 0.6), r)  # holds more than the limit is made for
    assert isinstance(found, Backtest)
    assert found.checks[0].p_value is not None
    assert found.checks[0].p_value < 0.01


def test_losses_of_a_steady_market_are_those_of_the_normal_law() -> None:
    rng = np.random.default_rng(5)
    sd = 0.01
    found = filtered(sd * rng.standard_normal(3_000))
    assert isinstance(found, Filtered)
    steady = Filtered(found.shocks * found.shocks.std() ** -1, np.array([sd]), np.array([1.0]))
    (month,) = tails(steady, [[100.0]], 1, rng=rng)
    (year,) = tails(steady, [[100.0]], 12, rng=rng)
    assert month.limit.value == pytest.approx(1.645, rel=0.06)
    assert month.beyond.value == pytest.approx(2.063, rel=0.06)
    assert year.limit.value == pytest.approx(1.645 * np.sqrt(12) - 0.1, rel=0.08)  # compounding takes a little off
    for tail in (month, year):
        assert tail.limit.low < tail.limit.value < tail.limit.high
        assert tail.limit.high < tail.beyond.high


def test_volatility_of_today_moves_the_limit_and_a_hedge_takes_it_away() -> None:
    rng = np.random.default_rng(7)
    spread = np.where(np.arange(120) < 96, 0.01, 0.03)
    x = spread * rng.standard_normal(120)
    found = filtered(np.column_stack([x, -x]))
    assert isinstance(found, Filtered)
    assert found.ahead[0] > 0.02
    alone, hedged = tails(found, [[1.0, 0.0], [1.0, 1.0]], 1, rng=rng)
    assert alone.limit.value > 0.03
    assert hedged.limit.value == pytest.approx(0.0, abs=1e-12)
    year = paths(found, 12, rng)
    assert tail_loss(year, [[1.0, 0.0], [2.0, 0.0]])[1] == pytest.approx(2 * tail_loss(year, [[1.0, 0.0]])[0])


def test_too_little_on_record_is_refused_and_gaps_are_errors() -> None:
    assert isinstance(filtered(np.full(35, 0.01)), NotEstimable)
    assert isinstance(filtered(np.zeros(60)), NotEstimable)
    with pytest.raises(ValueError, match="missing or infinite"):
        filtered([0.1, np.nan])
    assert isinstance(backtest(np.full(36, 0.01), np.ones((36, 1)), np.zeros(36)), NotEstimable)
