"""Models of repeat transactions against published values, brute-force integrals, and simulated units."""

from math import lgamma
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy.special import betaincinv, gammaincinv, ndtr

from insights.stats.results import Estimate, NotEstimable
from insights.stats.transactions import (
    BgNbd,
    EventSummary,
    GammaGamma,
    ParetoNbd,
    bg_nbd,
    gamma_gamma,
    pareto_nbd,
    summarise_events,
    track,
)
from insights.stats.transactions.histories import read_histories
from insights.stats.transactions.likelihood import BgNbdLikelihood
from insights.stats.transactions.pareto_likelihood import ParetoNbdLikelihood

Floats = npt.NDArray[np.float64]
History = tuple[Floats, Floats, Floats]


@pytest.fixture(scope="module")
def cdnow(shared: Path) -> History:
    rows = pd.read_csv(shared / "data" / "cdnow" / "calibration_summary.csv")
    return tuple(rows[c].to_numpy(dtype=float) for c in ("frequency", "recency", "T"))  # type: ignore[return-value]


@pytest.fixture(scope="module")
def cdnow_bg(cdnow: History) -> BgNbd:
    return fitted(bg_nbd(*cdnow, time_unit="weeks"))


@pytest.fixture(scope="module")
def cdnow_log(shared: Path) -> EventSummary:
    log = pd.read_csv(
        shared / "data" / "cdnow" / "CDNOW_sample.txt",
        sep=r"\s+",
        names=["master", "unit", "day", "discs", "amount"],
        parse_dates=["day"],
    )
    return summarise_events(
        log["unit"], log["day"], log["amount"], end="1997-09-30", holdout_end="1998-06-30", time_unit="weeks"
    )


def fitted(found: Any) -> Any:
    assert not isinstance(found, NotEstimable), found
    return found


def values(fit: BgNbd | ParetoNbd | GammaGamma) -> dict[str, float]:
    return {name: e.value for name, e in fit.parameters.items()}


def errors(fit: BgNbd | ParetoNbd | GammaGamma) -> dict[str, float]:
    return {name: e.se or float("nan") for name, e in fit.parameters.items()}


@pytest.mark.acceptance("bg_nbd_cdnow", part="parameters, errors, individuals, new unit")
def test_bg_nbd_of_cdnow(cdnow_bg: BgNbd, acceptance: dict[str, Any]) -> None:
    expected = acceptance["bg_nbd_cdnow"]
    tol = expected["tol"]
    assert values(cdnow_bg) == pytest.approx(expected["params"], rel=tol)
    assert errors(cdnow_bg) == pytest.approx(expected["se"], rel=tol)
    assert cdnow_bg.loglik == pytest.approx(expected["loglik"], abs=1e-5)
    for unit in expected["individual"]:
        history = [unit["x"]], [unit["t_x"]], [unit["T"]]
        if "p_alive" in unit:
            assert cdnow_bg.probability_alive(*history)[0] == pytest.approx(unit["p_alive"], rel=tol)
        horizon = 39 if "expected_39" in unit else 52
        ahead = cdnow_bg.expected_transactions(horizon, *history)[0]
        assert ahead == pytest.approx(unit[f"expected_{horizon}"], rel=tol)
    new = cdnow_bg.expected_of_new_unit([float(h) for h in expected["expected_new_customer"]])
    assert [e.value for e in new] == pytest.approx(list(expected["expected_new_customer"].values()), rel=tol)


