"""What transaction models say of the future: numbers that will be counted, sums over periods, charges, and rivals."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from insights.stats.results import Estimate, NotEstimable
from insights.stats.transactions import (
    BgNbd,
    GammaGamma,
    ParetoNbd,
    bg_nbd,
    compare_forecasts,
    gamma_gamma,
    pareto_nbd,
    summarise_events,
    track,
)

Floats = npt.NDArray[np.float64]
BG_LAW = {"r": 0.6, "alpha": 6.0, "a": 0.8, "b": 2.5}
DRAWS = 200_000


def histories(n: int, seed: int) -> tuple[Floats, Floats, Floats]:
    """Return units that transact and stop by the law above, watched for 10 to 60 months."""
    rng = np.random.default_rng(seed)
    rate, stop = rng.gamma(BG_LAW["r"], 1 / BG_LAW["alpha"], n), rng.beta(BG_LAW["a"], BG_LAW["b"], n)
    watched = rng.uniform(10, 60, n)
    x, last, now, active = np.zeros(n), np.zeros(n), np.zeros(n), np.ones(n, dtype=bool)
    while active.any():
        at = np.flatnonzero(active)
        now[at] += rng.exponential(1 / rate[at])
        over = now[at] >= watched[at]
        active[at[over]] = False
        at = at[~over]
        x[at], last[at] = x[at] + 1, now[at]
        active[at] = rng.random(len(at)) >= stop[at]
    return x, last, watched


@pytest.fixture(scope="module")
def units() -> tuple[Floats, Floats, Floats]:
    return histories(4_000, 1)


@pytest.fixture(scope="module")
def bg(units: tuple[Floats, Floats, Floats]) -> BgNbd:
    found = bg_nbd(*units)
    assert isinstance(found, BgNbd)
    return found


@pytest.fixture(scope="module")
def pareto(units: tuple[Floats, Floats, Floats]) -> ParetoNbd:
    found = pareto_nbd(*units)
    assert isinstance(found, ParetoNbd)
    return replace(found, theta=np.log([0.6, 6.0, 0.7, 12.0]))


@pytest.mark.parametrize(
    ("x", "t_x", "T", "horizon"), [(3, 20, 24, 12), (0, 0, 24, 12), (40, 23, 24, 60), (1, 1, 50, 12)]
)
def test_mean_and_square_of_bg_nbd_are_those_of_simulated_units(
    bg: BgNbd, x: float, t_x: float, T: float, horizon: float
) -> None:
    fit = replace(bg, theta=np.log(list(BG_LAW.values())))
    history = np.array([x], float), np.array([t_x], float), np.array([T], float)
    rng = np.random.default_rng(int(x))
    alive = rng.random(DRAWS) < fit.probability_alive(*history)[0]
    rate = rng.gamma(BG_LAW["r"] + x, 1 / (BG_LAW["alpha"] + T), DRAWS)
    stop = rng.beta(BG_LAW["a"], BG_LAW["b"] + x, DRAWS)
    number = np.minimum(rng.poisson(rate * horizon), rng.geometric(stop)) * alive
    _agrees(fit.expected_transactions(horizon, *history)[0], number.astype(float))
    square = fit._square(fit.theta, np.array([float(horizon)]), *history, np.zeros(1))[0]
    _agrees(square, number.astype(float) ** 2)


@pytest.mark.parametrize(("x", "t_x", "T", "horizon"), [(3, 20, 24, 12), (0, 0, 24, 12), (40, 23, 24, 60)])
def test_mean_and_square_of_pareto_nbd_are_those_of_simulated_units(
    pareto: ParetoNbd, x: float, t_x: float, T: float, horizon: float
) -> None:
    history = np.array([x], float), np.array([t_x], float), np.array([T], float)
    rng = np.random.default_rng(int(x))
    alive = rng.random(DRAWS) < pareto.probability_alive(*history)[0]
    rate, stop = rng.gamma(0.6 + x, 1 / (6.0 + T), DRAWS), rng.gamma(0.7, 1 / (12.0 + T), DRAWS)
    number = rng.poisson(rate * np.minimum(horizon, rng.exponential(1.0, DRAWS) / stop)) * alive
    _agrees(pareto.expected_transactions(horizon, *history)[0], number.astype(float))
    square = pareto._square(pareto.theta, np.array([float(horizon)]), *history, np.zeros(1))[0]
    _agrees(square, number.astype(float) ** 2)


def _agrees(value: float, drawn: Floats) -> None:
    assert abs(value - drawn.mean()) < 4.5 * drawn.std() / np.sqrt(len(drawn))


def test_square_near_no_stopping_is_that_of_a_count_without_it(bg: BgNbd) -> None:
    # With p next to nothing the number is negative binomial: m + m^2 (1 + 1 / r).
    fit = replace(bg, theta=np.array([np.log(2.0), np.log(4.0), -20.0, 5.0]))
    history = np.zeros(1), np.zeros(1), np.zeros(1)
    mean = 2.0 / 4.0 * 10
    square = fit._square(fit.theta, np.array([10.0]), *history, np.zeros(1))[0]
    assert square == pytest.approx(mean + mean**2 * 1.5, rel=1e-6)


@pytest.mark.parametrize("model", ["bg", "pareto"])
def test_sums_over_periods_are_those_over_the_whole_horizon(
    request: pytest.FixtureRequest, model: str, units: tuple[Floats, Floats, Floats]
) -> None:
    fit = request.getfixturevalue(model)
    ends = np.array([1.0, 6.0, 24.0])
    each = fit.expected_periods(ends, *units)
    assert each.sum(axis=1) == pytest.approx(fit.expected_transactions(24.0, *units), rel=1e-9)
    weights, periods = np.stack([np.ones(len(each)), np.arange(len(each)) % 3], axis=1), np.eye(3)[:, :2]
    sums = fit.expected_sums(ends, weights, periods, *units)
    assert [e.value for e in sums] == pytest.approx((weights.T @ each @ periods).ravel())
    whole, expected = (
        fit.expected_sums(ends, weights[:, :1], np.ones((3, 1)), *units)[0],
        fit.expected_total(24.0, *units),
    )
    assert (whole.value, whole.se) == pytest.approx((expected.value, expected.se), rel=1e-6)
    # Every unit may have a horizon of its own.
    own = np.where(np.arange(len(each)) % 2, 6.0, 24.0)
    mixed = fit.expected_transactions(own, *units)
    assert mixed == pytest.approx(np.where(own == 6, each[:, :2].sum(axis=1), each.sum(axis=1)), rel=1e-9)
    with pytest.raises(ValueError, match="do not grow"):
        fit.expected_periods([6.0, 6.0], *units)
    with pytest.raises(ValueError, match="expected one time, or one for each"):
        fit.expected_transactions(np.ones(3), *units)


def test_intervals_of_counts_cover_and_those_of_expectations_do_not() -> None:
    inside = {True: 0, False: 0}
    for seed in range(20):
        x, last, watched = histories(800, 100 + seed)
        rng = np.random.default_rng(seed)
        truth = np.log(list(BG_LAW.values()))
        fit = bg_nbd(x, last, watched)
        assert isinstance(fit, BgNbd)
        law = replace(fit, theta=truth)
        alive = rng.random(len(x)) < law.probability_alive(x, last, watched)
        rate = rng.gamma(BG_LAW["r"] + x, 1 / (BG_LAW["alpha"] + watched))
        stop = rng.beta(BG_LAW["a"], BG_LAW["b"] + x)
        number = int((np.minimum(rng.poisson(rate * 12), rng.geometric(stop)) * alive).sum())
        for counts in inside:
            told = fit.expected_total(12.0, x, last, watched, counts=counts)
            inside[counts] += told.low <= number <= told.high
    assert inside[True] >= 16  # fewer than 16 of 20 have probability 0.003 at 95 %
    assert inside[False] < inside[True]


def test_share_active_by_group(bg: BgNbd, units: tuple[Floats, Floats, Floats]) -> None:
    group = np.minimum(units[0], 2).astype(int)
    found = bg.expected_alive(*units, group=group)
    alive = bg.probability_alive(*units)
    assert [e.value for e in found] == pytest.approx([alive[group == k].mean() for k in range(3)])
    assert (found[0].low, found[0].high) == (1.0, 1.0)  # without a repeat nobody has had occasion to stop
    assert [e.n for e in found] == np.bincount(group).tolist()
    assert all(e.low < e.value < e.high <= 1 for e in found[1:])
    with pytest.raises(ValueError, match="a number from 0 for each"):
        bg.expected_alive(*units, group=group - 1)


@pytest.fixture(scope="module")
def amounts() -> tuple[Floats, Floats, GammaGamma]:
    rng = np.random.default_rng(5)
    x = rng.geometric(0.3, 3_000).astype(float)
    mean = rng.gamma(6.0 * x) / x / rng.gamma(4.0, 1 / 2_000, 3_000)
    found = gamma_gamma(x, mean)
    assert isinstance(found, GammaGamma)
    return x, mean, found


@pytest.mark.parametrize(("x", "mean"), [(0, 0.0), (3, 2_000.0), (5, 9_000.0)])
def test_charges_are_the_mean_of_the_larger_of_share_and_least(
    amounts: tuple[Floats, Floats, GammaGamma], x: float, mean: float
) -> None:
    fit = amounts[2]
    p, q, gamma = np.exp(fit.theta)
    rng = np.random.default_rng(7)
    drawn = rng.gamma(p, 1.0, DRAWS) / rng.gamma(q + p * x, 1 / (gamma + x * mean), DRAWS)
    _agrees(fit.expected_charge([x], [mean], 0.004, 15.0)[0], np.maximum(0.004 * drawn, 15.0))
    assert fit.expected_charge([x], [mean], 0.004)[0] == pytest.approx(0.004 * fit.expected_value([x], [mean])[0])
    assert fit.expected_charge([x], [mean], 0.0, 15.0)[0] == 15.0
    with pytest.raises(ValueError, match="numbers of 0 or more"):
        fit.expected_charge([x], [mean], -0.1, 1.0)


def test_sums_of_amounts_have_the_errors_of_their_parameters(amounts: tuple[Floats, Floats, GammaGamma]) -> None:
    x, mean, fit = amounts
    weight = np.stack([np.ones(len(x)), x], axis=1)
    found = fit.weighted_sums(weight, x, mean)
    assert not isinstance(found, NotEstimable)
    assert [e.value for e in found] == pytest.approx(list(fit.expected_value(x, mean) @ weight))
    assert all(e.se is not None and 0 < e.se < 0.05 * e.value for e in found)
    # Of units of which nothing is known the error is that of the population mean.
    unknown = fit.weighted_sums(np.ones((2, 1)), [0, 0], [0, 0])
    assert not isinstance(unknown, NotEstimable)
    assert isinstance(fit.population_mean, Estimate)
    assert (unknown[0].value, unknown[0].se) == pytest.approx(
        (2 * fit.population_mean.value, 2 * (fit.population_mean.se or 0)), rel=1e-6
    )
    infinite = replace(fit, theta=np.array([0.0, np.log(0.9), 0.0]))
    assert isinstance(infinite.weighted_sums(np.ones((1, 1)), [0], [0]), NotEstimable)


def test_units_with_an_end_of_their_own() -> None:
    log = pd.DataFrame(
        [("a", 0), ("a", 10), ("a", 40), ("b", 0), ("b", 20), ("b", 35), ("c", 5)], columns=["unit", "day"]
    )
    found = summarise_events(
        log["unit"], log["day"], end=30, holdout_end=50, until=pd.Series({"a": 45, "b": 25}), time_unit="days"
    )
    table = found.table.set_index("unit")
    assert table["T"].to_dict() == {"a": 30.0, "b": 25.0, "c": 25.0}
    assert table["ahead"].to_dict() == {"a": 15.0, "b": 0.0, "c": 20.0}
    assert table["holdout_x"].to_dict() == {"a": 1, "b": 0, "c": 0}  # what b did after his end is not his
    assert table["until"].to_dict() == {"a": 45.0, "b": 25.0, "c": np.inf}
    assert found.n_after_holdout == 0
    with pytest.raises(ValueError, match="1 units end before their first event"):
        summarise_events(log["unit"], log["day"], end=30, until=pd.Series({"c": 4}))
    with pytest.raises(ValueError, match="names a unit twice"):
        summarise_events(log["unit"], log["day"], end=30, until=pd.Series([4, 5], index=["c", "c"]))


def test_tracking_counts_units_for_as_long_as_they_are_watched(bg: BgNbd) -> None:
    rng = np.random.default_rng(2)
    days = np.sort(rng.integers(0, 900, (400, 4)), axis=1)
    log = pd.DataFrame({"unit": np.repeat(np.arange(400), 4), "day": days.ravel()})
    until = pd.Series(days[:, 3][:200] + 5, index=np.arange(200))
    summary = summarise_events(log["unit"], log["day"], end=600, holdout_end=899, until=until)
    told = track(bg, summary, ends=[5.0, 10.0])
    months = 365.25 / 12
    assert told.table["time"].tolist() == pytest.approx(
        [5.0, 10.0, summary.calibration, summary.calibration + summary.holdout]
    )
    first, end = (summary.table[c].to_numpy(float) for c in ("first", "until"))
    for time, expected in told.table[["time", "expected_cumulative"]].itertuples(index=False):
        watched = np.maximum(np.minimum(time, end / months) - first / months, 0)
        by_hand = sum(e.value for e in bg.expected_of_new_unit(watched))
        assert expected == pytest.approx(by_hand)
    ahead = summary.table["ahead"].to_numpy(float)
    assert told.each == pytest.approx(bg.expected_transactions(ahead, *summary.history))
    assert (told.each[ahead == 0] == 0).all()
    assert isinstance(told.holdout_count, Estimate)
    assert isinstance(told.holdout_expected, Estimate)
    assert told.holdout_count.low < told.holdout_expected.low


def test_rivals_by_hand() -> None:
    actual = np.tile([0.0, 1.0, 2.0, 1.0], 25)
    found = compare_forecasts({"flat": np.ones(100), "right": actual, "high": actual + 1}, actual)
    assert not isinstance(found, NotEstimable)
    assert found.best == "right"
    table = found.table.set_index("forecast")
    assert table["squared"].to_dict() == {"right": 0.0, "flat": 0.5, "high": 1.0}
    assert table["absolute"].to_dict() == {"right": 0.0, "flat": 0.5, "high": 1.0}
    assert np.isnan(table.loc["right", "low"])
    flat = table.loc["flat"]
    assert flat["difference"] == 0.5
    half = 1.9842169515864 * np.std((actual - 1) ** 2, ddof=1) / 10
    assert (flat["low"], flat["high"]) == pytest.approx((0.5 - half, 0.5 + half))
    assert isinstance(compare_forecasts({"x": np.ones(49)}, np.ones(49)), NotEstimable)
    with pytest.raises(ValueError, match="forecast 'x'"):
        compare_forecasts({"x": np.ones(50)}, np.ones(60))
