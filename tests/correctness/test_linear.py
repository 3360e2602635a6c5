"""Least squares: the bank survey's published slopes, and covariances against their definition."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from insights.stats.linear import LinearFit, least_squares, variance_inflation
from insights.stats.results import Estimate, NotEstimable

ITEMS = {"image": "imag", "expectation": "expe", "quality": "qual", "value": "val", "satisfaction": "sat"}


def fitted(y: Any, x: Any, **how: Any) -> LinearFit:
    found = least_squares(y, x, **how)
    assert isinstance(found, LinearFit), found
    return found


def rows(seed: int, n: int = 120, clusters: int = 12) -> tuple[np.ndarray, pd.DataFrame, np.ndarray, np.ndarray]:
    """Return outcome, columns, cluster and weight; clusters differ in size, and one column belongs to them."""
    rng = np.random.default_rng(seed)
    group = np.sort(rng.integers(0, clusters, n))
    x = pd.DataFrame({"a": rng.normal(size=n), "b": rng.normal(size=clusters)[group], "c": rng.random(n) < 0.3})
    y = 1 + x["a"] - 0.5 * x["c"] + rng.normal(size=clusters)[group] + rng.normal(size=n) * (1 + x["a"].abs())
    return y.to_numpy(), x, group, rng.integers(1, 4, n).astype(float)


@pytest.mark.acceptance("bank_loyalty_survey", part="slopes, variance inflation, R²")
def test_the_bank_survey_s_slopes(shared: Path, acceptance: dict[str, Any]) -> None:
    expected = acceptance["bank_loyalty_survey"]
    data = pd.read_csv(shared / "data" / "bank_loyalty_survey" / "satisfaction.csv")
    scores = pd.DataFrame({name: data.filter(regex=f"^{short}[0-9]").mean(axis=1) for name, short in ITEMS.items()})
    found = fitted(data.filter(regex="^loy[0-9]").mean(axis=1), scores)
    table, tol = found.table.set_index("name").drop("constant"), expected["tol"]
    assert table["standardised"].to_dict() == pytest.approx(expected["standardised_beta"], abs=tol)
    assert table["vif"].to_dict() == pytest.approx(expected["vif"], abs=5e-5)  # printed with four decimals
    assert found.r_squared == pytest.approx(expected["r_squared"], abs=tol)
    alone = variance_inflation(scores)
    assert isinstance(alone, pd.Series)
    assert alone.to_dict() == pytest.approx(table["vif"].to_dict())
    # Why expectation's slope is negative: alone it goes with more loyalty.
    assert table.loc["expectation", "standardised"] < 0
    assert fitted(data.filter(regex="^loy[0-9]").mean(axis=1), scores[["expectation"]]).table["low"][1] > 0


@pytest.mark.parametrize("errors", ["classical", "hc1", "hc2", "hc3"])
def test_errors_by_row_are_their_definition(errors: Any) -> None:
    y, x, _, w = rows(1)
    full = np.column_stack([np.ones(len(y)), x.to_numpy(float)])
    v = w / w.mean()
    bread = np.linalg.inv(full.T @ np.diag(v) @ full)
    beta = bread @ full.T @ (v * y)
    rest, n, q = y - full @ beta, *full.shape
    lever = np.diag(np.diag(v) @ full @ bread @ full.T)
    if errors == "classical":
        expected = bread * (v @ rest**2) / (n - q)
    else:
        factor = {"hc1": np.full(n, n / (n - q)), "hc2": 1 / (1 - lever), "hc3": 1 / (1 - lever) ** 2}[errors]
        expected = bread @ full.T @ np.diag(v**2 * rest**2 * factor) @ full @ bread
    found = fitted(y, x, weight=w, errors=errors)
    assert found.table["estimate"].to_list() == pytest.approx(beta.tolist())
    assert found.covariance == pytest.approx(expected)
    assert found.residual_sd == pytest.approx(np.sqrt(v @ rest**2 / (n - q)))


def test_few_clusters_are_corrected_as_defined() -> None:
    """CR2 and Satterthwaite's degrees of freedom, written out with the full projection matrix."""
    y, x, group, _ = rows(2)
    full = np.column_stack([np.ones(len(y)), x.to_numpy(float)])
    n, q = full.shape
    bread = np.linalg.inv(full.T @ full)
    away = np.eye(n) - full @ bread @ full.T
    rest = away @ y
    pieces, by_cluster = np.zeros((q, q)), []
    for g in np.unique(group):
        own = group == g
        values, vectors = np.linalg.eigh(away[np.ix_(own, own)])
        root = np.where(values > 1e-9, 1 / np.sqrt(np.maximum(values, 1e-9)), 0.0)
        adjust = (vectors * root) @ vectors.T
        score = full[own].T @ adjust @ rest[own]
        pieces += np.outer(score, score)
        by_cluster.append(away[:, own] @ adjust @ full[own] @ bread)
    found = fitted(y, x, cluster=group)
    assert found.covariance == pytest.approx(bread @ pieces @ bread)
    for j in range(q):
        g = np.array([p[:, j] for p in by_cluster])
        inner = g @ g.T
        assert found.df[j] == pytest.approx(np.trace(inner) ** 2 / np.sum(inner**2))
    assert found.clusters == {"cluster": 12}


