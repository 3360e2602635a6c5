"""From extracts to judged rows: read, type, apply every rule, and account for every row. Nothing is stored here.

The order of the rules is the order of ``_judge``. What a row is held against was known no later than the row itself, so
rows that arrive later never change what was kept before.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd

from insights.data.bookkeeping import note_breaks
from insights.data.column_rules import apply_column_rules
from insights.data.duplicates import merge_duplicates
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

FIRST = ("market", "clients")
"""Tables that others are held against."""


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


def judge(settings: Settings, as_of: date, scratch: Path | None = None) -> Intake:
    """Read and judge every mapped table, storing nothing; what cannot be built stands in ``failures``."""
    work = Intake(settings, as_of, connect(settings, scratch))
    for name in _in_order(settings):
        try:
            _read_and_judge(work, name)
        except InsightsError as error:
            work.failures[name] = error
    if "clients" not in settings.tables:
        work.failures["clients"] = IntakeError(
            "the table clients is not mapped",
            expected="[tables.clients] in bank.toml: it is the one table that every analysis needs",
            todo="add it, with client_id and joined_on",
        )
    if all(name in work.staged and name not in work.failures for name in ("balances", "transactions")):
        note_breaks(work.con, work.staged["balances"], work.staged["transactions"])
    for staged in work.staged.values():
        work.ledger.extend(_lines(work, staged))
    work.ledger.check()
    return work


def connect(settings: Settings, scratch: Path | None) -> duckdb.DuckDBPyConnection:
    """Return the engine of an intake: in memory, in the bank's time zone, spilling only into the restricted folder."""
    con = duckdb.connect()
    con.execute("SET preserve_insertion_order = true")
    con.execute(f"SET TimeZone = {literal(settings.bank.time_zone)}")
    con.execute(f"SET temp_directory = {literal(str(scratch / SPILL) if scratch else '')}")
    con.execute("CREATE TABLE withheld_clients (client_id VARCHAR, rule VARCHAR)")
    return con


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


def _lines(work: Intake, staged: Staged) -> list[Entry]:
    """Return the ledger of one table: what came, what happened to it by rule, what was kept, repaired and noted."""
    # An absurd amount is in the ledger as ABSURD, so that no number of them goes beyond what the engine can add up.
    capped = f"greatest(least({quoted(staged.money)}, {ABSURD}), -{ABSURD})" if staged.money else ""
    money = f"sum({capped})" if staged.money else "NULL"

    def line(rule: str, action: str, rows: int, amount: Decimal | None, before: int | None = None) -> Entry:
        amount = Decimal(0) if amount is None and staged.money else amount
        return Entry(staged.name, staged.extract, rule, action, rows, amount, before)

    def totals(relation: str) -> tuple[int, Decimal | None]:
        rows, amount = work.con.execute(f"SELECT count(*), {money} FROM {relation}").fetchall()[0]
        return rows, amount

    rows, amount = totals(staged.rows)
    lines = [line("", IN, rows + staged.problems, amount)]
    unread = work.problems[staged.name]["reason"].value_counts().sort_index()
    lines += [line(str(reason), QUARANTINED, int(count), None) for reason, count in unread.items()]
    taken = work.con.execute(
        f"SELECT _action, _rule, count(*), {money}, min(o.rowid) AS first FROM {staged.rows} "
        f"JOIN {staged.out} o USING (_n) GROUP BY _action, _rule ORDER BY first"  # in the order of the rules
    ).fetchall()
    lines += [line(rule, action, count, amount) for action, rule, count, amount, _ in taken]
    lines += [line(t.rule, REPAIRED, t.rows, t.amount, t.before) for t in staged.repairs]
    lines += [line(t.rule, NOTED, t.rows, t.amount, t.before) for t in staged.notes]
    rows, amount = totals(staged.kept)
    return [*lines, line("", KEPT, rows, amount)]


def source_lines(work: Intake) -> pd.DataFrame:
    """Return one row per table: its extract, legal basis and purpose, its rows, its first and last date."""
    lines = []
    for name, staged in work.staged.items():
        own, source = staged.spec.date, staged.source
        span: tuple[date | None, date | None] = (None, None)
        if own and staged.has(own):
            span = work.con.execute(f"SELECT min({quoted(own)}), max({quoted(own)}) FROM {staged.kept}").fetchall()[0]
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
                "first_date": span[0],
                "last_date": span[1],
            }
        )
    frame = pd.DataFrame(lines).astype({"retention_months": "Int64", "rows_in": "int64"})
    return frame.astype({"first_date": "datetime64[s]", "last_date": "datetime64[s]"})
