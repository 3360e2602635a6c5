"""The as-of rule: what was not known yet is not there, whatever is delivered later."""

from datetime import date
from pathlib import Path

import duckdb
import ibis
import pandas as pd
import pytest
from small_bank import write_bank

from insights.data.controls import adjustments, reconcile
from insights.data.settings_sources import TableSource
from insights.data.snapshot import Bank, open_bank
from insights.data.tables import TABLES
from insights.data.typing_sql import typed
from insights.errors import SnapshotError, SourceError

# Every canonical table, with rows that were known by 2021-06-30.
KNOWN = {
    "clients": "client_id,joined_on,left_on,left_known_on,leave_reason,region,rm_id\n"
    "1,2019-03-01,,,,north,m1\n2,2020-05-01,2021-02-10,2021-03-01,competitor,south,m1\n"
    "3,2020-05-01,2021-06-20,2021-09-01,death,south,m2\n",
    "client_history": "client_id,valid_from,region\n1,2019-03-01,east\n1,2021-01-01,west\n",
    "relationships": "client_id,spell,joined_on,left_on,leave_reason\n"
    "1,1,2019-03-01,2020-01-05,other\n1,2,2020-06-01,,\n",
    "managers": "rm_id,started_on,branch\nm1,2010-01-01,old town\n",
    "prospects": "prospect_id,aware_on,considered_on,decided_on,client_id\np1,2019-01-05,2019-02-01,2019-03-01,1\n",
    "balances": "client_id,month,category,amount\n1,2021-05-31,cash,100.00\n2,2020-06-30,cash,50.00\n",
    "holdings": "client_id,month,product_id,amount\n1,2021-05-31,fund,70\n",
    "bank_positions": "month,item,amount\n2021-05-31,capital,1000\n",
    "transactions": "client_id,booked_on,kind,amount,label,labelled_on\n1,2021-05-03,inflow,100,fraud,2021-06-01\n",
    "revenue": "client_id,month,kind,amount\n1,2021-05-31,fee,3.5\n",
    "products": "product_id,category\nfund,funds\n",
    "contacts": "client_id,contacted_on,channel,contacted_at,opened_at\n"
    "1,2021-06-30,phone,2021-06-30,2021-07-02\n1,2021-06-29,phone,2021-06-29,2021-06-30\n",
    "notes": "client_id,noted_on,topic\n1,2021-05-05,pension\n",
    "complaints": "client_id,filed_on,topic,settled_on\n1,2021-06-05,fees,2021-07-05\n",
    "surveys": "client_id,invited_on,answered_on,item_a\n1,2021-05-05,2021-05-09,7\n2,2021-06-05,2021-07-09,3\n",
    "programmes": "programme,client_id,rm_id,started_on\nx,1,,2021-01-01\ny,,m1,2021-01-01\n",
    "offers": "client_id,offered_on,product_id,answered_on,answer\n1,2021-05-05,fund,2021-07-01,accepted\n",
    "events": "client_id,held_on,kind\n1,2021-05-05,concert\n",
    "services": "client_id,used_on,service\n1,2021-05-05,lounge\n",
    "behaviour": "client_id,day,place,action,count\n1,2021-05-05,web,login,3\n",
    "requests": "request_id,kind,step,opened_on,closed_on,client_id\nr1,card,form,2021-05-05,2021-05-06,1\n",
    "source_costs": "month,acquisition_source,amount\n2021-05-31,web,100\n",
    "control_totals": "month,measure,amount\n2021-05-31,assets,150\n2021-05-31,clients,2\n2021-05-31,revenue,3.5\n",
    "access": "accessed_on,rm_id,client_id\n2021-05-05,m1,1\n",
    "loans": "client_id,month,drawn,defaulted_on\n1,2021-05-31,10,\n",
    "incidents": "occurred_on,kind,reported_on,loss\n2021-05-05,theft,2021-06-05,10\n",
    "mentions": "day,channel,positive\n2021-05-05,press,3\n",
    "market": "month,series,value,published_on\n2021-05-31,fx_usd,0.9,2021-06-02\n2021-05-31,rate,1.5,2021-06-02\n",
}
# Rows dated or known after 2021-06-30: new ones, and others about what is already there.
LATER = {
    "clients": "4,2021-07-01,,,,north,m1\n1,2021-08-01,,,,north,m9\n",
    "client_history": "1,2021-07-01,moon\n4,2021-07-02,moon\n",
    "relationships": "1,3,2021-08-01,,\n1,1,2021-08-05,,\n",
    "managers": "m2,2021-07-05,new town\nm1,2021-07-05,new town\n",
    "prospects": "p2,2021-07-05,2021-07-06,2021-07-07,4\np1,2021-08-01,,,\n",
    "balances": "1,2021-06-30,cash,200\n1,2021-07-31,cash,300\n4,2021-07-31,cash,1\n",
    "holdings": "1,2021-06-30,fund,80\n",
    "bank_positions": "2021-07-31,capital,2000\n",
    "transactions": "1,2021-07-03,outflow,-9,,\n4,2021-05-03,inflow,9,,\n",
    "revenue": "1,2021-07-31,fee,9\n",
    "products": "",
    "contacts": "1,2021-07-01,mail,2021-07-01,\n4,2021-05-01,mail,2021-05-01,\n",
    "notes": "1,2021-07-01,pension\n",
    "complaints": "1,2021-07-01,fees,\n",
    "surveys": "1,2021-07-05,2021-07-09,9\n",
    "programmes": "x,4,,2021-01-01\nx,1,,2021-07-01\n",
    "offers": "1,2021-07-05,fund,,\n",
    "events": "1,2021-07-05,concert\n",
    "services": "1,2021-07-05,lounge\n",
    "behaviour": "1,2021-07-05,web,login,3\n",
    "requests": "r2,card,form,2021-07-05,,1\n",
    "source_costs": "2021-07-31,web,100\n",
    "control_totals": "2021-07-31,assets,10\n",
    "access": "2021-07-05,m1,1\n",
    "loans": "1,2021-07-31,99,2021-07-15\n",
    "incidents": "2021-05-06,fraud,2021-07-05,10\n2021-07-05,fraud,2021-07-05,10\n",
    "mentions": "2021-07-05,press,3\n",
    "market": "2021-05-31,fx_usd,0.8,2021-07-02\n2021-06-30,fx_usd,0.7,2021-07-02\n2021-05-31,later,1,2021-07-02\n",
}
AS_OF = "2021-06-30"
ITEMS = {"surveys": 'items = ["item_a"]'}


