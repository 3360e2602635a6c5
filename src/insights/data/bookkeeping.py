"""Balances that do not follow: opening balance + bookings + market change is not the closing balance.

Such a row is kept, since nobody can tell which of the figures is wrong, and noted in the ledger. The rule needs the
market change of each balance and the category of each booking; without them nothing can be said.
"""

import duckdb

from insights.data.duplicates import TWINS
from insights.data.staging import Staged, Touched
from insights.data.typing_sql import in_cents, quoted

RULE = "does_not_follow"
BALANCES, TRANSACTIONS = "balances", "transactions"
HELD, BOOKED = "books_held", "books_booked"


def keep_for_books(con: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """Keep what the books need of balances and bookings in the engine when the tables leave it.

    Of several versions of a row the latest known one counts, as in the snapshot.
    """
    if staged.name == BALANCES and staged.has("market_change"):
        con.execute(
            f"CREATE TABLE {HELD} AS SELECT client_id, category, month, {in_cents('amount')} AS closing, "
            f"coalesce({in_cents('market_change')}, 0)::DECIMAL(18,2) AS change FROM {_latest(staged)}"
        )
    if staged.name == TRANSACTIONS and staged.has("category"):
        con.execute(
            f"CREATE TABLE {BOOKED} AS SELECT client_id, category, date_trunc('month', booked_on)::DATE AS month, "
            f"sum(amount) AS booked FROM {_latest(staged)} WHERE category IS NOT NULL GROUP BY ALL"
        )


def find_breaks(con: duckdb.DuckDBPyConnection, balances: Staged, transactions: Staged, kept: int) -> Touched | None:
    """Return how many balances of a client, category and month do not follow, and by how much money altogether.

    The first month has no opening balance and is left out; so are bookings outside the months of the balances. A
    balance that is missing although money should be there is one that does not follow. ``kept`` is the number of
    balances. None where all follow, or where the bank does not deliver what would tell.
    """
    if not (balances.has("market_change") and transactions.has("category")):
        return None
    rows, amount = con.execute(
        f"""
        WITH steps AS (
            SELECT client_id, category, month, closing - change AS step FROM {HELD}
            UNION ALL SELECT client_id, category, (month + INTERVAL 1 MONTH)::DATE, -closing FROM {HELD}
            UNION ALL SELECT client_id, category, month, -booked FROM {BOOKED}),
        gaps AS (
            SELECT sum(step) AS gap FROM steps
            WHERE month > (SELECT min(month) FROM {HELD}) AND month <= (SELECT max(month) FROM {HELD})
            GROUP BY client_id, category, month)
        SELECT count(*), sum(abs(gap)) FROM gaps WHERE gap <> 0
        """
    ).fetchall()[0]
    return Touched(RULE, rows, amount, kept) if rows else None


def _latest(staged: Staged) -> str:
    """Return the kept rows, of each key the one known last, without those that were withdrawn."""
    if staged.made_id:
        return staged.kept
    rows = staged.kept
    if staged.repeats:
        key = ", ".join(quoted(name) for name in staged.spec.key if staged.has(name))
        newest = f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY known_on DESC)"
        older = f"SELECT _n FROM {TWINS} ANTI JOIN {staged.out} USING (_n) {newest} > 1"
        rows = f"(SELECT * FROM {staged.kept} ANTI JOIN ({older}) USING (_n))"
    gone = " WHERE NOT coalesce(withdrawn, false)" if staged.has("withdrawn") else ""
    return f"(SELECT * FROM {rows}{gone})"
