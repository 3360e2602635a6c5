"""From extracts to judged rows: read, type, apply every rule, and account for every row, table by table.

The order of the rules is the order of ``_judge``. What a row is held against was known no later than the row itself, so
rows that arrive later never change what was kept before. A table leaves the engine when it is judged and stored; only
what others are held against stays: the clients, the market, and what the books need of balances and bookings. So the
memory that intake takes is that of its two largest tables, and beyond a limit the engine goes on in files.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb
import pandas as pd

from insights.data.bookkeeping import BALANCES, TRANSACTIONS, find_breaks, keep_for_books
from insights.data.column_rules import apply_column_rules
from insights.data.duplicates import has_versions, merge_duplicates
from insights.data.engine import limits
from insights.data.ledger import IN, KEPT, NOTED, QUARANTINED, REPAIRED, Entry, Ledger
from insights.data.noting import note_foreign, note_rows
from insights.data.row_rules import apply_date_order, convert_money, find_orphans, remove_identifiers, round_money
from insights.data.settings import Settings
from insights.data.sources import read_extract
from insights.data.staging import Staged, stage
from insights.data.tables import TABLES
from insights.data.typing_sql import literal, quoted
from insights.data.withheld import cutoffs, forget_withheld, withhold_clients, withhold_rows
from insights.errors import InsightsError, IntakeError

SPILL = ".spill"
ABSURD = 10**15
"""The most that one row adds to the ledger: a thousand times the largest amount that intake accepts."""

Store = Callable[[duckdb.DuckDBPyConnection, Staged, pd.DataFrame], None]
"""Stores a table: a connection to the engine, the table, and the lines of it that could not be read."""

FIRST = ("market", "clients")
"""Tables that others are held against: they come first, and stay to the end."""

AT_ONCE = 2
"""So many of the other tables are in the engine at a time."""


@dataclass
class Intake:
    """The work of one intake: the engine, the tables staged in it, what could not be built, and the ledger."""

    settings: Settings
    as_of: date
    con: duckdb.DuckDBPyConnection
    staged: dict[str, Staged] = field(default_factory=dict)
    problems: dict[str, pd.DataFrame] = field(default_factory=dict)
    failures: dict[str, InsightsError] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)


def judge(settings: Settings, as_of: date, scratch: Path, store: Store | None = None) -> Intake:
    """Read and judge every mapped table; what cannot be built stands in ``failures``.

    The tables that others are held against come first, then the others, two at a time. ``scratch`` is a restricted
    folder for what does not fit into memory. ``store`` is called with each table that is judged, before it leaves the
    engine, as long as nothing has failed; for one table at a time.
    """
    work = Intake(settings, as_of, connect(settings, scratch))
    names, storing = _in_order(settings), Lock()

    def beside(name: str) -> list[Entry]:
        own = replace(work, con=work.con.cursor())
        _in_time_zone(own.con, settings)
        try:
            return _take(own, name, store, storing)
        finally:
            own.con.close()

    lines = {name: _take(work, name, store, storing) for name in names if name in FIRST}
    rest = [name for name in names if name not in FIRST]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            lines |= zip(rest, pool.map(beside, rest), strict=True)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    # Whichever was through first: what follows does not depend on it.
    for by_name in (work.staged, work.problems, work.failures):
        _put_in_order(by_name, names)
    if "clients" not in settings.tables:
        work.failures["clients"] = IntakeError(
            "the table clients is not mapped",
            expected="[tables.clients] in bank.toml: it is the one table that every analysis needs",
            todo="add it, with client_id and joined_on",
        )
    if all(name in work.staged and name not in work.failures for name in (BALANCES, TRANSACTIONS)):
        kept = lines[BALANCES][-1]
        found = find_breaks(work.con, work.staged[BALANCES], work.staged[TRANSACTIONS], kept.rows)
        if found:
            lines[BALANCES].insert(
                -1, _line(work.staged[BALANCES], found.rule, NOTED, found.rows, found.amount, kept.rows)
            )
    for told in lines.values():
        work.ledger.extend(told)
    work.ledger.check()
    return work


def _take(work: Intake, name: str, store: Store | None, storing: Lock) -> list[Entry]:
    """Read, judge and store a table, let it leave the engine, and return its lines of the ledger (none: not read)."""
    try:
        _read_and_judge(work, name)
    except InsightsError as error:
        work.failures[name] = error
    staged = work.staged.get(name)
    if staged is None:
        return []
    lines = _lines(work, staged)
    if name not in work.failures:
        keep_for_books(work.con, staged)
    if store and not work.failures:
        with storing:
            store(work.con, staged, work.problems[name])
    _release(work.con, staged)
    return lines


def _put_in_order(by_name: dict[str, Any], names: list[str]) -> None:
    found = {name: by_name[name] for name in names if name in by_name}
    by_name.clear()
    by_name.update(found)


def connect(settings: Settings, scratch: Path) -> duckdb.DuckDBPyConnection:
    """Return the engine of an intake: in memory, in the bank's time zone, spilling only into the restricted folder."""
    con = duckdb.connect()
    con.execute("SET preserve_insertion_order = true")
    _in_time_zone(con, settings)
    for limit in limits(scratch / SPILL):
        con.execute(limit)
    con.execute("CREATE TABLE withheld_clients (client_id VARCHAR, rule VARCHAR)")
    return con


