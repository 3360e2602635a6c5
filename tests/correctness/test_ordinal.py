"""Ordered regressions: published values, derivatives by differences, and models with a known truth."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from insights.stats.ordinal import OrderedFit, ordered_regression
from insights.stats.ordinal.checks import ProportionalityTests, brant_test, nominal_effects
from insights.stats.ordinal.margins import MarginalEffects, marginal_effects
from insights.stats.ordinal.newton import cut_terms, derivatives, loglikelihood, null_parameters, sort_rows
from insights.stats.results import Estimate, NotEstimable

GROUPS = {
    "Infl": ["InflMedium", "InflHigh"],
    "Type": ["TypeApartment", "TypeAtrium", "TypeTerrace"],
    "Cont": ["ContHigh"],
}
SLOPES = np.array([0.8, -0.5, 0.0])


def housing(shared: Path) -> tuple[pd.Series, pd.DataFrame, pd.Series]:
    data = pd.read_csv(shared / "data" / "reference" / "housing.csv")
    levels = {"Infl": ("Medium", "High"), "Type": ("Apartment", "Atrium", "Terrace"), "Cont": ("High",)}
    design = pd.DataFrame({f"{c}{level}": data[c] == level for c, some in levels.items() for level in some})
    return data["Sat"], design, data["Freq"]


def fitted(y: Any, x: Any, **how: Any) -> OrderedFit:
    found = ordered_regression(y, x, **how)
    assert isinstance(found, OrderedFit), found
    return found


def checked(found: ProportionalityTests | NotEstimable) -> pd.DataFrame:
    assert isinstance(found, ProportionalityTests), found
    return found.table.set_index("column")


def moved(found: MarginalEffects | NotEstimable) -> MarginalEffects:
    assert isinstance(found, MarginalEffects), found
    return found


def rows(rng: np.random.Generator, n: int = 400, link: str = "logit") -> tuple[np.ndarray, pd.DataFrame]:
    """Five categories from a latent line with the slopes above; the third column does nothing."""
    x = pd.DataFrame({"a": rng.normal(size=n), "b": rng.random(n) < 0.4, "c": rng.normal(size=n)}).astype(float)
    latent = x.to_numpy() @ SLOPES + (rng.logistic(size=n) if link == "logit" else rng.normal(size=n))
    return np.digitize(latent, [-1.5, -0.5, 0.4, 1.6]) + 1, x


@pytest.mark.acceptance("ordered_logit_housing", part="coefficients, thresholds, deviance, nominal effects")
def test_housing(shared: Path, acceptance: dict[str, Any]) -> None:
    expected = acceptance["ordered_logit_housing"]
    tol = expected["tol"]
    y, x, freq = housing(shared)
    found = fitted(y, x, categories=["Low", "Medium", "High"], weight=freq)
    assert found.table.set_index("name")["estimate"].to_dict() == pytest.approx(expected["coef"], abs=tol)
    assert found.thresholds["estimate"].to_list() == pytest.approx(expected["thresholds"], abs=tol)
    assert found.deviance == pytest.approx(expected["deviance"], abs=tol)
    assert found.n == 1681
    lrt = checked(nominal_effects(found, GROUPS))
    assert lrt["statistic"].to_dict() == pytest.approx(expected["nominal_effects_lrt"], abs=tol)
    assert lrt["df"].to_dict() == {"Infl": 2, "Type": 3, "Cont": 1}


def test_frequencies_are_repeated_rows(shared: Path) -> None:
    y, x, freq = housing(shared)
    order = ["Low", "Medium", "High"]
    for errors in ("information", "robust"):
        one = fitted(y, x, categories=order, weight=freq, errors=errors)
        many = fitted(y.repeat(freq), x.loc[x.index.repeat(freq)], categories=order, errors=errors)
        assert one.joint == pytest.approx(many.joint)
        assert one.loglik == pytest.approx(many.loglik)
    pd.testing.assert_frame_equal(
        checked(brant_test(fitted(y, x, categories=order, weight=freq), GROUPS)), checked(brant_test(many, GROUPS))
    )


@pytest.mark.parametrize("link", ["logit", "probit"])
@pytest.mark.parametrize("nominal", [0, 2])
def test_derivatives_are_those_of_the_likelihood(link: Any, nominal: int) -> None:
    rng = np.random.default_rng(1)
    y, x = rows(rng, 200)
    values = x.to_numpy()
    data, _ = sort_rows(y - 1, values[:, nominal:], values[:, :nominal], rng.random(200), 5)
    at = null_parameters(data, link) + 0.03 * rng.normal(size=data.size)
    value, slope, information = derivatives(data, at, link)
    assert value == pytest.approx(loglikelihood(data, at, link))
    steps = 1e-5 * np.eye(data.size)
    by_steps = [(loglikelihood(data, at + s, link) - loglikelihood(data, at - s, link)) / 2e-5 for s in steps]
    assert slope == pytest.approx(by_steps, abs=1e-5)
    curve = [(derivatives(data, at - s, link)[1] - derivatives(data, at + s, link)[1]) / 2e-5 for s in steps]
    assert information == pytest.approx(np.array(curve), abs=1e-4)


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_likelihoods_far_out_do_not_cancel(link: Any) -> None:
    """Between 9 and 10 beyond the middle lies as much as between -10 and -9, and its log is right there."""
    from scipy.special import expit, ndtr

    lower, upper = np.array([9.0, -10.0, 0.0, 40.0, -800.0]), np.array([10.0, -9.0, 1e-9, 41.0, -799.0])
    log, du, dl, duu, dll, dul = cut_terms(upper, lower, link)
    f = expit if link == "logit" else ndtr
    assert log[0] == pytest.approx(log[1])
    assert log[1] == pytest.approx(np.log(f(-9.0) - f(-10.0)))
    slope = 0.25 if link == "logit" else 1 / np.sqrt(2 * np.pi)
    assert log[2] == pytest.approx(np.log(1e-9 * slope), rel=1e-6)
    assert np.isfinite(np.concatenate([log, du, dl, duu, dll, dul])).all()


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_slopes_are_recovered_with_their_errors(link: Any) -> None:
    rng = np.random.default_rng(2)
    draws, covered, values, errors = 60, np.zeros(3), [], []
    for _ in range(draws):
        table = fitted(*rows(rng, link=link), link=link).table
        covered += (table["low"] <= SLOPES) & (table["high"] >= SLOPES)
        values.append(table["estimate"])
        errors.append(table["se"])
    assert covered.min() >= 51  # of 60 at 95 %: the 0.6 % point
    assert np.mean(errors, axis=0) == pytest.approx(np.std(values, axis=0), rel=0.25)


def test_two_categories_are_a_logistic_regression() -> None:
    y, x = rows(np.random.default_rng(3), 600)
    found = fitted((y > 3).astype(int), x)
    full, beta = np.column_stack([np.ones(600), x]), np.zeros(4)
    for _ in range(30):
        share = 1 / (1 + np.exp(-full @ beta))
        information = (full * (share * (1 - share))[:, None]).T @ full
        beta += np.linalg.solve(information, full.T @ ((y > 3) - share))
    assert found.table["estimate"].to_list() == pytest.approx(beta[1:].tolist())
    assert found.thresholds["estimate"][0] == pytest.approx(-beta[0])
    assert found.table["se"].to_list() == pytest.approx(np.sqrt(np.diag(np.linalg.inv(information))[1:]).tolist())
    one = nominal_effects(found)
    assert isinstance(one, NotEstimable)
    assert "one threshold" in one.reason


def test_odds_ratios_and_probabilities_follow_from_the_coefficients() -> None:
    y, x = rows(np.random.default_rng(4))
    found = fitted(y, x)
    shares = found.probabilities(x)
    assert shares.columns.to_list() == ["1", "2", "3", "4", "5"]
    assert shares.sum(axis=1).to_list() == pytest.approx([1] * 400)
    more = found.probabilities(x.assign(a=x["a"] + 1))
    for k in range(1, 5):
        above, after = shares.iloc[:, k:].sum(axis=1), more.iloc[:, k:].sum(axis=1)
        ratio = after / (1 - after) / (above / (1 - above))
        assert ratio.to_list() == pytest.approx([found.table["odds_ratio"][0]] * 400)
    # At the maximum the fitted shares add up to the observed ones, to what the model can do.
    assert shares.mean().to_numpy() == pytest.approx(np.bincount(y - 1) / 400, abs=0.01)


def test_clusters_are_corrected_and_agree_with_their_definition() -> None:
    rng = np.random.default_rng(5)
    group = np.repeat(np.arange(30), 20)
    x = pd.DataFrame({"a": rng.normal(size=30)[group], "b": rng.normal(size=600)})
    y = np.digitize(x["a"] * 0.5 + rng.normal(size=30)[group] + rng.logistic(size=600), [-1, 1])
    found = fitted(y, x, cluster=group, small_sample=False)
    plain = fitted(y, x)
    assert found.table["estimate"].to_list() == plain.table["estimate"].to_list()
    # The sandwich, with scores by numerical differences of the likelihood of each cluster.
    cuts = plain.parameters
    scores = np.zeros((30, 4))
    for g in range(30):
        own = group == g
        data, _ = sort_rows(y[own], x[own].to_numpy(), np.zeros((own.sum(), 0)), np.ones(own.sum()), 3)
        for j, step in enumerate(1e-6 * np.eye(4)):
            scores[g, j] = (
                loglikelihood(data, cuts + step, "logit") - loglikelihood(data, cuts - step, "logit")
            ) / 2e-6
    assert found.joint == pytest.approx(plain.joint @ scores.T @ scores @ plain.joint, rel=1e-3)
    assert found.table["se"][0] > 1.5 * plain.table["se"][0]
    corrected = fitted(y, x, cluster=group)
    assert corrected.table["se"][0] > found.table["se"][0]
    assert corrected.df[0] < 29
    few = fitted(y, x, cluster=group // 3, small_sample=False).coefficient("a")
    assert isinstance(few, NotEstimable)
    assert isinstance(corrected.coefficient("a"), Estimate)


def test_few_clusters_keep_the_level_that_rows_alone_lose() -> None:
    rng = np.random.default_rng(6)
    group = np.repeat(np.arange(16), 15)
    draws, by_cluster, by_row = 60, 0, 0
    for _ in range(draws):
        x = pd.DataFrame({"x": rng.normal(size=16)[group]})
        y = np.digitize(rng.normal(size=16)[group] + rng.logistic(size=240), [-1, 0, 1])
        by_cluster += fitted(y, x, cluster=group).table["p"][0] < 0.05
        by_row += fitted(y, x).table["p"][0] < 0.05
    # Of 60 draws at 5 %: 3, and 8 is the 99.6 % point.
    assert by_cluster <= 8
    assert by_row > 16


def test_probability_weights_undo_a_lopsided_sample() -> None:
    rng = np.random.default_rng(7)
    truth = np.array([-1.5, -0.5, 0.4, 1.6])
    draws, covered, plain = 60, np.zeros(4), np.zeros(4)
    for _ in range(draws):
        y, x = rows(rng, 1500)
        kept = rng.random(1500) < np.where(y >= 4, 0.6, 0.15)
        weight = np.where(y >= 4, 1 / 0.6, 1 / 0.15)[kept]
        weighted = fitted(y[kept], x[kept], weight=weight, weights="probability")
        covered += (weighted.thresholds["low"] <= truth) & (weighted.thresholds["high"] >= truth)
        naive = fitted(y[kept], x[kept]).thresholds
        plain += (naive["low"] <= truth) & (naive["high"] >= truth)
    assert covered.min() >= 51  # of 60 at 95 %: the 0.6 % point
    assert plain.max() < 20
    counted = fitted(y[kept], x[kept], weight=weight)
    assert weighted.n == kept.sum() < counted.n
    assert (weighted.table["se"] > 1.3 * counted.table["se"]).all()  # counting weights as answers pretends
    assert checked(nominal_effects(weighted))["p"].min() > 0.001  # the model is the true one, weights or not


def test_tests_of_proportionality_keep_their_level_and_find_what_breaks_it() -> None:
    rng = np.random.default_rng(8)
    draws, rejected = 50, np.zeros(2)
    for _ in range(draws):
        found = fitted(*rows(rng, 500))
        rejected += [
            checked(nominal_effects(found)).loc["a", "p"] < 0.05,
            checked(brant_test(found)).iloc[0]["p"] < 0.05,
        ]
    # Of 50 draws at 5 %: 2.5, and 7 is the 99.7 % point.
    assert rejected.max() <= 7
    x = pd.DataFrame({"a": rng.normal(size=800), "b": rng.normal(size=800)})
    spread = np.exp(0.5 * x["a"])  # a widens the latent noise: high categories and low ones both more often
    y = np.digitize(0.5 * x["b"] + spread * rng.logistic(size=800), [-1, 0, 1])
    broken = fitted(y, x)
    for table in (checked(nominal_effects(broken)), checked(brant_test(broken))):
        assert table.loc["a", "p"] < 1e-4
        assert table.loc["a", "df"] == 2
        assert table.loc["b", "p"] > 0.001
    check = nominal_effects(broken)
    assert isinstance(check, ProportionalityTests)
    assert check.test("a").null == "the column moves all thresholds alike"
    with pytest.raises(ValueError, match="the columns z are not in the fit"):
        nominal_effects(broken, {"z": ["z"]})


def test_brant_s_covariance_is_that_of_the_rows_own_scores() -> None:
    """The formula's expectations against sums over rows of what each adds to every binary regression."""
    n = 20_000
    y, x = rows(np.random.default_rng(9), n)
    full, slopes, influence = np.column_stack([np.ones(n), x]), [], []
    for cut in range(1, 5):
        binary = fitted((y > cut).astype(int), x)
        beta = np.append(-binary.thresholds["estimate"], binary.table["estimate"])
        share = 1 / (1 + np.exp(-full @ beta))
        bread = np.linalg.inv((full * (share * (1 - share))[:, None]).T @ full)
        slopes.append(beta[1:])
        influence.append(((full * ((y > cut) - share)[:, None]) @ bread)[:, 1:])
    away = np.concatenate([slopes[0] - other for other in slopes[1:]])
    rest = np.column_stack([influence[0] - other for other in influence[1:]])
    expected = away @ np.linalg.solve(rest.T @ rest, away)
    found = checked(brant_test(fitted(y, x)))
    assert found.loc["all columns", "statistic"] == pytest.approx(expected, rel=0.05)
    assert found.loc["all columns", "df"] == 9


