"""Identities between the curves, and brute-force references for their errors and tests."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from insights.stats.counts import risk_table
from insights.stats.incidence import cumulative_incidence, cumulative_incidence_from_counts
from insights.stats.logrank import logrank, logrank_from_counts
from insights.stats.restricted import restricted_mean_difference
from insights.stats.results import Estimate, NotEstimable
from insights.stats.survival import kaplan_meier, kaplan_meier_from_counts

Array = npt.NDArray[np.float64]


def months_data(seed: int, n: int = 150, *, late: bool = False) -> pd.DataFrame:
    """Half months, all ties, two causes, two groups; a third of the rows enter late where asked to."""
    rng = np.random.default_rng(seed)
    time = rng.integers(1, 40, n) / 2
    entry = np.where(rng.random(n) < 1 / 3, rng.integers(0, 20, n) / 2, 0.0) if late else np.zeros(n)
    frame = pd.DataFrame(
        {
            "time": time,
            "entry": np.where(entry < time, entry, 0.0),
            "cause": rng.choice(["", "a", "b"], n, p=[0.5, 0.3, 0.2]),
            "group": rng.choice(["x", "y"], n),
            "weight": rng.integers(1, 4, n).astype(float),
        }
    )
    # Two that stay keep the risk set filled from the first month on, so that no curve ends early.
    stay = pd.DataFrame({"time": 20.0, "entry": 0.0, "cause": "", "group": ["x", "y"], "weight": 1.0})
    return pd.concat([stay, frame], ignore_index=True)


@pytest.mark.parametrize("late", [False, True], ids=["from the start", "late"])
def test_one_cause_is_one_minus_kaplan_meier_with_its_error_and_interval(late: bool) -> None:
    data = months_data(1, late=late)
    event = data["cause"] != ""
    survival = kaplan_meier(data["time"], event, entry=data["entry"], group=data["group"])
    incidence = cumulative_incidence(data["time"], event, entry=data["entry"], group=data["group"])
    km, aj = survival.table, incidence.table
    assert aj["incidence"].to_numpy() == pytest.approx(1 - km["survival"].to_numpy(), abs=1e-12)
    assert aj["se"].to_numpy() == pytest.approx(km["se"].to_numpy(), abs=1e-9)
    assert aj["low"].to_numpy() == pytest.approx(1 - km["high"].to_numpy(), abs=1e-8)
    assert aj["high"].to_numpy() == pytest.approx(1 - km["low"].to_numpy(), abs=1e-8)
    lost, alive = incidence.months_lost("event", 15, "x"), survival.restricted_mean(15, "x")
    assert isinstance(lost, Estimate)
    assert isinstance(alive, Estimate)
    assert lost.value + alive.value == pytest.approx(15)
    assert lost.se == pytest.approx(alive.se)


def test_survival_and_incidences_add_up_to_one_and_times_to_the_horizon() -> None:
    data = months_data(2, late=True)
    incidence = cumulative_incidence(data["time"], data["cause"], entry=data["entry"])
    survival = kaplan_meier(data["time"], data["cause"], entry=data["entry"])
    total = incidence.table.groupby("time")["incidence"].sum().to_numpy() + survival.table["survival"].to_numpy()
    assert total == pytest.approx(np.ones(len(total)), abs=1e-12)
    spent = [incidence.restricted_mean(14.5), *(incidence.months_lost(c, 14.5) for c in "ab")]
    assert sum(e.value for e in spent if isinstance(e, Estimate)) == pytest.approx(14.5)


@pytest.mark.parametrize("late", [False, True], ids=["from the start", "late"])
def test_counts_give_what_rows_give(late: bool) -> None:
    data = months_data(3, late=late)
    rows: dict[str, Any] = {name: data[name] for name in ("time", "entry", "weight", "group")}
    counts = risk_table(cause=data["cause"], **rows)
    units = {str(g): float(w) for g, w in data.groupby("group")["weight"].sum().items()}
    km, km_counts = kaplan_meier(event=data["cause"], **rows), kaplan_meier_from_counts(counts, units=units)
    aj = cumulative_incidence(cause=data["cause"], **rows)
    aj_counts = cumulative_incidence_from_counts(counts, units=units)
    pd.testing.assert_frame_equal(km.table, km_counts.table)
    pd.testing.assert_frame_equal(aj.table, aj_counts.table)
    assert (km.checks, aj.checks) == (km_counts.checks, aj_counts.checks)
    assert km.at([3, 9], "y") == km_counts.at([3, 9], "y")
    assert km.median("x") == km_counts.median("x")
    assert km.restricted_mean(9, "x") == km_counts.restricted_mean(9, "x")
    assert aj.at([3, 9], "y", cause="b") == aj_counts.at([3, 9], "y", cause="b")
    assert logrank(event=data["cause"], **rows) == logrank_from_counts(counts)


def test_cells_give_what_their_rows_give() -> None:
    data = months_data(4, late=True)
    long = data.loc[data.index.repeat(data["weight"].astype(int))]
    keys = ["group", "entry", "time", "cause"]
    cells = long.groupby(keys).size().rename("n").reset_index()
    from_rows = risk_table(long["time"], long["cause"], entry=long["entry"], group=long["group"])
    from_cells = risk_table(
        cells["time"], cells["cause"], entry=cells["entry"], weight=cells["n"], group=cells["group"]
    )
    pd.testing.assert_frame_equal(from_rows, from_cells)
    assert kaplan_meier(long["time"], long["cause"], entry=long["entry"]).restricted_mean(12) == kaplan_meier(
        cells["time"], cells["cause"], entry=cells["entry"], weight=cells["n"]
    ).restricted_mean(12)


def test_continuous_times_give_what_months_give() -> None:
    """A thousandth of a month makes the times leave the grid of half months; nothing else may change."""
    data = months_data(5, late=True)
    on_grid = kaplan_meier(data["time"], data["cause"], entry=data["entry"])
    off_grid = kaplan_meier(data["time"] + 0.001, data["cause"], entry=data["entry"] + 0.001)
    assert off_grid.table["time"].to_numpy() == pytest.approx(on_grid.table["time"].to_numpy() + 0.001)
    pd.testing.assert_frame_equal(on_grid.table.drop(columns="time"), off_grid.table.drop(columns="time"))


def test_delayed_entry_against_the_definition() -> None:
    data = months_data(6, late=True)
    curve = kaplan_meier(data["time"], data["cause"], entry=data["entry"], weight=data["weight"])
    survival, greenwood = 1.0, 0.0
    for row in curve.table.itertuples():
        at_risk = data.loc[(data["entry"] < row.time) & (data["time"] >= row.time), "weight"].sum()
        events = data.loc[(data["time"] == row.time) & (data["cause"] != ""), "weight"].sum()
        survival *= 1 - events / at_risk
        greenwood += events / (at_risk * (at_risk - events))
        assert row.at_risk == at_risk
        assert row.survival == pytest.approx(survival)
        assert row.se == pytest.approx(survival * np.sqrt(greenwood))
    assert set(curve.table["time"]) == set(data["time"])


def jackknife_se(statistic: Callable[[Array], float], n: int) -> float:
    """Infinitesimal jackknife: the derivative of the statistic by each row's weight, squared and added up."""
    step, moved = 1e-5, []
    for i in range(n):
        up, down = np.ones(n), np.ones(n)
        up[i], down[i] = 1 + step, 1 - step
        moved.append((statistic(up) - statistic(down)) / (2 * step))
    return float(np.sqrt(np.sum(np.square(moved))))


