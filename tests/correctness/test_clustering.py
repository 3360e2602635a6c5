"""Clustered covariances against the formulas written out with matrices of the size of the data."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from insights.stats.clustering import Way, cluster_covariance, read_clusters
from insights.stats.results import TestResult

Array = npt.NDArray[np.float64]


def regression(seed: int, groups: int, n: int = 120) -> tuple[Array, Array, Way]:
    """Return columns, residuals of a least-squares fit, and clusters of very different sizes."""
    rng = np.random.default_rng(seed)
    codes = np.sort(rng.choice(groups, n, p=np.arange(1, groups + 1) / np.arange(1, groups + 1).sum()))
    codes[:groups] = np.arange(groups)
    columns = np.column_stack([np.ones(n), rng.normal(size=(n, 2)), rng.normal(size=groups)[codes]])
    outcome = rng.normal(size=n) + rng.normal(size=groups)[codes]
    residual = outcome - columns @ np.linalg.lstsq(columns, outcome, rcond=None)[0]
    return columns, residual, Way("group", codes, tuple(map(str, range(groups))))


def found(columns: Array, residual: Array, *ways: Way, small_sample: bool = True) -> tuple[Array, Array, Array]:
    def scores(way: Way) -> Array:
        return np.stack([(columns * residual[:, None])[way.codes == g].sum(axis=0) for g in range(way.size)])

    def informations(way: Way) -> Array:
        parts = [columns[way.codes == g] for g in range(way.size)]
        return np.stack([part.T @ part for part in parts])

    bread = np.linalg.inv(columns.T @ columns)
    k = columns.shape[1]
    result = cluster_covariance(bread, ways, scores, informations, np.eye(k), small_sample=small_sample)
    return result.covariance, result.df, result.influence


def power(matrix: Array, exponent: float) -> Array:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * values**exponent) @ vectors.T)


def test_the_correction_is_that_of_the_matrices_of_all_rows() -> None:
    columns, residual, way = regression(1, 9)
    n, k = columns.shape
    bread = np.linalg.inv(columns.T @ columns)
    left = np.eye(n) - columns @ bread @ columns.T
    meat, reach = np.zeros((k, k)), np.zeros((way.size, k, n))
    for g in range(way.size):
        rows = np.flatnonzero(way.codes == g)
        root = power(left[np.ix_(rows, rows)], -0.5)
        score = columns[rows].T @ root @ residual[rows]
        meat += np.outer(score, score)
        reach[g] = bread @ columns[rows].T @ root @ left[rows]
    covariance, df, influence = found(columns, residual, way)
    assert covariance == pytest.approx(bread @ meat @ bread, rel=1e-9, abs=1e-12)
    for j in range(k):
        quadratic = reach[:, j] @ reach[:, j].T
        assert df[j] == pytest.approx(np.trace(quadratic) ** 2 / np.sum(quadratic**2), rel=1e-9)
    outcome = residual  # a fit to its own residuals has coefficients 0
    for g in range(way.size):
        rest = way.codes != g
        without = np.linalg.lstsq(columns[rest], outcome[rest], rcond=None)[0]
        assert influence[g] == pytest.approx(without, abs=1e-9)


def test_without_correction_it_is_the_plain_sandwich() -> None:
    columns, residual, way = regression(2, 25)
    totals = pd.DataFrame(columns * residual[:, None]).groupby(way.codes).sum().to_numpy()
    bread = np.linalg.inv(columns.T @ columns)
    covariance, df, _ = found(columns, residual, way, small_sample=False)
    assert covariance == pytest.approx(bread @ totals.T @ totals @ bread)
    assert np.isinf(df).all()


def test_above_four_hundred_clusters_the_factor_is_nearly_the_correction() -> None:
    columns, residual, _ = regression(3, 5, n=2000)
    few = Way("g", np.arange(2000) % 400, tuple(map(str, range(400))))
    many = Way("g", np.where(np.arange(2000) < 10, 400, few.codes), tuple(map(str, range(401))))
    one, other = found(columns, residual, few)[0], found(columns, residual, many)[0]
    assert np.sqrt(np.diag(other)) == pytest.approx(np.sqrt(np.diag(one)), rel=0.03)
    assert found(columns, residual, many)[1].tolist() == [400.0] * 4


def test_a_cluster_that_alone_carries_a_column_does_not_break_it() -> None:
    columns, residual, way = regression(4, 8)
    columns[:, 3] = way.codes == 2
    residual = residual - columns @ np.linalg.lstsq(columns, residual, rcond=None)[0]
    covariance, df, _ = found(columns, residual, way)
    assert np.isfinite(covariance).all()
    assert (np.diag(covariance)[:3] > 0).all()
    assert (df >= 1).all()


def test_a_two_way_covariance_has_no_negative_variance() -> None:
    rng = np.random.default_rng(5)
    columns = np.column_stack([np.ones(60), rng.normal(size=60)])
    cut = 0
    for _ in range(20):
        residual = rng.normal(size=60)
        ways = [Way(name, rng.integers(0, 3, 60), ("a", "b", "c")) for name in ("one", "two")]
        checks: tuple[TestResult, ...] = ()

        def scores(way: Way, rows: Array = columns * residual[:, None]) -> Array:
            return np.stack([rows[way.codes == g].sum(axis=0) for g in range(way.size)])

        bread = np.linalg.inv(columns.T @ columns)
        result = cluster_covariance(bread, tuple(ways), scores, scores, np.eye(2), small_sample=False)
        checks = result.checks
        assert np.linalg.eigvalsh(result.covariance).min() > -1e-12
        assert result.no_interval.startswith("3 clusters (one) are too few")
        reported = next(c for c in checks if c.name == "two-way covariance")
        assert (reported.statistic or 0) == 0 or "negative eigenvalues were cut" in reported.reason
        cut += int(reported.statistic or 0)
    assert cut > 0


def test_labels_are_read_in_order_and_faults_are_named() -> None:
    (way,) = read_clusters(pd.Series(["b", "a", "c", "a"]), 4)
    assert (way.labels, way.codes.tolist()) == (("a", "b", "c"), [1, 0, 2, 0])
    ways = read_clusters(pd.DataFrame({"manager": [10, 9, 9], "client": [1, 2, 3]}), 3)
    assert [(w.name, w.labels) for w in ways] == [("manager", ("9", "10")), ("client", ("1", "2", "3"))]
    kept = ways[0].used(np.array([False, True, True]))
    assert (kept.labels, kept.codes.tolist()) == (("9",), [0, 0, 0])
    with pytest.raises(ValueError, match=r"manager has shape \(2,\); expected \(3,\)"):
        read_clusters({"manager": [1, 2]}, 3)
    with pytest.raises(ValueError, match="1 values of cluster are missing; expected a label for every row"):
        read_clusters(["a", None, "b"], 3)
    with pytest.raises(ValueError, match="3 clusterings were given; expected one or two"):
        read_clusters({k: [1] for k in "abc"}, 1)
