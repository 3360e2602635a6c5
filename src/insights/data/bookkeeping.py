"""Balances that do not follow: opening balance + bookings + market change is not the closing balance.

Such a row is kept, since nobody can tell which of the figures is wrong, and noted in the ledger. The rule needs the
market change of each balance and the category of each booking; without them nothing can be said.
"""

from decimal import Decimal

import duckdb

from insights.data.staging import Staged, Touched
from insights.data.typing_sql import quoted

RULE = "does_not_follow"


def note_breaks(con: duckdb.DuckDBPyConnection, balances: Staged, transactions: Staged) -> None:
    """Note how many balances of a client, category and month do not follow, and by how much money altogether.

    The first month has no opening balance and is left out; so are bookings outside the months of the balances. A
    balance that is missing although money should be there is one that does not follow. Of several versions of a row
    the latest known one counts, as in the snapshot.
    """
    if not (balances.has("market_change") and transactions.has("category")):
        return
    rows, amount = con.execute(
        f"""
        WITH held AS (
            SELECT client_id, category, month, amount AS closing, coalesce(market_change, 0) AS change
            FROM {_latest(balances)}),
        opened AS (SELECT client_id, category, (month + INTERVAL 1 MONTH)::DATE AS month, closing AS opening FROM held),
        booked AS (
            SELECT client_id, category, date_trunc('month', booked_on)::DATE AS month, sum(amount) AS booked
            FROM {_latest(transactions)} WHERE category IS NOT NULL GROUP BY ALL),
        gaps AS (
            SELECT coalesce(closing, 0) - coalesce(opening, 0) - coalesce(booked, 0) - coalesce(change, 0) AS gap
            FROM held FULL JOIN opened USING (client_id, category, month)
                FULL JOIN booked USING (client_id, category, month)
            WHERE month > (SELECT min(month) FROM held) AND month <= (SELECT max(month) FROM held))
        SELECT count(*), sum(abs(gap)) FROM gaps WHERE gap <> 0
        """
    ).fetchall()[0]
    if rows:
        balances.notes.append(Touched(RULE, rows, Decimal(amount), balances.present(con)))


def _latest(staged: Staged) -> str:
    """Return the kept rows, of each key the one known last, without those that were withdrawn."""
    if staged.made_id:
        return staged.kept
    key = ", ".join(quoted(name) for name in staged.spec.key if staged.has(name))
    gone = " WHERE NOT coalesce(withdrawn, false)" if staged.has("withdrawn") else ""
    return (
        f"(SELECT * FROM (SELECT * FROM {staged.kept} "
        f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY known_on DESC) = 1){gone})"
    )
