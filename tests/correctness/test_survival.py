"""Survival, restricted means and the log-rank test against published values and small cases worked by hand."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from insights.stats.counts import risk_table
from insights.stats.logrank import logrank, logrank_from_counts
from insights.stats.restricted import restricted_mean_difference
from insights.stats.results import Estimate, NotEstimable
from insights.stats.survival import SurvivalCurve, kaplan_meier, kaplan_meier_from_counts


def values(curve: SurvivalCurve, months: list[float], group: str = "") -> list[float]:
    found = curve.at(months, group)
    assert all(isinstance(e, Estimate) for e in found), found
    return [e.value for e in found if isinstance(e, Estimate)]


@pytest.mark.acceptance("kaplan_meier_rossi")
@pytest.mark.parametrize("via_counts", [False, True], ids=["rows", "counts"])
def test_rossi(shared: Path, acceptance: dict[str, Any], via_counts: bool) -> None:
    expected = acceptance["kaplan_meier_rossi"]
    rossi = pd.read_csv(shared / "data" / "reference" / "rossi.csv")
    if via_counts:
        counts = risk_table(rossi["week"], rossi["arrest"], group=rossi["fin"])
        curve, test = kaplan_meier_from_counts(counts), logrank_from_counts(counts)
    else:
        curve = kaplan_meier(rossi["week"], rossi["arrest"], group=rossi["fin"])
        test = logrank(rossi["week"], rossi["arrest"], rossi["fin"])
    for group, survival in expected["survival_at_week_52_by_fin"].items():
        assert values(curve, [52], group) == pytest.approx([survival], abs=expected["tol"])
    assert test.statistic == pytest.approx(expected["logrank_chi2"], abs=expected["tol"])
    assert test.df == 1
    assert test.p_value == pytest.approx(math.erfc(math.sqrt(expected["logrank_chi2"] / 2)), abs=1e-6)


@pytest.mark.acceptance("delayed_entry_mgus2", part="curve")
def test_delayed_entry_mgus2(shared: Path, acceptance: dict[str, Any]) -> None:
    expected = acceptance["delayed_entry_mgus2"]
    mgus2 = pd.read_csv(shared / "data" / "reference" / "mgus2.csv")
    entry = 12 * mgus2["age"]
    curve = kaplan_meier(entry + mgus2["futime"], mgus2["death"], entry=entry)
    months = [float(m) for m in expected["survival_at_months"]]
    assert values(curve, months) == pytest.approx(list(expected["survival_at_months"].values()), abs=expected["tol"])
    last = curve.at([1080])[0]
    assert isinstance(last, Estimate)
    assert last.n == expected["curve"]["n"]
    assert curve.table["events"].sum() == expected["curve"]["events"]


# Gehan's leukaemia trial (Cox & Oakes 1984, table 1.1), weeks in remission; the figures are the textbooks'.
DRUG = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
DRUG_RELAPSE = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
TIME, RELAPSE, ARM = DRUG + PLACEBO, DRUG_RELAPSE + [1] * 21, ["drug"] * 21 + ["placebo"] * 21


def test_gehan_trial() -> None:
    curve = kaplan_meier(TIME, RELAPSE, group=ARM)
    assert values(curve, [6, 7, 10, 13, 16, 22, 23], "drug") == pytest.approx(
        [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], abs=5e-4
    )
    drug = curve.table[curve.table["group"] == "drug"].set_index("time")
    assert drug.loc[[6, 7, 10, 13, 16, 22, 23], "se"].to_list() == pytest.approx(
        [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346], abs=5e-5
    )
    test = logrank(TIME, RELAPSE, ARM)
    assert test.statistic == pytest.approx(16.79, abs=5e-3)
    medians = [curve.median("drug"), curve.median("placebo")]
    assert [m.value for m in medians if isinstance(m, Estimate)] == [23, 8]


def test_a_case_by_hand() -> None:
    # Month 1: 5 at risk, 1 event. Month 2: 4 at risk, 1 event, 1 censored (still at risk). Month 4: 2 at risk, 1 event.
    curve = kaplan_meier([1, 2, 2, 4, 6], [1, 1, 0, 1, 0])
    assert curve.table["at_risk"].to_list() == [5, 4, 2, 1]
    assert curve.table["survival"].to_list() == pytest.approx([0.8, 0.6, 0.3, 0.3])
    greenwood = 1 / (5 * 4) + 1 / (4 * 3) + 1 / (2 * 1)
    assert curve.table["se"].iloc[-1] == pytest.approx(0.3 * math.sqrt(greenwood))
    # log(-log S) by its definition
    theta, half = math.log(-math.log(0.3)), 1.959963985 * math.sqrt(greenwood) / -math.log(0.3)
    assert curve.table["low"].iloc[-1] == pytest.approx(math.exp(-math.exp(theta + half)))
    assert curve.table["high"].iloc[-1] == pytest.approx(math.exp(-math.exp(theta - half)))
    # 1·1 + 0.8·1 + 0.6·2 + 0.3·1
    mean = curve.restricted_mean(5)
    assert isinstance(mean, Estimate)
    assert mean.value == pytest.approx(3.3)
    # areas ahead of the three steps: 0.8 + 1.2 + 0.3, 1.2 + 0.3, 0.3
    assert mean.se == pytest.approx(math.sqrt(2.3**2 / 20 + 1.5**2 / 12 + 0.3**2 / 2))
    assert (mean.n, mean.n_events, mean.unit) == (5, 3, "months")


def test_half_a_month_is_a_time_and_units_enter_just_after_their_entry() -> None:
    table = risk_table([0.5, 3, 3, 5], ["a", "a", "", "a"], entry=[0, 0, 1, 3])
    assert table["time"].to_list() == [0.5, 3, 5]
    assert table["at_risk"].to_list() == [2, 2, 1]  # who enters at 3 is not at risk at 3
    assert table["events"].to_list() == [1, 1, 1]


def test_where_a_curve_has_no_value() -> None:
    curve = kaplan_meier([1, 2, 5, 5], [1, 0, 0, 0])
    beyond = curve.at([5, 5.5])
    assert isinstance(beyond[0], Estimate)
    assert isinstance(beyond[1], NotEstimable)
    assert "nobody is at risk beyond 5 months" in beyond[1].reason
    assert isinstance(curve.restricted_mean(5), Estimate)
    assert isinstance(curve.restricted_mean(6), NotEstimable)
    assert isinstance(curve.restricted_mean(0), NotEstimable)
    median = curve.median()
    assert isinstance(median, NotEstimable)
    assert "stays above one half" in median.reason
    nobody = curve.at([1], "elsewhere")[0]
    assert isinstance(nobody, NotEstimable)
    assert "elsewhere" in nobody.reason
    empty = kaplan_meier([], [])
    assert empty.table.empty
    assert not empty.at([12])[0]
    assert list(risk_table([], []).columns) == ["group", "time", "cause", "at_risk", "events"]


def test_an_emptied_risk_set_ends_the_curve_instead_of_holding_it_at_zero() -> None:
    # The only one at risk at 2 months leaves then; ten others enter at 3 months.
    curve = kaplan_meier([2] + [10] * 10, [1] + [0] * 10, entry=[0] + [3] * 10)
    assert [e.value for e in curve.at([1]) if isinstance(e, Estimate)] == [1.0]
    refused = curve.at([2, 5])
    assert all(isinstance(e, NotEstimable) for e in refused)
    assert "all at risk at 2 months leave then" in refused[1].reason  # type: ignore[union-attr]
    assert curve.table.loc[curve.table["time"] >= 2, "survival"].isna().all()
    assert isinstance(curve.restricted_mean(2), Estimate)
    assert isinstance(curve.restricted_mean(3), NotEstimable)
    assert [c.statistic for c in curve.checks if c.name == "risk sets stay filled"] == [1]
    # Everybody is censored at 2 months, and others enter at 3: what happens in between is not observed.
    gap = kaplan_meier([2, 2, 8, 9], [0, 0, 1, 0], entry=[0, 0, 3, 3])
    assert gap.at([2])[0]
    assert not gap.at([2.5])[0]
    assert not gap.at([8])[0]
    assert gap.table["at_risk"].to_list() == [2, 0, 2, 1]
    # Entering in the very month in which the others leave is no gap; a curve that simply ends at zero is not emptied.
    assert kaplan_meier([2, 2, 8, 9], [0, 0, 1, 0], entry=[0, 0, 2, 2]).at([8])[0]
    assert kaplan_meier([1, 2], [1, 1]).at([2])[0]


def test_nothing_is_said_of_the_time_before_the_first_entry() -> None:
    counts = risk_table([5, 8, 9, 9], ["a", "", "a", ""], entry=[3, 4, 3, 3], group=["x"] * 4)
    assert counts[["time", "at_risk"]].to_numpy().tolist() == [[3, 0], [5, 4], [8, 3], [9, 2]]
    for curve in (kaplan_meier([5, 8, 9, 9], ["a", "", "a", ""], entry=[3, 4, 3, 3]), kaplan_meier_from_counts(counts)):
        group = next(iter(curve.steps))
        early, first = curve.at([2.5, 3], group)
        assert isinstance(early, NotEstimable)
        assert "nobody is at risk before 3 months" in early.reason
        assert isinstance(first, Estimate)
        assert (first.value, first.low) == (1, 1)
        assert values(curve, [5], group) == [0.75]  # given that 3 months were reached
        mean = curve.restricted_mean(8, group)
        assert isinstance(mean, NotEstimable)
        assert "take it for granted" in mean.reason
        assert [c.statistic for c in curve.checks if c.name == "observed from the start"] == [3]


def test_small_early_risk_sets_are_reported() -> None:
    entry = [0, 0, 0] + [12] * 50
    curve = kaplan_meier([6, 20, 20] + [30] * 50, [1, 0, 0] + [1] * 25 + [0] * 25, entry=entry)
    check = curve.checks[0]
    assert check.statistic == 3
    assert "only 3 at risk at 6 months" in check.reason
    together = kaplan_meier([6, 20, 20] + [30] * 50, [1, 0, 0] + [1] * 25 + [0] * 25).checks[0]
    assert together.statistic is None
    assert "no event happens before" in together.reason


def test_edges_have_intervals() -> None:
    curve = kaplan_meier([1, 2, 2, 3], [0, 1, 1, 1])
    first, last = curve.table.iloc[0], curve.table.iloc[-1]
    assert (first["survival"], first["high"]) == (1, 1)
    assert first["low"] == pytest.approx(0.025 ** (1 / 4))  # no event among 4: the exact binomial bound
    assert (last["survival"], last["low"]) == (0, 0)
    assert 0 < last["high"] <= curve.table["high"].iloc[-2]
    at_zero, early = curve.at([0, 0.5])
    assert isinstance(at_zero, Estimate)
    assert isinstance(early, Estimate)
    assert (at_zero.value, at_zero.low, at_zero.high) == (1, 1, 1)
    assert early.low == first["low"]
    mean = curve.restricted_mean(1.5)
    assert isinstance(mean, Estimate)
    assert (mean.value, mean.high) == (1.5, 1.5)
    assert 0 < mean.low < 1.5


def test_the_median_may_have_no_upper_end() -> None:
    median = kaplan_meier([1, 2, 3, 4, 9, 9, 9], [1, 1, 1, 1, 0, 0, 0]).median()
    assert isinstance(median, Estimate)
    assert (median.value, median.high) == (4, math.inf)
    assert median.low < 4


def test_difference_of_restricted_means() -> None:
    curve = kaplan_meier(TIME, RELAPSE, group=ARM)
    drug, placebo = curve.restricted_mean(20, "drug"), curve.restricted_mean(20, "placebo")
    gap = restricted_mean_difference(curve, "drug", "placebo", 20)
    assert isinstance(gap, Estimate)
    assert isinstance(drug, Estimate)
    assert isinstance(placebo, Estimate)
    assert gap.value == pytest.approx(drug.value - placebo.value)
    assert gap.se == pytest.approx(math.hypot(drug.se or 0, placebo.se or 0))
    assert gap.low > 0  # the drug works
    beyond = restricted_mean_difference(curve, "drug", "placebo", 30)
    assert isinstance(beyond, NotEstimable)
    assert "group 'placebo'" in beyond.reason
    none = restricted_mean_difference(curve, "drug", "placebo", 0.5)
    assert isinstance(none, NotEstimable)


def test_logrank_refuses_with_a_reason() -> None:
    assert "fewer than two groups" in logrank([1, 2], [1, 1], ["a", "a"]).reason
    assert "no event" in logrank([1, 2], [0, 0], ["a", "b"]).reason
    apart = logrank([1, 2, 9, 9], [1, 1, 1, 0], ["a", "a", "b", "b"], entry=[0, 0, 5, 5])
    assert apart.statistic is None
    assert "at risk when an event happens" in apart.reason


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"time": [1, -1], "event": [1, 0]}, "1 times are negative"),
        ({"time": [1, math.nan], "event": [1, 0]}, "1 values of time are missing"),
        ({"time": [1, 2], "event": [1]}, "event|cause has shape"),
        ({"time": [1, 2], "event": [1, 0], "entry": [1, 0]}, "1 rows are never at risk"),
        ({"time": [1, 2], "event": [1, 0], "weight": [1, -2]}, "1 weights are negative"),
        ({"time": [1, 2], "event": [1, 0], "group": ["a", None]}, "1 values of group are missing"),
        ({"time": [1, 2], "event": [0.5, 0]}, "cause holds fractions"),
        ({"time": [1, 2], "event": [1, 0], "level": 95}, "confidence level is 95"),
    ],
)
def test_impossible_input(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kaplan_meier(**arguments)


def test_impossible_counts() -> None:
    good = risk_table([1, 2, 3], ["a", "b", ""])
    with pytest.raises(ValueError, match="lack at_risk"):
        kaplan_meier_from_counts(good.drop(columns="at_risk"))
    with pytest.raises(ValueError, match="differ between the causes"):
        kaplan_meier_from_counts(good.assign(at_risk=range(len(good))))
    with pytest.raises(ValueError, match="1 values of events are missing"):
        kaplan_meier_from_counts(good.assign(events=[np.nan] + [0] * (len(good) - 1)))
    with pytest.raises(ValueError, match="events without a cause"):
        kaplan_meier_from_counts(good.replace({"cause": {"a": ""}}))
    with pytest.raises(ValueError, match="horizon is -1"):
        kaplan_meier_from_counts(good).at([-1])
