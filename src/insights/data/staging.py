"""One extract on its way to a canonical table: typed in the engine, nothing judged yet."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import NamedTuple

import duckdb

from insights.data.columns import Column, TableSpec
from insights.data.settings import Settings
from insights.data.settings_sources import TableSource
from insights.data.tables import TABLES
from insights.data.typing_sql import LONGEST_CELL, literal, quoted, raw_text, typed
from insights.errors import IntakeError


class Touched(NamedTuple):
    """Rows that a rule repaired or noted: how many, the money in them, and how many rows were there when it came."""

    rule: str
    rows: int
    amount: Decimal | None
    before: int


@dataclass
class Staged:
    """A table in the engine, and what is known of it.

    ``rows`` is the relation of typed rows: ``_n`` (running number), ``_file``, ``_row``, ``_bad`` (names of the columns
    whose text could not be read, each between bars), ``_long`` (some cell is too long), ``_consent``, ``known_on`` and
    the canonical ``columns``; ``texts`` shows the same rows as text, before typing. ``out`` lists the rows that will
    not be kept: ``_n``, ``_action``, ``_rule``; the first rule that takes a row has it. ``repeats`` says whether some
    key may have several rows, ``span`` is the first and last date of the rows kept; both are known when it is judged.
    """

    name: str
    spec: TableSpec
    source: TableSource
    extract: str
    columns: tuple[Column, ...]
    problems: int = 0
    known_mapped: bool = False
    repeats: bool = True
    span: tuple[date | None, date | None] = (None, None)
    repairs: list[Touched] = field(default_factory=list)
    notes: list[Touched] = field(default_factory=list)

    @property
    def rows(self) -> str:
        """Name of the relation of typed rows."""
        return quoted(f"staged_{self.name}")

    @property
    def texts(self) -> str:
        """Name of the relation of the texts."""
        return quoted(f"text_{self.name}")

    @property
    def out(self) -> str:
        """Name of the relation of rows that are not kept."""
        return quoted(f"out_{self.name}")

    @property
    def kept(self) -> str:
        """The rows that no rule has taken so far, as something to select from."""
        return f"(SELECT * FROM {self.rows} ANTI JOIN {self.out} USING (_n))"

    def present(self, con: duckdb.DuckDBPyConnection) -> int:
        """Return how many rows no rule has taken so far."""
        counts = f"SELECT (SELECT count(*) FROM {self.rows}) - (SELECT count(*) FROM {self.out})"
        return int(con.execute(counts).fetchall()[0][0])

    def has(self, column: str) -> bool:
        """Whether the bank delivers the column."""
        return any(c.name == column for c in self.columns)

    @property
    def made_id(self) -> bool:
        """Whether the rows are events for which the bank has no id of its own."""
        return self.spec.event and not self.has(self.spec.key[0])

    @property
    def money(self) -> str | None:
        """The column of money that the ledger adds up: the amount, or the table's own; None if there is none."""
        mine = [c for c in self.columns if c.kind == "money"]
        chosen = [c for c in mine if c.name == "amount"] or [c for c in mine if c.required]
        chosen = chosen or (mine if self.spec.event else [])
        return chosen[0].name if chosen else None


def stage(con: duckdb.DuckDBPyConnection, name: str, relation: str, settings: Settings, extract: str) -> Staged:
    """Type the raw ``relation`` (text columns, ``_file``, ``_row``) of the canonical table ``name``.

    Raises IntakeError if the extract lacks a column that the mapping names or that the table cannot do without.
    """
    spec, source = TABLES[name], settings.tables[name]
    available = [row[0] for row in con.execute(f"DESCRIBE {quoted(relation)}").fetchall()]
    mapped = source.mapped(name, [column for column in available if not column.startswith("_")])
    _check_columns(name, spec, source, mapped, available)
    given = [*mapped, *source.constant, *([source.row_number] if source.row_number else [])]
    columns = tuple(_column(spec, column) for column in _in_order(spec, given))
    staged = Staged(name, spec, source, extract, columns, known_mapped="known_on" in given)
    _write_texts(con, staged, relation, mapped)
    _write_rows(con, staged, settings)
    con.execute(f"CREATE TABLE {staged.out} (_n BIGINT, _action VARCHAR, _rule VARCHAR)")
    return staged


def missing_column(table: str, wanted: str, available: list[str]) -> IntakeError:
    """Return the error for a raw column that is not there; other names are not shown, they may be somebody's data."""
    near = get_close_matches(wanted, available, n=1, cutoff=0.6)
    return IntakeError(
        f"{table}: the extract has no column {wanted!r}",
        expected=f"the {len([a for a in available if not a.startswith('_')])} columns that it has"
        + (f", the nearest is {near[0]!r}" if near else ""),
        todo=f"correct [tables.{table}] columns in bank.toml, or ask for the column to be delivered",
    )


