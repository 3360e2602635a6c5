"""Relationship spells and the counts at risk that every curve of leaving is computed from.

The engine reduces the clients to cells (group, entry, exit, cause, number); the statistics never see a client. A
relationship that began before leavers were completely recorded enters late, at the tenure it had by then.
"""

import ibis
import ibis.expr.types as ir
import pandas as pd

from insights.data.months import entry_months, exit_months
from insights.data.snapshot import Bank
from insights.errors import SnapshotError
from insights.models.groups import group_of
from insights.stats.counts import risk_table

UNKNOWN = "unknown"
"""The reason of a client who left and for whom no reason is recorded."""


def spells(bank: Bank, by: str | None = None) -> ir.Table:
    """Return one row per relationship: client_id, grp, joined_on, left_on, cause, entry, exit (months of tenure).

    ``cause`` is "" while the client is in force as of the date. Relationships that ended before the window, or that
    began after the as-of date, are not in it. A client who came back has several spells, each with a clock of its own.
    """
    clients = bank.table("clients")
    grouped = clients.mutate(grp=group_of(bank, by) if by else ibis.literal(""))
    rows = _relationships(bank, grouped)
    start, end = bank.window_from, bank.as_of
    if start is None:
        raise SnapshotError(
            "survival needs the day from which leavers are completely recorded",
            expected="complete_from under [window] in bank.toml",
            todo="ask the bank since when clients who left stay in the client file, and write that month down",
        )
    gone = rows.left_on.notnull()
    rows = rows.filter((rows.joined_on <= ibis.literal(end)) & (~gone | (rows.left_on >= ibis.literal(start))))
    until = ibis.coalesce(rows.left_on, ibis.literal(end))
    return rows.mutate(
        cause=rows.left_on.notnull().ifelse(ibis.coalesce(rows.leave_reason, UNKNOWN), ""),
        entry=entry_months(rows.joined_on, start, bank.settings.window.clock),
        exit=exit_months(rows.joined_on, until, rows.left_on.notnull(), bank.settings.window.clock),
    )


def exit_counts(bank: Bank, by: str | None = None) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None]:
    """Return counts at risk and exits by group, month of tenure and cause; clients ever at risk by group; households.

    The last are the same counts of households (see ``household_table``), None where the bank knows none.
    """
    at_risk = spells(bank, by).filter(lambda t: t.exit > t.entry)
    sums, own = {}, None
    if bank.has("clients", "household_id"):
        clients = bank.table("clients")
        belongs = clients.select("client_id", home=ibis.coalesce(clients.household_id, clients.client_id))
        at_risk = at_risk.inner_join(belongs, "client_id")
        home = ibis.window(group_by="home")
        left = (at_risk.cause != "").cast("int64")
        at_risk = at_risk.mutate(_rows=at_risk.count().over(home), _left=left.sum().over(home))
        gone = (at_risk.cause != "").ifelse(at_risk["_left"], at_risk["_rows"])
        sums = {"rows": (1 / at_risk["_rows"]).sum(), "gone": (1 / gone).sum()}
        own = at_risk.home.nunique()
    cells = at_risk.group_by("grp", "entry", "exit", "cause").agg(n=at_risk.count(), **sums).execute()
    counts = _risk_table(cells, "n")
    each = at_risk.group_by(group="grp").agg(
        units=at_risk.client_id.nunique(), **({} if own is None else {"households": own})
    )
    units = each.execute().sort_values("group", ignore_index=True)
    if own is None:
        return counts, units, None
    homes, gone_homes = (_risk_table(cells, name) for name in sums)
    return counts, units, homes.assign(events=gone_homes["events"])


def _risk_table(cells: pd.DataFrame, weight: str) -> pd.DataFrame:
    return risk_table(
        cells["exit"].to_numpy(float),
        cells["cause"].to_numpy(str),
        entry=cells["entry"].to_numpy(float),
        weight=cells[weight].to_numpy(float),
        group=cells["grp"].to_numpy(str),
    )


def _relationships(bank: Bank, clients: ir.Table) -> ir.Table:
    """Return the spells of the bank where it records them, otherwise one spell per client."""
    if bank.has("relationships", "joined_on"):
        told = bank.table("relationships")
        reason = told.leave_reason if "leave_reason" in told.columns else ibis.null("string")
        left = told.left_on if "left_on" in told.columns else ibis.null("date")
        told = told.select("client_id", "joined_on", left_on=left, leave_reason=reason)
        return told.inner_join(clients.select("client_id", "grp"), "client_id")
    reason = clients.leave_reason if "leave_reason" in clients.columns else ibis.null("string")
    left = clients.left_on if "left_on" in clients.columns else ibis.null("date")
    return clients.select("client_id", "grp", "joined_on", left_on=left, leave_reason=reason)
