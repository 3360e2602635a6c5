"""Collateral: pledged portfolios lose what their owners' holdings lose, other kinds what is set, few are not told."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from shown import shown, title
from small_bank import write_bank

from insights.data.pseudonyms import Key
from insights.data.snapshot import Bank, open_bank
from insights.models.risk.collateral import ELSE, PORTFOLIO, Revalued, revalued
from insights.reports.disclosure import protect
from insights.reports.wording import Wording
from insights.topics import risk
from insights.topics.evidence import NotAvailable
from insights.topics.risk.collateral import SHORT, TODAY, collateral_evidence, collateral_rows

CLIENTS = 60
MONTHS = [f"{y}-{m:02d}-01" for y in range(2019, 2023) for m in range(1, 13)]
SCENARIOS = """
[risk.market.scenarios]
crash = { equity_index = -0.40 }
calm = { equity_index = 0.0 }
nowhere = { moon_index = -0.5 }

[risk.collateral.falls]
crash = { property = 0.25 }

[labels.scenario]
crash = { en = "crash", zh-CN = "暴跌" }
calm = { en = "calm", zh-CN = "平静" }
"""


def files(kinds: bool) -> dict[str, str]:
    """Return a bank in which stocks move with the index and notes half as much; two thirds of the loans are pledged.

    Client k holds stocks if k is even and notes if it is odd, and cash as well; every third has pledged a property
    that is worth more than he holds. All have drawn 70 and pledged 100.
    """
    move = np.random.default_rng(4).normal(0.0, 0.05, len(MONTHS))
    level = 100 * np.cumprod(1 + move)
    market = "month,series,value\n" + "".join(f"{m},equity_index,{v:.9f}\n" for m, v in zip(MONTHS, level, strict=True))
    held = "client_id,month,category,amount,market_change\n"
    lent = "client_id,month,drawn,collateral_value,days_past_due,insured_value,collateral_kind\n"
    for k in range(CLIENTS):
        category, beta = (("stocks", 1.0), ("notes", 0.5))[k % 2]
        amount = 150.0 if k % 3 else 90.0
        for m, up in zip(MONTHS, move, strict=True):
            held += f"{k},{m},cash,500.00,0.00\n{k},{m},{category},{amount:.2f},{beta * up * amount:.2f}\n"
        lent += f"{k},{MONTHS[-1]},70.00,100.00,0,{10 if k == 5 else 0}.00,{'portfolio' if k % 3 else 'property'}\n"
    made = {"clients": "client_id,joined_on\n" + "".join(f"{k},2015-01-01\n" for k in range(CLIENTS))}
    made |= {"market": market, "balances": held, "loans": lent}
    if not kinds:
        made["loans"] = lent.replace("collateral_kind", "nobody")
    return made


def opened(folder: Path, *, kinds: bool = True, more: str = SCENARIOS) -> Bank:
    return open_bank(write_bank(folder, files(kinds), delay=0, more=more), as_of="2022-12-31")


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    return opened(tmp_path_factory.mktemp("pledged"))


def test_each_portfolio_loses_what_its_holdings_lose_and_property_what_is_set(bank: Bank) -> None:
    found = revalued(bank)
    assert isinstance(found, Revalued)
    assert not found.assumed
    assert found.unknown == ("nowhere",)
    key = Key.load(bank.settings)
    number = {name: k for k, name in enumerate(key.pseudonyms("client", [str(k) for k in range(CLIENTS)]))}
    k = np.array([number[c] for c in found.rows["client_id"]])
    fall = np.where(k % 3 == 0, 0.25, np.where(k % 2 == 0, 0.40, 0.20))
    assert found.falls["crash"] == pytest.approx(fall, abs=2e-3)
    cover = np.where(k == 5, 10.0, 0.0)
    assert found.short["crash"] == pytest.approx(np.maximum(70 - 100 * (1 - fall) - cover, 0.0), abs=0.2)
    assert (found.short["crash"] > 1).sum() == (k % 6 == 2).sum() + (k % 6 == 4).sum()
    assert found.today.sum() == found.short["calm"].sum() == 0
    told = dict(zip(found.categories["category"], found.categories["crash"], strict=True))
    assert told == pytest.approx({"stocks": 0.40, "notes": 0.20}, abs=2e-3)


def test_the_page_names_the_worst_scenario_and_its_shortfall(bank: Bank) -> None:
    exhibit = shown(risk.collateral(bank), bank)
    assert any(r.id.startswith("Scenarios that name an index not on record") for r in exhibit.refusals)
    words = Wording("en", bank.settings.labels, currency="CHF")
    said = words.text(exhibit.title).replace("\u00a0", " ")
    # Twenty pledged portfolios of stocks are worth 60, and 70 are drawn.
    assert said == "In the scenario “crash” 20 loans would lack CHF 200 of cover"
    rows = {r["name"] + r["group"].get("scenario", ""): r for r in exhibit.estimates if "scenario" in r["group"]}
    assert rows["collateral_shortcrash"]["value"] == pytest.approx(200, rel=0.01)
    assert rows["collateral_shortcalm"]["status"] == "suppressed"  # nobody, which is told as few are


def test_one_loan_more_in_a_scenario_does_not_follow_from_what_is_told_of_today(bank: Bank) -> None:
    found = revalued(bank)
    assert isinstance(found, Revalued)
    today = np.where(np.arange(len(found.rows)) < 20, 10.0, 0.0)
    one_more = today.copy()
    one_more[30] = 55.0
    changed = replace(found, today=today, short={"crash": one_more, "calm": today})
    evidence, _ = collateral_evidence(bank, changed)
    told = collateral_rows(protect(evidence, bank.settings.disclosure)).rows.set_index(["measure", "scenario"])
    assert told.loc[(SHORT, TODAY), "value"] == told.loc[(SHORT, "calm"), "value"] == 200
    assert told.loc[(SHORT, "crash"), ["value", "n"]].isna().all()
    assert told.loc[(SHORT, "crash"), "status"] == "suppressed"
    # Twenty loans of five households rest on five.
    few = replace(changed, rows=found.rows.assign(household=np.arange(len(found.rows)) % 5))
    evidence, _ = collateral_evidence(bank, few)
    told = collateral_rows(protect(evidence, bank.settings.disclosure)).rows.set_index(["measure", "scenario"])
    assert np.isnan(told.loc[(SHORT, TODAY), "value"])
    every = replace(changed, short={"crash": today * 3, "calm": today})  # all of them lack more: nothing to give back
    evidence, _ = collateral_evidence(bank, every)
    told = collateral_rows(protect(evidence, bank.settings.disclosure)).rows.set_index(["measure", "scenario"])
    assert told.loc[(SHORT, "crash"), "value"] == 600


def test_without_kinds_collateral_beyond_what_is_held_is_no_portfolio_and_the_page_says_so(tmp_path: Path) -> None:
    bare = opened(tmp_path, kinds=False)
    found = revalued(bare)
    assert isinstance(found, Revalued)
    assert found.assumed
    assert found.rows["kind"].value_counts().to_dict() == {PORTFOLIO: 40, ELSE: 20}
    assert (found.falls["crash"][~found.rows["own"].to_numpy()] == 0).all()
    words = Wording("en", bare.settings.labels, currency="CHF")
    basis = [words.text(m) for m in shown(risk.collateral(bare), bare).basis]
    assert any("do not say what is pledged (column loans.collateral_kind)" in line for line in basis)


def test_few_loans_no_scenario_and_no_index_are_refused_or_withheld(tmp_path: Path) -> None:
    silent = opened(tmp_path / "silent", more="")
    assert [r.id for r in shown(risk.collateral(silent), silent).refusals] == [
        "The settings name no scenario (risk.market.scenarios)."
    ]
    moon = opened(tmp_path / "moon", more="[risk.market.scenarios]\nx = { moon_index = -0.5 }\n")
    assert [r.id for r in shown(risk.collateral(moon), moon).refusals] == [
        "No scenario names an index of the market table."
    ]
    made = files(True)
    head, *rest = made["loans"].splitlines()
    few = made | {"loans": "\n".join([head, *rest[:24]]) + "\n"}  # eight of them are stocks
    small = open_bank(write_bank(tmp_path / "few", few, delay=0, more=SCENARIOS), as_of="2022-12-31")
    exhibit = shown(risk.collateral(small), small)
    assert title(exhibit).startswith("In no scenario do so many loans lack cover")
    assert not any(r["value"] for r in exhibit.estimates if r["name"].startswith("collateral_short"))
    files_without = {name: text for name, text in made.items() if name != "market"}
    bare = open_bank(write_bank(tmp_path / "bare", files_without, delay=0, more=SCENARIOS), as_of="2022-12-31")
    answer = risk.collateral(bare)
    assert isinstance(answer, NotAvailable)
    assert "market.series" in answer.needs