def aalen_johansen(data: pd.DataFrame, weight: Array, cause: str) -> tuple[Array, Array, Array]:
    """Times, survival and incidence by the definition, for any weights."""
    time, own = data["time"].to_numpy(), data["cause"].to_numpy()
    times = np.unique(time)
    at_risk = np.array([weight[time >= t].sum() for t in times])
    rate = np.array([weight[(time == t) & (own != "")].sum() for t in times]) / at_risk
    own_rate = np.array([weight[(time == t) & (own == cause)].sum() for t in times]) / at_risk
    survival = np.cumprod(1 - rate)
    return times, survival, np.cumsum(np.append(1.0, survival[:-1]) * own_rate)


def area(times: Array, values: Array, start: float, horizon: float) -> float:
    """Area under a step function, by its definition."""
    before = times < horizon
    edges = np.concatenate([[0.0], times[before], [horizon]])
    return float(np.sum(np.concatenate([[start], values[before]]) * np.diff(edges)))


def test_standard_errors_are_the_infinitesimal_jackknife() -> None:
    data, horizon, month = months_data(7, n=80), 14.5, 11.0
    survival = kaplan_meier(data["time"], data["cause"])
    incidence = cumulative_incidence(data["time"], data["cause"])

    def value(weight: Array, which: str) -> float:
        times, alive, gone = aalen_johansen(data, weight, "a")
        last = int(np.searchsorted(times, month, side="right")) - 1
        return {
            "survival": float(alive[last]),
            "incidence": float(gone[last]),
            "mean": area(times, alive, 1.0, horizon),
            "lost": area(times, gone, 0.0, horizon),
        }[which]

    found = {
        "survival": survival.at([month])[0],
        "incidence": incidence.at([month], cause="a")[0],
        "mean": survival.restricted_mean(horizon),
        "lost": incidence.months_lost("a", horizon),
    }
    for which, estimate in found.items():
        assert isinstance(estimate, Estimate), which
        assert estimate.value == pytest.approx(value(np.ones(len(data)), which)), which
        brute = jackknife_se(lambda weight, which=which: value(weight, which), len(data))  # type: ignore[misc]
        assert estimate.se == pytest.approx(brute, rel=1e-6), which