@pytest.mark.acceptance("bg_nbd_cdnow", part="holdout")
def test_bg_nbd_foretells_the_holdout_of_cdnow(
    cdnow_bg: BgNbd, cdnow: History, cdnow_log: EventSummary, acceptance: dict[str, Any]
) -> None:
    expected = acceptance["bg_nbd_cdnow"]["holdout_39_weeks"]
    assert cdnow_bg.expected_total(39, *cdnow).value == pytest.approx(expected["predicted"], rel=1e-5)
    tracking = track(cdnow_bg, cdnow_log)
    assert tracking.holdout_actual == expected["actual"]
    assert isinstance(tracking.holdout_expected, Estimate)
    assert tracking.holdout_expected.value == pytest.approx(expected["predicted"], rel=1e-4)  # days, not rounded weeks
    last = tracking.table.groupby("phase")[["actual_cumulative", "expected_cumulative"]].last()
    assert last["actual_cumulative"].to_dict() == {"calibration": 2457, "holdout": 2457 + expected["actual"]}
    assert last["expected_cumulative"]["calibration"] == pytest.approx(2457, rel=0.03)
    assert tracking.by_count is not None
    weighted = tracking.by_count["n"] @ tracking.by_count[["actual", "expected"]]
    assert weighted.to_numpy() == pytest.approx([expected["actual"], tracking.holdout_expected.value])


def test_histories_of_the_cdnow_log_are_the_published_ones(cdnow_log: EventSummary, shared: Path) -> None:
    published = pd.read_csv(shared / "data" / "cdnow" / "calibration_spend.csv")
    assert (cdnow_log.table["x"].to_numpy() == published["x"].to_numpy()).all()
    for column in ("t_x", "T"):
        np.testing.assert_allclose(cdnow_log.table[column], published[column], atol=0.0051)
    repeating = published["x"].to_numpy() > 0
    np.testing.assert_allclose(cdnow_log.table["mean_amount"][repeating], published["zbar"][repeating], atol=0.0051)
    assert cdnow_log.table["mean_amount"][~repeating].isna().all()


@pytest.mark.acceptance("pareto_nbd_cdnow")
def test_pareto_nbd_of_cdnow(cdnow: History, acceptance: dict[str, Any]) -> None:
    expected = acceptance["pareto_nbd_cdnow"]
    fit = fitted(pareto_nbd(*cdnow, time_unit="weeks"))
    assert values(fit) == pytest.approx(expected["params"], rel=expected["tol"])
    assert fit.loglik == pytest.approx(expected["loglik"], abs=1e-4)


@pytest.mark.acceptance("gamma_gamma_cdnow")
def test_gamma_gamma_of_cdnow(shared: Path, acceptance: dict[str, Any]) -> None:
    expected = acceptance["gamma_gamma_cdnow"]
    rows = pd.read_csv(shared / "data" / "cdnow" / "calibration_spend.csv")
    fit = fitted(gamma_gamma(rows["x"], rows["zbar"], unit="USD"))
    tol = expected["tol"]
    assert values(fit) == pytest.approx(expected["params"], rel=tol)
    assert fit.loglik == pytest.approx(expected["loglik"], abs=1e-5)
    assert isinstance(fit.population_mean, Estimate)
    assert fit.population_mean.value == pytest.approx(expected["population_mean"], rel=tol)
    for unit in expected["expected_value"]:
        assert fit.expected_value([unit["x"]], [unit["mean"]])[0] == pytest.approx(unit["value"], rel=tol)
    assert fit.correlation == pytest.approx(expected["frequency_value_correlation"], abs=1e-4)
    assert fit.n_left_out == (rows["x"] == 0).sum()


# Brute force: the models as they are defined, by sums over a fine grid of each unit's own hidden numbers.

HIDDEN = np.linspace(-90, 90, 1801)
UNITS = [(0, 0.0, 7.0), (1, 2.0, 7.0), (3, 6.5, 7.0), (3, 7.0, 7.0), (40, 5.0, 9.0)]


def gamma_weights(shape: float, rate: float) -> tuple[Floats, Floats]:
    """A gamma variable on a grid of its logarithm, and the probability of each point."""
    log = HIDDEN - np.log(rate)
    weight = np.exp(shape * (log + np.log(rate)) - rate * np.exp(log))
    return np.exp(log), weight / weight.sum()


