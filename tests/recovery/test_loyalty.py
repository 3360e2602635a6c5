"""Loyalty on the demo bank's own law: importance in the true order, and silence that hides the dissatisfied bounded."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from recovery.loyalty import mean_mark

from insights.demo import Law, simulate
from insights.demo.people.clients import factor_covariance
from insights.demo.service.surveys import FACTORS, PER_FACTOR, RECOMMEND, mean_recommendation
from insights.demo.truth.record import loyalty
from insights.stats.importance import Importance, shapley_importance
from insights.stats.inputs import Floats
from insights.stats.reliability import ErrorVariance, error_variance
from insights.stats.survey import ResponseWeights, Sensitivity, response_weights

ANSWERS = 3_000
STRENGTHS = (-0.5, -0.25, 0.0, 0.25, 0.5)


def survey(law: Law, seed: int) -> tuple[dict[str, pd.DataFrame], Floats]:
    """Return the items of each factor and the recommendation of new clients, as the law has them answer."""
    rng = np.random.default_rng(seed)
    p, people = law.surveys, law.people
    behind = rng.multivariate_normal(np.zeros(len(FACTORS)), factor_covariance(people), ANSWERS)
    rest = np.sqrt(max(1 - np.asarray(people.loyalty_weights) @ factor_covariance(people) @ people.loyalty_weights, 0))
    attitude = behind @ np.asarray(people.loyalty_weights) + rest * rng.standard_normal(ANSWERS)
    noisy = p.loading * np.repeat(behind, PER_FACTOR, axis=1)
    noisy += np.sqrt(1 - p.loading**2) * rng.standard_normal(noisy.shape)
    marks = 1.0 + np.searchsorted(np.asarray(p.thresholds), noisy)
    frames = {f: pd.DataFrame(marks[:, PER_FACTOR * k : PER_FACTOR * (k + 1)]) for k, f in enumerate(FACTORS)}
    told = mean_recommendation(p, attitude, rng.standard_normal(ANSWERS)) + p.recommend_sd * rng.standard_normal(
        ANSWERS
    )
    return frames, np.clip(np.rint(told), 0, 10)


def shares(law: Law, seed: int) -> Floats:
    """Return the share of each factor in what all explain, measurement error taken out."""
    frames, outcome = survey(law, seed)
    errors = [error_variance(own) for own in frames.values()]
    assert all(isinstance(e, ErrorVariance) for e in errors)
    scores = pd.DataFrame({name: own.mean(axis=1) for name, own in frames.items()})
    contributions = np.column_stack([e.contributions for e in errors if isinstance(e, ErrorVariance)])
    found = shapley_importance(outcome, scores, errors=contributions, draws=100, seed=seed)
    assert isinstance(found, Importance)
    return found.table["share"].to_numpy(float)


def ranks_right(repetitions: int) -> tuple[float, int]:
    """Return the share of the surveys in which all pairs of factors far apart are in the true order, and their number.

    Far apart: true shares that differ by more than three standard deviations of their difference over the surveys.
    """
    law = Law()
    truth = np.array([loyalty(law.people)["lmg"][f] for f in FACTORS])
    drawn = np.array([shares(law, seed) for seed in range(repetitions)])
    right = np.ones(repetitions, dtype=bool)
    pairs = 0
    for a in range(len(FACTORS)):
        for b in range(a + 1, len(FACTORS)):
            gap = drawn[:, a] - drawn[:, b]
            if abs(truth[a] - truth[b]) > 3 * gap.std(ddof=1):
                pairs += 1
                right &= np.sign(gap) == np.sign(truth[a] - truth[b])
    return float(right.mean()), pairs


def test_importance_ranks_are_right_where_the_true_shares_are_far_apart() -> None:
    share, pairs = ranks_right(40)
    assert pairs >= 4
    assert share >= 0.95


@pytest.mark.long
def test_importance_ranks_are_right_in_many_repetitions() -> None:
    share, pairs = ranks_right(400)
    assert pairs >= 4
    assert share >= 0.95


def test_shares_are_those_of_the_law_once_error_is_taken_out() -> None:
    law = Law()
    truth = np.array([loyalty(law.people)["lmg"][f] for f in FACTORS])
    drawn = np.array([shares(law, seed) for seed in range(40)])
    error = drawn.std(axis=0, ddof=1) / np.sqrt(len(drawn))
    # Rounding to five marks and to whole points moves a share by less than a hundredth.
    assert (np.abs(drawn.mean(axis=0) - truth) < 4 * error + 0.01).all()


def silent_by_satisfaction(strength: float, seed: int) -> tuple[float, ResponseWeights, pd.DataFrame]:
    """Return true mean, weights and invitations of a bank whose satisfied clients answer more."""
    law = Law()
    law = dataclasses.replace(law, surveys=dataclasses.replace(law.surveys, answer_satisfaction=strength))
    asked = simulate(law, clients=1_500, months=36, seed=seed).survey_answers.dropna(subset=["log_wealth"])
    weights = response_weights(asked["answered"], asked[["log_wealth"]])
    assert isinstance(weights, ResponseWeights)
    return float(mean_mark(law, asked).mean()), weights, asked


@pytest.mark.parametrize("strength", [0.5, -0.5])
def test_the_range_under_silence_covers_the_truth_where_the_weighted_mean_does_not(strength: float) -> None:
    covered, missed = [], []
    for seed in (1, 2, 3):
        truth, weights, asked = silent_by_satisfaction(strength, seed)
        said = asked[RECOMMEND].to_numpy(float)
        found = weights.sensitivity(said, strengths=STRENGTHS, cluster=asked["client_id"])
        assert isinstance(found, Sensitivity)
        whole = found.interval()
        covered.append(whole.low < truth < whole.high)
        plain = weights.mean(said, cluster=asked["client_id"])
        missed.append(np.sign(plain.value - truth) == np.sign(strength) and not plain.low < truth < plain.high)
    assert all(covered)
    assert any(missed)  # or silence would hide nothing here, and the range would prove nothing
