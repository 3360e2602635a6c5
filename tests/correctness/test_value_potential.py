"""Potential by hand: who lacks what his peers hold, how much that is, and whether gaps were filled."""

from pathlib import Path

import numpy as np
import pytest
from shown import shown
from small_bank import write_bank

from insights.data.snapshot import Bank, open_bank
from insights.models.value.potential import peer_gaps
from insights.topics import value
from insights.topics.evidence import Answer, NotAvailable

MONTHS = [f"{y}-{m:02}-01" for y in (2020, 2021) for m in range(1, 13)]


def holding(folder: Path) -> Bank:
    """Return 100 young and 100 old clients with 1,000 each: 80 of the young hold 200 in X, 20 of the old do.

    Ten of the young without X buy it in the second year. Everybody holds Y.
    """
    rows, held = [], []
    for i in range(200):
        for t, month in enumerate(MONTHS):
            rows.append(f"{i},{month},cash,1000")
            own = i < 70 or 100 <= i < 120 or (70 <= i < 80 and t >= 12)
            held += [f"{i},{month},X,200"] * own + [f"{i},{month},Y,300"]
    files = {
        "clients": "client_id,joined_on,birth_year\n"
        + "".join(f"{i},2015-01-01,{1995 if i < 100 else 1945}\n" for i in range(200)),
        "balances": "client_id,month,category,amount\n" + "\n".join(rows) + "\n",
        "holdings": "client_id,month,product_id,amount\n" + "\n".join(held) + "\n",
        "revenue": "client_id,month,kind,amount\n" + "".join(f"{i},{m},fee,1\n" for i in range(200) for m in MONTHS),
    }
    return open_bank(write_bank(folder, files, delay=0), as_of="2021-12-31")


@pytest.fixture(scope="module")
def demo(demo_bank_small: Path) -> Bank:
    return open_bank(demo_bank_small / "bank.toml", as_of="2026-10-31")


def test_by_hand(tmp_path: Path) -> None:
    bank = holding(tmp_path)
    now = peer_gaps(bank)
    assert now is not None
    (gaps,) = [now.gap[:, k] for k in range(2) if now.gap[:, k].any()]  # nobody lacks what everybody holds
    assert gaps.sum() == 20  # the young without it; of the old most have none
    assert now.amount.sum() == pytest.approx(20 * 200)
    assert not (now.gap & now.held).any()
    before = peer_gaps(bank, 12)
    assert before is not None
    assert before.gap.sum() == 30
    answer = value.potential(bank)
    assert isinstance(answer, Answer)
    filled = answer.exact["filled"].set_index("measure")["value"]
    assert filled["filled"] == pytest.approx(10 / 30)
    assert filled["others"] == 0
    shown(answer, bank)


def test_of_the_demo_bank(demo: Bank) -> None:
    answer = value.potential(demo)
    assert isinstance(answer, Answer)
    clients = answer.exact["clients"]
    assert set(clients.sum(axis=1)) == {len(peer_gaps(demo).client_id)}  # type: ignore[union-attr]
    filled = answer.exact["filled"].set_index("measure")["value"]
    assert filled["filled"] > filled["others"]
    exhibit = shown(answer, demo)
    counts = [r["value"] for r in exhibit.estimates if r["unit"] == "clients" and r["value"] is not None]
    assert all(np.mod(c, 5) == 0 for c in counts)


def test_holdings_are_needed(tmp_path: Path) -> None:
    rows = "".join(f"{i},{m},fee,1\n" for i in range(40) for m in MONTHS)
    files = {
        "clients": "client_id,joined_on\n" + "".join(f"{i},2015-01-01\n" for i in range(40)),
        "revenue": "client_id,month,kind,amount\n" + rows,
    }
    bank = open_bank(write_bank(tmp_path, files, delay=0), as_of="2021-12-31")
    assert value.potential(bank) == NotAvailable(
        "value.potential", ("holdings.amount", "holdings.month", "balances.amount")
    )
