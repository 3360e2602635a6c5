"""The demo bank looks like a bank: its frequencies, and the traces that its hidden causes leave."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from insights.demo import DemoBank, Law, simulate

GATE = 4.0
"""Standard errors; the seed is fixed."""


@pytest.fixture(scope="module")
def bank() -> DemoBank:
    return simulate(Law(), clients=6_000, months=60, seed=11)


def test_exits_are_as_frequent_as_in_a_private_bank(bank: DemoBank) -> None:
    yearly = 12 * bank.person_months["reason"].value_counts() / len(bank.person_months)
    assert 0.03 < yearly["competitor"] < 0.06
    assert 0.005 < yearly["death"] < 0.02
    assert yearly[["bank", "dormancy", "relocation"]].between(0.001, 0.01).all()


def test_clients_are_as_old_as_in_a_private_bank(bank: DemoBank) -> None:
    assert bank.person_months["age"].mean() == pytest.approx(58, abs=2)
    assert bank.person_months["age"].std() == pytest.approx(11, abs=2)


def test_satisfaction_wears_out_the_dissatisfied(bank: DemoBank) -> None:
    """Left truncation: those still there when the window opens are more satisfied than those who join in it."""
    first = bank.person_months[bank.person_months["month"] == 0]
    joined = bank.tables["clients"].set_index("client_id")["joined_on"]
    attitude = bank.latent.set_index("client_id")["attitude"]
    survivors = attitude[first.loc[first["tenure_months"] > 120, "client_id"]]
    new = attitude[joined.index[joined >= bank.window_from]]
    spread = np.sqrt(survivors.var() / len(survivors) + new.var() / len(new))
    assert (survivors.mean() - new.mean()) / spread > GATE


def test_large_outflows_come_before_the_exit(bank: DemoBank) -> None:
    rows = bank.person_months
    leaving = rows["reason"] == "competitor"
    assert rows.loc[leaving, "earlier_large_outflow"].mean() > 1.5 * rows.loc[~leaving, "earlier_large_outflow"].mean()


def test_behaviour_shows_the_intention_behind_it(bank: DemoBank) -> None:
    rows = bank.person_months[bank.person_months["digital"]]
    behaviour = bank.tables["behaviour"]
    exports = behaviour[behaviour["action"] == "export"]
    months = (exports["day"].dt.to_period("M") - bank.window_from.to_period("M")).map(lambda step: step.n)
    keys = pd.MultiIndex.from_arrays([exports["client_id"], months])
    seen = pd.Series(rows["intention"].to_numpy(), pd.MultiIndex.from_frame(rows[["client_id", "month"]]))
    hits = seen.reindex(keys.intersection(seen.index)).groupby(level=[0, 1]).first().value_counts()
    at_risk = rows["intention"].value_counts()
    ratio = np.log((hits[True] / at_risk[True]) / (hits[False] / at_risk[False]))
    # Months with any export: 1 - exp(-rate), on both sides.
    law = bank.law.behaviour
    rate = law.days[law.actions.index("export")]
    lift = law.intention[law.actions.index("export")]
    expected = np.log((1 - np.exp(-rate * np.exp(lift))) / (1 - np.exp(-rate)))
    assert abs(ratio - expected) < GATE * np.sqrt((1 / hits).sum())


def test_survey_items_follow_their_factors_and_the_wealthy_answer_more(bank: DemoBank) -> None:
    surveys = bank.tables["surveys"]
    answered = surveys[surveys["answered_on"].notna()]
    latent = bank.latent.set_index("client_id").loc[answered["client_id"]]
    scores = pd.DataFrame(
        {
            factor: answered[[f"item_{name}_{j}" for j in (1, 2, 3)]].mean(axis=1).to_numpy()
            for factor, name in zip(
                [f"factor_{i}" for i in range(1, 6)],
                ["quality", "personal", "relation", "experience", "brand"],
                strict=True,
            )
        }
    )
    truth = latent[list(scores)].reset_index(drop=True)
    table = np.corrcoef(scores.T, truth.T)[:5, 5:]
    assert (np.diag(table) > 0.8).all()
    assert (table.argmax(axis=1) == np.arange(5)).all()
    wealth = bank.latent.set_index("client_id")["log_wealth_joining"]
    silent = surveys[surveys["answered_on"].isna()]
    assert wealth[answered["client_id"]].mean() > wealth[silent["client_id"]].mean() + 0.1


def test_the_two_misuses_of_access_are_there(bank: DemoBank) -> None:
    access, law = bank.tables["access"], bank.law.access
    month = access["accessed_on"].dt.to_period("M")
    curious = access[access["rm_id"] == law.curious_manager].groupby(month)["client_id"].nunique()
    assert curious.max() >= law.curious_clients
    assert curious.max() > 3 * curious.median()
    obsessed = access[access["rm_id"] == law.obsessed_manager].groupby([month, "client_id"]).size()
    assert obsessed.max() >= 0.9 * law.obsessed_times


def test_no_types_where_they_are_switched_off() -> None:
    law = Law()
    one = dataclasses.replace(law, people=dataclasses.replace(law.people, separation=0.0))
    spread = {}
    for name, each in (("types", law), ("none", one)):
        latent = simulate(each, clients=1_000, months=12, seed=2).latent
        means = latent.groupby("type")["log_wealth_joining"].mean()
        spread[name] = means.max() - means.min()
    assert spread["types"] > 1.5
    assert spread["none"] < 0.4