def beta_weights(a: float, b: float) -> tuple[Floats, Floats, Floats]:
    """p, 1 - p and the probability of each point, on a grid of the logit."""
    weight = np.exp(-a * np.logaddexp(0, -HIDDEN) - b * np.logaddexp(0, HIDDEN))
    return 1 / (1 + np.exp(-HIDDEN)), 1 / (1 + np.exp(HIDDEN)), weight / weight.sum()


def random_parameters(seed: int) -> Floats:
    return np.exp(np.random.default_rng(seed).uniform(np.log(0.4), np.log(5), 4))


def unit_loglik(likelihood: Any, theta: Floats, unit: tuple[int, float, float]) -> float:
    rows = read_histories(*([v] for v in unit))
    scaled = theta.copy()
    scaled[likelihood[1]] -= np.log(rows.scale)
    return float(likelihood[0](rows)(scaled)[0]) - unit[0] * np.log(rows.scale)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("unit", UNITS)
def test_bg_nbd_is_the_average_over_rates_and_stopping_chances(seed: int, unit: tuple[int, float, float]) -> None:
    (r, alpha, a, b), (x, t_x, T) = random_parameters(seed), unit
    rate, rate_weight = gamma_weights(r, alpha)
    p, q, p_weight = beta_weights(a, b)
    active = np.outer(np.exp(x * np.log(rate) - rate * T), q**x)
    gone = np.outer(np.exp(x * np.log(rate) - rate * t_x), p * q ** max(x - 1, 0)) if x else np.zeros_like(active)
    whole = rate_weight @ (active + gone) @ p_weight
    theta = np.log([r, alpha, a, b])
    assert unit_loglik((BgNbdLikelihood, [1]), theta, unit) == pytest.approx(np.log(whole), abs=1e-9)

    fit = BgNbd(table=pd.DataFrame(), theta=theta, theta_covariance=np.zeros((4, 4)))
    alive = (rate_weight @ active @ p_weight) / whole
    assert fit.probability_alive([x], [t_x], [T])[0] == pytest.approx(alive, rel=1e-9)
    for horizon in (0.5, 30.0):
        ahead = -np.expm1(-np.outer(rate, p) * horizon) / p
        expected = rate_weight @ (active * ahead) @ p_weight / whole
        assert fit.expected_transactions(horizon, [x], [t_x], [T])[0] == pytest.approx(expected, rel=1e-9)
        new = rate_weight @ ahead @ p_weight
        assert fit.expected_of_new_unit([horizon])[0].value == pytest.approx(new, rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("unit", UNITS)
def test_pareto_nbd_is_the_average_over_rates_of_both_kinds(seed: int, unit: tuple[int, float, float]) -> None:
    (r, alpha, s, beta), (x, t_x, T) = random_parameters(10 + seed), unit
    rate, rate_weight = gamma_weights(r, alpha)
    stop, stop_weight = gamma_weights(s, beta)
    both = rate[:, None] + stop
    log_rate = np.log(rate[:, None])
    active = np.exp(x * log_rate - both * T)
    gone = np.exp(x * log_rate - both * t_x) * stop / both * -np.expm1(-both * (T - t_x))
    whole = rate_weight @ (active + gone) @ stop_weight
    theta = np.log([r, alpha, s, beta])
    assert unit_loglik((ParetoNbdLikelihood, [1, 3]), theta, unit) == pytest.approx(np.log(whole), abs=1e-8)

    fit = ParetoNbd(table=pd.DataFrame(), theta=theta, theta_covariance=np.zeros((4, 4)))
    alive = (rate_weight @ active @ stop_weight) / whole
    assert fit.probability_alive([x], [t_x], [T])[0] == pytest.approx(alive, rel=1e-8)
    ahead = rate[:, None] * -np.expm1(-stop * 30) / stop
    expected = rate_weight @ (active * ahead) @ stop_weight / whole
    assert fit.expected_transactions(30, [x], [t_x], [T])[0] == pytest.approx(expected, rel=1e-8)
    assert fit.expected_of_new_unit([30])[0].value == pytest.approx(rate_weight @ ahead @ stop_weight, rel=1e-8)


@pytest.mark.parametrize("stopping", [1.0, 1.0 + 1e-10, 1.0 - 1e-6])
def test_the_expectation_has_no_gap_where_the_published_form_divides_by_zero(stopping: float) -> None:
    def expected(kind: type[BgNbd] | type[ParetoNbd], third: float) -> float:
        theta = np.log([0.5, 4.0, third, 3.0])
        fit = kind(table=pd.DataFrame(), theta=theta, theta_covariance=np.zeros((4, 4)))
        return float(fit.expected_transactions(20, [2], [3.0], [9.0])[0])

    for kind in (BgNbd, ParetoNbd):
        assert expected(kind, stopping) == pytest.approx(expected(kind, 1.00001), rel=1e-4)
        assert expected(kind, 0.9) > expected(kind, stopping) > expected(kind, 1.1)


def test_gamma_gamma_is_the_average_over_each_units_own_scale() -> None:
    rng = np.random.default_rng(3)
    x = rng.integers(1, 6, 80).astype(float)
    amount = rng.gamma(3.0 * x) / x / rng.gamma(4.0, 0.1, 80)
    fit = fitted(gamma_gamma(x, amount))
    p, q, gamma = values(fit).values()
    scale, weight = gamma_weights(q, gamma)
    log_density = np.array(
        [p * k * np.log(scale * k) + (p * k - 1) * np.log(z) - scale * k * z for k, z in zip(x, amount, strict=True)]
    )
    total = sum(np.log(np.exp(row) @ weight) - lgamma(p * k) for row, k in zip(log_density, x, strict=True))
    assert fit.loglik == pytest.approx(total, abs=1e-7)
    posterior = np.exp(log_density[0]) * weight
    assert fit.expected_value(x[:1], amount[:1])[0] == pytest.approx(
        (p / scale) @ posterior / posterior.sum(), rel=1e-8
    )


# Units made as the models say.


def made_by_bg_nbd(n: int, seed: int, r: float, alpha: Any, a: float, b: float) -> History:
    rng = np.random.default_rng(seed)
    T = rng.uniform(10, 60, n)
    rate, p = rng.gamma(r, 1 / np.broadcast_to(alpha, n)), rng.beta(a, b, n)
    x, t_x, now, active = np.zeros(n), np.zeros(n), np.zeros(n), np.arange(n)
    while len(active):
        now[active] += rng.exponential(1 / np.maximum(rate[active], 1e-300))
        active = active[now[active] <= T[active]]
        x[active] += 1
        t_x[active] = now[active]
        active = active[rng.random(len(active)) >= p[active]]
    return x, t_x, T


def made_by_pareto_nbd(n: int, seed: int, r: float, alpha: float, s: float, beta: float) -> History:
    rng = np.random.default_rng(seed)
    T = rng.uniform(10, 60, n)
    rate, stop = rng.gamma(r, 1 / alpha, n), rng.gamma(s, 1 / beta, n)
    length = np.minimum(T, rng.exponential(1 / np.maximum(stop, 1e-300)))
    x = rng.poisson(rate * length).astype(float)
    return x, np.where(x > 0, length * rng.random(n) ** (1 / np.maximum(x, 1)), 0), T


def within_four_errors(fit: BgNbd | ParetoNbd | GammaGamma, truth: dict[str, float]) -> None:
    assert values(fit).keys() == truth.keys()
    for name, value in truth.items():
        found = fit.parameters[name]
        assert found.se is not None
        assert abs(found.value - value) < 4 * found.se, name
        assert found.se < 0.5 * abs(value), name  # four errors would be a poor test of a wide guess


def test_bg_nbd_finds_the_parameters_units_were_made_with() -> None:
    truth = {"r": 0.8, "alpha": 6.0, "a": 1.2, "b": 4.0}
    fit = fitted(bg_nbd(*made_by_bg_nbd(6_000, 1, **truth)))
    within_four_errors(fit, truth)
    assert not fit.at_bound


def test_bg_nbd_finds_the_effect_of_covariates() -> None:
    z = np.random.default_rng(2).normal(size=(4_000, 2)) * [1.0, 100.0] + [0.0, 50.0]
    effect = np.array([0.5, -0.004])
    history = made_by_bg_nbd(4_000, 3, 1.0, 6.0 * np.exp(-z @ effect), 1.0, 4.0)
    fit = fitted(bg_nbd(*history, covariates=pd.DataFrame(z, columns=["age", "wealth"])))
    within_four_errors(fit, {"r": 1.0, "alpha": 6.0, "a": 1.0, "b": 4.0, "age": 0.5, "wealth": -0.004})
    plain = fitted(bg_nbd(*history))
    assert fit.loglik > plain.loglik + 100
    one, two = fit.expected_of_new_unit([10], covariates=[0, 0]), fit.expected_of_new_unit([10], covariates=[1, 0])
    assert two[0].value > one[0].value
    total = fit.expected_total(10, *history, covariates=z).value
    assert total == pytest.approx(fit.expected_transactions(10, *history, covariates=z).sum())
    assert total == pytest.approx(plain.expected_total(10, *history).value, rel=0.05)


def test_pareto_nbd_finds_the_parameters_units_were_made_with() -> None:
    truth = {"r": 0.8, "alpha": 6.0, "s": 0.9, "beta": 20.0}
    within_four_errors(fitted(pareto_nbd(*made_by_pareto_nbd(6_000, 4, **truth))), truth)


def test_gamma_gamma_finds_the_parameters_units_were_made_with() -> None:
    truth = {"p": 4.0, "q": 5.0, "gamma": 30.0}
    rng = np.random.default_rng(5)
    x = rng.geometric(0.3, 4_000).astype(float)
    amount = rng.gamma(truth["p"] * x) / x / rng.gamma(truth["q"], 1 / truth["gamma"], 4_000)
    fit = fitted(gamma_gamma(x, amount))
    within_four_errors(fit, truth)
    mean = fit.population_mean
    assert isinstance(mean, Estimate)
    assert mean.low < 30.0 < mean.high
    independence = fit.checks[-1]
    assert independence.p_value is not None
    assert independence.p_value > 0.01
    grown = fitted(gamma_gamma(x, amount * np.sqrt(x)))
    assert grown.checks[-1].p_value is not None
    assert grown.checks[-1].p_value < 1e-6


def made_dependent(n: int, seed: int, rho: float, model: Any) -> History:
    """Units whose rate and readiness to stop have the model's own distributions, tied by a normal copula."""
    rng = np.random.default_rng(seed)
    first = rng.normal(size=n)
    second = rho * first + np.sqrt(1 - rho**2) * rng.normal(size=n)
    rate, T = gammaincinv(0.8, ndtr(first)) / 6.0, rng.uniform(10, 60, n)
    if model is pareto_nbd:
        length = np.minimum(T, rng.exponential(20.0 / gammaincinv(0.9, ndtr(second))))
        x = rng.poisson(rate * length).astype(float)
        return x, np.where(x > 0, length * rng.random(n) ** (1 / np.maximum(x, 1)), 0), T
    until_stop = rng.geometric(np.maximum(betaincinv(1.2, 4.0, ndtr(second)), 1e-4))
    x, t_x, now = np.zeros(n), np.zeros(n), np.zeros(n)
    for _ in range(int(until_stop.max())):
        now = now + rng.exponential(1 / np.maximum(rate, 1e-300))
        on = (now <= T) & (x < until_stop)
        x, t_x, now = x + on, np.where(on, now, t_x), np.where(on, now, np.inf)
        if not on.any():
            break
    return x, t_x, T


@pytest.mark.parametrize("model", [bg_nbd, pareto_nbd])
def test_dependence_of_rate_and_stopping_is_found_and_independence_is_not_denied(model: Any) -> None:
    def statistic(seed: int, rho: float, n: int = 1_500) -> float:
        check = fitted(model(*made_dependent(n, seed, rho, model))).checks[-1]
        assert check.name == "independence of rate and stopping"
        assert check.statistic is not None
        assert check.p_value == pytest.approx(2 * ndtr(-abs(check.statistic)))
        return float(check.statistic)

    null = np.array([statistic(seed, 0.0) for seed in range(12)])
    assert np.abs(null).max() < 3.3
    assert 0.5 < np.sqrt((null**2).mean()) < 1.6
    assert np.mean([statistic(20 + seed, 0.6, 4_000) for seed in range(3)]) > 2
    assert np.mean([statistic(30 + seed, -0.6, 4_000) for seed in range(3)]) < -2


def test_the_interval_of_a_total_is_as_wide_as_totals_vary() -> None:
    history = made_by_bg_nbd(1_000, 6, 0.8, 6.0, 1.2, 4.0)
    rng = np.random.default_rng(7)
    told = fitted(bg_nbd(*history)).expected_of_new_unit([40])[0]
    again = []
    for _ in range(80):
        rows = rng.integers(0, 1_000, 1_000)
        again.append(fitted(bg_nbd(*(v[rows] for v in history))).expected_of_new_unit([40])[0].value)
    assert told.se == pytest.approx(np.std(again), rel=0.25)


# Edges.


@pytest.mark.parametrize("fit", [bg_nbd, pareto_nbd])
def test_one_unit_with_ten_thousand_transactions_and_others_with_one_or_none(fit: Any) -> None:
    x, t_x, T = made_by_bg_nbd(500, 8, 0.8, 6.0, 1.2, 4.0)
    x[0], t_x[0], T[0] = 10_000, 50.0, 50.0
    found = fitted(fit(x, t_x, T))
    alive = found.probability_alive(x, t_x, T)
    ahead = found.expected_transactions(12, x, t_x, T)
    assert ((alive >= 0) & (alive <= 1)).all()
    assert alive[0] > 0.99  # its last transaction is at the end
    assert ahead[0] == pytest.approx(12 * 10_000 / 50, rel=0.15)
    assert (ahead[1:] < 500).all()
    assert (ahead >= 0).all()


@pytest.mark.parametrize("fit", [bg_nbd, pareto_nbd])
def test_units_that_never_stop_put_the_fit_at_the_bound_and_it_says_so(fit: Any) -> None:
    x, _, T = made_by_pareto_nbd(300, 9, 0.8, 2.0, 0.001, 1e6)
    found = fitted(fit(x, np.where(x > 0, T, 0), T))
    assert set(found.at_bound) & {"a", "b", "s", "beta"}
    assert "no inner maximum" in found.checks[1].reason
    assert all(e.se is None and e.low == 0 and e.high == np.inf for e in found.parameters.values())
    assert found.covariance.isna().all(axis=None)
    assert found.checks[-1].statistic is None
    assert "hardly differ" in found.checks[-1].reason
    assert found.probability_alive(x, np.where(x > 0, T, 0), T).min() > 0.999
    total = found.expected_total(10, x, np.where(x > 0, T, 0), T)
    assert total.value == pytest.approx(10 * len(x) * x.sum() / T.sum(), rel=0.1)


def test_a_unit_watched_for_no_time_changes_nothing() -> None:
    x, t_x, T = made_by_bg_nbd(400, 10, 0.8, 6.0, 1.2, 4.0)
    for fit in (bg_nbd, pareto_nbd):
        one = values(fitted(fit(x, t_x, T)))
        more = values(fitted(fit(np.append(x, 0), np.append(t_x, 0), np.append(T, 0))))
        assert more == pytest.approx(one, rel=1e-6)


@pytest.mark.parametrize("fit", [bg_nbd, pareto_nbd])
def test_too_little_to_go_by_is_not_estimable(fit: Any) -> None:
    few = fit([1.0] * 49 + [0.0] * 500, [2.0] * 49 + [0.0] * 500, np.linspace(5, 9, 549))
    assert isinstance(few, NotEstimable)
    assert few.reason == "49 of 549 units have a repeat transaction; at least 50 are needed"
    same = fit([2.0] * 300, [3.0] * 300, [9.0] * 300)
    assert isinstance(same, NotEstimable)
    assert "same history" in same.reason
    assert isinstance(fit([], [], []), NotEstimable)


def test_gamma_gamma_without_evidence_is_not_estimable() -> None:
    few = gamma_gamma([2] * 49 + [0] * 9, [5.0] * 49 + [np.nan] * 9)
    assert isinstance(few, NotEstimable)
    assert few.reason.startswith("49 units have a transaction")
    same = gamma_gamma([1, 2] * 60, [5.0] * 120)
    assert isinstance(same, NotEstimable)
    assert "the same" in same.reason


def test_an_infinite_mean_of_the_population_is_not_a_number() -> None:
    rng = np.random.default_rng(11)
    x = np.full(3_000, 4.0)
    fit = fitted(gamma_gamma(x, rng.gamma(8.0, 1, 3_000) / 4 / rng.gamma(0.7, 1, 3_000)))
    assert fit.parameters["q"].value < 1
    assert isinstance(fit.population_mean, NotEstimable)
    assert fit.expected_value([0, 4], [np.nan, 3.0])[0] == np.inf
    assert np.isfinite(fit.expected_value([4], [3.0])[0])
    assert "same number" in fit.checks[-1].reason


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((1.5, 2, 9), "1 counts x are negative or no whole numbers"),
        ((-1, 0, 9), "1 counts x are negative"),
        ((2, 10, 9), "t_x < 0 or t_x > T"),
        ((0, 3, 9), "no repeat"),
        ((2, 0, 9), "t_x = 0"),
        ((2, np.nan, 9), "1 values of t_x are missing"),
        ((2e7, 3, 9), "above 10,000,000"),
    ],
)
def test_a_history_that_cannot_be_is_refused(row: tuple[float, float, float], message: str) -> None:
    for fit in (bg_nbd, pareto_nbd):
        with pytest.raises(ValueError, match=message):
            fit(*([v] for v in row))
    with pytest.raises(ValueError, match=message):
        BgNbd(table=pd.DataFrame(), theta=np.zeros(4)).probability_alive(*([v] for v in row))


