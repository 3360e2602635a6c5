"""CSV extracts in every state in which banks deliver them: read to the cell, or refused with a message that helps."""

import codecs
import csv
import gzip
import io
import stat
from pathlib import Path
from typing import Any

import duckdb
import pytest
from desk import BANK, Desk, reasons
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from insights.data.csv_lines import records
from insights.data.extract_read import MAX_CELL
from insights.data.settings import load_settings
from insights.data.settings_sources import Source
from insights.data.sources import read_extract


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


# --- cells -----------------------------------------------------------------------------------------------------------


def test_cells_are_kept_as_they_stand_and_empty_ones_are_null(desk: Desk) -> None:
    read = desk.read('a,b\n007,1e5\n"x\ny","q""q"\n,""\n 2024-01-01 ,TRUE\n')
    assert desk.rows() == [("007", "1e5"), ("x\ny", 'q"q'), (None, None), (" 2024-01-01 ", "TRUE")]
    assert desk.rows("_file, _row") == [("x.csv", n) for n in (1, 2, 3, 4)]
    assert (read.columns, read.rows, len(read.problems)) == (["a", "b"], 4, 0)


def test_words_for_nothing_and_other_separators(desk: Desk) -> None:
    desk.read("a;b\nn/a;'x;y'\n", delimiter=";", quote="'", nulls=["n/a"])
    assert desk.rows() == [(None, "x;y")]


def test_header_names_are_stripped_made_up_and_numbered(desk: Desk) -> None:
    assert desk.read(" a ,A,,_row\n1,2,3,4\n").columns == ["a", "A_2", "column_3", "_row_2"]
    assert desk.rows() == [("1", "2", "3", "4")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(desk: Desk, end: str) -> None:
    desk.read(f"a,b{end}1,2{end}{end}3,4{end}")
    assert desk.rows() == [("1", "2"), ("3", "4")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "big5"])
@pytest.mark.parametrize("flaw", ["", "z\n"])
def test_encodings(desk: Desk, encoding: str, flaw: str) -> None:
    """A line with a field missing sends the file the slow way; what is read must not change."""
    mark = codecs.BOM_UTF16_LE if encoding == "utf-16-le" else b""
    read = desk.read(mark + f"地區,b\n上海,1\n北京,2\n{flaw}".encode(encoding), encoding=encoding)
    assert read.columns == ["地區", "b"]
    assert desk.rows() == [("上海", "1"), ("北京", "2")]
    assert reasons(read) == ([(3, "wrong_number_of_fields")] if flaw else [])


def test_compressed_file_is_known_by_its_content(desk: Desk) -> None:
    desk.read(gzip.compress(b"a,b\n1,2\n"), path="x.csv")
    assert desk.rows() == [("1", "2")]


def test_files_of_a_pattern_are_united_in_the_order_of_their_names(desk: Desk) -> None:
    desk.put("m2.csv", b"b,c\n3,4\n")
    desk.put("m1.csv", b"a,b\n1,2\n")
    read = desk.read(path="m*.csv")
    assert read.columns == ["a", "b", "c"]
    assert desk.rows("*") == [("1", "2", None, "m1.csv", 1), (None, "3", "4", "m2.csv", 1)]


def test_raw_file_is_not_changed_and_no_copy_is_left(desk: Desk) -> None:
    data = "a,b\nzürich,2\nx\n".encode("cp1252")
    desk.read(data, encoding="cp1252")
    assert (desk.folder / "x.csv").read_bytes() == data
    assert list(desk.settings.processed.iterdir()) == []
    assert stat.S_IMODE(desk.settings.processed.stat().st_mode) == 0o700


# --- rows that cannot be read ----------------------------------------------------------------------------------------


