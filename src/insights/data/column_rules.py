"""Rules on single values: can it be read, and does it pass the table's pandera schema.

A value that fails costs the whole row where the row would mean something else without it: required columns, the dates
that say when something was known or ended, and the columns of the key. Any other value is emptied and counted as
repaired. The schema is applied to the distinct values of each column: its checks look at one value at a time, and a
million rows hold few different codes and months. Where a check asks no more than whether a value lies between two
bounds, or is there at all, the extremes of the column tell first whether any value can fail.
"""

import re
from typing import TYPE_CHECKING

import duckdb
import pandas as pd

from insights.data.columns import Column
from insights.data.ledger import QUARANTINED
from insights.data.staging import Staged, Touched
from insights.data.tables import schema
from insights.data.typing_sql import literal, quoted

if TYPE_CHECKING:
    import pandera.pandas as pa

UNREADABLE = {
    "date": "unreadable_date",
    "month": "unreadable_date",
    "timestamp": "unreadable_date",
    "money": "unreadable_amount",
    "integer": "unreadable_number",
    "number": "unreadable_number",
    "flag": "unreadable_flag",
}
ORDERED = ("date", "timestamp", "money", "integer", "number")
"""Kinds of which the schemas ask only whether a value lies between two bounds, unless they have a list of codes."""

ANY = ("id", "text", "code")
"""Kinds of which the schemas ask only whether there is a value, unless they have a list of codes."""

CHUNK = 500_000


def apply_column_rules(con: duckdb.DuckDBPyConnection, staged: Staged, own_codes: dict[str, tuple[str, ...]]) -> None:
    """Set aside or repair the rows of ``staged`` that break a rule on a single value."""
    set_aside(con, staged, "cell_too_long", "_long")
    for column in staged.columns:
        if column.kind in UNREADABLE:
            judge_value(con, staged, column, UNREADABLE[column.kind], f"contains(_bad, {literal(f'|{column.name}|')})")
    table = schema(staged.name, extra_codes=own_codes)
    sound = _sound(con, staged, table)
    for column in (c for c in staged.columns if c.name not in sound):
        for rule, bad in _failures(con, staged, column, table).items():
            con.register("bad_values", bad)
            name = _compared(column)
            hit = f"EXISTS (SELECT 1 FROM bad_values b WHERE b.v IS NOT DISTINCT FROM {name})"
            if rule == "not_nullable":
                hit = f"{name} IS NULL AND NOT {_withdrawn(staged, column)}"
            judge_value(con, staged, column, rule, hit)
            con.unregister("bad_values")
    for group in staged.spec.one_of:
        present = [quoted(name) for name in group if staged.has(name)]
        empty = " AND ".join(f"{name} IS NULL" for name in present) or "true"
        _check_named(con, staged, table, group, empty)


def fatal(staged: Staged, column: Column) -> bool:
    """Whether a row is worth nothing without a valid value in this column."""
    says_when = column.kind == "date" and (column.revealed_by or column.name in (staged.spec.known, "known_on"))
    return bool(column.required or says_when or column.name in staged.spec.key or column.name == "withdrawn")


def judge_value(con: duckdb.DuckDBPyConnection, staged: Staged, column: Column, rule: str, condition: str) -> None:
    """Set the row aside, or only empty the value, where the SQL condition holds."""
    if fatal(staged, column):
        set_aside(con, staged, f"{rule}:{column.name}", condition)
    else:
        empty_out(con, staged, column.name, rule, condition)


def set_aside(con: duckdb.DuckDBPyConnection, staged: Staged, rule: str, condition: str) -> None:
    """Quarantine the rows that meet the SQL condition and that no earlier rule has taken."""
    con.execute(
        f"INSERT INTO {staged.out} SELECT _n, {literal(QUARANTINED)}, {literal(rule)} FROM {staged.rows} "
        f"ANTI JOIN {staged.out} USING (_n) WHERE {condition}"
    )


def empty_out(con: duckdb.DuckDBPyConnection, staged: Staged, column: str, rule: str, condition: str) -> None:
    """Empty the column in the rows that meet the SQL condition, and note how many with how much money."""
    money = f"sum({quoted(staged.money)})" if staged.money else "NULL"
    where = f"({condition}) AND _n NOT IN (SELECT _n FROM {staged.out})"
    count, amount = con.execute(f"SELECT count(*), {money} FROM {staged.rows} WHERE {where}").fetchall()[0]
    if count:
        con.execute(f"UPDATE {staged.rows} SET {quoted(column)} = NULL WHERE {where}")
        staged.repairs.append(Touched(f"{rule}:{column}", count, amount, staged.present(con)))


