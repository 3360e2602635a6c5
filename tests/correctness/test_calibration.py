"""Calibration and capture against brute force, known truths, and complete data."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from insights.stats.calibration import calibration, capture, risk_groups
from insights.stats.calibration.slope import Link, recalibration
from insights.stats.incidence import cumulative_incidence
from insights.stats.results import Estimate, NotEstimable

Array = npt.NDArray[np.float64]


def estimate(found: Estimate | NotEstimable) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


def reason(found: Estimate | NotEstimable) -> str:
    assert isinstance(found, NotEstimable)
    return found.reason


def lives(rng: np.random.Generator, n: int) -> tuple[Array, npt.NDArray[Any], Array, Array]:
    """Months, cause (x, y or lost), the true risk of x by month 12, and whether x happened by then if all is seen."""
    z = rng.normal(-3.2, 0.9, n)
    hazard, other = np.exp(z), 0.01
    both = hazard + other
    full = rng.exponential(1 / both)
    cause = np.where(rng.random(n) < hazard / both, "x", "y")
    risk = hazard / both * (1 - np.exp(-12 * both))
    lost = rng.uniform(2, 40, n)
    return np.minimum(full, lost), np.where(full <= lost, cause, ""), risk, (full <= 12) & (cause == "x")


def test_each_group_shows_its_own_incidence_and_mean_prediction() -> None:
    time, cause, risk, _ = lives(np.random.default_rng(1), 2000)
    table = calibration(time, cause, risk, 12, of="x").table
    order = np.array_split(np.argsort(risk), 10)
    assert table["n"].to_list() == [200] * 10
    for rows, line in zip(order, table.to_dict("records"), strict=True):
        observed = estimate(cumulative_incidence(time[rows], cause[rows]).at([12], cause="x")[0])
        assert (line["observed"], line["low"], line["high"]) == (observed.value, observed.low, observed.high)
        assert line["expected"] == pytest.approx(risk[rows].mean())
        assert line["ratio"] == pytest.approx(observed.value / risk[rows].mean())
        assert line["ratio_low"] < line["ratio"] < line["ratio_high"]


def test_equal_risks_share_a_group() -> None:
    risk = np.repeat([0.1, 0.2, 0.2, 0.5], 25)
    assert risk_groups(risk, 4).tolist() == [1] * 25 + [3] * 50 + [4] * 25
    assert set(risk_groups(np.full(50, 0.3), 10)) == {6}


def test_true_risks_pass_and_doubled_ones_fail() -> None:
    time, cause, risk, _ = lives(np.random.default_rng(2), 4000)
    right, wrong = (calibration(time, cause, r, 12, of="x") for r in (risk, np.minimum(2 * risk, 1)))
    assert estimate(right.overall).low < 1 < estimate(right.overall).high
    assert estimate(wrong.overall).high < 0.7
    assert wrong.checks[0].p_value is not None
    assert wrong.checks[0].p_value < 1e-6
    assert right.checks[0].df == 10


def test_the_test_of_all_groups_keeps_its_level() -> None:
    rng, repeats, rejected = np.random.default_rng(3), 150, 0
    for _ in range(repeats):
        time, cause, risk, _ = lives(rng, 1200)
        p = calibration(time, cause, risk, 12, of="x").checks[0].p_value
        assert p is not None
        rejected += p < 0.05
    assert abs(rejected / repeats - 0.05) < 4 * np.sqrt(0.05 * 0.95 / repeats), rejected / repeats


def test_weights_ask_for_the_share_of_the_amounts() -> None:
    rng = np.random.default_rng(4)
    time, cause, risk, happened = lives(rng, 40_000)
    amount = np.exp(rng.normal(size=40_000)) * np.where(risk > 0.4, 3, 1)
    found = calibration(time, cause, risk, 12, of="x", weight=amount)
    overall, truth = estimate(found.overall), amount @ happened / (amount @ risk)
    assert overall.low < truth < overall.high
    assert overall.value != pytest.approx(estimate(calibration(time, cause, risk, 12, of="x").overall).value)
    line = found.table.iloc[-1]
    top = risk_groups(risk, 10) == 10
    assert line["expected"] == pytest.approx(np.average(risk[top], weights=amount[top]))
    assert line["low"] < np.average(happened[top], weights=amount[top]) < line["high"]


def test_one_cluster_per_row_changes_no_share_and_hardly_an_error() -> None:
    time, cause, risk, _ = lives(np.random.default_rng(5), 2000)
    plain = calibration(time, cause, risk, 12, of="x").table
    clustered = calibration(time, cause, risk, 12, of="x", cluster=np.arange(2000)).table
    for column in ("observed", "expected", "se", "ratio"):
        assert clustered[column].to_numpy() == pytest.approx(plain[column].to_numpy(), rel=1e-6), column


def test_groups_without_events_are_shown_with_what_is_possible() -> None:
    time, cause = np.full(100, 15.0), np.full(100, "", dtype=object)
    cause[95:], time[95:] = "x", 3.0
    risk = np.linspace(0.01, 0.3, 100)
    table = calibration(time, cause, risk, 12).table
    assert table.loc[0, "observed"] == 0
    assert table.loc[0, "high"] == pytest.approx(1 - 0.025 ** (1 / 10))
    weighted = calibration(time, cause, risk, 12, weight=np.arange(100)).table
    assert weighted.loc[0, "reason"] == "there is no event"
    assert "too few" in calibration(time, cause, risk, 12).checks[0].reason
    beyond = calibration(time, cause, risk, 20)
    assert "nobody is at risk beyond 15 months" in reason(beyond.overall)
    assert beyond.table["observed"].isna().all()


def recalibrated(time: Array, cause: Any, risk: Array, w: Array, amount: Array, link: Link) -> tuple[Array, float]:
    """Slope model and intercept model by bare Newton steps with numerical derivatives, for rows that count w times."""
    kept, before = {}, 1.0
    for t in sorted(set(time)):
        kept[t] = before
        lost = w[(time == t) & (cause == "")].sum()
        at_risk = w[time > t].sum() + lost
        before *= 1 - lost / at_risk if at_risk else 1.0
    beyond = kept[min(t for t in kept if t >= 12)]
    v = np.array(
        [0.0 if t < 12 and c == "" else 1 / (beyond if t >= 12 else kept[t]) for t, c in zip(time, cause, strict=True)]
    )
    y, x = (time <= 12) & (cause == "x"), np.log(risk / (1 - risk)) if link == "logit" else np.log(-np.log(1 - risk))

    def loss(b: Array) -> float:
        eta = b[0] + b[1] * x
        p = 1 / (1 + np.exp(-eta)) if link == "logit" else 1 - np.exp(-np.exp(eta))
        return -float((w * amount * v) @ np.log(np.where(y, p, 1 - p).clip(1e-300)))

    from scipy.optimize import minimize

    both = minimize(loss, [0.0, 1.0], method="BFGS", options={"gtol": 1e-9}).x
    one = minimize(lambda a: loss(np.array([a[0], 1.0])), [0.0], method="BFGS", options={"gtol": 1e-9}).x
    return both, float(one[0])


@pytest.mark.parametrize("link", ["logit", "cloglog"])
def test_slope_and_intercept_and_their_errors_against_the_definition(link: Link) -> None:
    rng = np.random.default_rng(6)
    time, cause, risk, _ = lives(rng, 220)
    time = np.ceil(time)
    amount = rng.integers(1, 4, 220).astype(float)
    found = recalibration(time, cause, risk, 12, of="x", link=link, weight=amount)
    both, one = recalibrated(time, cause, risk, np.ones(220), amount, link)
    slope, intercept = estimate(found.slope), estimate(found.intercept)
    assert slope.value == pytest.approx(both[1], abs=1e-5)
    assert intercept.value == pytest.approx(one, abs=1e-5)
    moved = []
    for i in range(0, 220, 11):
        up, down = np.ones(220), np.ones(220)
        up[i], down[i] = 1.05, 0.95
        high, low = (recalibrated(time, cause, risk, w, amount, link) for w in (up, down))
        moved.append([(high[0][1] - low[0][1]) / 0.1, (high[1] - low[1]) / 0.1])
    part = influences(time, cause, risk, amount, link)[:, ::11]
    assert part[0] == pytest.approx(np.array(moved)[:, 0], abs=2e-4)
    assert part[1] == pytest.approx(np.array(moved)[:, 1], abs=2e-4)


def influences(time: Array, cause: Any, risk: Array, amount: Array, link: Link) -> Array:
    """Return what each row moves slope and intercept, seen through the error when only that row has company."""
    from insights.stats.calibration.slope import _fit, _linked
    from insights.stats.scoring.weights import AtHorizon, follow

    known, x, n = follow(time, cause, "x").at(12.0), _linked(risk, link), len(time)
    assert isinstance(known, AtHorizon)
    both = _fit(known, np.column_stack([np.ones(n), x]), np.zeros(n), amount, link)
    one = _fit(known, np.ones((n, 1)), x, amount, link)
    assert not isinstance(both, str)
    assert not isinstance(one, str)
    return np.stack([both[1].influence, one[0].influence])


def test_what_was_done_to_the_risks_is_found() -> None:
    time, cause, risk, _ = lives(np.random.default_rng(7), 30_000)
    logit = np.log(risk / (1 - risk))
    plain = recalibration(time, cause, risk, 12, of="x")
    extreme = recalibration(time, cause, 1 / (1 + np.exp(-2 * logit - 2)), 12, of="x")
    assert estimate(plain.slope).low < 1 < estimate(plain.slope).high
    assert estimate(plain.intercept).low < 0 < estimate(plain.intercept).high
    assert estimate(extreme.slope).value == pytest.approx(estimate(plain.slope).value / 2)
    assert extreme.checks[0].p_value is not None
    assert extreme.checks[0].p_value < 1e-10
    low = recalibration(time, cause, -np.expm1(0.5 * np.log1p(-risk)), 12, of="x", link="cloglog")
    assert estimate(low.intercept).value == pytest.approx(np.log(2), abs=0.06)


def test_slopes_cover_and_the_joint_test_keeps_its_level() -> None:
    rng, repeats = np.random.default_rng(8), 300
    covered, rejected = np.zeros(2), 0
    for _ in range(repeats):
        time, cause, risk, _ = lives(rng, 700)
        found = recalibration(time, cause, risk, 12, of="x")
        for i, (part, truth) in enumerate(((found.slope, 1.0), (found.intercept, 0.0))):
            covered[i] += estimate(part).low <= truth <= estimate(part).high
        p = found.checks[0].p_value
        assert p is not None
        rejected += p < 0.05
    room = 4 * np.sqrt(0.05 * 0.95 / repeats)
    assert (np.abs(covered / repeats - 0.95) < room).all(), covered / repeats
    assert abs(rejected / repeats - 0.05) < room, rejected / repeats


def test_recalibration_below_the_evidence_says_so() -> None:
    time, cause, risk, _ = lives(np.random.default_rng(9), 400)
    assert "with the event by 1 months are too few; it needs 50" in reason(
        recalibration(time, cause, risk, 1, of="x").slope
    )
    edge = np.where(np.arange(400) < 3, 0.0, risk)
    assert reason(recalibration(time, cause, edge, 12, of="x").slope).startswith("3 risks are 0 or 1")
    flat = recalibration(time, cause, np.full(400, 0.3), 12, of="x")
    assert reason(flat.slope) == "all risks are alike: there is no slope"
    assert estimate(flat.intercept).value
    assert "all who were left are lost" in reason(recalibration(time, cause, risk, 60, of="x").slope)
    assert "6 clusters are too few" in reason(
        recalibration(time, cause, risk, 12, of="x", cluster=np.arange(400) % 6).slope
    )
    with pytest.raises(ValueError, match="expected 'logit' or 'cloglog'"):
        recalibration(time, cause, risk, 12, of="x", link="probit")  # type: ignore[arg-type]


def test_a_score_that_separates_all_has_no_slope() -> None:
    event = np.arange(200) < 100
    time, rng = np.where(event, 5.0, 20.0), np.random.default_rng(10)
    risk = np.where(event, 0.6, 0.4) + rng.uniform(-0.05, 0.05, 200)
    assert "separate" in reason(recalibration(time, event, risk, 12).slope)


def test_capture_counts_the_events_in_the_top_share() -> None:
    rng = np.random.default_rng(11)
    risk = rng.permutation(1000) / 1000
    event = rng.random(1000) < risk**2
    found = estimate(capture(np.where(event, 3, 20), event, risk, 12))
    top = risk >= 0.9
    assert found.value == pytest.approx(event[top].sum() / event.sum())
    amount = rng.integers(1, 9, 1000).astype(float)
    weighted = estimate(capture(np.where(event, 3, 20), event, risk, 12, weight=amount))
    assert weighted.value == pytest.approx(amount[top & event].sum() / amount[event].sum())
    tied = np.where(risk >= 0.8, 0.8, risk)  # half of the tied fifth is in the top tenth
    half = estimate(capture(np.where(event, 3, 20), event, tied, 12))
    assert half.value == pytest.approx(0.5 * event[risk >= 0.8].sum() / event.sum())


def test_capture_without_skill_is_the_share_itself() -> None:
    time, cause, _, _ = lives(np.random.default_rng(12), 5000)
    found = estimate(capture(time, cause, np.full(5000, 0.2), 12, of="x"))
    assert found.value == pytest.approx(0.1)
    noise = estimate(capture(time, cause, np.random.default_rng(13).random(5000), 12, of="x", share=0.2))
    assert noise.se is not None
    assert abs(noise.value - 0.2) < 4 * noise.se < 0.04


def test_capture_intervals_cover_under_losses() -> None:
    rng, repeats = np.random.default_rng(14), 400
    _, _, risk, happened = lives(rng, 500_000)
    truth = happened[risk >= np.quantile(risk, 0.9)].sum() / happened.sum()
    covered, found = 0, []
    for _ in range(repeats):
        time, cause, told, _ = lives(rng, 800)
        one = estimate(capture(time, cause, told, 12, of="x"))
        covered += one.low <= truth <= one.high
        found.append((one.value, one.se or 0.0))
    value, se = np.array(found).T
    assert abs(covered / repeats - 0.95) < 4 * np.sqrt(0.05 * 0.95 / repeats), covered / repeats
    assert se.mean() == pytest.approx(value.std(), rel=0.15)  # four standard errors of a deviation of 400


def test_capture_below_the_evidence_says_so_and_refuses_nonsense() -> None:
    time, cause, risk, _ = lives(np.random.default_rng(15), 100)
    assert "events by 0.5 months are too few" in reason(capture(time, cause, risk, 0.5, of="x"))
    assert "all who were left are lost" in reason(capture(time, cause, risk, 60, of="x"))
    with pytest.raises(ValueError, match="expected a number between 0 and 1"):
        capture(time, cause, risk, 12, of="x", share=10)
    with pytest.raises(ValueError, match="risks lie outside 0 to 1"):
        calibration(time, cause, risk + 1, 12, of="x")
    with pytest.raises(ValueError, match="there are 1 groups"):
        calibration(time, cause, risk, 12, of="x", groups=1)
