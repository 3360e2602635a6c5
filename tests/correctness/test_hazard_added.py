"""Score tests of added columns: against Pearson's chi-squared, against a second fit, and their size and power."""

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from insights.stats.hazard import HazardModel, added_columns_test, discrete_hazard


def fitted(n: int = 4000, seed: int = 3, link: str = "cloglog") -> tuple[np.ndarray, np.ndarray, HazardModel]:
    """Return a column (n, 1), events that it drives, and the model of them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 1))
    events = (rng.random(n) < -np.expm1(-np.exp(-2.0 + 0.5 * x[:, 0]))).astype(float)
    model = discrete_hazard((("x",), x), events, link=link)
    assert isinstance(model, HazardModel)
    return x, events, model


@pytest.mark.parametrize("link", ["cloglog", "logit"])
def test_without_other_columns_it_is_pearsons_chi_squared(link: str) -> None:
    rng = np.random.default_rng(5)
    group = rng.integers(0, 3, 900)
    events = (rng.random(900) < np.array([0.1, 0.15, 0.2])[group]).astype(float)
    model = discrete_hazard(((), np.zeros((900, 0))), events, link=link)
    assert isinstance(model, HazardModel)
    added = np.stack([group == 1, group == 2], axis=1)
    found = added_columns_test("groups", model, ((), np.zeros((900, 0))), added, events)
    table = np.array([[(events[group == g] == e).sum() for e in (0, 1)] for g in range(3)])
    expected = chi2_contingency(table, correction=False)
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-8)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-8)
    assert found.df == 2


def test_it_agrees_with_the_likelihood_ratio_of_a_second_fit() -> None:
    x, events, model = fitted()
    extra = np.random.default_rng(1).normal(size=(len(x), 3)) + x
    found = added_columns_test("three", model, (("x",), x), extra, events)
    second = discrete_hazard((("x", "a", "b", "c"), np.hstack([x, extra])), events)
    assert isinstance(second, HazardModel)
    assert found.statistic == pytest.approx(2 * (second.loglik - model.loglik), rel=0.05)


def test_rows_given_twice_change_nothing_where_both_are_one_cluster() -> None:
    x, events, model = fitted(1500)
    extra = np.random.default_rng(1).normal(size=(len(x), 2))
    once = added_columns_test("two", model, (("x",), x), extra, events, cluster=np.arange(len(x)))
    twice = added_columns_test(
        "two",
        model,
        (("x",), np.tile(x, (2, 1))),
        np.tile(extra, (2, 1)),
        np.tile(events, 2),
        cluster=np.tile(np.arange(len(x)), 2),
    )
    halved = added_columns_test("two", model, (("x",), x), extra, events, weight=np.full(len(x), 0.25))
    assert twice.statistic == pytest.approx(once.statistic, rel=1e-9)
    assert halved.statistic == pytest.approx(once.statistic, rel=1e-9)


def test_it_rejects_as_often_as_it_says_where_rows_of_a_cluster_are_alike_and_finds_what_is_there() -> None:
    rng = np.random.default_rng(8)
    naive, clustered = [], []
    for _ in range(200):
        cluster = np.repeat(np.arange(250), 8)
        column = np.repeat(rng.normal(size=250), 8)[:, None]
        events = (rng.random(2000) < np.repeat(rng.beta(1, 5, 250), 8)).astype(float)
        model = discrete_hazard(((), np.zeros((2000, 0))), events, inference=False)
        assert isinstance(model, HazardModel)
        none = ((), np.zeros((2000, 0)))
        naive.append(added_columns_test("c", model, none, column, events).p_value)
        clustered.append(added_columns_test("c", model, none, column, events, cluster=cluster).p_value)
    assert 0.015 <= np.mean(np.array(clustered) < 0.05) <= 0.10
    assert np.mean(np.array(naive) < 0.05) > 0.12
    x, events, model = fitted()
    assert added_columns_test("square", model, (("x",), x), x**2, events).p_value > 0.01
    rest, none = discrete_hazard(((), np.zeros((len(x), 0))), events), ((), np.zeros((len(x), 0)))
    assert isinstance(rest, HazardModel)
    assert added_columns_test("x", rest, none, x, events).p_value < 1e-6


def test_it_says_why_it_does_not_apply() -> None:
    x, events, model = fitted(600)
    design = (("x",), x)
    same = added_columns_test("same", model, design, 2 * x + 1, events)
    assert same.statistic is None
    assert "says the same" in same.reason
    few = added_columns_test("few", model, design, x**2, events, cluster=np.arange(600) % 2)
    assert few.statistic is None
    assert few.reason == "2 clusters are too few for 1 added columns"
    with pytest.raises(ValueError, match="shape"):
        added_columns_test("shape", model, design, x[:10], events)
    levels = discrete_hazard(design, events, baseline=np.arange(600) % 3)
    assert isinstance(levels, HazardModel)
    with pytest.raises(ValueError, match="levels"):
        added_columns_test("levels", levels, design, x**2, events)