def opened(folder: Path, files: dict[str, str], as_of: str = AS_OF, **more: object) -> Bank:
    return open_bank(write_bank(folder, files, options=ITEMS, **more), as_of=as_of)  # type: ignore[arg-type]


def shown(bank: Bank, table: str) -> list[list[str]]:
    frame = bank.table(table).execute().drop(columns=f"{table}_id", errors="ignore")
    return sorted(frame.astype(object).where(frame.notna(), "").astype(str).to_numpy().tolist())


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    return opened(tmp_path_factory.mktemp("bank"), KNOWN)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    return opened(tmp_path_factory.mktemp("planted"), {name: text + LATER[name] for name, text in KNOWN.items()})


@pytest.mark.parametrize("table", TABLES)
def test_planted_rows_change_no_table(bank: Bank, planted: Bank, table: str) -> None:
    assert shown(bank, table)
    assert shown(planted, table) == shown(bank, table)


def test_planted_rows_change_no_hash_and_are_there_later(bank: Bank, planted: Bank, tmp_path: Path) -> None:
    assert set(KNOWN) == set(LATER) == set(TABLES)
    assert planted.canonical_hash() == bank.canonical_hash()
    later = open_bank(planted.settings.path, as_of="2021-12-31")
    changed = [name for name in TABLES if shown(later, name) != shown(bank, name)]
    assert set(changed) == set(TABLES) - {"products"}
    assert later.canonical_hash() != bank.canonical_hash()


def test_hash_does_not_depend_on_the_order_of_rows_but_on_every_value(bank: Bank, tmp_path: Path) -> None:
    turned = {}
    for name, text in KNOWN.items():
        head, *rows = text.splitlines()
        turned[name] = "\n".join([head, *reversed(rows)]) + "\n"
    assert opened(tmp_path / "turned", turned).canonical_hash() == bank.canonical_hash()
    other = KNOWN | {"balances": KNOWN["balances"].replace("100.00", "100.01")}
    assert opened(tmp_path / "other", other).canonical_hash() != bank.canonical_hash()