def test_amounts_that_are_not_above_zero_are_refused_with_their_number() -> None:
    with pytest.raises(ValueError, match=r"3 of 60 mean amounts are zero or negative; expected amounts above 0"):
        gamma_gamma([1] * 60 + [0], [0.0, 0.0, -4.0] + [5.0] * 57 + [0.0])


def test_covariates_must_be_there_when_they_were_fitted_and_must_differ() -> None:
    x, t_x, T = made_by_bg_nbd(500, 12, 0.8, 6.0, 1.2, 4.0)
    z = np.random.default_rng(13).normal(size=500)
    fit = fitted(bg_nbd(x, t_x, T, covariates=z))
    assert fit.covariates == ("z1",)
    with pytest.raises(ValueError, match="fitted with covariates"):
        fit.probability_alive(x, t_x, T)
    with pytest.raises(ValueError, match="fitted without"):
        fitted(bg_nbd(x, t_x, T)).probability_alive(x, t_x, T, covariates=z)
    with pytest.raises(ValueError, match="same for all units"):
        bg_nbd(x, t_x, T, covariates=np.ones(500))
    with pytest.raises(ValueError, match="follow from each other"):
        bg_nbd(x, t_x, T, covariates=np.stack([z, 2 * z + 1], axis=1))


def test_a_log_becomes_histories_by_days() -> None:
    log = pd.DataFrame(
        [
            ("a", "2026-01-01 09:00", 10.0),
            ("a", "2026-01-01 17:00", 5.0),  # same day: still the first
            ("a", "2026-01-11 12:00", 20.0),
            ("a", "2026-01-21 08:00", 30.0),
            ("a", "2026-01-21 09:00", 10.0),  # same day: one repeat of 40
            ("a", "2026-02-05 09:00", 7.0),  # holdout
            ("b", "2026-01-31 23:59", 9.0),  # first on the last day
            ("b", "2026-02-28 23:59", 8.0),
            ("b", "2026-03-01 00:00", 8.0),  # after the holdout
            ("c", "2026-02-01 00:00", 1.0),  # first after the end
        ],
        columns=["unit", "time", "amount"],
    ).sample(frac=1, random_state=1)
    found = summarise_events(
        log["unit"], log["time"], log["amount"], end="2026-01-31", holdout_end="2026-02-28", time_unit="days"
    )
    expected = pd.DataFrame(
        {
            "unit": ["a", "b"],
            "x": [2, 0],
            "t_x": [20.0, 0.0],
            "T": [30.0, 0.0],
            "first": [0, 30],
            "until": [np.inf, np.inf],
            "mean_amount": [30.0, np.nan],
            "ahead": [28.0, 28.0],
            "holdout_x": [1, 1],
            "holdout_amount": [7.0, 8.0],
        }
    )
    pd.testing.assert_frame_equal(found.table, expected, check_dtype=False)
    assert (found.n_same_day, found.n_after_end, found.n_after_holdout) == (2, 1, 1)
    assert (found.calibration, found.holdout) == (30, 28)
    assert found.repeats.to_dict("list") == {"day": [10, 20, 35, 58], "repeats": [1, 1, 1, 1]}
    assert found.origin == pd.Timestamp("2026-01-01")


