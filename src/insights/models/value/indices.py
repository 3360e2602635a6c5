"""The longer past of the markets: what the clients' assets would have returned before the bank recorded them."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.exits.rows import last_complete
from insights.models.indices import index_levels
from insights.stats.inputs import Floats

FEWEST = 24
"""Months in which both an index and the book must be known."""
EXPLAINED = 0.5
"""Part of the variance of the book's returns that the indices must explain, or their past says nothing about it."""


@dataclass(frozen=True)
class LongerPast:
    """Returns by month (M) of the months just before the book's first, as the indices tell them.

    ``error`` is the standard error of their mean: of the return that the book has without the indices moving.
    ``explained`` is the part of the variance of the book's own returns that the indices explain.
    """

    returns: Floats = field(repr=False)
    error: float
    explained: float


def longer_past(bank: Bank, landmark: date, own: Floats, first: int) -> LongerPast | None:
    """Return what the book's markets did before its first return, by the indices of ``[market]``; else None.

    ``own`` (T) are the book's returns by month, ``first`` (year * 12 + month - 1) is the month of the first of them.
    Least squares of these on the returns of the indices in the same months. None where no index is delivered,
    none reaches further back, fewer than 24 months have both, or they explain less than half of the variance.

    Assumes that the assets have always been as exposed to the indices as they are today.
    """
    if bank.needs("market.series", "market.value", "market.month"):
        return None
    index = _returns(bank, landmark, bank.settings.market.indices)
    index = index.loc[: first + len(own) - 1]
    both = index.loc[first:]
    before = index.loc[: first - 1]
    if len(both) < FEWEST or before.empty:
        return None
    x = np.column_stack([np.ones(len(both)), both.to_numpy()])
    y = own[both.index.to_numpy() - first]
    beta, _, rank, _ = np.linalg.lstsq(x, y, rcond=None)
    rest = y - x @ beta
    explained = 1 - float(rest @ rest) / max(float(np.sum((y - y.mean()) ** 2)), 1e-300)
    if rank < x.shape[1] or explained < EXPLAINED:
        return None
    told = np.column_stack([np.ones(len(before)), before.to_numpy()])
    mean = told.mean(axis=0)
    variance = float(rest @ rest) / (len(y) - len(beta))
    error = float(np.sqrt(variance * (mean @ np.linalg.inv(x.T @ x) @ mean)))
    return LongerPast(np.asarray(told @ beta), error, explained)


def _returns(bank: Bank, landmark: date, names: tuple[str, ...]) -> pd.DataFrame:
    """Return the returns of the indices (columns) by month, of the last months without a gap in any of them."""
    wide = index_levels(bank, names, landmark)
    wide = wide[(wide.index <= last_complete(landmark)) & (wide > 0).all(axis=1)]
    if not set(names) <= set(wide.columns) or len(wide) < 2:
        return pd.DataFrame(columns=list(names), index=pd.Index([], dtype=int), dtype=float)
    breaks = np.flatnonzero(np.diff(wide.index.to_numpy()) != 1)
    wide = wide.iloc[breaks[-1] + 1 :] if len(breaks) else wide
    return wide.pct_change().iloc[1:]
