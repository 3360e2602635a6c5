"""Rows that the bank may not use: no consent, or kept longer than the source allows. Counted, not stored."""

from datetime import date

import duckdb

from insights.data.column_rules import empty_out
from insights.data.ledger import WITHHELD
from insights.data.months import add_months, first_of_month
from insights.data.settings import Settings
from insights.data.staging import Staged
from insights.data.typing_sql import literal, quoted

LEAVERS = ("clients", "relationships")
"""Tables whose rows are kept for a time after the client has left, not after they were written."""


def cutoffs(settings: Settings, as_of: date) -> dict[str, date]:
    """Return, for each table with a retention, the first day that may still be used as of the date."""
    return {
        name: add_months(as_of, -source.retention_months)
        for name, source in sorted(settings.tables.items())
        if source.retention_months
    }


def window_from(settings: Settings, as_of: date) -> date | None:
    """Return from when leavers are completely recorded: ``complete_from``, or later where retention removed leavers.

    Retention moves the window for everyone: the first month that lost no leaver is its first month.
    """
    opens = settings.window.complete_from
    if opens is None:
        return None
    for table, cutoff in cutoffs(settings, as_of).items():
        if table in LEAVERS:
            whole = cutoff if cutoff.day == 1 else add_months(first_of_month(cutoff), 1)
            opens = max(opens, whole)
    return opens


def withhold_clients(con: duckdb.DuckDBPyConnection, clients: Staged, cutoff: date | None) -> None:
    """Withhold clients without consent, and those who left before the cutoff: all their rows, judged by the latest."""
    latest = (
        f"SELECT * FROM {clients.rows} WHERE client_id IS NOT NULL "
        "QUALIFY rank() OVER (PARTITION BY client_id ORDER BY known_on DESC NULLS LAST) = 1"
    )
    con.execute(
        "INSERT INTO withheld_clients SELECT client_id, 'no_consent' "
        f"FROM ({latest}) GROUP BY client_id HAVING NOT bool_and(_consent)"
    )
    if cutoff and clients.has("left_on"):
        con.execute(
            "INSERT INTO withheld_clients SELECT client_id, 'retention_over' FROM "
            f"(SELECT client_id FROM ({latest}) GROUP BY client_id HAVING max(left_on) < {_day(cutoff)}) "
            "ANTI JOIN withheld_clients USING (client_id)"
        )
    _take(con, clients, "(SELECT _n, w.rule FROM {rows} r JOIN withheld_clients w USING (client_id))")
    _take(con, clients, "(SELECT _n, 'no_consent' AS rule FROM {rows} WHERE NOT _consent AND client_id IS NULL)")


def forget_withheld(con: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """Empty every other mention of a withheld client (who referred whom)."""
    for column in staged.columns:
        if column.domain == "client" and column.name != "client_id":
            mentioned = f"{quoted(column.name)} IN (SELECT client_id FROM withheld_clients)"
            empty_out(con, staged, column.name, "client_withheld", mentioned)


def withhold_rows(con: duckdb.DuckDBPyConnection, staged: Staged, cutoff: date | None) -> None:
    """Withhold rows without consent, of withheld clients, and past retention, of any table but ``clients``."""
    _take(con, staged, "(SELECT _n, 'no_consent' AS rule FROM {rows} WHERE NOT _consent)")
    if staged.has("client_id"):
        of_withheld = "SELECT _n, 'client_withheld' AS rule FROM {rows} SEMI JOIN withheld_clients USING (client_id)"
        _take(con, staged, f"({of_withheld})")
    clock = "left_on" if staged.name in LEAVERS else staged.spec.date
    if cutoff and clock and staged.has(clock):
        old = f"{quoted(clock)} < {_day(cutoff)}"
        _take(con, staged, f"(SELECT _n, 'retention_over' AS rule FROM {{rows}} WHERE {old})")


def _take(con: duckdb.DuckDBPyConnection, staged: Staged, found: str) -> None:
    rows = found.format(rows=staged.rows)
    con.execute(
        f"INSERT INTO {staged.out} SELECT _n, {literal(WITHHELD)}, rule FROM {rows} ANTI JOIN {staged.out} USING (_n)"
    )


def _day(day: date) -> str:
    return f"DATE {literal(day.isoformat())}"
