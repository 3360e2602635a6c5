"""Control charts and limits: published run lengths, and the same by simulation."""

from typing import Any

import numpy as np
import pytest

from insights.stats.backtesting import christoffersen, kupiec
from insights.stats.monitoring import (
    Chart,
    Cusum,
    Ewma,
    Monitored,
    alarm_chance,
    alarm_within,
    design_cusum,
    design_ewma,
    monitor,
    run_length,
)
from insights.stats.results import NotEstimable


@pytest.mark.acceptance("run_length", part="CUSUM and EWMA")
def test_run_lengths(acceptance: dict[str, Any]) -> None:
    expected = acceptance["run_length"]
    charts: list[tuple[Chart, dict[str, float]]] = [(Cusum(0.5, c["h"]), c) for c in expected["cusum"]]
    charts += [(Ewma(c["lambda"], c["L"]), c) for c in expected["ewma"]]
    for chart, case in charts:
        assert run_length(chart) == pytest.approx(case["arl0"], rel=expected["rtol"])
        assert run_length(chart, 1.0) == pytest.approx(case["arl1"], rel=expected["rtol"])


@pytest.mark.acceptance("kupiec")
def test_kupiec(acceptance: dict[str, Any]) -> None:
    expected = acceptance["kupiec"]
    for case in expected["cases"]:
        found = kupiec(case["exceptions"], case["days"], case["p"])
        assert found.statistic == pytest.approx(case["lr"], abs=expected["tol"])
        assert (found.p_value or 1) < 0.001


def test_exceedances_as_expected_have_no_evidence_against_them() -> None:
    assert kupiec(5, 500, 0.01).statistic == pytest.approx(0, abs=1e-12)
    assert kupiec(0, 250, 0.01).statistic == pytest.approx(-500 * np.log(0.99))
    assert kupiec(3, 3, 0.5).statistic == pytest.approx(6 * np.log(2))
    assert kupiec(0, 0, 0.5).reason == "there is no period"
    with pytest.raises(ValueError, match="11 exceedances in 10 periods"):
        kupiec(11, 10, 0.1)
    with pytest.raises(ValueError, match="the chance of an exceedance is 1"):
        kupiec(1, 10, 1)


def test_runs_of_exceedances_are_found_and_independent_ones_are_not() -> None:
    rng = np.random.default_rng(1)
    rejected = sum((christoffersen(rng.random(500) < 0.1).p_value or 0) < 0.05 for _ in range(300))
    assert rejected <= 26  # of 300 at 5 %: 15, and 26 is the 99.8 % point
    runs = np.repeat(rng.random(100) < 0.1, 5)
    assert (christoffersen(runs).p_value or 1) < 1e-6
    assert christoffersen([0, 0, 1, 0]).statistic is None


def alarms(chart: Chart, rng: np.random.Generator, shift: float, draws: int) -> np.ndarray:
    """Return the times of the first alarm of many series at once."""
    a, b = np.zeros(draws), np.zeros(draws)
    first, i = np.zeros(draws, int), 0
    while not first.all():
        i += 1
        z = rng.normal(shift, 1, draws)
        if isinstance(chart, Cusum):
            a, b = np.maximum(0, a + z - chart.k), np.maximum(0, b - z - chart.k)
            high, low, limit = a, b, chart.h
        else:
            a = (1 - chart.smoothing) * a + chart.smoothing * z
            high, low, limit = a, -a, chart.limit
        over = ((high > limit) & (chart.sides != "down")) | ((low > limit) & (chart.sides != "up"))
        first[(first == 0) & over] = i
    return first


@pytest.mark.parametrize(
    ("chart", "shift"),
    [
        (Cusum(0.5, 3.0), 0.0),
        (Cusum(0.5, 3.0), 0.7),
        (Cusum(0.25, 4.0, "up"), 0.0),
        (Cusum(0.5, 2.5, "down"), -0.5),
        (Ewma(0.2, 2.3), 0.0),
        (Ewma(0.1, 2.0, "up"), 0.0),
        (Ewma(0.3, 2.2, "down"), -1.0),
        (Ewma(1.0, 2.0), 0.5),
    ],
)
def test_run_lengths_and_chances_are_those_of_simulated_series(chart: Chart, shift: float) -> None:
    first = alarms(chart, np.random.default_rng(2), shift, 6_000)
    error = first.std() / np.sqrt(len(first))
    assert abs(first.mean() - run_length(chart, shift)) < 4 * error
    for horizon in (1, 5, 12):
        chance = alarm_chance(chart, horizon, shift)
        seen = (first <= horizon).mean()
        assert abs(seen - chance) < 4 * np.sqrt(max(chance * (1 - chance), 1e-4) / len(first)) + 1e-3


