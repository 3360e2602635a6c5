"""Importance: published shares, the definition over all orders, and what a resample may say."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from insights.stats.importance import Importance, lmg_shares, relative_weights, shapley_importance
from insights.stats.reliability import ErrorVariance, error_variance
from insights.stats.results import NotEstimable


def important(y: Any, x: Any, **how: Any) -> Importance:
    found = shapley_importance(y, x, **how)
    assert isinstance(found, Importance), found
    return found


def correlated(seed: int, n: int = 400, p: int = 4) -> tuple[np.ndarray, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(rng.normal(size=(n, p)) + 0.8 * rng.normal(size=(n, 1)), columns=[f"d{j}" for j in range(p)])
    return x.to_numpy() @ np.linspace(1, 0, p) + 2 * rng.normal(size=n), x


def covariance(y: np.ndarray, x: pd.DataFrame) -> np.ndarray:
    return np.cov(np.column_stack([x, y]).T, bias=True)[None]


@pytest.mark.acceptance("importance_swiss", part="lmg, johnson, r_squared")
def test_swiss(shared: Path, acceptance: dict[str, Any]) -> None:
    expected = acceptance["importance_swiss"]
    swiss = pd.read_csv(shared / "data" / "reference" / "swiss.csv")
    y, x = swiss["Fertility"].to_numpy(float), swiss.drop(columns="Fertility").astype(float)
    cov = covariance(y, x)
    lmg, johnson = lmg_shares(cov)[0], relative_weights(cov)[0]
    assert dict(zip(x.columns, lmg, strict=True)) == pytest.approx(expected["lmg"], abs=expected["tol"])
    assert dict(zip(x.columns, johnson, strict=True)) == pytest.approx(expected["johnson"], abs=expected["tol"])
    assert lmg.sum() == pytest.approx(expected["r_squared"], abs=expected["tol"])
    # The rows would not suffice for a report: 47, where six parameters need 60.
    refused = shapley_importance(y, x)
    assert isinstance(refused, NotEstimable)
    assert "47 rows; 5 drivers need 60" in refused.reason


@pytest.mark.acceptance("bank_loyalty_survey", part="importance")
def test_the_bank_survey_s_importance(shared: Path, acceptance: dict[str, Any]) -> None:
    expected = acceptance["bank_loyalty_survey"]
    data = pd.read_csv(shared / "data" / "bank_loyalty_survey" / "satisfaction.csv")
    short = {"image": "imag", "expectation": "expe", "quality": "qual", "value": "val", "satisfaction": "sat"}
    scores = pd.DataFrame({name: data.filter(regex=f"^{s}[0-9]").mean(axis=1) for name, s in short.items()})
    found = important(data.filter(regex="^loy[0-9]").mean(axis=1), scores)
    table = found.table.set_index("driver")
    assert table["lmg"].to_dict() == pytest.approx(expected["lmg"], abs=expected["tol"])
    assert found.r_squared.value == pytest.approx(expected["r_squared"], abs=expected["tol"])
    assert table["vif"].to_dict() == pytest.approx(expected["vif"], abs=5e-5)  # printed with four decimals
    assert table["rank"].to_dict() == {"image": 3, "expectation": 5, "quality": 4, "value": 1, "satisfaction": 2}
    assert table.loc["expectation", "rank_low"] > 1


def test_lmg_is_the_mean_gain_over_all_orders() -> None:
    y, x = correlated(1)
    values, z = x.to_numpy() - x.to_numpy().mean(axis=0), y - y.mean()

    def explained(some: tuple[int, ...]) -> float:
        if not some:
            return 0.0
        rest = z - values[:, some] @ np.linalg.lstsq(values[:, some], z, rcond=None)[0]
        return float(1 - rest @ rest / (z @ z))

    orders = list(itertools.permutations(range(4)))
    expected = [
        np.mean([explained(o[: o.index(j) + 1]) - explained(o[: o.index(j)]) for o in orders]) for j in range(4)
    ]
    assert important(y, x).table["lmg"].to_list() == pytest.approx(expected)


def test_johnson_s_weights_go_through_the_nearest_uncorrelated_columns() -> None:
    y, x = correlated(2)
    z = (x.to_numpy() - x.to_numpy().mean(axis=0)) / x.to_numpy().std(axis=0)
    left, _, right = np.linalg.svd(z, full_matrices=False)
    near = left @ right * np.sqrt(len(z))  # orthogonal, and as close to z as can be
    target = (y - y.mean()) / y.std()
    slopes = near.T @ target / len(z)
    loadings = near.T @ z / len(z)
    assert important(y, x).table["johnson"].to_list() == pytest.approx(((loadings**2).T @ slopes**2).tolist())


def test_uncorrelated_drivers_have_their_squared_correlations() -> None:
    rng = np.random.default_rng(3)
    raw = rng.normal(size=(500, 5))
    raw -= raw.mean(axis=0)
    white = np.linalg.qr(raw)[0] * np.sqrt(500)
    y = white @ np.array([0.6, 0.4, 0.2, 0.0, 1.0])
    found = important(y, pd.DataFrame(white[:, :4], columns=list("abcd")))
    expected = (np.array([0.6, 0.4, 0.2, 0.0]) ** 2 / 1.56).tolist()
    assert found.table["lmg"].to_list() == pytest.approx(expected, abs=1e-12)
    assert found.table["johnson"].to_list() == pytest.approx(expected, abs=1e-12)
    assert found.table["vif"].to_list() == pytest.approx([1] * 4)


def test_a_resample_is_a_fit_of_the_resampled_rows() -> None:
    """The matrix of counts times products gives what drawing the rows one by one does."""
    y, x = correlated(4, n=60, p=3)
    found = important(y, x, draws=100, seed=5)
    rng = np.random.default_rng(5)
    for b in range(3):
        at = rng.integers(0, 60, 60, dtype=np.uint32)
        assert found.draws[b] == pytest.approx(lmg_shares(covariance(y[at], x.iloc[at]))[0])


def test_intervals_cover_and_ranks_are_right_where_shares_differ() -> None:
    rng = np.random.default_rng(6)
    loading, slope = 0.8, np.array([1.0, 0.6, 0.2])
    sigma = np.eye(3) + loading**2
    noise = 2.0
    full = np.block(
        [[sigma, (sigma @ slope)[:, None]], [(sigma @ slope)[None], np.array([[slope @ sigma @ slope + noise**2]])]]
    )
    truth = lmg_shares(full[None])[0]
    draws, covered, ranked, sure = 80, np.zeros(3), 0, []
    for i in range(draws):
        x = rng.normal(size=(500, 3)) + loading * rng.normal(size=(500, 1))
        y = x @ slope + noise * rng.normal(size=500)
        found = important(y, (("a", "b", "c"), x), draws=200, seed=i)
        covered += (found.table["lmg_low"] <= truth) & (found.table["lmg_high"] >= truth)
        ranked += found.table["rank"].to_list() == [1, 2, 3]
        sure.append(found.more_important("a", "c"))
    # Of 80 draws at 95 %: 69 is the 0.3 % point.
    assert covered.min() >= 69
    assert ranked >= 0.95 * draws
    assert np.mean(sure) > 0.99


def test_rank_probabilities_add_up_and_the_tables_agree() -> None:
    y, x = correlated(7)
    found = important(y, x)
    assert found.ranks.sum(axis=0).to_list() == pytest.approx([1] * 4)
    assert found.ranks.sum(axis=1).to_list() == pytest.approx([1] * 4)
    assert found.ranks[1].to_list() == found.table["first"].to_list()
    assert found.table["share"].sum() == pytest.approx(1)
    assert found.table["lmg"].sum() == pytest.approx(found.r_squared.value)
    assert found.more_important("d0", "d3") == 1
    with pytest.raises(ValueError, match="no driver is called 'x'"):
        found.more_important("x", "d0")


def test_clusters_are_resampled_whole() -> None:
    rng = np.random.default_rng(8)
    group = np.repeat(np.arange(20), 25)
    x = pd.DataFrame({"a": rng.normal(size=20)[group], "b": rng.normal(size=500)})
    y = x["a"] + x["b"] + rng.normal(size=20)[group] * 1.5 + rng.normal(size=500)
    alone, whole = important(y, x), important(y, x, cluster=group)
    assert whole.table["lmg"].to_list() == alone.table["lmg"].to_list()
    assert whole.draws[:, 0].std() > 2 * alone.draws[:, 0].std()


def test_weights_of_whole_numbers_are_repeated_rows() -> None:
    y, x = correlated(9)
    times = np.random.default_rng(10).integers(0, 4, 400)
    again = important(np.repeat(y, times), x.loc[x.index.repeat(times)])
    columns = ["lmg", "johnson", "correlation", "vif"]
    pd.testing.assert_frame_equal(important(y, x, weight=times).table[columns], again.table[columns])


def test_shares_of_noisy_scores_are_those_of_what_they_measure() -> None:
    rng = np.random.default_rng(11)
    truth = rng.normal(size=(3000, 2)) + 0.7 * rng.normal(size=(3000, 1))
    y = truth @ np.array([1.0, 0.5]) + rng.normal(size=3000)
    items = [
        pd.DataFrame(truth[:, [j]] + s * rng.normal(size=(3000, 3))).add_prefix(f"i{j}_")
        for j, s in enumerate((2.5, 0.5))
    ]
    scores = pd.DataFrame({"a": items[0].mean(axis=1), "b": items[1].mean(axis=1)})
    parts = [error_variance(frame) for frame in items]
    errors = np.column_stack([e.contributions for e in parts if isinstance(e, ErrorVariance)])
    exact = important(y, (("a", "b"), truth)).table
    noisy, corrected = important(y, scores).table, important(y, scores, errors=errors).table
    assert noisy["rank"].to_list() == [2, 1]  # the noisier driver falls behind
    assert corrected["rank"].to_list() == exact["rank"].to_list() == [1, 2]
    assert corrected["lmg"].to_list() == pytest.approx(exact["lmg"].to_list(), abs=0.05)


def test_what_cannot_be_ranked_is_said() -> None:
    y, x = correlated(12)
    cases: list[tuple[Any, Any, str]] = [
        (y, x.assign(twin=x["d0"]), "'twin' is a linear combination of 'd0'"),
        (y, x.assign(flat=1.0), "'flat' does not vary"),
        (y * 0, x, "everybody has the same outcome"),
        (y[:49], x[:49], "49 rows; 4 drivers need 50"),
    ]
    for outcome, drivers, reason in cases:
        found = shapley_importance(outcome, drivers)
        assert isinstance(found, NotEstimable)
        assert reason in found.reason
    too_noisy = shapley_importance(y, x, errors=np.full(x.shape, 5.0))
    assert isinstance(too_noisy, NotEstimable)
    many = pd.DataFrame(np.random.default_rng(0).normal(size=(400, 21))).add_prefix("d")
    with pytest.raises(ValueError, match="there are 21 drivers; expected 1 to 20"):
        shapley_importance(y, many)
    with pytest.raises(ValueError, match="5 resamples"):
        shapley_importance(y, x, draws=5)
