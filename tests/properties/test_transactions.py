"""What must hold of every model of repeat transactions, whatever the units (Hypothesis)."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from insights.stats.renewal import renewal_counts, shifted_beta_geometric
from insights.stats.results import Estimate, NotEstimable
from insights.stats.transactions import bg_nbd, gamma_gamma, pareto_nbd, summarise_events

Floats = npt.NDArray[np.float64]
few = settings(max_examples=8, deadline=None, derandomize=True)
MODELS = [bg_nbd, pareto_nbd]


@st.composite
def histories(draw: st.DrawFn) -> tuple[Floats, Floats, Floats]:
    """Units with rates and stopping of every kind, on a grid of days or not, watched for as long or not."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    n, shape, stop = (
        draw(st.integers(250, 450)),
        draw(st.sampled_from([0.5, 1.0, 3.0])),
        draw(st.sampled_from([0.02, 0.2])),
    )
    T = rng.uniform(5, 30, n) if draw(st.booleans()) else np.full(n, 20.0)
    length = np.minimum(T, rng.exponential(1 / rng.gamma(2.0, stop, n)))
    x = rng.poisson(rng.gamma(shape, 0.4 / shape, n) * length).astype(float)
    t_x = length * rng.random(n) ** (1 / np.maximum(x, 1))
    if draw(st.booleans()):
        T, t_x = np.ceil(T), np.ceil(t_x)
    return x, np.where(x > 0, t_x, 0.0), T


def fitted(found: Any) -> Any:
    """Return the fit; a drawn sample on whose ridge no maximum is found says nothing here."""
    assume(not isinstance(found, NotEstimable))
    return found


def same(one: Any, other: Any, changed: dict[str, float] | None = None) -> None:
    """Say that two fits have the same parameters and errors but for factors, where these are estimable at all."""
    factors = changed or {}
    assert bool(one.at_bound) == bool(other.at_bound)
    for name, found in one.parameters.items():
        factor = factors.get(name, 1.0)
        again = other.parameters[name]
        for field in ("low", "high") if one.at_bound else ("value", "low", "high", "se"):
            assert getattr(again, field) == pytest.approx(factor * getattr(found, field), rel=1e-5), (name, field)


@pytest.mark.parametrize("model", MODELS)
@few
@given(rows=histories(), seed=st.integers(0, 99))
def test_the_order_of_the_units_does_not_matter(model: Any, rows: tuple[Floats, ...], seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(rows[0]))
    one, other = fitted(model(*rows)), fitted(model(*(v[order] for v in rows)))
    assert other.loglik == pytest.approx(one.loglik, rel=1e-9)
    same(one, other)
    assert other.expected_total(9, *rows).value == pytest.approx(one.expected_total(9, *rows).value, rel=1e-5)


@pytest.mark.parametrize("model", MODELS)
@few
@given(rows=histories())
def test_a_weight_of_two_is_two_units(model: Any, rows: tuple[Floats, ...]) -> None:
    weight = 1.0 + (np.arange(len(rows[0])) % 3 == 0)
    one = fitted(model(*rows, weight=weight))
    other = fitted(model(*(np.repeat(v, weight.astype(int)) for v in rows)))
    assert (one.n, one.n_events) == (other.n, other.n_events)
    assert other.loglik == pytest.approx(one.loglik, rel=1e-9)
    same(one, other)
    none = np.concatenate([weight, np.zeros(5)])
    same(one, fitted(model(*(np.concatenate([v, v[:5]]) for v in rows), weight=none)))


@pytest.mark.parametrize("model", MODELS)
@few
@given(rows=histories(), factor=st.sampled_from([1 / 30.4375, 7.0, 1e4]))
def test_another_unit_of_time_changes_the_times_and_nothing_else(
    model: Any, rows: tuple[Floats, ...], factor: float
) -> None:
    x, t_x, T = rows
    one, other = fitted(model(x, t_x, T)), fitted(model(x, factor * t_x, factor * T))
    same(one, other, {"alpha": factor, "beta": factor})
    assert other.loglik == pytest.approx(one.loglik - x.sum() * np.log(factor), rel=1e-8)
    np.testing.assert_allclose(
        other.probability_alive(x, factor * t_x, factor * T), one.probability_alive(x, t_x, T), rtol=1e-5, atol=1e-9
    )
    np.testing.assert_allclose(
        other.expected_transactions(9 * factor, x, factor * t_x, factor * T),
        one.expected_transactions(9, x, t_x, T),
        rtol=1e-5,
        atol=1e-9,
    )


