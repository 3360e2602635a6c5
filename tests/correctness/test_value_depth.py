"""Depth after a year: clients alike are told from all others, an effect is found where there is one, and only there."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from shown import shown, title
from small_bank import write_bank
from value_bank import AS_OF, write_value_bank

from insights.data.snapshot import Bank, open_bank
from insights.models.value.depth import BROUGHT, CATEGORIES, LEFT, PRODUCTS, Depth, depth
from insights.stats.effects.overlap import OverlapComparison
from insights.stats.results import NotEstimable
from insights.topics import value as topic
from insights.topics.evidence import Answer, NotAvailable
from insights.topics.value.depth import LIKE, PLAIN


def opened(folder: Path, deep: float) -> Bank:
    return open_bank(write_value_bank(folder, came=600, clients=600, deep=deep), as_of=AS_OF)


def of(bank: Bank) -> Depth:
    found = depth(bank)
    assert isinstance(found, Depth)
    return found


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    with opened(tmp_path_factory.mktemp("depth"), 1.0) as found:
        yield found


def test_richer_clients_hold_more_and_bring_more_but_not_more_than_their_like(bank: Bank) -> None:
    found = of(bank)
    assert (found.source, found.bound) == (CATEGORIES, 2)
    assert set(np.unique(found.held)) == {1, 2}
    own = found.of(BROUGHT, 12)
    assert own is not None
    assert isinstance(own.found, OverlapComparison)
    assert own.found.unadjusted.low > 0
    assert own.found.effect.low < 0 < own.found.effect.high
    assert abs(own.found.effect.value) < 0.25 * own.found.unadjusted.value
    assert own.n == len(found.held)
    # Everybody had the whole year after it; nobody is followed for two years in a record of three.
    assert found.of(BROUGHT, 24) is None


def test_what_followed_is_counted_by_hand(bank: Bank) -> None:
    """The mean of the deep is that of the revenue booked in months 13 to 24 of each relationship, cut at the ends."""
    revenue = bank.table("revenue").select("client_id", "month", "amount").execute()
    revenue["month"] = revenue["month"].map(lambda d: d.year * 12 + d.month - 1)
    clients = bank.table("clients").select("client_id", "joined_on", "left_on").execute()
    amounts: list[float] = []
    held = bank.table("balances").filter(bank.table("balances").category == "cash").execute()
    deep = set(held["client_id"])
    for row in clients.to_dict("records"):
        joined = row["joined_on"].year * 12 + row["joined_on"].month - 1
        gone = row["left_on"].year * 12 + row["left_on"].month - 1 if row["left_on"] == row["left_on"] else 10**9
        first = joined + 13  # the month after the one in which twelve calendar months are over
        if first + 11 > 2022 * 12 + 11 or gone < first or row["client_id"] not in deep:
            continue
        own = revenue[(revenue["client_id"] == row["client_id"]) & (revenue["month"] >= first)]
        amounts.append(float(own.loc[own["month"] < first + 12, "amount"].sum()))
    found = of(bank).of(BROUGHT, 12)
    assert found is not None
    assert found.deep == len(amounts)
    assert found.means[0] == pytest.approx(np.mean(amounts), rel=0.05)


def test_a_dearer_second_product_is_found_among_clients_alike(tmp_path: Path) -> None:
    with opened(tmp_path, 2.0) as bank:
        own = of(bank).of(BROUGHT, 12)
        assert own is not None
        assert isinstance(own.found, OverlapComparison)
        assert own.found.effect.low > 0
        exhibit = shown(topic.depth(bank), bank)
        assert "more in the next than clients like them" in title(exhibit)


def test_the_page_says_that_it_is_no_effect_and_why_today_misleads(bank: Bank) -> None:
    exhibit = shown(topic.depth(bank), bank)
    assert title(exhibit) == (
        "Clients with 2 or more kinds of assets after a year bring in more than others, but not clearly more than "
        "clients like them"
    )
    assert any("no lot decided" in m.id for m in exhibit.caveats)
    assert any("would mislead" in m.id for m in exhibit.caveats)
    rows = {(r["name"], r["months"]): r for r in exhibit.estimates}
    assert rows[f"{BROUGHT}_{LIKE}", 12]["low"] < 0 < rows[f"{BROUGHT}_{PLAIN}", 12]["low"]


def test_leavers_of_a_group_of_fewer_than_ten_are_not_told(bank: Bank) -> None:
    answer = topic.depth(bank)
    assert isinstance(answer, Answer)
    exhibit = shown(answer, bank)
    for months in (12,):
        own = of(bank).of(LEFT, months)
        assert own is not None
        told = [r for r in exhibit.estimates if r["months"] == months and r["name"].startswith(LEFT)]
        if isinstance(own.found, NotEstimable):
            assert not told
            continue
        names = {r["name"].removeprefix(f"{LEFT}_"): r["value"] for r in told}
        if min(own.leavers) < bank.settings.disclosure.min_clients:
            assert names[LIKE] is None
            assert names[PLAIN] is None


def test_banks_without_what_it_takes_say_so(tmp_path: Path) -> None:
    files = {"clients": "client_id,joined_on,left_on\n1,2020-01-01,\n2,2020-01-01,2021-05-05\n"}
    with open_bank(write_bank(tmp_path / "a", files), as_of="2021-12-31") as bank:
        answer = topic.depth(bank)
        assert isinstance(answer, NotAvailable)
        assert ("holdings.product_id", "balances.category") in answer.needs
    files["holdings"] = "client_id,month,product_id,amount\n1,2020-12-31,p,5\n1,2020-12-31,q,5\n"
    with open_bank(write_bank(tmp_path / "b", files), as_of="2021-12-31") as bank:
        found = depth(bank)
        assert isinstance(found, NotEstimable)
        assert title(shown(topic.depth(bank), bank)) == "What goes with holding more products cannot be told"
    assert PRODUCTS == "products"
