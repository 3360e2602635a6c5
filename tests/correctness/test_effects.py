"""Group-time effects against published values, a regression written out, and panels with a known effect."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from insights.stats.effects import (
    EffectCurve,
    GroupTimeEffects,
    att_gt,
    negative_weights,
    total_effect,
    two_way_fixed_effects,
    without_trend,
)
from insights.stats.effects.inference import simultaneous
from insights.stats.results import Estimate, NotEstimable


def mpdta(shared: Path) -> pd.DataFrame:
    data = pd.read_csv(shared / "data" / "reference" / "mpdta.csv")
    return data.assign(start=data["first.treat"].replace(0, np.nan))


def effects(data: pd.DataFrame, **how: Any) -> GroupTimeEffects:
    found = att_gt(data["countyreal"], data["year"], data["lemp"], data["start"], **how)
    assert isinstance(found, GroupTimeEffects), found
    return found


def estimate(found: Estimate | NotEstimable) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


def curve(found: EffectCurve | NotEstimable) -> EffectCurve:
    assert isinstance(found, EffectCurve), found
    return found


@pytest.mark.acceptance("staggered_did_mpdta", part="without covariates, pre-trends, two-way fixed effects")
def test_mpdta_without_covariates(shared: Path, acceptance: dict[str, Any]) -> None:
    expected, data = acceptance["staggered_did_mpdta"], mpdta(shared)
    tol, found = expected["tol"], effects(data)
    overall = estimate(found.overall())
    assert overall.value == pytest.approx(expected["att_simple"], abs=tol)
    assert overall.se == pytest.approx(expected["att_simple_se"], abs=tol)
    assert estimate(curve(found.by_event_time()).mean).value == pytest.approx(expected["att_dynamic"], abs=tol)
    assert found.pretrend.p_value == pytest.approx(expected["pretest_p"], abs=tol)
    assert found.pretrend.df == 5
    usual = estimate(two_way_fixed_effects(data["countyreal"], data["year"], data["lemp"], data["start"]))
    assert usual.value == pytest.approx(expected["two_way_fixed_effects"], abs=tol)


@pytest.mark.acceptance("staggered_did_mpdta", part="doubly robust")
def test_mpdta_doubly_robust(shared: Path, acceptance: dict[str, Any]) -> None:
    expected, data = acceptance["staggered_did_mpdta"], mpdta(shared)
    tol, found = expected["tol"], effects(data, covariates=data[["lpop"]])
    overall = estimate(found.overall())
    assert overall.value == pytest.approx(expected["with_lpop_doubly_robust_simple"], abs=tol)
    assert overall.se == pytest.approx(expected["with_lpop_doubly_robust_simple_se"], abs=tol)
    table = found.table.set_index(["cohort", "time"])["effect"]
    for key, value in expected["att_gt_with_lpop"].items():
        cohort, year = (int(part) for part in key.split(","))
        assert table[cohort, year] == pytest.approx(value, abs=tol)


def panel(
    rng: np.random.Generator, starts: list[float], *, per: int = 60, periods: int = 8, effect: float = 1.0
) -> pd.DataFrame:
    """Units with an effect that grows with time since the start, on a trend common to all."""
    n = per * len(starts)
    unit, time = np.repeat(np.arange(n), periods), np.tile(np.arange(1, periods + 1), n)
    start = np.repeat(np.repeat(starts, per), periods)
    since = time - start
    y = rng.normal(0, 2, n)[unit] + 0.3 * time + rng.normal(0, 0.3, n * periods)
    return pd.DataFrame(
        {
            "unit": unit,
            "time": time,
            "y": y + effect * np.where(since >= 0, 1.0 + np.maximum(since, 0), 0.0),
            "start": start,
        }
    )


def fit(data: pd.DataFrame, **how: Any) -> GroupTimeEffects | NotEstimable:
    return att_gt(data["unit"], data["time"], data["y"], data["start"], **how)


def fitted(data: pd.DataFrame, **how: Any) -> GroupTimeEffects:
    found = fit(data, **how)
    assert isinstance(found, GroupTimeEffects), found
    return found


@pytest.mark.parametrize("controls", ["never", "not_yet"])
def test_growing_effects_are_found_where_two_way_fixed_effects_miss(controls: Any) -> None:
    data = panel(np.random.default_rng(1), [3.0, 5.0, np.inf])
    truth = (data["time"] - data["start"] + 1)[data["time"] >= data["start"]].mean()
    overall = estimate(fitted(data, controls=controls).overall())
    assert overall.low < truth < overall.high
    usual = estimate(two_way_fixed_effects(data["unit"], data["time"], data["y"], data["start"]))
    assert usual.high < truth


def test_without_never_treated_units_early_effects_count_against_themselves() -> None:
    """Three periods, half treated from the second, half from the third: the weights are 1, -1/2 and 1/2."""
    data = panel(np.random.default_rng(1), [2.0, 3.0], periods=3)
    total, share = negative_weights(data["unit"], data["time"], data["y"], data["start"])
    assert (total, share) == pytest.approx((-0.5, 1 / 3))
    with_never = panel(np.random.default_rng(1), [3.0, 5.0, np.inf])
    assert negative_weights(*(with_never[c] for c in ("unit", "time", "y", "start"))) == (0, 0)


def test_event_times_recover_the_path_of_the_effect_inside_the_band() -> None:
    data = panel(np.random.default_rng(2), [4.0, 6.0, np.inf])
    found = curve(fitted(data).by_event_time(last=2))
    table = found.table.set_index("event_time")
    truth = np.where(table.index >= 0, table.index + 1.0, 0.0)
    assert ((table["band_low"] < truth) & (truth < table["band_high"])).all()
    assert (table["band_high"] - table["band_low"] > table["high"] - table["low"]).all()
    assert estimate(found.mean).value == pytest.approx(table.loc[0:2, "effect"].mean())
    by_cohort = curve(fitted(data).by_cohort())
    assert by_cohort.table["effect"].to_list() == pytest.approx([3, 2], abs=0.2)
    by_period = curve(fitted(data).by_period())
    assert by_period.table["time"].to_list() == [4, 5, 6, 7, 8]
    assert by_period.table["n_treated"].to_list() == [60, 60, 120, 120, 120]


def test_one_cohort_and_two_periods_is_the_difference_of_differences() -> None:
    rng = np.random.default_rng(3)
    data = panel(rng, [2.0, np.inf], periods=2)
    wide = data.pivot(index="unit", columns="time", values="y")
    change, treated = (wide[2] - wide[1]).to_numpy(), data.groupby("unit")["start"].first().eq(2).to_numpy()
    found = estimate(fitted(data).overall())
    assert found.value == pytest.approx(change[treated].mean() - change[~treated].mean())
    variance = sum(change[side].var() / side.sum() for side in (treated, ~treated))
    assert found.se == pytest.approx(np.sqrt(variance))


def test_covariates_that_change_nothing_give_the_difference_of_means_and_its_error() -> None:
    """An influence function with estimated regressions equals the simple one where the covariate is a split in half."""
    data = panel(np.random.default_rng(4), [2.0, np.inf], periods=2)
    flat = fitted(data, covariates=pd.DataFrame({"half": (data["unit"] % 2).astype(float)}))
    wide = data.pivot(index="unit", columns="time", values="y")
    change, half = (wide[2] - wide[1]).to_numpy(), wide.index.to_numpy() % 2
    treated = data.groupby("unit")["start"].first().eq(2).to_numpy()
    by_half = [change[treated & (half == h)].mean() - change[~treated & (half == h)].mean() for h in (0, 1)]
    found = estimate(flat.overall())
    assert found.value == pytest.approx(np.mean(by_half))
    spread = sum(
        change[side & (half == h)].var() / (side & (half == h)).sum() / 4
        for side in (treated, ~treated)
        for h in (0, 1)
    )
    # The rest is the spread of the two halves' effects.
    assert found.se**2 == pytest.approx(spread + np.var(by_half) / treated.sum(), rel=1e-6)


def test_selection_on_a_covariate_is_corrected_and_seen_in_the_trend() -> None:
    rng = np.random.default_rng(5)
    n, periods, draws = 600, 5, 40
    missed = false_alarms = 0
    for _ in range(draws):
        x = rng.normal(size=n)
        start = np.where(rng.random(n) < 1 / (1 + np.exp(-x)), 4.0, np.inf)
        unit, time = np.repeat(np.arange(n), periods), np.tile(np.arange(1, periods + 1), n)
        y = 0.5 * x[unit] * time + (time >= start[unit]) + rng.normal(0, 0.5, n * periods)
        data = pd.DataFrame({"unit": unit, "time": time, "y": y, "start": start[unit]})
        naive = fitted(data)
        assert estimate(naive.overall()).low > 1
        assert (naive.pretrend.p_value or 0) < 1e-6
        adjusted = fitted(data, covariates=pd.DataFrame({"x": x[unit]}))
        overall = estimate(adjusted.overall())
        missed += not overall.low < 1 < overall.high
        false_alarms += (adjusted.pretrend.p_value or 0) < 0.05
    # Of 40 draws at 5 %: 2, and 6 is the 99.7 % point.
    assert missed <= 6
    assert false_alarms <= 6


def test_the_band_holds_for_independent_effects_as_the_normal_law_says() -> None:
    """With one cohort against its own controls in k periods of independent noise the critical value is known."""
    from insights.stats.effects.inference import pointwise, simultaneous

    k, level = 7, 0.95
    exact = float(pointwise(np.array([np.inf]), level ** (1 / k))[0])
    assert simultaneous(np.eye(k), np.full(k, np.inf), level, seed=1) == pytest.approx(exact, abs=0.03)
    assert simultaneous(np.ones((k, k)), np.full(k, np.inf), level, seed=1) == pytest.approx(1.96, abs=0.03)
    assert simultaneous(np.eye(1), np.full(1, 8.0), level, seed=1) == pytest.approx(2.306, abs=0.05)


def clustered(rng: np.random.Generator, per_arm: int, waves: list[float], periods: int = 12) -> pd.DataFrame:
    """Units of managers whose outcomes move together, without any effect."""
    start = np.repeat(waves, per_arm)
    cluster = np.repeat(np.arange(len(start)), rng.poisson(6, len(start)) + 2)
    n, time = len(cluster), np.arange(1, periods + 1)
    shock = np.cumsum(rng.normal(0, 0.6, (len(start), periods)), axis=1)[cluster]
    y = rng.normal(0, 1, (n, 1)) + shock + rng.normal(0, 1, (n, periods))
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(n), periods),
            "time": np.tile(time, n),
            "y": y.ravel(),
            "start": np.repeat(start[cluster], periods),
            "cluster": np.repeat(cluster, periods),
        }
    )


def test_few_clusters_keep_the_level_that_independent_units_lose() -> None:
    rng = np.random.default_rng(6)
    by_cluster = by_unit = early = 0
    draws = 50
    for _ in range(draws):
        data = clustered(rng, 8, [6.0, 9.0, np.inf])
        fair, naive = fitted(data, cluster=data["cluster"]), fitted(data)
        a, b = estimate(fair.overall()), estimate(naive.overall())
        by_cluster += not a.low <= 0 <= a.high
        by_unit += not b.low <= 0 <= b.high
        early += (fair.pretrend.p_value or 0) < 0.05
    # Of 50 draws at 5 %: 2.5, and 7 is the 99.7 % point.
    assert by_cluster <= 7
    assert early <= 7
    assert by_unit > 12


def test_too_many_effects_before_the_start_for_the_clusters_are_tested_on_fewer_and_named() -> None:
    data = clustered(np.random.default_rng(7), 6, [8.0, 10.0, np.inf])
    found = fitted(data, cluster=data["cluster"])
    assert found.pretrend.name.endswith("mean of cohorts, last 5 periods")
    assert found.pretrend.df == 5


def test_a_manager_s_noise_is_not_seen_by_the_test_before_the_start_but_a_drift_is() -> None:
    data = clustered(np.random.default_rng(8), 10, [8.0, np.inf])
    drifting = data.assign(y=data["y"] + 1.0 * data["time"] * np.isfinite(data["start"]))
    assert (fitted(drifting, cluster=data["cluster"]).pretrend.p_value or 1) < 0.01


def test_anticipation_moves_the_period_compared_with() -> None:
    data = panel(np.random.default_rng(9), [5.0, np.inf])
    data["y"] += 2.0 * (data["time"] == data["start"] - 1)  # they act one period early
    wrong = estimate(fitted(data).overall())
    right = fitted(data, anticipation=1)
    assert wrong.high < 2.5 < estimate(right.overall()).high
    assert estimate(right.overall()).low < 2.5
    early = right.table.set_index("time")["effect"]
    assert early[4] == pytest.approx(2, abs=0.2)
    assert (right.pretrend.p_value or 0) > 0.01


def test_a_universal_base_adds_up_the_varying_steps() -> None:
    data = panel(np.random.default_rng(10), [6.0, np.inf])
    steps = fitted(data).table.set_index("time")["effect"]
    long = fitted(data, base="universal").table.set_index("time")["effect"]
    assert 5 not in long.index
    assert -long[3] == pytest.approx(steps[4] + steps[5])
    assert long[7] == steps[7]


def test_units_that_leave_are_used_while_they_are_seen_and_counted() -> None:
    rng = np.random.default_rng(11)
    data = panel(rng, [4.0, np.inf], per=200)
    gone = rng.integers(3, 20, 400)
    seen = data[data["time"] < gone[data["unit"]]]
    found = fitted(seen)
    full = fitted(data).table.set_index("time")
    table = found.table.set_index("time")
    assert (table["n_treated"].diff().dropna() <= 0).all()
    assert table.loc[8, "n_treated"] < 160
    assert table["effect"].to_list() == pytest.approx(full["effect"].to_list(), abs=0.15)
    assert any("not observed in every period" in check.reason for check in found.checks)


def test_a_missing_outcome_is_a_row_that_is_not_there() -> None:
    data = panel(np.random.default_rng(12), [4.0, np.inf])
    some = data["unit"] % 7 == 3
    without, empty = data[~(some & (data["time"] == 6))], data.assign(y=data["y"].mask(some & (data["time"] == 6)))
    pd.testing.assert_frame_equal(fitted(without).table, fitted(empty).table)


def test_what_cannot_be_told_is_said() -> None:
    rng = np.random.default_rng(13)
    cases = {
        "every unit is treated in the end": panel(rng, [3.0, 5.0]),
        "no unit's treatment starts within the data": panel(rng, [np.inf, np.inf]),
        "units left out: units treated from the first period on": panel(rng, [1.0, 0.0, np.inf]),
        "a change needs two": panel(rng, [2.0, np.inf], periods=1),
        "10 each are needed": panel(rng, [3.0, np.inf], per=9),
    }
    for reason, data in cases.items():
        found = fit(data)
        assert isinstance(found, NotEstimable)
        assert reason in found.reason
    one = fit(panel(rng, [3.0]), controls="not_yet")
    assert isinstance(one, NotEstimable)
    assert "all units are treated from the same period on" in one.reason
    few = clustered(rng, 4, [6.0, np.inf])
    found = fit(few, cluster=few["cluster"])
    assert isinstance(found, NotEstimable)
    assert "4 treated and 4 control clusters; 5 each are needed" in found.reason


def test_not_yet_treated_controls_end_with_the_last_cohort() -> None:
    data = panel(np.random.default_rng(14), [3.0, 6.0])
    found = fitted(data, controls="not_yet")
    table = found.table.set_index(["cohort", "time"])
    assert table.loc[(3.0, 5.0), "effect"] == pytest.approx(3, abs=0.3)
    assert np.isnan(table.loc[(3.0, 6.0), "effect"])
    assert "0 control units" in table.loc[(3.0, 6.0), "reason"]
    assert any(check.name == "comparisons made" for check in found.checks)


def test_a_treatment_that_starts_before_the_data_leaves_the_others() -> None:
    data = panel(np.random.default_rng(15), [1.0, 4.0, np.inf])
    found = fitted(data)
    assert found.table["cohort"].unique().tolist() == [4.0]
    note = next(check for check in found.checks if "no before" in check.reason)
    assert note.statistic == 60
    assert estimate(found.overall()).n == 120


def test_no_overlap_is_not_a_number() -> None:
    data = panel(np.random.default_rng(16), [4.0, np.inf])
    found = fit(data, covariates=pd.DataFrame({"x": np.isfinite(data["start"]) + 0.001 * data["unit"]}))
    assert isinstance(found, NotEstimable)
    assert "no overlap" in found.reason
    flat = fit(data, covariates=pd.DataFrame({"x": np.ones(len(data))}))
    assert isinstance(flat, NotEstimable)
    assert "collinear" in flat.reason
    few = panel(np.random.default_rng(16), [4.0, np.inf], per=15)
    found = fit(few, covariates=pd.DataFrame({"x": few["unit"] % 5}))
    assert isinstance(found, NotEstimable)
    assert "needs 20 of each and 50 together" in found.reason


def test_rows_that_contradict_each_other_are_refused() -> None:
    data = panel(np.random.default_rng(17), [4.0, np.inf])
    with pytest.raises(ValueError, match="1 rows repeat a unit and period"):
        fit(pd.concat([data, data.iloc[:1]]))
    with pytest.raises(ValueError, match="first_treated changes within 1 units"):
        fit(data.assign(start=data["start"].where(data.index > 0, 7.0)))
    with pytest.raises(ValueError, match="cluster changes within"):
        fit(data, cluster=data["time"])
    with pytest.raises(ValueError, match="controls is 'nobody'; expected"):
        fit(data, controls="nobody")
    with pytest.raises(ValueError, match="covariates have 3 rows"):
        fit(data, covariates=pd.DataFrame({"x": [1.0, 2.0, 3.0]}))
    with pytest.raises(ValueError, match="confidence level"):
        fit(data, level=95)


def drifting(seed: int, drift: float) -> pd.DataFrame:
    """Clusters of ten units whose treated ones move away by ``drift`` a period all along; the effect is 1 + since."""
    rng = np.random.default_rng(seed)
    data = panel(rng, [4.0, 6.0, np.inf], per=100, periods=9)
    return data.assign(
        y=data["y"] + drift * data["time"] * np.isfinite(data["start"]) + rng.normal(0, 0.1, 30)[data["unit"] // 10],
        cluster=data["unit"] // 10,
    )


def test_a_trend_of_before_is_taken_off_and_the_interval_holds_its_error() -> None:
    inside = misled = 0
    for seed in range(60):
        data = drifting(100 + seed, 0.4)
        found = fitted(data, cluster=data["cluster"])
        since = (data["time"] - data["start"])[data["time"] >= data["start"]]
        truth = float((since + 1).mean())
        told = estimate(without_trend(found))
        inside += told.low < truth < told.high
        misled += estimate(found.overall()).low > truth
    assert inside >= 52  # of 60 at 95 %: 57, and 52 is the 2 % point
    assert misled == 60


def test_a_total_is_the_sum_of_effects_times_amounts() -> None:
    data = panel(np.random.default_rng(7), [4.0, 6.0, np.inf])
    found = fitted(data)
    cells = found.table[found.table["event_time"] >= 0]
    amounts = {(float(r.cohort), float(r.time)): 60.0 for r in cells.itertuples()}
    told = estimate(total_effect(found, amounts, unit="CHF"))
    assert told.value == pytest.approx(60 * cells["effect"].sum())
    assert told.value == pytest.approx(60 * len(cells) * estimate(found.overall()).value)
    assert told.se is not None
    # The mean also has the error of the cohort sizes that weight it; amounts are taken as known.
    assert told.se < 60 * len(cells) * (estimate(found.overall()).se or 0)
    assert isinstance(total_effect(found, {}, unit="CHF"), NotEstimable)
    assert found.no_effect().p_value == pytest.approx(0, abs=1e-12)
    nothing = fitted(panel(np.random.default_rng(8), [4.0, np.inf], effect=0.0))
    overall, p = estimate(nothing.overall()), nothing.no_effect().p_value
    assert p is not None
    assert (p < 0.05) == (overall.low > 0 or overall.high < 0)


def test_the_band_does_not_jump_where_rounding_turns_the_axes_of_equal_effects() -> None:
    cov = np.full((6, 6), 0.3) + 0.7 * np.eye(6)  # five axes of one length: any rotation of them fits
    noise = np.random.default_rng(0).normal(0, 1e-13, (6, 6))
    df = np.full(6, 12.0)
    band = simultaneous(cov, df, 0.95, 1)
    assert simultaneous(cov + noise + noise.T, df, 0.95, 1) == pytest.approx(band, rel=1e-9)
