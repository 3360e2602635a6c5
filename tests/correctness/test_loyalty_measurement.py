"""How well the survey measures, who may be compared, and how loyal clients are: on a small bank, by hand, refused."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from loyalty_bank import ITEMS, OUTCOME, SECTION, survey_bank
from shown import shown, title

from insights.data.snapshot import Bank
from insights.models.loyalty.answers import answers, latest
from insights.reports.exhibits.base import Exhibit
from insights.reports.wording import Wording
from insights.stats.reliability import cronbach_alpha
from insights.topics import loyalty
from insights.topics.evidence import Answer

Change = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    """A bank of 600 clients asked in three waves."""
    with survey_bank(tmp_path_factory.mktemp("small"), n=600, waves=3, as_of="2024-12-31") as bank:
        yield bank


def exact(answer: object) -> object:
    assert isinstance(answer, Answer)
    return answer.exact


def said(exhibit: Exhibit) -> str:
    wording = Wording("en", {}, currency="CHF")
    return " ".join(wording.text(m) for m in (exhibit.title, *exhibit.sentences, *exhibit.refusals)).replace(
        "\xa0", " "
    )


def test_reliability_is_that_of_the_last_answers(small: Bank) -> None:
    found = exact(loyalty.measurement(small))
    rows = latest(answers(small))
    told = found.factors.set_index(["factor", "measure"])
    by_hand = cronbach_alpha(rows[list(ITEMS[:3])])
    assert told.loc[("quality", "alpha"), "value"] == pytest.approx(by_hand.value)
    assert told.loc[("quality", "alpha"), "n"] == by_hand.n
    # Five-mark items with loading 0.8 have a correlation of about 0.57.
    assert told.loc[("brand", "omega"), "value"] == pytest.approx(0.80, abs=0.04)
    assert told.loc[("brand", "variance_extracted"), "value"] == pytest.approx(0.57, abs=0.06)
    assert found.pairs["value"].iloc[0] == pytest.approx(0.4, abs=0.1)


def test_what_an_item_does_is_counted(small: Bank) -> None:
    found = exact(loyalty.measurement(small))
    rows, item = latest(answers(small)), ITEMS[0]
    told = found.items[found.items["item"] == item].set_index("measure")["value"]
    assert told["floor"] == pytest.approx((rows[item] == 1).mean())
    assert told["ceiling"] == pytest.approx((rows[item] == 5).mean())
    assert told["mean"] == pytest.approx(rows[item].mean())
    assert told["missing"] == 0
    straight = (rows[list(ITEMS)].nunique(axis=1) == 1).mean()
    assert found.straight["value"].iloc[0] == pytest.approx(straight)


def test_the_exhibits_of_measurement_say_their_findings(small: Bank) -> None:
    assert "measured reliably" in title(shown(loyalty.measurement(small), small))
    exhibit = shown(loyalty.invariance(small), small)
    assert title(exhibit) == "Means of the factors may be compared between languages and waves"
    assert "segments" in said(exhibit)  # the small bank has no balances, hence no thirds of assets


def test_a_language_whose_item_was_translated_too_kindly_must_not_be_compared(tmp_path: Path) -> None:
    def kinder(rows: pd.DataFrame) -> pd.DataFrame:
        french = rows["language"] == "fr"
        item = ITEMS[0]
        rows.loc[french, item] = np.minimum(rows.loc[french, item].astype("Int64") + 1, 5)
        return rows

    bank = survey_bank(tmp_path, kinder, n=1500, waves=1)
    found = exact(loyalty.invariance(bank))
    assert found.levels["language"] in ("configural", "metric")
    assert "must not be compared between languages" in title(shown(loyalty.invariance(bank), bank))


def test_without_segments_of_the_bank_one_of_its_columns_serves(tmp_path: Path) -> None:
    own = SECTION.replace("not_applicable", 'segment = "region"\nnot_applicable')
    bank = survey_bank(tmp_path, n=900, waves=1, section=own)
    assert answers(bank).segments == ("North", "South")
    assert exact(loyalty.invariance(bank)).levels["segment"] == "scalar"
    matrix = exact(loyalty.priorities(bank))
    assert set(matrix.cells["segment"]) == {"all", "North", "South"}


def test_the_weighted_mean_is_that_of_everybody_where_the_long_standing_answer_more(tmp_path: Path) -> None:
    """Loyalty grows with the wave's clients' number, and so does answering: tenure is in the frame, and mends it."""
    rng = np.random.default_rng(8)
    truth: dict[str, float] = {}

    def change(rows: pd.DataFrame) -> pd.DataFrame:
        month = 1 + rows["client_id"] % 9  # small banks join their clients in month 1 + k % 9 of 2015
        mark = np.clip(np.rint(9 - 0.6 * month + rng.standard_normal(len(rows))), 0, 10).astype(int)
        truth["mean"] = float(mark.mean())
        told = rng.random(len(rows)) < 1 / (1 + np.exp(-(1.8 - 0.5 * month)))
        rows["answered_on"] = rows["invited_on"] + pd.Timedelta(days=5)
        rows[OUTCOME] = mark
        for item in ITEMS:
            rows[item] = rows[item].fillna(3)
        rows.loc[~told, ["answered_on"]] = pd.NaT
        for item in (*ITEMS, OUTCOME):
            rows[item] = rows[item].astype("Int64").mask(~told)
        return rows

    bank = survey_bank(tmp_path, change, n=2000, waves=1)
    found = exact(loyalty.level(bank))
    told = found.rows[found.rows["score"] == "loyalty"].set_index("what")
    assert told.loc["as_answered", "low"] > truth["mean"] + 0.3
    assert told.loc["weighted", "low"] < truth["mean"] < told.loc["weighted", "high"]
    text = said(shown(loyalty.level(bank), bank))
    assert "Those who answered are not like everybody asked" in text


def test_raking_gives_the_shares_of_the_book(tmp_path: Path) -> None:
    own = SECTION.replace("not_applicable", 'margins = ["region"]\nnot_applicable')
    bank = survey_bank(tmp_path, n=600, waves=1, section=own)
    found = exact(loyalty.level(bank))
    told = found.rows[found.rows["score"] == "loyalty"].set_index("what")
    clients = bank.table("clients").select("client_id", "region").execute().set_index("client_id")["region"]
    rows = answers(bank).answers
    by_region = rows.groupby(rows["client_id"].map(clients))
    weight = rows["weight"]
    means = by_region.apply(lambda g: np.average(g["loyalty"], weights=weight[g.index]), include_groups=False)
    expected = (means * clients.value_counts(normalize=True)).sum()
    assert told.loc["raked", "value"] == pytest.approx(expected, abs=1e-6)


def test_late_answers_are_held_against_early_ones(tmp_path: Path) -> None:
    def later_and_lower(rows: pd.DataFrame) -> pd.DataFrame:
        late = rows["client_id"] % 4 == 0
        days = np.where(late, 25, 3 + rows["client_id"] % 5)
        rows["answered_on"] = (rows["invited_on"] + pd.to_timedelta(days, unit="D")).where(rows["answered_on"].notna())
        rows.loc[late, OUTCOME] = (rows.loc[late, OUTCOME] - 2).clip(lower=0)
        return rows

    bank = survey_bank(tmp_path, later_and_lower, n=900, waves=1)
    told = exact(loyalty.level(bank)).rows.set_index("what")
    assert told.loc["late_less_early", "high"] < -1
    assert "answered late are less loyal" in said(shown(loyalty.level(bank), bank))


def three(rows: pd.DataFrame) -> pd.DataFrame:
    told = rows.index[rows["answered_on"].notna()][3:]
    rows.loc[told, "answered_on"] = pd.NaT
    for item in (*ITEMS, OUTCOME):
        rows[item] = rows[item].astype("Int64").mask(rows.index.isin(told))
    return rows


def constant(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(**{ITEMS[0]: rows[ITEMS[0]].where(rows[ITEMS[0]].isna(), 3)})


def all_the_same(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(**{i: rows[i].where(rows[i].isna(), 3) for i in (*ITEMS, OUTCOME)})


def seven(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(**{i: (rows[i] * 2 - 3).clip(1, 7) for i in ITEMS[:3]})


def nobody_brand(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(**dict.fromkeys(ITEMS[3:]))


ONE_FACTOR = SECTION.replace('brand = ["item_brand_1", "item_brand_2", "item_brand_3"]\n', "")
NO_SCALE = SECTION.replace("scale = [1, 5]\n", "")
EVERY = tuple(loyalty.__all__)


@pytest.mark.parametrize(
    ("change", "section", "reasons"),
    [
        (
            three,
            SECTION,
            {
                "level": "Too few answers: 50 are needed.",
                "importance": "Too few answers: 50 are needed.",
                "measurement": "are needed",
            },
        ),
        (
            None,
            ONE_FACTOR,
            {
                "importance": "There are fewer than two factors",
                "measurement": "One factor of three items has nothing that could be tested.",
            },
        ),
        (constant, SECTION, {}),
        (
            all_the_same,
            SECTION,
            {
                "level": "Everybody gave the same answer to item_recommend.",
                "importance": "Everybody gave the same answer to item_recommend.",
                "measurement": "Everybody gave the same answer to item_quality_1.",
            },
        ),
        (seven, SECTION, {"measurement": "Answers to item_quality_1 do not fit its stated scale, from 1 to 5."}),
        (None, NO_SCALE, {"measurement": "The scale of item_quality_1 is not stated"}),
        (
            nobody_brand,
            SECTION,
            {"importance": "There are fewer than two factors", "measurement": "Nobody answered item_brand_1."},
        ),
    ],
    ids=["three answers", "one factor", "constant item", "all the same", "wrong scale", "no scale", "missing items"],
)
def test_what_a_poor_survey_cannot_tell_is_refused_with_the_reason_and_nothing_breaks(
    tmp_path: Path, change: Change | None, section: str, reasons: dict[str, str]
) -> None:
    bank = survey_bank(tmp_path, change or (lambda rows: rows), n=300, waves=2, section=section)
    told = {name: said(shown(getattr(loyalty, name)(bank), bank)) for name in EVERY}
    for name, reason in reasons.items():
        assert reason in told[name]
    if change is constant:
        survey = answers(bank)
        assert survey.factors["quality"] == ITEMS[1:3]  # the others serve
        assert survey.refused == {ITEMS[0]: f"everybody gave the same answer to {ITEMS[0]}"}


def test_one_manager_gives_intervals_by_client(tmp_path: Path) -> None:
    bank = survey_bank(tmp_path, n=300, waves=1)
    answer = loyalty.importance(bank)
    assert isinstance(answer, Answer)
    assert answer.facts["cluster"] == "client"
