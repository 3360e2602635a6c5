"""Sensitivity to losses: against curves, brute force, imputation by simulation, and known truths."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from insights.stats.censoring import DeltaSensitivity, delta_sensitivity
from insights.stats.censoring_weights import censoring_weights, weighted_incidence
from insights.stats.incidence import cumulative_incidence
from insights.stats.results import Estimate, NotEstimable

Array = npt.NDArray[np.float64]


def estimate(found: Estimate | NotEstimable) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


def months_data(seed: int, n: int = 80) -> tuple[Array, npt.NDArray[Any]]:
    rng = np.random.default_rng(seed)
    time = rng.integers(1, 16, n).astype(float)
    cause = rng.choice(["", "x", "y"], n, p=[0.4, 0.4, 0.2])
    cause[:3], time[:3] = "", 16
    return time, cause


def test_a_delta_of_one_is_the_incidence_with_its_error_and_interval() -> None:
    time, cause = months_data(1)
    found, curve = delta_sensitivity(time, cause, [3, 7.5, 12]), cumulative_incidence(time, cause)
    for month in (3, 7.5, 12):
        for name in ("x", "y"):
            one, other = estimate(found.at(month, 1, name)), estimate(curve.at([month], cause=name)[0])
            assert (one.value, one.low, one.high, one.se) == pytest.approx(
                (other.value, other.low, other.high, other.se)
            )
    late = np.where(time > 4, 2.0, 0.0)
    found, curve = delta_sensitivity(time, cause, [7], entry=late), cumulative_incidence(time, cause, entry=late)
    assert estimate(found.at(7, 1, "x")).value == pytest.approx(estimate(curve.at([7], cause="x")[0]).value)


def brute(time: Array, cause: Any, w: Array, of: str, month: float, delta: float) -> float:
    """Follow the shares of the seen and of the lost month by month, for rows that count w times."""
    seen, away, had = 1.0, 0.0, 0.0
    for t in sorted(set(time)):
        if t > month:
            break
        at_risk = w[time >= t].sum()
        rate = {c: w[(time == t) & (cause == c)].sum() / at_risk for c in ("x", "y")}
        h = rate["x"] + rate["y"]
        own = h if of == "any" else rate[of]
        h_away = 1 - (1 - h) ** delta
        had += seen * own + away * (h_away * own / h if h else 0.0)
        away *= 1 - h_away
        seen *= 1 - h
        left = at_risk * (1 - h)
        lost = w[(time == t) & (cause == "")].sum() / left if left and t < month else 0.0
        away, seen = away + seen * lost, seen * (1 - lost)
    return had


@pytest.mark.parametrize("delta", [0.0, 0.5, 2.0, 4.0])
@pytest.mark.parametrize("of", ["x", "y", "any"])
def test_value_and_error_against_the_definition(delta: float, of: str) -> None:
    time, cause = months_data(2)
    n, month = len(time), 9.0
    found = estimate(delta_sensitivity(time, cause, [month], deltas=[0.5, 2, 4]).at(month, delta, of))
    assert found.value == pytest.approx(brute(time, cause, np.ones(n), of, month, delta), abs=1e-12)
    moved = []
    for i in range(n):
        up, down = np.ones(n), np.ones(n)
        up[i], down[i] = 1 + 1e-5, 1 - 1e-5
        moved.append((brute(time, cause, up, of, month, delta) - brute(time, cause, down, of, month, delta)) / 2e-5)
    assert found.se == pytest.approx(np.sqrt(np.sum(np.square(moved))), rel=1e-5)


def test_the_bounds_are_what_the_lost_may_at_most_have_done() -> None:
    """Counting the lost as never having the event, or as having it at once, and nobody is lost any more."""
    time, cause = months_data(3)
    found, never, at_once = delta_sensitivity(time, cause, [9]), cause.copy(), cause.copy()
    lost = (cause == "") & (time < 9)
    at_once[lost] = "x"
    full = np.where(lost, 20, time)
    low = cumulative_incidence(full, never).at([9], cause="x")[0]
    high = cumulative_incidence(time, at_once).at([9], cause="x")[0]
    assert estimate(found.at(9, 0, "x")).value == pytest.approx(estimate(low).value)
    upper = estimate(found.at(9, np.inf, "x"))
    assert upper.value == pytest.approx(estimate(high).value)
    assert upper.se == pytest.approx(estimate(high).se)


def test_only_flagged_losses_matter() -> None:
    time, cause = months_data(4)
    censored = cause == ""
    none = delta_sensitivity(time, cause, [9], lost=np.zeros(len(time), dtype=bool)).table
    assert none[none["cause"] == "x"]["incidence"].nunique() == 1
    some = delta_sensitivity(time, cause, [9], lost=censored & (np.arange(len(time)) % 2 == 0))
    every = delta_sensitivity(time, cause, [9])
    assert estimate(every.at(9, 1)).value < estimate(some.at(9, 4)).value < estimate(every.at(9, 4)).value
    assert some.table["n_lost"].max() < every.table["n_lost"].max()


def test_incidence_grows_with_delta_within_the_bounds() -> None:
    time, cause = months_data(5, n=300)
    found = delta_sensitivity(time, cause, [4, 8, 12])
    for _, part in found.table.groupby(["cause", "months"]):
        assert part["assumption"].to_list() == ["never", "x 0.5", "x 1", "x 2", "x 4", "at once"]
        assert part["incidence"].is_monotonic_increasing
        assert (part["low"] <= part["incidence"]).all()
        assert (part["incidence"] <= part["high"]).all()
    assert "between" in found.checks[0].reason


def losses(rng: np.random.Generator, n: int, delta: float) -> tuple[Array, npt.NDArray[np.bool_], Array]:
    """Monthly hazard 0.04 until a loss (hazard 0.05), times delta on the scale of -log(1 - h) after it."""
    lost = rng.geometric(0.05, n).astype(float)
    time = np.minimum(rng.geometric(0.04, n), 10_000).astype(float)
    after = lost + rng.geometric(1 - 0.96**delta, n)
    truth = np.where(time <= lost, time, after)
    return np.minimum(time, lost), time <= lost, truth


@pytest.mark.parametrize("delta", [0.5, 4.0])
def test_the_right_delta_recovers_the_truth_and_its_interval_covers(delta: float) -> None:
    rng, repeats = np.random.default_rng(6), 150
    truth = float((losses(rng, 1_000_000, delta)[2] <= 18).mean())
    covered = np.zeros(2)
    for _ in range(repeats):
        time, event, _ = losses(rng, 300, delta)
        found = delta_sensitivity(time, event, [18], deltas=[delta, 1])
        for i, d in enumerate((delta, 1.0)):
            one = estimate(found.at(18, d))
            covered[i] += one.low <= truth <= one.high
    assert abs(covered[0] / repeats - 0.95) < 4 * np.sqrt(0.05 * 0.95 / repeats), covered / repeats
    assert covered[1] / repeats < 0.8  # and taking the losses for harmless does not


def test_what_cannot_be_said_or_asked() -> None:
    time, cause = months_data(7)
    found = delta_sensitivity(time, cause, [9, 30])
    refused = found.at(30, 1)
    assert isinstance(refused, NotEstimable)
    assert refused.reason == "nobody is at risk beyond 16 months"
    late = delta_sensitivity(time + 3, cause, [9], entry=np.full(len(time), 2.0)).at(9, 1)
    assert isinstance(late, NotEstimable)
    assert "before 2 months" in late.reason
    with pytest.raises(ValueError, match="no row for 'z'"):
        found.at(9, 1, "z")
    with pytest.raises(ValueError, match="flagged as lost but had an event"):
        delta_sensitivity(time, cause, [9], lost=np.ones(len(time)))
    with pytest.raises(ValueError, match="missing, infinite or negative"):
        delta_sensitivity(time, cause, [9], deltas=[-1])
    quiet: DeltaSensitivity = delta_sensitivity([5, 6], ["", ""], [4])
    assert estimate(quiet.at(4, 1)).high == pytest.approx(1 - 0.025 ** (1 / 2))


def test_equal_weights_give_the_incidence_with_its_error() -> None:
    time, cause = months_data(8)
    curve, grid = cumulative_incidence(time, cause), np.arange(1.0, 17)
    kept = np.tile(0.97**grid, (len(time), 1))
    for stabilised in (False, True):
        weights = censoring_weights(time, cause, kept, list(grid), stabilised=stabilised, truncate=None)
        found = weighted_incidence(weights, [4, 9])
        for month in (4, 9):
            one, other = estimate(found.at(month, "x")), estimate(curve.at([month], cause="x")[0])
            assert (one.value, one.se) == pytest.approx((other.value, other.se))
            assert found.table["unweighted"].to_numpy() == pytest.approx(found.table["incidence"].to_numpy())


def dependent(rng: np.random.Generator, n: int) -> tuple[Array, npt.NDArray[np.bool_], Array, Array]:
    """Half of the rows have three times the hazard and are lost four times as fast; kept is the true probability."""
    high = rng.random(n) < 0.5
    full = rng.geometric(np.where(high, 0.09, 0.03), n).astype(float)
    rate = np.where(high, 0.12, 0.03)
    lost = np.minimum(rng.geometric(rate, n), 24).astype(float)
    kept = (1 - rate[:, None]) ** np.arange(1.0, 25)
    return np.minimum(full, lost), full <= lost, kept, full


def test_weights_recover_what_dependent_losses_hide() -> None:
    rng, repeats, grid = np.random.default_rng(9), 150, list(np.arange(1.0, 25))
    truth = float(np.mean([1 - 0.91**12, 1 - 0.97**12]))
    covered = np.zeros(2)
    for _ in range(repeats):
        time, event, kept, _ = dependent(rng, 500)
        weights = censoring_weights(time, event, kept, grid, truncate=None)
        one = estimate(weighted_incidence(weights, [12]).at(12, "event"))
        naive = estimate(cumulative_incidence(time, event).at([12])[0])
        covered += [one.low <= truth <= one.high, naive.low <= truth <= naive.high]
    # The weights are taken as known, which can only make intervals wider.
    assert covered[0] / repeats > 0.95 - 4 * np.sqrt(0.05 * 0.95 / repeats), covered / repeats
    assert covered[1] / repeats < 0.9


def test_weights_stand_for_all_who_would_be_left_and_a_wrong_model_shows() -> None:
    time, event, kept, _ = dependent(np.random.default_rng(10), 4000)
    grid = list(np.arange(1.0, 25))
    right, wrong = (censoring_weights(time, event, k, grid) for k in (kept, kept**2))
    assert right.checks[0].reason == ""
    early = right.table["at_risk"] >= 400
    assert right.table.loc[early, "represented"].to_numpy() == pytest.approx(1, abs=0.1)
    assert "does not fit" in wrong.checks[0].reason
    free = censoring_weights(time, event, kept, grid, truncate=None)
    assert right.table["largest"].max() < free.table["largest"].max()
    cut = (free.weights > right.weights).sum() / right.table["at_risk"].sum()
    assert right.checks[1].statistic == pytest.approx(cut, abs=0.0005)
    assert cut > 0.001
    assert (free.table["effective"] <= free.table["at_risk"] + 1e-9).all()


def test_bad_probabilities_are_refused() -> None:
    time, cause = months_data(11)
    grid = list(np.arange(1.0, 17))
    kept = np.tile(0.97 ** np.arange(1, 17), (len(time), 1))
    for bad, message in (
        (kept[:, :3], "kept has shape"),
        (kept + 1, "outside 0 to 1"),
        (1 - kept, "rise with time"),
        (np.tile(np.r_[1.0, np.zeros(15)], (len(time), 1)), "certain to be lost"),
    ):
        with pytest.raises(ValueError, match=message):
            censoring_weights(time, cause, bad, grid)
    with pytest.raises(ValueError, match="exits are at none of the months"):
        censoring_weights(time + 0.5, cause, kept, grid)
    with pytest.raises(ValueError, match="truncate is 2"):
        censoring_weights(time, cause, kept, grid, truncate=2)
    found = weighted_incidence(censoring_weights(time, cause, kept, grid), [4, 40])
    assert isinstance(found.at(40, "x"), NotEstimable)
    with pytest.raises(ValueError, match="no estimate for 'z'"):
        found.at(4, "z")
