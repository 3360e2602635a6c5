"""Complaints foretold: what was planted is found, the level is right out of time, and too few are refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from shown import shown, title
from small_bank import write_bank

from insights.data.pseudonyms import Key
from insights.data.snapshot import Bank, open_bank
from insights.models.risk.service import Service, foretold, service
from insights.reports.lists import in_words
from insights.stats.results import Estimate, NotEstimable
from insights.topics import risk

CLIENTS, MONTHS, SLOPE = 1_500, 48, -0.9
DESK = """
[risk.desks.complaints]
cases_per_month = 50
case_cost = 5
complaint_cost = 1000
saved = 0.2
"""


def _write(folder: Path, slope: float, base: float, seed: int) -> tuple[Bank, np.ndarray]:
    """Return a bank whose clients complain by how dissatisfied they are, and how satisfied each is."""
    rng = np.random.default_rng(seed)
    mood = rng.standard_normal(CLIENTS)
    month = pd.period_range("2019-01", periods=MONTHS, freq="M").strftime("%Y-%m").to_numpy()
    clients = ["client_id,joined_on,rm_id", *(f"{k},{1990 + k % 25}-01-01,m{k % 5}" for k in range(CLIENTS))]
    who, when = np.nonzero(rng.random((CLIENTS, MONTHS)) < 0.4)
    marks = np.clip(np.rint(7 + mood[who] + rng.standard_normal(len(who))), 0, 10)
    contacts = ["client_id,contacted_on,channel,resolved,satisfaction"]
    contacts += [f"{k},{month[m]}-10,phone,true,{x:.0f}" for k, m, x in zip(who, when, marks, strict=True)]
    angry, when = np.nonzero(rng.random((CLIENTS, MONTHS)) < base * np.exp(slope * mood)[:, None])
    complaints = ["client_id,filed_on", *(f"{k},{month[m]}-20" for k, m in zip(angry, when, strict=True))]
    files = {"clients": clients, "contacts": contacts, "complaints": complaints}
    config = write_bank(folder, {name: "\n".join(lines) + "\n" for name, lines in files.items()}, more=DESK)
    return open_bank(config, as_of="2022-12-31"), mood


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bank, np.ndarray]:
    return _write(tmp_path_factory.mktemp("service"), SLOPE, 0.012, 3)


def test_who_complains_is_foretold_nearly_as_well_as_by_who_knows_the_mood(planted: tuple[Bank, np.ndarray]) -> None:
    bank, mood = planted
    found = service(bank)
    assert isinstance(found, Service)
    assert isinstance(found.area, Estimate)
    assert isinstance(found.ratio, Estimate)
    assert isinstance(found.first, Estimate)
    chance = -np.expm1(-3 * 0.012 * np.exp(SLOPE * mood))
    order = np.argsort(mood)
    seen, unseen = chance[order], (1 - chance)[order]
    best = (seen * (unseen.sum() - np.cumsum(unseen))).sum() / (seen.sum() * unseen.sum())
    assert 0.65 < best - 0.08 < found.area.value < best + 0.03  # marks tell the mood with noise
    assert found.area.low > 0.5
    assert found.ratio.low < 1 < found.ratio.high
    assert found.check.p_value is not None
    assert found.check.p_value > 0.01
    assert found.first.value > 0.2
    effects = found.effects.set_index("name")
    assert effects.loc["mark_12m", "high"] < 0
    assert effects.loc["log2_contacts_3m", "low"] < 0 < effects.loc["log2_contacts_3m", "high"]
    assert found.today["chance"].sum() == pytest.approx(chance.sum(), rel=0.12)


def test_the_list_holds_those_whom_the_desk_can_call_and_a_few_by_lot(planted: tuple[Bank, np.ndarray]) -> None:
    bank, mood = planted
    every = risk.lists(bank)["likely_complaints"]
    rows = every[every["drawn_by"] == "score"]
    assert len(rows) == 150  # in three months
    by_lot = every[every["drawn_by"] == "lot"]
    assert 12 < len(by_lot) < 45  # one in fifty of the others
    assert by_lot["chance_3m_pct"].max() <= rows["chance_3m_pct"].min()
    found = service(bank)
    assert isinstance(found, Service)
    assert rows["chance_3m_pct"].sum() == pytest.approx(100 * found.today["chance"].nlargest(150).sum(), abs=8)
    names = Key.load(bank.settings).pseudonyms("client", [str(k) for k in range(CLIENTS)])
    assert pd.Series(mood, index=names)[rows["client_id"]].mean() < -0.8
    assert rows["because"].str.contains("low_marks").mean() > 0.8
    assert (every.groupby("rm_id")["rank"].max() == every.groupby("rm_id").size()).all()
    assert len(in_words("likely_complaints", every, bank)) == len(every)
    exhibit = shown(risk.service(bank), bank)
    assert title(exhibit).endswith("and it shows who")
    told = {row["name"]: row for row in exhibit.estimates if not row["group"]}
    assert told["expected_complaints"]["low"] < told["expected_complaints"]["value"]


def test_where_nothing_tells_who_no_list_is_made_and_few_complaints_are_refused(tmp_path: Path) -> None:
    bank, _ = _write(tmp_path / "chance", 0.0, 0.012, 4)
    exhibit = shown(risk.service(bank), bank)
    assert title(exhibit).endswith("nothing on record tells who")
    assert any("no list of clients" in said.id for said in exhibit.sentences)
    assert "likely_complaints" not in risk.lists(bank)
    few, _ = _write(tmp_path / "few", 0.0, 0.0005, 5)
    assert isinstance(found := foretold(few), NotEstimable)
    assert found.reason.endswith("70 are needed")
    assert shown(risk.service(few), few).refusals[0].id.startswith("Fewer than seventy")
    early = open_bank(few.settings.path, as_of="2020-12-31")
    assert [r.id for r in shown(risk.service(early), early).refusals] == [
        "Complaints do not go back far enough: three years are needed."
    ]
