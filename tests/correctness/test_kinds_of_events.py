"""Events of several kinds in several groups: rates and the variation of groups recovered, intervals that cover."""

import numpy as np
import pytest

from insights.stats.kinds_of_events import KindsOfEvents, kinds_of_events
from insights.stats.results import NotEstimable

RATES = np.array([0.05, 0.02, 0.01])


def drawn(rng: np.random.Generator, variance: float, groups: int = 60) -> tuple[np.ndarray, np.ndarray]:
    exposure = rng.uniform(50, 250, groups)
    factor = rng.gamma(1 / variance, variance, groups) if variance else np.ones(groups)
    return rng.poisson(np.outer(exposure * factor, RATES)), exposure


def found(counts: np.ndarray, exposure: np.ndarray) -> KindsOfEvents:
    told = kinds_of_events(counts, exposure, rng=np.random.default_rng(1))
    assert isinstance(told, KindsOfEvents)
    return told


def test_rates_and_the_variation_of_groups_are_recovered_and_intervals_cover() -> None:
    rng, inside, naive, variances, mixes = np.random.default_rng(7), 0, 0, [], []
    for _ in range(50):
        counts, exposure = drawn(rng, 0.4)
        told = found(counts, exposure)
        table = told.table
        inside += int(((table["low"] <= RATES) & (table["high"] >= RATES)).sum())
        events = counts.sum(axis=0)
        spread = np.exp(1.96 / np.sqrt(events))
        plain = events / exposure.sum()
        naive += int(((plain / spread <= RATES) & (plain * spread >= RATES)).sum())
        variances.append(told.variance)
        mixes.append(told.checks[1].p_value)
    assert 0.89 <= inside / 150 <= 0.99
    assert naive / 150 < 0.85  # as if all groups were alike
    assert np.mean(variances) == pytest.approx(0.4, rel=0.2)
    assert sum(p is not None and p < 0.05 for p in mixes) <= 7  # of 50 at 5 %


def test_groups_that_are_alike_have_the_rates_of_counting_and_no_variation() -> None:
    counts, exposure = drawn(np.random.default_rng(2), 0.0)
    told = found(counts, exposure)
    assert told.checks[0].p_value is not None
    if told.variance == 0:
        assert told.table["rate"].to_numpy() == pytest.approx(counts.sum(axis=0) / exposure.sum())
        assert told.log_var == pytest.approx(1 / counts.sum())
    assert told.checks[0].p_value > 0.01


def test_one_group_with_more_of_one_kind_is_found_by_the_mix_and_by_its_cell() -> None:
    counts, exposure = drawn(np.random.default_rng(5), 0.3)
    counts[11, 2] += 15
    told = found(counts, exposure)
    assert told.checks[1].p_value == pytest.approx(0.001)
    p = told.cell_p * told.cell_p.size
    assert np.argwhere(p < 0.05).tolist() == [[11, 2]]


def test_too_few_groups_and_no_events_are_refused_and_bad_numbers_are_errors() -> None:
    rng = np.random.default_rng(0)
    assert isinstance(kinds_of_events(np.ones((19, 2)), np.ones(19), rng=rng), NotEstimable)
    assert isinstance(kinds_of_events(np.zeros((20, 2)), np.ones(20), rng=rng), NotEstimable)
    one = kinds_of_events(np.ones((20, 1)), np.ones(20), rng=rng)
    assert isinstance(one, KindsOfEvents)
    assert "one kind" in one.checks[1].reason
    with pytest.raises(ValueError, match="expected \\(groups, kinds\\)"):
        kinds_of_events(np.ones(20), np.ones(20), rng=rng)
    with pytest.raises(ValueError, match="exposure is not above 0"):
        kinds_of_events(np.ones((20, 2)), np.zeros(20), rng=rng)
