"""Ratios of sums against least squares, and their coverage where rows of one cluster depend."""

import math

import numpy as np
import pytest

from insights.stats.linear import least_squares
from insights.stats.ratios import difference_of, ratio_of_sums, weighted_sum
from insights.stats.results import Estimate, NotEstimable


def test_a_mean_has_the_clustered_error_of_least_squares() -> None:
    rng = np.random.default_rng(1)
    cluster = rng.integers(0, 40, 300)
    y = rng.normal(size=40)[cluster] + rng.normal(size=300)
    found = ratio_of_sums(y, np.ones(300), cluster=cluster)
    assert isinstance(found, Estimate)
    sums = np.bincount(cluster, y - y.mean()) / 300
    assert found.value == pytest.approx(y.mean())
    assert found.se == pytest.approx(math.sqrt(40 / 39 * (sums**2).sum()))
    split = rng.integers(0, 2, 300).astype(float)
    fit = least_squares(y, (["second"], split[:, None]), errors="hc1")
    alone = [ratio_of_sums(y[split == g], np.ones(int((split == g).sum()))) for g in (1, 0)]
    assert fit
    assert isinstance(alone[0], Estimate)
    assert isinstance(alone[1], Estimate)
    apart = difference_of(*alone)
    assert isinstance(apart, Estimate)
    assert apart.value == pytest.approx(fit.table["estimate"].iloc[1])
    assert apart.se == pytest.approx(fit.table["se"].iloc[1], rel=0.01)


def test_rates_cover_where_the_same_units_have_the_events() -> None:
    rng, hits, runs = np.random.default_rng(3), 0, 400
    for _ in range(runs):
        months = rng.integers(6, 61, 150).astype(float)
        events = rng.poisson(months * rng.gamma(0.5, 0.02, 150))
        found = ratio_of_sums(events, months, positive=True)
        assert isinstance(found, Estimate)
        hits += found.low <= 0.01 <= found.high
    assert 0.91 <= hits / runs <= 0.98


def test_without_an_event_the_bound_is_that_of_poisson() -> None:
    found = ratio_of_sums(np.zeros(50), np.full(50, 12.0), positive=True)
    assert isinstance(found, Estimate)
    assert (found.value, found.low) == (0, 0)
    assert math.exp(-found.high * 600) == pytest.approx(0.025)


def test_too_few_clusters_are_no_number() -> None:
    assert isinstance(ratio_of_sums(np.ones(100), np.ones(100), cluster=np.arange(100) % 19), NotEstimable)
    assert isinstance(ratio_of_sums(np.ones(100), np.ones(100), cluster=np.arange(100) % 20), Estimate)
    assert isinstance(ratio_of_sums([], []), NotEstimable)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="1 denominators are negative"):
        ratio_of_sums([1.0, 2.0], [1.0, -1.0])
    with pytest.raises(ValueError, match="1 rows are missing"):
        ratio_of_sums([1.0, math.nan], [1.0, 1.0])
    one = Estimate(1.0, 0.5, 1.5, "share", 100, se=0.25)
    with pytest.raises(ValueError, match="expected estimates in one unit"):
        difference_of(one, Estimate(1.0, 0.5, 1.5, "months", 100, se=0.25))
    assert isinstance(difference_of(one, Estimate(0.0, 0.0, 0.1, "share", 100, se=0.0)), NotEstimable)


def test_a_weighted_sum_adds_variances_and_knows_its_units() -> None:
    one = Estimate(2.0, 1.0, 3.0, "CHF", 10, se=0.5)
    other = Estimate(5.0, 4.0, 6.0, "CHF", 20, se=0.4)
    found = weighted_sum([(3.0, one), (10.0, other)])
    assert (found.value, found.n, found.unit) == (56.0, 30, "CHF")
    assert found.se == pytest.approx((1.5**2 + 4.0**2) ** 0.5)
    assert found.high - found.value == pytest.approx(1.959964 * found.se, rel=1e-6)
    with pytest.raises(ValueError, match="expected estimates in one unit"):
        weighted_sum([(1.0, one), (1.0, Estimate(1.0, 0.0, 2.0, "share", 5))])
