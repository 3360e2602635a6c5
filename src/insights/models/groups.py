"""Groups of clients by one of their own columns, in a form a table can show."""

import ibis
import ibis.expr.types as ir

from insights.data.snapshot import Bank
from insights.data.tables import TABLES
from insights.errors import SnapshotError

NOT_RECORDED = "not recorded"
"""The group of clients for whom the column is empty."""

REFUSED_KINDS = ("id",)
"""Kinds that make groups of one; results by manager go into restricted lists."""

REFUSED_COLUMNS = ("left_on", "left_known_on", "leave_reason", "known_on", "withdrawn")
"""Columns that say how the relationship ended, or nothing about the client: the outcome cannot be its own group."""


def group_columns(bank: Bank) -> tuple[str, ...]:
    """Return the columns of ``clients`` that exhibits may be grouped by: recorded ones that identify nobody."""
    present = bank.table("clients").columns
    spec = TABLES["clients"]
    ours = {c.name: c for c in spec.columns}
    return tuple(name for name in present if name in ours and _groupable(ours[name].kind, name))


def group_of(bank: Bank, column: str) -> ir.StringValue:
    """Return the group of each client as text: the code itself, a decade of birth, a year, or a fifth of the clients.

    Amounts and other measures are cut at the quintiles of all clients known by the as-of date; the labels give the rank
    of the fifth (``1 of 5`` is the lowest), never a boundary, because a boundary is somebody's value.
    """
    if column not in group_columns(bank):
        raise SnapshotError(
            f"clients cannot be grouped by {column!r}",
            expected=f"one of {', '.join(group_columns(bank))}",
            todo="choose one of these, or map the column in [tables.clients] of bank.toml",
        )
    value = bank.table("clients")[column]
    kind = next(c.kind for c in TABLES["clients"].columns if c.name == column)
    return ibis.coalesce(_text(value, column, kind), NOT_RECORDED)


def _groupable(kind: str, name: str) -> bool:
    return kind not in REFUSED_KINDS and name not in REFUSED_COLUMNS


def _text(value: ir.Value, column: str, kind: str) -> ir.StringValue:
    if column == "birth_year":
        return (value // 10 * 10).cast("int64").cast("string") + "s"
    if kind in ("date", "month"):
        return value.year().cast("string")
    if kind in ("money", "number"):
        fifth = ibis.ntile(5).over(ibis.window(order_by=value)) + 1
        return value.isnull().ifelse(ibis.null("string"), fifth.cast("string") + " of 5")
    return value.cast("string")
