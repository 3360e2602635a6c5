"""Does the bank look like a bank? Exits by month, balances and revenue of the last month, for a banker's eye.

No rule of intake sees a decimal point in the wrong place in every row, or a reason for leaving that stopped being
recorded. Somebody who knows the bank does, at a glance.
"""

from datetime import date, timedelta
from typing import cast

import ibis
import pandas as pd

from insights.data.months import add_months, first_of_month
from insights.data.snapshot import Bank
from insights.topics.evidence import Answer, ClientCounts, MoneySums, NotAvailable

MONTHS = 24
EDGES = (0, 1e5, 2.5e5, 5e5, 1e6, 2.5e6, 5e6, 1e7)
"""Lower edges of the bands of balances, in the reporting currency; below zero is a band of its own."""


def exits(bank: Bank) -> Answer | NotAvailable:
    """Count the clients who left in each of the last complete months (up to two years of them)."""
    if missing := bank.needs("clients.left_on"):
        return NotAvailable("quality.exits", missing)
    last = _last_month(bank)
    first = max(add_months(last, 1 - MONTHS), bank.window_from or date.min)
    gone = bank.table("clients").filter(lambda t: t.left_on.between(ibis.literal(first), ibis.literal(_end(last))))
    counted = gone.group_by(month=lambda t: t.left_on.truncate("M")).agg(clients=lambda t: t.count()).execute()
    counts = dict(zip(pd.to_datetime(counted["month"]).dt.strftime("%Y-%m"), counted["clients"], strict=True))
    months = [str(m) for m in pd.period_range(first, last, freq="M")] if first <= last else []
    cells = pd.DataFrame({"month": months, "clients": [int(counts.get(m, 0)) for m in months]})
    return Answer(
        id="quality.exits",
        kind="quality.exits",
        evidence={"exits": ClientCounts(cells, ("month",))},
        estimate=lambda evidence: cast(ClientCounts, evidence["exits"]).cells,
        facts={},
    )


def balances(bank: Bank) -> Answer | NotAvailable:
    """Count the clients by the band of what they held at the end of the last month with balances."""
    if missing := bank.needs("balances.amount", "balances.month"):
        return NotAvailable("quality.balances", missing)
    table = bank.table("balances")
    month = table.month.max().execute()
    held = table.filter(table.month == month).group_by("client_id").agg(held=lambda t: t.amount.sum().cast("float64"))
    amounts = held.execute()["held"] if month is not None else pd.Series(dtype=float)
    edges = [-float("inf"), *EDGES, float("inf")]
    bands = pd.cut(amounts, edges, right=False, labels=range(len(edges) - 1))
    counts = bands.value_counts().sort_index()
    # Empty bands at the ends say nothing; within, an empty band is a finding.
    filled = counts[counts > 0].index
    counts = counts.loc[filled.min() : filled.max()] if len(filled) else counts.iloc[:0]
    cells = pd.DataFrame({"band": [int(b) for b in counts.index], "clients": counts.to_numpy()})
    return Answer(
        id="quality.balances",
        kind="quality.balances",
        evidence={"balances": ClientCounts(cells, ("band",))},
        estimate=lambda evidence: cast(ClientCounts, evidence["balances"]).cells,
        facts={"month": month, "edges": edges},
    )


def revenue(bank: Bank) -> Answer | NotAvailable:
    """Sum revenue and cost by kind in the last month that has any."""
    if missing := bank.needs("revenue.amount", "revenue.month", "revenue.kind"):
        return NotAvailable("quality.revenue", missing)
    table = bank.table("revenue")
    month = table.month.max().execute()
    each = table.filter(table.month == month).group_by("kind", "client_id").agg(amount=lambda t: t.amount.sum())
    # The contributions stay in the engine: a bank has as many of them as clients.
    sized = each.mutate(amount=each.amount.cast("float64")).mutate(size=lambda t: t.amount.abs())
    ranked = sized.mutate(rank=ibis.row_number().over(group_by=sized.kind, order_by=sized.size.desc()))
    cells = (
        ranked.group_by("kind")
        .agg(
            clients=ranked.count(),
            amount=ranked.amount.sum(),
            absolute=ranked["size"].sum(),
            largest=ranked["size"].max(),
            second=ranked["size"].max(where=ranked["rank"] == 1).fill_null(0.0),
        )
        .order_by("kind")
        .execute()
    )
    return Answer(
        id="quality.revenue",
        kind="quality.revenue",
        evidence={"revenue": MoneySums(cells, ("kind",))},
        estimate=lambda evidence: cast(MoneySums, evidence["revenue"]).cells,
        facts={"month": month},
    )


def _last_month(bank: Bank) -> date:
    """Return the last month that is over and reported."""
    return add_months(first_of_month(bank.as_of - timedelta(days=bank.settings.window.reporting_delay_days - 1)), -1)


def _end(month: date) -> date:
    return add_months(month, 1) - timedelta(days=1)
