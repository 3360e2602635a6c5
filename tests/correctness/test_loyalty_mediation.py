"""From satisfaction by way of loyalty to staying: a known law, none, marks by hand, refusals."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from loyalty_bank import demo
from shown import shown, title
from small_bank import write_bank
from survey_law import made_up

from insights.data.snapshot import Bank, open_bank
from insights.models.loyalty.chain import Chain, marks_before, paths
from insights.models.loyalty.worth import Worth
from insights.reports.exhibits.base import Exhibit
from insights.stats.mediation import INDIRECT, Mediation
from insights.stats.results import Estimate, NotEstimable
from insights.topics import loyalty
from insights.topics.evidence import NotAvailable

CLIENTS = "client_id,joined_on,left_on,leave_reason,birth_year\n1,2015-01-01,,,1960\n2,2015-01-01,,,1961\n"
CONTACTS = """client_id,contacted_on,channel,satisfaction
1,2021-12-31,phone,1
1,2022-01-01,phone,2
1,2022-12-31,phone,5
1,2023-01-01,phone,1
2,2022-06-01,phone,
"""


@pytest.fixture(scope="module")
def bank(demo_bank_small: Path) -> Bank:
    return demo(demo_bank_small)


def law(through: float, seed: int = 5) -> Chain:
    """Return the chain where a mark of satisfaction adds 0.8 to loyalty, and loyalty takes ``through`` from leaving."""
    told = made_up(seed, 6000)
    rng = np.random.default_rng(seed)
    marks = pd.Series(rng.normal(size=len(told.rows)), index=told.rows.index)
    rows = told.rows.assign(loyalty=0.8 * marks + 0.5 * rng.normal(size=len(marks)))
    rows["left"] = (rng.random(len(rows)) < np.clip(0.25 - through * rows["loyalty"], 0.01, 0.9)).astype(float)
    return paths(replace(told, rows=rows), marks)


def exhibit_of(found: Chain, bank: Bank, patch: pytest.MonkeyPatch) -> Exhibit:
    module = sys.modules["insights.topics.loyalty.mediation"]
    patch.setattr(module, "worth", lambda bank: made_up(3, 400))
    patch.setattr(module, "chain", lambda bank: found)
    return shown(loyalty.mediation(bank), bank)


def indirect(found: Chain) -> Estimate:
    assert isinstance(found.found, Mediation)
    told = found.found.path(INDIRECT)
    assert isinstance(told, Estimate)
    return told


def test_a_known_law_is_told_with_how_little_would_undo_it(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    found = law(0.06)
    told = indirect(found)
    assert told.low < -0.048 < told.high < 0
    exhibit = exhibit_of(found, bank, monkeypatch)
    assert title(exhibit).startswith("Satisfied clients leave less often, partly by way of loyalty")
    assert any(line.id.startswith("A hidden cause") for line in exhibit.sentences)
    assert len(exhibit.tables[1].rows) == 7


def test_without_a_link_none_is_told(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    found = law(0.0)
    assert indirect(found).low < 0 < indirect(found).high
    exhibit = exhibit_of(found, bank, monkeypatch)
    assert title(exhibit) == "That satisfaction holds clients by way of loyalty is not seen"
    assert not any(line.id.startswith("A hidden cause") for line in exhibit.sentences)


def test_marks_are_those_of_the_year_before_the_answer(tmp_path: Path) -> None:
    small = open_bank(write_bank(tmp_path, {"clients": CLIENTS, "contacts": CONTACTS}), as_of="2023-12-31")
    born = small.table("clients").select("client_id", "birth_year").execute().sort_values("birth_year")
    rows = pd.DataFrame({"client_id": born["client_id"].to_numpy(), "answered_on": pd.Timestamp("2023-01-01")})
    marks = marks_before(small, rows)
    assert marks[0] == 3.5  # of the marks 2 and 5: neither the day before the year nor the day of the answer counts
    assert np.isnan(marks[1])


def test_few_leavers_are_refused(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    told: Worth = made_up(3, 300)
    found = paths(told, pd.Series(1.0, index=told.rows.index))
    assert isinstance(found.found, NotEstimable)
    exhibit = exhibit_of(found, bank, monkeypatch)
    assert title(exhibit) == "Whether satisfaction holds clients by way of loyalty cannot be told"
    assert exhibit.refusals[0].id.startswith("Too few of those who answered left")


def test_a_bank_without_marks_lacks_the_column(tmp_path: Path) -> None:
    answer = loyalty.mediation(open_bank(write_bank(tmp_path, {"clients": CLIENTS}), as_of="2023-12-31"))
    assert isinstance(answer, NotAvailable)
    assert "contacts.satisfaction" in answer.needs
