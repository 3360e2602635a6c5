"""The quality topic on a bank small enough to count by hand."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from small_bank import write_bank

from insights.data.snapshot import Bank, open_bank
from insights.data.tables import TABLES
from insights.topics import quality
from insights.topics.evidence import Answer, NotAvailable

CLIENTS = """client_id,joined_on,left_on,leave_reason,region,household_id
1,2020-02-01,,,North,
2,2020-03-10,2021-03-05,death,,h1
2,2020-03-10,2021-03-05,death,,h1
3,2020-03-31,2019-01-01,,South,
4,someday,,,South,h1
"""
BALANCES = """client_id,month,category,amount
1,2021-01-01,cash,100.50
1,2021-02-01,cash,200.25
1,2021-04-01,cash,300
2,2021-01-01,cash,50
"""
TOTALS = """month,measure,amount
2021-01-01,assets,150.50
2021-02-01,assets,200.26
2021-04-01,assets,1300.00
2021-01-01,clients,2
"""
ADJUSTED = """month,measure,amount,made_by,reason,approved_by
2021-04-01,assets,1000.00,finance,booked a day early,head of finance
"""


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    folder = tmp_path_factory.mktemp("bank")
    config = write_bank(folder, {"clients": CLIENTS, "balances": BALANCES, "control_totals": TOTALS}, delay=20)
    (folder / "raw" / "adjustments.csv").write_text(ADJUSTED, encoding="utf-8")
    return open_bank(config, as_of="2022-01-31")


def cells(answer: Answer | NotAvailable, **where: str) -> dict[Any, Any]:
    """Return {last dimension(s): rows} of the cells with these values."""
    assert isinstance(answer, Answer)
    table = answer.exact
    for column, value in where.items():
        table = table[table[column] == value].drop(columns=column)
    measure = table.pop("rows")
    table = table.drop(columns="amount", errors="ignore")
    keys = table.iloc[:, 0] if table.shape[1] == 1 else table.apply(tuple, axis=1)
    return dict(zip(keys, measure, strict=True))


def test_every_row_that_came_in_is_counted_once(bank: Bank) -> None:
    assert cells(quality.intake(bank), table="clients") == {"kept": 2, "merged": 1, "quarantined": 2}
    assert cells(quality.intake(bank), table="balances") == {"kept": 4}


def test_every_fault_is_named_with_what_was_done(bank: Bank) -> None:
    assert cells(quality.repairs(bank), table="clients") == {
        ("merged", "exact_duplicate"): 1,
        ("quarantined", "exit_before_joining"): 1,
        ("quarantined", "unreadable_date:joined_on"): 1,
    }


def test_a_month_that_did_not_arrive_has_no_cell(bank: Bank) -> None:
    assert cells(quality.coverage(bank), table="balances") == {"2021-01": 2, "2021-02": 1, "2021-04": 1}


def test_an_empty_cell_that_says_something_is_not_missing(bank: Bank) -> None:
    answer = quality.completeness(bank)
    assert isinstance(answer, Answer)
    columns = set(answer.exact.loc[answer.exact["table"] == "clients", "column"])
    assert {"region", "joined_on"} <= columns
    assert not columns & {"left_on", "leave_reason", "left_known_on", "household_id"}
    region = cells(answer, table="clients", column="region")
    assert region == {"missing": 1, "recorded": 1}


def test_rows_of_a_month_are_late_by_the_days_after_its_end(bank: Bank) -> None:
    assert cells(quality.timeliness(bank), table="balances") == {"a month": 4}  # known 20 days after the month's end
    assert cells(quality.timeliness(bank), table="clients") == {"a week": 2}


def test_an_exit_is_late_by_the_days_after_it_and_not_after_joining(tmp_path: Path) -> None:
    files = {
        "clients": "client_id,joined_on,left_on,left_known_on\n1,2015-01-01,2021-03-01,2021-03-02\n"
        "2,2015-01-01,2021-03-01,2021-05-01\n3,2015-01-01,,\n",
        "relationships": "client_id,spell,joined_on,left_on,known_on\n1,1,2015-01-01,,2015-01-01\n"
        "1,1,2015-01-01,2021-03-01,2021-03-02\n2,1,2015-01-01,2021-03-01,2021-05-01\n3,1,2015-01-01,,2015-01-01\n",
    }
    bank = open_bank(write_bank(tmp_path, files), as_of="2022-01-31")
    for table in files:
        assert cells(quality.timeliness(bank), table=table) == {"a week": 2, "a quarter": 1}, table


def test_one_cent_is_a_difference_and_an_approved_adjustment_explains_one(bank: Bank) -> None:
    answer = quality.reconciliation(bank)
    assert isinstance(answer, Answer)
    gaps = answer.exact["gaps"].set_index(["measure", "month"])["agrees"]
    month = pd.Timestamp
    assert gaps.to_dict() == {
        ("assets", month("2021-01-01")): True,
        ("assets", month("2021-02-01")): False,
        ("assets", month("2021-04-01")): True,
        ("clients", month("2021-01-01")): True,
    }
    assert answer.exact["adjustments"]["approved_by"].tolist() == ["head of finance"]


def test_no_amount_leaves_the_reconciliation(bank: Bank) -> None:
    answer = quality.reconciliation(bank)
    assert isinstance(answer, Answer)
    for part in answer.exact.values():
        assert not {"amount", "general_ledger", "delivered", "difference"} & set(part.columns)


def test_without_a_general_ledger_the_reconciliation_says_what_it_needs(tmp_path: Path) -> None:
    bank = open_bank(write_bank(tmp_path, {"clients": CLIENTS}), as_of="2022-01-31")
    answer = quality.reconciliation(bank)
    assert isinstance(answer, NotAvailable)
    assert "control_totals.amount" in answer.needs


def test_the_list_of_rows_set_aside_names_the_rule_and_no_client(bank: Bank) -> None:
    rows = quality.lists(bank)["quarantine"]
    assert sorted(rows["rule"]) == ["exit_before_joining", "unreadable_date:joined_on"]
    assert rows["values"].str.contains("client_id=c_").all()


def test_tables_about_nobody_are_those_without_a_person() -> None:
    assert {"products", "market", "control_totals", "bank_positions", "mentions"} <= quality.ABOUT_NOBODY
    people = {name for name, spec in TABLES.items() if {"client_id", "rm_id", "prospect_id"} & set(spec.names)}
    assert not people & quality.ABOUT_NOBODY


LOOKS = """client_id,joined_on,left_on,leave_reason,region,household_id
1,2019-02-01,2021-11-30,death,North,
2,2019-03-10,2021-12-31,death,North,
3,2019-03-10,2021-12-01,death,North,
4,2019-03-31,2022-01-05,death,South,
5,2019-03-31,,,South,
"""


def test_exits_are_counted_by_month_up_to_the_last_that_is_reported(tmp_path: Path) -> None:
    bank = open_bank(write_bank(tmp_path, {"clients": LOOKS}, delay=5), as_of="2022-01-31")
    answer = quality.exits(bank)
    assert isinstance(answer, Answer)
    counts = dict(answer.exact[["month", "clients"]].to_numpy().tolist())
    # January 2022 is not reported before 5 February: an early count would look like a fall.
    assert min(counts) == "2020-01"  # two years
    assert max(counts) == "2021-12"
    assert {m: n for m, n in counts.items() if n} == {"2021-11": 1, "2021-12": 2}


def test_clients_are_counted_by_the_band_of_all_they_hold(tmp_path: Path) -> None:
    rows = "client_id,month,category,amount\n1,2021-12-01,cash,60000\n1,2021-12-01,funds,40000\n2,2021-12-01,cash,-1\n"
    rows += "3,2021-12-01,cash,99999.99\n3,2021-11-01,cash,5000000\n"
    bank = open_bank(write_bank(tmp_path, {"clients": LOOKS, "balances": rows}), as_of="2022-01-31")
    answer = quality.balances(bank)
    assert isinstance(answer, Answer)
    assert answer.exact[["band", "clients"]].to_numpy().tolist() == [[0, 1], [1, 1], [2, 1]]
    assert answer.facts["edges"][:3] == [-float("inf"), 0, 1e5]


def test_revenue_by_kind_brings_what_the_dominance_rule_needs(tmp_path: Path) -> None:
    rows = "client_id,month,kind,amount\n1,2021-12-01,fee,100.10\n2,2021-12-01,fee,50\n3,2021-12-01,fee,-70\n"
    rows += "1,2021-12-01,cost_to_serve,-30\n1,2021-11-01,fee,9999\n"
    bank = open_bank(write_bank(tmp_path, {"clients": LOOKS, "revenue": rows}), as_of="2022-01-31")
    answer = quality.revenue(bank)
    assert isinstance(answer, Answer)
    fee = answer.exact.set_index("kind").loc["fee"]
    assert fee.to_dict() == pytest.approx(
        {"clients": 3, "amount": 80.10, "absolute": 220.10, "largest": 100.10, "second": 70.0}
    )
    assert answer.exact.set_index("kind").loc["cost_to_serve", "second"] == 0.0


@pytest.mark.parametrize("question", [quality.exits, quality.balances, quality.revenue])
def test_what_a_month_looks_like_needs_its_tables(tmp_path: Path, question: Any) -> None:
    bank = open_bank(write_bank(tmp_path, {"clients": "client_id,joined_on\n1,2020-01-01\n"}), as_of="2022-01-31")
    assert isinstance(question(bank), NotAvailable)
