"""What clients were given: contacts, hours of handling them, events, and what these cost."""

from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from insights.data.snapshot import Bank

MEASURES = ("contacts", "hours", "events", "event_cost")


def service_given(bank: Bank, client_id: np.ndarray, first: date, last: date) -> pd.DataFrame:
    """Return for each of these clients (n rows, in their order) what he was given from ``first`` to ``last``.

    Columns, as far as the bank delivers them: ``contacts`` (number, with or without an answer), ``hours`` (of handling
    them), ``events`` (attended; invitations where attendance is not recorded), ``event_cost`` (currency).
    """
    found = pd.DataFrame({"client_id": client_id})
    for rows, sums in _sources(bank, first, last):
        told = rows.group_by("client_id").agg(**sums).execute()
        found = found.merge(told, on="client_id", how="left")
        found[list(sums)] = found[list(sums)].astype(float).fillna(0.0)
    return found


def _sources(bank: Bank, first: date, last: date) -> list[tuple[ir.Table, dict[str, ir.Value]]]:
    found: list[tuple[ir.Table, dict[str, ir.Value]]] = []
    if bank.has("contacts", "contacted_on"):
        rows = bank.table("contacts")
        rows = rows.filter((rows.contacted_on >= first) & (rows.contacted_on <= last) & rows.client_id.notnull())
        sums: dict[str, ir.Value] = {"contacts": rows.count()}
        if bank.has("contacts", "handling_minutes"):
            sums["hours"] = ibis.coalesce(rows.handling_minutes, 0).sum() / 60
        found.append((rows, sums))
    if bank.has("events", "held_on"):
        rows = bank.table("events")
        rows = rows.filter((rows.held_on >= first) & (rows.held_on <= last) & rows.client_id.notnull())
        came = ibis.coalesce(rows.attended, False).cast("int64") if "attended" in rows.columns else ibis.literal(1)
        sums = {"events": came.sum()}
        if bank.has("events", "cost"):
            sums["event_cost"] = rows.cost.sum().cast("float64")
        found.append((rows, sums))
    return found


def capacity_hours(bank: Bank) -> float | None:
    """Return the hours a month that all managers have for clients; None where the bank does not say."""
    if bank.needs("managers.capacity_hours"):
        return None
    table = bank.table("managers")
    return float(table.capacity_hours.sum().execute())
