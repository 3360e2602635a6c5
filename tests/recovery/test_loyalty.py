"""Loyalty on the demo bank's own law: means, importance in the true order, and silence that hides the dissatisfied."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from recovery.answers import (
    ASKED,
    IMPORTANCE,
    STRENGTHS,
    Ranks,
    answering_by_satisfaction,
    draw_asked,
    importance,
    mean_plain,
    mean_range,
    mean_weighted,
    order_page,
    ranks,
)
from recovery.harness import LONG, SHORT, Study, run
from recovery.loyalty import mean_mark
from recovery.validation import FOLDER, check, validate

from insights.data.store import write_atomic
from insights.demo import Law, simulate
from insights.demo.service.surveys import RECOMMEND
from insights.stats.results import Estimate
from insights.stats.survey import ResponseWeights, Sensitivity, response_weights

SURVEYS = Study(
    "surveys",
    f"One wave among {ASKED:,} new clients of the default law, of whom the wealthy answer more. Shares are those of "
    "what the five factors explain of the recommendation.",
    lambda seed: draw_asked(Law(), seed),
    {"mean, weighted for who answered": mean_weighted, IMPORTANCE: importance},
    naive={"mean of the answers as they are": mean_plain},
)


def silent(name: str, strength: float, who: str) -> Study:
    """Return the study of a law under which answering depends on satisfaction too."""
    return Study(
        name,
        f"The same where {who} answer more: {strength:+g} log odds of answering per standard deviation of "
        "satisfaction.",
        lambda seed: draw_asked(answering_by_satisfaction(strength), seed),
        {},
        ranges={"range of the mean, up to half a log odds": mean_range},
        naive={"mean, weighted by wealth alone": mean_weighted},
    )


SILENT = [
    silent("silent-dissatisfied", 0.5, "the satisfied"),
    silent("silent-satisfied", -0.5, "the dissatisfied"),
]


def ranked(repetitions: int) -> Ranks:
    """Run the surveys, leave their tables, and return how the importances were ordered."""
    runs = run(SURVEYS, repetitions)
    found = ranks(runs)
    page = order_page(found, repetitions)
    write_atomic(FOLDER / f"importance-order-{repetitions}.md", page.encode(), mode=0o644)
    check(SURVEYS, runs)
    return found


def test_means_and_importance_are_recovered_and_ranks_are_right_where_true_shares_are_far_apart() -> None:
    found = ranked(SHORT)
    assert found.pairs["far_apart"].sum() >= 4
    assert found.right >= 0.95


@pytest.mark.long
def test_means_and_importance_are_recovered_and_ranks_right_in_400_repetitions() -> None:
    found = ranked(LONG)
    assert found.pairs["far_apart"].sum() >= 4
    assert found.right >= 0.95


@pytest.mark.parametrize("study", SILENT, ids=lambda study: study.name)
def test_the_range_under_silence_covers_where_the_weighted_mean_does_not(study: Study) -> None:
    validate(study, SHORT)


@pytest.mark.long
@pytest.mark.parametrize("study", SILENT, ids=lambda study: study.name)
def test_the_range_under_silence_covers_in_400_repetitions(study: Study) -> None:
    validate(study, LONG)


def silent_by_satisfaction(strength: float, seed: int) -> tuple[float, ResponseWeights, pd.DataFrame]:
    """Return true mean, weights and invitations of a bank whose satisfied clients answer more."""
    law = Law()
    law = dataclasses.replace(law, surveys=dataclasses.replace(law.surveys, answer_satisfaction=strength))
    asked = simulate(law, clients=1_500, months=36, seed=seed).survey_answers.dropna(subset=["log_wealth"])
    weights = response_weights(asked["answered"], asked[["log_wealth"]])
    assert isinstance(weights, ResponseWeights)
    return float(mean_mark(law, asked).mean()), weights, asked


@pytest.mark.parametrize("strength", [0.5, -0.5])
def test_the_range_covers_in_a_whole_bank_too_where_clients_are_asked_again_and_again(strength: float) -> None:
    truth, weights, asked = silent_by_satisfaction(strength, seed=1)
    said = asked[RECOMMEND].to_numpy(float)
    found = weights.sensitivity(said, strengths=STRENGTHS, cluster=asked["client_id"])
    assert isinstance(found, Sensitivity)
    whole = found.interval()
    assert whole.low < truth < whole.high
    # Silence hides something here, or the range would prove nothing.
    plain = weights.mean(said, cluster=asked["client_id"])
    assert isinstance(plain, Estimate)
    assert np.sign(plain.value - truth) == np.sign(strength)
    assert not plain.low < truth < plain.high