def _check_columns(
    name: str, spec: TableSpec, source: TableSource, mapped: dict[str, str], available: list[str]
) -> None:
    wanted = [*mapped.values(), *(empty.column for empty in source.null_when.values())]
    for raw in [*wanted, *([source.consent_column] if source.consent_column else [])]:
        if raw not in available:
            raise missing_column(name, raw, available)
    given = {*mapped, *source.constant, source.row_number}
    for required in spec.required:
        if required not in given:
            raise missing_column(name, required, available)


def _in_order(spec: TableSpec, given: list[str]) -> list[str]:
    """Return the names in the order of the canonical table; columns that a pattern stands for come last, by name."""
    fixed = [column for column in spec.names if column in given]
    return fixed + sorted(set(given) - set(fixed))


def _column(spec: TableSpec, name: str) -> Column:
    column = spec.column(name)
    assert column is not None, "the settings were checked against the catalogue"
    return column


def _write_texts(con: duckdb.DuckDBPyConnection, staged: Staged, relation: str, mapped: dict[str, str]) -> None:
    """Describe the relation of texts: canonical names, blanks trimmed, constants filled in."""
    source, made = staged.source, []
    for column in staged.columns:
        if column.name in source.constant:
            text = literal(_constant(source.constant[column.name]))
        elif column.name == source.row_number:
            files = con.execute(f"SELECT count(DISTINCT _file) FROM {quoted(relation)}").fetchall()[0][0]
            text = "_file || ':' || _row" if files > 1 else "_row::VARCHAR"
        else:
            text = raw_text(mapped[column.name], source.null_when.get(column.name))
        made.append(f"{text} AS {quoted(column.name)}")
    consent = "true"
    if source.consent_column:
        consent = f"coalesce({raw_text(source.consent_column, None)} IN {_values(source)}, false)"
    con.execute(
        f"CREATE VIEW {staged.texts} AS SELECT rowid AS _n, _file, _row, {consent} AS _consent, {', '.join(made)} "
        f"FROM {quoted(relation)}"
    )


def _write_rows(con: duckdb.DuckDBPyConnection, staged: Staged, settings: Settings) -> None:
    """Create the relation of typed rows beside the texts."""
    source = staged.source
    names = [quoted(column.name) for column in staged.columns]
    cut = ", ".join(
        f"CASE WHEN length({name}) > {LONGEST_CELL} THEN {name}[:{LONGEST_CELL}] ELSE {name} END AS {name}"
        for name in names
    )
    values, bad = [], []
    for column, name in zip(staged.columns, names, strict=True):
        dates = ["%Y-%m-%d"] if column.name in source.constant else source.dates
        value = typed(column, column.name, source.model_copy(update={"dates": dates}))
        values.append(f"{value} AS {quoted('v_' + column.name)}")
        bad.append(
            f"CASE WHEN {name} IS NOT NULL AND {quoted('v_' + column.name)} IS NULL THEN '|{column.name}|' ELSE '' END"
        )
    longest = f"greatest({', '.join(f'length({name})' for name in names)})"
    long = f"coalesce({longest} > {LONGEST_CELL}, false)"
    final = ", ".join(f"{quoted('v_' + c.name)} AS {quoted(c.name)}" for c in staged.columns if c.name != "known_on")
    con.execute(
        f"CREATE TABLE {staged.rows} AS SELECT _n, _file, _row, _consent, _long, concat({', '.join(bad)}) AS _bad, "
        f"{final}, {known_on(staged, settings)} AS known_on "
        f"FROM (SELECT *, {', '.join(values)} FROM "
        f"(SELECT _n, _file, _row, _consent, {long} AS _long, {cut} FROM {staged.texts}))"
    )


def known_on(staged: Staged, settings: Settings) -> str:
    """Return the expression of the day from which a row is known, in terms of ``v_`` columns.

    As delivered; else the date that the table's rows are known by (publication, report, the row's own date); month
    tables without one are known ``reporting_delay_days`` after the end of their month.
    """
    spec = staged.spec
    options = ["v_known_on"] if staged.known_mapped else []
    if spec.known and spec.known != spec.date and staged.has(spec.known):
        options.append(quoted("v_" + spec.known))
    if spec.date and staged.has(spec.date):
        own = quoted("v_" + spec.date)
        options.append(f"(last_day({own}) + {settings.window.reporting_delay_days})" if spec.month else own)
    return f"coalesce({', '.join(options)})::DATE" if options else "NULL::DATE"


def _constant(value: str | bool | int | float | date) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else str(value)


def _values(source: TableSource) -> str:
    return "(" + ", ".join(literal(value) for value in source.consent_values) + ")"
