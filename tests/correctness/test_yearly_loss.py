"""Losses of a year: quantiles of a known law found, intervals that cover, a wrong law noticed."""

from types import SimpleNamespace

import numpy as np
import pytest

from insights.stats.proportions import rate
from insights.stats.results import Estimate, NotEstimable
from insights.stats.yearly_loss import YearlyLoss, yearly_loss

LAW = SimpleNamespace(yearly=25.0, log_loss=8.0, log_loss_sd=1.4, years=3)


@pytest.fixture(scope="module")
def truth() -> dict[float, float]:
    rng = np.random.default_rng(0)
    count = rng.poisson(LAW.yearly, 200_000)
    single = np.exp(LAW.log_loss + LAW.log_loss_sd * rng.standard_normal(count.sum()))
    sums = np.bincount(np.repeat(np.arange(200_000), count), single, 200_000)
    return {p: float(np.quantile(sums, p)) for p in (0.5, 0.95, 0.99)}


def test_quantiles_of_the_law_are_found_and_their_intervals_cover(truth: dict[float, float]) -> None:
    rng = np.random.default_rng(4)
    inside: dict[float, int] = dict.fromkeys(truth, 0)
    means, p_values = [], []
    runs = 40
    for _ in range(runs):
        n = int(rng.poisson(LAW.yearly * LAW.years))
        losses = np.exp(LAW.log_loss + LAW.log_loss_sd * rng.standard_normal(n))
        found = yearly_loss(losses, rate(n, LAW.years), rng=rng)
        assert isinstance(found, YearlyLoss)
        for p, value in truth.items():
            inside[p] += found.quantiles[p].low <= value <= found.quantiles[p].high
        means.append(found.expected.value)
        p_values.append(found.checks[0].p_value)
        assert found.quantiles[0.5].value < found.expected.value < found.quantiles[0.95].value
    assert min(inside.values()) >= 34
    assert np.median(means) == pytest.approx(25 * np.exp(8 + 1.4**2 / 2), rel=0.1)
    assert 0.02 < np.mean(np.array(p_values) < 0.2) < 0.45  # a test whose null holds


def test_another_law_is_noticed() -> None:
    rng = np.random.default_rng(2)
    two = np.exp(np.concatenate([rng.normal(4, 0.3, 60), rng.normal(10, 0.3, 40)]))
    found = yearly_loss(two, Estimate(30.0, 25.0, 36.0, "per year", 3, 90), rng=rng)
    assert isinstance(found, YearlyLoss)
    assert found.checks[0].p_value is not None
    assert found.checks[0].p_value < 0.001


def test_few_losses_or_losses_of_nothing_are_refused() -> None:
    rng = np.random.default_rng(2)
    yearly = Estimate(30.0, 25.0, 36.0, "per year", 3, 90)
    told = yearly_loss(np.ones(19), yearly, rng=rng)
    assert isinstance(told, NotEstimable)
    assert told.reason.startswith("19 losses are known")
    assert isinstance(yearly_loss(np.ones(30), yearly, rng=rng), NotEstimable)
    with pytest.raises(ValueError, match="not above 0"):
        yearly_loss([1.0, 0.0], yearly, rng=rng)
    with pytest.raises(ValueError, match="probabilities are"):
        yearly_loss([1.0, 2.0], yearly, (1.5,), rng=rng)
