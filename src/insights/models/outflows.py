"""Large outflows of assets: money that leaves while the client stays, or before he goes.

An outflow is an event of its own. It is measured by what the client moved, so a fall of the market is none and a
switch between two of his accounts is none; and it can happen again.
"""

import ibis
import ibis.expr.types as ir

from insights.data.snapshot import Bank

NEEDS = ("balances.amount", "balances.month", "transactions.amount", "transactions.booked_on")


def with_outflows(bank: Bank, rows: ir.Table, *, share: float | None = None, known: str = "") -> ir.Table:
    """Add ``net_share`` and ``outflow`` (1 in the month in which one is complete) to the client-month panel.

    ``net_share`` is the net money in over the last ``outflow_months`` months, divided by the average assets of the
    ``trailing_months`` month ends before them (null where fewer than half of these are known, or without assets). An
    outflow is a month in which it is at most -``share`` (a fraction; default from the settings) while it was above that
    in the ``outflow_months`` months before, so that the same money is not counted twice. The month of leaving has
    none: what goes then goes with the client.

    ``known`` is the suffix of lagged measures (``_lag1``): the columns are then made of what was known by then, and
    carry the suffix too. Needs balances and bookings (``NEEDS``).
    """
    rules = bank.settings.lifecycle
    share = rules.outflow_share if share is None else share
    n, trailing = rules.outflow_months, rules.trailing_months
    flows, assets = rows[f"flows{known}"], rows[f"assets{known}"]
    before = _months(n + trailing - 1, n)
    base = (assets.count().over(before) >= trailing / 2).ifelse(assets.mean().over(before), ibis.null("float64"))
    rows = rows.mutate(_net=flows.sum().over(_months(n - 1, 0)), _base=base)
    net_share = (rows["_base"] > 0).ifelse(rows["_net"] / rows["_base"], ibis.null("float64"))
    rows = rows.mutate(**{f"net_share{known}": net_share})
    low = ibis.coalesce(rows[f"net_share{known}"] <= -share, False)
    rows = rows.mutate(_low=(low & (rows.exit == 0)).cast("int8") if not known else low.cast("int8"))
    earlier = ibis.coalesce(rows["_low"].max().over(_months(n, 1)), 0)
    outflow = ((rows["_low"] == 1) & (earlier == 0)).cast("int8")
    return rows.mutate(**{f"outflow{known}": outflow}).drop("_net", "_base", "_low")


def _months(first: int, last: int) -> ibis.expr.builders.WindowBuilder:
    """Return the window from ``first`` to ``last`` months back within a client's spell; its rows are dense."""
    return ibis.window(group_by=["client_id", "spell"], order_by="month", preceding=(first, last))
