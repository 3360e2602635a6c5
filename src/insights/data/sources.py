"""Extracts as they come: files of CSV or Parquet, databases, and queries over them, read into DuckDB as text.

Nothing is guessed here. Every cell is a text, as it stands in the file, until intake gives it a type; a row that cannot
be read is reported with its reason.
"""

import difflib
import hashlib
from pathlib import Path

import duckdb

from insights.data.csv_extract import csv_columns, load_csv
from insights.data.extract_read import READING_RULES, ExtractRead, Problem, create_table, finished
from insights.data.parquet_extract import load_parquet, parquet_columns
from insights.data.query import run_query
from insights.data.settings import Settings
from insights.data.settings_sources import Source, TableSource
from insights.errors import SourceError

__all__ = ["READING_RULES", "ExtractRead", "fingerprint_sources", "read_extract", "run_query", "source_files"]


def read_extract(source: Source, settings: Settings, connection: duckdb.DuckDBPyConnection, name: str) -> ExtractRead:
    """Read a source into the DuckDB table ``name`` and return what was read.

    Several files (a pattern) are united in the order of their names, column by column: a column that a file lacks is
    empty in its rows. Raises SourceError: a file missing, empty, binary, cut off, or in another encoding than stated; a
    database that does not answer; a query that fails.
    """
    if isinstance(source, TableSource) and source.query:
        return run_query(source.query, settings, connection, name, read_extract)
    if source.database_env:
        from insights.data.sql_extract import load_database  # half a second that only databases need

        return load_database(source, connection, name)
    files = source_files(source, settings)
    if source.file_format == "parquet":
        headers = {path: parquet_columns(connection, path, shown) for path, shown in files}
    else:
        headers = {path: csv_columns(path, shown, source) for path, shown in files}
    columns = _union(list(headers.values()))
    create_table(connection, name, columns)
    problems: list[Problem] = []
    foreign: list[tuple[str, int]] = []
    settings.processed.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path, shown in files:
        if source.file_format == "parquet":
            load_parquet(connection, name, path, shown, source)
        else:
            unread, other = load_csv(connection, name, path, shown, headers[path], source, settings.processed)
            problems += unread
            foreign += other
    return finished(connection, name, columns, problems, foreign)


def source_files(source: Source, settings: Settings) -> list[tuple[Path, str]]:
    """Return the source's files in the order of their names, each with the name to show (relative to the raw folder).

    Raises SourceError if there is none, naming the file in the raw folder that is named most like it.
    """
    pattern = source.path or ""
    exact = settings.raw / pattern
    if exact.is_file():
        found = [exact]
    else:
        anchor = Path(pattern).anchor  # of a path that does not start at the raw folder
        matches = (Path(anchor) if anchor else settings.raw).glob(pattern.removeprefix(anchor))
        found = sorted(path for path in matches if path.is_file())
    if not found:
        raise _no_file(pattern, settings.raw)
    return [(path, _shown(path, settings.raw)) for path in found]


def fingerprint_sources(settings: Settings) -> dict[str, str]:
    """Return {file or database query: SHA-256 of its content} for every source of the settings, sorted by name."""
    hashes: dict[str, str] = {}
    for name, source in sorted({**settings.extracts, **settings.tables}.items()):
        if source.database_env:
            from insights.data.sql_extract import hash_database

            hashes[f"{name} from database {source.database_env}"] = hash_database(source)
        elif source.path:
            for path, shown in source_files(source, settings):
                if shown not in hashes:
                    with path.open("rb") as stream:
                        hashes[shown] = hashlib.file_digest(stream, "sha256").hexdigest()
    return dict(sorted(hashes.items()))


def _union(headers: list[list[str]]) -> list[str]:
    columns: dict[str, str] = {}
    for header in headers:
        for name in header:
            columns.setdefault(name.lower(), name)
    return list(columns.values())


def _shown(path: Path, raw: Path) -> str:
    return path.relative_to(raw).as_posix() if path.is_relative_to(raw) else path.name


def _no_file(pattern: str, raw: Path) -> SourceError:
    if not raw.is_dir():
        return SourceError(
            f"there is no raw folder {raw}",
            expected="the folder of the extracts",
            todo="name it by --raw, or by [paths] raw in bank.toml",
        )
    there = sorted(path.name for path in raw.iterdir() if path.is_file())
    near = difflib.get_close_matches(pattern, there, n=1)
    return SourceError(
        f"no file {pattern} in {raw}",
        expected=f"one of its files ({', '.join(there[:10])}{', ...' if len(there) > 10 else ''})"
        if there
        else "files",
        todo=f"did you mean {near[0]}?" if near else "put the extract there, or correct path in bank.toml",
    )
