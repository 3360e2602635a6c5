"""The next best offer of each client: scored first, then held against the rules of suitability without exception."""

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.needs.green import green_leaning
from insights.models.needs.model import longer, reasons
from insights.models.needs.rows import NeedRows
from insights.models.needs.suitable import best_offers, offerable
from insights.models.needs.trials import learned_now, managers, score_of
from insights.models.preference import CHANNEL, TIME, Preferred, preference
from insights.models.preference import NEEDS as CONTACTS
from insights.models.segments.variables import present

NOBODY = UNKNOWN = ""


def next_offers(bank: Bank, rows: NeedRows) -> pd.DataFrame:
    """Return the offers that managers can make in three months: one per client, the most probable of each manager.

    Columns: client_id, rm_id ("" where not known), rank (within the manager), category, product_id, risk_rating,
    risk_tolerance, least_assets, assets (currency), buys_3m and buys_6m (probability), because (features that raise it,
    see ``reasons``), channel and time ("" where not known; see ``preference``), green ("" where nothing is to be said;
    see ``green_leaning``). Made once per bank.
    """
    return once(bank, "next_offers", lambda: _made(bank, rows))


def suited_clients(bank: Bank, rows: NeedRows) -> int:
    """Return how many clients there is a suitable offer for, whether or not a manager has time for it."""
    return int((best_suited(bank, rows) >= 0).sum())


def best_suited(bank: Bank, rows: NeedRows) -> np.ndarray:
    """Return the product (its place) that each client (n) would be offered first, -1 where nothing suits him."""
    column = rows.last
    allowed = offerable(
        rows.products,
        rows.tolerance[:, column],
        rows.assets[:, column],
        rows.held(column),
        rows.declined[:, :, column],
    )
    allowed &= (present(rows.months)[:, column] & rows.months.in_force)[:, None]
    return best_offers(score_of(bank, rows), allowed, rows.products, rows.held_of)


def _made(bank: Bank, rows: NeedRows) -> pd.DataFrame:
    column, products = rows.last, rows.products
    best = best_suited(bank, rows)
    client = np.flatnonzero(best >= 0)
    product = best[client]
    kind = products.category[product]
    probability = score_of(bank, rows)[client, kind]
    why = reasons(rows, learned_now(bank, rows), column)
    named = (
        [NOBODY] * len(client)
        if rows.manager is None
        else [v if isinstance(v, str) else NOBODY for v in rows.manager[client, column]]
    )
    told = pd.DataFrame(
        {
            "client_id": rows.months.client_id[client],
            "rm_id": named,
            "manager": managers(rows, column)[client],
            "category": np.array(products.categories, dtype=object)[kind],
            "product_id": np.array(products.codes, dtype=object)[product],
            "risk_rating": products.rating[product].astype(int),
            "risk_tolerance": rows.tolerance[client, column].astype(int),
            "least_assets": products.minimum[product],
            "assets": rows.assets[client, column].round(0),
            "buys_3m": probability,
            "buys_6m": longer(probability),
            "green": green_leaning(bank, rows)[client],
            "because": [";".join(why[k][i]) if k in why else "" for i, k in zip(client, kind, strict=True)],
        }
    )
    told = told.assign(**_preferred(bank, told["client_id"]))
    told = told.sort_values(["manager", "buys_3m", "client_id"], ascending=[True, False, True], kind="stable")
    told["rank"] = told.groupby("manager").cumcount() + 1
    told = told[told["rank"] <= bank.settings.needs.offers_per_manager]
    first = ["client_id", "rm_id", "rank"]
    return told[[*first, *(c for c in told.columns if c not in (*first, "manager"))]].reset_index(drop=True)


def _preferred(bank: Bank, client_id: pd.Series) -> dict[str, np.ndarray]:
    """Return the channel and the time of day that each client prefers, "" where that is not known."""
    found = {name: np.full(len(client_id), UNKNOWN, dtype=object) for name in (CHANNEL, TIME)}
    if bank.needs(*CONTACTS):
        return found
    for name in found:
        told = getattr(preference(bank), name)
        if isinstance(told, Preferred):
            found[name] = pd.Series(told.first, told.client_id).reindex(client_id).fillna(UNKNOWN).to_numpy(object)
    return found