def test_rows_at_fault_are_set_aside_with_their_reason_and_the_others_are_read(desk: Desk) -> None:
    lines = [b"a,b", b"1,2", b"1,2,3", b"4", b"5,6,", b"\xff,1", b'"5" q,3', b'7,"8', b"9,10", b""]
    read = desk.read(b"\n".join(lines))
    assert desk.rows("a, b, _row") == [("1", "2", 1), ("5", "6", 4), ("9", "10", 8)]
    assert reasons(read) == [
        (2, "wrong_number_of_fields"),
        (3, "wrong_number_of_fields"),
        (5, "undecodable_bytes"),
        (6, "broken_quoting"),
        (7, "broken_quoting"),
    ]
    assert read.problems["detail"][0] == "3 fields instead of 2"


def test_problems_do_not_show_what_stood_in_the_row(desk: Desk) -> None:
    read = desk.read("a,b\nErika Mustermann,1,2\n")
    assert "Mustermann" not in read.problems.to_csv()
    assert read.problems["content"][0].startswith("sha256:")


def test_lines_in_another_encoding_are_read_by_the_fallback(desk: Desk) -> None:
    data = "a,b\nzürich,1\n".encode("cp1252") + "genève,2\n".encode()
    read = desk.read(data, fallback_encoding="cp1252")
    assert desk.rows() == [("zürich", "1"), ("genève", "2")]
    assert read.problems.empty


@pytest.mark.parametrize("quoted", [False, True])
def test_cell_of_ten_million_characters(desk: Desk, quoted: bool) -> None:
    cell = '"' + "zz\n" * 333_333 + "z" * 9_000_001 + '"' if quoted else "z" * 10_000_000
    read = desk.read(f"a,b\n1,2\n3,{cell}\n5,6\n")
    assert desk.rows("a, b, _row") == [("1", "2", 1), ("5", "6", 3)]
    assert reasons(read) == [(2, "cell_too_long")]
    assert read.problems["detail"][0] == "column 'b' has 10,000,000 characters"
    assert len(read.problems.to_csv()) < 500


@pytest.mark.parametrize(("length", "kept"), [(MAX_CELL, 1), (MAX_CELL + 1, 0)])
@pytest.mark.parametrize("letter", ["z", "中"])
def test_longest_cell(desk: Desk, length: int, kept: int, letter: str) -> None:
    read = desk.read(f"a,b\n1,{letter * length}\n")
    assert (read.rows, len(read.problems)) == (kept, 1 - kept)


def test_unclosed_quote_costs_one_line_of_a_large_file(desk: Desk) -> None:
    lines = [f"{n},x" for n in range(50_000)]
    lines[7] = '7,"x'
    read = desk.read("a,b\n" + "\n".join(lines) + "\n")
    assert read.rows == 49_999
    assert reasons(read) == [(8, "broken_quoting")]


def test_engine_and_lines_agree_on_a_large_file_with_line_breaks_in_cells(desk: Desk) -> None:
    """Large enough that the engine reads it in several blocks."""
    cells = [(str(n), "line\nbreak" * 20 if n % 7 == 0 else "plain " * 30) for n in range(60_000)]
    text = io.StringIO()
    csv.writer(text).writerows([("a", "b"), *cells])
    read = desk.read(text.getvalue())
    assert (read.rows, len(read.problems)) == (60_000, 0)
    assert desk.rows("a, b, _row") == [(a, b, n) for n, (a, b) in enumerate(cells, start=1)]


CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\x00"), max_size=6)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(CELLS, CELLS), max_size=6), style=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_what_a_writer_wrote_is_read_both_ways(tmp_path: Path, rows: list[tuple[str, str]], style: Any) -> None:
    desk = Desk(tmp_path)
    text = io.StringIO()
    csv.writer(text, quoting=style).writerows([("k", "b", "c"), *(("k", *row) for row in rows)])
    expected = [("k", *(cell or None for cell in row)) for row in rows]
    read = desk.read(text.getvalue())
    assert desk.rows() == expected
    assert read.problems.empty
    slowly = list(records(desk.folder / "x.csv", "x.csv", Source(path="x.csv"), 3, []))
    assert [tuple(record.cells) for record in slowly] == expected


