"""Rows that say the same thing twice, rows that contradict each other, and versions, which do neither.

A row with the key of another but a later ``known_on`` is a version of it: both are kept, and the snapshot picks.
Nothing here depends on rows that became known later, so what is found as of a date never changes afterwards.
"""

import duckdb

from insights.data.column_rules import set_aside
from insights.data.ledger import MERGED
from insights.data.staging import Staged
from insights.data.typing_sql import literal, quoted

TWINS = "twins"
"""The rows that share their key with another one: there are few of them, so the rest of the work is quick."""


def merge_duplicates(con: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """Merge exact and near duplicates, and set aside rows that contradict each other.

    - Exact: all columns are equal. The first row is kept. Events without an id of their own are merged only if their
      source states ``unique``: two equal bookings on one day are otherwise two bookings.
    - Near: the same key, known on the same day, and no column in which two rows both have a value and differ. The first
      row is kept and takes the values that it lacks from the others.
    - Contradicting: the same key, known on the same day, different values. Nothing says which is right: none is kept.
      Where the bank does not deliver ``known_on``, a row of the same key with a later date of its own contradicts the
      earlier row (a second joining date of one client); the earlier one stays, because it was known first.
    - A withdrawn row beats the others of its key and day.
    """
    if staged.made_id and staged.source.unique:
        _merge(con, staged, staged.kept, [quoted(c.name) for c in staged.columns], "exact_duplicate")
    if staged.made_id:
        staged.repeats = False
        return
    key = [*_key(staged), "known_on"]
    staged.repeats = _find_twins(con, staged)
    if not staged.repeats:
        return
    _merge(con, staged, TWINS, [*_contents(staged), "known_on"], "exact_duplicate")
    _set_aside_later(con, staged)
    if staged.has("withdrawn"):
        _keep_withdrawn(con, staged, key)
    _find_groups(con, staged, key)
    contradicting = "_n IN (SELECT unnest(members) FROM groups WHERE NOT compatible)"
    set_aside(con, staged, "contradicting_rows", contradicting)
    _fill_first(con, staged)
    _take_members(con, staged, "near_duplicate")


def has_versions(con: duckdb.DuckDBPyConnection, staged: Staged) -> bool:
    """Whether some key still has several rows: the snapshot then has to choose among them. ``repeats`` is set to it.

    Asked of the twins, so only while the table they were found in is the one at work.
    """
    if staged.repeats:
        key = ", ".join(_key(staged))
        several = f"SELECT 1 FROM {_still(staged)} GROUP BY {key} HAVING count(*) > 1 LIMIT 1"
        staged.repeats = bool(con.execute(several).fetchall())
    return staged.repeats


def _find_twins(con: duckdb.DuckDBPyConnection, staged: Staged) -> bool:
    """Create ``twins``, the rows that share their key with another one, if there are any; return whether there are."""
    key = _key(staged)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE several AS "
        f"SELECT {', '.join(key)} FROM {staged.kept} GROUP BY ALL HAVING count(*) > 1"
    )
    if not con.execute("SELECT 1 FROM several LIMIT 1").fetchall():
        return False
    same = " AND ".join(f"r.{name} IS NOT DISTINCT FROM s.{name}" for name in key)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {TWINS} AS SELECT r.* FROM {staged.kept} r SEMI JOIN several s ON {same}"
    )
    return True


def _key(staged: Staged) -> list[str]:
    return [quoted(name) for name in staged.spec.key if staged.has(name)]


def _contents(staged: Staged) -> list[str]:
    return [quoted(c.name) for c in staged.columns if c.name != "known_on"]


def _merge(con: duckdb.DuckDBPyConnection, staged: Staged, among: str, same: list[str], rule: str) -> None:
    """Take every row but the first of those that agree in the ``same`` expressions."""
    repeated = f"SELECT _n FROM {among} QUALIFY row_number() OVER (PARTITION BY {', '.join(same)} ORDER BY _n) > 1"
    con.execute(f"INSERT INTO {staged.out} SELECT _n, {literal(MERGED)}, {literal(rule)} FROM ({repeated})")


def _still(staged: Staged) -> str:
    return f"(SELECT * FROM {TWINS} ANTI JOIN {staged.out} USING (_n))"


def _set_aside_later(con: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """Set aside rows whose key an earlier row has, where their own date is all that makes them later."""
    own = staged.spec.date
    dated = own and staged.has(own) and own not in staged.spec.key and staged.spec.known == own
    if staged.known_mapped or not dated:
        return
    key = ", ".join(_key(staged))
    later = f"SELECT _n FROM {_still(staged)} QUALIFY known_on IS DISTINCT FROM min(known_on) OVER (PARTITION BY {key})"
    set_aside(con, staged, "contradicting_rows", f"_n IN ({later})")


def _keep_withdrawn(con: duckdb.DuckDBPyConnection, staged: Staged, key: list[str]) -> None:
    beaten = (
        f"SELECT _n FROM {_still(staged)} QUALIFY row_number() OVER "
        f"(PARTITION BY {', '.join(key)} ORDER BY coalesce(withdrawn, false) DESC, _n) > 1 "
        f"AND bool_or(coalesce(withdrawn, false)) OVER (PARTITION BY {', '.join(key)})"
    )
    con.execute(f"INSERT INTO {staged.out} SELECT _n, {literal(MERGED)}, 'withdrawn_same_day' FROM ({beaten})")


def _find_groups(con: duckdb.DuckDBPyConnection, staged: Staged, key: list[str]) -> None:
    """Create ``groups``: rows with the same key and day, whether they are compatible, and their united values."""
    others = [c for c in staged.columns if c.name != "known_on" and quoted(c.name) not in key]
    agree = " AND ".join(f"count(DISTINCT {quoted(c.name)}) <= 1" for c in others) or "true"
    united = "".join(f", any_value({quoted(c.name)}) AS {quoted(c.name)}" for c in others)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE groups AS SELECT list(_n ORDER BY _n) AS members, {agree} AS compatible{united} "
        f"FROM {_still(staged)} GROUP BY {', '.join(key)} HAVING count(*) > 1"
    )


def _fill_first(con: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """Give the first row of each compatible group the values that it lacks."""
    others = [c for c in staged.columns if c.name != "known_on" and c.name not in staged.spec.key]
    if others:
        filled = ", ".join(f"{quoted(c.name)} = coalesce(r.{quoted(c.name)}, g.{quoted(c.name)})" for c in others)
        con.execute(f"UPDATE {staged.rows} AS r SET {filled} FROM groups g WHERE g.compatible AND r._n = g.members[1]")


def _take_members(con: duckdb.DuckDBPyConnection, staged: Staged, rule: str) -> None:
    con.execute(
        f"INSERT INTO {staged.out} SELECT _n, {literal(MERGED)}, {literal(rule)} FROM "
        "(SELECT unnest(members[2:]) AS _n FROM groups WHERE compatible)"
    )
