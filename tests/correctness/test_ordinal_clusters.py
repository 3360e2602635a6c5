"""Ordered regressions with clusters and weights: the score bootstrap, proportionality tests, slopes per threshold."""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from insights.stats.ordinal import OrderedFit, ordered_regression
from insights.stats.ordinal.bootstrap import WildScores, score_bootstrap, wild_p
from insights.stats.ordinal.checks import ProportionalityTests, brant_test, nominal_effects
from insights.stats.ordinal.margins import MarginalEffects, marginal_effects
from insights.stats.ordinal.model import fit_ordered
from insights.stats.ordinal.newton import loglikelihood, sort_rows
from insights.stats.ordinal.partial import PartialFit, partial_proportional_odds
from insights.stats.results import NotEstimable

CUTS = [-2.0, -0.5, 0.5, 2.0]


def fitted(y: Any, x: Any, **how: Any) -> OrderedFit:
    found = ordered_regression(y, x, **how)
    assert isinstance(found, OrderedFit), found
    return found


def wild(fit: OrderedFit, **how: Any) -> WildScores:
    found = score_bootstrap(fit, **how)
    assert isinstance(found, WildScores), found
    return found


def partial(fit: OrderedFit, columns: list[str]) -> PartialFit:
    found = partial_proportional_odds(fit, columns)
    assert isinstance(found, PartialFit), found
    return found


def moved(fit: OrderedFit | PartialFit, **how: Any) -> pd.DataFrame:
    found = marginal_effects(fit, **how)
    assert isinstance(found, MarginalEffects), found
    return found.table.set_index(["column", "category"])


def checked(found: ProportionalityTests | NotEstimable) -> pd.DataFrame:
    assert isinstance(found, ProportionalityTests), found
    return found.table.set_index("column")