def test_exit_is_not_known_before_the_bank_learns_of_it(bank: Bank) -> None:
    known = {as_of: open_bank(bank.settings.path, as_of=as_of) for as_of in ("2021-02-28", AS_OF, "2021-09-01")}
    left = {as_of: sorted(b.table("clients").execute()["left_on"].dropna().astype(str)) for as_of, b in known.items()}
    assert left == {"2021-02-28": [], AS_OF: ["2021-02-10"], "2021-09-01": ["2021-02-10", "2021-06-20"]}
    assert not known["2021-02-28"].has("clients", "leave_reason")
    assert known[AS_OF].has("clients", "leave_reason")


def test_notice_given_for_a_later_day_is_no_exit(tmp_path: Path) -> None:
    files = {
        "clients": "client_id,joined_on,left_on,left_known_on,leave_reason\n1,2020-01-01,2021-12-31,2021-06-01,bank\n"
    }
    client = opened(tmp_path, files).table("clients").execute().iloc[0]
    assert pd.isna(client["left_on"])
    assert pd.isna(client["leave_reason"])


def test_what_a_later_date_reveals_is_empty(bank: Bank) -> None:
    complaints, offers = bank.table("complaints").execute(), bank.table("offers").execute()
    assert complaints["settled_on"].isna().all()
    assert offers["answer"].isna().all()
    assert bank.table("surveys").execute()["item_a"].dropna().tolist() == [7]
    assert bank.table("transactions").execute()["label"].tolist() == ["fraud"]
    assert bank.table("contacts").execute()["opened_at"].notna().sum() == 1


def test_month_tables_are_known_after_the_reporting_delay(bank: Bank) -> None:
    before, after = (open_bank(bank.settings.path, as_of=day) for day in ("2021-06-04", "2021-06-05"))
    assert len(before.table("balances").execute()) == 1
    assert len(after.table("balances").execute()) == 2


def test_attributes_are_those_of_the_day(bank: Bank) -> None:
    earlier = open_bank(bank.settings.path, as_of="2020-12-31")
    assert set(earlier.table("clients").execute()["region"]) == {"east", "south"}
    assert set(bank.table("clients").execute()["region"]) == {"west", "south"}


def test_latest_known_version_wins_and_withdrawn_rows_go(tmp_path: Path) -> None:
    row = "b1,1,2021-01-05,inflow,"
    rows = f"{row}5,2021-01-05,\n{row}6,2021-02-01,\n{row}6,2021-03-01,1\n"
    files = {
        "clients": KNOWN["clients"],
        "transactions": "transactions_id,client_id,booked_on,kind,amount,known_on,withdrawn\n" + rows,
    }
    amounts = {}
    for as_of in ("2021-01-04", "2021-01-31", "2021-02-28", "2021-03-31"):
        amounts[as_of] = opened(tmp_path, files, as_of).table("transactions").execute()["amount"].astype(float).tolist()
    assert amounts == {"2021-01-04": [], "2021-01-31": [5], "2021-02-28": [6], "2021-03-31": []}


def test_as_of_is_the_end_of_the_day_in_the_banks_zone() -> None:
    # bank.toml cannot name a format with an offset yet, so the expression is tested by itself.
    source = TableSource.model_construct(dates=["%Y-%m-%dT%H:%M:%S%z"], codes={})
    day = typed(TABLES["contacts"].column("contacted_on"), "t", source)  # type: ignore[arg-type]
    found = {}
    for zone in ("Europe/Zurich", "UTC", "Asia/Shanghai"):
        con = duckdb.connect()
        con.execute(f"SET TimeZone = '{zone}'")
        found[zone] = con.execute(f"SELECT {day} FROM (SELECT '2021-06-30T22:30:00+0000' AS t)").fetchall()[0][0]
    assert found == {"Europe/Zurich": date(2021, 7, 1), "UTC": date(2021, 6, 30), "Asia/Shanghai": date(2021, 7, 1)}


