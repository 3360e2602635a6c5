"""The levels of price indices in the table of markets, month by month, as they were known at a day."""

from collections.abc import Sequence
from datetime import date

import pandas as pd

from insights.data.snapshot import Bank

PRICES = "_index"


def is_price(bank: Bank, name: str) -> bool:
    """Return whether a series is a price, of which its gains tell and not its level."""
    return name in bank.settings.market.indices or name.endswith(PRICES)


def index_levels(bank: Bank, names: Sequence[str], known_by: date) -> pd.DataFrame:
    """Return the levels (month, index) published by a day; months are year * 12 + month - 1, in order.

    Without ``names`` those of all series whose name ends in ``_index``. A month without one of the indices has nan
    there. Needs market.series, market.value and market.month.
    """
    table = bank.table("market")
    rows = table.filter(table.series.isin(list(names)) if names else table.series.endswith(PRICES))
    if "published_on" in rows.columns:
        rows = rows.filter(rows.published_on.isnull() | (rows.published_on <= known_by))
    told = rows.select("month", "series", "value").execute()
    day = pd.to_datetime(told["month"])
    told = told.assign(month=day.dt.year * 12 + day.dt.month - 1, value=told["value"].astype(float))
    return told.pivot_table(index="month", columns="series", values="value").sort_index()
