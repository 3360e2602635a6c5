"""The few measures by which packs are held against each other, each a ratio of sums over clients.

None of them follows the market, which moves all clients at once and would be a change in every pack.

Every measure is a sum over clients divided by another, so a replicate of all of them is one product of matrices. The
weights of a client follow from his pseudonym alone: replicates of two packs, made months apart, are paired client by
client, and their difference varies only by what is different between them.
"""

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from insights.data.flows import FLOW_KINDS
from insights.data.months import add_months, first_of_month, month_of
from insights.data.panel import spells
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.groups import group_of
from insights.models.memory.numbers import COUNTS_CLIENTS, Pairs, of_numbers
from insights.models.memory.shapes import Measured
from insights.stats.inputs import Floats
from insights.stats.resampling import bootstrap

MONTHS = 12
"""Flows and events are those of the last twelve months: every season is in them once."""
SEED, REPLICATES, AT_ONCE = "memory of packs", 400, 50
BY = "region"
"""Leaving is also watched by this column of clients: a change in one part is soon lost in the whole."""

LEFT, JOINED, NET, LOYALTY, SATISFACTION, COMPLAINTS, CONTACTS = (
    "left_12m",
    "joined_12m",
    "net_new_money_12m",
    "loyalty_mark",
    "satisfaction_mark",
    "complaints_12m",
    "contacts_12m",
)
UNITS = {
    LEFT: "share",
    JOINED: "share",
    NET: "share",
    LOYALTY: "points",
    SATISFACTION: "points",
    COMPLAINTS: "per client",
    CONTACTS: "per client",
}


def measured(bank: Bank) -> Measured:
    """Return the measures that the bank's tables allow, computed once and kept on disk."""
    return _both(bank)[0]


def numbered(bank: Bank) -> Measured:
    """Return the published numbers that are paired like the measures (see ``numbers``), computed with them."""
    return _both(bank)[1]


def _both(bank: Bank) -> tuple[Measured, Measured]:
    def made() -> tuple[Measured, Measured]:
        frame, pairs = contributions(bank)
        more, numbers = of_numbers(bank, frame, add_months(bank.as_of, -MONTHS))
        every = measure(pd.concat([frame, more], axis=1), pairs | numbers)  # one drawing of weights for all
        return every.part(slice(0, len(pairs))), every.part(slice(len(pairs), None))

    return once(bank, "memory_measures", made, on_disk=True)


def contributions(bank: Bank) -> tuple[pd.DataFrame, Pairs]:
    """Return one row per client with what he adds to each sum, and the measures as (measure, group): (top, bottom)."""
    start = add_months(bank.as_of, -MONTHS)
    clients = bank.table("clients")
    own = clients.select("client_id", group=group_of(bank, BY)) if bank.has("clients", BY) else None
    frame = (clients.select("client_id") if own is None else own).order_by("client_id").execute()
    frame = frame.set_index("client_id")
    pairs: Pairs = {}
    for table in (_relationships(bank, start), _assets(bank, start), _flows(bank, start), *_events(bank, start)):
        if table is not None:
            frame = frame.join(table.execute().set_index("client_id").astype(float))
    frame = frame.join(_marks(bank, start))
    for measure, top, bottom in (
        (LEFT, "left", "there_before"),
        (JOINED, "joined", "there_before"),
        (NET, "flows", "assets_before"),
        (LOYALTY, "marks", "answers"),
        (SATISFACTION, "content", "contents"),
        (COMPLAINTS, "complaints", "there_now"),
        (CONTACTS, "contacts", "there_now"),
    ):
        if top in frame and bottom in frame:
            pairs[(measure, "")] = (top, bottom)
    if "group" in frame:
        for group in sorted(frame["group"].unique()):
            inside = frame["group"] == group
            for name in ("left", "there_before"):
                frame[f"{name} {group}"] = frame[name].where(inside, 0.0)
            pairs[(LEFT, str(group))] = (f"left {group}", f"there_before {group}")
        frame = frame.drop(columns="group")
    return frame.fillna(0.0), pairs


