"""What reading an extract gives: a DuckDB table of texts, and the rows that could not be read."""

import hashlib
from dataclasses import dataclass, field

import duckdb
import pandas as pd

MAX_CELL = 100_000
"""Characters of the longest cell that is kept; a longer one is no value of any column, and its row is set aside."""

FILE, ROW = "_file", "_row"

READING_RULES: dict[str, str] = {
    "wrong_number_of_fields": "the line has more or fewer fields than the header",
    "undecodable_bytes": "the line is not text in the encoding of the file",
    "broken_quoting": "a quoted field does not end where it should",
    "cell_too_long": f"a cell has more than {MAX_CELL:,} characters",
}
"""Why a row could not be read, by the name that the ledger shows, in words."""


@dataclass(frozen=True)
class Problem:
    """One row that could not be read; ``content`` stands for it without showing it."""

    file: str
    row: int
    reason: str
    detail: str
    content: str

    @classmethod
    def of(cls, file: str, row: int, reason: str, detail: str, raw: bytes) -> "Problem":
        """Return the problem with a hash of the row: a row that cannot be read may hold names and numbers anywhere."""
        return cls(file, row, reason, detail, f"sha256:{hashlib.sha256(raw).hexdigest()[:32]} ({len(raw):,} bytes)")


@dataclass(frozen=True)
class ExtractRead:
    """An extract as it was read.

    ``name`` is the DuckDB table: the raw ``columns`` as VARCHAR (empty cells are null), ``_file`` and ``_row``, the
    number of the data row in its file from 1. ``rows`` counts its rows. ``problems`` holds the rows that are not in it:
    file, row, reason (a key of ``READING_RULES``), detail, content (a hash). ``foreign`` lists the rows that only the
    fallback encoding could read, by file and row.
    """

    name: str
    columns: list[str]
    rows: int
    problems: pd.DataFrame = field(repr=False)
    foreign: tuple[tuple[str, int], ...] = field(default=(), repr=False)


def quoted(name: str) -> str:
    """Return the name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return the text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def create_table(connection: duckdb.DuckDBPyConnection, name: str, columns: list[str]) -> None:
    """Create the empty table of an extract, in place of one of that name."""
    fields = [*(f"{quoted(c)} VARCHAR" for c in columns), f"{FILE} VARCHAR", f"{ROW} BIGINT"]
    connection.execute(f"CREATE OR REPLACE TABLE {quoted(name)} ({', '.join(fields)})")


def finished(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: list[str],
    problems: list[Problem],
    foreign: list[tuple[str, int]] | None = None,
) -> ExtractRead:
    """Set rows with cells that are too long aside and return what was read."""
    problems = problems + _take_long_cells(connection, name, columns)
    counted = connection.execute(f"SELECT count(*) FROM {quoted(name)}").fetchall()[0][0]
    fields = list(Problem.__dataclass_fields__)
    frame = pd.DataFrame([[getattr(p, f) for f in fields] for p in problems], columns=fields)
    frame = frame.astype({"row": "int64"}).sort_values(["file", "row"], ignore_index=True)
    return ExtractRead(name, columns, int(counted), frame, tuple(foreign or ()))


def _take_long_cells(connection: duckdb.DuckDBPyConnection, name: str, columns: list[str]) -> list[Problem]:
    if not columns:
        return []
    table = quoted(name)
    longest = f"greatest({', '.join(f'coalesce(strlen({quoted(c)}), 0)' for c in columns)})"  # bytes, never fewer
    suspects = connection.execute(f"SELECT * FROM {table} WHERE {longest} > {MAX_CELL}").fetchall()
    problems = [_long(columns, row) for row in suspects if any(c is not None and len(c) > MAX_CELL for c in row[:-2])]
    for problem in problems:
        connection.execute(f"DELETE FROM {table} WHERE {FILE} = ? AND {ROW} = ?", [problem.file, problem.row])
    return problems


def _long(columns: list[str], row: tuple[str | None, ...]) -> Problem:
    *cells, file, number = row
    longest = max(range(len(cells)), key=lambda i: len(cells[i] or ""))
    detail = f"column {columns[longest]!r} has {len(cells[longest] or ''):,} characters"
    raw = "\x1f".join(cell or "" for cell in cells).encode("utf-8", "surrogatepass")
    return Problem.of(str(file), int(number or 0), "cell_too_long", detail, raw)