def test_few_clusters_keep_the_level_that_rows_alone_lose() -> None:
    rng = np.random.default_rng(3)
    draws, by_cluster, by_row = 100, 0, 0
    group = np.repeat(np.arange(14), 10)
    for _ in range(draws):
        x = pd.DataFrame({"x": rng.normal(size=14)[group]})
        y = rng.normal(size=14)[group] + rng.normal(size=140)
        by_cluster += fitted(y, x, cluster=group).table["p"][1] < 0.05
        by_row += fitted(y, x).table["p"][1] < 0.05
    # Of 100 draws at 5 %: 5, and 11 is the 99.6 % point.
    assert by_cluster <= 11
    assert by_row > 30


def test_weights_of_whole_numbers_are_repeated_rows() -> None:
    y, x, _, w = rows(4)
    times = w.astype(int)
    again = fitted(np.repeat(y, times), x.loc[x.index.repeat(times)])
    found = fitted(y, x, weight=w)
    for column in ("estimate", "standardised", "vif"):
        assert found.table[column].to_list() == pytest.approx(again.table[column].to_list(), nan_ok=True)
    assert found.r_squared == pytest.approx(again.r_squared)
    out = fitted(y, x, weight=np.where(np.arange(120) < 20, 0, 1.0))
    assert out.table["se"].to_list() == pytest.approx(fitted(y[20:], x[20:]).table["se"].to_list())


def test_weights_of_nothing_take_clusters_with_them() -> None:
    y, x, group, _ = rows(5)
    kept = group > 1
    found = fitted(y, x, weight=kept.astype(float), cluster=group)
    assert found.covariance == pytest.approx(fitted(y[kept], x[kept], cluster=group[kept]).covariance)
    assert found.clusters == {"cluster": 10}


def test_a_coefficient_is_an_estimate_in_the_outcome_s_unit() -> None:
    y, x, group, _ = rows(6)
    one = fitted(y, x, unit="points").coefficient("a")
    assert isinstance(one, Estimate)
    assert one.unit == "points"
    assert one.low < 1 < one.high
    bare = fitted(y, x, cluster=group, small_sample=False).coefficient("a")
    assert isinstance(bare, NotEstimable)
    assert "too few" in bare.reason


def test_what_cannot_be_estimated_is_said() -> None:
    y, x, _, _ = rows(7)
    cases: list[tuple[Any, Any, str]] = [
        (y, x.assign(d=x["a"] + x["b"]), "'d' is a linear combination of 'a', 'b'"),
        (y, x.assign(d=2.0), "'d' does not vary"),
        (y * 0 + 4, x, "everybody has the same outcome"),
        (y[:49], x[:49], "49 rows are too few for 4 parameters: 50 are needed"),
    ]
    for outcome, columns, reason in cases:
        found = least_squares(outcome, columns)
        assert isinstance(found, NotEstimable)
        assert reason in found.reason
    twin = variance_inflation(x.assign(d=x["a"]))
    assert isinstance(twin, NotEstimable)
    with pytest.raises(ValueError, match="missing or infinite"):
        least_squares(np.where(np.arange(120) == 3, np.nan, y), x)
    with pytest.raises(ValueError, match="errors is 'hc9'"):
        least_squares(y, x, errors="hc9")  # type: ignore[arg-type]
