"""Reading a query of an SQL database into DuckDB as text, through SQLAlchemy, without writing anything."""

import hashlib
import os
import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import sqlalchemy as sa

from insights.data.extract_read import FILE, ROW, ExtractRead, create_table, finished, quoted
from insights.data.settings_sources import Source
from insights.errors import SourceError

BATCH = 10_000
READS = re.compile(r"\s*(SELECT|WITH)\b", re.IGNORECASE)


def load_database(source: Source, connection: duckdb.DuckDBPyConnection, name: str) -> ExtractRead:
    """Put the result of ``select`` into the DuckDB table ``name``; rows are numbered in the order of all columns.

    The URL comes from the environment variable ``database_env`` and is never shown. Raises SourceError if the variable
    is not set, the database does not answer, or the query fails or does more than read.
    """
    shown = f"database {source.database_env}"
    batches = _batches(source)
    columns = next(batches)
    staged = f"{name}__unordered"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {quoted(staged)} ({', '.join(f'{quoted(c)} VARCHAR' for c in columns)})"
    )
    for batch in batches:
        arrays = [pa.array([row[i] for row in batch], pa.string()) for i in range(len(columns))]
        connection.register("_batch", pa.Table.from_arrays(arrays, names=columns))
        connection.execute(f"INSERT INTO {quoted(staged)} BY NAME SELECT * FROM _batch")
        connection.unregister("_batch")
    create_table(connection, name, columns)
    connection.execute(
        f"INSERT INTO {quoted(name)} SELECT *, ? AS {FILE}, row_number() OVER () AS {ROW} "
        f"FROM (SELECT * FROM {quoted(staged)} ORDER BY ALL)",
        [shown],
    )
    connection.execute(f"DROP TABLE {quoted(staged)}")
    return finished(connection, name, columns, [])


def hash_database(source: Source) -> str:
    """Return a SHA-256 of what the query gives, whatever the order in which the database hands out its rows."""
    batches = _batches(source)
    total = 0
    columns = next(batches)
    for batch in batches:
        for row in batch:
            digest = hashlib.sha256(repr(row).encode("utf-8", "surrogatepass")).digest()
            total = (total + int.from_bytes(digest, "big")) % (1 << 256)
    return hashlib.sha256(repr((columns, total)).encode()).hexdigest()


def _batches(source: Source) -> Iterator[Any]:
    """Yield the column names, then lists of rows of texts."""
    shown, select = str(source.database_env), str(source.select)
    url = _url(shown)
    if not READS.match(select):
        raise SourceError(
            f"the query for the database {shown} is not a SELECT",
            expected="SELECT ... or WITH ...",
            todo="correct select",
        )
    nulls = {"", *source.nulls}
    try:
        engine = sa.create_engine(url)
        with engine.connect() as link:
            link = _read_only(link, engine.dialect.name)
            result = link.execution_options(stream_results=True, max_row_buffer=BATCH).execute(
                sa.text(_no_binds(select))
            )
            yield _unique(list(result.keys()))
            while rows := result.fetchmany(BATCH):
                yield [tuple(_text(value, nulls) for value in row) for row in rows]
    except (sa.exc.SQLAlchemyError, ModuleNotFoundError) as error:
        raise _failed(error, shown, url) from None
    finally:
        if "engine" in locals():
            engine.dispose()


def _url(variable: str) -> sa.URL:
    text = os.environ.get(variable)
    if not text:
        raise SourceError(
            f"the environment variable {variable} is not set",
            expected="the URL of the database, such as postgresql+psycopg://user@host/name",
            todo=f"set {variable} before the run; never write the URL into bank.toml",
        )
    try:
        return sa.make_url(text)
    except sa.exc.ArgumentError:
        raise SourceError(
            f"the environment variable {variable} does not hold a database URL",
            expected="postgresql+psycopg://user@host/name or sqlite:////path/to/file.db",
            todo=f"correct {variable}",
        ) from None


def _read_only(link: sa.Connection, dialect: str) -> sa.Connection:
    """Let the database itself refuse to write, where it can."""
    if dialect == "postgresql":
        return link.execution_options(postgresql_readonly=True)
    if dialect == "sqlite":
        link.exec_driver_sql("PRAGMA query_only = ON")
    return link


def _no_binds(select: str) -> str:
    """Keep ``:name`` in a text or a cast from being taken for a parameter."""
    return re.sub(r"(?<![:\\]):(?=\w)", r"\\:", select)


def _unique(names: list[str]) -> list[str]:
    if len({name.lower() for name in names}) < len(names):
        raise SourceError(
            "the query for a database gives two columns of the same name",
            expected="every column under a name of its own",
            todo="name them with AS in select",
        )
    return names


def _text(value: Any, nulls: set[str]) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        value = value.replace(tzinfo=None)
        midnight = value.time() == datetime.min.time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    text = value if isinstance(value, str) else str(value)
    return None if text in nulls else text


def _failed(error: Exception, variable: str, url: sa.URL) -> SourceError:
    """Return the error without the URL or its parts: it holds a password and the name of a host."""
    kind = url.get_backend_name()
    if isinstance(error, (ModuleNotFoundError, sa.exc.NoSuchModuleError)):
        return SourceError(
            f"there is no driver for the database {variable} ({url.drivername})",
            expected="postgresql+psycopg or sqlite, or a driver that is installed",
            todo="correct the URL, or install the driver",
        )
    said = str(getattr(error, "orig", None) or type(error).__name__).splitlines()[0]
    hidden = [part for part in (url.password, url.username, url.host, url.database) if part]
    for part in hidden:
        said = said.replace(str(part), "...")
    return SourceError(
        f"the database {variable} ({kind}) does not give the rows: {said}",
        expected="a database that answers, and a query that it can run",
        todo="check that it runs, the URL in the environment, and select in bank.toml",
    )
