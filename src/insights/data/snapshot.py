"""What the bank knew at the end of a day: the only door to processed data.

``open_bank`` gives the canonical tables as Ibis expressions on DuckDB. A row is there if it had happened and was known
by then; of several versions the latest known one counts; what a later date reveals is still empty.
"""

import hashlib
import json
import sys
import weakref
from collections.abc import Callable
from datetime import date
from functools import cached_property
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pandas as pd
from ibis.backends.duckdb import Backend

from insights.data import months
from insights.data.asof import as_of_view, made_of, versions_known
from insights.data.engine import limits
from insights.data.intake import Processed, prepare
from insights.data.settings import Settings, load_settings
from insights.data.store import own_scratch
from insights.data.tables import TABLES
from insights.data.typing_sql import literal
from insights.errors import SnapshotError

# The engine's expressions nest deeply (the client-month panel most of all) and are written out by recursion.
sys.setrecursionlimit(max(sys.getrecursionlimit(), 10_000))


def open_bank(config: str | Path, *, as_of: str | date, raw: str | Path | None = None) -> "Bank":
    """Open the bank described by ``config`` as it was known at the end of the day ``as_of`` (``2026-10-31``).

    Intake runs first where it has not run yet for these extracts. ``raw`` replaces the folder of the extracts.
    """
    day = _day(as_of)
    settings = load_settings(Path(config), raw=Path(raw) if raw is not None else None)
    return Bank(settings, day, prepare(settings, as_of=day))


