"""What must hold of group-time effects, whatever the panel (Hypothesis)."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insights.stats.effects import GroupTimeEffects, att_gt, two_way_fixed_effects
from insights.stats.results import Estimate

few = settings(max_examples=10, deadline=None)


@st.composite
def panels(draw: st.DrawFn) -> pd.DataFrame:
    """Two cohorts and controls of uneven size, with units that come late or leave early."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    periods, sizes = draw(st.integers(4, 7)), [draw(st.integers(15, 30)) for _ in range(3)]
    start = np.repeat([3.0, 4.0, np.inf], sizes)
    n = len(start)
    unit, time = np.repeat(np.arange(n), periods), np.tile(np.arange(1, periods + 1), n)
    data = pd.DataFrame({"unit": unit, "time": time, "start": start[unit], "cluster": unit // 2})
    data["y"] = rng.normal(size=n)[unit] + rng.normal(size=len(unit)) + 0.5 * (time >= data["start"])
    data["cluster"] = data["cluster"] + 1000 * np.searchsorted([3.0, 4.0], data["start"])
    return data[rng.random(len(data)) > draw(st.sampled_from([0.0, 0.1]))]


def fitted(data: pd.DataFrame, **how: Any) -> GroupTimeEffects:
    found = att_gt(data["unit"], data["time"], data["y"], data["start"], **how)
    assert isinstance(found, GroupTimeEffects), found
    return found


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one, other, rtol=1e-8, atol=1e-8)


@few
@given(panels(), st.integers(0, 100))
def test_order_and_names_do_not_matter(data: pd.DataFrame, seed: int) -> None:
    shuffled = data.sample(frac=1, random_state=seed)
    renamed = shuffled.assign(unit="u" + shuffled["unit"].astype(str), cluster="c" + shuffled["cluster"].astype(str))
    for how in ({}, {"controls": "not_yet"}):
        same(fitted(data, **how).table, fitted(shuffled, **how).table)
    same(fitted(data, cluster=data["cluster"]).table, fitted(renamed, cluster=renamed["cluster"]).table)


@few
@given(panels(), st.sampled_from([-3.0, 0.01, 1e6]))
def test_a_unit_of_its_own_for_the_outcome_scales_everything(data: pd.DataFrame, factor: float) -> None:
    one, other = fitted(data), fitted(data.assign(y=data["y"] * factor + 17))
    assert (other.table["effect"] / factor).to_list() == pytest.approx(
        one.table["effect"].to_list(), abs=1e-7, nan_ok=True
    )
    assert (other.table["se"] / abs(factor)).to_list() == pytest.approx(
        one.table["se"].to_list(), abs=1e-7, nan_ok=True
    )
    assert other.pretrend.p_value == pytest.approx(one.pretrend.p_value, abs=1e-6)
    a, b = (
        two_way_fixed_effects(d["unit"], d["time"], d["y"], d["start"])
        for d in (data, data.assign(y=data["y"] * factor))
    )
    assert isinstance(a, Estimate)
    assert isinstance(b, Estimate)
    assert b.value / factor == pytest.approx(a.value)


@few
@given(panels(), st.integers(0, 1000))
def test_what_is_common_to_a_period_or_fixed_for_a_unit_changes_nothing(data: pd.DataFrame, seed: int) -> None:
    rng = np.random.default_rng(seed)
    by_unit, by_time = rng.normal(0, 5, 200), rng.normal(0, 5, 20)
    moved = data.assign(y=data["y"] + by_unit[data["unit"]] + by_time[data["time"]])
    pd.testing.assert_frame_equal(fitted(data).table, fitted(moved).table, rtol=1e-6, atol=1e-6)
    a, b = (two_way_fixed_effects(d["unit"], d["time"], d["y"], d["start"]) for d in (data, moved))
    assert isinstance(a, Estimate)
    assert isinstance(b, Estimate)
    assert b.value == pytest.approx(a.value, abs=1e-7)


@few
@given(panels())
def test_each_cluster_twice_halves_the_variance(data: pd.DataFrame) -> None:
    twice = pd.concat([data, data.assign(unit=data["unit"] + 10_000)])
    one = fitted(data).table
    told = one["effect"].notna()  # twice the units may suffice where the units alone did not
    one, other = one[told], fitted(twice).table[told]
    assert other["effect"].to_list() == pytest.approx(one["effect"].to_list())
    assert other["se"].to_list() == pytest.approx((one["se"] / np.sqrt(2)).to_list())
    grouped = fitted(twice, cluster=twice["unit"] % 10_000).table[told]  # the copies tell nothing new
    assert (grouped["se"] >= one["se"] * 0.999).all()


@few
@given(panels())
def test_means_lie_between_their_parts_and_bands_outside_the_intervals(data: pd.DataFrame) -> None:
    found = fitted(data)
    after = found.table.loc[found.table["event_time"] >= 0, "effect"]
    overall, curve = found.overall(), found.by_event_time()
    assert isinstance(overall, Estimate)
    assert after.min() <= overall.value <= after.max()
    for table in (found.table, curve.table):  # type: ignore[union-attr]
        table = table[table["effect"].notna()]
        assert (table["band_low"] <= table["low"]).all()
        assert (table["band_high"] >= table["high"]).all()
        assert (table["low"] < table["effect"]).all()
