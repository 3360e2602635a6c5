"""What is noted of rows that are kept: known late, a value missing that the bank expects, a line in another encoding.

Nothing is taken away here. A line in the fallback encoding counts as repaired, because it was read after all; it is
counted when it is read, before other rules may set it aside.
"""

from collections.abc import Sequence

import duckdb
import pandas as pd

from insights.data.settings import WindowSection
from insights.data.staging import Staged, Touched
from insights.data.typing_sql import quoted

LATE, MISSING, FOREIGN = "known_late", "value_missing", "other_encoding"


def note_foreign(con: duckdb.DuckDBPyConnection, staged: Staged, lines: Sequence[tuple[str, int]]) -> None:
    """Note how many rows were read in the fallback encoding (``lines``: file and row of each).

    Behind a query over several extracts a line has no one row of the table, and so no money of its own.
    """
    if not lines:
        return
    con.register("foreign_lines", pd.DataFrame(list(lines), columns=["_file", "_row"]))
    same = f"SELECT {_money(staged)} FROM {staged.rows} SEMI JOIN foreign_lines USING (_file, _row)"
    amount = con.execute(same).fetchall()[0][0]
    con.unregister("foreign_lines")
    staged.repairs.append(Touched(FOREIGN, len(lines), amount, staged.present(con)))


def note_rows(con: duckdb.DuckDBPyConnection, staged: Staged, window: WindowSection) -> None:
    """Note the kept rows that became known late, and those that lack a value of a column in ``expected``.

    Late is what became known more than ``window.late_after_days`` after its date (a month: after its last day and the
    reporting delay), where the bank says when it knew; of several versions of a row the first counts. An exit is late
    by itself: a row may be old when its end becomes known.
    """
    own = staged.spec.date
    if staged.known_mapped and own and staged.has(own):
        due = f"last_day({quoted(own)}) + {window.reporting_delay_days}" if staged.spec.month else quoted(own)
        _note_late(con, staged, own, f"known_on - ({due})", window.late_after_days)
    if staged.has("left_on") and (staged.has("left_known_on") or staged.known_mapped):
        known = "left_known_on" if staged.has("left_known_on") else "known_on"
        _note_late(con, staged, "left_on", f"{known} - left_on", window.late_after_days)
    gone = " AND NOT coalesce(withdrawn, false)" if staged.has("withdrawn") else ""
    for column in staged.source.expected:
        if staged.has(column):
            _note(
                con, staged, f"{MISSING}:{column}", f"SELECT * FROM {staged.kept} WHERE {quoted(column)} IS NULL{gone}"
            )


def _note_late(con: duckdb.DuckDBPyConnection, staged: Staged, column: str, days: str, most: int) -> None:
    """Note the rows with the date of the column that were known later than ``most`` days after it."""
    late = f"SELECT * FROM {staged.kept} WHERE {days} > {most}"
    if not staged.made_id:
        key = ", ".join(quoted(name) for name in staged.spec.key if staged.has(name))
        first = (
            f"SELECT {key}, min(known_on) AS first FROM {staged.kept} SEMI JOIN late USING ({key}) "
            f"WHERE {quoted(column)} IS NOT NULL GROUP BY {key}"
        )
        late = f"WITH late AS ({late}) SELECT * FROM late JOIN ({first}) USING ({key}) WHERE known_on = first"
    _note(con, staged, f"{LATE}:{column}", late)


def _note(con: duckdb.DuckDBPyConnection, staged: Staged, rule: str, rows: str) -> None:
    count, amount = con.execute(f"SELECT count(*), {_money(staged)} FROM ({rows})").fetchall()[0]
    if count:
        staged.notes.append(Touched(rule, count, amount, staged.present(con)))


def _money(staged: Staged) -> str:
    return f"sum({quoted(staged.money)})" if staged.money else "NULL"
