"""The risk that clients take, beside the risk they say they accept: ratings, shares held, ups and downs lived."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.months import month_of
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.market_returns import client_returns
from insights.models.value.margins import client_margins

NEEDS = (
    "clients.risk_tolerance",
    "holdings.amount",
    "holdings.month",
    "products.risk_rating",
    "balances.amount",
    "balances.month",
)
LOOK_BACK, FEWEST = 24, 12
"""Months over which ups and downs are measured, and how many of them a client needs."""
LARGEST = 0.5
"""A monthly return beyond this is no return (money came on the same day): it is cut."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RiskTaken:
    """Clients in force (n) with a stated tolerance and assets in ``month``, the last one of the holdings.

    ``stated`` (n): 1 to 5. ``taken`` (n): the mean rating of what he holds, weighted by amount; what is not in a rated
    product counts as 1. ``equity`` (n): the share of his assets in equities. ``above`` (n): the amount in products
    rated above what he accepts. ``volatility`` (n): yearly standard deviation of the returns of the last 24 months, nan
    where fewer than twelve are known, None where the bank does not tell market changes.
    """

    client_id: npt.NDArray[np.object_] = field(repr=False)
    month: date
    stated: npt.NDArray[np.int64] = field(repr=False)
    taken: Floats = field(repr=False)
    equity: Floats | None = field(repr=False)
    above: Floats = field(repr=False)
    volatility: Floats | None = field(repr=False)


def risk_taken(bank: Bank) -> RiskTaken | None:
    """Return what clients hold beside what they accept, made once per bank; None where nobody has both.

    Check ``NEEDS`` first.
    """
    return once(bank, "risk_taken", lambda: _made(bank), on_disk=True)


def _made(bank: Bank) -> RiskTaken | None:
    margins = client_margins(bank)
    assert margins is not None, "balances are delivered"
    table = bank.table("holdings")
    last = table.filter(table.month <= bank.as_of).month.max().execute()
    if pd.isna(last):
        return None
    month = pd.Timestamp(last).date().replace(day=1)
    column = margins.months.column(month)
    rows = _held(bank, month)
    clients = bank.table("clients").select("client_id", "risk_tolerance").execute().set_index("client_id")
    stated = clients["risk_tolerance"].reindex(margins.months.client_id).to_numpy(float)
    at = pd.Index(margins.months.client_id).get_indexer(pd.Index(rows["client_id"]))
    rows, at = rows[at >= 0], at[at >= 0]
    amount, rating = np.maximum(rows["amount"].to_numpy(float), 0.0), rows["rating"].to_numpy(float)
    n = len(stated)
    rated = np.bincount(at, amount, n)
    assets = margins.assets[:, column] if 0 <= column < margins.months.count else rated
    total = np.maximum(assets, rated)
    keep = margins.months.in_force & ~np.isnan(stated) & (total > 0)
    if not keep.any():
        return None
    taken = np.divide(np.bincount(at, amount * rating, n) + total - rated, total, out=np.ones(n), where=total > 0)
    above = np.bincount(at, amount * (rating > stated[at]), n)
    kinds = bank.settings.segments.equity
    equity = None
    if rows["category"].isin(kinds).any():
        inside = amount * rows["category"].isin(kinds).to_numpy()
        equity = np.divide(np.bincount(at, inside, n), total, out=np.zeros(n), where=total > 0)[keep]
    volatility = None if bank.needs("balances.market_change") else _volatility(bank)[keep]
    return RiskTaken(
        margins.months.client_id[keep],
        month,
        stated[keep].astype(np.int64),
        taken[keep],
        equity,
        above[keep],
        volatility,
    )


def _held(bank: Bank, month: date) -> pd.DataFrame:
    """Return client_id, amount, rating, category of every holding in a product with a rating."""
    table, products = bank.table("holdings"), bank.table("products")
    category = products.category if "category" in products.columns else products.product_id
    rated = products.filter(products.risk_rating.notnull()).select(
        "product_id", rating=products.risk_rating, category=category
    )
    rows = table.filter(month_of(table.month) == month).inner_join(rated, "product_id")
    return rows.select("client_id", "rating", "category", amount=rows.amount.cast("float64")).execute()


def recent_returns(bank: Bank) -> Floats:
    """Return the monthly returns (n, 24) of the clients of ``client_margins``; see ``client_returns``."""
    return np.clip(client_returns(bank)[:, -LOOK_BACK:], -LARGEST, LARGEST)


def _volatility(bank: Bank) -> Floats:
    returns = recent_returns(bank)
    known = ~np.isnan(returns)
    count = known.sum(axis=1)
    mean = np.divide(np.nansum(returns, axis=1), count, out=np.zeros(len(count)), where=count > 0)
    square = np.where(known, (returns - mean[:, None]) ** 2, 0.0).sum(axis=1)
    return np.where(count >= FEWEST, np.sqrt(12 * square / np.maximum(count - 1, 1)), np.nan)
