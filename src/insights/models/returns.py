"""Clients who left and came back: how long they were away, and what they had held."""

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from insights.data.months import last_complete
from insights.data.panel import spells
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.exits.counts import UNKNOWN

DEATH = "death"
RETURNED = "returned"


def departures(bank: Bank) -> pd.DataFrame:
    """Return one row per relationship that ended in the window, sorted by client and day.

    Columns: client_id, spell, left_on, reason, assets (at the last month end before the month of leaving, currency; nan
    where not delivered), away (months until the client came back or the as-of date; half a month where he came back in
    the month he left), returned. The dead cannot come back and are not in it, nor those who left in the month of the
    as-of date.
    """
    return once(bank, "departures", lambda: _departures(bank))


def _departures(bank: Bank) -> pd.DataFrame:
    every = spells(bank)
    following = ibis.window(group_by="client_id", order_by="spell")
    rows = every.mutate(again=every.joined_on.lead().over(following))
    rows = rows.filter(rows.left_on.notnull() & (rows.left_on >= ibis.literal(bank.window_from)))
    rows = rows.mutate(reason=ibis.coalesce(rows.leave_reason, UNKNOWN))
    rows = rows.filter(rows.reason != DEATH)
    rows = _with_assets(bank, rows)
    told = rows.select("client_id", "spell", "left_on", "again", "reason", "assets").execute()
    left, again = pd.to_datetime(told["left_on"]), pd.to_datetime(told["again"])
    month, end = left.dt.year * 12 + left.dt.month - 1, last_complete(bank.as_of)
    back = again.dt.year * 12 + again.dt.month - 1
    told["returned"] = again.notna() & (back <= end)
    away = np.where(told["returned"], np.maximum(back - month, 0.5), end - month)
    told["away"] = away.astype(float)
    told = told[told["away"] > 0].drop(columns="again")
    return told.sort_values(["client_id", "left_on", "spell"], ignore_index=True)


def _with_assets(bank: Bank, rows: ir.Table) -> ir.Table:
    if bank.needs("balances.amount", "balances.month"):
        return rows.mutate(assets=ibis.null("float64"))
    monthly = bank.table("balances").group_by("client_id", "month").agg(held=lambda t: t.amount.sum())
    joined = rows.select("client_id", "spell", "left_on").inner_join(monthly, "client_id")
    joined = joined.filter(joined.month < joined.left_on.truncate("M"))
    last = joined.group_by("client_id", "spell").agg(assets=joined.held.argmax(joined.month).cast("float64"))
    return rows.left_join(last, ["client_id", "spell"])
