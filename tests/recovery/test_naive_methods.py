"""Negative controls: the usual shortcuts fail on the demo bank as they must, where the right method does not.

A bank on which they did not fail would prove nothing about the methods that replace them.
"""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from recovery.exits import without_manager_effects
from recovery.leaving import columns_of_leaving
from recovery.loyalty import mean_mark

from insights.demo import DemoBank, Law, simulate
from insights.demo.service.surveys import RECOMMEND
from insights.stats import NotEstimable, cumulative_incidence, kaplan_meier
from insights.stats.hazard import discrete_hazard
from insights.stats.survey import response_weights

TEN_YEARS = 120


@pytest.fixture(scope="module")
def bank() -> DemoBank:
    """A bank in which managers differ by experience only."""
    return simulate(without_manager_effects(Law()), clients=5_000, months=60, seed=31)


@pytest.fixture(scope="module")
def tenures(bank: DemoBank) -> pd.DataFrame:
    """One row per client and spell: months of tenure before the first one observed, tenure at the end, and why."""
    return tenures_of(bank.person_months)


def tenures_of(rows: pd.DataFrame) -> pd.DataFrame:
    found = rows.groupby(["client_id", "spell"]).agg(
        first=("tenure_months", "min"), last=("tenure_months", "max"), start=("month", "min"), reason=("reason", "last")
    )
    return found.assign(entry=found["first"] - 1, reason=found["reason"].fillna(""))


def test_ignoring_late_entry_inflates_survival_over_ten_years(tenures: pd.DataFrame) -> None:
    gone = tenures["reason"] != ""
    (honest,) = kaplan_meier(tenures["last"], gone, entry=tenures["entry"]).at([TEN_YEARS])
    (naive,) = kaplan_meier(tenures["last"], gone).at([TEN_YEARS])
    assert not isinstance(honest, NotEstimable)
    assert not isinstance(naive, NotEstimable)
    assert naive.value - honest.value > 0.1
    assert naive.low > honest.high


def test_one_minus_kaplan_meier_exceeds_what_happens() -> None:
    """Those who join in the first year of a long window, all watched for nine years: a count, not an estimate."""
    people = simulate(Law(burn_in_months=12), clients=5_000, months=120, seed=32).person_months
    tenure = tenures_of(people)
    cohort = tenure[(tenure["entry"] == 0) & (tenure["start"] <= 12)]
    watched = 108
    left = (cohort["reason"] == "competitor") & (cohort["last"] <= watched)
    happened = left.mean()
    curve = cumulative_incidence(cohort["last"], cohort["reason"])
    (incidence,) = curve.at([watched], cause="competitor")
    (naive,) = curve.naive("competitor").at([watched])
    assert not isinstance(naive, NotEstimable)
    assert not isinstance(incidence, NotEstimable)
    assert incidence.value == pytest.approx(happened)
    assert naive.value > happened + 0.015


def test_ever_having_complained_turns_the_sign_of_complaints(bank: DemoBank) -> None:
    """The longer a client stays the likelier he is to have complained: known by client, it looks like protection."""
    rows = bank.person_months
    left = rows["reason"] == "competitor"
    ever = rows["client_id"].isin(bank.tables["complaints"]["client_id"])
    naive = discrete_hazard(columns_of_leaving(rows).assign(complaint_6m=ever.astype(float)), left)
    right = discrete_hazard(columns_of_leaving(rows), left)
    assert not isinstance(naive, NotEstimable)
    assert not isinstance(right, NotEstimable)
    wrong, honest = naive.coefficient("complaint_6m"), right.coefficient("complaint_6m")
    assert not isinstance(wrong, NotEstimable)
    assert not isinstance(honest, NotEstimable)
    assert wrong.high < 0
    assert honest.se is not None
    assert abs(honest.value - bank.law.leaving.complaint_6m) < 4 * honest.se


def test_unweighted_survey_means_are_off_where_the_wealthy_answer_more_and_weighted_ones_are_right(
    bank: DemoBank,
) -> None:
    """The wealthy recommend the bank more, and answer more: the mean of the answers flatters it."""
    asked = bank.survey_answers.dropna(subset=["log_wealth"])
    truth = mean_mark(bank.law, asked).mean()
    said = asked[RECOMMEND].to_numpy()
    weights = response_weights(asked["answered"], asked[["log_wealth"]])
    assert not isinstance(weights, NotEstimable)
    weighted = weights.mean(said, cluster=asked["client_id"])
    assert not isinstance(weighted, NotEstimable)
    assert weighted.se is not None
    assert weighted.low < truth < weighted.high
    plain = np.nanmean(said)
    assert plain > weighted.high
    assert (plain - truth) / weighted.se > 3
    # Most of the bias goes. A third of it is no more than one standard error of the corrected mean: that would be luck.
    assert abs(weighted.value - truth) < (plain - truth) / 2


def test_without_an_effect_of_wealth_on_the_answer_the_plain_mean_would_be_right(bank: DemoBank) -> None:
    """The control of the control: it is wealth that puts the mean off, not the way it is computed."""
    law = dataclasses.replace(bank.law, surveys=dataclasses.replace(bank.law.surveys, recommend_log_wealth=0.0))
    asked = simulate(law, clients=2_000, months=36, seed=31).survey_answers.dropna(subset=["log_wealth"])
    told = asked[asked["answered"]]
    error = (told[RECOMMEND] - mean_mark(law, told)).std() / np.sqrt(len(told))
    assert abs(told[RECOMMEND].mean() - mean_mark(law, asked).mean()) < 4 * error