def rows(
    seed: int, n: int = 800, clusters: int = 30, *, own: float = 0.5, uneven: float = 0.0, slopes: Any = (0.5, 0.3, 0.0)
) -> tuple[np.ndarray, pd.DataFrame, np.ndarray]:
    """Five categories; clusters shift the latent line by ``own``; ``uneven``: the spread depends on a."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, clusters, n)
    x = pd.DataFrame(rng.normal(size=(n, 2)) + 0.7 * rng.normal(size=(n, 1)), columns=["a", "b"])
    x["c"] = rng.normal(size=clusters)[group]
    noise = rng.logistic(size=n) * np.exp(uneven * x["a"])
    latent = x.to_numpy() @ np.asarray(slopes) + own * rng.normal(size=clusters)[group] + noise
    return np.digitize(latent, CUTS), x, group


def test_the_score_bootstrap_is_its_definition() -> None:
    """Restricted maximum by a general optimiser, scores by differences, every sign vector, written out."""
    y, x, group = rows(1, n=300, clusters=8)
    weight = np.random.default_rng(2).uniform(0.5, 2, 300)
    fit = fitted(y, x, cluster=group, weight=weight, weights="probability")
    own = wild(fit, intervals=False).table.set_index("name")
    x_, w = x.to_numpy(), weight / weight.mean()

    def loglik(parameters: np.ndarray, of: np.ndarray) -> float:
        data, _ = sort_rows(y[of].astype(np.int64), x_[of], np.zeros((of.sum(), 0)), w[of], 5)
        return loglikelihood(data, parameters, "logit")

    everybody = np.ones(300, dtype=bool)
    start = fit.parameters
    for j, name in enumerate(fit.names):
        at, others = 4 + j, np.arange(7) != 4 + j

        def full(free: np.ndarray, others: np.ndarray = others) -> np.ndarray:
            value = np.zeros(7)
            value[others] = free
            return value

        held = minimize(lambda free: -loglik(full(free), everybody), start[others], method="BFGS", tol=1e-10).x
        point, step = full(held), 1e-4
        scores, hessian = np.zeros((8, 7)), np.zeros((7, 7))
        for k in range(7):
            e = step * (np.arange(7) == k)
            for g in range(8):
                scores[g, k] = (loglik(point + e, group == g) - loglik(point - e, group == g)) / (2 * step)
            for m in range(7):
                d = step * (np.arange(7) == m)
                corners = [loglik(point + a * e + b * d, everybody) * a * b for a, b in product((1, -1), repeat=2)]
                hessian[k, m] = sum(corners) / (4 * step**2)
        parts = scores[:, at] - scores[:, others] @ np.linalg.solve(
            hessian[np.ix_(others, others)], hessian[others, at]
        )
        sums = np.abs(np.array(list(product((1, -1), repeat=8))) @ parts)
        assert own.loc[name, "p"] == pytest.approx((sums >= abs(parts.sum()) - 1e-6).mean(), abs=1 / 256 + 1e-9)
        assert own.loc[name, "statistic"] == pytest.approx(parts.sum() ** 2 / (parts @ parts), rel=1e-3)


def test_the_interval_holds_the_values_that_are_not_rejected() -> None:
    y, x, group = rows(3)
    fit = fitted(y, x, cluster=group)
    table = wild(fit, draws=499).table.set_index("name")
    for name in fit.names:
        for end, outward in (("low", -1), ("high", 1)):
            value = float(table.loc[name, end])
            for step, inside in ((-0.02 * outward, True), (0.02 * outward, False)):
                # The same test with the column's part at the value moved into the latent line as an offset of the cuts.
                shifted = _p_at(fit, name, value + step)
                assert (shifted > 0.05) is inside


def _p_at(fit: OrderedFit, name: str, value: float) -> float:
    from insights.stats.ordinal.bootstrap import _p, _Work, cluster_signs

    assert fit.rows is not None
    assert fit.rows.ways is not None
    work = _Work.of(fit.rows, fit.link)
    signs = cluster_signs(fit.rows.ways[0], 499, "score bootstrap")
    return _p(work.effective_scores(fit.names.index(name), value), signs)


def test_few_clusters_keep_the_level_that_plain_sandwiches_lose() -> None:
    by_sign, plain, draws = 0, 0, 120
    for seed in range(draws):
        y, x, group = rows(seed, n=240, clusters=12, own=0.8)
        by_sign += wild(fitted(y, x, cluster=group), intervals=False).table["p"][2] < 0.05
        plain += fitted(y, x, errors="robust").table["p"][2] < 0.05
    # Of 120 draws at 5 %: 6, and 12 is the 99 % point.
    assert by_sign <= 12
    assert plain > 30


def test_what_no_sign_can_tell_is_refused() -> None:
    y, x, group = rows(4, clusters=5)
    few = score_bootstrap(fitted(y, x, cluster=group))
    assert isinstance(few, NotEstimable)
    assert "5 clusters: with so few" in few.reason
    none = score_bootstrap(fitted(y, x))
    assert isinstance(none, NotEstimable)
    assert "does not carry clusters" in none.reason


def test_one_score_per_group_needs_no_bootstrap() -> None:
    parts = np.array([[3.0], [1.0], [2.0]])
    statistic, p = wild_p(parts, np.array(list(product((1.0, -1.0), repeat=3))).T)
    assert statistic == pytest.approx(36 / 14)
    assert p == 2 / 8


def test_score_tests_of_rows_agree_with_the_likelihood_ratio() -> None:
    y, x, _ = rows(5, n=6000, own=0.0, uneven=0.08)
    by_ratio = checked(nominal_effects(fitted(y, x)))
    by_score = checked(nominal_effects(fitted(y, x, weight=np.ones(6000), weights="probability")))
    assert by_score["df"].to_list() == by_ratio["df"].to_list() == [3, 3, 3]
    assert by_score["statistic"].to_list() == pytest.approx(by_ratio["statistic"].to_list(), rel=0.15, abs=0.5)
    assert by_score.loc["a", "p"] < 0.001


def test_proportionality_tests_keep_their_level_with_clusters_and_find_a_departure() -> None:
    false = np.zeros((2, 3))
    for seed in range(60):
        y, x, group = rows(seed, slopes=(0.5, 0.3, 0.2))
        fit = fitted(y, x, cluster=group)
        false[0] += checked(nominal_effects(fit))["p"] < 0.1
        false[1] += checked(brant_test(fit))["p"].iloc[1:] < 0.1
    # Of 60 draws at 10 %: 6, and 13 is the 99.7 % point.
    assert (false[:, :2] <= 13).all()
    y, x, group = rows(7, n=2500, clusters=50, uneven=0.3)
    fit = fitted(y, x, cluster=group, weight=np.random.default_rng(7).uniform(0.5, 2, 2500), weights="probability")
    for found in (nominal_effects(fit), brant_test(fit)):
        assert checked(found).loc["a", "p"] < 0.01


def test_more_coefficients_than_clusters_can_carry_are_refused_by_name() -> None:
    y, x, group = rows(8, clusters=10)
    fit = fitted(y, x, cluster=group)
    table = checked(brant_test(fit))
    assert (
        table.loc["all columns", "reason"]
        == "10 clusters (cluster) cannot carry a test of 9 coefficients: 18 are needed"
    )
    assert np.isfinite(table.loc["a", "p"])
    together = checked(nominal_effects(fit, {"both": ["a", "b"]}))
    assert "cannot carry" in str(together.loc["both", "reason"])


@pytest.mark.acceptance("ordered_logit_housing", part="slopes per threshold")
def test_slopes_per_threshold_have_the_published_likelihood(shared: Path, acceptance: dict[str, Any]) -> None:
    expected = acceptance["ordered_logit_housing"]
    data = pd.read_csv(shared / "data" / "reference" / "housing.csv")
    x = pd.DataFrame(
        {"InflMedium": data["Infl"] == "Medium", "InflHigh": data["Infl"] == "High", "ContHigh": data["Cont"] == "High"}
        | {f"Type{t}": data["Type"] == t for t in ("Apartment", "Atrium", "Terrace")}
    )
    fit = fitted(data["Sat"], x, categories=["Low", "Medium", "High"], weight=data["Freq"])
    found = partial(fit, ["ContHigh"])
    assert 2 * (found.loglik - fit.loglik) == pytest.approx(expected["nominal_effects_lrt"]["Cont"], abs=1e-5)
    assert found.table["between"].to_list()[:3] == ["Low | Medium", "Medium | High", ""]


def test_slopes_per_threshold_and_their_errors() -> None:
    y, x, group = rows(9, n=1500, clusters=40, uneven=0.3)
    fit = fitted(y, x, cluster=group)
    found = partial(fit, ["a"])
    own = found.table[found.table["name"] == "a"]
    assert own["estimate"].iloc[0] < own["estimate"].iloc[-1] - 0.1  # a wider spread fills the lowest category too
    # Each binary regression estimates the same slope with less; both lie within their errors of each other.
    for cut in range(4):
        one = fitted((y > cut).astype(int), x, cluster=group).table.set_index("name").loc["a"]
        assert abs(one["estimate"] - own["estimate"].iloc[cut]) < 2 * one["se"]
        assert own["se"].iloc[cut] == pytest.approx(one["se"], rel=0.35)
    assert found.df == 39
    assert found.checks[0].statistic is not None


def test_scores_of_slopes_per_threshold_add_up_to_nothing_at_the_maximum() -> None:
    from insights.stats.ordinal.partial import _row_scores

    y, x, _ = rows(10)
    fit = fitted(y, x)
    assert fit.rows is not None
    found = fit_ordered(fit.rows, "logit", [0, 2])
    assert not isinstance(found, NotEstimable)
    peak, _, scaled = found
    scores = _row_scores(scaled, peak.parameters, "logit", [0, 2], [1])
    assert np.abs(scores.sum(axis=0)).max() < 1e-5
    assert scores.T @ scores == pytest.approx(peak.information, rel=0.35, abs=25)


def test_effects_on_shares_are_those_of_the_shares() -> None:
    y, x, group = rows(11, n=1200, clusters=40, uneven=0.2)
    fit = fitted(y, x, cluster=group)
    found = partial(fit, ["a"])
    table = moved(found, merged={"top two": ["3", "4"]})

    def shares(move: float) -> np.ndarray:
        points = found.thresholds - x.assign(a=x["a"] + move).to_numpy() @ found.slopes.T
        return np.diff((1 / (1 + np.exp(-points))).mean(axis=0), prepend=0, append=1)

    change = shares(1.0) - shares(0.0)
    for k in range(5):
        assert table.loc[("a", str(k)), "effect"] == pytest.approx(change[k])
    assert table.loc[("a", "top two"), "effect"] == pytest.approx(change[3] + change[4])
    assert table.loc[("a", "mean"), "effect"] == pytest.approx(change @ np.arange(5))
    assert table.loc[("a", "top two"), "se"] < table.loc[("a", "3"), "se"] + table.loc[("a", "4"), "se"]
    # Where all columns move thresholds alike both forms of the model say the same.
    plain, none = moved(fit), moved(partial(fit, ["c"]))
    assert plain.loc[("b", "4"), "effect"] == pytest.approx(none.loc[("b", "4"), "effect"], abs=0.01)
    with pytest.raises(ValueError, match="merges 9"):
        marginal_effects(fit, merged={"x": ["9"]})


def test_slopes_per_threshold_need_rows_and_clusters() -> None:
    y, x, group = rows(12, n=400, clusters=10)
    few = partial_proportional_odds(fitted(y, x, cluster=group), ["a"])
    assert isinstance(few, NotEstimable)
    assert "10 clusters" in few.reason
    small = partial_proportional_odds(fitted(y[:70], x[:70]), ["a", "c"])
    assert isinstance(small, NotEstimable)
    assert "too few for 9 parameters: 90 are needed" in small.reason
    with pytest.raises(ValueError, match="z are not in the fit"):
        partial_proportional_odds(fitted(y, x), ["z"])
