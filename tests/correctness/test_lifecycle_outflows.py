"""Outflows and dormancy as events: the same as in the panel, counted by hand, and what follows from them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from shown import shown, title
from small_bank import write_bank

from insights.data.panel import panel
from insights.data.snapshot import Bank, open_bank
from insights.models.months import spell_months
from insights.models.outflow_events import dormancy_events, outflow_events
from insights.models.outflows import with_outflows
from insights.stats.results import Estimate
from insights.topics import lifecycle
from insights.topics.evidence import Answer, NotAvailable, RiskCounts

MONTHS = [f"{y}-{m:02}" for y in (2020, 2021, 2022) for m in range(1, 13)]


def small(
    folder: Path, taken: dict[int, dict[str, float]], left: dict[int, str], clients: int = 40, **more: str
) -> Bank:
    """Return a bank of clients with 1,000 each, who take out these amounts in these months and leave on these days."""
    balances, bookings = [], []
    for i in range(clients):
        held = 1000.0
        for month in MONTHS:
            out = taken.get(i, {}).get(month, 0.0)
            held -= out
            if not left.get(i) or month < left[i][:7]:
                balances.append(f"{i},{month}-01,cash,{held:.2f}")
            if out:
                bookings.append(f"{i},{month}-15,outflow,{-out:.2f}")
            elif month.endswith(("-01", "-07")) and month < left.get(i, "9"):
                bookings.append(f"{i},{month}-20,inflow,0.01")
    files = {
        "clients": "client_id,joined_on,left_on,leave_reason\n"
        + "".join(f"{i},2015-01-01,{left.get(i, '')},{'competitor' if i in left else ''}\n" for i in range(clients)),
        "balances": "client_id,month,category,amount\n" + "\n".join(balances) + "\n",
        "transactions": "client_id,booked_on,kind,amount\n" + "\n".join(bookings) + "\n",
        **more,
    }
    return open_bank(write_bank(folder, files, delay=0), as_of="2022-12-31")


@pytest.fixture(scope="module")
def demo(demo_bank_small: Path) -> Bank:
    return open_bank(demo_bank_small / "bank.toml", as_of="2026-10-31")


@pytest.mark.parametrize("share", [0.2, 0.3, 0.5])
def test_events_are_those_of_the_panel(demo: Bank, share: float) -> None:
    months = spell_months(demo)
    events = outflow_events(months, demo.settings.lifecycle, share)
    rows = with_outflows(demo, panel(demo), share=share)
    theirs = rows.filter(rows.outflow == 1).select("client_id", "spell", "month").execute()
    row, column = np.nonzero(events.at)
    mine = months.spells.iloc[row][["client_id", "spell"]].assign(month=[pd.Timestamp(months.month(c)) for c in column])
    key = ["client_id", "spell", "month"]
    theirs["month"] = pd.to_datetime(theirs["month"])
    assert mine.sort_values(key).to_numpy().tolist() == theirs.sort_values(key).to_numpy().tolist()
    assert len(mine) > 10
    known = rows.filter(rows.net_share.notnull() & (rows.exit == 0)).count().execute()
    assert events.exposed.sum() == known


def test_clients_are_counted_once_in_the_band_of_their_largest_outflow(tmp_path: Path) -> None:
    taken = {
        0: {"2022-03": 250.0},
        1: {"2022-05": 350.0},
        2: {"2022-02": 220.0, "2022-09": 600.0},
        3: {"2021-06": 900.0},  # more than a year ago
        4: {"2022-08": 100.0},
    }
    bank = small(tmp_path, taken, {5: "2021-11-10"})
    answer = lifecycle.outflows(bank)
    assert isinstance(answer, Answer)
    exact = answer.exact
    clients = exact["clients"].set_index("band")["clients"]
    assert clients.to_dict() == {"none": 36, "20": 1, "30": 1, "50": 1}
    money = exact["money"].set_index("band")
    # Of the three months up to the outflow: a cent came in in January and in July.
    assert money["amount"].to_dict() == pytest.approx({"20": 249.99, "30": 350, "50": 599.99})
    assert shown(answer, bank).title  # all bands are too small: nothing of them is told
    rows = {tuple(r["group"].values()): r for r in shown(answer, bank).estimates}
    assert rows[("30",)]["status"] == "suppressed"


def test_rates_per_100_client_years_and_by_time_since_joining(tmp_path: Path) -> None:
    taken = {i: {"2022-03": 400.0} for i in range(12)} | {i: {"2021-03": 400.0, "2022-06": 300.0} for i in (12, 13, 14)}
    bank = small(tmp_path, taken, {})
    answer = lifecycle.outflow_rates(bank)
    assert isinstance(answer, Answer)
    rows = answer.exact
    year = rows[(rows["event"] == "30") & (rows["measure"] == "rate_year")].iloc[0]
    assert year["value"] == pytest.approx(100 * 15 / 40)
    assert year["n_events"] == 15
    exposed = outflow_events(spell_months(bank), bank.settings.lifecycle, 0.3).exposed.sum()
    whole = rows[(rows["event"] == "30") & (rows["measure"] == "rate")].iloc[0]
    assert whole["value"] == pytest.approx(1200 * 18 / exposed)
    assert rows[rows["measure"] == "count"].empty  # all joined long before the window: nothing is known of their start
    assert "per 100 client-years" in title(shown(answer, bank))


def test_dormancy_begins_when_a_client_was_not_seen_for_a_year(tmp_path: Path) -> None:
    contacts = "client_id,contacted_on,channel\n0,2020-02-10,phone\n0,2020-04-10,phone\n"
    bank = small(tmp_path, {}, {}, contacts=contacts)
    months = spell_months(bank)
    assert months.active is not None
    active = months.active.copy()
    active[0, 9:] = False  # the last booking of the first client is that of July 2020
    active[0, 30] = True
    months = replace(months, active=active)
    events = dormancy_events(bank, months)
    assert events is not None
    row, column = np.nonzero(events.at)
    assert list(zip(row, column, strict=True)) == [(0, 18)]  # July 2021; from 30 on fewer than twelve months are left
    assert not events.exposed[0, 19:30].any()
    assert events.exposed[0, 31]


def _after(bank: Bank) -> dict[str, tuple[float, float]]:
    answer = lifecycle.outflow_then_exit(bank)
    assert isinstance(answer, Answer)
    found = {}
    for part in answer.exact:
        assert isinstance(part.share, Estimate)
        found[part.group] = (part.share.value, part.share.n)
    return found


def test_who_left_within_a_year_of_an_outflow_against_those_without(tmp_path: Path) -> None:
    taken = {i: {"2021-05": 400.0} for i in range(20)}
    left = dict.fromkeys(range(8), "2022-04-10") | {20: "2022-09-10", 21: "2021-03-10", 22: "2022-12-20"}
    bank = small(tmp_path, taken, left, clients=60)
    # In force at the end of 2021: twenty with an outflow in 2021, and 39 of the others (one had left).
    found = _after(bank)
    assert found["30"] == pytest.approx((8 / 20, 20))
    assert found["none"] == pytest.approx((2 / 39, 39))
    exhibit = shown(lifecycle.outflow_then_exit(bank), bank)
    assert exhibit.estimates or exhibit.refusals


def test_an_outflow_after_the_day_makes_nobody_exposed_before_it(tmp_path: Path) -> None:
    taken = {i: {"2022-02": 400.0} for i in range(20)}
    found = _after(small(tmp_path, taken, dict.fromkeys(range(8), "2022-04-10"), clients=60))
    assert found == {"none": pytest.approx((8 / 60, 60))}


def test_where_every_size_has_enough_exits_they_are_shown_apart_and_together(tmp_path: Path) -> None:
    sizes = {0: 0.0, 1: 250.0, 2: 400.0, 3: 700.0}
    taken = {i: {"2021-05": sizes[i % 4]} for i in range(400) if i % 4}
    left = {i: "2022-05-10" for i in range(400) if (i // 4) % 4 == 0}
    bank = small(tmp_path, taken, left, clients=400)
    answer = lifecycle.outflow_then_exit(bank)
    assert isinstance(answer, Answer)
    assert answer.facts["apart"]
    found = _after(bank)
    assert {g: n for g, (_, n) in found.items()} == {"none": 100, "20": 100, "30": 100, "50": 100, "together": 200}
    assert all(value == pytest.approx(0.25) for value, _ in found.values())
    assert "of clients with a large outflow left within a year" in title(shown(answer, bank))


def test_all_exhibits_of_the_demo_bank_are_written_in_both_languages(demo: Bank) -> None:
    for ask in (
        lifecycle.outflows,
        lifecycle.outflow_rates,
        lifecycle.outflow_then_exit,
        lifecycle.dormancy_then_exit,
    ):
        shown(ask(demo), demo)


@pytest.mark.parametrize("everybody", [True, False])
def test_nobody_left_or_everybody_did(tmp_path: Path, everybody: bool) -> None:
    bank = small(tmp_path, {}, dict.fromkeys(range(40), "2022-06-10") if everybody else {})
    for ask in (lifecycle.outflows, lifecycle.outflow_rates, lifecycle.outflow_then_exit, lifecycle.dormancy_then_exit):
        exhibit = shown(ask(bank), bank)
        assert exhibit.title
    after = lifecycle.outflow_then_exit(bank)
    assert isinstance(after, Answer)
    assert isinstance(after.evidence["exits"], RiskCounts)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    bank = open_bank(write_bank(tmp_path, {"clients": "client_id,joined_on\n1,2018-01-01\n"}), as_of="2022-12-31")
    for ask in (lifecycle.outflows, lifecycle.outflow_rates, lifecycle.outflow_then_exit, lifecycle.dormancy_then_exit):
        answer = ask(bank)
        assert isinstance(answer, NotAvailable)
        assert "transactions.amount" in answer.needs
