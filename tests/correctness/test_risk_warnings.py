"""What came of the warnings of a year ago: each kind counted exactly, shares from what is told, refusals."""

from pathlib import Path

import pandas as pd
import pytest
from shown import shown
from small_bank import write_bank

from insights.data.snapshot import Bank, open_bank
from insights.models.risk.warned import (
    CAME,
    CREDIT,
    MARKET,
    NOT,
    OPEN,
    PAPERS_DUE,
    PROFILE,
    SUITABILITY,
    Warned,
    warned,
)
from insights.reports.wording import Wording
from insights.topics import risk
from insights.topics.evidence import NotAvailable

N = 120
MONTHS = [f"{y}-{m:02d}-01" for y in range(2017, 2023) for m in range(1, 13)]
REVISED = """
[[risk.revised]]
threshold = "watch_cover"
on = 2022-01-01
before = 0.95
why = "late"

[[risk.revised]]
threshold = "rise"
on = 2023-06-01
before = 2.0
why = "late"

[labels.revision]
late = { en = "warned too late", zh-CN = "预警过晚" }
"""


def files() -> dict[str, str]:
    """Return a bank of 120 clients looked at on the last day of 2021 and of 2022; client k, from 0:

    papers of 0 to 29 fall due in June 2022, and 0 to 9 have no new ones by the end; profiles of 0 to 59 are stale in
    2021: of these 0 to 19 are asked again, 0 to 14 with another answer; 40 to 79 hold products above their tolerance in
    2021, of whom 40 to 54 complain and 40 to 59 hold none of them later, and of the others 80 to 84 complain. Loans of
    0 to 39 are late in 2021 and 0 to 11 default in April 2022, of the others 100 does.
    """
    clients = "client_id,joined_on,risk_tolerance,kyc_expires_on\n"
    history = "client_id,valid_from,risk_tolerance\n"
    held = "client_id,month,product_id,amount\n"
    amounts = "client_id,month,category,amount\n"
    lent = "client_id,month,drawn,collateral_value,days_past_due,defaulted_on\n"
    complaints = "client_id,filed_on\n"
    for k in range(N):
        papers = "2022-06-15" if k < 10 else "2032-06-15" if k < 30 else "2030-01-01"
        clients += f"{k},2015-01-01,2,{papers}\n"
        history += f"{k},{'2016-01-01' if k < 60 else '2021-01-01'},2\n"
        if k < 20:
            history += f"{k},2022-03-01,{3 if k < 15 else 2}\n"
        for month in MONTHS[-14:]:
            above = 40 <= k < 80 and not (k < 60 and month > "2022-06")
            held += f"{k},{month},{'high' if above else 'low'},1000.00\n"
            amounts += f"{k},{month},funds,1000.00\n"
            late = 10 if k < 40 and month <= "2021-12-01" else 0
            default = "2022-04-20" if k < 12 or k == 100 else ""
            lent += f"{k},{month},100.00,1000.00,{late},{default if month >= '2022-04-01' else ''}\n"
        if 40 <= k < 55 or 80 <= k < 85:
            complaints += f"{k},2022-07-01\n"
    products = "product_id,category,risk_rating\nhigh,funds,5\nlow,funds,1\n"
    made = {"clients": clients, "client_history": history, "holdings": held, "balances": amounts, "loans": lent}
    return made | {"products": products, "complaints": complaints}


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    folder = tmp_path_factory.mktemp("warned")
    made = files()
    # What the register of clients said of papers before: the ones of 10 to 29 were renewed in May.
    head, *rest = made["clients"].splitlines()
    older = [
        line.rsplit(",", 1)[0] + (",2022-06-15" if int(line.split(",")[0]) < 30 else ",2030-01-01") for line in rest
    ]
    both = [f"{line},2021-01-01" for line in older] + [f"{line},2022-05-01" for line in rest[10:30]]
    made["clients"] = "\n".join([f"{head},known_on", *both]) + "\n"
    return open_bank(write_bank(folder, made, delay=0, more=REVISED), as_of="2022-12-31")


