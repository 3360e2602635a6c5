"""What must hold of multistate curves, whatever the data (Hypothesis)."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from insights.stats.multistate import StateOccupation, state_occupation, state_occupation_from_counts
from insights.stats.multistate.counts import transition_table
from insights.stats.results import Estimate, NotEstimable

STATES = ["a", "b", "c", "gone"]
curves = settings(max_examples=40, deadline=None)


@st.composite
def spells(draw: st.DrawFn) -> pd.DataFrame:
    """Up to fifteen units that wander among a, b, c by half months, enter late, are lost, or leave for good."""
    rows = []
    for unit in range(draw(st.integers(1, 15))):
        now = draw(st.integers(0, 4)) if draw(st.booleans()) else 0
        state, weight = draw(st.sampled_from("aab")), draw(st.integers(1, 3))
        group = draw(st.sampled_from("pq"))
        for _ in range(draw(st.integers(1, 4))):
            leave = now + draw(st.integers(1, 6))
            to = draw(st.sampled_from([*(s for s in "abc" if s != state), "gone", ""]))
            rows.append((unit, state, to, now / 2, leave / 2, weight, group))
            now = leave
            if to in ("gone", ""):
                break
            state = to
    return pd.DataFrame(rows, columns=["unit", "from", "to", "entry", "exit", "weight", "group"])


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one, other, check_dtype=False, rtol=1e-9, atol=1e-9)


def times(curve: StateOccupation, horizon: float, group: str, **how: Any) -> list[Estimate | NotEstimable]:
    return [curve.expected_time(state, horizon, group, **how) for state in curve.states]


@curves
@given(spells())
def test_probabilities_are_shares_inside_their_intervals_and_times_add_up(data: pd.DataFrame) -> None:
    curve = state_occupation(data)
    shown = curve.table.dropna()
    assert shown[["low", "occupation", "high"]].to_numpy().min(initial=0) >= 0
    assert shown[["low", "occupation", "high"]].to_numpy().max(initial=1) <= 1 + 1e-12
    assert (shown["low"] <= shown["occupation"]).all()
    assert (shown["occupation"] <= shown["high"]).all()
    assert (shown["se"] >= 0).all()
    total = shown.groupby(["group", "time"])["occupation"].sum()
    assert total.to_numpy() == pytest.approx(1.0, abs=1e-9)
    for group, paths in curve.paths.items():
        if paths.start > 0 or paths.end == 0:
            continue
        spent = times(curve, paths.end, group)
        assert sum(e.value for e in spent if isinstance(e, Estimate)) == pytest.approx(paths.end)
        assert all(isinstance(e, Estimate) and e.low <= e.value <= e.high for e in spent)


@curves
@given(spells(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(data: pd.DataFrame, random: Any) -> None:
    order = list(range(len(data)))
    random.shuffle(order)
    same(state_occupation(data).table, state_occupation(data.iloc[order]).table)


@curves
@given(spells())
def test_names_of_states_do_not_matter(data: pd.DataFrame) -> None:
    names = {"a": "zeta", "b": "eta", "c": "theta", "gone": "alpha"}
    renamed = data.replace({"from": names, "to": names})
    keys = ["group", "time", "state"]
    one = state_occupation(data).table.replace({"state": names}).sort_values(keys, ignore_index=True)
    same(one, state_occupation(renamed).table.sort_values(keys, ignore_index=True))


ALL_AT_ONCE = pd.DataFrame(
    [
        (0, "a", "b", 0.0, 0.5, 1, "q"),
        (0, "b", "c", 0.5, 1.0, 1, "q"),
        (1, "a", "b", 0.0, 0.5, 1, "p"),
        (2, "b", "gone", 0.0, 0.5, 2, "q"),
    ],
    columns=["unit", "from", "to", "entry", "exit", "weight", "group"],
)
"""In group p nobody stays: the time in a state is certain, and rounding made an error of it."""


@curves
@example(ALL_AT_ONCE, 0.1)
@given(spells(), st.sampled_from([0.1, 3.0, 30.4375]))
def test_the_unit_of_time_does_not_matter(data: pd.DataFrame, factor: float) -> None:
    scaled = data.assign(entry=data["entry"] * factor, exit=data["exit"] * factor)
    one, other = state_occupation(data), state_occupation(scaled)
    same(one.table.assign(time=one.table["time"] * factor), other.table)
    for group, paths in one.paths.items():
        if paths.start > 0 or paths.end == 0:
            continue
        pairs = zip(times(one, paths.end, group), times(other, paths.end * factor, group), strict=True)
        for a, b in pairs:
            assert isinstance(a, Estimate)
            assert isinstance(b, Estimate)
            assert (b.value, b.low, b.high) == pytest.approx((a.value * factor, a.low * factor, a.high * factor))


@curves
@given(spells())
def test_counts_carry_all_that_spells_tell(data: pd.DataFrame) -> None:
    one = state_occupation(data, initial="a", states=STATES)
    units = {group: paths.counts.units for group, paths in one.paths.items()}
    other = state_occupation_from_counts(transition_table(data), initial="a", states=STATES, units=units)
    same(one.table, other.table)
    assert one.checks == other.checks


@curves
@given(spells(), st.integers(1, 12))
def test_what_happens_after_the_horizon_does_not_matter(data: pd.DataFrame, half_months: int) -> None:
    """Ending the observation of everybody just after the horizon changes nothing up to it."""
    horizon = half_months / 2
    seen = data[data["entry"] < horizon].copy()
    later = seen["exit"] > horizon
    seen["exit"] = seen["exit"].where(~later, horizon + 0.25)
    seen["to"] = seen["to"].where(~later, "")
    if seen.empty:
        return
    full, cut = state_occupation(data), state_occupation(seen, states=STATES)
    for group in cut.paths:
        for state in full.states:
            a, b = full.expected_time(state, horizon, group), cut.expected_time(state, horizon, group)
            if isinstance(a, Estimate) and isinstance(b, Estimate):
                assert (a.value, a.se) == pytest.approx((b.value, b.se), abs=1e-9)


@curves
@given(spells(), st.sampled_from([3, 5, 10]))
def test_rounded_counts_still_give_shares(data: pd.DataFrame, base: int) -> None:
    counts = transition_table(data)
    columns = ["at_risk", "events"]
    rounded = counts.assign(**{c: (counts[c] / base).round() * base for c in columns})
    if not rounded["at_risk"].any():
        return
    table = state_occupation_from_counts(rounded, initial="a", states=STATES, blur=base / np.sqrt(12)).table.dropna()
    assert table[["low", "occupation", "high"]].to_numpy().min(initial=0) >= 0
    assert table[["low", "occupation", "high"]].to_numpy().max(initial=1) <= 1 + 1e-12
