"""Change, concentration and resources: they agree with each other and with the margins, in any currency."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shown import shown, title
from small_bank import write_bank

from insights.data.snapshot import Bank, open_bank
from insights.models.value.book import client_book
from insights.models.value.lifetime import LifetimeValues, lifetime_values
from insights.models.value.margins import client_margins
from insights.models.value.stake import value_at_stake
from insights.reports.exhibits.value import LISTS
from insights.reports.wording import Wording
from insights.topics import value
from insights.topics.evidence import Answer, NotAvailable

MONTHS = [f"{y}-{m:02}-01" for y in (2020, 2021) for m in range(1, 13)]


@pytest.fixture(scope="module")
def demo(demo_bank_small: Path) -> Bank:
    return open_bank(demo_bank_small / "bank.toml", as_of="2026-10-31")


def skewed(folder: Path, rate: int = 1, clients: int = 120, more: str = "") -> Bank:
    """Return a bank of clients of very different sizes, its money in a currency worth ``1 / rate`` of another."""
    rng = np.random.default_rng(11)
    size = rng.lognormal(9, 1.0, clients).round(0)
    lines: dict[str, list[str]] = {"balances": [], "revenue": [], "contacts": []}
    for k, month in enumerate(MONTHS):
        for i in range(clients):
            held = size[i] * (1 + 0.01 * k) * (1.2 if i % 3 == 0 and k >= 12 else 1.0)
            lines["balances"].append(f"{i},{month},cash,{rate * round(held)}")
            lines["revenue"].append(f"{i},{month},fee,{rate * round(held * 0.01)}")
            lines["revenue"].append(f"{i},{month},cost_to_serve,{-60 * rate}")
    for i in range(0, clients, 2):
        lines["contacts"].append(f"{i},2021-06-01,phone,{10 + i}")
    files = {
        "clients": "client_id,joined_on,region\n"
        + "".join(f"{i},2015-01-01,{'north' if i % 2 else 'south'}\n" for i in range(clients)),
        "balances": "client_id,month,category,amount\n" + "\n".join(lines["balances"]) + "\n",
        "revenue": "client_id,month,kind,amount\n" + "\n".join(lines["revenue"]) + "\n",
        "contacts": "client_id,contacted_on,channel,handling_minutes\n" + "\n".join(lines["contacts"]) + "\n",
    }
    return open_bank(write_bank(folder, files, delay=0, more=more), as_of="2021-12-31")


def test_doubling_the_currency_doubles_every_amount_and_changes_nothing_else(tmp_path: Path) -> None:
    one, two = (skewed(tmp_path / str(rate), rate) for rate in (1, 2))
    for ask in (value.margin, value.change, value.concentration, value.largest, value.tiers, value.tier_moves):
        a, b = (ask(bank) for bank in (one, two))
        assert isinstance(a, Answer)
        assert isinstance(b, Answer)
        for name in a.evidence:
            _doubled(name, a.evidence[name], b.evidence[name])
        assert a.facts == b.facts


NO_MONEY = {"clients", "signs", "moves", "contacts", "hours", "events"}


def _doubled(name: str, one: Any, two: Any) -> None:
    mine, theirs = (part.rows if hasattr(part, "rows") else part.cells for part in (one, two))
    money = {c for c in ("amount", "largest", "second", "absolute", "value", "low", "high") if c in mine}
    assert mine.drop(columns=list(money)).equals(theirs.drop(columns=list(money)))
    for column in money:
        factor = np.full(len(mine), 1.0 if name in NO_MONEY else 2.0)
        if "unit" in mine and column in ("value", "low", "high"):
            factor = np.where(mine["unit"] == "share", 1.0, 2.0)
        expected = factor * mine[column].to_numpy(float)
        assert np.allclose(theirs[column], expected, rtol=1e-9, atol=1e-6, equal_nan=True), (name, column)


def test_the_change_is_that_of_the_margin(demo: Bank) -> None:
    margins, answer = client_margins(demo), value.change(demo)
    assert margins is not None
    assert isinstance(answer, Answer)
    last = margins.months.count - 1
    whole = margins.value(last).sum() - margins.value(last - 12).sum()
    assert answer.exact.total == pytest.approx(whole, abs=0.005)
    by = value.change(demo, "region")
    assert isinstance(by, Answer)
    assert by.exact.total == pytest.approx(whole, abs=0.005)
    for one in (answer, by):
        assert title(shown(one, demo)).startswith(("The margin rose by", "The margin fell by", "Why the margin"))


def test_the_change_as_told_is_the_difference_of_the_two_years_as_told(demo: Bank) -> None:
    """Each part is rounded on its own; a reader who subtracts one year from the other must get the same change."""
    told = {
        (e["name"], e["group"].get("component"), e["group"].get("period")): e
        for e in shown(value.margin(demo), demo).estimates
    }
    parts = [e["value"] for e in shown(value.change(demo), demo).estimates if e["name"] == "change"]
    years = {p: [e["value"] for (n, _, q), e in told.items() if n == "margin" and q == p] for p in ("now", "before")}
    assert len(parts) == 3
    assert all(v is not None for v in (*parts, *years["now"], *years["before"]))
    assert sum(parts) == pytest.approx(sum(years["now"]) - sum(years["before"]), abs=0.5)


def test_concentration_and_largest_agree_with_the_book(demo: Bank) -> None:
    answer, book = value.concentration(demo), client_book(demo)
    assert isinstance(answer, Answer)
    assert book is not None
    found = answer.exact
    assert found.bands["clients"].sum() == len(book)
    assert found.bands["amount"].sum() == pytest.approx(book["value"].sum())
    assert found.signs["amount"].sum() == pytest.approx(book["value"].sum())
    values = np.sort(book["value"])[::-1]
    share, part = found.top(0)
    count = int(found.bands["clients"].iloc[0])
    assert (share, part) == pytest.approx((count / len(values), values[:count].sum() / values.sum()))
    shown(answer, demo)
    largest = value.largest(demo)
    assert isinstance(largest, Answer)
    if "value" in largest.evidence:
        top = largest.exact["value"].set_index("group")["amount"]
        assert top["top"] == pytest.approx(values[: largest.facts["number"]].sum())
    shown(largest, demo)
    shown(value.concentration(demo, "region"), demo)


def test_value_at_stake_is_risk_times_value(demo: Bank) -> None:
    frame = value_at_stake(demo)
    told = frame.dropna(subset=["risk"])
    assert len(told) > 0.9 * len(frame)
    assert told["risk"].between(0, 1).all()
    # What leaves with a client is all that he is worth, as page one tells it, not one year of it.
    values = lifetime_values(demo)
    assert isinstance(values, LifetimeValues)
    assert told["worth"].sum() == pytest.approx(values.value.sum(), rel=0.02)
    assert np.allclose(told["stake"], told["risk"] * told["worth"].clip(lower=0))
    answer = value.resources(demo)
    assert isinstance(answer, Answer)
    table = answer.exact.table
    for by in ("tier", "stage"):
        own = table[table["by"] == by]
        assert own["stake"].sum() == pytest.approx(told["stake"].sum())
        assert own["hours"].sum() == pytest.approx(told["hours"].sum())
    assert shown(answer, demo).estimates
    shown(value.resources(demo, "region"), demo)


def test_the_list_ranks_by_value_at_stake_per_hour(demo: Bank) -> None:
    found = value.lists(demo)["value_at_stake"]
    assert (found["stake"] >= 0).all()
    for _, own in found.groupby("rm_id"):
        assert own["stake_per_hour"].is_monotonic_decreasing
        assert own["rank"].tolist() == list(range(1, len(own) + 1))
    assert found["client_id"].is_unique
    for language, head in (("en", "Value at stake in a year (CHF)"), ("zh-CN", "一年内可能流失的价值（CHF）")):
        wording = Wording(language, {}, currency="CHF")
        words = LISTS["value_at_stake"](found, demo, wording)
        assert head in words.columns
        assert not wording.missing


def test_what_is_not_delivered_is_named(tmp_path: Path) -> None:
    bank = skewed(tmp_path / "a")
    answer = value.resources(bank)
    assert isinstance(answer, NotAvailable)
    assert answer.needs == ("clients.left_on",)
    assert value.lists(bank) == {}


def test_a_bank_without_revenue_is_told_in_assets(tmp_path: Path) -> None:
    rows = "".join(f"{i},{m},cash,{1000 * (i + 1)}\n" for i in range(60) for m in MONTHS)
    clients = "client_id,joined_on\n" + "".join(f"{i},2015-01-01\n" for i in range(60))
    files = {"clients": clients, "balances": "client_id,month,category,amount\n" + rows}
    bank = open_bank(write_bank(tmp_path, files, delay=0), as_of="2021-12-31")
    assert isinstance(value.change(bank), NotAvailable)
    assert "of the assets" in title(shown(value.concentration(bank), bank))
    assert "of the assets would go" in title(shown(value.largest(bank), bank))
    shown(value.tiers(bank), bank)
    shown(value.tier_moves(bank), bank)


def test_clients_who_spend_nothing_and_one_who_spends_too_much(tmp_path: Path) -> None:
    clients = "client_id,joined_on,left_on\n" + "".join(f"{i},2015-01-01,\n" for i in range(60))
    for name, amount in (
        ("nothing", lambda i: 0),
        ("one", lambda i: 10**7 if i == 3 else 1),
        ("loss", lambda i: -i - 1),
    ):
        rows = "".join(f"{i},{m},fee,{amount(i)}\n" for i in range(60) for m in MONTHS)
        files = {
            "clients": clients,
            "balances": "client_id,month,category,amount\n"
            + "".join(f"{i},{m},cash,{1000 + i}\n" for i in range(60) for m in MONTHS),
            "revenue": "client_id,month,kind,amount\n" + rows,
        }
        bank = open_bank(write_bank(tmp_path / name, files, delay=0), as_of="2021-12-31")
        for ask in (
            value.margin,
            value.change,
            value.concentration,
            value.largest,
            value.tiers,
            value.tier_moves,
            value.relationship,
        ):
            exhibit = shown(ask(bank), bank)
            if name == "one":
                # Nothing of the 120 million a year of one client is told anywhere.
                assert all(abs(r["value"] or 0) < 1e7 for r in exhibit.estimates), exhibit.id
