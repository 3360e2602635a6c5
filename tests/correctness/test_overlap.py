"""Overlap weights: exact balance, coverage of the truth, and what cannot be compared."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from insights.stats.effects.overlap import OverlapComparison, e_value, overlap_comparison
from insights.stats.results import NotEstimable


def compared(*given: Any, **how: Any) -> OverlapComparison:
    found = overlap_comparison(*given, **how)
    assert isinstance(found, OverlapComparison), found
    return found


def chosen(rng: np.random.Generator, n: int = 500) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Those with a high x choose the treatment, which does 0.5; x does 1 by itself."""
    x = pd.DataFrame(rng.normal(size=(n, 2)), columns=["x", "z"])
    treated = rng.random(n) < 1 / (1 + np.exp(-x["x"].to_numpy()))
    return x["x"].to_numpy() + 0.5 * treated + rng.normal(size=n), treated, x


def test_covariates_are_balanced_exactly() -> None:
    found = compared(*chosen(np.random.default_rng(1)))
    assert found.table["difference"].max() > 0.5
    assert found.table["difference_weighted"].abs().max() < 1e-7
    assert found.effective_n < 500


def test_the_effect_is_covered_where_the_plain_difference_is_off() -> None:
    rng = np.random.default_rng(2)
    draws, covered, plain, values, errors = 100, 0, 0, [], []
    for _ in range(draws):
        found = compared(*chosen(rng))
        covered += found.effect.low <= 0.5 <= found.effect.high
        plain += found.unadjusted.low <= 0.5 <= found.unadjusted.high
        values.append(found.effect.value)
        errors.append(found.effect.se)
    assert covered >= 88  # of 100 at 95 %: the 0.4 % point
    assert plain <= 5
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.25)


def test_with_one_flag_the_weights_are_those_of_the_cells() -> None:
    rng = np.random.default_rng(3)
    flag = rng.random(600) < 0.5
    treated = rng.random(600) < np.where(flag, 0.7, 0.2)
    y = rng.normal(size=600) + flag
    found = compared(y, treated, pd.DataFrame({"flag": flag}))
    cells = [(flag == f) for f in (False, True)]
    gaps = [y[c & treated].mean() - y[c & ~treated].mean() for c in cells]
    weight = [c.sum() * treated[c].mean() * (1 - treated[c].mean()) for c in cells]
    assert found.effect.value == pytest.approx(np.average(gaps, weights=weight))


def test_clusters_widen_the_interval() -> None:
    rng = np.random.default_rng(4)
    group = np.repeat(np.arange(40), 15)
    x = pd.DataFrame({"x": rng.normal(size=600)})
    treated = (rng.random(40) < 0.5)[group]
    y = rng.normal(size=40)[group] + rng.normal(size=600)
    alone, together = compared(y, treated, x), compared(y, treated, x, cluster=group)
    assert (together.effect.se or 0) > 2 * (alone.effect.se or 0)
    few = overlap_comparison(y, treated, x, cluster=group // 4)
    assert isinstance(few, NotEstimable)
    assert "10 clusters" in few.reason


def test_e_values() -> None:
    assert e_value(3.9) == pytest.approx(7.26, abs=0.005)  # the example of the paper
    assert e_value(1 / 3.9) == pytest.approx(e_value(3.9))
    assert e_value(1.0) == 1
    found = compared(*chosen(np.random.default_rng(5)))
    value, end = found.e_value()
    assert value > end >= 1
    ratio = np.exp(0.91 * found.effect.value / found.outcome_sd)
    assert value == pytest.approx(ratio + np.sqrt(ratio * (ratio - 1)))
    rng = np.random.default_rng(6)
    _, treated, x = chosen(rng)
    assert compared(rng.normal(size=500), treated, x).e_value()[1] == 1
    with pytest.raises(ValueError, match="the risk ratio is 0"):
        e_value(0)


def test_what_cannot_be_compared_is_said() -> None:
    y, treated, x = chosen(np.random.default_rng(7))
    cases: list[tuple[Any, Any, Any, str]] = [
        (y, x["x"] > 0, x, "no overlap"),
        (y, np.arange(500) < 49, x, "the smaller group has 49 units; 3 parameters need 50"),
        (y, treated, x.assign(w=x["x"] - x["z"]), "'w' is a linear combination of 'x', 'z'"),
        (np.ones(500), treated, x, "everybody has the same outcome"),
    ]
    for outcome, flags, covariates, reason in cases:
        found = overlap_comparison(outcome, flags, covariates)
        assert isinstance(found, NotEstimable)
        assert reason in found.reason
    with pytest.raises(ValueError, match="flags"):
        overlap_comparison(y, y, x)