def test_marginal_effects_are_differences_of_predicted_shares() -> None:
    y, x = rows(np.random.default_rng(10))
    found = fitted(y, x)
    effects = moved(marginal_effects(found))
    for name in ("a", "b"):
        before, after = (x.assign(b=0.0), x.assign(b=1.0)) if name == "b" else (x, x.assign(a=x["a"] + 1))
        expected = found.probabilities(after).mean() - found.probabilities(before).mean()
        table = effects.table[effects.table["column"] == name].set_index("category")["effect"]
        assert table.drop("mean").to_dict() == pytest.approx(expected.to_dict())
        assert table["mean"] == pytest.approx((expected * range(1, 6)).sum())
        assert table.drop("mean").sum() == pytest.approx(0, abs=1e-12)
    small = moved(marginal_effects(found, change=None)).effect("a", "5").value
    tiny = moved(marginal_effects(found, change=1e-4)).effect("a", "5").value / 1e-4
    assert small == pytest.approx(tiny, rel=1e-3)
    assert moved(marginal_effects(found, x[:50], change={"a": 2.0})).table["change"][0] == 2


def test_errors_of_marginal_effects_are_the_delta_method_s() -> None:
    """The slope of each effect by the parameters, here by differences."""
    y, x = rows(np.random.default_rng(11))
    found = fitted(y, x)
    from insights.stats.ordinal import category_shares

    def effect(parameters: np.ndarray) -> np.ndarray:
        up, values = x.assign(a=x["a"] + 1).to_numpy(), x.to_numpy()
        return (category_shares(parameters, up, "logit") - category_shares(parameters, values, "logit")).mean(axis=0)

    at = found.parameters
    slope = np.array([(effect(at + s) - effect(at - s)) / 2e-6 for s in 1e-6 * np.eye(len(at))]).T
    expected = np.sqrt(np.diag(slope @ found.joint @ slope.T))
    table = moved(marginal_effects(found)).table
    assert table["se"][:5].to_list() == pytest.approx(expected.tolist(), rel=1e-4)