@pytest.mark.parametrize("model", MODELS)
@few
@given(rows=histories())
def test_expectations_are_what_expectations_can_be(model: Any, rows: tuple[Floats, ...]) -> None:
    fit = fitted(model(*rows))
    alive = fit.probability_alive(*rows)
    assert ((alive >= 0) & (alive <= 1)).all()
    near, far = (fit.expected_transactions(h, *rows) for h in (3.0, 12.0))
    assert (fit.expected_transactions(0, *rows) == 0).all()
    assert ((near > 0) & (far > near) & (far < 4 * near * (1 + 1e-9))).all()  # more in longer, ever fewer per time
    new = fit.expected_of_new_unit([0, 3, 12])
    assert 0 == new[0].value < new[1].value < new[2].value
    assert all(e.low <= e.value <= e.high for e in new)
    total = fit.expected_total(12, *rows)
    assert total.value == pytest.approx(far.sum())
    assert total.low < total.value < total.high
    longer = fit.probability_alive(rows[0], rows[1], rows[2] + 5)
    assert (longer <= alive + 1e-12).all()


@few
@given(seed=st.integers(0, 10_000), factor=st.sampled_from([0.01, 7.3, 1e6]))
def test_another_currency_changes_amounts_and_nothing_else(seed: int, factor: float) -> None:
    rng = np.random.default_rng(seed)
    x = rng.geometric(0.4, 300).astype(float) - (rng.random(300) < 0.2)
    amount = rng.gamma(3.0 * np.maximum(x, 1)) / rng.gamma(4.0, 0.1, 300)
    one, other = fitted(gamma_gamma(x, amount)), fitted(gamma_gamma(x, factor * amount))
    same(one, other, {"gamma": factor})
    np.testing.assert_allclose(
        other.expected_value(x, factor * amount), factor * one.expected_value(x, amount), rtol=1e-6
    )
    assert isinstance(one.population_mean, Estimate)
    assert isinstance(other.population_mean, Estimate)
    assert other.population_mean.value == pytest.approx(factor * one.population_mean.value, rel=1e-6)
    assert other.correlation == pytest.approx(one.correlation)
    assert other.checks[-1].p_value == pytest.approx(one.checks[-1].p_value)
    order = rng.permutation(300)
    same(one, fitted(gamma_gamma(x[order], amount[order])))
    same(
        fitted(gamma_gamma(x, amount, weight=np.full(300, 2.0))), fitted(gamma_gamma(np.tile(x, 2), np.tile(amount, 2)))
    )


@few
@given(seed=st.integers(0, 10_000))
def test_the_expected_amount_lies_between_the_units_own_and_that_of_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.geometric(0.4, 300).astype(float)
    amount = rng.gamma(3.0 * x) / x / rng.gamma(4.0, 0.1, 300)
    fit = fitted(gamma_gamma(x, amount))
    assert isinstance(fit.population_mean, Estimate)
    mean, value = fit.population_mean.value, fit.expected_value(x, amount)
    slack = 1e-9 * mean
    assert (value >= np.minimum(amount, mean) - slack).all()
    assert (value <= np.maximum(amount, mean) + slack).all()
    often = fit.expected_value(x * 1e6, amount)
    np.testing.assert_allclose(often, amount, rtol=1e-3)


@few
@given(seed=st.integers(0, 10_000))
def test_a_log_in_any_order_makes_the_same_histories(seed: int) -> None:
    rng = np.random.default_rng(seed)
    unit, day, amount = rng.integers(0, 40, 300), rng.integers(0, 100, 300), rng.integers(1, 99, 300).astype(float)
    order = rng.permutation(300)
    one = summarise_events(unit, day, amount, end=60, holdout_end=90, time_unit="days")
    other = summarise_events(unit[order], day[order], amount[order], end=60, holdout_end=90, time_unit="days")
    assert one == other
    table = one.table
    counted = len({(u, d) for u, d in zip(unit, day, strict=True) if d <= 60})
    assert table["x"].sum() + len(table) == counted
    assert len(table) + one.n_after_end == len(set(unit))
    assert one.repeats["repeats"].sum() == table["x"].sum() + table["holdout_x"].sum()
    assert ((table["t_x"] <= table["T"]) & ((table["t_x"] > 0) == (table["x"] > 0))).all()
    cohort = {u for u, d in zip(unit, day, strict=True) if d <= 60}
    later = sum(a for u, d, a in zip(unit, day, amount, strict=True) if u in cohort and 60 < d <= 90)
    assert table["holdout_amount"].sum() == later


@few
@given(seed=st.integers(0, 10_000))
def test_twice_the_contracts_are_the_same_retention_with_less_error(seed: int) -> None:
    rng = np.random.default_rng(seed)
    end = rng.geometric(rng.beta(1.0, 2.0, 500))
    periods, left = np.minimum(end, 6), end <= 6
    one, two = renewal_counts(periods, left), renewal_counts(periods, left, weight=np.full(500, 2.0))
    assert (two["at_risk"] == 2 * one["at_risk"]).all()
    fit = fitted(shifted_beta_geometric(one["at_risk"], one["lost"]))
    twice = fitted(shifted_beta_geometric(two["at_risk"], two["lost"]))
    assert twice.loglik == pytest.approx(2 * fit.loglik)
    for found, again in zip(fit.survival([1, 9]), twice.survival([1, 9]), strict=True):
        assert again.value == pytest.approx(found.value, rel=1e-6)
        assert again.se == pytest.approx((found.se or 0) / np.sqrt(2), rel=1e-4)
