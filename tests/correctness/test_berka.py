"""A real Czech bank through the mapping of the examples: people, money, cards, loans, and the dirt in the ledger."""

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from shown import shown, title

from insights.data.pseudonyms import Key
from insights.data.snapshot import Bank, open_bank
from insights.topics import clients, quality
from insights.topics.evidence import Answer

CONFIG = Path(__file__).parents[2] / "examples" / "berka" / "bank.toml"


@pytest.fixture(scope="module")
def raw(shared: Path) -> Path:
    return shared / "data" / "berka"


@pytest.fixture(scope="module")
def bank(raw: Path) -> Bank:
    return open_bank(CONFIG, as_of="1998-12-31", raw=raw)


def read(raw: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(raw / name, sep=";", dtype=str, keep_default_na=False)


def hidden(bank: Bank, client_id: pd.Series) -> list[str]:
    return list(Key.load(bank.settings).pseudonyms("client", client_id))


def ledger(bank: Bank, table: str) -> dict[str, int]:
    lines = bank.ledger[bank.ledger["table"] == table]
    return dict(zip(lines["rule"], lines["rows"].astype(int), strict=True))


def test_every_client_has_his_sex_year_of_birth_region_and_account(bank: Bank, raw: Path) -> None:
    people = (
        read(raw, "client.asc")
        .merge(read(raw, "disp.asc"), on="client_id")
        .merge(read(raw, "account.asc"), on="account_id", suffixes=("", "_account"))
    )
    people = people.merge(read(raw, "district.asc"), left_on="district_id", right_on="A1")
    month = people["birth_number"].str[2:4].astype(int)
    woman = month > 50
    born = pd.to_datetime(
        "19"
        + people["birth_number"].str[:2]
        + (month - 50 * woman).map("{:02d}".format)
        + people["birth_number"].str[4:]
    )
    right = pd.DataFrame(
        {
            "gender": woman.map({True: "female", False: "male"}).to_numpy(),
            "birth_year": born.dt.year.to_numpy(),
            "region": people["A3"].to_numpy(),
            "joined_on": pd.to_datetime("19" + people["date"]).to_numpy(),
        },
        index=hidden(bank, people["client_id"]),
    )
    found = bank.table("clients").execute().set_index("client_id").loc[right.index]
    assert len(right) == 5_369
    assert int(woman.sum()) == 2_645
    assert (found["gender"] == right["gender"]).all()
    assert (found["birth_year"].astype(int) == right["birth_year"]).all()
    assert (found["region"] == right["region"]).all()
    assert (pd.to_datetime(found["joined_on"]) == right["joined_on"]).all()
    alone = people.groupby("account_id")["client_id"].transform("size") == 1
    assert (found["household_id"].isna().to_numpy() == alone.to_numpy()).all()


def test_question_marks_and_blank_codes_stand_in_the_ledger(bank: Bank, raw: Path) -> None:
    places = read(raw, "district.asc")
    odd = places[(places["A12"] == "?") | (places["A15"] == "?")]["A1"]
    there = int(read(raw, "client.asc")["district_id"].isin(odd).sum())
    assert there == 61
    history = ledger(bank, "client_history")
    assert history["unreadable_number:own_unemployment"] == there
    assert history["unreadable_number:own_crimes"] == there
    bookings = read(raw, "trans_partial.asc.gz")
    blank = bookings["k_symbol"].str.strip() == ""
    assert ledger(bank, "transactions")["value_missing:product_id"] == int(blank.sum()) == 27_874


def test_bookings_are_the_files_to_the_cent_and_balances_follow_them(bank: Bank, raw: Path) -> None:
    bookings = read(raw, "trans_partial.asc.gz")
    signed = bookings["amount"].map(Decimal) * bookings["type"].map({"PRIJEM": 1}).fillna(-1).astype(int)
    kept = bank.table("transactions").execute()
    assert len(kept) == len(bookings) == 49_102
    assert kept["amount"].sum() == signed.sum()
    held = bank.table("balances").execute().groupby("month")["amount"].agg(["sum", "size"]).astype(float)
    # The file rounds interest, so that its own balances are not the sums of its bookings to the cent; and it stops
    # within its last day: 28 accounts lack the interest of that day.
    by = signed.groupby(bookings["date"].str[:4]).sum().cumsum().astype(float)
    ratio = held["sum"].to_numpy() / by.to_numpy()
    assert len(ratio) == 15
    assert abs(ratio[:-1] - 1).max() < 1e-5
    assert 0 < ratio[-1] - 1 < 2e-4
    assert held["size"].iloc[-1] == bookings["account_id"].nunique()


def test_cards_loans_and_standing_orders_belong_to_their_clients(bank: Bank, raw: Path) -> None:
    rights = read(raw, "disp.asc")
    cards = read(raw, "card.asc").merge(rights, on="disp_id", suffixes=("", "_right"))
    used = bank.table("services").execute()
    assert sorted(zip(used["client_id"], used["service"], strict=True)) == sorted(
        zip(hidden(bank, cards["client_id"]), "card_" + cards["type"], strict=True)
    )
    owner = rights[rights["type"] == "OWNER"].set_index("account_id")["client_id"]
    lent = read(raw, "loan.asc")
    lent["client"] = hidden(bank, lent["account_id"].map(owner))
    rows = bank.table("loans").execute()
    first = rows.sort_values("month").groupby("client_id")["drawn"].first()
    assert len(first) == len(lent) == 682
    assert (first[lent["client"]].astype(float).to_numpy() == lent["amount"].astype(float)).all()
    done = lent[lent["status"] == "A"]["client"]
    final = rows.sort_values("month").groupby("client_id").last()
    assert (final.loc[done, "drawn"].astype(float) < 1).all()
    bad = set(lent[lent["status"].isin(["B", "D"])]["client"])
    assert set(final.index[final["defaulted_on"].notna()]) == bad
    orders = read(raw, "order.asc")
    told = bank.table("clients").execute().set_index("client_id")
    assert int(told["own_orders"].sum()) == len(orders) == 6_471
    assert int(told["own_orders_without_purpose"].sum()) == int((orders["k_symbol"].str.strip() == "").sum()) == 1_379


def test_both_reports_come_out_and_say_nothing_of_leavers_that_the_file_does_not_have(bank: Bank) -> None:
    for module, helpers in ((quality, {"lists"}), (clients, {"client_file", "lists"})):
        for name in sorted(n for n in module.__all__ if n.islower() and n not in helpers):
            answer = getattr(module, name)(bank)
            exhibit = shown(answer, bank)
            assert title(exhibit)
            assert not [e for e in exhibit.estimates if "left" in e["name"] or "leaving" in e["name"]]
            if isinstance(answer, Answer) and answer.kind == "clients.portraits":
                ages = [e for e in exhibit.estimates if e["group"].get("attribute") == "age"]
                assert ages
                assert all(e["value"] is not None for e in ages)