def test_days_may_be_numbers_and_time_may_be_weeks() -> None:
    dated = summarise_events(
        ["a", "a", "b"], pd.to_datetime(["2026-01-05", "2026-01-19", "2026-01-12"]), end="2026-02-02", time_unit="weeks"
    )
    numbered = summarise_events(["a", "a", "b"], [4.2, 18.9, 11.0], end=32, time_unit="weeks")
    pd.testing.assert_frame_equal(dated.table, numbered.table)
    assert dated.table["T"].tolist() == [4.0, 3.0]
    assert dated.table["holdout_x"].isna().all()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"time_unit": "years"}, "time unit is 'years'"),
        ({"end": -1}, "before the first event"),
        ({"holdout_end": 5}, "not after the end"),
        ({"unit": ["a", None]}, "1 values of unit are missing"),
        ({"amount": [1.0, np.nan]}, "1 values of amount are missing"),
        ({"amount": [1.0]}, "2, 2 and 1 rows"),
        ({"unit": [], "time": [], "amount": []}, "no events"),
    ],
)
def test_a_log_that_cannot_be_is_refused(changed: dict[str, Any], message: str) -> None:
    given = {"unit": ["a", "b"], "time": [1, 3], "amount": [1.0, 2.0], "end": 5, "time_unit": "days"} | changed
    with pytest.raises(ValueError, match=message):
        summarise_events(**given)


def test_tracking_refuses_other_units_of_time_and_says_when_a_holdout_is_missed(
    cdnow_bg: BgNbd, cdnow_log: EventSummary, cdnow: History
) -> None:
    with pytest.raises(ValueError, match="the model is in months, the summary in weeks"):
        track(fitted(bg_nbd(*cdnow)), cdnow_log)
    with pytest.raises(ValueError, match="the step is 0"):
        track(cdnow_bg, cdnow_log, step=0)
    assert track(cdnow_bg, cdnow_log).checks[0].reason.startswith("1882 repeats in the holdout, 1653.4 expected")