def test_levels_of_a_factor_are_compared_with_its_reference(shared: Path) -> None:
    y, x, freq = housing(shared)
    found = fitted(y, x, categories=["Low", "Medium", "High"], weight=freq)
    effects = moved(marginal_effects(found, groups=GROUPS))
    base = x.assign(InflMedium=False, InflHigh=False)
    after = found.probabilities(base.assign(InflHigh=True)) - found.probabilities(base)
    expected = np.average(after["High"], weights=freq)
    assert effects.effect("InflHigh", "High").value == pytest.approx(expected)
    assert "mean" not in set(effects.table["category"])


def test_a_category_that_nobody_chose_is_left_out_and_named() -> None:
    y, x = rows(np.random.default_rng(12))
    found = fitted(np.where(y == 3, 4, y), x, categories=[1, 2, 3, 4, 5])
    assert found.categories == ("1", "2", "4", "5")
    assert "nobody chose 3" in found.checks[0].reason
    assert found.thresholds["between"].to_list() == ["1 | 2", "2 | 4", "4 | 5"]


def test_the_order_comes_from_the_categories() -> None:
    y, x = rows(np.random.default_rng(13))
    words = np.array(["awful", "bad", "fair", "good", "great"])
    plain = fitted(y, x)
    named = fitted(words[y - 1], x, categories=list(words))
    typed = fitted(pd.Categorical(words[y - 1], list(words), ordered=True), x)
    turned = fitted(words[y - 1], x, categories=list(words[::-1]))
    for other, sign in ((named, 1), (typed, 1), (turned, -1)):
        assert (sign * other.table["estimate"]).to_list() == pytest.approx(plain.table["estimate"].to_list())
    with pytest.raises(ValueError, match="text in no known order"):
        ordered_regression(words[y - 1], x)
    with pytest.raises(ValueError, match="none of the categories"):
        ordered_regression(words[y - 1], x, categories=["bad", "good"])


