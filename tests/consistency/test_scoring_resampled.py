"""Scores from sums by cluster agree with the scores made row by row, and their intervals with the jackknife's."""

import numpy as np
import pytest

from insights.stats.calibration import calibration, capture
from insights.stats.calibration.slope import recalibration
from insights.stats.results import Estimate, NotEstimable
from insights.stats.scoring import brier_score
from insights.stats.scoring.auc import dynamic_auc
from insights.stats.scoring.resampled import ResampledScores, resampled_scores


def _sample(n: int = 4000, *, censored: float = 0.0) -> dict[str, np.ndarray]:
    """Monthly hazards that differ between rows and clusters; the risks know the rows' part only."""
    rng = np.random.default_rng(5)
    cluster = rng.integers(0, 200, n)
    log = -3.6 + 0.8 * rng.standard_normal(n)
    hazard = np.exp(log + 0.4 * rng.standard_normal(200)[cluster])
    time = np.ceil(rng.exponential(1 / hazard))
    lost = np.ceil(rng.exponential(1 / censored, n)) if censored else np.full(n, 40.0)
    cause = np.where(time <= lost, "left", "")
    return {
        "time": np.minimum(time, lost),
        "cause": cause,
        "risk": -np.expm1(-12 * np.exp(log)),
        "cluster": cluster,
        "amount": rng.exponential(1.0, n),
    }


def _told(result: ResampledScores | NotEstimable) -> ResampledScores:
    assert isinstance(result, ResampledScores)
    return result


@pytest.mark.parametrize("censored", [0.0, 0.03])
@pytest.mark.parametrize("weighted", [False, True])
def test_values_and_errors_are_those_of_the_scores_made_row_by_row(censored: float, weighted: bool) -> None:
    s = _sample(censored=censored)
    amount = s["amount"] if weighted else None
    rows = (s["time"], s["cause"], s["risk"])
    own = {"weight": amount, "cluster": s["cluster"]}
    found = _told(resampled_scores(*rows, 12, cluster=s["cluster"], null=0.3, amount=amount))
    brier = brier_score(*rows, [12], null=[0.3], **own)
    expected = {
        "brier": brier.at(12),
        "skill": brier.skill(12),
        "auc": dynamic_auc(*rows, [12], **own).at(12),
        "slope": recalibration(*rows, 12, **own).slope,
        "ratio": calibration(*rows, 12, **own).overall,
    }
    if not weighted:  # The threshold of capture is by rows, whatever they count.
        expected["capture"] = capture(*rows, 12, cluster=s["cluster"])
    for score, reference in expected.items():
        mine = found.at(score)
        assert isinstance(mine, Estimate)
        assert isinstance(reference, Estimate)
        assert mine.value == pytest.approx(reference.value, rel=5e-3), score
        assert mine.se == pytest.approx(reference.se, rel=0.2), score
        assert mine.low < reference.value < mine.high, score


def test_tenths_are_those_of_the_calibration_table() -> None:
    s = _sample()
    found = _told(resampled_scores(s["time"], s["cause"], s["risk"], 12, cluster=s["cluster"], null=0.3)).table
    table = calibration(s["time"], s["cause"], s["risk"], 12, cluster=s["cluster"]).table
    for score in ("observed", "expected", "ratio"):
        mine = found[(found["score"] == score) & (found["group"] > 0)]
        np.testing.assert_allclose(mine["value"].astype(float), table[score].astype(float), rtol=1e-9)
    top = table.iloc[-1]
    lift = found[found["score"] == "lift"]["value"].iloc[0]
    assert lift == pytest.approx(top["observed"] / (s["time"] <= 12).mean())


def test_difference_of_two_predictions_is_paired() -> None:
    s = _sample()
    rng = np.random.default_rng(1)
    worse = np.clip(s["risk"] * np.exp(0.5 * rng.standard_normal(len(s["risk"]))), 0.001, 0.999)
    good, bad = (
        _told(resampled_scores(s["time"], s["cause"], r, 12, cluster=s["cluster"], null=0.3))
        for r in (s["risk"], worse)
    )
    gap = good.less(bad, "brier")
    alone = [x.at("brier") for x in (good, bad)]
    assert isinstance(gap, Estimate)
    assert gap.high < 0
    assert gap.se is not None
    assert gap.se**2 < 0.5 * sum(x.se**2 for x in alone if isinstance(x, Estimate) and x.se)
    reference = brier_score(s["time"], s["cause"], s["risk"], [12], cluster=s["cluster"]).difference(
        brier_score(s["time"], s["cause"], worse, [12], cluster=s["cluster"]), 12
    )
    assert isinstance(reference, Estimate)
    assert gap.value == pytest.approx(reference.value)
    assert gap.se == pytest.approx(reference.se, rel=0.2)


def test_pairs_are_made_within_strata() -> None:
    """A stratum with higher risks for everybody, and more events, does not help the AUC."""
    s = _sample()
    half = np.arange(len(s["risk"])) % 2
    shifted = np.where(half == 1, s["risk"], 0.5 * s["risk"])
    found = resampled_scores(s["time"], s["cause"], shifted, 12, cluster=s["cluster"], null=0.3, within=half)
    apart = [
        dynamic_auc(s["time"][half == k], s["cause"][half == k], s["risk"][half == k], [12]).at(12) for k in (0, 1)
    ]
    mine = _told(found).at("auc")
    assert isinstance(mine, Estimate)
    assert mine.value == pytest.approx(np.mean([a.value for a in apart if isinstance(a, Estimate)]), abs=2e-3)


def test_too_little_evidence_is_refused_with_the_reason() -> None:
    time, cluster = np.where(np.arange(60) < 5, 3.0, 20.0), np.arange(60)
    cause, risk = np.where(time < 5, "left", ""), np.random.default_rng(2).uniform(0.01, 0.5, 60)
    few = _told(resampled_scores(time, cause, risk, 12, cluster=cluster, null=0.1))
    for score in ("auc", "slope", "capture", "lift"):
        told = few.at(score)
        assert isinstance(told, NotEstimable)
        assert "too few" in told.reason
    assert isinstance(few.at("brier"), Estimate)
    s = _sample(400)
    alike = _told(resampled_scores(s["time"], s["cause"], np.full(400, 0.3), 12, cluster=np.arange(400), null=0.3))
    told = alike.at("lift")
    assert isinstance(told, NotEstimable)
    assert "equal" in told.reason
    clusters = _told(resampled_scores(s["time"], s["cause"], s["risk"], 12, cluster=np.arange(400) % 8, null=0.3))
    told = clusters.at("auc")
    assert isinstance(told, NotEstimable)
    assert "8 clusters are too few" in told.reason
    lost = resampled_scores(np.full(40, 2.0), np.full(40, ""), risk[:40], 12, cluster=cluster[:40], null=0.1)
    assert isinstance(lost, NotEstimable)
    with pytest.raises(ValueError, match="probabilities"):
        resampled_scores(time, cause, risk + 1, 12, cluster=cluster, null=0.1)
