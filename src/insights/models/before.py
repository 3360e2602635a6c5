"""What was known of clients on a day of each one's own: a few features, straight from the tables.

For questions about one day per client (when a programme started, today) this asks much less of the engine than the
client-months of ``features``, and a client needs no history of a year.
"""

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from insights.data.flows import FLOW_KINDS, STALE_MONTHS
from insights.data.months import month_of
from insights.data.snapshot import Bank
from insights.models.attributes import attach_attributes

EVENTS = {"complaints": ("complaints", "filed_on", 6), "contacts": ("contacts", "contacted_on", 6)}
VISITS = ("behaviour", "day", 3)
"""Tables of events that are counted, the column with their day, and over how many months."""


def features_before(bank: Bank, clients: pd.DataFrame) -> pd.DataFrame:
    """Return the features (n rows in the order given, p columns, floats, nan where not known) known before a day.

    ``clients`` has client_id, joined_on and day (n). Columns: tenure (log of 1 + years), log2_assets (the latest month
    end known, at most four months old), net_share_3m (net money in over these assets), complaint_6m, log2_contacts_6m,
    online_3m, age_decades (from 60), risk_tolerance, investing_decades; those that the bank delivers, attributes only
    with their history or where they are declared static.
    """
    days = pd.to_datetime(clients["day"]).reset_index(drop=True)
    asked = pd.DataFrame({"client_id": clients["client_id"].to_numpy(), "day": days.dt.date})
    rows = ibis.memtable(asked.assign(row=np.arange(len(asked))))
    found = pd.DataFrame(index=range(len(asked)))
    for part in (_assets(bank, rows), _net(bank, rows), *_counts(bank, rows), _attributes(bank, rows)):
        if part is not None:
            found = found.join(part.execute().set_index("row").astype(float))
    years = (days - pd.to_datetime(clients["joined_on"]).reset_index(drop=True)).dt.days / 365.25
    made: dict[str, pd.Series] = {"tenure": pd.Series(np.log1p(years.clip(lower=0)))}
    if "assets" in found:
        assets = found["assets"].clip(lower=1)
        made["log2_assets"] = pd.Series(np.log2(assets))
        if "net" in found:
            made["net_share_3m"] = (found["net"].fillna(0) / assets).clip(-1, 1)
    if "complaints" in found:
        made["complaint_6m"] = (found["complaints"].fillna(0) > 0).astype(float)
    if "contacts" in found:
        made["log2_contacts_6m"] = pd.Series(np.log2(found["contacts"].fillna(0) + 1))
    if "behaviour" in found:
        made["online_3m"] = (found["behaviour"].fillna(0) > 0).astype(float)
    if "birth_year" in found:
        made["age_decades"] = (days.dt.year - found["birth_year"] - 60) / 10
    if "risk_tolerance" in found:
        made["risk_tolerance"] = found["risk_tolerance"]
    if "experience_years" in found:
        made["investing_decades"] = found["experience_years"] / 10
    return pd.DataFrame(made)


def _assets(bank: Bank, rows: ir.Table) -> ir.Table | None:
    if bank.needs("balances.amount", "balances.month"):
        return None
    balances = bank.table("balances")
    known = rows.inner_join(balances, "client_id")
    known = known.filter((known.known_on < known.day) & (known.month < month_of(known.day)))
    known = known.filter(known.month >= (month_of(known.day) - ibis.interval(months=STALE_MONTHS + 1)).cast("date"))
    monthly = known.group_by("row", "month").agg(assets=known.amount.sum().cast("float64"))
    return monthly.group_by("row").agg(assets=monthly.assets.argmax(monthly.month))


def _net(bank: Bank, rows: ir.Table) -> ir.Table | None:
    if bank.needs("transactions.amount", "transactions.booked_on"):
        return None
    booked = bank.table("transactions")
    booked = booked.filter(booked.kind.isin(FLOW_KINDS)).select("client_id", "amount", "known_on", at="booked_on")
    seen = _within(rows.inner_join(booked, "client_id"), 3)
    return seen.group_by("row").agg(net=seen.amount.sum().cast("float64"))


def _counts(bank: Bank, rows: ir.Table) -> list[ir.Table]:
    found = []
    for name, (table, day, months) in (*EVENTS.items(), ("behaviour", VISITS)):
        if not bank.needs(f"{table}.{day}"):
            events = bank.table(table)
            events = events.select("client_id", "known_on", at=events[day])
            seen = _within(rows.inner_join(events, "client_id"), months)
            found.append(seen.group_by("row").agg(**{name: seen.count()}))
    return found


def _within(rows: ir.Table, months: int) -> ir.Table:
    first = (rows.day - ibis.interval(months=months)).cast("date")
    return rows.filter((rows["at"] >= first) & (rows["at"] < rows.day) & (rows.known_on < rows.day))


def _attributes(bank: Bank, rows: ir.Table) -> ir.Table | None:
    # A lag of one month counts back from the first day of a month to the day before it.
    told, refused = attach_attributes(bank, rows.mutate(month=rows.day), 1)
    names = [n for n in ("birth_year", "risk_tolerance", "experience_years") if n not in refused]
    return told.select("row", *names) if names else None
