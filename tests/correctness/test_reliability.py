"""Reliability and regressions corrected for measurement error, against published values and a known truth."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from insights.stats.measurement_error import CorrectedRegression, corrected_regression
from insights.stats.reliability import (
    cronbach_alpha,
    error_variance,
    item_rest_correlations,
    mcdonald_omega,
    one_factor,
    scale_scores,
)
from insights.stats.results import Estimate, NotEstimable

FACTORS = {"image": "imag", "expectation": "expe", "quality": "qual", "value": "val", "satisfaction": "sat"}
WEIGHTS = np.array([0.5, 0.3, 0.0])


def bank_survey(shared: Path) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    data = pd.read_csv(shared / "data" / "bank_loyalty_survey" / "satisfaction.csv")
    items = {name: data.filter(regex=f"^{short}[0-9]") for name, short in FACTORS.items()}
    return items, data.filter(regex="^loy[0-9]")


def estimate(found: Estimate | NotEstimable) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


def answers(
    rng: np.random.Generator, n: int, *, items: int = 3, loading: float = 0.7, cluster: int = 0
) -> tuple[dict[str, pd.DataFrame], pd.Series]:
    """Three correlated factors with noisy items, and an outcome with the weights above; R² is about a half."""
    shared_part = rng.normal(size=(n, 1))
    factors = np.sqrt(0.4) * shared_part + np.sqrt(0.6) * rng.normal(size=(n, 3))
    outcome = factors @ WEIGHTS + 0.6 * rng.normal(size=n)
    if cluster:
        outcome = outcome + 0.5 * rng.normal(size=n // cluster).repeat(cluster)
    frames = {}
    for j in range(3):
        noise = np.sqrt(1 - loading**2) * rng.normal(size=(n, items))
        frames[f"f{j}"] = pd.DataFrame(loading * factors[:, [j]] + noise).add_prefix(f"item{j}_")
    return frames, pd.Series(outcome)


def corrected(outcome: Any, items: Any, **how: Any) -> CorrectedRegression:
    found = corrected_regression(outcome, items, **how)
    assert isinstance(found, CorrectedRegression), found
    return found


@pytest.mark.acceptance("bank_loyalty_survey", part="reliability")
def test_the_bank_survey_s_alphas(shared: Path, acceptance: dict[str, Any]) -> None:
    expected = acceptance["bank_loyalty_survey"]
    items, loyalty = bank_survey(shared)
    found = {name: estimate(cronbach_alpha(frame)).value for name, frame in (items | {"loyalty": loyalty}).items()}
    assert found == pytest.approx(expected["cronbach_alpha"], abs=expected["tol"])


def test_the_bank_survey_s_factors_cannot_be_told_apart_without_their_error(shared: Path) -> None:
    items, loyalty = bank_survey(shared)
    found = corrected_regression(loyalty, items)
    assert isinstance(found, NotEstimable)
    assert "expectation" in found.reason
    assert "quality" in found.reason
    assert "cannot be told apart in 250 rows" in found.reason
    two = corrected(loyalty, {name: items[name] for name in ("image", "value")})
    assert two.table.set_index("factor").loc["value", "low"] > 0


def test_alpha_of_parallel_items_is_the_spearman_brown_formula() -> None:
    """Items that correlate by r have reliability k r / (1 + (k - 1) r), whatever the method."""
    rng = np.random.default_rng(1)
    raw = rng.normal(size=(200, 4))
    raw -= raw.mean(axis=0)
    white = raw @ np.linalg.inv(np.linalg.cholesky(raw.T @ raw / 200)).T
    r = 0.36
    items = pd.DataFrame(white @ np.linalg.cholesky(np.full((4, 4), r) + (1 - r) * np.eye(4)).T)
    truth = 4 * r / (1 + 3 * r)
    assert estimate(cronbach_alpha(items)).value == pytest.approx(truth)
    assert estimate(mcdonald_omega(items)).value == pytest.approx(truth, abs=1e-6)


def test_omega_recovers_unequal_loadings_where_alpha_is_too_low() -> None:
    loading = np.array([0.9, 0.7, 0.5, 0.3])
    cov = np.outer(loading, loading) + np.diag(1 - loading**2)
    fit = one_factor(cov)
    assert fit is not None
    assert fit[0] == pytest.approx(loading, abs=1e-5)
    assert fit[1] == pytest.approx(1 - loading**2, abs=1e-5)
    rng = np.random.default_rng(2)
    items = pd.DataFrame(
        rng.normal(size=(50_000, 1)) * loading + rng.normal(size=(50_000, 4)) * np.sqrt(1 - loading**2)
    )
    truth = loading.sum() ** 2 / cov.sum()
    omega, alpha = estimate(mcdonald_omega(items)), estimate(cronbach_alpha(items))
    assert omega.low < truth < omega.high
    assert alpha.high < truth


def test_one_factor_is_where_the_likelihood_is_highest(shared: Path) -> None:
    """No nearby loadings and unique variances fit better."""
    cov = np.cov(bank_survey(shared)[0]["image"].to_numpy(float).T)
    fit = one_factor(cov)
    assert fit is not None
    loading, unique = fit

    def loss(change: np.ndarray) -> float:
        fitted = np.outer(loading + change[:5], loading + change[:5]) + np.diag(unique + change[5:])
        return float(np.linalg.slogdet(fitted)[1] + np.trace(np.linalg.solve(fitted, cov)))

    rng, best = np.random.default_rng(3), loss(np.zeros(10))
    assert all(loss(rng.normal(size=10) * size) > best for size in (1e-3, 1e-2, 1e-1) for _ in range(30))


@pytest.mark.parametrize("method", [cronbach_alpha, mcdonald_omega])
def test_intervals_of_reliability_cover_with_five_point_items(method: Any) -> None:
    rng = np.random.default_rng(4)

    def items(n: int) -> pd.DataFrame:
        behind = 0.75 * rng.normal(size=(n, 1)) + np.sqrt(1 - 0.75**2) * rng.normal(size=(n, 3))
        return pd.DataFrame(np.digitize(behind, [-1.5, -0.5, 0.4, 1.2]))

    truth, draws = estimate(method(items(400_000))).value, 60
    found = [estimate(method(items(150))) for _ in range(draws)]
    covered = sum(e.low <= truth <= e.high for e in found)
    # Of 60 draws at 95 %: 51 is the 0.6 % point.
    assert covered >= 51
    assert np.std([e.value for e in found]) == pytest.approx(np.mean([e.se for e in found]), rel=0.25)


def test_reliability_that_cannot_be_told_is_said() -> None:
    rng = np.random.default_rng(5)
    items = pd.DataFrame(rng.normal(size=(60, 3)) + rng.normal(size=(60, 1)), columns=["a", "b", "c"])
    cases = {
        "1 item(s); at least 2": items[["a"]],
        "49 rows have all 3 items": items.where(items.index.to_series() < 49),
        "everybody gave the same answer to b": items.assign(b=3.0),
        "all items have the same answers": pd.DataFrame(dict.fromkeys("abc", items["a"])),
    }
    for reason, frame in cases.items():
        found = cronbach_alpha(frame)
        assert isinstance(found, NotEstimable)
        assert reason in found.reason
    assert isinstance(mcdonald_omega(items[["a", "b"]]), NotEstimable)
    heywood = mcdonald_omega(items.assign(b=items["a"] + 1e-5 * items["b"]))
    assert isinstance(heywood, NotEstimable)
    assert "one-factor solution" in heywood.reason
    with pytest.raises(ValueError, match="some items hold text"):
        cronbach_alpha(items.assign(a="often"))


def test_an_item_the_other_way_round_is_seen() -> None:
    rng = np.random.default_rng(6)
    items = pd.DataFrame(rng.normal(size=(300, 4)) + 2 * rng.normal(size=(300, 1)), columns=list("abcd"))
    items["c"] = 10 - items["c"]
    found = item_rest_correlations(items)
    assert found["c"] < 0 < found.drop("c").min()


def test_scores_need_half_of_the_items() -> None:
    items = pd.DataFrame(
        {"a": [1.0, 1.0, np.nan], "b": [3.0, np.nan, np.nan], "c": [5.0, 2.0, 4.0], "d": [7.0, np.nan, np.nan]}
    )
    assert scale_scores(items).to_list()[:2] == [4.0, 1.5]
    assert np.isnan(scale_scores(items)[2])
    assert scale_scores(items, min_share=0.25)[2] == 4


@pytest.mark.parametrize("method", ["alpha", "omega"])
def test_the_corrected_slopes_are_those_of_the_covariance_without_its_error(method: Any) -> None:
    items, outcome = answers(np.random.default_rng(7), 400)
    found = corrected(outcome, items, method=method)
    scores = np.column_stack([frame.mean(axis=1) for frame in items.values()])
    cov = np.cov(np.column_stack([scores, outcome]).T, bias=True)
    reliability = [(cronbach_alpha if method == "alpha" else mcdonald_omega)(frame) for frame in items.values()]
    true = cov[:3, :3] - np.diag([(1 - estimate(r).value) * cov[j, j] for j, r in enumerate(reliability)])
    assert found.table["slope"].to_list() == pytest.approx(np.linalg.solve(true, cov[:3, 3]), rel=1e-4)
    assert found.table["reliability"].to_list() == pytest.approx([estimate(r).value for r in reliability], rel=1e-4)
    assert found.table["uncorrected"].to_list() == pytest.approx(np.linalg.solve(cov[:3, :3], cov[:3, 3]))


def test_true_weights_are_recovered_and_uncorrected_ones_are_off() -> None:
    rng = np.random.default_rng(8)
    draws, covered, naive = 80, np.zeros(3), []
    for _ in range(draws):
        items, outcome = answers(rng, 400)
        table = corrected(outcome, items).table
        covered += ((table["low"] <= WEIGHTS / 0.7) & (table["high"] >= WEIGHTS / 0.7)).to_numpy()
        naive.append(table["uncorrected_standardised"])
    # Of 80 draws at 95 %: 69 is the 0.3 % point.
    assert covered.min() >= 69
    mean, error = np.mean(naive, axis=0), np.std(naive, axis=0) / np.sqrt(draws)
    spread = np.sqrt(WEIGHTS @ (0.4 + 0.6 * np.eye(3)) @ WEIGHTS + 0.36)
    assert (np.abs(mean - WEIGHTS / spread) > 5 * error).all()
    assert mean[2] > 0.05  # a factor without any effect seems to have one


def test_standardised_slopes_shares_and_bootstrap_cover() -> None:
    rng = np.random.default_rng(9)
    spread = np.sqrt(WEIGHTS @ (0.4 + 0.6 * np.eye(3)) @ WEIGHTS + 0.36)
    truth, draws = WEIGHTS / spread, 60
    covered = np.zeros((3, 3))
    for i in range(draws):
        items, outcome = answers(rng, 300)
        found = corrected(outcome, items)
        again = corrected(outcome, items, bootstrap=200, seed=i).table
        shares = [estimate(e) for e in found.relative()]
        assert sum(e.value for e in shares) == pytest.approx(1)
        covered[0] += [e.low <= w <= e.high for e, w in zip(shares, WEIGHTS / WEIGHTS.sum(), strict=True)]
        for row, table in ((1, found.table), (2, again)):
            covered[row] += ((table["standardised_low"] <= truth) & (truth <= table["standardised_high"])).to_numpy()
    # Of 60 draws at 95 %: 51 is the 0.6 % point.
    assert covered.min() >= 51


def test_answers_within_a_cluster_are_not_independent() -> None:
    rng = np.random.default_rng(10)
    items, outcome = answers(rng, 600, cluster=20)
    group = np.repeat(np.arange(30), 20)
    items["f0"] += rng.normal(size=30).repeat(20)[:, None]  # so that the factor too belongs to the cluster
    alone, together = corrected(outcome, items), corrected(outcome, items, cluster=group)
    assert together.table["slope"].to_list() == alone.table["slope"].to_list()
    assert together.table["se"][0] > 1.2 * alone.table["se"][0]
    assert together.df == 29
    few = corrected_regression(outcome, items, cluster=group // 2)
    assert isinstance(few, NotEstimable)
    assert "15 clusters" in few.reason


def test_weights_count_rows() -> None:
    items, outcome = answers(np.random.default_rng(11), 200)
    times = np.random.default_rng(12).integers(0, 4, 200)
    repeated = {name: frame.loc[frame.index.repeat(times)].reset_index(drop=True) for name, frame in items.items()}
    again = corrected(outcome.repeat(times).reset_index(drop=True), repeated)
    weighted = corrected(outcome, items, weight=times)
    columns = ["reliability", "slope", "standardised", "uncorrected", "uncorrected_standardised"]
    pd.testing.assert_frame_equal(weighted.table[columns], again.table[columns])
    # The same row three times is one answer that counts for three, with a larger error than three answers.
    assert (weighted.table["se"] > again.table["se"]).all()


def test_missing_items_cost_little_as_long_as_half_are_there() -> None:
    rng = np.random.default_rng(13)
    items, outcome = answers(rng, 3000, items=4)
    full = corrected(outcome, items)
    holes = {name: frame.mask(rng.random(frame.shape) < 0.1) for name, frame in items.items()}
    found = corrected(outcome, holes)
    assert found.n > 2900
    assert found.table["slope"].to_list() == pytest.approx(full.table["slope"].to_list(), abs=0.1)
    assert found.table["reliability"].max() < full.table["reliability"].max()
    assert any("rows lack items or outcome" in check.reason for check in found.checks)
    part = error_variance(holes["f0"])
    assert not isinstance(part, NotEstimable)
    assert part.value > error_variance(items["f0"]).value  # type: ignore[union-attr]


def test_a_control_without_error_is_left_as_it_is() -> None:
    items, outcome = answers(np.random.default_rng(14), 2000)
    age = pd.Series(np.random.default_rng(15).normal(size=2000), name="age")
    items["f0"] = items["f0"].add(0.5 * age, axis=0)  # the factor rises with age, and the outcome does so on its own
    found = corrected(outcome + 0.5 * age, items, controls=age.to_frame()).table.set_index("factor")
    own = 0.5 - 0.5 * WEIGHTS[0] / 0.7
    assert found.loc["age", "reliability"] == 1
    assert found.loc["age", "low"] < own < found.loc["age", "high"]
    assert found.loc["age", "uncorrected"] > found.loc["age", "high"]


def test_too_little_to_correct_is_said() -> None:
    rng = np.random.default_rng(16)
    items, outcome = answers(rng, 300)
    noise = {"f0": items["f0"], "noise": pd.DataFrame(rng.normal(size=(300, 3)))}
    found = corrected_regression(outcome, noise)
    assert isinstance(found, NotEstimable)
    assert "noise measure next to nothing in common" in found.reason
    flat = corrected_regression(outcome * 0 + 3, items)
    assert isinstance(flat, NotEstimable)
    assert "same outcome" in flat.reason
    few = corrected_regression(outcome[:45], {name: frame[:45] for name, frame in items.items()})
    assert isinstance(few, NotEstimable)
    short = corrected_regression(outcome.where(outcome.index < 3), items)
    assert isinstance(short, NotEstimable)
    assert "3 rows can be used; 3 slopes need 50" in short.reason
    with pytest.raises(ValueError, match="there is no factor"):
        corrected_regression(outcome, {})
    with pytest.raises(ValueError, match="the items of f0 have 10 rows"):
        corrected_regression(outcome, {"f0": items["f0"][:10]})
