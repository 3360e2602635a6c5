"""Factors of groups drawn towards one: against numerical integration, groups drawn by lot, and what is refused."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import gamma, poisson

from insights.stats.results import NotEstimable
from insights.stats.shrunken import Shrunken, shrunken_factors


def drawn(variance: float, groups: int, seed: int, mean: float = 20.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    expected = rng.uniform(0.5, 1.5, groups) * mean
    factor = rng.gamma(1 / variance, variance, groups) if variance else np.ones(groups)
    return rng.poisson(factor * expected), expected, factor


def found(observed: np.ndarray, expected: np.ndarray) -> Shrunken:
    told = shrunken_factors(observed, expected)
    assert isinstance(told, Shrunken)
    return told


def test_factors_are_means_of_the_posterior_by_numerical_integration() -> None:
    observed, expected, _ = drawn(0.1, 60, 3)
    told = found(observed, expected)
    prior = gamma(1 / told.variance, scale=told.variance)
    for k in (0, 7, 31):

        def posterior(x: float, power: float, k: int = k) -> float:
            return float(x**power * poisson.pmf(observed[k], x * expected[k]) * prior.pdf(x))

        mass = quad(posterior, 0, 10, (0.0,))[0]
        assert told.factor[k] == pytest.approx(quad(posterior, 0, 10, (1.0,))[0] / mass, rel=1e-6)


def test_the_variance_has_the_largest_likelihood_by_numerical_integration() -> None:
    observed, expected, _ = drawn(0.1, 60, 3)

    def log_likelihood(variance: float) -> float:
        prior = gamma(1 / variance, scale=variance)
        parts = [
            quad(lambda x, o=o, e=e: poisson.pmf(o, x * e) * prior.pdf(x), 0, 6, limit=200)[0]
            for o, e in zip(observed, expected, strict=True)
        ]
        return float(np.log(parts).sum())

    told = found(observed, expected)
    best = log_likelihood(told.variance)
    assert best > log_likelihood(0.8 * told.variance)
    assert best > log_likelihood(1.25 * told.variance)
    none = float(poisson.logpmf(observed, expected).sum())
    assert told.test.statistic == pytest.approx(2 * (best - none), rel=1e-4)


def test_variance_is_found_and_shrinking_beats_both_taking_counts_as_they_are_and_ignoring_groups() -> None:
    variances, errors = [], []
    for seed in range(40):
        observed, expected, factor = drawn(0.09, 60, seed)
        told = found(observed, expected)
        variances.append(told.variance)
        errors.append([np.mean((x - factor) ** 2) for x in (told.factor, observed / expected, np.ones_like(factor))])
    assert np.mean(variances) == pytest.approx(0.09, abs=0.02)
    own, raw, flat = np.mean(errors, axis=0)
    assert own < 0.75 * min(raw, flat)


def test_where_groups_do_not_differ_the_test_rejects_as_often_as_it_says() -> None:
    p = [found(*drawn(0.0, 60, seed)[:2]).test.p_value for seed in range(300)]
    assert np.mean(np.array(p, dtype=float) < 0.1) == pytest.approx(0.1, abs=0.05)


def test_a_group_of_which_nothing_was_expected_keeps_its_one() -> None:
    observed, expected, _ = drawn(0.3, 60, 1)
    told = found(np.append(observed, 0), np.append(expected, 0.0))
    assert told.factor[-1] == 1.0
    assert told.log_sd[-1] > told.log_sd[:-1].max()


def test_what_is_refused() -> None:
    assert isinstance(shrunken_factors(np.ones(19), np.ones(19)), NotEstimable)
    with pytest.raises(ValueError, match="expected one number each by group"):
        shrunken_factors(np.ones(30), np.ones(29))
    with pytest.raises(ValueError, match="negative or missing"):
        shrunken_factors(np.full(30, -1.0), np.ones(30))
