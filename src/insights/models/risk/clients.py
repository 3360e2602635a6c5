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
    told = spells(bank)
    found = told.group_by("joined_on", "left_on").agg(n=lambda t: t.count()).execute()
    number = found["n"].to_numpy(float)

    def by_then(column: str) -> np.ndarray:
        day = pd.to_datetime(found[column])
        known = day.notna().to_numpy()
        order = np.argsort(day[known].to_numpy(), kind="stable")
        total = np.concatenate([[0.0], np.cumsum(number[known][order])])
        return np.asarray(total[np.searchsorted(day[known].to_numpy()[order], days.to_numpy(), side="right")])

    return by_then("joined_on") - by_then("left_on")
