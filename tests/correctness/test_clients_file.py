"""The file of one client: what the tables say of him now and three months ago, for those who may read it only."""

import stat
from pathlib import Path

import pandas as pd
import pytest

from insights.cli import main
from insights.data.snapshot import Bank, open_bank
from insights.errors import ParameterError, SettingsError
from insights.reports.exhibits.clients.file_words import client_file_in_words
from insights.reports.lists import ON_REQUEST, write_client_file
from insights.reports.wording import Wording
from insights.topics.clients import client_file


@pytest.fixture(scope="module")
def demo(demo_bank_small: Path) -> Bank:
    return open_bank(demo_bank_small / "bank.toml", as_of="2026-10-31")


@pytest.fixture(scope="module")
def someone(demo: Bank) -> str:
    """A client in force for long, with the most complaints."""
    table = demo.table("clients")
    old = set(table.filter(table.left_on.isnull()).execute().query("joined_on < '2024-01-01'")["client_id"])
    counts = demo.table("complaints").execute()["client_id"].value_counts().sort_index(kind="stable")
    return str(counts[counts.index.isin(old)].idxmax())


def test_it_says_what_the_tables_say_now_and_three_months_ago(demo: Bank, someone: str) -> None:
    rows = client_file(demo, someone).set_index("item")
    balances = demo.table("balances")
    own = balances.filter(balances.client_id == someone).execute()
    sums = own.assign(amount=own["amount"].astype(float)).groupby(["month", "category"])["amount"].sum().unstack()
    now, before = pd.Timestamp("2026-10-01"), pd.Timestamp("2026-07-01")
    assert float(rows.loc["assets", "now"]) == pytest.approx(sums.loc[now].sum())
    assert float(rows.loc["assets", "before"]) == pytest.approx(sums.loc[before].sum())
    parts = rows[rows.index.str.startswith("category:")]
    assert parts["now"].astype(float).sum() == pytest.approx(float(rows.loc["assets", "now"]))
    assert parts["before"].astype(float).sum() == pytest.approx(float(rows.loc["assets", "before"]))
    held = demo.table("holdings")
    held = held.filter(held.client_id == someone).join(demo.table("products"), "product_id").execute()
    held["amount"] = held["amount"].astype(float)
    kinds = rows[rows.index.str.startswith("kind:")]
    for column, month in (("now", now), ("before", before)):
        then = held[pd.to_datetime(held["month"]) == month]
        own = then.groupby("category")["amount"].sum()
        told = kinds[column].astype(float).rename(lambda k: k.removeprefix("kind:"))
        assert told[told != 0].to_dict() == pytest.approx(own[own != 0].to_dict())
        green = then[then["green"].fillna(False).astype(bool)]["amount"].sum()
        assert float(rows.loc["green", column]) == pytest.approx(green)
    contacts = demo.table("contacts")
    days = pd.to_datetime(contacts.filter(contacts.client_id == someone).execute()["contacted_on"])
    assert float(rows.loc["contacts", "now"]) == (days > "2026-07-31").sum()
    assert float(rows.loc["contacts", "before"]) == ((days > "2026-04-30") & (days <= "2026-07-31")).sum()
    assert rows.loc["last_contact", "now"] == days.max().date().isoformat()
    clients = demo.table("clients")
    line = clients.filter(clients.client_id == someone).execute().iloc[0]
    assert float(rows.loc["risk_tolerance", "now"]) == line["risk_tolerance"]
    assert rows.loc["occupation", "now"] == line["occupation"]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_it_reads_in_both_languages(demo: Bank, someone: str, language: str) -> None:
    wording = Wording(language, demo.settings.labels, currency="CHF")
    told = client_file_in_words(client_file(demo, someone), demo, wording)
    assert not wording.missing
    assert not told.isna().any(axis=None)
    rows = client_file(demo, someone)
    moved = rows["before"].notna() & (rows["now"] != rows["before"])
    assert ((told.iloc[:, -1] != "") == moved).all()


def test_it_goes_to_those_who_may_read_it_only(
    demo: Bank, someone: str, demo_bank_small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_client_file(someone, demo)
    assert path.name == f"{ON_REQUEST}-{someone}-2026-10-31.csv"
    assert path.parent.name == "client_desk"
    assert stat.S_IMODE(path.stat().st_mode) in (0o600, 0o640)
    assert not stat.S_IMODE(path.parent.stat().st_mode) & stat.S_IROTH
    assert "made" in (demo.settings.state / "audit.jsonl").read_text()
    with pytest.raises(SystemExit) as ended:
        main(["client", someone, "--config", str(demo_bank_small / "bank.toml"), "--as-of", "2026-10-31"])
    assert ended.value.code == 0
    assert str(path) in capsys.readouterr().out
    with pytest.raises(SettingsError, match="no recipient 'data_steward'"):
        write_client_file(someone, demo, "data_steward")
    with pytest.raises(ParameterError, match="no client has this pseudonym"):
        write_client_file("c_nobodynobodynobo", demo)
