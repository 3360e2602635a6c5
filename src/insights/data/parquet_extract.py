"""Reading Parquet into DuckDB as text."""

from pathlib import Path

import duckdb

from insights.data.extract_read import FILE, ROW, literal, quoted
from insights.data.settings_sources import Source
from insights.errors import SourceError

MAGIC = b"PAR1"


def parquet_columns(connection: duckdb.DuckDBPyConnection, path: Path, shown: str) -> list[str]:
    """Return the column names; raises SourceError if the file is empty, no Parquet file, or not a whole one."""
    size = path.stat().st_size
    if size == 0:
        raise SourceError(f"{shown} is empty", expected="a Parquet file", todo="have the extract delivered again")
    with path.open("rb") as stream:
        start = stream.read(4)
        stream.seek(max(size - 4, 0))
        end = stream.read(4)
    if start != MAGIC:
        raise SourceError(
            f"{shown} is not a Parquet file",
            expected="a file that begins with PAR1",
            todo='correct path, or say format = "csv"',
        )
    if end != MAGIC or size < 12:
        raise _damaged(shown)
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({literal(str(path))})").fetchall()
    except duckdb.Error as error:
        raise _damaged(shown) from error
    return [row[0] for row in described]


def load_parquet(connection: duckdb.DuckDBPyConnection, table: str, path: Path, shown: str, source: Source) -> None:
    """Append the file's rows to the table, as text: see ``as_text``."""
    reader = f"read_parquet({literal(str(path))})"
    columns = ", ".join(as_text(connection, reader, source.nulls))
    try:
        connection.execute(
            f"INSERT INTO {quoted(table)} BY NAME "
            f"SELECT {columns}, {literal(shown)} AS {FILE}, row_number() OVER () AS {ROW} FROM {reader}"
        )
    except duckdb.Error as error:
        raise _damaged(shown) from error


def as_text(connection: duckdb.DuckDBPyConnection, relation: str, nulls: list[str]) -> list[str]:
    """Return the SQL that turns each column of a relation into text under its own name.

    Typed values are written in one way: dates and timestamps at midnight as 2026-10-31, other timestamps as
    2026-10-31 09:30:00, decimals with a point, flags as true and false.
    """
    described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    words = ", ".join(literal(word) for word in ["", *nulls])
    return [
        f"CASE WHEN {text} IN ({words}) THEN NULL ELSE {text} END AS {quoted(name)}"
        for name, kind in ((row[0], str(row[1])) for row in described)
        if name not in (FILE, ROW)
        for text in [_text(quoted(name), kind)]
    ]


def _text(column: str, kind: str) -> str:
    if kind.startswith("TIMESTAMP"):
        plain = f"CAST({column} AS TIMESTAMP)"
        return (
            f"CASE WHEN {plain} = date_trunc('day', {plain}) THEN strftime({plain}, '%Y-%m-%d') "
            f"ELSE CAST({plain} AS VARCHAR) END"
        )
    return column if kind == "VARCHAR" else f"CAST({column} AS VARCHAR)"


def _damaged(shown: str) -> SourceError:
    return SourceError(
        f"{shown} is not a whole Parquet file: it is cut off or damaged",
        expected="a file that ends with PAR1",
        todo="have the extract delivered again",
    )
