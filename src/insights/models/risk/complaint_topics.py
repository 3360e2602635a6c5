"""What clients complain about: by topic, in the last twelve months and in the twelve before."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.risk.clients import number_in_force

NEEDS = ("complaints.filed_on", "complaints.topic")
NOW, BEFORE = "now", "before"
UNTOLD = "not recorded"


@dataclass(frozen=True)
class Topics:
    """``counts``: topic, period ("now": the last twelve months, "before": the twelve before them), complaints.

    ``clients``: by period, the mean number of clients in force at its months' ends. ``whole``: both are on record.
    """

    counts: pd.DataFrame = field(repr=False)
    clients: dict[str, float]
    whole: bool


def complaint_topics(bank: Bank) -> Topics:
    """Return complaints by topic, made once per bank; check ``NEEDS`` first."""
    return once(bank, "risk_complaint_topics", lambda: _made(bank))


def _made(bank: Bank) -> Topics:
    table = bank.table("complaints")
    today = pd.Timestamp(bank.as_of)
    told = table.group_by("topic", day=table.filed_on).agg(n=table.count()).execute()
    day = pd.to_datetime(told["day"])
    year, two = today - pd.DateOffset(years=1), today - pd.DateOffset(years=2)
    told = told.assign(topic=told["topic"].fillna(UNTOLD), period=np.where(day > year, NOW, BEFORE))
    told = told[(day > two) & (day <= today)]
    levels = pd.MultiIndex.from_product([sorted(told["topic"].unique()), (NOW, BEFORE)], names=["topic", "period"])
    counts = told.groupby(["topic", "period"])["n"].sum().reindex(levels, fill_value=0).rename("complaints")
    ends = {
        name: pd.DatetimeIndex([last - pd.DateOffset(months=k) for k in range(12)])
        for name, last in ((NOW, today), (BEFORE, year))
    }
    clients = {name: float(number_in_force(bank, days).mean()) for name, days in ends.items()}
    first = day.min() if bank.window_from is None else max(day.min(), pd.Timestamp(bank.window_from))
    return Topics(counts.reset_index(), clients, bool(len(day)) and first <= two + pd.DateOffset(months=1))
