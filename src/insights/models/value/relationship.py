"""What a relationship is worth: wealth contribution, less the cost of risk, with what referrals move between clients.

A referral moves a share of the referred client's margin to who referred him; the referred client keeps the rest. So the
sum over all clients stays what it was, and no client's margin is counted twice. It goes one step: what a client has by
his own referrals is not passed on to who referred him.
"""

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.value.book import client_book
from insights.models.value.margins import MARGIN, client_margins
from insights.models.value.tiers import YEAR

CAME, HELPED = "came", "helped"
RISK = ("credit_loss", "capital")
PARTS = ("wealth", "risk", "brand")


def relationship_values(bank: Bank) -> pd.DataFrame | None:
    """Return the clients in force with the parts of their value over twelve months; None without revenue.

    Columns: client_id, tier; ``wealth`` (income less cost to serve), ``risk`` (expected credit loss and cost of
    capital, negative), ``given`` (moved to the referrer) and ``received`` (from those he referred), ``brand`` (received
    less given), ``value`` (wealth + risk + brand); ``referrer`` (row of the referrer, -1: none in force), ``kind``
    ("came", "helped", or "").
    """
    return once(bank, "relationship_values", lambda: _made(bank))


def _made(bank: Bank) -> pd.DataFrame | None:
    margins, book = client_margins(bank), client_book(bank)
    if margins is None or book is None or margins.basis != MARGIN:
        return None
    last = margins.months.count - 1
    first = last - YEAR + 1
    force = margins.months.in_force
    margin = margins.value()[force]
    costs = [margins.over(name, first, last)[force] for name in RISK if name in margins.components]
    risk = np.asarray(sum(costs, np.zeros(len(margin))))
    frame = book[["client_id", "tier"]].assign(wealth=margin - risk, risk=risk)
    frame["referrer"], frame["kind"] = _referrers(bank, frame["client_id"])
    weight = frame["kind"].map({CAME: bank.settings.value.referrals.came, HELPED: bank.settings.value.referrals.helped})
    moved = np.where(frame["referrer"] >= 0, weight.fillna(0.0) * margin, 0.0)
    frame["given"] = moved
    known = frame["referrer"] >= 0
    frame["received"] = np.bincount(frame["referrer"][known], moved[known], len(frame))
    frame["brand"] = frame["received"] - frame["given"]
    return frame.assign(value=frame["wealth"] + frame["risk"] + frame["brand"])


def _referrers(bank: Bank, client_id: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return the row of each client's referrer (n; -1 where none is in force) and the kind of the referral (n)."""
    nobody = np.full(len(client_id), -1), np.full(len(client_id), "", dtype=object)
    if not bank.has("clients", "referred_by"):
        return nobody
    table = bank.table("clients")
    columns = [c for c in ("client_id", "referred_by", "acquisition_source") if c in table.columns]
    told = table.select(*columns).execute().set_index("client_id").reindex(client_id)
    row = pd.Index(client_id).get_indexer(pd.Index(told["referred_by"]))
    row[row == np.arange(len(row))] = -1  # nobody refers himself
    came = told["acquisition_source"].isin(bank.settings.value.referrals.sources) if len(columns) > 2 else False
    kind = np.where(came, CAME, HELPED)
    return row, np.where(row >= 0, kind, "")
