"""Parquet extracts, and queries over extracts: text in one way, complete files only, and a locked room."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from desk import BANK, Desk, reasons

from insights.data.extract_read import MAX_CELL
from insights.data.settings_sources import TableSource
from insights.data.sources import ExtractRead, fingerprint_sources, read_extract
from insights.errors import SourceError


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


# --- Parquet ---------------------------------------------------------------------------------------------------------


def test_parquet_values_become_text_in_one_way(desk: Desk) -> None:
    table = pa.table(
        {
            "d": [date(2024, 2, 29), None],
            "t": [datetime(2024, 2, 29), datetime(2024, 2, 29, 9, 30)],
            "m": [Decimal("1234.50"), Decimal("-0.05")],
            "f": [True, False],
            "s": ["", "x"],
            "n": [7, None],
        }
    )
    pq.write_table(table, desk.folder / "x.parquet")
    desk.read(path="x.parquet")
    assert desk.rows() == [
        ("2024-02-29", "2024-02-29", "1234.50", "true", None, "7"),
        (None, "2024-02-29 09:30:00", "-0.05", "false", "x", None),
    ]
    assert desk.rows("_file, _row") == [("x.parquet", 1), ("x.parquet", 2)]


def test_parquet_cell_that_is_too_long(desk: Desk) -> None:
    pq.write_table(pa.table({"s": ["x", "y" * (MAX_CELL + 1)]}), desk.folder / "x.parquet")
    read = desk.read(path="x.parquet")
    assert (desk.rows(), reasons(read)) == ([("x",)], [(2, "cell_too_long")])


@pytest.mark.parametrize("share", [0.001, 0.5, 0.999])
def test_parquet_cut_off(desk: Desk, share: float) -> None:
    pq.write_table(pa.table({"n": list(range(10_000))}), desk.folder / "whole.parquet")
    whole = (desk.folder / "whole.parquet").read_bytes()
    said = desk.refusal(whole[: max(8, int(len(whole) * share))], path="x.parquet")
    assert "x.parquet is not a whole Parquet file" in said


def test_parquet_damaged_in_the_middle(desk: Desk) -> None:
    pq.write_table(pa.table({"s": [str(n) * 3 for n in range(10_000)]}), desk.folder / "whole.parquet")
    whole = bytearray((desk.folder / "whole.parquet").read_bytes())
    whole[4:3000] = bytes(2996)
    assert "cut off or damaged" in desk.refusal(bytes(whole), path="x.parquet")


def test_file_that_is_no_parquet(desk: Desk) -> None:
    assert "x.parquet is not a Parquet file" in desk.refusal(b"a,b\n1,2\n", path="x.parquet")
    assert "x.parquet is empty" in desk.refusal(b"", path="x.parquet")


# --- queries ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def room(desk: Desk) -> Desk:
    desk.put("crm.csv", b"id,day,eur\n2,2024-01-02,5\n1,2024-01-01,7\n1,2024-01-03,\nbroken\n")
    desk.put("names.csv", b"id,who\n1,a\n2,b\n")
    desk.bank = BANK + '[extracts.crm]\npath = "crm.csv"\n[extracts.names]\npath = "names.csv"\n'
    return desk


def ask(desk: Desk, query: str) -> ExtractRead:
    source = TableSource(query=query)
    return read_extract(source, desk.settings, desk.con, "x")


def test_query_over_extracts(room: Desk) -> None:
    read = ask(
        room, "SELECT who, sum(eur::INT) AS total, min(day)::DATE AS first FROM crm JOIN names USING (id) GROUP BY who;"
    )
    assert read.columns == ["who", "total", "first"]
    assert room.rows("*") == [("a", "7", "2024-01-01", "query", 1), ("b", "5", "2024-01-02", "query", 2)]
    assert reasons(read) == [(4, "wrong_number_of_fields")], "what could not be read of an extract is not forgotten"
    assert list(room.settings.processed.iterdir()) == []


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM read_text('{file}') CROSS JOIN crm",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM read_parquet('https://localhost/x.parquet')",
    ],
)
def test_query_reaches_no_file_and_no_network(room: Desk, query: str) -> None:
    with pytest.raises(SourceError, match="reaches for a file or the network"):
        ask(room, query.format(file=room.folder / "names.csv"))


@pytest.mark.parametrize(
    "query",
    [
        "COPY crm TO '{folder}/out.csv'",
        "ATTACH '{folder}/out.db'",
        "INSTALL httpfs",
        "SET lock_configuration = false",
        "SELECT 1 AS a; SELECT 2 AS a",
        "DROP TABLE crm",
        " ",
    ],
)
def test_query_is_a_single_select(room: Desk, query: str) -> None:
    with pytest.raises(SourceError, match="not a single SELECT"):
        ask(room, query.format(folder=room.folder))
    assert not list(room.folder.glob("out*"))


def test_query_sees_no_variable_of_the_program(room: Desk) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        ask(room, "SELECT * FROM named")


def test_query_that_fails_shows_no_value(room: Desk) -> None:
    with pytest.raises(SourceError, match="a value cannot be converted") as caught:
        ask(room, "SELECT id, day::INT AS day FROM crm")
    assert "2024" not in str(caught.value)
    with pytest.raises(SourceError, match="crm, names"):
        ask(room, "SELECT nothing FROM crm")


def test_fingerprint_follows_the_content(room: Desk) -> None:
    room.bank += '[tables.contacts]\nquery = "SELECT 1 AS client_id FROM crm"\n'
    first = fingerprint_sources(room.settings)
    assert list(first) == ["crm.csv", "names.csv"]
    room.put("names.csv", b"id,who\n1,a\n2,c\n")
    second = fingerprint_sources(room.settings)
    assert second["crm.csv"] == first["crm.csv"]
    assert second["names.csv"] != first["names.csv"]
