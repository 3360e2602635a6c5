"""Bookings and changes on file by the manager whose client it was: what each had in a month, and what all had."""

import ibis
import numpy as np
import pandas as pd

from insights.data.panel import spells
from insights.data.snapshot import Bank

NEEDS = ("transactions.booked_on", "transactions.kind", "clients.rm_id")
CHANGE_NEEDS = ("client_history.valid_from", "clients.rm_id")
TRADES, PAID_OUT, CHANGED = "trades", "paid_out", "changed"
KINDS = {TRADES: ("trade",), PAID_OUT: ("outflow", "payment", "transfer", "security_out")}
"""Bookings that a manager may make for his own good: trading for fees, and taking what is not his."""
WHO = ("birth_year", "gender", "region")
"""Columns that tell who a client is and where he lives."""
SPAN = 36
FIRST, LAST = -(10**6), 10**6


def by_manager(bank: Bank, last: int) -> dict[str, pd.DataFrame]:
    """Return by rule rm_id, month, count and exposure of every manager with clients, of 36 months up to ``last``.

    Months are calendar months from year 0. A booking counts for the manager whose client it was in that month. The
    exposure is how many there would be if his clients had as many as all clients had in the month: what moves all
    alike (a fall of markets, a campaign) makes nobody unusual. Months without any booking are left out. ``CHANGED`` are
    clients whose entry in the history differs in one of ``WHO`` from the one before it; these are few, so that the
    exposure is the number of clients alone. Rules whose tables are lacking are not there.
    """
    if bank.needs("clients.rm_id"):
        return {}
    theirs = manager_spells(bank)
    clients = _client_months(bank, theirs, last)
    found = {}
    if not bank.needs(*NEEDS):
        for rule, kinds in KINDS.items():
            found[rule] = _by_month(_held_against(_booked(bank, kinds, last), theirs, clients))
    if not bank.needs(*CHANGE_NEEDS) and [c for c in WHO if bank.has("client_history", c)]:
        found[CHANGED] = _held_against(_changed(bank, last), theirs, clients).assign(exposure=lambda f: f["clients"])
    return found


def manager_spells(bank: Bank) -> pd.DataFrame:
    """Return client_id, rm_id, first, last (months, both included) in which a client was a manager's."""
    own = bank.table("clients").select("client_id", "rm_id").execute().assign(month=FIRST)
    if bank.has("client_history", "rm_id"):
        table = bank.table("client_history")
        told = table.filter(table.rm_id.notnull()).select("client_id", "rm_id", day=table.valid_from).execute()
        day = pd.to_datetime(told.pop("day"))
        told = told.assign(month=(day.dt.year * 12 + day.dt.month - 1).to_numpy(np.int64))
        # Within a month the later entry counts; before the first one he was the first one's.
        told = told.assign(day=day).sort_values(["client_id", "day"], kind="stable").drop(columns="day")
        told = told.drop_duplicates(["client_id", "month"], keep="last")
        told.loc[~told["client_id"].duplicated(), "month"] = FIRST
        own = pd.concat([told, own[~own["client_id"].isin(told["client_id"])]], ignore_index=True)
    own = own[own["rm_id"].notna()].sort_values(["client_id", "month"], ignore_index=True)
    following = own.groupby("client_id")["month"].shift(-1)
    return own.rename(columns={"month": "first"}).assign(last=(following - 1).fillna(LAST).astype(np.int64))


def _client_months(bank: Bank, theirs: pd.DataFrame, last: int) -> pd.DataFrame:
    """Return rm_id, month, clients: how many clients in force each manager had in the months of the span."""
    told = spells(bank).select("client_id", "joined_on", "left_on").execute()
    joined, left = (pd.to_datetime(told[c]) for c in ("joined_on", "left_on"))
    told = told[["client_id"]].assign(
        joined=joined.dt.year * 12 + joined.dt.month - 1, left=(left.dt.year * 12 + left.dt.month - 1).fillna(LAST)
    )
    both = told.merge(theirs, on="client_id")
    opens = last - SPAN + 1
    begin = np.maximum(np.maximum(both["joined"], both["first"]), opens).to_numpy(np.int64) - opens
    end = np.minimum(np.minimum(both["left"], both["last"]), last).to_numpy(np.int64) - opens
    ok = begin <= end
    names, code = np.unique(both["rm_id"].to_numpy(object)[ok].astype(str), return_inverse=True)
    steps = np.zeros((len(names), SPAN + 1))
    np.add.at(steps, (code, begin[ok]), 1.0)
    np.add.at(steps, (code, end[ok] + 1), -1.0)
    number = steps[:, :-1].cumsum(axis=1)
    place, month = np.nonzero(number > 0.5)
    return pd.DataFrame({"rm_id": names[place], "month": month + opens, "clients": number[place, month]})


def _booked(bank: Bank, kinds: tuple[str, ...], last: int) -> pd.DataFrame:
    table = bank.table("transactions")
    number = table.booked_on.year() * 12 + table.booked_on.month() - 1
    rows = table.filter(table.kind.isin(kinds), number > last - SPAN, number <= last)
    return rows.group_by("client_id", month=number).agg(n=rows.count()).execute()


def _changed(bank: Bank, last: int) -> pd.DataFrame:
    table = bank.table("client_history")
    columns = [c for c in WHO if c in table.columns]
    window = ibis.window(group_by="client_id", order_by="valid_from")
    differs = ibis.literal(False)
    for column in columns:
        differs = differs | (table[column] != table[column].lag().over(window)).fill_null(False)
    marked = table.mutate(differs=differs)
    number = marked.valid_from.year() * 12 + marked.valid_from.month() - 1
    rows = marked.filter(marked.differs, number > last - SPAN, number <= last)
    return rows.group_by("client_id", month=number).agg(n=rows.count()).execute()


def _held_against(rows: pd.DataFrame, theirs: pd.DataFrame, clients: pd.DataFrame) -> pd.DataFrame:
    """Return rm_id, month, clients, count of all managers and months with clients."""
    both = rows.merge(theirs, on="client_id")
    both = both[(both["month"] >= both["first"]) & (both["month"] <= both["last"])]
    sums = both.groupby(["rm_id", "month"])["n"].sum().rename("count").reset_index()
    found = clients.merge(sums, on=["rm_id", "month"], how="left").fillna({"count": 0.0})
    return found.sort_values(["rm_id", "month"], ignore_index=True)


def _by_month(rows: pd.DataFrame) -> pd.DataFrame:
    by = rows.groupby("month")[["count", "clients"]].transform("sum")
    found = rows.assign(exposure=rows["clients"] * by["count"] / by["clients"])
    return found[found["exposure"] > 0].reset_index(drop=True)