def test_the_restricted_mean_is_the_integral_of_the_curve() -> None:
    data = months_data(8, late=True)
    curve = kaplan_meier(data["time"], data["cause"], entry=data["entry"])
    grid = np.arange(0, 13, 0.5)
    heights = [e.value for e in curve.at(grid[:-1]) if isinstance(e, Estimate)]
    mean = curve.restricted_mean(12.5)
    assert isinstance(mean, Estimate)
    assert mean.value == pytest.approx(np.sum(np.array(heights) * np.diff(grid)))
    table = cumulative_incidence(data["time"], data["cause"], entry=data["entry"])
    assert table.restricted_mean(12.5) == mean


def observed_minus_expected(data: pd.DataFrame, groups: list[str]) -> tuple[Array, Array]:
    """Return observed minus expected events and its covariance, one month at a time."""
    gap, spread = np.zeros(len(groups)), np.zeros((len(groups), len(groups)))
    w = data["weight"]
    for t in sorted(set(data.loc[data["cause"] != "", "time"])):
        at_risk = (data["entry"] < t) & (data["time"] >= t)
        event = (data["time"] == t) & (data["cause"] != "")
        n = np.array([w[at_risk & (data["group"] == g)].sum() for g in groups])
        d = np.array([w[event & (data["group"] == g)].sum() for g in groups])
        total, events = n.sum(), d.sum()
        if total > 1:
            gap += d - events * n / total
            factor = events * (total - events) / (total - 1)
            spread += factor * (np.diag(n / total) - np.outer(n, n) / total**2)
    return gap, spread


@pytest.mark.parametrize("late", [False, True], ids=["from the start", "late"])
def test_logrank_of_two_groups_is_the_squared_z(late: bool) -> None:
    data = months_data(9, late=late)
    gap, spread = observed_minus_expected(data, ["x", "y"])
    test = logrank(data["time"], data["cause"], data["group"], data["entry"], data["weight"])
    assert test.statistic == pytest.approx(gap[0] ** 2 / spread[0, 0])
    assert test.df == 1


