"""Late reports added back, events whose hazard depends on a state, and concentration: against what was drawn."""

import numpy as np
import pytest

from insights.stats.concentration import herfindahl
from insights.stats.nowcast import Nowcast, nowcast
from insights.stats.results import NotEstimable
from insights.stats.two_state import within

MONTHS, MEAN_DELAY = 60, 3.0


def drawn(rng: np.random.Generator, rate: float = 25.0) -> tuple[np.ndarray, np.ndarray]:
    """Return month of the event and of its report, of all events; delays are geometric with a mean of three months."""
    month = np.repeat(np.arange(MONTHS), rng.poisson(rate, MONTHS))
    return month, month + rng.geometric(1 / (1 + MEAN_DELAY), len(month)) - 1


def test_late_reports_are_added_back_without_bias_and_with_intervals_that_cover() -> None:
    rng = np.random.default_rng(11)
    errors, naive, inside, rates = [], [], 0, 0
    for _ in range(200):
        month, reported = drawn(rng)
        truth = int((month >= MONTHS - 12).sum())
        found = nowcast(month, reported, MONTHS - 1, 12, first=0)
        assert isinstance(found, Nowcast)
        errors.append(found.total.value / truth - 1)
        naive.append(found.reported / truth - 1)
        inside += found.total.low <= truth <= found.total.high
        rates += found.rate.low <= 25.0 <= found.rate.high
    assert abs(np.mean(errors)) < 0.01
    assert np.mean(np.abs(errors)) < 0.05
    assert np.mean(naive) < -0.15  # what is not reported yet is not there: counting alone says a fifth too few
    assert 184 <= inside <= 199  # 95 of 100, three standard errors to either side
    assert 181 <= rates <= 199


def test_the_share_known_by_delay_is_that_of_the_geometric_law() -> None:
    month, reported = drawn(np.random.default_rng(3), 2_000.0)
    found = nowcast(month, reported, MONTHS - 1, 12, first=0)
    assert isinstance(found, Nowcast)
    law = 1 - (MEAN_DELAY / (1 + MEAN_DELAY)) ** (np.arange(24) + 1)
    assert np.abs(found.table["share"].to_numpy()[:24] - law).max() < 0.01
    assert found.known_share == pytest.approx(law[:12].mean(), abs=0.01)


def test_events_reported_at_once_need_nothing_added() -> None:
    month = np.repeat(np.arange(24), 5)
    found = nowcast(month, month, 23, 12)
    assert isinstance(found, Nowcast)
    assert found.total.value == 60
    assert found.rate.value == pytest.approx(5.0)


def test_reports_after_the_last_period_change_nothing() -> None:
    month, reported = drawn(np.random.default_rng(5))
    known = reported <= 47
    one, other = nowcast(month, reported, 47, 12, first=0), nowcast(month[known], reported[known], 47, 12, first=0)
    assert isinstance(one, Nowcast)
    assert isinstance(other, Nowcast)
    assert one.total == other.total


def test_too_little_on_record_is_refused_and_impossible_reports_are_errors() -> None:
    assert isinstance(nowcast([1] * 19, [2] * 19, 30, 12), NotEstimable)
    assert isinstance(nowcast([20] * 40, [20] * 40, 25, 12), NotEstimable)
    with pytest.raises(ValueError, match="before they happened"):
        nowcast([5], [4], 10, 3)
    with pytest.raises(ValueError, match="exposure has shape"):
        nowcast(np.repeat(np.arange(24), 5), np.repeat(np.arange(24), 5), 23, 12, exposure=[1.0])


def test_a_state_that_comes_and_goes_is_followed_as_a_simulation_follows_it() -> None:
    hazard, moves = np.array([[0.004, 0.02]] * 2), np.array([[0.97, 0.03], [0.55, 0.45]])
    told = within(hazard, moves, np.array([0, 1]), 12)
    rng, n = np.random.default_rng(1), 200_000
    for start in (0, 1):
        state, fallen = np.full(n, start), np.zeros(n, bool)
        for _ in range(12):
            fallen |= rng.random(n) < hazard[0][state]
            state = (rng.random(n) < moves[state, 1]).astype(int)
        assert told[start] == pytest.approx(fallen.mean(), abs=4 * np.sqrt(0.05 / n))
    assert within(hazard, np.eye(2), np.array([0, 1]), 12) == pytest.approx(1 - (1 - hazard[0]) ** 12)
    with pytest.raises(ValueError, match="do not add up"):
        within(hazard, np.ones((2, 2)), np.array([0, 1]), 12)


def test_the_herfindahl_index_counts_equal_shares() -> None:
    assert herfindahl([3.0] * 8) == pytest.approx(1 / 8)
    assert herfindahl([5.0, 0.0]) == 1.0
    assert herfindahl([3.0, 1.0]) == pytest.approx(10 / 16)
    assert np.isnan(herfindahl([]))
    with pytest.raises(ValueError, match="negative"):
        herfindahl([-1.0, 2.0])
