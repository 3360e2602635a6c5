"""What clients said, by topic, and what a settled complaint went with: the marks given after it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.loyalty.followed import MONTHS
from insights.stats.linear import least_squares
from insights.stats.results import Estimate, NotEstimable

SOURCES = {"complaints": "filed_on", "notes": "noted_on"}
BEFORE, NOW, OPEN = "before", "now", "open"
DAYS = 180
"""Marks given so long after a complaint are looked at; most complaints are settled by then."""


@dataclass(frozen=True)
class Settled:
    """Marks of contacts after complaints: of those already settled (mean), and by how much more than of those not yet.

    ``contacts`` marks, ``clients``; ``open_contacts`` of complaints not yet settled.
    """

    found: Estimate | NotEstimable
    mean: float
    clients: int
    contacts: int
    open_contacts: int


def heard(bank: Bank) -> pd.DataFrame:
    """Return source, topic, before, now, open: entries of the last twelve months and the twelve before, unsettled ones.

    ``open`` (of complaints, where the bank says when they are settled; else 0) counts those filed in both years.
    """
    parts = []
    end = pd.Timestamp(bank.as_of)
    middle, start = (end - pd.DateOffset(months=k * MONTHS) for k in (1, 2))
    for source, day in SOURCES.items():
        if bank.needs(f"{source}.{day}", f"{source}.topic"):
            continue
        told = bank.table(source)
        settles = source == "complaints" and bank.has("complaints", "settled_on")
        rows = told.select("topic", at=told[day], **({"settled": told.settled_on} if settles else {})).execute()
        rows["at"] = pd.to_datetime(rows["at"])
        rows = rows[(rows["at"] > start) & rows["topic"].notna()]
        parts.append(
            pd.DataFrame(
                {
                    "source": source,
                    "topic": rows["topic"].astype(str),
                    NOW: (rows["at"] > middle).astype(int),
                    BEFORE: (rows["at"] <= middle).astype(int),
                    OPEN: rows["settled"].isna().astype(int) if settles else 0,
                }
            )
        )
    if not parts:
        return pd.DataFrame(columns=["source", "topic", BEFORE, NOW, OPEN])
    return pd.concat(parts).groupby(["source", "topic"], as_index=False)[[BEFORE, NOW, OPEN]].sum()


def settled(bank: Bank) -> Settled:
    """Return what marks after a complaint go with its being settled, once per bank.

    Needs complaints with settlement dates and marks of contacts. Compared are contacts equally long after the complaint
    by clients with the same marks before it.
    """
    return once(bank, "complaints_settled", lambda: marks_after(*_read(bank)))


def _read(bank: Bank) -> tuple[pd.DataFrame, pd.DataFrame]:
    filed = bank.table("complaints").select("client_id", "filed_on", "settled_on").execute()
    told = bank.table("contacts")
    marks = told.filter(told.satisfaction.notnull()).select("client_id", "contacted_on", "satisfaction").execute()
    return filed, marks


def marks_after(filed: pd.DataFrame, marks: pd.DataFrame) -> Settled:
    """Return it for complaints (client_id, filed_on, settled_on) and marks (client_id, contacted_on, satisfaction)."""
    filed = filed.assign(filed_on=pd.to_datetime(filed["filed_on"]), settled_on=pd.to_datetime(filed["settled_on"]))
    filed = filed.sort_values(["client_id", "filed_on"], kind="stable").reset_index(drop=True)
    # Of two complaints the marks between them belong to the first: afterwards both might speak.
    filed["next"] = filed.groupby("client_id")["filed_on"].shift(-1)
    marks = marks.assign(contacted_on=pd.to_datetime(marks["contacted_on"]), mark=marks["satisfaction"].astype(float))
    both = filed.reset_index(names="complaint").merge(marks[["client_id", "contacted_on", "mark"]], on="client_id")
    days = (both["contacted_on"] - both["filed_on"]).dt.days
    before = both[(days < 0) & (days >= -365)].groupby("complaint")["mark"].mean()
    after = both[(days > 0) & (days <= DAYS) & (both["next"].isna() | (both["contacted_on"] < both["next"]))].copy()
    after["days"] = days[after.index]
    after["settled"] = (after["settled_on"] <= after["contacted_on"]).astype(float)
    after["earlier"] = after["complaint"].map(before)
    sizes = int(after["client_id"].nunique()), len(after), int((after["settled"] == 0).sum())
    mean = float(after.loc[after["settled"] > 0, "mark"].mean())
    known = after["earlier"].notna().astype(float)
    design = pd.DataFrame({"settled": after["settled"], "log_days": np.log1p(after["days"].astype(float))})
    design["earlier"] = after["earlier"].fillna(after["earlier"].mean())
    design["none_earlier"] = 1 - known
    design = design.loc[:, design.nunique() > 1]
    if "settled" not in design or after["client_id"].nunique() < 20:
        return Settled(NotEstimable("fewer than 50 clients can be compared"), mean, *sizes)
    fit = least_squares(after["mark"], design, cluster=after["client_id"], small_sample=False, unit="points")
    found = fit if isinstance(fit, NotEstimable) else fit.coefficient("settled")
    return Settled(found, mean, *sizes)
