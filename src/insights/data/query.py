"""Queries of the settings over named extracts, in a locked room: no files, no network, no change of its locks."""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import cast

import duckdb
import pandas as pd
import pyarrow as pa

from insights.data.engine import limits
from insights.data.extract_read import FILE, ROW, ExtractRead, finished, quoted
from insights.data.parquet_extract import as_text
from insights.data.settings import Settings
from insights.data.settings_sources import Source
from insights.errors import SourceError

LOCKS = (
    "SET python_enable_replacements = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)

Reader = Callable[[Source, Settings, duckdb.DuckDBPyConnection, str], ExtractRead]


def run_query(
    query: str, settings: Settings, connection: duckdb.DuckDBPyConnection, name: str, read: Reader
) -> ExtractRead:
    """Run a query of the settings over the extracts it names and put the result into the table ``name``.

    The extracts are read by ``read`` into a DuckDB database of its own, which is locked before the query runs. The rows
    of the result are put in order, so that the same extracts give the same rows. Raises SourceError if the query is not
    a single SELECT, fails, or reaches for anything but the extracts.
    """
    settings.processed.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".query-", dir=settings.processed) as folder:
        room = duckdb.connect(str(Path(folder) / "room.duckdb"))
        try:
            for limit in limits(Path(folder) / "spill"):
                room.execute(limit)
            _check_single_select(room, query)
            named = [e for e in settings.extracts if re.search(rf"\b{e}\b", query, re.IGNORECASE)]
            reads = [read(settings.extracts[extract], settings, room, extract) for extract in named]
            for lock in LOCKS:
                room.execute(lock)
            columns = _copy(room, query, connection, name)
        except duckdb.Error as error:
            raise _failed(error, settings) from None
        finally:
            room.close()
    result = finished(connection, name, columns, [])
    problems = pd.concat([result.problems, *(r.problems for r in reads)], ignore_index=True)
    foreign = tuple(line for r in reads for line in r.foreign)
    return ExtractRead(name, columns, result.rows, problems, foreign)


def _check_single_select(room: duckdb.DuckDBPyConnection, query: str) -> None:
    statements = room.extract_statements(query)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise SourceError(
            "a query in bank.toml is not a single SELECT",
            expected='query = "SELECT ... FROM an_extract"',
            todo="write it as one SELECT; WITH is allowed",
        )


def _copy(room: duckdb.DuckDBPyConnection, query: str, connection: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    inner = f"({query.strip().rstrip(';')}\n)"
    texts = ", ".join(as_text(room, inner, []))
    ordered = f"SELECT * FROM (SELECT {texts} FROM {inner}) ORDER BY ALL"
    numbered = f"SELECT *, 'query' AS {FILE}, row_number() OVER () AS {ROW} FROM ({ordered})"
    rows = cast(pa.RecordBatchReader, room.sql(numbered).to_arrow_reader(100_000))
    columns = [column for column in rows.schema.names if column not in (FILE, ROW)]
    connection.register("_query_rows", rows)
    connection.execute(f"CREATE OR REPLACE TABLE {quoted(name)} AS SELECT * FROM _query_rows")
    connection.unregister("_query_rows")
    return columns


def _failed(error: duckdb.Error, settings: Settings) -> SourceError:
    first = str(error).splitlines()[0]
    if isinstance(error, duckdb.PermissionException):
        return SourceError(
            "a query in bank.toml reaches for a file or the network",
            expected="a SELECT over named extracts only",
            todo="describe the file under [extracts] and select from its name",
        )
    if isinstance(error, duckdb.ConversionException):  # it quotes the value that could not be converted
        first = "a value cannot be converted"
    return SourceError(
        f"a query in bank.toml fails: {first}",
        expected=f"SQL of DuckDB over the extracts {', '.join(settings.extracts) or '(none is described)'}",
        todo="correct the query; every column of an extract is text: use CAST or TRY_CAST",
    )
