"""What goes with how often a client books: columns of clients as they were when his stream began."""

import ibis
import numpy as np
import pandas as pd

from insights.data.months import first_of_month
from insights.data.snapshot import Bank
from insights.models.attributes import CATEGORIES, NUMBERS, attach_attributes, own_measures
from insights.stats.transactions import EventSummary

MISSING = "not recorded"
FEWEST = 50
"""Units of a level that has a coefficient of its own; rarer ones count as the most frequent level."""


def known_at_start(bank: Bank, summary: EventSummary, names: tuple[str, ...]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the covariates (n rows in the order of the summary, one column each), and those refused with the reason.

    A category has one column for every level but the most frequent; a number is counted from its median, with a column
    for not being recorded where that happens. Columns that are the same for everybody are left out.
    """
    table = summary.table
    first = pd.Timestamp(summary.origin) + pd.to_timedelta(table["first"], unit="D")
    units = pd.DataFrame({"client_id": table["unit"].str.rsplit("/", n=1).str[0]})
    units["month"] = [first_of_month(d.date()) for d in first]
    units["row"] = np.arange(len(units))
    rows = ibis.memtable(units).cast({"month": "date"})
    told, refused = attach_attributes(bank, rows, 1)
    known = {*NUMBERS, *CATEGORIES, *own_measures(bank)}
    reasons = {n: refused[n] for n in names if n in refused}
    reasons |= {n: f"needs clients.{n}" for n in names if n not in known}
    used = [n for n in names if n not in reasons]
    if not used:
        return pd.DataFrame(index=table.index), reasons
    values = bank.con.execute(told.select("row", *used).order_by("row"))
    columns: dict[str, pd.Series] = {}
    for name in used:
        columns |= _category(name, values[name]) if name in CATEGORIES else _number(name, values[name])
    frame = pd.DataFrame(columns, index=table.index)
    return frame.loc[:, frame.nunique() > 1], reasons


def _category(name: str, values: pd.Series) -> dict[str, pd.Series]:
    told = values.fillna(MISSING).astype(str)
    sizes = told.value_counts()
    levels = sorted(str(v) for v in sizes.index[sizes >= FEWEST])
    usual = max(levels, key=lambda v: (sizes[v], v)) if levels else None
    return {f"{name}={level}": (told == level).astype(float) for level in levels if level != usual}


def _number(name: str, values: pd.Series) -> dict[str, pd.Series]:
    told = values.astype(float)
    missing = told.isna()
    found = {name: told.fillna(told.median()) - told.median()}
    if FEWEST <= int(missing.sum()) <= len(told) - FEWEST:
        found[f"{name}={MISSING}"] = missing.astype(float)
    return found