class Bank:
    """A bank as of a date.

    ``ledger`` and ``sources`` are those of the intake; ``window_from`` is the first day from which leavers are
    completely recorded, or None where the bank does not say; ``part`` is the column and value that all its
    clients share, or None for a whole bank; ``con`` is the Ibis backend that holds the tables.
    """

    def __init__(self, settings: Settings, as_of: date, processed: Processed) -> None:
        self.settings, self.as_of, self.processed = settings, as_of, processed
        self.ledger: pd.DataFrame = processed.ledger
        self.sources: pd.DataFrame = processed.sources
        self.window_from: date | None = processed.window_from
        self.part: tuple[str, str] | None = None
        self.con: Backend = ibis.duckdb.connect()
        self._scratch = self._limit()
        self._stored: set[str] = set()
        self._views: dict[str, ir.Table] = {}
        self._filled: dict[str, frozenset[str]] = {}

    def __repr__(self) -> str:
        return (
            f"Bank({self.settings.bank.id!r}, as_of={self.as_of.isoformat()}, tables={', '.join(self.tables_present)})"
        )

    def __enter__(self) -> "Bank":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back; tables of this bank cannot be executed any more."""
        self.con.disconnect()
        self._scratch()

    def _limit(self) -> Callable[[], object]:
        """Keep the engine within its memory; return what takes away the folder that it goes on in."""
        try:
            folder, remove = own_scratch(self.processed.path)
        except OSError:  # nothing may be written here
            folder, remove = None, lambda: None
        for limit in limits(folder):
            self.con.raw_sql(limit)
        return weakref.finalize(self, remove)

    @property
    def tables_present(self) -> tuple[str, ...]:
        """Names of the canonical tables that the bank delivers, in the order of the catalogue."""
        return tuple(name for name in TABLES if name in self.processed.tables)

    def table(self, name: str) -> ir.Table:
        """Return a canonical table as known at the end of the day, as an Ibis expression.

        A column that the bank does not deliver is not there. Raises SnapshotError for a table that is not.
        """
        if name not in self._views:
            self._require(name)
            # Every other table is held against the clients, so they are worked out once. The others are views of the
            # engine: their rules are written out once, and not in every question that is asked of them.
            kind = "TABLE" if name == "clients" else "VIEW"
            self.con.raw_sql(f"CREATE TEMP {kind} {name}_as_of AS {self._rule(name)}")
            self._views[name] = self.con.table(f"{name}_as_of")
        return self._views[name]

    def _rule(self, name: str) -> str:
        """Return the as-of rule of a table as the engine reads it; what it is made of is there for the engine.

        Writing rules out takes longer than following them, so the first process of a run does it for the others.
        """
        from insights.data.kept import kept  # it opens what is kept of a bank, so it knows this module

        for other in made_of(self, name):
            self._known_as_stored(other)
        if name != "clients" and "clients" in self.processed.tables:
            self.table("clients")
        return str(kept(self, f"as_of {name}", lambda: str(ibis.to_sql(as_of_view(self, name)))))

    def _known_as_stored(self, name: str) -> None:
        """Let the engine find a stored table under its name."""
        if name not in self._stored:
            path = str(self.processed.path / "tables" / f"{name}.parquet")
            self.con.raw_sql(f"CREATE TEMP VIEW stored_{name} AS FROM read_parquet({literal(path)})")
            self._stored.add(name)

    def stored(self, name: str) -> ir.Table:
        """Return all stored rows of a table, of whatever day: for this room only."""
        self._require(name)
        self._known_as_stored(name)
        return self.con.table(f"stored_{name}")

    def versions(self, name: str) -> ir.Table:
        """Return every version of every row that was known by the day, with ``known_on`` and ``withdrawn``."""
        self._require(name)
        return versions_known(self, name)

    def has(self, table: str, column: str | None = None) -> bool:
        """Whether the bank delivers the table, and the column has a value somewhere as of the date."""
        if table not in self.processed.tables:
            return False
        if column is None:
            return True
        if table not in self._filled:
            from insights.data.kept import kept

            self._filled[table] = frozenset(kept(self, f"filled {table}", lambda: self._filled_columns(table)))
        return column in self._filled[table]

    def _filled_columns(self, name: str) -> list[str]:
        """Return the columns of a table that have a value somewhere, of all columns in one pass."""
        view = self.table(name)
        names = ", ".join(f"bool_or({_q(c)} IS NOT NULL)" for c in view.columns)
        told = self.con.raw_sql(f"SELECT {names} FROM ({ibis.to_sql(view)})").fetchall()[0]
        return [c for c, some in zip(view.columns, told, strict=True) if some]

    def needs(self, *names: str) -> tuple[str, ...]:
        """Return those of the names (``surveys.answered_on``, or ``surveys``) that the bank does not have."""
        return tuple(name for name in names if not self.has(*name.split(".", 1)))

    def duration_months(self, start: ir.DateValue, end: ir.DateValue) -> ir.FloatingValue:
        """Return the months between two dates by the bank's clock."""
        return months.duration_months(start, end, self.settings.window.clock)

    def canonical_hash(self) -> str:
        """Return a hash of all rows known as of the date, the same on every machine and in every order of rows.

        It covers the tables as ``table`` shows them, except ids of events that intake made up.
        """
        return self._hash

    @cached_property
    def _hash(self) -> str:
        from insights.data.kept import kept  # it opens what is kept of a bank, so it knows this module

        def whole() -> str:
            tables = {name: self._table_hash(name) for name in self.tables_present}
            return hashlib.sha256(json.dumps(tables, sort_keys=True).encode()).hexdigest()

        return str(kept(self, "canonical_hash", whole))

    def _table_hash(self, name: str) -> list[str]:
        """Return columns, number of rows, and the two halves of the sum of the rows' hashes."""
        view = self.table(name)
        made = self.processed.tables[name]["made_id"]
        columns = [column for column in view.columns if not (made and column == f"{name}_id")]
        # Each value with its length before it: no two different rows give the same text.
        told = "length({0}::VARCHAR), CASE WHEN {0} IS NULL THEN '-' ELSE ':' END, {0}::VARCHAR"
        values = ", ".join(told.format(_q(c)) for c in columns)
        rows = self.con.raw_sql(
            "SELECT count(*), sum((h >> 64)::UBIGINT), sum((h & 18446744073709551615::UHUGEINT)::UBIGINT) "
            f"FROM (SELECT md5_number(concat({values})) AS h FROM ({ibis.to_sql(view)}))"
        ).fetchall()
        return [",".join(columns), *(str(value) for value in rows[0])]

    def _require(self, name: str) -> None:
        if name not in TABLES:
            raise SnapshotError(
                f"there is no table {name!r}", expected=f"one of {', '.join(TABLES)}", todo="correct the name"
            )
        if name not in self.processed.tables:
            raise SnapshotError(
                f"bank {self.settings.bank.id!r} delivers no table {name!r}",
                expected=f"one of {', '.join(self.tables_present)}",
                todo=f"map it in [tables.{name}] of bank.toml, or ask bank.needs({name!r}) first",
            )


def _q(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _day(as_of: str | date) -> date:
    try:
        return date.fromisoformat(as_of) if isinstance(as_of, str) else date(as_of.year, as_of.month, as_of.day)
    except ValueError:
        raise SnapshotError(
            f"{as_of!r} is not a day", expected="a date such as 2026-10-31", todo="correct the as-of date"
        ) from None
