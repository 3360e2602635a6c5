"""Two arms drawn by lot: their differences agree with the curves of each arm, and say what could have been seen."""

import numpy as np
import pandas as pd
import pytest

from insights.stats.effects.arms import compare_arms, detectable
from insights.stats.incidence import cumulative_incidence
from insights.stats.restricted import restricted_mean_difference
from insights.stats.results import Estimate, NotEstimable


def sample(n: int = 1500, seed: int = 1, effect: float = 1.5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    arm = rng.random(n) < 0.4
    time, lost = np.ceil(rng.exponential(np.where(arm, 40 * effect, 40))), rng.integers(10, 48, n)
    cause = np.where(rng.random(n) < 0.7, "a", "b")
    return pd.DataFrame({"arm": arm, "time": np.minimum(time, lost), "cause": np.where(time <= lost, cause, "")})


@pytest.mark.parametrize("months", [6.0, 12.0, 40.0])
def test_without_clusters_the_difference_is_that_of_two_independent_curves(months: float) -> None:
    rows = sample()
    told = compare_arms(rows["time"], rows["cause"], rows["arm"], [months])
    curve = cumulative_incidence(rows["time"], rows["cause"], group=rows["arm"].astype(int))
    for cause in ("a", "b"):
        one, other = (curve.at([months], g, cause=cause)[0] for g in ("1", "0"))
        found = told.difference("incidence", months, cause)
        assert isinstance(found, Estimate)
        assert found.value == pytest.approx(one.value - other.value, abs=1e-12)
        assert found.se == pytest.approx(np.hypot(one.se, other.se), rel=1e-9)
    mean, expected = told.difference("mean_time", months), restricted_mean_difference(curve, "1", "0", months)
    assert mean.value == pytest.approx(expected.value, abs=1e-10)
    assert mean.se == pytest.approx(expected.se, rel=1e-9)


def test_any_cause_is_the_sum_of_the_causes() -> None:
    rows = sample()
    told = compare_arms(rows["time"], rows["cause"], rows["arm"], [24]).table.set_index(["measure", "cause"])
    parts = told.loc["incidence"]["treated"]
    assert parts["any"] == pytest.approx(parts["a"] + parts["b"], abs=1e-12)


def test_copies_of_a_row_in_one_cluster_do_not_narrow_the_interval() -> None:
    rows = sample(400)
    once = compare_arms(rows["time"], rows["cause"], rows["arm"], [12], cluster=np.arange(400))
    five = rows.loc[np.repeat(rows.index, 5)]
    again = compare_arms(five["time"], five["cause"], five["arm"], [12], cluster=np.repeat(np.arange(400), 5))
    assert again.difference("incidence", 12).se == pytest.approx(once.difference("incidence", 12).se, rel=1e-9)


def test_intervals_cover_a_difference_of_nothing() -> None:
    missed = 0
    for seed in range(200):
        rows = sample(300, seed, effect=1.0)
        found = compare_arms(rows["time"], rows["cause"], rows["arm"], [12]).difference("incidence", 12)
        missed += not found.low <= 0 <= found.high
    assert 2 <= missed <= 20  # 10 expected; beyond these bounds with probability 0.001


def test_what_cannot_be_compared_says_why() -> None:
    rows = sample(400)
    told = compare_arms(rows["time"], rows["cause"], rows["arm"], [12, 60])
    late = told.difference("incidence", 60)
    assert isinstance(late, NotEstimable)
    assert "followed for" in late.reason
    few = compare_arms([5.0] * 30 + [3.0] * 4, [""] * 30 + ["a"] * 4, [0, 1] * 17, [5])
    assert "17 rows" in few.difference("incidence", 5).reason  # type: ignore[union-attr]
    rare = compare_arms([5.0] * 96 + [3.0] * 4, [""] * 96 + ["a"] * 4, [0, 1] * 50, [5])
    assert "4 events are too few" in rare.difference("incidence", 5).reason  # type: ignore[union-attr]
    clusters = compare_arms(rows["time"], rows["cause"], rows["arm"], [12], cluster=np.arange(400) % 5)
    assert "5 clusters are too few" in clusters.difference("incidence", 12).reason  # type: ignore[union-attr]


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="treated has shape"):
        compare_arms([1.0, 2.0], ["", "a"], [1, 2], [1])
    rows = sample(100)
    told = compare_arms(rows["time"], rows["cause"], rows["arm"], [12])
    with pytest.raises(ValueError, match="there is no 'incidence' of 'c'"):
        told.difference("incidence", 12, "c")


def test_the_detectable_effect_is_found_four_times_out_of_five() -> None:
    least = detectable(0.5)
    assert least == pytest.approx(0.5 * (1.959964 + 0.841621), abs=1e-6)
    drawn = np.random.default_rng(5).normal(least, 0.5, 20_000)
    assert (np.abs(drawn) > 1.959964 * 0.5).mean() == pytest.approx(0.8, abs=0.01)
    with pytest.raises(ValueError, match="standard error is 0"):
        detectable(0.0)
