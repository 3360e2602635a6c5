"""What must hold of every curve, whatever the data (Hypothesis)."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insights.stats.counts import risk_table
from insights.stats.incidence import IncidenceCurve, cumulative_incidence, cumulative_incidence_from_counts
from insights.stats.logrank import logrank, logrank_from_counts
from insights.stats.results import Estimate, NotEstimable
from insights.stats.survival import SurvivalCurve, kaplan_meier, kaplan_meier_from_counts

curves = settings(max_examples=30, deadline=None)


@st.composite
def rows(draw: st.DrawFn) -> pd.DataFrame:
    """A few rows of half months (ties, late entries, weights, three causes, two groups), or of thirds of a month."""
    n = draw(st.integers(1, 40))
    scale = draw(st.sampled_from([0.5, 1 / 3]))
    entry = draw(st.lists(st.integers(0, 12), min_size=n, max_size=n))
    length = draw(st.lists(st.integers(1, 12), min_size=n, max_size=n))
    late = draw(st.booleans())
    start = np.array(entry if late else [0] * n, dtype=float)
    return pd.DataFrame(
        {
            "time": (start + length) * scale,
            "cause": draw(st.lists(st.sampled_from(["", "", "a", "b", "c"]), min_size=n, max_size=n)),
            "entry": start * scale,
            "weight": draw(st.lists(st.integers(0, 5), min_size=n, max_size=n)),
            "group": draw(st.lists(st.sampled_from(["x", "y"]), min_size=n, max_size=n)),
        }
    )


def arguments(data: pd.DataFrame, **changed: Any) -> dict[str, Any]:
    return {c: data[c] for c in data.columns} | changed


def survival(data: pd.DataFrame) -> SurvivalCurve:
    return kaplan_meier(data["time"], data["cause"], entry=data["entry"], weight=data["weight"], group=data["group"])


def incidence(data: pd.DataFrame) -> IncidenceCurve:
    return cumulative_incidence(**arguments(data))


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one, other, check_dtype=False, rtol=1e-9, atol=1e-9)


@curves
@given(rows(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(data: pd.DataFrame, random: Any) -> None:
    order = list(range(len(data)))
    random.shuffle(order)
    shuffled = data.iloc[order]
    same(incidence(data).table, incidence(shuffled).table)
    same(survival(data).table, survival(shuffled).table)


@curves
@given(rows())
def test_names_do_not_matter(data: pd.DataFrame) -> None:
    causes, groups = {"a": "late", "b": "early", "c": "odd"}, {"x": "second", "y": "first"}
    named = data.replace({"cause": causes, "group": groups})
    plain, renamed = incidence(data).table, incidence(named).table
    back = plain.replace({"cause": causes, "group": groups}).sort_values(["group", "time", "cause"], ignore_index=True)
    same(back, renamed)
    one = logrank(data["time"], data["cause"], data["group"], data["entry"], data["weight"])
    other = logrank(named["time"], named["cause"], named["group"], named["entry"], named["weight"])
    assert (one.statistic is None) == (other.statistic is None)
    if one.statistic is not None:
        assert one.statistic == pytest.approx(other.statistic, abs=1e-9)


@curves
@given(rows(), st.integers(1, 20))
def test_what_happens_after_the_horizon_does_not_matter(data: pd.DataFrame, half_months: int) -> None:
    """Ending the observation of everybody just after the horizon changes nothing up to it."""
    horizon = half_months / 2
    seen = data[data["entry"] < horizon].copy()
    later = seen["time"] > horizon
    seen["time"] = seen["time"].where(~later, horizon + 0.25)
    seen["cause"] = seen["cause"].where(~later, "")
    full, cut = survival(data), survival(seen)
    for group in ("x", "y"):
        for month in (0.0, horizon / 2, horizon):
            a, b = full.at([month], group)[0], cut.at([month], group)[0]
            if isinstance(a, Estimate) and isinstance(b, Estimate):
                assert a.value == pytest.approx(b.value)
                assert a.se == pytest.approx(b.se)
        one, other = full.restricted_mean(horizon, group), cut.restricted_mean(horizon, group)
        if isinstance(one, Estimate) and isinstance(other, Estimate):
            assert (one.value, one.se) == pytest.approx((other.value, other.se))
        # Entries after the horizon may tell that an early curve must not be believed; the cut data cannot know.
        assert not (isinstance(one, Estimate) and isinstance(other, NotEstimable))


@curves
@given(rows(), st.sampled_from([0.1, 3.0, 30.4375]))
def test_the_unit_of_time_does_not_matter(data: pd.DataFrame, factor: float) -> None:
    scaled = data.assign(time=data["time"] * factor, entry=data["entry"] * factor)
    one, other = incidence(data), incidence(scaled)
    same(one.table.assign(time=one.table["time"] * factor), other.table)
    for group, steps in one.steps.items():
        a, b = one.restricted_mean(steps.end / 2, group), other.restricted_mean(steps.end / 2 * factor, group)
        if isinstance(a, Estimate):
            assert isinstance(b, Estimate)
            assert (b.value, b.low, b.high) == pytest.approx((a.value * factor, a.low * factor, a.high * factor))


@curves
@given(rows())
def test_curves_are_monotone_within_zero_and_one_and_inside_their_intervals(data: pd.DataFrame) -> None:
    check_curve(survival(data).table, "survival", ["group"], falling=True)
    found = incidence(data)
    check_curve(found.table, "incidence", ["group", "cause"], falling=False)
    for cause in found.causes:
        check_curve(found.naive(cause).table, "incidence", ["group"], falling=False)


def check_curve(table: pd.DataFrame, column: str, keys: list[str], *, falling: bool) -> None:
    for _, part in table.groupby(keys):
        shown = part.dropna()
        assert part[column].isna().to_list() == sorted(part[column].isna())  # an ended curve does not resume
        assert ((shown[["low", column, "high"]] >= 0) & (shown[["low", column, "high"]] <= 1)).all(axis=None)
        assert (shown["low"] <= shown[column]).all()
        assert (shown["high"] >= shown[column]).all()
        assert (shown["se"] >= 0).all()
        steps = np.diff(shown[column]) * (-1 if falling else 1)
        assert (steps >= -1e-12).all()


@curves
@given(rows())
def test_states_share_out_the_time(data: pd.DataFrame) -> None:
    curve = incidence(data)
    for group, steps in curve.steps.items():
        if steps.start > 0:
            continue
        spent = [curve.restricted_mean(steps.end, group)]
        spent += [curve.months_lost(cause, steps.end, group) for cause in curve.causes]
        times = [e for e in spent if isinstance(e, Estimate)]
        assert len(times) == len(spent)
        assert sum(e.value for e in times) == pytest.approx(steps.end)
        assert all(0 <= e.low <= e.value <= e.high <= steps.end + 1e-9 for e in times)


@curves
@given(rows())
def test_counts_carry_all_that_rows_tell(data: pd.DataFrame) -> None:
    counts = risk_table(**arguments(data))
    same(survival(data).table, kaplan_meier_from_counts(counts).table)
    same(incidence(data).table, cumulative_incidence_from_counts(counts).table)
    test = logrank(data["time"], data["cause"], data["group"], data["entry"], data["weight"])
    again = logrank_from_counts(counts)
    assert (test.statistic is None) == (again.statistic is None)
    assert test.statistic is None or test.statistic == pytest.approx(again.statistic)


@curves
@given(rows(), st.sampled_from([3, 5, 10]))
def test_rounded_counts_still_give_curves(data: pd.DataFrame, base: int) -> None:
    """Counts rounded to a multiple may contradict each other; the curves keep their shape and refuse nothing loudly."""
    counts = risk_table(**arguments(data))
    rounded = counts.assign(
        at_risk=(counts["at_risk"] / base).round() * base, events=(counts["events"] / base).round() * base
    )
    check_curve(kaplan_meier_from_counts(rounded).table, "survival", ["group"], falling=True)
    curve = cumulative_incidence_from_counts(rounded)
    check_curve(curve.table, "incidence", ["group", "cause"], falling=False)
    for group, steps in curve.steps.items():
        mean = curve.restricted_mean(steps.end, group)
        assert steps.start > 0 if isinstance(mean, NotEstimable) else mean.value <= steps.end + 1e-9
    statistic = logrank_from_counts(rounded).statistic
    assert statistic is None or statistic >= 0


@curves
@given(rows())
def test_the_median_is_where_the_curve_crosses_one_half(data: pd.DataFrame) -> None:
    curve = survival(data)
    for group in curve.steps:
        part, median = curve.table[curve.table["group"] == group].dropna(), curve.median(group)
        crossed = part.loc[part["survival"] <= 0.5 + 1e-12, "time"]
        if isinstance(median, NotEstimable):
            assert crossed.empty
        else:
            assert median.value == crossed.iloc[0]
            assert median.low <= median.value <= median.high