def test_a_weight_of_one_is_a_chart_of_single_values() -> None:
    from scipy.special import ndtr

    assert run_length(Ewma(1.0, 3.0)) == pytest.approx(1 / (2 * ndtr(-3.0)))
    for one in (Cusum(0.5, 3.0, "up"), Ewma(0.2, 2.0, "up")):
        n = alarm_within(one, 0.95, 1.0)
        assert alarm_chance(one, n - 1, 1.0) < 0.95 <= alarm_chance(one, n, 1.0)
    assert alarm_chance(Ewma(1.0, 3.0), 10) == pytest.approx(1 - (1 - 2 * ndtr(-3.0)) ** 10)


def test_designed_charts_keep_their_false_alarms_and_find_their_shift_soonest() -> None:
    cusum = design_cusum(100, 1.0)
    assert run_length(cusum) == pytest.approx(100, rel=1e-6)
    others = [Cusum(k, design_cusum(100, 2 * k).h) for k in (0.25, 1.0)]
    assert all(run_length(cusum, 1.0) < run_length(other, 1.0) for other in others)
    ewma = design_ewma(100, 1.0)
    assert run_length(ewma) == pytest.approx(100, rel=1e-6)
    assert 0.05 < ewma.smoothing < 0.5
    assert design_ewma(100, 0.25).smoothing < ewma.smoothing < design_ewma(100, 3.0).smoothing
    assert run_length(design_cusum(60, 1.0, "up")) == pytest.approx(60, rel=1e-6)
    with pytest.raises(ValueError, match="the shift to find is 0"):
        design_cusum(100, 0)
    with pytest.raises(ValueError, match="one false alarm in 1 values"):
        design_ewma(1, 1.0)


def watched(values: Any, chart: Chart, **how: Any) -> Monitored:
    found = monitor(values, chart, **how)
    assert isinstance(found, Monitored), found
    return found


def test_a_shift_is_found_and_the_sum_starts_anew() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(50, 2, 60)
    values[45:] += 4
    found = watched(values, Cusum(0.5, 4), baseline=40)
    alarm = found.table.loc[found.table["alarm"], "time"]
    assert 45 <= alarm.iloc[0] <= 50
    assert found.false_alarm_every == pytest.approx(167.7, abs=0.1)
    assert found.target == pytest.approx(values[:40].mean())
    after = found.table.set_index("time")["up"]
    assert after[alarm.iloc[0] + 1] < after[alarm.iloc[0]]
    mean = watched(values, Ewma(0.2, 2.5), baseline=40, target=50, sd=2)
    by_hand = 0.0
    for z in (values[40:43] - 50) / 2:
        by_hand = 0.8 * by_hand + 0.2 * z
    assert mean.table["up"][2] == pytest.approx(by_hand)
    assert not watched(values, Cusum(0.5, 4, "down"), baseline=40).table["alarm"].any()


def test_values_that_depend_on_the_last_are_reported() -> None:
    rng = np.random.default_rng(4)
    walk = np.cumsum(rng.normal(size=60))
    assert (watched(walk, Cusum(0.5, 4), baseline=40).checks[0].p_value or 1) < 0.01
    assert (watched(rng.normal(size=60), Cusum(0.5, 4), baseline=40).checks[0].p_value or 0) > 0.01


def test_what_cannot_be_watched_is_said() -> None:
    few = monitor(np.arange(30.0), Cusum(0.5, 4), baseline=19)
    assert isinstance(few, NotEstimable)
    assert "19 values before the watch" in few.reason
    assert isinstance(monitor(np.ones(30), Cusum(0.5, 4), baseline=25), NotEstimable)
    assert isinstance(monitor(np.ones(3), Cusum(0.5, 4), baseline=0, target=0, sd=1), Monitored)
    with pytest.raises(ValueError, match="missing or infinite"):
        monitor([1.0, np.nan], Cusum(0.5, 4), baseline=1)
    with pytest.raises(ValueError, match="expected k >= 0 and h > 0"):
        Cusum(0.5, 0)
    with pytest.raises(ValueError, match="0 < smoothing <= 1"):
        Ewma(1.5, 3)
    with pytest.raises(ValueError, match="sides is 'left'"):
        Ewma(0.5, 3, "left")  # type: ignore[arg-type]
