"""Markets: losses of clients who move with an index by a known factor, who may lose too much, and refusals."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from shown import shown, title
from small_bank import write_bank

from insights.data.snapshot import Bank, open_bank
from insights.models.risk.market import ASSETS, MONTH, YEAR, Market, market
from insights.models.risk.register import asked, open_risks, register
from insights.reports.disclosure import protect
from insights.stats.backtesting import kupiec
from insights.stats.historical import Backtest
from insights.stats.results import NotEstimable
from insights.topics import risk
from insights.topics.evidence import ClientCounts, Estimates, NotAvailable
from insights.topics.risk.market import market_evidence

MONTHS, CLIENTS, FEW = 60, 48, 12
RULES = """[risk.market.scenarios]
crash = { equity_index = -0.4 }
elsewhere = { gold_index = -0.4 }
"""


def days() -> list[str]:
    return [f"{2020 + (k // 12)}-{k % 12 + 1:02d}-01" for k in range(MONTHS + 1)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], np.ndarray]:
    """The files of a bank whose clients move with equities by 0.2 or 0.9, and these factors."""
    rng = np.random.default_rng(6)
    equity, bonds = 0.03 * rng.standard_normal(MONTHS), 0.01 * rng.standard_normal(MONTHS)
    factor = np.where(np.arange(CLIENTS) < CLIENTS // 2, 0.2, 0.9)
    # Those who move most state the highest tolerance, but for the last twelve, who state the lowest.
    stated = np.where(factor < 0.5, 1, 5)
    stated[-FEW:] = 1
    series = "month,series,value\n"
    for name, returns in (("equity_index", equity), ("bond_index", bonds)):
        level = np.append(100.0, 100.0 * np.cumprod(1 + returns))
        series += "".join(f"{day},{name},{value:.9f}\n" for day, value in zip(days(), level, strict=True))
    series += "".join(f"{day},policy_rate,1.5\n" for day in days())
    held = "client_id,month,category,amount,market_change\n"
    amount = np.linspace(90_000, 110_000, CLIENTS)
    for k, day in enumerate(days()):
        change = np.zeros(CLIENTS) if k == 0 else np.round(amount * factor * equity[k - 1], 2)
        amount = amount + change
        held += "".join(f"{i},{day},funds,{amount[i]:.2f},{change[i]:.2f}\n" for i in range(CLIENTS))
    clients = "client_id,joined_on,risk_tolerance\n" + "".join(f"{i},2015-01-01,{stated[i]}\n" for i in range(CLIENTS))
    return {"clients": clients, "balances": held, "market": series}, factor


@pytest.fixture(scope="module")
def bank(folder: tuple[dict[str, str], np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Bank:
    config = write_bank(tmp_path_factory.mktemp("market"), folder[0], more=RULES, delay=0)
    return open_bank(config, as_of="2025-01-31")


@pytest.fixture(scope="module")
def found(bank: Bank) -> Market:
    made = market(bank)
    assert isinstance(made, Market)
    return made


def test_the_book_moves_with_the_index_as_its_clients_do(bank: Bank, found: Market) -> None:
    assert found.indices == ("bond_index", "equity_index")
    assert found.explained == pytest.approx(1.0, abs=1e-3)
    held = found.clients["amount"].to_numpy()
    assert found.amount[ASSETS] == pytest.approx(held.sum())
    own = found.sensitivity[:, 1]
    low, high = own[own < 0.5], own[own > 0.5]
    assert len(low) == len(high) == CLIENTS // 2
    # A fifth of the way to the book's 0.55: six usual months beside 24.
    assert low.mean() == pytest.approx(0.2 + (0.55 - 0.2) / 5, abs=0.04)
    assert high.mean() == pytest.approx(0.9 - (0.9 - 0.55) / 5, abs=0.04)
    assert np.abs(found.sensitivity[:, 0]).max() < 0.02
    assert found.exposure[ASSETS] == pytest.approx(held @ found.sensitivity)
    assert found.stress["crash"].tolist() == [0.0, -0.4]
    assert found.unknown == ("elsewhere",)


def test_limits_are_those_of_the_index_times_what_is_held(found: Market) -> None:
    month, year = (found.tails[(ASSETS, ahead)] for ahead in (MONTH, YEAR))
    share = found.exposure[ASSETS][1] / found.amount[ASSETS]
    assert month.limit.value / found.amount[ASSETS] == pytest.approx(1.645 * 0.03 * share, rel=0.4)
    assert 2 < year.limit.value / month.limit.value < 5  # about the square root of twelve
    assert month.beyond.value > month.limit.value
    assert year.limit.low < year.limit.value < year.limit.high
    assert found.alone["equity_index"] == pytest.approx(year.limit.value, rel=0.1)
    assert isinstance(found.tested, Backtest)
    flags = found.tested.exceeded
    assert found.tested.checks[0] == kupiec(int(flags.sum()), len(flags), 0.05)
    assert len(flags) == MONTHS - 36


def test_who_may_lose_more_than_he_accepts_is_in_the_register_and_nowhere_else(bank: Bank, found: Market) -> None:
    allowed = bank.settings.risk.market.allowed_loss
    over = found.over(allowed)
    assert over["over"].sum() == FEW
    assert set(over.loc[over["over"], "stated"]) == {1}
    rows = register(bank)
    assert rows is not None
    mine = rows[rows["risks"].str.contains("market")]
    assert set(mine["client_id"]) == set(over.loc[over["over"], "client_id"])
    assert mine["steps"].eq("talk_about_risk").all()
    exhibit = shown(risk.market(bank), bank)
    assert title(exhibit).startswith("In one year of twenty markets take ")
    text = str(exhibit)
    assert not any(str(client) in text for client in found.clients["client_id"])
    told, none = (row["over"] for row in exhibit.tables[2].rows)
    assert abs(told - FEW) < 5
    assert none == 0
    stress = exhibit.tables[1].rows[0][ASSETS]
    assert stress == pytest.approx(0.4 * found.exposure[ASSETS][1], rel=0.01)
    assert [r.id.split(":")[0] for r in exhibit.refusals] == [
        "{what}",
        "{what}",
        "Scenarios that name an index not on record",
    ]
    assert shown(risk.overview(bank), bank).tables
    assert shown(risk.register(bank), bank).figure


def test_one_client_who_makes_up_the_book_is_not_told(
    bank: Bank, found: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = found.clients["amount"].to_numpy().copy()
    held[0] *= 1_000
    rich = replace(found, clients=found.clients.assign(amount=held), amount={ASSETS: float(held.sum())})
    monkeypatch.setattr(sys.modules[market_evidence.__module__], "measured", lambda bank: rich)
    evidence, _ = market_evidence(bank)
    told = cast(Estimates, protect(evidence, bank.settings.disclosure)["rows"]).rows
    money = told[told["unit"] == "money"]
    assert len(money) >= 6
    assert money["value"].isna().all()
    cells = cast(ClientCounts, evidence["tolerance"]).cells
    assert cells["clients"].sum() == CLIENTS


def test_no_market_too_short_a_record_or_another_market_are_refused_with_the_reason(
    folder: tuple[dict[str, str], np.ndarray], tmp_path: Path
) -> None:
    files = folder[0]
    bare = {name: text for name, text in files.items() if name != "market"}
    lean = open_bank(write_bank(tmp_path / "none", bare, delay=0), as_of="2025-01-31")
    told = risk.market(lean)
    assert isinstance(told, NotAvailable)
    assert told.needs == ("market.series", "market.value")
    short = open_bank(write_bank(tmp_path / "short", files, delay=0), as_of="2022-06-30")
    assert [r.id for r in shown(risk.market(short), short).refusals] == [
        "The market table holds fewer than 36 months of returns."
    ]
    # Every second month of the indices is empty: no return of one month is known.
    some = {day for k, day in enumerate(days()) if k % 2}
    lines = files["market"].splitlines()
    gaps = "\n".join(line for line in lines if line.split(",")[0] not in some) + "\n"
    hollow = open_bank(write_bank(tmp_path / "gaps", files | {"market": gaps}, delay=0), as_of="2025-01-31")
    assert [r.id for r in shown(risk.market(hollow), hollow).refusals] == [
        "The market table holds fewer than 36 months of returns."
    ]
    # The bonds say nothing of a book of equities; rates are no prices.
    head, *rest = files["clients"].splitlines()
    lines = [f"{head},kyc_expires_on", *(f"{line},2024-12-31" for line in rest)]
    expired = files | {"clients": "\n".join(lines) + "\n"}
    other = write_bank(tmp_path / "other", expired, delay=0, more='[market]\nindices = ["bond_index"]\n')
    strange = open_bank(other, as_of="2025-01-31")
    assert isinstance(market(strange), NotEstimable)
    assert "explain less than half" in shown(risk.market(strange), strange).refusals[0].id
    assert "market" in asked(strange)  # the tables are there, as in the bank whose register names twelve
    risks = open_risks(strange)["risk"]
    assert risks.eq("papers").sum() == CLIENTS  # the register is not empty
    assert not risks.eq("market").any()
