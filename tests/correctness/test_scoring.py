"""Brier scores and AUC against reference software, brute force, and known truths."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from insights.stats.cox import CoxModel, cox
from insights.stats.cox.concordance import Concordance, concordance
from insights.stats.incidence import cumulative_incidence
from insights.stats.results import Estimate, NotEstimable
from insights.stats.scoring import BrierScores, brier_score
from insights.stats.scoring.auc import AucCurve, dynamic_auc
from insights.stats.survival import kaplan_meier

Array = npt.NDArray[np.float64]


def estimate(found: Estimate | NotEstimable) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


def value(found: Estimate | NotEstimable) -> float:
    return estimate(found).value


def gbsg2(shared: Path) -> tuple[pd.DataFrame, pd.DataFrame, CoxModel]:
    """Return the data, the covariates and a Cox regression (Efron), tgrade as length of its code."""
    data = pd.read_csv(shared / "data" / "reference" / "gbsg2.csv")
    covariates = data[["age", "tsize", "pnodes", "progrec", "estrec"]].assign(
        horTh=data["horTh"] == "yes", menostat=data["menostat"] == "Post", tgrade=data["tgrade"].str.len()
    )
    covariates = covariates.astype(float)
    model = cox(covariates, data["time"], data["cens"])
    assert isinstance(model, CoxModel)
    return data, covariates, model


@pytest.mark.acceptance("gbsg2_metrics", part="Brier score, null model, AUC, concordance")
def test_gbsg2(shared: Path, acceptance: dict[str, Any]) -> None:
    expected = acceptance["gbsg2_metrics"]
    data, covariates, model = gbsg2(shared)
    time, event = data["time"].to_numpy(float), data["cens"].to_numpy() == 1
    grid, score = np.arange(365.0, 1826), model.linear_predictor(covariates)
    risk = 1 - model.survival(covariates, grid)
    null = [1 - value(e) for e in kaplan_meier(time, event).at(grid)]
    brier = brier_score(time, event, risk, grid, null=null, convention="scikit-survival")
    tol = expected["tol"]
    assert value(brier.at(1825)) == pytest.approx(expected["brier_1825"], abs=tol)
    assert value(brier.integrated()) == pytest.approx(expected["integrated_brier_365_1825"], abs=tol)
    assert value(brier.integrated_null()) == pytest.approx(expected["null_integrated_brier"], abs=tol)
    skill = 1 - expected["integrated_brier_365_1825"] / expected["null_integrated_brier"]
    assert value(brier.integrated_skill()) == pytest.approx(skill, abs=2 * tol / expected["null_integrated_brier"])
    horizons = [float(h) for h in expected["auc"]]
    auc = dynamic_auc(time, event, score, horizons, convention="scikit-survival")
    assert auc.table["auc"].to_list() == pytest.approx(list(expected["auc"].values()), abs=tol)
    harrell = concordance(time, event, score)
    assert isinstance(harrell, Concordance)
    assert harrell.value == pytest.approx(expected["concordance"], abs=tol)


def months_data(seed: int, n: int = 60) -> tuple[Array, npt.NDArray[Any], Array]:
    """Months with ties, two causes and losses, and a prediction that knows something."""
    rng = np.random.default_rng(seed)
    score = rng.normal(size=n).round(1)
    hazard = 0.08 * np.exp(score)
    time = np.ceil(rng.exponential(1 / hazard))
    cause = rng.choice(["x", "y"], n, p=[0.7, 0.3])
    lost = rng.integers(2, 14, n)
    return np.minimum(time, lost), np.where(time <= lost, cause, ""), 1 / (1 + np.exp(1 - score))


def known_weights(time: Array, cause: npt.NDArray[Any], w: Array, horizon: float) -> tuple[Array, Array]:
    """Return inverse probabilities of being known at the horizon, and the events of x, for rows of any weight."""
    kept, before = {}, 1.0
    for t in sorted(set(time)):
        kept[t] = before
        lost = w[(time == t) & (cause == "")].sum()
        at_risk = w[time > t].sum() + lost
        before *= 1 - lost / at_risk if at_risk else 1.0
    times = [t for t in kept if t >= horizon]
    at_horizon = kept[min(times)] if times else before
    result = np.zeros(len(time))
    for i in range(len(time)):
        if time[i] <= horizon and cause[i] != "":
            result[i] = 1 / kept[time[i]]
        elif time[i] >= horizon:
            result[i] = 1 / at_horizon
    return result, ((time <= horizon) & (cause == "x")).astype(float)


def brute(
    time: Array, cause: npt.NDArray[Any], risk: Array, w: Array, amount: Array, horizon: float
) -> dict[str, float]:
    """Brier score, that of the null model, skill and AUC by their definitions, for rows that count w times."""
    kept, y = known_weights(time, cause, w, horizon)
    v = w * amount * kept
    score, share = (v @ (y - risk) ** 2) / v.sum(), (v @ y) / v.sum()
    null = (v @ (y - share) ** 2) / v.sum()
    found = {"brier": score, "null": null, "skill": 1 - score / null}
    for name, control in (("auc", (y == 0) & (kept > 0)), ("auc free", (time >= horizon) & (y == 0) & (cause != "y"))):
        control = control | ((time > horizon) if name == "auc free" else False)
        wins = (risk[:, None] > risk) + 0.5 * (risk[:, None] == risk)
        pairs = np.outer(v * y, v * control)
        found[name] = float((pairs * wins).sum() / pairs.sum())
    return found


def measures(time: Array, cause: npt.NDArray[Any], risk: Array, amount: Array, horizon: float) -> dict[str, Estimate]:
    brier = brier_score(time, cause, risk, [horizon], of="x", weight=amount)
    auc = dynamic_auc(time, cause, risk, [horizon], of="x", weight=amount)
    free = dynamic_auc(time, cause, risk, [horizon], of="x", weight=amount, controls="free of any event")
    found = {
        "brier": brier.at(horizon),
        "skill": brier.skill(horizon),
        "auc": auc.at(horizon),
        "auc free": free.at(horizon),
    }
    return {name: estimate(e) for name, e in found.items()}


@pytest.mark.parametrize("horizon", [5.0, 8.5])
def test_scores_and_their_errors_against_the_definition(horizon: float) -> None:
    """The error is the derivative of the whole procedure, weights included, by the weight of each row."""
    time, cause, risk = months_data(1)
    n, amount = len(time), np.random.default_rng(2).integers(1, 5, len(time)).astype(float)
    plain = brute(time, cause, risk, np.ones(n), amount, horizon)
    moved: dict[str, list[float]] = {name: [] for name in plain}
    for i in range(n):
        up, down = np.ones(n), np.ones(n)
        up[i], down[i] = 1 + 1e-5, 1 - 1e-5
        high, low = (brute(time, cause, risk, w, amount, horizon) for w in (up, down))
        for name in plain:
            moved[name].append((high[name] - low[name]) / 2e-5)
    for name, found in measures(time, cause, risk, amount, horizon).items():
        assert found.value == pytest.approx(plain[name], abs=1e-12), name
        assert found.se == pytest.approx(np.sqrt(np.sum(np.square(moved[name]))), rel=1e-5), name


def test_the_weighted_share_of_events_is_the_incidence_and_the_other_convention_is_not() -> None:
    time, cause, _ = months_data(3, n=300)
    curve = cumulative_incidence(time, cause)
    for horizon in (3.0, 6.0, 9.0):
        share = value(curve.at([horizon], cause="x")[0])
        # Telling nobody any risk scores the share itself.
        told = brier_score(time, cause, np.zeros(300), [horizon], of="x")
        assert value(told.at(horizon)) == pytest.approx(share, abs=1e-12)
        assert estimate(told.at(horizon)).se == pytest.approx(estimate(curve.at([horizon], cause="x")[0]).se, rel=1e-6)
        other = brier_score(time, cause, np.zeros(300), [horizon], of="x", convention="scikit-survival")
        assert value(other.at(horizon)) > share * 1.02
        assert told.table["null_brier"].item() == pytest.approx(share * (1 - share))


def test_the_null_model_has_no_skill_and_perfect_foresight_has_all() -> None:
    time, cause, _ = months_data(4, n=300)
    curve = cumulative_incidence(time, cause)
    null = np.array([value(e) for e in curve.at([3, 6], cause="x")])
    told = brier_score(time, cause, np.tile(null, (300, 1)), [3, 6], of="x")
    assert told.table["skill"].to_list() == pytest.approx([0, 0], abs=1e-12)
    foresight = np.column_stack([(time <= h) & (cause == "x") for h in (3, 6)]).astype(float)
    best = brier_score(time, cause, foresight, [3, 6], of="x")
    assert value(best.integrated_skill()) == 1
    assert value(best.integrated()) == 0
    assert value(dynamic_auc(time, cause, foresight, [3, 6], of="x").at(6)) == 1


def test_the_integral_is_the_trapezoid_and_carries_its_error() -> None:
    time, cause, risk = months_data(5, n=200)
    months = [2.0, 3.0, 6.0]
    scores = brier_score(time, cause, np.column_stack([risk] * 3), months, of="x")
    each = scores.table["brier"].to_numpy()
    assert value(scores.integrated()) == pytest.approx(np.trapezoid(each, months) / 4)
    se = estimate(scores.integrated()).se
    assert se is not None
    assert se < scores.table["se"].max()
    assert se > scores.table["se"].min() / 2


def simulated(
    rng: np.random.Generator, n: int, *, informative: bool = False
) -> tuple[Array, npt.NDArray[Any], Array, Array]:
    """Two predictors; the true hazard depends on both, half of the rows are lost within the year."""
    x = rng.normal(size=(n, 2))
    time = np.ceil(rng.exponential(1 / (0.05 * np.exp(x @ [0.8, 0.4]))))
    lost = np.ceil(rng.exponential(20 * (np.exp(-x[:, 0]) if informative else 1.0), n))
    return np.minimum(time, lost), time <= lost, x, time


def test_intervals_cover_what_complete_data_would_give() -> None:
    rng, repeats, n = np.random.default_rng(6), 250, 300
    _, _, x, time = simulated(rng, 400_000)
    y, score = time <= 12, x[:, 0]
    risk = 1 / (1 + np.exp(0.5 - x[:, 0]))
    rank = np.argsort(np.argsort(score))
    auc = (rank[y].sum() - y.sum() * (y.sum() - 1) / 2) / (y.sum() * (~y).sum())
    truth = {"brier": np.mean((y - risk) ** 2), "auc": auc}
    truth["skill"] = 1 - truth["brier"] / (y.mean() * (1 - y.mean()))
    covered = dict.fromkeys(truth, 0)
    for _ in range(repeats):
        t, event, z, _ = simulated(rng, n)
        told = 1 / (1 + np.exp(0.5 - z[:, 0]))
        scores, area = brier_score(t, event, told, [12]), dynamic_auc(t, event, told, [12])
        for name, found in (("brier", scores.at(12)), ("skill", scores.skill(12)), ("auc", area.at(12))):
            covered[name] += estimate(found).low <= truth[name] <= estimate(found).high
    for name, number in covered.items():
        assert abs(number / repeats - 0.95) < 4 * np.sqrt(0.95 * 0.05 / repeats), (name, number / repeats)


def test_strata_make_up_for_losses_that_depend_on_them() -> None:
    rng = np.random.default_rng(7)
    time, event, x, full = simulated(rng, 20_000, informative=True)
    high, risk = x[:, 0] > 0, 1 / (1 + np.exp(0.5 - x[:, 0]))
    slices = np.digitize(x[:, 0], [-1, -0.5, 0, 0.5, 1])
    truth = np.mean((full <= 6) & high) / np.mean(high)
    naive = brier_score(time[high], event[high], np.zeros(high.sum()), [6])
    by = brier_score(time[high], event[high], np.zeros(high.sum()), [6], strata=slices[high])
    assert value(by.at(6)) == pytest.approx(truth, abs=4 * 0.5 / np.sqrt(high.sum()))
    assert abs(value(naive.at(6)) - truth) > 2 * abs(value(by.at(6)) - truth)
    assert value(brier_score(time, event, risk, [6], strata=slices).at(6)) > 0


def test_paired_differences_are_sharper_than_the_difference_of_two_scores() -> None:
    time, event, x, _ = simulated(np.random.default_rng(8), 1500)
    one, two = (1 / (1 + np.exp(0.5 - x @ b)) for b in (np.array([0.9, 0.0]), np.array([0.8, 0.4])))
    scores = [brier_score(time, event, r, [12]) for r in (two, one)]
    areas = [dynamic_auc(time, event, r, [12]) for r in (two, one)]
    gap = estimate(scores[0].difference(scores[1], 12))
    assert gap.value == pytest.approx(value(scores[0].at(12)) - value(scores[1].at(12)))
    assert gap.high < 0
    assert gap.se is not None
    assert gap.se < 0.5 * (estimate(scores[0].at(12)).se or 0)
    ranked = estimate(areas[0].difference(areas[1], 12))
    assert ranked.low > 0
    assert ranked.value == pytest.approx(value(areas[0].at(12)) - value(areas[1].at(12)))
    assert estimate(scores[0].difference(scores[0], 12)).se == 0
    with pytest.raises(ValueError, match="other rows"):
        scores[0].difference(brier_score([1, 13], [1, 0], [0.5, 0.5], [12]), 12)


def test_clusters_widen_the_intervals() -> None:
    time, event, x, _ = simulated(np.random.default_rng(9), 200)
    risk = 1 / (1 + np.exp(0.5 - x[:, 0]))
    cluster = np.tile(np.arange(200), 4)
    fourfold = [np.tile(v, 4) for v in (time, event, risk)]
    for make in (brier_score, dynamic_auc):
        single = estimate(make(time, event, risk, [12]).at(12))  # type: ignore[operator]
        copied = estimate(make(*fourfold, [12], cluster=cluster).at(12))  # type: ignore[operator]
        assert copied.value == pytest.approx(single.value)
        assert copied.se == pytest.approx(single.se)


def test_below_the_evidence_there_is_a_reason_instead_of_a_score() -> None:
    time, event = np.repeat([3.0, 9.0], 20), np.repeat([True, False], 20)
    risk = np.linspace(0.1, 0.9, 40)
    scores = brier_score(time, event, np.column_stack([risk, risk]), [6, 12])
    assert scores.at(6)
    assert reason(scores.at(12)) == "all who were left are lost before 12 months"
    assert reason(scores.integrated()) == "all who were left are lost before 12 months"
    assert scores.table["reason"].to_list() == ["", "all who were left are lost before 12 months"]
    few = event & (np.arange(40) < 5)
    assert reason(dynamic_auc(time, few, risk, [6]).at(6)) == "5 cases by 6 months are too few; it needs 10"
    assert "rows are too few" in reason(brier_score([1, 2, 3], [1, 0, 1], [0.1, 0.2, 0.3], [2]).at(2))
    nobody = brier_score(time, np.zeros(40, dtype=bool), risk, [6])
    assert "no error to improve on" in reason(nobody.skill(6))
    clustered = brier_score(time, event, risk, [6], cluster=np.arange(40) % 7)
    assert "7 clusters are too few" in reason(clustered.at(6))


def reason(found: Estimate | NotEstimable) -> str:
    assert isinstance(found, NotEstimable)
    return found.reason


def test_losses_in_the_very_month_of_the_horizon_are_known_at_it() -> None:
    """Everybody is watched for exactly twelve months, as in a backtest."""
    rng = np.random.default_rng(10)
    time, risk = np.minimum(rng.geometric(0.05, 400), 12).astype(float), rng.random(400)
    event = (time < 12) | (rng.random(400) < 0.05)
    found = estimate(brier_score(time, event, risk, [12]).at(12))
    assert found.value == pytest.approx(np.mean((event - risk) ** 2))
    assert dynamic_auc(time, event, risk, [12]).at(12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"risk": [0.5, 1.5]}, "risks lie outside 0 to 1"),
        ({"risk": [0.5]}, r"risk has shape \(1, 1\); expected \(2, 1\)"),
        ({"risk": [0.5, np.nan]}, "1 values of risk are missing"),
        ({"horizons": [0]}, "do not ascend from above 0"),
        ({"weight": [1, -1]}, "missing, infinite or negative"),
        ({"null": [0.1, 0.2]}, "one incidence per horizon"),
        ({"cause": ["x", "y"]}, "several causes"),
        ({"cause": ["x", "y"], "of": "z"}, "no cause is called 'z'"),
        ({"convention": "R"}, "the convention is 'R'"),
        ({"cluster": [1.0, None]}, "1 values of cluster are missing"),
    ],
)
def test_bad_input_is_refused(change: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {"time": [1, 2], "cause": [1, 0], "risk": [0.2, 0.3], "horizons": [1]}
    with pytest.raises(ValueError, match=message):
        brier_score(**(good | change))


def test_unknown_horizons_and_controls_are_refused() -> None:
    time, cause, risk = months_data(11)
    scores: list[BrierScores | AucCurve] = [f(time, cause, risk, [4], of="x") for f in (brier_score, dynamic_auc)]
    for made in scores:
        with pytest.raises(ValueError, match="5 is none of the horizons"):
            made.at(5)
    with pytest.raises(ValueError, match="expected 'without the event' or 'free of any event'"):
        dynamic_auc(time, cause, risk, [4], of="x", controls="none")  # type: ignore[arg-type]
