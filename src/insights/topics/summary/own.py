"""The measures that packs are held against each other by, as numbers that may be shown."""

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.memory.measures import NET, measured
from insights.models.memory.shapes import Measured
from insights.stats.results import Estimate
from insights.topics.evidence import Estimates

NAN = float("nan")
DIMS = ("measure", "group")
MONEY = (NET,)
"""Measures whose numerator is money: the rule of dominance applies to them."""


def own_measures(bank: Bank) -> Estimates:
    """Return the measures of the as-of date with their bootstrap intervals; a part without clients is left out."""
    return Estimates(told(measured(bank)), DIMS)


def told(found: Measured) -> pd.DataFrame:
    """Return the rows of evidence of some measures: value, interval, how many are behind them."""
    rows = found.labels.drop(columns="total").copy()
    estimates = [found.replicates.estimate(k, method="normal") for k in range(len(rows))]
    for name in ("value", "low", "high"):
        rows[name] = [getattr(e, name) if isinstance(e, Estimate) else NAN for e in estimates]
    money = rows["measure"].isin(MONEY)
    for size in ("largest", "second", "absolute"):
        rows[size] = rows[size].where(money, NAN)
    shares = rows["unit"] == "share"
    floor = np.where(shares & ~money, 0.0, -np.inf)
    rows["low"] = np.maximum(rows["low"], floor)
    return rows[rows["value"].notna()].reset_index(drop=True)