def test_what_cannot_be_estimated_is_said() -> None:
    y, x = rows(np.random.default_rng(14))
    wide = pd.DataFrame(np.random.default_rng(15).normal(size=(400, 45))).add_prefix("x")
    cases: list[tuple[Any, Any, str]] = [
        (np.full(400, 3), x, "everybody chose 3; a regression needs two categories"),
        (y[:49], x[:49], "too few for 3 parameters: 50 are needed"),
        ((np.arange(400) < 12).astype(int), x, "12 rows (counted by what they tell) are too few"),
        (y, wide, "too few for 45 parameters: 450 are needed"),
        (y, x.assign(d=x["a"] - x["c"]), "'d' is a linear combination of 'a', 'c'"),
        (y, x.assign(flag=(y >= 4).astype(float)), "flag separates lower from higher categories"),
    ]
    for outcome, columns, reason in cases:
        found = ordered_regression(outcome, columns)
        assert isinstance(found, NotEstimable), reason
        assert reason in found.reason
    with pytest.raises(ValueError, match="1 outcomes are missing"):
        ordered_regression(np.where(np.arange(400) == 5, np.nan, y), x)
    with pytest.raises(ValueError, match="weights is 'odd'"):
        ordered_regression(y, x, weights="odd")  # type: ignore[arg-type]
    probit = brant_test(fitted(y, x, link="probit"))
    assert isinstance(probit, NotEstimable)