def _in_time_zone(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    con.execute(f"SET TimeZone = {literal(settings.bank.time_zone)}")


def _read_and_judge(work: Intake, name: str) -> None:
    con, settings = work.con, work.settings
    source = settings.tables[name]
    read = read_extract(source, settings, con, f"raw_{name}")
    extract = source.path or ("query" if source.query else f"database {source.database_env}")
    staged = stage(con, name, read.name, settings, extract)
    staged.problems = len(read.problems)
    work.staged[name], work.problems[name] = staged, read.problems
    note_foreign(con, staged, read.foreign)
    _judge(work, staged)
    note_rows(con, staged, settings.window)
    if name == "clients":
        con.execute(f"CREATE OR REPLACE TABLE kept_clients AS SELECT DISTINCT client_id FROM {staged.kept}")
        _check_clients(work, staged)


def _judge(work: Intake, staged: Staged) -> None:
    con, settings = work.con, work.settings
    cutoff = cutoffs(settings, work.as_of).get(staged.name)
    if staged.name == "clients":
        withhold_clients(con, staged, cutoff)
    else:
        withhold_rows(con, staged, cutoff)
    forget_withheld(con, staged)
    apply_column_rules(con, staged, settings.own_codes(staged.name))
    apply_date_order(con, staged)
    convert_money(con, staged, work.staged.get("market"), settings.bank.currency)
    round_money(con, staged)
    remove_identifiers(con, staged)
    merge_duplicates(con, staged)
    if "clients" in work.staged and "clients" not in work.failures:
        find_orphans(con, staged)
    has_versions(con, staged)


def _check_clients(work: Intake, staged: Staged) -> None:
    if work.con.execute("SELECT count(*) FROM kept_clients").fetchall()[0][0]:
        return
    reasons = work.con.execute(f"SELECT _rule, count(*) FROM {staged.out} GROUP BY _rule ORDER BY 2 DESC, 1").fetchall()
    told = ", ".join(f"{rule} {count:,}" for rule, count in reasons) or "the extract has no rows"
    raise IntakeError(
        f"clients: no row can be used ({told})",
        expected="at least one client",
        todo="correct the mapping in [tables.clients] (date formats, codes), or have the extract delivered again",
    )


def _in_order(settings: Settings) -> list[str]:
    rest = [name for name in TABLES if name not in FIRST]
    return [name for name in (*FIRST, *rest) if name in settings.tables]


def _release(con: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """Take out of the engine what no later table needs."""
    own = staged.spec.date
    if own and staged.has(own):
        staged.span = con.execute(f"SELECT min({quoted(own)}), max({quoted(own)}) FROM {staged.kept}").fetchall()[0]
    con.execute(f"DROP VIEW {staged.texts}")
    con.execute(f"DROP TABLE {quoted(f'raw_{staged.name}')}")
    if staged.name not in FIRST:
        con.execute(f"DROP TABLE {staged.rows}")
        con.execute(f"DROP TABLE {staged.out}")


def _line(
    staged: Staged, rule: str, action: str, rows: int, amount: Decimal | None, before: int | None = None
) -> Entry:
    amount = Decimal(0) if amount is None and staged.money else amount
    return Entry(staged.name, staged.extract, rule, action, rows, amount, before)


def _lines(work: Intake, staged: Staged) -> list[Entry]:
    """Return the ledger of one table: what came, what happened to it by rule, what was kept, repaired and noted."""
    # An absurd amount is in the ledger as ABSURD, so that no number of them goes beyond what the engine can add up.
    capped = f"greatest(least({quoted(staged.money)}, {ABSURD}), -{ABSURD})" if staged.money else ""
    money = f"sum({capped})" if staged.money else "NULL"

    def totals(relation: str) -> tuple[int, Decimal | None]:
        rows, amount = work.con.execute(f"SELECT count(*), {money} FROM {relation}").fetchall()[0]
        return rows, amount

    rows, amount = totals(staged.rows)
    lines = [_line(staged, "", IN, rows + staged.problems, amount)]
    unread = work.problems[staged.name]["reason"].value_counts().sort_index()
    lines += [_line(staged, str(reason), QUARANTINED, int(count), None) for reason, count in unread.items()]
    taken = work.con.execute(
        f"SELECT _action, _rule, count(*), {money}, min(o.rowid) AS first FROM {staged.rows} "
        f"JOIN {staged.out} o USING (_n) GROUP BY _action, _rule ORDER BY first"  # in the order of the rules
    ).fetchall()
    lines += [_line(staged, rule, action, count, amount) for action, rule, count, amount, _ in taken]
    lines += [_line(staged, t.rule, REPAIRED, t.rows, t.amount, t.before) for t in staged.repairs]
    lines += [_line(staged, t.rule, NOTED, t.rows, t.amount, t.before) for t in staged.notes]
    rows, amount = totals(staged.kept)
    return [*lines, _line(staged, "", KEPT, rows, amount)]


def source_lines(work: Intake) -> pd.DataFrame:
    """Return one row per table: its extract, legal basis and purpose, its rows, its first and last date."""
    lines = []
    for name, staged in work.staged.items():
        source = staged.source
        came = sum(e.rows for e in work.ledger.entries if e.table == name and e.action == IN)
        lines.append(
            {
                "table": name,
                "extract": staged.extract,
                "legal_basis": source.legal_basis,
                "purpose": source.purpose,
                "consent_column": source.consent_column or "",
                "retention_months": source.retention_months,
                "rows_in": came,
                "first_date": staged.span[0],
                "last_date": staged.span[1],
            }
        )
    frame = pd.DataFrame(lines).astype({"retention_months": "Int64", "rows_in": "int64"})
    return frame.astype({"first_date": "datetime64[s]", "last_date": "datetime64[s]"})
