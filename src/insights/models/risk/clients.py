"""Who is with the bank: today, and how many were at past days."""

import numpy as np
import pandas as pd

from insights.data.panel import spells
from insights.data.snapshot import Bank
from insights.models.cache import once


def in_force(bank: Bank) -> pd.DataFrame:
    """Return client_id and rm_id (None without a manager) of the clients in force, in the order of their ids."""
    return once(bank, "risk_in_force", lambda: _in_force(bank))


def _in_force(bank: Bank) -> pd.DataFrame:
    told = spells(bank)
    here = told.filter(told.left_on.isnull()).select("client_id").distinct()
    clients = bank.table("clients").semi_join(here, "client_id")
    columns = ["client_id", *(["rm_id"] if "rm_id" in clients.columns else [])]
    found = clients.select(*columns).order_by("client_id").execute()
    return found if "rm_id" in found else found.assign(rm_id=None)


def number_in_force(bank: Bank, days: pd.DatetimeIndex) -> np.ndarray:
    """Return the relationships (n) in force at the end of each day, as known by the as-of date."""
    joined, left = once(bank, "risk_joined_left", lambda: tuple(_totals(bank, c) for c in ("joined_on", "left_on")))
    asked = days.to_numpy()

    def by_then(totals: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        day, total = totals
        return np.asarray(total[np.searchsorted(day, asked, side="right")])

    return by_then(joined) - by_then(left)


def _totals(bank: Bank, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the days of a column of the spells (d), in order, and how many spells had it by each (d + 1, from 0)."""
    told = spells(bank)
    found = (
        told.filter(told[column].notnull())
        .group_by(day=told[column])
        .agg(n=lambda t: t.count())
        .order_by("day")
        .execute()
    )
    day = pd.to_datetime(found["day"]).to_numpy()
    return day, np.concatenate([[0.0], np.cumsum(found["n"].to_numpy(float))])
