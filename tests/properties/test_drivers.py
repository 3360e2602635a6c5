"""What must hold of regressions, importance, reliability and weights, whatever the data (Hypothesis)."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insights.stats.importance import Importance, lmg_shares, relative_weights, shapley_importance
from insights.stats.linear import LinearFit, least_squares
from insights.stats.measurement_error import CorrectedRegression, corrected_regression
from insights.stats.ordinal import OrderedFit, ordered_regression
from insights.stats.ordinal.margins import MarginalEffects, marginal_effects
from insights.stats.raking import RakedWeights, rake
from insights.stats.reliability import cronbach_alpha, mcdonald_omega
from insights.stats.results import Estimate
from insights.stats.survey import ResponseWeights, response_weights

few = settings(max_examples=12, deadline=None)
seeds = st.integers(0, 10_000)
scales = st.sampled_from([1e-4, 0.3, 7.0, 1e5])
shifts = st.sampled_from([-1e3, 0.0, 42.0])


def rows(seed: int, n: int = 150) -> tuple[np.ndarray, pd.DataFrame]:
    """Return five-point answers and three correlated columns, one of them a flag."""
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(rng.normal(size=(n, 3)) + rng.random() * rng.normal(size=(n, 1)), columns=["a", "b", "c"])
    x["c"] = (x["c"] > 0).astype(float)
    latent = x.to_numpy() @ rng.normal(size=3) + rng.logistic(size=n)
    return np.digitize(latent, np.quantile(latent, [0.15, 0.4, 0.6, 0.85])) + 1, x


def ordered(y: Any, x: Any, **how: Any) -> OrderedFit:
    found = ordered_regression(y, x, **how)
    assert isinstance(found, OrderedFit), found
    return found


def linear(y: Any, x: Any, **how: Any) -> LinearFit:
    found = least_squares(y, x, **how)
    assert isinstance(found, LinearFit), found
    return found


def important(y: Any, x: Any, **how: Any) -> Importance:
    found = shapley_importance(y, x, draws=100, **how)
    assert isinstance(found, Importance), found
    return found


@few
@given(seeds, scales, shifts)
def test_units_of_a_column_do_not_matter(seed: int, scale: float, shift: float) -> None:
    y, x = rows(seed)
    moved = x.assign(a=x["a"] * scale + shift)
    for fit, tolerance in ((ordered, 1e-5), (linear, 1e-5)):
        one, other = fit(y, x).table.set_index("name"), fit(y, moved).table.set_index("name")
        assert other.loc["a", "estimate"] * scale == pytest.approx(one.loc["a", "estimate"], rel=tolerance, abs=1e-8)
        assert other.loc["a", "p"] == pytest.approx(one.loc["a", "p"], rel=1e-3, abs=1e-8)
        assert other.loc["b", "estimate"] == pytest.approx(one.loc["b", "estimate"], rel=tolerance, abs=1e-8)
    assert ordered(y, x).loglik == pytest.approx(ordered(y, moved).loglik)
    assert linear(y, moved).table["standardised"][1] == pytest.approx(linear(y, x).table["standardised"][1], rel=1e-5)
    columns = ["lmg", "lmg_low", "lmg_high", "johnson", "rank", "first"]
    one, other = important(y, x).table[columns], important(y, moved).table[columns]
    pd.testing.assert_frame_equal(one, other, rtol=1e-5, atol=1e-9)


@few
@given(seeds, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_columns_does_not_matter(seed: int, random: Any) -> None:
    y, x = rows(seed)
    order, columns = list(range(150)), list("abc")
    random.shuffle(order)
    random.shuffle(columns)
    group = np.arange(150) % 25
    for fit in (ordered, linear):
        one = fit(y, x, cluster=group).table.set_index("name")
        other = fit(y[order], x.iloc[order][columns], cluster=group[order]).table.set_index("name").loc[one.index]
        pd.testing.assert_frame_equal(one, other, rtol=1e-5, atol=1e-8)
    one, other = (important(v, d).table.set_index("driver") for v, d in ((y, x), (y[order], x.iloc[order][columns])))
    assert other["lmg"].to_dict() == pytest.approx(one["lmg"].to_dict())
    assert other["johnson"].to_dict() == pytest.approx(one["johnson"].to_dict())


@few
@given(seeds)
def test_turning_the_scale_round_turns_the_signs(seed: int) -> None:
    y, x = rows(seed)
    for link in ("logit", "probit"):
        one, other = ordered(y, x, link=link), ordered(6 - y, x, link=link)
        assert other.table["estimate"].to_list() == pytest.approx((-one.table["estimate"]).to_list(), abs=1e-6)
        assert other.thresholds["estimate"][::-1].to_list() == pytest.approx(
            (-one.thresholds["estimate"]).to_list(), abs=1e-6
        )
        assert other.loglik == pytest.approx(one.loglik)


@few
@given(seeds)
def test_names_of_categories_do_not_matter_only_their_order(seed: int) -> None:
    y, x = rows(seed)
    words = np.array(["e", "b", "d", "a", "c"])
    one, other = ordered(y, x), ordered(words[y - 1], x, categories=list(words))
    assert other.table["estimate"].to_list() == one.table["estimate"].to_list()
    assert other.categories == tuple(words)


@few
@given(seeds)
def test_thresholds_rise_shares_add_up_and_effects_cancel(seed: int) -> None:
    y, x = rows(seed)
    found = ordered(y, x)
    assert (np.diff(found.thresholds["estimate"]) > 0).all()
    shares = found.probabilities(x).to_numpy()
    assert (shares >= 0).all()
    assert shares.sum(axis=1) == pytest.approx(np.ones(150))
    effects = marginal_effects(found)
    assert isinstance(effects, MarginalEffects)
    by_column = effects.table[effects.table["category"] != "mean"].groupby("column")["effect"].sum()
    assert by_column.to_list() == pytest.approx([0] * 3, abs=1e-12)


@few
@given(seeds, st.integers(1, 6))
def test_shares_of_importance_add_up_and_none_is_negative(seed: int, p: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(50, p + 1)) @ rng.normal(size=(p + 1, p + 1))
    cov = np.cov(values.T).reshape(1, p + 1, p + 1)
    slope = np.linalg.lstsq(values[:, :p] - values[:, :p].mean(0), values[:, p] - values[:, p].mean(), rcond=None)[0]
    r_squared = float(slope @ cov[0, :p, p] / cov[0, p, p])
    for shares in (lmg_shares(cov)[0], relative_weights(cov)[0]):
        assert shares.sum() == pytest.approx(r_squared, abs=1e-6)
        assert (shares > -1e-9).all()


@few
@given(seeds)
def test_a_driver_that_is_independent_of_all_others_keeps_its_own_share(seed: int) -> None:
    rng = np.random.default_rng(seed)
    raw = np.linalg.qr(rng.normal(size=(60, 5)) - 0)[0]
    raw = np.linalg.qr(np.column_stack([np.ones(60), raw]))[0][:, 1:5]
    x = np.column_stack([raw[:, 0], raw[:, 1] + rng.random() * raw[:, 2], raw[:, 1]])
    y = raw @ rng.normal(size=4)
    cov = np.cov(np.column_stack([x, y]).T)[None]
    alone = cov[0, 0, 3] ** 2 / cov[0, 0, 0] / cov[0, 3, 3]
    assert lmg_shares(cov)[0, 0] == pytest.approx(alone, abs=1e-9)
    assert relative_weights(cov)[0, 0] == pytest.approx(alone, abs=1e-9)


@few
@given(seeds, scales, shifts)
def test_reliability_knows_no_unit_and_lies_inside_its_interval(seed: int, scale: float, shift: float) -> None:
    rng = np.random.default_rng(seed)
    items = pd.DataFrame(rng.normal(size=(120, 4)) + rng.normal(size=(120, 1)))
    for method in (cronbach_alpha, mcdonald_omega):
        one, other = method(items), method(items[[2, 0, 3, 1]] * scale + shift)
        assert isinstance(one, Estimate)
        assert isinstance(other, Estimate)
        assert (other.value, other.low, other.high) == pytest.approx((one.value, one.low, one.high), rel=1e-4)
        assert one.low < one.value < one.high < 1


@few
@given(seeds, scales, shifts)
def test_corrected_slopes_follow_the_units_and_are_larger_alone(seed: int, scale: float, shift: float) -> None:
    rng = np.random.default_rng(seed)
    behind = rng.normal(size=(150, 2))
    items = {name: pd.DataFrame(behind[:, [j]] + 0.7 * rng.normal(size=(150, 3))) for j, name in enumerate("ab")}
    y = pd.Series(behind @ [1.0, 0.5] + rng.normal(size=150))
    found, moved = corrected_regression(y, items), corrected_regression(y, items | {"a": items["a"] * scale + shift})
    assert isinstance(found, CorrectedRegression)
    assert isinstance(moved, CorrectedRegression)
    assert moved.table["slope"][0] * scale == pytest.approx(found.table["slope"][0], rel=1e-5)
    assert moved.table["standardised"].to_list() == pytest.approx(found.table["standardised"].to_list(), rel=1e-5)
    alone = corrected_regression(y, {"a": items["a"]})
    assert isinstance(alone, CorrectedRegression)
    # Of one factor the correction is a division by its reliability.
    one = alone.table.iloc[0]
    assert one["slope"] == pytest.approx(one["uncorrected"] / one["reliability"])


@few
@given(seeds, scales, shifts)
def test_weights_balance_the_frame_whatever_its_units(seed: int, scale: float, shift: float) -> None:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.normal(size=400), "b": rng.random(400) < 0.5}).astype(float)
    told = rng.random(400) < 1 / (1 + np.exp(-0.6 * frame["a"]))
    one = response_weights(told, frame)
    other = response_weights(told, frame.assign(a=frame["a"] * scale + shift))
    assert isinstance(one, ResponseWeights)
    assert isinstance(other, ResponseWeights)
    assert other.weights == pytest.approx(one.weights, rel=1e-6)
    assert one.trimmed or one.table["difference_weighted"].abs().max() < 1e-8
    y = np.where(told, frame["a"], np.nan)
    if not one.trimmed:  # an answer that the frame knows has the frame's mean, and its error
        mean = one.mean(y)
        assert isinstance(mean, Estimate)
        assert mean.value == pytest.approx(frame["a"].mean(), abs=1e-9)
        assert mean.se == pytest.approx(frame["a"].std() / 20)


@few
@given(seeds)
def test_raking_reaches_its_margins_and_the_order_of_variables_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    answers = pd.DataFrame({"x": rng.integers(0, 3, 200), "y": rng.integers(0, 2, 200)})
    book = {"x": dict(zip("012", rng.random(3) + 0.3, strict=True)), "y": {"0": 0.3, "1": 0.7}}
    one, other = rake(answers, book), rake(answers, dict(reversed(book.items())))
    assert isinstance(one, RakedWeights)
    assert isinstance(other, RakedWeights)
    assert one.weights == pytest.approx(other.weights, rel=1e-6)
    assert one.table["weighted"].to_list() == pytest.approx(one.table["book"].to_list(), abs=1e-8)
    assert one.effective_n <= 200 + 1e-9
