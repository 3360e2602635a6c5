"""Regression within units: against a dummy for every unit, its errors, contrasts, and what it is for."""

import numpy as np
import pandas as pd
import pytest

from insights.stats.absorbed import AbsorbedFit, absorbed_regression
from insights.stats.results import NotEstimable

BETTER = 0.4


def rows(seed: int, n: int = 150, per: int = 6) -> tuple[np.ndarray, pd.DataFrame, np.ndarray]:
    """Return marks, columns and client: channel b is better by 0.4, and the dissatisfied use it more."""
    rng = np.random.default_rng(seed)
    client = np.repeat(np.arange(n), per)
    trait = rng.normal(0, 1.5, n)
    b = rng.random(n * per) < 1 / (1 + np.exp(trait[client]))
    c = ~b & (rng.random(n * per) < 0.4)
    wait = rng.exponential(1, n * per)
    y = trait[client] + BETTER * b - 0.3 * c - 0.2 * wait + rng.normal(0, 1, n * per)
    return y, pd.DataFrame({"b": b, "c": c, "wait": wait}).astype(float), client


def fitted(found: AbsorbedFit | NotEstimable) -> AbsorbedFit:
    assert isinstance(found, AbsorbedFit), found
    return found


@pytest.mark.parametrize("weighted", [False, True])
def test_it_is_the_regression_with_a_dummy_for_every_unit(weighted: bool) -> None:
    y, x, client = rows(1, n=60)
    rng = np.random.default_rng(9)
    keep = rng.random(len(y)) < 0.6
    y, x, client = y[keep], x[keep], client[keep]
    w = rng.uniform(0.5, 2, len(y)) if weighted else np.ones(len(y))
    found = fitted(absorbed_regression(y, x, client, weight=w))
    names, code = np.unique(client, return_inverse=True)
    design = np.hstack([x.to_numpy(), np.eye(len(names))[code]])
    root = np.sqrt(w)[:, None]
    beta, *_ = np.linalg.lstsq(design * root, y * root[:, 0], rcond=None)
    assert found.table["estimate"].tolist() == pytest.approx(beta[:3])
    rest = (y - design @ beta) * w
    bread = np.linalg.pinv((design * w[:, None]).T @ design)
    scores = np.stack([(design * rest[:, None])[code == g].sum(axis=0) for g in range(len(names))])
    g = found.units
    covariance = g / (g - 1) * bread @ (scores.T @ scores) @ bread
    assert found.table["se"].tolist() == pytest.approx(np.sqrt(np.diag(covariance))[:3])
    assert found.alone == (np.bincount(code) == 1).sum()


def test_within_units_the_truth_is_covered_where_the_naive_comparison_has_the_wrong_sign() -> None:
    inside = wrong = 0
    for seed in range(200):
        y, x, client = rows(seed)
        fair = fitted(absorbed_regression(y, x, client)).combination({"b": 1.0})
        naive = fitted(absorbed_regression(y, x[["b", "c"]], client, absorb=False)).combination({"b": 1.0})
        inside += fair.low < BETTER < fair.high
        wrong += naive.high < 0
    assert 0.91 <= inside / 200 <= 0.99
    assert wrong == 200


def test_contrasts_may_name_the_level_left_out_and_do_not_depend_on_which_it_is() -> None:
    y, x, client = rows(5)
    first = fitted(absorbed_regression(y, x, client)).combination({"b": 1.0, "a": -1.0})
    other = x.assign(a=1 - x["b"] - x["c"]).drop(columns="b")
    again = fitted(absorbed_regression(y, other, client)).combination({"b": 1.0, "a": -1.0})
    assert (first.value, first.se) == pytest.approx((again.value, again.se))


def test_what_does_not_differ_within_units_is_refused() -> None:
    y, x, client = rows(6)
    fixed = x.assign(kind=(client % 2).astype(float))
    assert isinstance(absorbed_regression(y, fixed, client), NotEstimable)
    assert isinstance(absorbed_regression(y, x.assign(again=x["b"]), client), NotEstimable)
    few = absorbed_regression(y[:200], x[:200], client[:200])
    assert isinstance(few, NotEstimable)
    assert "50" in few.reason
    lone = absorbed_regression(y, x, np.arange(len(y)))
    assert isinstance(lone, NotEstimable)
    assert lone.reason.startswith("0 units")
    with pytest.raises(ValueError, match="missing"):
        absorbed_regression(np.where(y > 0, y, np.nan), x, client)
