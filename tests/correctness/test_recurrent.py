"""Mean numbers of events that happen again: counted by hand, against derivatives, and covering a known truth."""

import numpy as np
import pandas as pd
import pytest

from insights.stats.recurrent import mean_cumulative_count
from insights.stats.results import Estimate, NotEstimable


def _weighted_mean(units: pd.DataFrame, events: pd.DataFrame, weight: np.ndarray, month: float) -> float:
    """The mean by its definition, time by time, with a weight for each stretch."""
    stay, mean = 1.0, 0.0
    for t in np.unique(np.concatenate([events["time"], units["exit"]])):
        if t > month:
            break
        n = weight[(units["entry"] < t) & (t <= units["exit"])].sum()
        if n:
            mean += stay * weight[events["row"][events["time"] == t]].sum() / n
            stay *= 1 - weight[(units["exit"] == t) & units["ended"]].sum() / n
    return mean


def _simulated(seed: int, n: int = 60) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    entry = rng.integers(0, 6, n).astype(float)
    leave = entry + rng.integers(1, 24, n)
    units = pd.DataFrame({"unit": np.arange(n), "entry": entry, "exit": leave, "ended": rng.random(n) < 0.4})
    row = np.repeat(np.arange(n), rng.poisson(1.2, n))
    time = entry[row] + np.ceil(rng.random(len(row)) * (leave - entry)[row])
    return units, pd.DataFrame({"row": row, "time": time})


def test_a_unit_that_has_ended_counts_on_with_no_further_event() -> None:
    units = pd.DataFrame(
        {"unit": [0, 1, 2, 3], "entry": 0.0, "exit": [4.0, 4, 2, 4], "ended": [False, False, True, False]}
    )
    events = pd.DataFrame({"row": [0, 1, 0], "time": [1.0, 3.0, 4.0]})
    table = mean_cumulative_count(units, events).table
    # One of four at month 1; then one of four ends, and one of the three left stands for a quarter each of four.
    assert table["mean"].tolist() == pytest.approx([1 / 4, 1 / 4, 1 / 4 + 3 / 4 / 3, 3 / 4])
    assert table["at_risk"].tolist() == [4, 4, 3, 3]


def test_who_drops_out_of_observation_is_taken_to_go_on_like_the_others() -> None:
    units = pd.DataFrame({"unit": [0, 1], "entry": 0.0, "exit": [1.0, 2.0], "ended": False})
    table = mean_cumulative_count(units, pd.DataFrame({"row": [1], "time": [2.0]})).table
    assert table["mean"].iloc[-1] == 1.0


@pytest.mark.parametrize("seed", [1, 2])
def test_the_error_is_that_of_the_derivatives_by_each_unit(seed: int) -> None:
    units, events = _simulated(seed, 30)
    curve = mean_cumulative_count(units, events)
    n, step = len(units), 1e-5
    for month in (6.0, 15.0, 22.0):
        one = np.ones(n)
        moved = [
            (
                _weighted_mean(units, events, one + step * e, month)
                - _weighted_mean(units, events, one - step * e, month)
            )
            / (2 * step)
            for e in np.eye(n)
        ]
        found = curve.at([month])[0]
        assert isinstance(found, Estimate)
        assert found.value == pytest.approx(_weighted_mean(units, events, one, month))
        assert found.se == pytest.approx(np.sqrt(n / (n - 1) * np.sum(np.square(moved))), rel=1e-6)


def test_stretches_of_one_cluster_count_together() -> None:
    units, events = _simulated(4)
    twice = pd.concat([units, units], ignore_index=True)
    again = pd.concat([events, events.assign(row=events["row"] + len(units))], ignore_index=True)
    both = mean_cumulative_count(twice.assign(cluster=np.tile(np.arange(len(units)), 2)), again).at([12.0])[0]
    once = mean_cumulative_count(units, events).at([12.0])[0]
    assert isinstance(both, Estimate)
    assert isinstance(once, Estimate)
    assert both.value == pytest.approx(once.value)
    assert both.se == pytest.approx(once.se)


def test_the_interval_covers_where_some_units_have_many_events_and_end_sooner() -> None:
    rng, hits, runs, naive = np.random.default_rng(7), 0, 300, 0
    rates, ends = np.array([0.02, 0.25]), np.array([0.01, 0.06])
    months = np.arange(1, 25)
    truth = np.mean([(rate * (1 - end) ** (months - 1)).sum() for rate, end in zip(rates, ends, strict=True)])
    for _ in range(runs):
        kind = rng.integers(0, 2, 200)
        end = rng.geometric(ends[kind]).astype(float)
        seen = rng.integers(12, 37, 200).astype(float)
        leave = np.minimum(end, seen)
        row, time = np.nonzero((rng.random((200, 36)) < rates[kind][:, None]) & (np.arange(1, 37) <= leave[:, None]))
        units = pd.DataFrame({"unit": np.arange(200), "entry": 0.0, "exit": leave, "ended": end <= seen})
        found = mean_cumulative_count(units, pd.DataFrame({"row": row, "time": time + 1.0})).at([24.0])[0]
        assert isinstance(found, Estimate)
        hits += found.low <= truth <= found.high
        poisson = 1.96 / np.sqrt(found.n_events or 1)
        naive += abs(np.log(found.value / truth)) <= poisson
    assert 0.91 <= hits / runs <= 0.985
    assert naive / runs < 0.85  # one event after another of the same unit taken for independent


def test_too_little_is_no_number() -> None:
    units, events = _simulated(5, n=10)
    assert isinstance(mean_cumulative_count(units, events).at([12.0])[0], NotEstimable)
    units, events = _simulated(5)
    curve = mean_cumulative_count(units, events)
    assert isinstance(curve.at([500.0])[0], NotEstimable)
    assert isinstance(mean_cumulative_count(units, events.iloc[:0]).at([12.0])[0], NotEstimable)
    assert isinstance(mean_cumulative_count(units.iloc[:0], events.iloc[:0]).at([12.0])[0], NotEstimable)


def test_an_event_outside_observation_is_refused() -> None:
    units = pd.DataFrame({"unit": [0], "entry": [2.0], "exit": [4.0], "ended": [False]})
    with pytest.raises(ValueError, match="1 events lie outside their stretch"):
        mean_cumulative_count(units, pd.DataFrame({"row": [0], "time": [2.0]}))
    with pytest.raises(ValueError, match="1 stretches are never at risk"):
        mean_cumulative_count(units.assign(exit=2.0), pd.DataFrame({"row": [0], "time": [2.0]}).iloc[:0])
