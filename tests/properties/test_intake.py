"""Whatever dirt comes in: every row is accounted for, nothing raw is stored, later rows change nothing."""

import tempfile
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from small_bank import settings_of

from insights.data.intake import prepare
from insights.data.snapshot import Bank
from insights.errors import IntakeError

AS_OF = date(2021, 6, 30)
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # shrinking would run the intake hundreds of times
BOUNDED = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)

IDS = st.sampled_from(["", "1", " 1", "2", "3", "\u00e9", "e\u0301", "x'y", 'q"q', "9" * 200])
DATES = st.sampled_from(
    ["", "2020-01-01", "2020-02-30", "2021-05-05", "1700-01-01", "9999-12-31", "soon", "2021-07-01"]
)
AMOUNTS = st.sampled_from(
    ["", "1", "-2.345", "1e13", "abc", "nan", "inf", "99999999999999999999999999999999", "\u22123"]
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters='\r\n"\0'), max_size=12)
CODES = st.sampled_from(["", "inflow", "fee", "Inflow", "gift", "death", "x" * 5000])
CLIENT = st.tuples(
    IDS,
    DATES,
    DATES,
    CODES,
    st.one_of(TEXTS, st.just("call +41 79 123 45 67")),
    DATES,
    st.sampled_from(["yes", "", "no"]),
)
BOOKING = st.tuples(IDS, DATES, CODES, AMOUNTS, TEXTS, DATES, st.sampled_from(["", "true", "perhaps"]))
HEADS = {
    "clients": ["client_id", "joined_on", "left_on", "leave_reason", "interests", "known_on", "agreed"],
    "transactions": ["client_id", "booked_on", "kind", "amount", "channel", "known_on", "withdrawn"],
}
SOUND = ["7", "2019-01-01", "", "", "", "", "yes"]


def csv(head: list[str], rows: list[tuple[str, ...]]) -> str:
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    return "\n".join([",".join(head), *quoted]) + "\n"


def bank_files(clients: list[tuple[str, ...]], bookings: list[tuple[str, ...]], own_ids: bool) -> dict[str, str]:
    head = HEADS["transactions"]
    if own_ids:
        head, bookings = ["transactions_id", *head], [(f"b{i % 3}", *row) for i, row in enumerate(bookings)]
    return {"clients": csv(HEADS["clients"], [tuple(SOUND), *clients]), "transactions": csv(head, bookings)}


OPTIONS = {"clients": 'consent_column = "agreed"\nconsent_values = ["yes"]\nretention_months = 12'}


@BOUNDED
@given(st.lists(CLIENT, max_size=12), st.lists(BOOKING, max_size=12), st.booleans(), st.booleans())
def test_every_row_is_accounted_for(
    clients: list[tuple[str, ...]], bookings: list[tuple[str, ...]], own_ids: bool, unique: bool
) -> None:
    options = OPTIONS | {"transactions": "unique = true" if unique else ""}
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("INSIGHTS_HOME", folder)
        made = prepare(settings_of(Path(folder), bank_files(clients, bookings, own_ids), options=options), as_of=AS_OF)
        delivered = {"clients": len(clients) + 1, "transactions": len(bookings)}
        for table, rows in delivered.items():
            lines = made.ledger[made.ledger["table"] == table].groupby("action")["rows"].sum().to_dict()
            assert lines["in"] == rows
            assert rows == sum(lines.get(action, 0) for action in ("kept", "merged", "quarantined", "withheld"))
            kept = pd.read_parquet(made.path / "tables" / f"{table}.parquet")
            aside = pd.read_parquet(made.path / "quarantine" / f"{table}.parquet")
            assert len(kept) == lines["kept"]
            assert len(aside) == lines.get("quarantined", 0)
            assert aside["rule"].notna().all()
            assert not aside.duplicated(["file", "row"]).any()
            assert "123 45 67" not in kept.to_csv() + aside.to_csv()
        clients_kept = pd.read_parquet(made.path / "tables" / "clients.parquet")
        bookings_kept = pd.read_parquet(made.path / "tables" / "transactions.parquet")
        assert set(bookings_kept["client_id"].dropna()) <= set(clients_kept["client_id"])
        assert clients_kept["joined_on"].notna().all()
        assert bookings_kept["amount"].astype(float).abs().max() <= 1e12 or bookings_kept["amount"].isna().all()


@settings(BOUNDED, max_examples=8)  # two intakes each
@given(st.lists(CLIENT, max_size=8), st.lists(BOOKING, max_size=8), st.data())
def test_rows_after_the_day_change_nothing_of_it(
    clients: list[tuple[str, ...]], bookings: list[tuple[str, ...]], data: st.DataObject
) -> None:
    later = st.sampled_from(["2021-07-01", "2021-09-30"])
    ids = st.sampled_from(["1", "2", "3", "7", "new"])
    more_clients = data.draw(st.lists(st.tuples(ids, later, st.just(""), st.just(""), TEXTS, later, st.just("yes"))))
    more_bookings = data.draw(
        st.lists(st.tuples(ids, later, st.just("fee"), st.just("5"), TEXTS, later, st.sampled_from(["", "true"])))
    )
    found = []
    for extra_clients, extra_bookings in (([], []), (more_clients, more_bookings)):
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            patch.setenv("INSIGHTS_HOME", folder)
            files = bank_files([*clients, *extra_clients], [*bookings, *extra_bookings], own_ids=True)
            bank = settings_of(Path(folder), files)
            with Bank(bank, AS_OF, prepare(bank, as_of=AS_OF)) as opened:
                found.append(opened.canonical_hash())
    assert found[0] == found[1]


@BOUNDED
@given(st.lists(CLIENT, min_size=1, max_size=6))
def test_unusable_clients_are_an_error_that_shows_none_of_them(clients: list[tuple[str, ...]]) -> None:
    hidden = [("SECRET", "never", *row[2:]) for row in clients]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("INSIGHTS_HOME", folder)
        bank = settings_of(Path(folder), {"clients": csv(HEADS["clients"], hidden)})
        with pytest.raises(IntakeError, match="no row can be used") as error:
            prepare(bank, as_of=AS_OF)
        assert "SECRET" not in str(error.value)
        assert not [path for path in bank.processed.glob("*") if path.is_dir()]
