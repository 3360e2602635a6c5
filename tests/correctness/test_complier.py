"""The effect on those whom a lot moved: covered, that of two-stage least squares, and refused where it is weak."""

import numpy as np
import pandas as pd
import pytest

from insights.stats.effects.complier import ComplierEffect, complier_effect
from insights.stats.results import NotEstimable


def drawn(
    seed: int, *, follow: float = 0.5, effect: float = 2.0, n: int = 1_200, clusters: int = 60
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame, np.ndarray]:
    """Clusters by lot; the eager take part in either arm and fare better anyway, so that taking part misleads."""
    rng = np.random.default_rng(seed)
    cluster = rng.integers(0, clusters, n)
    arm = (rng.permutation(clusters) < clusters // 2)[cluster].astype(float)
    eager = rng.normal(0, 1, n)
    always, complies = eager > 1.0, rng.random(n) < follow
    took = (always | (complies & (arm > 0))).astype(float)
    before = rng.normal(0, 1, n)
    y = effect * took + 3.0 * eager + before + rng.normal(0, 1, clusters)[cluster] + rng.normal(0, 1, n)
    return y, took, pd.DataFrame({"arm": arm, "before": before - before.mean()}), cluster.astype(str)


def test_the_effect_of_taking_part_is_covered_where_comparing_takers_misleads() -> None:
    inside, naive = 0, []
    for seed in range(120):
        y, took, design, cluster = drawn(seed)
        found = complier_effect(y, took, design, cluster=cluster)
        assert isinstance(found, ComplierEffect)
        inside += found.effect.low < 2.0 < found.effect.high
        naive.append(y[took > 0].mean() - y[took == 0].mean())
    assert 108 <= inside <= 119  # of 120 at 95 %: 114
    assert np.mean(naive) > 3.0


def test_it_is_the_ratio_of_two_stage_least_squares_and_its_ends_are_those_of_a_test() -> None:
    y, took, design, cluster = drawn(3)
    found = complier_effect(y, took, design, cluster=cluster, unit="CHF")
    assert isinstance(found, ComplierEffect)
    full = np.column_stack([np.ones(len(y)), design["before"], took])
    tool = np.column_stack([np.ones(len(y)), design["before"], design["arm"]])
    assert found.effect.value == pytest.approx(np.linalg.solve(tool.T @ full, tool.T @ y)[2], rel=1e-9)
    from insights.stats.linear import LinearFit, least_squares

    for end in (found.effect.low, found.effect.high):
        fit = least_squares(y - end * took, design, cluster=cluster)
        assert isinstance(fit, LinearFit)
        assert float(fit.table.set_index("name")["p"]["arm"]) == pytest.approx(0.05, abs=1e-6)
    assert found.effect.unit == "CHF"
    assert found.drawn.value == pytest.approx(found.effect.value * found.followed.value)


def test_a_lot_that_moves_nobody_is_a_weak_instrument() -> None:
    y, took, design, cluster = drawn(1, follow=0.0)
    weak = complier_effect(y, took, design, cluster=cluster)
    assert isinstance(weak, NotEstimable)
    assert "F of the first stage" in weak.reason
    none = complier_effect(y, np.zeros(len(y)), design, cluster=cluster)
    assert isinstance(none, NotEstimable)
    with pytest.raises(ValueError, match="'arm'"):
        complier_effect(y, took, design[["before"]])
