"""What comparable clients hold and a client does not: kinds of product that most of his peers have.

Peers are clients of about the same assets (fifths), age and risk tolerance. Where fewer than fifty are alike in all
three, age is left out, then risk tolerance too.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.months import add_months, month_of
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.value.book import YEAR
from insights.models.value.margins import client_margins

NEEDS = ("holdings.amount", "holdings.month")
MOSTLY = 0.5
"""Share of the peers who hold a kind of product from which on it counts as missing."""
ENOUGH_PEERS = 50
OLD, VERY_OLD = 45, 65

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class PeerGaps:
    """``kinds`` (k) of product; per client (n, those in force) and kind: ``held``, and ``gap`` (most peers hold it).

    ``amount`` (n, k): what the client would hold of it if he held what peers who have it hold, as a share of his
    assets; 0 where there is no gap.
    """

    client_id: npt.NDArray[np.object_]
    kinds: tuple[str, ...]
    held: Flags
    gap: Flags
    amount: npt.NDArray[np.float64]


def peer_gaps(bank: Bank, ago: int = 0) -> PeerGaps | None:
    """Return the gaps at the last month of the margins, or ``ago`` months before; None where nobody holds anything.

    Ages and risk tolerance are those known last. Check ``NEEDS`` first. Made once per bank and month.
    """
    return once(bank, ("peer_gaps", ago), lambda: _made(bank, ago))


def _made(bank: Bank, ago: int) -> PeerGaps | None:
    margins = client_margins(bank)
    if margins is None:
        return None
    months = margins.months
    last = months.count - 1 - ago
    there = (months.left > last) & (months.joined <= last)
    client_id = months.client_id[there]
    held = _held(bank, add_months(months.month(months.count - 1), -ago), client_id)
    if held.empty:
        return None
    assets = margins.average_assets(last - YEAR + 1, last)[there]
    peers = _peers(bank, client_id, assets)
    kinds = tuple(str(c) for c in held.columns)
    own = held.to_numpy(float)
    has = own > 0
    gap, amount = np.zeros_like(has), np.zeros(own.shape)
    share = np.divide(own, assets[:, None], out=np.zeros_like(own), where=assets[:, None] > 0)
    for cell in np.unique(peers):
        at = peers == cell
        many = has[at].mean(axis=0)
        for k in np.flatnonzero(many >= MOSTLY):
            usual = float(np.median(np.minimum(share[at][has[at][:, k], k], 1.0)))
            missing = at & ~has[:, k]
            gap[missing, k], amount[missing, k] = True, usual * np.maximum(assets[missing], 0.0)
    return PeerGaps(client_id, kinds, has, gap, amount)


def _held(bank: Bank, month: date, client_id: npt.NDArray[np.object_]) -> pd.DataFrame:
    """Return the amounts by client (n rows) and kind of product (columns)."""
    table = bank.table("holdings")
    rows = table.filter(month_of(table.month) == month)
    if bank.has("products", "category"):
        products = bank.table("products").select("product_id", kind="category")
        rows = rows.inner_join(products, "product_id")
    else:
        rows = rows.mutate(kind=rows.product_id)
    sums = rows.group_by("client_id", "kind").agg(amount=rows.amount.sum().cast("float64")).execute()
    wide = sums.pivot(index="client_id", columns="kind", values="amount")
    return wide.reindex(client_id).fillna(0.0)[sorted(wide.columns)]


def _peers(bank: Bank, client_id: npt.NDArray[np.object_], assets: npt.NDArray[np.float64]) -> npt.NDArray[np.object_]:
    """Return the name of each client's group of peers (n)."""
    fifth = np.searchsorted(np.quantile(assets, [0.2, 0.4, 0.6, 0.8]), assets).astype(str)
    table = bank.table("clients")
    columns = [c for c in ("birth_year", "risk_tolerance") if bank.has("clients", c)]
    told = table.select("client_id", *columns).execute().set_index("client_id").reindex(client_id)
    names = [fifth]
    if "risk_tolerance" in told:
        names.append(np.char.add(fifth, [f"|{v}" for v in told["risk_tolerance"].astype(str)]))
    if "birth_year" in told:
        age = bank.as_of.year - told["birth_year"].astype(float).to_numpy()
        place_of_age = np.searchsorted([OLD, VERY_OLD], np.nan_to_num(age), side="right").astype(str)
        band = np.where(np.isnan(age), "?", place_of_age)
        names.append(np.char.add(names[-1], [f"/{v}" for v in band]))
    found = names[0]
    for finer in names[1:]:
        _, place, count = np.unique(finer, return_inverse=True, return_counts=True)
        found = np.where(count[place] >= ENOUGH_PEERS, finer, found)
    return found.astype(object)
