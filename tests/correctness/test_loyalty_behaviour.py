"""What clients did after they answered: a known law in the exhibit, silence where there is none, and refusals."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from loyalty_bank import demo
from shown import shown, title
from survey_law import made_up

from insights.data.snapshot import Bank
from insights.models.loyalty.worth import Worth
from insights.reports.exhibits.base import Exhibit
from insights.stats.results import NotEstimable
from insights.topics import loyalty
from insights.topics.evidence import Answer, NotAvailable


@pytest.fixture(scope="module")
def bank(demo_bank_small: Path) -> Bank:
    return demo(demo_bank_small)


def asked(found: Worth, bank: Bank, patch: pytest.MonkeyPatch) -> Answer | NotAvailable:
    """Return the answer as if the bank's survey were the one given."""
    patch.setattr(sys.modules["insights.topics.loyalty.behaviour"], "worth", lambda bank: found)
    return loyalty.behaviour(bank)


def rows_of(exhibit: Exhibit) -> pd.DataFrame:
    rows = pd.DataFrame(exhibit.estimates)
    rows = rows[[g["outcome"] == "left" for g in rows["group"]]]
    return rows.assign(factor=[g.get("factor", "") for g in rows["group"]])


def test_a_known_law_is_told(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    exhibit = shown(asked(made_up(1), bank, monkeypatch), bank)
    gain = rows_of(exhibit).set_index("name").loc["behaviour_gain"]
    assert gain["low"] < -0.04 < gain["high"]
    assert title(exhibit).startswith("Clients one point more loyal leave less often: by ")
    through = rows_of(exhibit).set_index(["name", "factor"])
    assert (
        through.loc[("behaviour_through", "care"), "low"] < -0.024 < through.loc[("behaviour_through", "care"), "high"]
    )


def test_without_a_link_none_is_told(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    law = made_up(2)
    rng = np.random.default_rng(2)
    from insights.models.loyalty.answers import SurveyAnswers
    from insights.models.loyalty.followed import Followed
    from insights.models.loyalty.worth import _made

    rows = law.rows.drop(columns=["left", "cluster"])
    items = {f: tuple(f"item_{f}_{j}" for j in range(3)) for f in law.factors}
    later = pd.DataFrame({"left": (rng.random(len(rows)) < 0.1).astype(float)}, index=rows.index)
    survey = SurveyAnswers(rows, rows, items, ("item_l",), {}, {}, NotEstimable(""), ("big", "small"))
    exhibit = shown(asked(_made(survey, Followed(later, {})), bank, monkeypatch), bank)
    assert title(exhibit) == "What clients say of their loyalty is not seen in who leaves"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"why_none": "no factor can be scored"}, "No factor can be scored"),
        ({"paths": {"left": NotEstimable("it is too early")}}, "Not estimable: {reason}."),
        ({"paths": {}}, "Nobody could be followed for a year"),
    ],
)
def test_what_cannot_be_told_is_said(change: dict[str, Any], said: str, bank: Bank, monkeypatch: Any) -> None:
    exhibit = shown(asked(replace(made_up(3, 400), **change), bank, monkeypatch), bank)
    assert title(exhibit) == "Whether clients do what they say cannot be told"
    assert exhibit.refusals[0].id.startswith(said)


def test_a_bank_without_leavers_lacks_the_column(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = asked(replace(made_up(3, 400), missing={"left": ("clients.left_on",)}), bank, monkeypatch)
    assert isinstance(answer, NotAvailable)
    assert answer.needs == ("clients.left_on",)
