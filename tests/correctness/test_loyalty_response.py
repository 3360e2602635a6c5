"""Who answered: the rows behind it counted by hand, weights on the demo bank, and what is refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from loyalty_bank import ITEMS, OUTCOME, SECTION, demo, survey_bank
from shown import shown, title

from insights.data.snapshot import Bank, open_bank
from insights.models.loyalty.answers import answers, missing_for_answers
from insights.stats.results import NotEstimable
from insights.stats.survey import ResponseWeights
from insights.topics import loyalty
from insights.topics.evidence import Answer, NotAvailable


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """A survey of two waves with nothing special about it."""
    return survey_bank(tmp_path_factory.mktemp("plain"))


def test_a_row_per_invitation_and_scores_that_are_the_means_of_answered_items(tmp_path: Path) -> None:
    def change(rows: pd.DataFrame) -> pd.DataFrame:
        rows.loc[0, ["answered_on", *ITEMS, OUTCOME]] = ["2021-03-20", 5, 4, 0, 2, 0, 0, 9]
        rows.loc[1, ["answered_on", *ITEMS, OUTCOME]] = [None, *[None] * 7]
        return rows

    survey = answers(survey_bank(tmp_path, change))
    (first,) = (row for _, row in survey.answers.iterrows() if np.isnan(row["brand"]))
    # A 0 does not apply: quality is the mean of two of three items, brand has one of three and no score.
    assert first["quality"] == 4.5
    assert first["loyalty"] == 9
    assert first["delay_days"] == 5
    assert first["wave_number"] == 0
    assert len(survey.invitations) == 800
    assert survey.invitations["answered"].sum() == len(survey.answers)
    told = survey.invitations.groupby("wave")["client_id"].nunique()
    assert told.to_dict() == {"1": 400, "2": 400}


def test_invitations_that_may_still_be_answered_are_left_out(plain: Bank) -> None:
    survey = answers(open_bank(plain.settings.path, as_of="2022-04-01"))
    assert set(survey.invitations["wave"]) == {"1"}


def test_an_answer_is_not_known_before_it_was_given(tmp_path: Path) -> None:
    survey = answers(survey_bank(tmp_path, lambda r: r.assign(answered_on="2023-06-01"), as_of="2022-12-31"))
    assert not len(survey.answers)


def test_reversed_items_and_own_scales_come_from_the_settings(plain: Bank, tmp_path: Path) -> None:
    def change(rows: pd.DataFrame) -> pd.DataFrame:
        rows["item_quality_2"] = 6 - rows["item_quality_2"]
        rows["item_quality_3"] = 25 * (rows["item_quality_3"] - 1)
        return rows

    own = SECTION.replace(
        "not_applicable", 'reversed = ["item_quality_2"]\nscales = {item_quality_3 = [0, 100]}\nnot_applicable'
    )
    other = answers(survey_bank(tmp_path, change, section=own))
    pd.testing.assert_series_equal(answers(plain).answers["quality"], other.answers["quality"])


def test_the_weighted_answers_look_like_everybody_asked(demo_bank_small: Path) -> None:
    survey = answers(demo(demo_bank_small))
    assert isinstance(survey.weights, ResponseWeights)
    assert survey.weights.table["difference_weighted"].abs().max() < 1e-8
    assert survey.weights.table.set_index("variable")["difference"]["log2_assets"] > 0.1
    assert survey.answers["weight"].mean() == pytest.approx(1)


def test_the_exhibit_says_who_answers_more_often(demo_bank_small: Path) -> None:
    bank = demo(demo_bank_small)
    answer = loyalty.response(bank)
    assert isinstance(answer, Answer)
    exhibit = shown(answer, bank)
    exact = answers(bank).invitations["answered"].mean()
    told = answer.exact.waves
    assert told["answered"].sum() / told["invited"].sum() == pytest.approx(exact)
    waves = [e for e in exhibit.estimates if "wave" in e["group"]]
    # The title follows from the counts that are shown, each a multiple of five.
    rate = sum(e["n_events"] for e in waves) / sum(e["n"] for e in waves)
    assert f"{rate:.0%} of those asked answered, the wealthier more often" in title(exhibit)
    assert rate == pytest.approx(exact, abs=0.02)
    shown_groups = [e for e in exhibit.estimates if "log2_assets" in e["group"]]
    assert len(shown_groups) == 3
    assert all(e["n"] % 5 == 0 for e in shown_groups)


def test_everybody_answered_is_said_and_nothing_is_weighted(tmp_path: Path) -> None:
    bank = survey_bank(tmp_path, lambda rows: rows.dropna(subset=["answered_on"]), waves=1)
    survey = answers(bank)
    assert isinstance(survey.weights, NotEstimable)
    assert (survey.answers["weight"] == 1).all()
    assert title(shown(loyalty.response(bank), bank)).startswith("Everybody who was asked answered")


def test_nobody_answered_is_refused(tmp_path: Path) -> None:
    bank = survey_bank(tmp_path, lambda rows: rows.assign(**dict.fromkeys([*ITEMS, OUTCOME])))
    exhibit = shown(loyalty.response(bank), bank)
    assert title(exhibit) == "Who answered cannot be told"


def test_a_bank_without_a_survey_or_its_settings_is_told_what_is_needed(tmp_path: Path) -> None:
    bank = survey_bank(tmp_path, section="")
    assert missing_for_answers(bank) == ("[loyalty.factors]", "[loyalty] outcome")
    assert isinstance(loyalty.response(bank), NotAvailable)