def _sound(con: duckdb.DuckDBPyConnection, staged: Staged, table: "pa.DataFrameSchema") -> set[str]:
    """Return the columns of which no value can fail the schema, by their extremes and whether some are empty."""
    import pandera.pandas as pa

    keys = {c.name: _key(c, table) for c in staged.columns if c.codes is None and c.kind in (*ORDERED, *ANY)}
    probed = [c for c in staged.columns if keys.get(c.name)]
    if not probed:
        return set()
    told: list[str] = []
    for place, column in enumerate(probed):
        value = _compared(column)
        low, high = ("min", "max") if column.kind in ORDERED else ("any_value", "any_value")
        told.append(f"{low}({value}) AS l{place}, {high}({value}) AS h{place}, bool_or({value} IS NULL) AS e{place}")
    rows = (
        ", ".join(f"{text.format(k=k)} AS {quoted(c.name)}" for k, c in enumerate(probed))
        for text in ("l{k}", "h{k}", "CASE WHEN e{k} THEN NULL ELSE l{k} END")
    )
    ends = " UNION ALL ".join(f"SELECT {row} FROM told" for row in rows)
    frame = con.execute(f"WITH told AS (SELECT {', '.join(told)} FROM {staged.kept}) {ends}").df()
    checks = pa.DataFrameSchema({key: table.columns[key] for key in keys.values() if key})
    cases = _cases(checks, frame)
    return {c.name for c in probed} - (set() if cases is None else set(cases["column"]))


def _failures(
    con: duckdb.DuckDBPyConnection, staged: Staged, column: Column, table: "pa.DataFrameSchema"
) -> dict[str, pd.DataFrame]:
    """Return, by rule, the distinct values of the column that fail the schema (one column ``v``)."""
    import pandera.pandas as pa

    key = _key(column, table)
    if key is None:
        return {}  # currency: judged by the conversion
    checks = pa.DataFrameSchema({key: table.columns[key]})
    found: dict[str, list[pd.DataFrame]] = {}
    values = con.execute(f"SELECT DISTINCT {_compared(column)} AS v FROM {staged.kept} ORDER BY v").df()
    for start in range(0, len(values), CHUNK):
        chunk = values.iloc[start : start + CHUNK].reset_index(drop=True)
        for rule, positions in _failing(checks, chunk.rename(columns={"v": column.name})).items():
            found.setdefault(rule, []).append(chunk.iloc[positions])
    return {rule: pd.concat(parts, ignore_index=True) for rule, parts in found.items()}


def _key(column: Column, table: "pa.DataFrameSchema") -> str | None:
    """Return the name, or the pattern, under which the schema has the column; None if it has none."""
    if column.name in table.columns and not table.columns[column.name].regex:
        return column.name
    return next((str(k) for k, c in table.columns.items() if c.regex and re.match(str(k), column.name)), None)


def _failing(checks: "pa.DataFrameSchema", frame: pd.DataFrame) -> dict[str, list[int]]:
    """Return, by rule, the positions of the rows of ``frame`` that fail."""
    found: dict[str, list[int]] = {}
    cases = _cases(checks, frame)
    if cases is not None:
        for rule, position in zip(cases["check"], cases["index"], strict=True):
            # A failure of the column as a whole (its type) has no position: every value of it fails.
            where = range(len(frame)) if pd.isna(position) else [int(position)]
            found.setdefault(str(rule), []).extend(where)
    return found


def _cases(checks: "pa.DataFrameSchema", frame: pd.DataFrame) -> pd.DataFrame | None:
    """Return the failures of ``frame``, one row each; None if there are none."""
    import pandera.errors

    try:
        checks.validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as error:
        return error.failure_cases
    return None


def _check_named(
    con: duckdb.DuckDBPyConnection, staged: Staged, table: "pa.DataFrameSchema", group: tuple[str, ...], empty: str
) -> None:
    """Apply the schema's check on the whole row (somebody must be named) to the two cases that there are."""
    import pandera.pandas as pa

    cases = pd.DataFrame({name: [None, "somebody"] for name in group if staged.has(name)}, index=[0, 1], dtype=object)
    for rule, positions in _failing(pa.DataFrameSchema(checks=table.checks), cases).items():
        if 0 in positions:
            set_aside(con, staged, rule, f"{empty} AND NOT {_withdrawn(staged, None)}")


def _withdrawn(staged: Staged, column: Column | None) -> str:
    """Return the condition that the row only deletes an earlier one, and so may leave the column empty."""
    if not staged.has("withdrawn") or (column is not None and column.name in staged.spec.key):
        return "false"
    return "coalesce(withdrawn, false)"


def _compared(column: Column) -> str:
    """Return the column as it is compared: money as a float, as the schema sees it."""
    return f"{quoted(column.name)}::DOUBLE" if column.kind == "money" else quoted(column.name)
