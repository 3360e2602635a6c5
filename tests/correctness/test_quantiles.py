"""Quantiles of durations: by hand, against Kaplan-Meier, covering where rows are alike and some go on."""

import numpy as np
import pytest

from insights.stats.quantiles import duration_quantiles
from insights.stats.results import Estimate, NotEstimable
from insights.stats.survival import kaplan_meier


def test_without_censoring_it_is_the_sorted_value_and_the_error_of_a_share() -> None:
    rng = np.random.default_rng(1)
    time = rng.exponential(10, 400)
    (median,) = duration_quantiles(time, np.ones(400, bool), [0.5])
    assert isinstance(median, Estimate)
    ordered = np.sort(time)
    assert median.value == ordered[199]
    # The error of the share at the median is sqrt(1/4 / n), so the ends are those many places away.
    half = 1.966 * np.sqrt(0.25 / 400) * np.sqrt(400 / 399)
    assert (time <= median.low).mean() == pytest.approx(0.5 - half, abs=1 / 400)
    assert (time < median.high).mean() == pytest.approx(0.5 + half, abs=1 / 400)


def test_the_curve_is_that_of_kaplan_and_meier_with_its_error() -> None:
    rng = np.random.default_rng(2)
    time = np.ceil(rng.exponential(12, 300))
    end = np.ceil(rng.uniform(5, 40, 300))
    seen, told = np.minimum(time, end), time <= end
    (median,) = duration_quantiles(seen, told, [0.5])
    curve = kaplan_meier(seen, told)
    assert isinstance(median, Estimate)
    other = curve.median()
    assert isinstance(other, Estimate)
    assert median.value == other.value
    assert abs(median.low - other.low) <= 1
    assert abs(median.high - other.high) <= 1


@pytest.mark.parametrize("p", [0.5, 0.9])
def test_intervals_cover_where_waits_of_one_client_are_alike_and_some_still_wait(p: float) -> None:
    rng, inside, alone, naive = np.random.default_rng(3), 0, 0, 0
    own = rng.gamma(1.0, 1.0, (200_000, 1)) * rng.exponential(10, (200_000, 1))
    truth = float(np.quantile(own, p))
    for _ in range(200):
        level = np.repeat(rng.gamma(1.0, 1.0, 80), 5)
        time = level * rng.exponential(10, 400)
        end = rng.uniform(0, 150, 400)
        seen, told = np.minimum(time, end), time <= end
        (found,) = duration_quantiles(seen, told, [p], cluster=np.repeat(np.arange(80), 5))
        (flat,) = duration_quantiles(seen, told, [p])
        assert isinstance(found, Estimate)
        assert isinstance(flat, Estimate)
        inside += found.low <= truth <= found.high
        alone += flat.low <= truth <= flat.high
        naive += np.quantile(time[told], p) < truth
    assert 0.90 <= inside / 200 <= 0.99
    assert alone < inside - 5
    assert naive > 150  # leaving out who still waits makes everything look faster


def test_where_hardly_anything_has_ended_nothing_is_told() -> None:
    time = np.arange(1.0, 41.0)
    few, _ = duration_quantiles(time, time < 3, [0.5, 0.01])
    assert isinstance(few, NotEstimable)
    assert "fewer than 50%" in few.reason
    assert all(isinstance(f, NotEstimable) for f in duration_quantiles(time[:19], time[:19] > 0, [0.5, 0.9]))
    (alike,) = duration_quantiles(np.zeros(50), np.ones(50, bool), [0.5])
    assert isinstance(alike, Estimate)
    assert (alike.value, alike.low, alike.high) == (0, 0, 0)
    (open_end,) = duration_quantiles(time, time < 23, [0.5])
    assert isinstance(open_end, Estimate)
    assert np.isinf(open_end.high)
    with pytest.raises(ValueError, match="times >= 0"):
        duration_quantiles([-1.0, 2.0], [True, True], [0.5])
    with pytest.raises(ValueError, match="between 0 and 1"):
        duration_quantiles(time, time > 0, [1.0])
