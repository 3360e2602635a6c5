"""What clients bring in: by hand on a small bank, the demo bank's books, and a bank without revenue."""

from pathlib import Path

import numpy as np
import pytest
from shown import shown, title
from small_bank import write_bank

from insights.data.snapshot import Bank, open_bank
from insights.models.value.margins import ENOUGH_DEFAULTS, client_margins
from insights.topics import value
from insights.topics.evidence import Answer, NotAvailable

MONTHS = [f"{y}-{m:02}-01" for y in (2020, 2021) for m in range(1, 13)]


def small(folder: Path, clients: int = 40, more: str = "", **other: str) -> Bank:
    """Return a bank of clients who each hold 12,000 and bring 10 in fees a month, 1 in trades, and cost 4."""
    rows = [(i, month) for i in range(clients) for month in MONTHS]
    files = {
        "clients": "client_id,joined_on\n" + "".join(f"{i},2015-01-01\n" for i in range(clients)),
        "balances": "client_id,month,category,amount\n" + "".join(f"{i},{m},cash,12000\n" for i, m in rows),
        "revenue": "client_id,month,kind,amount\n"
        + "".join(f"{i},{m},fee,10\n{i},{m},transaction_income,1\n{i},{m},cost_to_serve,-4\n" for i, m in rows),
        **other,
    }
    files = {name: text for name, text in files.items() if text}
    return open_bank(write_bank(folder, files, delay=0, more=more), as_of="2021-12-31")


@pytest.fixture(scope="module")
def demo(demo_bank_small: Path) -> Bank:
    return open_bank(demo_bank_small / "bank.toml", as_of="2026-10-31")


def test_by_hand(tmp_path: Path) -> None:
    loans = "client_id,month,drawn,collateral_value,defaulted_on\n"
    loans += "".join(f"0,{m},1200,400,\n" for m in MONTHS)
    loans += "".join(f"1,{m},1200,0,2021-07-10\n" for m in MONTHS)
    bank = small(tmp_path, loans=loans)
    found = client_margins(bank)
    assert found is not None
    assert set(found.components) == {"fee", "transaction_income", "cost_to_serve", "credit_loss", "capital"}
    last = found.months.count - 1
    # One default is fewer than ten: the settings' one per cent a year, on 800 uncovered and 400 covered.
    assert (found.default_rate, found.defaults) == (0.01, 0)
    loss = -0.01 * (0.40 * 800 + 0.10 * 400)
    losses = found.over("credit_loss", last - 11, last)
    # The other one is charged for the six months before his default, and not after it.
    assert sorted(losses[losses < 0]) == pytest.approx([loss, -0.01 / 12 * 6 * 0.40 * 1200])
    one, nobody = int(losses.argmin()), int(losses.argmax())
    capital = -0.08 * (0.08 * 1200 + 0.15 * 12 * 11)
    assert found.over("capital", last - 11, last)[one] == pytest.approx(capital)
    assert found.value()[one] == pytest.approx(12 * 7 + loss + capital)
    assert found.value()[nobody] == pytest.approx(12 * 7 - 0.08 * 0.15 * 12 * 11)
    assert found.average_assets(last - 11, last)[nobody] == 12000


def test_the_banks_own_rate_of_default_is_taken_once_it_has_seen_enough(tmp_path: Path) -> None:
    gone = ENOUGH_DEFAULTS
    rows = [f"{i},{m},1200,{'2021-01-20' if i < gone else ''}\n" for i in range(30) for m in MONTHS]
    found = client_margins(small(tmp_path, loans="client_id,month,drawn,defaulted_on\n" + "".join(rows)))
    assert found is not None
    performing = 30 * 24 - gone * 12  # the month of default itself is none of them
    assert (found.defaults, found.default_rate) == (gone, pytest.approx(12 * gone / performing))


def test_the_demo_banks_revenue_is_all_there(demo: Bank) -> None:
    found = client_margins(demo)
    assert found is not None
    table = demo.table("revenue")
    for kind in ("fee", "interest_margin", "cost_to_serve"):
        theirs = float(table.filter(table.kind == kind).amount.sum().execute())
        assert found.components[kind].sum() == pytest.approx(theirs, abs=0.005)
    balances = demo.table("balances")
    assert found.assets.sum() == pytest.approx(float(balances.amount.sum().execute()), abs=0.05)
    assert (found.components["credit_loss"] <= 0).all()
    assert (found.components["capital"] <= 0).all()


def test_the_exhibit_adds_up(demo: Bank) -> None:
    answer = value.margin(demo)
    assert isinstance(answer, Answer)
    found = answer.exact
    exact = client_margins(demo)
    assert exact is not None
    assert found.total("now") == pytest.approx(exact.value().sum())
    exhibit = shown(answer, demo)
    assert title(exhibit).startswith("The book brought in CHF ")
    rows = exhibit.tables[0].rows
    assert rows[-1]["now"] == pytest.approx(sum(r["now"] for r in rows[:-1]))
    assert rows[-1]["before"] == pytest.approx(sum(r["before"] for r in rows[:-1]))
    # What is shown of the total is near the truth: each part is within half a unit of its rounding.
    assert rows[-1]["now"] == pytest.approx(exact.value().sum(), rel=0.1)


def test_a_negative_margin_is_told_as_one(tmp_path: Path) -> None:
    rows = [f"{i},{m},fee,1\n{i},{m},cost_to_serve,-4\n" for i in range(40) for m in MONTHS]
    bank = small(tmp_path, revenue="client_id,month,kind,amount\n" + "".join(rows))
    exhibit = shown(value.margin(bank), bank)
    assert "\u2212" in title(exhibit)
    assert exhibit.tables[0].rows[-1]["now"] < 0


def test_without_revenue_value_is_in_assets_and_says_so(tmp_path: Path) -> None:
    bank = small(tmp_path, revenue="")
    found = client_margins(bank)
    assert found is not None
    assert found.basis == "assets"
    assert np.all(found.value() == 12000)
    assert title(shown(value.margin(bank), bank)).startswith("Value is told in assets: CHF 480,000")


def test_without_revenue_and_balances_there_is_none(tmp_path: Path) -> None:
    bank = small(tmp_path, revenue="", balances="")
    assert value.margin(bank) == NotAvailable("value.margin", (("revenue.amount", "balances.amount"),))


def test_a_year_is_needed(tmp_path: Path) -> None:
    rows = [f"{i},{m},fee,1\n" for i in range(40) for m in MONTHS[-5:]]
    bank = small(tmp_path, revenue="client_id,month,kind,amount\n" + "".join(rows))
    assert title(shown(value.margin(bank), bank)) == "What the book brought in cannot be told"


def test_a_client_who_dominates_is_not_readable(tmp_path: Path) -> None:
    rows = [f"{i},{m},fee,{1_000_000 if i == 7 else 10}\n" for i in range(40) for m in MONTHS]
    bank = small(tmp_path, revenue="client_id,month,kind,amount\n" + "".join(rows))
    exhibit = shown(value.margin(bank), bank)
    assert title(exhibit) == "What the book brought in cannot be told: too few clients make up most of it"
    assert all(row["value"] is None for row in exhibit.estimates if row["name"] == "margin")