def measure(frame: pd.DataFrame, pairs: Pairs) -> Measured:
    """Return the ratios with their replicates; ``frame`` has one row per client, its index being his key.

    Assumption: clients are independent of each other. What moves all of them at once (markets, a new price) is part of
    the value, not of its uncertainty.
    """
    tops = frame[[top for top, _ in pairs.values()]].to_numpy(float)
    bottoms = frame[[bottom for _, bottom in pairs.values()]].to_numpy(float)

    def ratios(weights: Floats) -> Floats:
        below = weights @ bottoms
        return np.divide(weights @ tops, below, out=np.full_like(below, np.nan), where=below > 0)

    found = bootstrap(ratios, frame.index.to_series(), seed=SEED, replicates=REPLICATES, at_once=AT_ONCE)
    sizes = -np.sort(-np.abs(tops), axis=0)
    counted = np.isin([m for m, _ in pairs], (LEFT, JOINED, *COUNTS_CLIENTS))
    labels = pd.DataFrame(
        {
            "measure": [m for m, _ in pairs],
            "group": [g for _, g in pairs],
            "unit": [UNITS.get(m, "") for m, _ in pairs],
            "n": (bottoms != 0).sum(axis=0).astype(float),
            "n_events": np.where(counted, (tops > 0).sum(axis=0), np.nan),
            "total": tops.sum(axis=0),
            "largest": sizes[0] if len(sizes) else np.nan,
            "second": sizes[1] if len(sizes) > 1 else 0.0,
            "absolute": np.abs(tops).sum(axis=0),
        }
    )
    return Measured(labels, found)


def _relationships(bank: Bank, start: object) -> ir.Table:
    rows = spells(bank)
    left = rows.left_on.notnull()
    before, now = ibis.literal(start, "date"), ibis.literal(bank.as_of, "date")
    there = (rows.joined_on <= before) & (~left | (rows.left_on > before))
    return rows.group_by("client_id").agg(
        there_before=there.cast("int64").max(),
        left=(there & left & (rows.left_on <= now)).cast("int64").max(),
        joined=((rows.joined_on > before) & (rows.joined_on <= now)).cast("int64").max(),
        there_now=((rows.joined_on <= now) & ~left).cast("int64").max(),
    )


def _assets(bank: Bank, start: object) -> ir.Table | None:
    if bank.needs("balances.amount", "balances.month"):
        return None
    rows = bank.table("balances")
    latest = rows.month.max().execute()
    before = add_months(first_of_month(latest), -MONTHS)
    at = month_of(rows.month)
    return rows.group_by("client_id").agg(
        assets_before=_sum(rows.amount, at == ibis.literal(before, "date")),
    )


def _flows(bank: Bank, start: object) -> ir.Table | None:
    if bank.needs("transactions.amount", "transactions.booked_on"):
        return None
    rows = bank.table("transactions")
    recent = rows.filter((rows.booked_on > ibis.literal(start, "date")) & rows.kind.isin(FLOW_KINDS))
    return recent.group_by("client_id").agg(flows=recent.amount.sum().cast("float64"))


def _events(bank: Bank, start: object) -> list[ir.Table]:
    found = []
    since = ibis.literal(start, "date")
    if bank.has("complaints", "filed_on"):
        rows = bank.table("complaints")
        found.append(rows.filter(rows.filed_on > since).group_by("client_id").agg(complaints=ibis._.count()))
    if bank.has("contacts", "contacted_on"):
        rows = bank.table("contacts")
        recent = rows.filter(rows.contacted_on > since)
        sums = {"contacts": recent.count()}
        if bank.has("contacts", "satisfaction"):
            sums["content"] = recent.satisfaction.cast("float64").sum()
            sums["contents"] = recent.satisfaction.notnull().cast("int64").sum()
        found.append(recent.group_by("client_id").agg(**sums))
    return found


def _marks(bank: Bank, start: object) -> pd.DataFrame:
    """Return sum and number of the marks of loyalty of the last twelve months, as answered, on the scale delivered."""
    items = [i for i in bank.settings.loyalty.outcome if bank.has("surveys", i)]
    if not items or bank.needs("surveys.answered_on"):
        return pd.DataFrame()
    rows = bank.table("surveys")
    rows = rows.filter(rows.answered_on > ibis.literal(start, "date"))
    mean = sum((rows[i].cast("float64") for i in items[1:]), rows[items[0]].cast("float64")) / len(items)
    rows = rows.mutate(mark=mean).filter(mean.notnull())
    found = rows.group_by("client_id").agg(marks=rows.mark.sum(), answers=rows.count()).execute()
    return found.set_index("client_id").astype(float)


def _sum(value: ir.NumericValue, where: ir.BooleanValue) -> ir.NumericValue:
    return where.ifelse(value, 0).sum().cast("float64")
