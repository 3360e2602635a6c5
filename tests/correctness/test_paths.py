"""Paths of a series drawn from blocks of its past, and regressions of amounts in proportion to a size."""

import numpy as np
import pytest

from insights.stats.paths import Paths, block_paths
from insights.stats.results import NotEstimable
from insights.stats.scaled import ScaledFit, scaled_regression


def test_blocks_keep_what_follows_on_what() -> None:
    past = np.arange(60.0)
    found = block_paths(past, 120, 400, block=12, rng=np.random.default_rng(1))
    assert isinstance(found, Paths)
    steps = np.diff(found.swings[:, :, 0], axis=1)
    follows = (steps == 1) | (steps == -59)
    assert follows.mean() == pytest.approx(11 / 12 + 1 / 12 / 60, abs=0.01)
    assert found.mean[0] == 29.5


def test_means_spread_as_the_error_of_a_mean_does() -> None:
    rng = np.random.default_rng(2)
    past = rng.normal(0.5, 1.0, 400)
    found = block_paths(past, 10, 4000, block=1, rng=rng)
    assert isinstance(found, Paths)
    assert found.means.std() == pytest.approx(past.std() / 20, rel=0.05)
    assert found.means.mean() == pytest.approx(past.mean(), abs=0.005)
    # An autocorrelated past has a mean that is less sure, and only longer blocks know.
    slow = np.repeat(rng.normal(size=40), 10)
    short, long = (block_paths(slow, 5, 2000, block=b, rng=rng) for b in (1, 20))
    assert isinstance(short, Paths)
    assert isinstance(long, Paths)
    assert long.means.std() > 2 * short.means.std()


def test_a_short_or_broken_past_is_refused() -> None:
    rng = np.random.default_rng(3)
    assert isinstance(block_paths(np.zeros(23), 5, 5, rng=rng), NotEstimable)
    with pytest.raises(ValueError, match="missing or infinite"):
        block_paths([np.nan] * 30, 5, 5, rng=rng)
    with pytest.raises(ValueError, match="at least 1"):
        block_paths(np.zeros(30), 0, 5, rng=rng)


def scaled(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    n = 2000
    size = np.exp(rng.normal(0, 1, n))
    feature, cluster = rng.normal(size=n), rng.integers(0, 50, n)
    shared = rng.normal(0, 0.1, 50)[cluster]
    outcome = size * (1.1 + 0.2 * feature + shared + rng.normal(0, 0.3, n))
    return outcome, np.stack([size, size * feature], axis=1), size, cluster


def test_totals_are_met_and_draws_cover() -> None:
    hits, lots = 0, np.random.default_rng(4).standard_normal((50, 400))
    for seed in range(60):
        outcome, columns, size, cluster = scaled(seed)
        fit = scaled_regression(outcome, columns, size, cluster)
        assert isinstance(fit, ScaledFit)
        low, high = np.quantile(fit.drawn(lots)[0], [0.025, 0.975])
        hits += low <= 1.1 <= high
    assert 52 <= hits <= 60
    usual = size <= np.quantile(size, 0.99)
    rest = outcome - columns @ fit.coefficients
    assert abs(rest[usual].sum()) < 0.01 * outcome.sum()
    # Residuals are normal here: their usual size is their standard deviation (0.3, and 0.1 that clusters share).
    assert fit.noise == pytest.approx(np.hypot(0.3, 0.1), rel=0.06)


def test_a_few_wild_rows_do_not_make_all_others_noisy() -> None:
    outcome, columns, size, cluster = scaled(11)
    plain = scaled_regression(outcome, columns, size, cluster)
    outcome[::100] += 30 * size[::100] * np.where(np.arange(20) % 2, 1, -1)
    wild = scaled_regression(outcome, columns, size, cluster)
    assert isinstance(plain, ScaledFit)
    assert isinstance(wild, ScaledFit)
    assert wild.noise < 1.5 * plain.noise
    rest = np.abs(outcome - columns @ wild.coefficients) / size
    assert 0.94 < (rest <= 1.96 * wild.noise).mean() < 0.96


def test_one_giant_does_not_decide() -> None:
    outcome, columns, size, cluster = scaled(7)
    plain = scaled_regression(outcome, columns, size, cluster)
    outcome[0], columns[0], size[0] = 5e3, (1e4, 0.0), 1e4
    with_giant = scaled_regression(outcome, columns, size, cluster)
    assert isinstance(plain, ScaledFit)
    assert isinstance(with_giant, ScaledFit)
    assert abs(with_giant.coefficients[0] - plain.coefficients[0]) < 0.05


def test_columns_that_differ_by_rounding_share_what_they_say() -> None:
    """Else they cancel by huge coefficients, and a row in which only one of them is there is forecast anything."""
    outcome, _, size, cluster = scaled(9)
    alone = scaled_regression(outcome, size[:, None], size, cluster)
    both = scaled_regression(outcome, np.stack([size, np.round(size, 4)], axis=1), size, cluster)
    assert isinstance(alone, ScaledFit)
    assert isinstance(both, ScaledFit)
    assert both.coefficients == pytest.approx([alone.coefficients[0] / 2] * 2, rel=1e-3)


def test_too_few_rows_or_clusters_are_refused() -> None:
    outcome, columns, size, cluster = scaled(8)
    assert isinstance(scaled_regression(outcome[:150], columns[:150], size[:150], cluster[:150]), NotEstimable)
    assert isinstance(scaled_regression(outcome, columns, size, cluster % 5), NotEstimable)
    with pytest.raises(ValueError, match="not positive"):
        scaled_regression(outcome, columns, 0 * size, cluster)
