"""The as-of rule, as Ibis expressions: which rows, which version of them, and which of their columns were known."""

from datetime import date
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from insights.data.catalogue_clients import ATTRIBUTES
from insights.data.columns import Column, TableSpec
from insights.data.tables import TABLES

if TYPE_CHECKING:
    from insights.data.snapshot import Bank


def as_of_view(bank: "Bank", name: str) -> ir.Table:
    """Return the table as known at the end of the bank's day.

    Rows that had happened and were known; per key the version known last; no withdrawn rows; values that a later date
    reveals are null; nothing of clients who were not known yet. ``clients`` shows attributes as ``client_history`` has
    them on the day, where it has them.
    """
    view = _latest(bank, name, versions_known(bank, name))
    view = _hide_unrevealed(view, TABLES[name], bank.as_of)
    if name == "clients":
        return _with_history(bank, view)
    return _of_known_clients(bank, view, TABLES[name])


def made_of(bank: "Bank", name: str) -> tuple[str, ...]:
    """Return the stored tables that the view of a table is made of, beside the view of the clients."""
    history = "client_history"
    return (name, history) if name == "clients" and history in bank.processed.tables else (name,)


def versions_known(bank: "Bank", name: str) -> ir.Table:
    """Return all versions of the table's rows that had happened and were known by the end of the day."""
    rows, spec, day = bank.stored(name), TABLES[name], ibis.literal(bank.as_of)
    known = rows.known_on.isnull() | (rows.known_on <= day)
    if spec.date and spec.date in rows.columns:
        known &= rows[spec.date].isnull() | (rows[spec.date] <= day)
    return rows.filter(known)


def _latest(bank: "Bank", name: str, rows: ir.Table) -> ir.Table:
    """Keep the version of each key that was known last, unless it withdraws the row."""
    stored = bank.processed.tables[name]
    if stored["versions"]:
        key = [column for column in TABLES[name].key if column in rows.columns]
        newest = ibis.row_number().over(
            ibis.window(group_by=key, order_by=[ibis.desc(rows.known_on, nulls_first=False)])
        )
        rows = rows.mutate(_newest=newest).filter(lambda t: t["_newest"] == 0).drop("_newest")
    if "withdrawn" in rows.columns:
        rows = rows.filter(~ibis.coalesce(rows.withdrawn, False)).drop("withdrawn")
    return rows


def _hide_unrevealed(rows: ir.Table, spec: TableSpec, as_of: date) -> ir.Table:
    """Empty the columns whose revealing date had not come; a date that reveals itself is empty while in the future."""
    present = {c: spec.column(c) for c in rows.columns}
    changed = {}
    for name, column in present.items():
        if column is not None and column.revealed_by:
            shown = _revealed(rows, spec, column, as_of)
            if column.kind in ("date", "timestamp"):
                shown &= _by(rows[name], as_of)
            changed[name] = shown.ifelse(rows[name], ibis.null(rows[name].type()))
    shown_rows = rows.mutate(**changed) if changed else rows
    if {"left_on", "leave_reason"} <= set(shown_rows.columns):
        # Notice given for a later day: the client is in force, and in force there is no reason for leaving.
        reason = shown_rows.left_on.notnull().ifelse(shown_rows.leave_reason, ibis.null("string"))
        shown_rows = shown_rows.mutate(leave_reason=reason)
    return shown_rows


def _revealed(rows: ir.Table, spec: TableSpec, column: Column, as_of: date) -> ir.BooleanValue:
    """Return whether the value of the column was known: its revealing date, or what that falls back on, had come."""
    dates = []
    name: str | None = column.revealed_by
    while name is not None:
        if name in rows.columns:
            dates.append(rows[name])
        revealer = spec.column(name)
        name = revealer.falls_back_on if revealer else None
    if not dates:
        return ibis.literal(True)  # the bank does not say when: known with its row
    return ibis.coalesce(_by(ibis.coalesce(*dates), as_of), False)


def _by(moment: ir.Value, as_of: date) -> ir.BooleanValue:
    return moment.cast("date") <= ibis.literal(as_of)


def _with_history(bank: "Bank", clients: ir.Table) -> ir.Table:
    """Put the attributes of ``client_history`` in place of the current ones, each as last recorded by the day."""
    if "client_history" not in made_of(bank, "clients"):
        return clients
    history = _latest(bank, "client_history", versions_known(bank, "client_history"))
    told = [c.name for c in ATTRIBUTES if c.name in history.columns]
    if not told:
        return clients
    last = history.group_by("client_id").agg(
        **{f"{name}_then": history[name].argmax(history.valid_from, where=history[name].notnull()) for name in told}
    )
    joined = clients.left_join(last, "client_id").drop("client_id_right")
    then = {name: joined[f"{name}_then"] for name in told}
    now = {name: ibis.coalesce(then[name], joined[name]) if name in clients.columns else then[name] for name in told}
    return joined.mutate(**now).drop(*(f"{name}_then" for name in told))


def _of_known_clients(bank: "Bank", rows: ir.Table, spec: TableSpec) -> ir.Table:
    """Leave out rows of clients not known by the day; where the client is optional, empty the reference instead."""
    if "client_id" not in rows.columns:
        return rows
    column = spec.column("client_id")
    clients = bank.table("clients").select("client_id")
    if column is not None and column.required:
        return rows.semi_join(clients, "client_id")
    if "client_id" in spec.key:
        return rows.filter(rows.client_id.isnull() | rows.client_id.isin(clients.client_id))
    return rows.mutate(client_id=rows.client_id.isin(clients.client_id).ifelse(rows.client_id, ibis.null("string")))