# --- files that cannot be used ---------------------------------------------------------------------------------------


def test_missing_file_is_answered_with_the_nearest_name(desk: Desk) -> None:
    desk.put("clients.csv", b"a,b\n1,2\n")
    said = desk.refusal(path="client.csv")
    assert "no file client.csv" in said
    assert "did you mean clients.csv?" in said
    assert "no file m*.csv" in desk.refusal(path="m*.csv")


def test_missing_raw_folder(desk: Desk) -> None:
    desk.bank = BANK.replace('raw = "."', 'raw = "nowhere"')
    assert "there is no raw folder" in desk.refusal(path="x.csv")


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)])
def test_empty_file(desk: Desk, data: bytes) -> None:
    assert "x.csv is empty" in desk.refusal(data)


def test_header_without_rows_is_an_empty_table(desk: Desk) -> None:
    assert desk.read("a,b\n").rows == 0


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"a,b\n1,\x00\x01\x02\n", "it holds zero bytes"),
        (b"PK\x03\x04rest", "an Excel workbook"),
        (b"%PDF-1.7 text", "a PDF document"),
        (b"PAR1 and so on", "a Parquet file"),
    ],
)
def test_binary_file(desk: Desk, data: bytes, what: str) -> None:
    said = desk.refusal(data)
    assert "x.csv is a binary file" in said
    assert what in said


@pytest.mark.parametrize(
    ("data", "stated", "working"),
    [
        ("姓名,b\n张三,2\n李四,3\n".encode("gb18030"), "utf-8", "gb18030"),
        ("ort,b\nZürich,2\nGenève,3\n".encode("cp1252"), "utf-8", "cp1252"),
        ("a,b\nZürich,2\n".encode("utf-16"), "utf-8", "utf-16"),
        (("a,b\n" + "张三李四,2\n" * 5).encode(), "gb18030", "utf-8"),
        (("a,b\n" + "Zürich,2\n" * 20).encode(), "cp1252", "utf-8"),
    ],
)
def test_wrong_encoding_names_one_that_works(desk: Desk, data: bytes, stated: str, working: str) -> None:
    said = desk.refusal(data, encoding=stated)
    assert f"x.csv is not text in {stated}" in said
    assert working in said.splitlines()[1]


def test_wrong_delimiter_names_the_right_one(desk: Desk) -> None:
    said = desk.refusal("a;b;c\n1;2;3\n")
    assert "a single column" in said
    assert 'delimiter = ";"' in said


@pytest.mark.parametrize("share", [0.2, 0.5, 0.99])
def test_compressed_file_cut_off(desk: Desk, share: float) -> None:
    whole = gzip.compress("".join(f"{n},{n * 7919 % 1009}\n" for n in range(20_000)).encode())
    assert "x.csv cannot be read to its end" in desk.refusal(whole[: int(len(whole) * share)])


# --- real data -------------------------------------------------------------------------------------------------------


def test_real_policies_are_read_whole(shared: Path, tmp_path: Path) -> None:
    config = Path(__file__).parents[2] / "examples/eu_savings/bank.toml"
    bank = load_settings(config, raw=shared / "data/eu_savings")
    con = duckdb.connect()
    source = bank.tables["clients"]
    read = read_extract(source, bank, con, "clients")
    assert (read.rows, len(read.columns), len(read.problems)) == (21_921, 30, 0)
    assert set(source.columns.values()) <= set(read.columns)
    counts = con.execute('SELECT "lapse.reason", count(*) FROM clients GROUP BY ALL ORDER BY ALL').fetchall()
    assert counts == [("Claim", 195), ("In force", 13_880), ("Surrender", 7_846)]
    codes = source.codes["leave_reason"]
    assert set(codes) | set(source.null_when["leave_reason"].equals) == {reason for reason, _ in counts}
