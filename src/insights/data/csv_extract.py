"""Reading CSV into DuckDB: by the engine where the file is flawless, line by line where it is not.

The engine reads strictly. A file that it refuses is read again record by record, so that only the lines at fault are
set aside, each with its reason.
"""

import codecs
import gzip
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa

from insights.data.csv_lines import Record, header_of, records
from insights.data.encodings import check_text, is_gzip, is_utf8, open_bytes
from insights.data.extract_read import FILE, MAX_CELL, ROW, Problem, literal, quoted
from insights.data.settings_sources import Source
from insights.errors import SourceError

BATCH = 20_000
CHUNK = 1 << 20
DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error)


def csv_columns(path: Path, shown: str, source: Source) -> list[str]:
    """Return the column names of the header: stripped, made up where empty, numbered where they repeat.

    Raises SourceError: empty, binary, cut off, in another encoding, or divided by another delimiter.
    """
    try:
        check_text(path, shown, source.encoding)
        names = header_of(path, shown, source)
    except DAMAGED as error:
        raise cut_off(shown) from error
    _check_delimiter(names, shown, source.delimiter)
    seen = {FILE, ROW}
    columns = []
    for position, name in enumerate(names, start=1):
        base = name.strip() or f"column_{position}"
        unique, copy = base, 1
        while unique.lower() in seen:  # the engine does not tell upper from lower case
            copy += 1
            unique = f"{base}_{copy}"
        seen.add(unique.lower())
        columns.append(unique)
    return columns


def load_csv(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    path: Path,
    shown: str,
    columns: list[str],
    source: Source,
    scratch: Path,
) -> tuple[list[Problem], list[tuple[str, int]]]:
    """Append the file's rows to the table; return the rows that could not be read, and those in the fallback encoding.

    ``scratch`` is a restricted folder for a copy in UTF-8, which exists while the file is read. Memory stays bounded
    whatever the size of the file.
    """
    if _load_strictly(connection, table, path, shown, columns, source, scratch):
        return [], []
    problems: list[Problem] = []
    foreign: list[tuple[str, int]] = []
    try:
        _append(connection, table, shown, columns, records(path, shown, source, len(columns), problems), foreign)
    except DAMAGED as error:
        raise cut_off(shown) from error
    return problems, foreign


def cut_off(shown: str) -> SourceError:
    """Return the error for a compressed file that ends too early or is damaged."""
    return SourceError(
        f"{shown} cannot be read to its end: it is cut off or damaged",
        expected="a complete file",
        todo="have the extract delivered again",
    )


def _load_strictly(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    path: Path,
    shown: str,
    columns: list[str],
    source: Source,
    scratch: Path,
) -> bool:
    if is_utf8(source.encoding):
        return _insert(connection, table, path, "gzip" if is_gzip(path) else "none", shown, columns, source)
    with tempfile.TemporaryDirectory(prefix=".reading-", dir=scratch) as folder:
        readable = Path(folder) / "utf8.csv"
        try:
            _transcode(path, source.encoding, readable)
        except (UnicodeError, *DAMAGED):
            return False
        return _insert(connection, table, readable, "none", shown, columns, source)


def _insert(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    path: Path,
    compression: str,
    shown: str,
    columns: list[str],
    source: Source,
) -> bool:
    """Let the engine read a file in UTF-8; return whether it found no fault."""
    fields = ", ".join(f"{literal(c)}: 'VARCHAR'" for c in columns)
    nulls = ", ".join(literal(word) for word in ["", *source.nulls])
    reader = (
        f"read_csv({literal(str(path))}, auto_detect = false, header = true, columns = {{{fields}}}, "
        f"delim = {literal(source.delimiter)}, quote = {literal(source.quote)}, escape = {literal(source.quote)}, "
        f"nullstr = [{nulls}], strict_mode = true, null_padding = false, ignore_errors = false, "
        f"compression = '{compression}', max_line_size = {MAX_CELL})"
    )
    try:
        connection.execute(
            f"INSERT INTO {quoted(table)} BY NAME "
            f"SELECT *, {literal(shown)} AS {FILE}, row_number() OVER () AS {ROW} FROM {reader}"
        )
    except duckdb.Error:
        return False
    return True


def _transcode(path: Path, encoding: str, target: Path) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    with open_bytes(path) as stream, target.open("w", encoding="utf-8", newline="") as out:
        while chunk := stream.read(CHUNK):
            out.write(decoder.decode(chunk))
        out.write(decoder.decode(b"", final=True))


def _append(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    shown: str,
    columns: list[str],
    rows: Iterator[Record],
    foreign: list[tuple[str, int]],
) -> None:
    names = [*columns, FILE, ROW]
    for batch in _batches(rows):
        foreign += [(shown, row.number) for row in batch if row.foreign]
        cells = [pa.array([row.cells[i] for row in batch], pa.string()) for i in range(len(columns))]
        cells += [pa.array([shown] * len(batch), pa.string()), pa.array([row.number for row in batch], pa.int64())]
        connection.register("_batch", pa.Table.from_arrays(cells, names=names))
        connection.execute(f"INSERT INTO {quoted(table)} BY NAME SELECT * FROM _batch")
        connection.unregister("_batch")


def _batches(rows: Iterator[Record]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += row.size
        if len(batch) >= BATCH or size > 16 * CHUNK:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _check_delimiter(names: list[str], shown: str, delimiter: str) -> None:
    if len(names) > 1:
        return
    likely = max(";,\t|", key=names[0].count)
    if likely != delimiter and names[0].count(likely):
        written = "\\t" if likely == "\t" else likely
        raise SourceError(
            f"{shown} has a single column when divided at {delimiter!r}",
            expected="the delimiter it was written with",
            todo=f'set delimiter = "{written}" for this source',
        )