def test_what_came_is_counted_exactly_kind_by_kind(bank: Bank) -> None:
    found = warned(bank)
    assert isinstance(found, Warned)
    assert found.day.isoformat() == "2021-12-31"
    told = found.rows.groupby(["kind", "warned", "outcome"]).size().to_dict()
    assert told == {
        (PAPERS_DUE, True, CAME): 10,
        (PAPERS_DUE, True, NOT): 20,
        (PROFILE, True, CAME): 15,
        (PROFILE, True, NOT): 5,
        (PROFILE, True, OPEN): 40,
        (PROFILE, False, OPEN): 60,
        (SUITABILITY, True, CAME): 15,
        (SUITABILITY, True, NOT): 25,
        (SUITABILITY, False, CAME): 5,
        (SUITABILITY, False, NOT): 75,
        (CREDIT, True, CAME): 12,
        (CREDIT, True, NOT): 28,
        (CREDIT, False, CAME): 1,
        (CREDIT, False, NOT): 79,
    }
    lead = found.rows[found.rows["outcome"] == CAME].groupby("kind")["lead"].median()
    assert lead[CREDIT] == 4
    assert lead[PAPERS_DUE] == pytest.approx(90 / 30.4375)
    assert lead[SUITABILITY] == pytest.approx(182 / 30.4375)
    # Of 55 to 79, who did not complain, 55 to 59 hold nothing above their tolerance any more.
    assert found.avoided.loc[found.avoided["kind"] == SUITABILITY, "amount"].tolist() == [1000.0] * 5
    assert MARKET not in set(found.rows["kind"])  # no market series


def test_the_page_says_which_warnings_tell_anything_and_why_thresholds_changed(bank: Bank) -> None:
    exhibit = shown(risk.warnings(bank), bank)
    words = Wording("en", bank.settings.labels, currency="CHF")
    # Papers 10 of 30, suitability 15 of 40, loans 12 (told as 10) of 40; of profiles five did not come: withheld.
    assert words.text(exhibit.title).replace("\u00a0", " ") == (
        "Of 110 warnings of 31 December 2021 whose outcome is known, 31.8% came true within a year"
    )
    rows = {(r["name"], r["group"].get("risk")): r for r in exhibit.estimates}
    assert rows["came_true", SUITABILITY]["value"] == pytest.approx(15 / 40)
    table = exhibit.tables[-1]
    told = {words.text(r["what"]): [words.text(r[c]) for c in ("now", "before", "why")] for r in table.rows}
    assert told["Share of the collateral from which a loan is watched"] == ["90.0%", "95.0%", "warned too late"]
    assert told["Rise of complaints and mentions to be found (times)"][2] == "never revised"  # it will be, later


def test_without_tables_or_clients_a_year_ago_nothing_is_told(tmp_path: Path) -> None:
    lean = open_bank(
        write_bank(tmp_path / "lean", {"clients": "client_id,joined_on\n1,2015-01-01\n"}), as_of="2022-12-31"
    )
    answer = risk.warnings(lean)
    assert isinstance(answer, NotAvailable)
    young = "client_id,joined_on,kyc_expires_on\n" + "".join(f"{k},2022-06-01,2030-01-01\n" for k in range(20))
    bank = open_bank(write_bank(tmp_path / "young", {"clients": young}), as_of="2022-12-31")
    assert [r.id for r in shown(risk.warnings(bank), bank).refusals] == [
        "Nobody was a client a year ago, or no risk could be told then."
    ]


def test_few_are_withheld_and_so_is_what_would_give_them_back(bank: Bank) -> None:
    exhibit = shown(risk.warnings(bank), bank)
    suit = [r for r in exhibit.estimates if r["group"].get("risk") == SUITABILITY and r["name"] == "came_unwarned"]
    assert [r["value"] for r in suit] == [None]  # five
    assert not any(r["name"] == "came_without" and r["group"]["risk"] == SUITABILITY for r in exhibit.estimates)
    assert pd.notna([r["value"] for r in exhibit.estimates if r["name"] == "warned"]).sum() > 5