def test_logrank_of_several_groups_with_entry_weights_and_groups_that_come_later() -> None:
    data = months_data(10, n=300, late=True)
    groups = ["p", "q", "r", "s"]
    data["group"] = np.random.default_rng(10).choice(groups, len(data))
    data.loc[data["group"] == "s", "entry"] += 4  # nobody of s is at risk at first
    data = data[data["entry"] < data["time"]]
    gap, spread = observed_minus_expected(data, groups)
    expected = gap[:3] @ np.linalg.solve(spread[:3, :3], gap[:3])
    test = logrank(data["time"], data["cause"], data["group"], data["entry"], data["weight"])
    assert test.statistic == pytest.approx(expected)
    assert test.df == 3


def test_groups_do_not_disturb_each_other() -> None:
    data = months_data(11, late=True)
    both = cumulative_incidence(data["time"], data["cause"], entry=data["entry"], group=data["group"])
    own = data[data["group"] == "x"]
    alone = cumulative_incidence(own["time"], own["cause"], entry=own["entry"])
    months = [0.0, 0.5, 2.5, 7.0, 13.0, 20.0]
    for cause in "ab":
        for one, other in zip(both.at(months, "x", cause=cause), alone.at(months, cause=cause), strict=True):
            assert isinstance(one, Estimate)
            assert isinstance(other, Estimate)
            assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))
        lost, same = both.months_lost(cause, 13, "x"), alone.months_lost(cause, 13)
        assert isinstance(lost, Estimate)
        assert isinstance(same, Estimate)
        assert (lost.value, lost.se) == pytest.approx((same.value, same.se))


def test_intervals_cover_under_delayed_entry_and_the_naive_reading_does_not() -> None:
    """Monthly hazards 0.02 and 0.01, a third of the rows seen only from a later month on."""
    rng = np.random.default_rng(12)
    n, repeats, month = 300, 400, 24
    hazards = {"a": 0.02, "b": 0.01}
    stay = 1 - sum(hazards.values())
    truth = hazards["a"] * (1 - stay**month) / (1 - stay)
    mean_truth = (1 - stay**month) / (1 - stay)
    covered = {"incidence": 0, "naive": 0, "without entry": 0, "mean": 0}
    for _ in range(repeats):
        time = rng.geometric(1 - stay, n).astype(float)
        cause = np.where(rng.random(n) < hazards["a"] / (1 - stay), "a", "b")
        entry = np.where(rng.random(n) < 0.5, rng.integers(0, 24, n), 0).astype(float)
        limit = rng.integers(30, 60, n)
        cause, time = np.where(time > limit, "", cause), np.minimum(time, limit)
        seen = entry < time
        curve = cumulative_incidence(time[seen], cause[seen], entry=entry[seen])
        wrong = cumulative_incidence(time[seen], cause[seen])
        for name, found, true in (
            ("incidence", curve.at([month], cause="a")[0], truth),
            ("naive", curve.naive("a").at([month])[0], truth),
            ("without entry", wrong.at([month], cause="a")[0], truth),
            ("mean", curve.restricted_mean(month), mean_truth),
        ):
            assert isinstance(found, Estimate)
            covered[name] += found.low <= true <= found.high
    # Four binomial standard errors of 400 repeats around 95 %.
    for name in ("incidence", "mean"):
        assert abs(covered[name] / repeats - 0.95) < 4 * np.sqrt(0.95 * 0.05 / repeats), (name, covered)
    assert covered["naive"] / repeats < 0.85, covered
    assert covered["without entry"] / repeats < 0.85, covered


def test_difference_is_antisymmetric() -> None:
    data = months_data(13)
    curve = kaplan_meier(data["time"], data["cause"], group=data["group"])
    one, other = (restricted_mean_difference(curve, a, b, 12) for a, b in (("x", "y"), ("y", "x")))
    assert not isinstance(one, NotEstimable)
    assert not isinstance(other, NotEstimable)
    assert (one.value, one.low, one.high) == pytest.approx((-other.value, -other.high, -other.low))