def test_what_the_bank_does_not_deliver_is_not_there(tmp_path: Path) -> None:
    bank = opened(tmp_path, {"clients": "client_id,joined_on,gender\n1,2020-01-01,\n", "products": KNOWN["products"]})
    assert bank.tables_present == ("clients", "products")
    assert "left_on" not in bank.table("clients").columns
    assert not bank.has("clients", "gender")
    assert not bank.has("surveys", "answered_on")
    needs = bank.needs("clients.joined_on", "clients.gender", "surveys.answered_on", "balances", "products")
    assert needs == ("clients.gender", "surveys.answered_on", "balances")
    with pytest.raises(SnapshotError, match="delivers no table 'balances'"):
        bank.table("balances")
    with pytest.raises(SnapshotError, match="there is no table 'balance'"):
        bank.table("balance")
    assert "clients, products" in repr(bank)


@pytest.mark.parametrize("as_of", ["2021-02-30", "yesterday", ""])
def test_impossible_day(tmp_path: Path, as_of: str) -> None:
    with pytest.raises(SnapshotError, match="is not a day"):
        opened(tmp_path, KNOWN, as_of)


def test_closed_bank_gives_nothing_more(tmp_path: Path) -> None:
    with opened(tmp_path, {"clients": KNOWN["clients"]}) as bank:
        clients = bank.table("clients")
        assert len(clients.execute()) == 3
    with pytest.raises(Exception, match=r"(?i)closed"):
        clients.execute()


def test_durations_follow_the_banks_clock(tmp_path: Path) -> None:
    files = {"clients": KNOWN["clients"]}
    for clock, expected in (("months", 27.0), ("days", 852 / 30.4375)):
        bank = opened(tmp_path / clock, files, clock=clock)
        clients = bank.table("clients").order_by("joined_on")
        months = clients.mutate(m=bank.duration_months(clients.joined_on, clients.joined_on.max()))
        years = bank.duration_months(clients.joined_on, ibis.literal(date(2021, 6, 30)))
        assert months.m.min().execute() == 0
        assert clients.mutate(m=years).m.max().execute() == expected


def test_reconciliation_with_the_general_ledger(bank: Bank, tmp_path: Path) -> None:
    table = reconcile(bank).set_index("measure")
    assert table.loc["assets", ["general_ledger", "delivered", "difference"]].tolist() == [150, 100, 50]
    assert table.loc["clients", "delivered"] == 2
    assert table.loc["revenue", "difference"] == 0
    explained = opened(tmp_path, KNOWN)
    explained.settings.raw.joinpath("adjustments.csv").write_text(
        "month,measure,amount,made_by,reason,approved_by\n2021-05-01,assets,50.00,finance,late,head\n"
        "2021-08-01,assets,1.00,finance,later,head\n"
    )
    assert reconcile(explained).set_index("measure").loc["assets", "difference"] == 0
    assert adjustments(explained)["reason"].tolist() == ["late"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("month,measure,amount,made_by,reason\n", "no column 'approved_by'"),
        ("month,measure,amount,made_by,reason,approved_by\n2021-05-01,assets,1,a,b,\n", "line 1 has no approved_by"),
        ("month,measure,amount,made_by,reason,approved_by\n2021-05-01,asset,1,a,b,c\n", "unknown measure"),
        ("month,measure,amount,made_by,reason,approved_by\nMay,assets,1,a,b,c\n", "unreadable month or amount"),
    ],
)
def test_adjustments_must_be_complete(tmp_path: Path, text: str, why: str) -> None:
    bank = opened(tmp_path, KNOWN)
    bank.settings.raw.joinpath("adjustments.csv").write_text(text)
    with pytest.raises(SourceError, match=why):
        adjustments(bank)


def test_an_open_bank_spills_only_into_a_folder_of_its_own_that_goes_when_it_is_closed(tmp_path: Path) -> None:
    bank = open_bank(write_bank(tmp_path, {"clients": KNOWN["clients"]}), as_of="2021-06-30")
    place = Path(bank.con.raw_sql("SELECT current_setting('temp_directory')").fetchall()[0][0])
    assert place.parent == bank.processed.path.parent
    assert place.is_dir()
    assert place.stat().st_mode & 0o077 == 0
    bank.close()
    assert not place.exists()
