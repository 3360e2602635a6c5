"""What a relationship is worth: wealth contribution, less the cost of risk, with what referrals move between clients.

All are lifetime values; where these cannot be told, those of the last twelve months. A referral moves a share of the
referred client's value to who referred him; the referred client keeps the rest. So the
sum over all clients stays what it was, and no client's value is counted twice. It goes one step: what a client has by
his own referrals is not passed on to who referred him.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.value.book import YEAR, client_book, lifetimes
from insights.models.value.lifetime import LifetimeValues
from insights.models.value.margins import MARGIN, ClientMargins, client_margins
from insights.models.value.tiers import with_tier
from insights.models.value.worths import cost_values

CAME, HELPED = "came", "helped"
RISK = ("credit_loss", "capital")
PARTS = ("wealth", "risk", "brand")


@dataclass(frozen=True)
class Relationships:
    """Parts of the relationship values of the clients in force.

    ``clients``: client_id, tier; ``wealth`` (income less cost to serve), ``risk`` (expected credit loss and cost of
    capital, negative), ``given`` (moved to the referrer) and ``received`` (from those he referred), ``brand`` (received
    less given), ``value`` (wealth + risk + brand); ``referrer`` (row of the referrer, -1: none in force), ``kind``
    ("came", "helped", or "").
    ``years`` that are counted: all amounts are lifetime values over so many years, worth today, and add up to what the
    book is worth; None where these cannot be told: all amounts are those of twelve months then. ``untold`` clients are
    too new for a lifetime value, and count with none.
    """

    clients: pd.DataFrame = field(repr=False)
    years: int | None
    untold: int


def relationship_values(bank: Bank) -> Relationships | None:
    """Return the parts of the relationship value of each client in force, computed once; None without revenue."""
    return once(bank, "relationship_values", lambda: _made(bank))


def _made(bank: Bank) -> Relationships | None:
    margins, book, values = client_margins(bank), client_book(bank), lifetimes(bank)
    if margins is None or book is None or margins.basis != MARGIN:
        return None
    frame = with_tier(bank, book[["client_id"]])
    own = _of_a_year(margins) if values is None else _lifetime(margins, values)
    own = own.reindex(frame["client_id"])
    untold = int(own["risk"].isna().sum())
    total, risk = (own[name].fillna(0.0).to_numpy(float) for name in ("total", "risk"))
    frame = frame.assign(wealth=total - risk, risk=risk)
    frame["referrer"], frame["kind"] = _referrers(bank, frame["client_id"])
    weight = frame["kind"].map({CAME: bank.settings.value.referrals.came, HELPED: bank.settings.value.referrals.helped})
    moved = np.where(frame["referrer"] >= 0, weight.fillna(0.0) * total, 0.0)
    frame["given"] = moved
    known = frame["referrer"] >= 0
    frame["received"] = np.bincount(frame["referrer"][known], moved[known], len(frame))
    frame["brand"] = frame["received"] - frame["given"]
    frame["value"] = frame["wealth"] + frame["risk"] + frame["brand"]
    return Relationships(frame, None if values is None else values.months // 12, untold)


def _of_a_year(margins: ClientMargins) -> pd.DataFrame:
    """Return by client_id: the margin of the last twelve months (``total``), and what of it is the cost of risk."""
    last = margins.months.count - 1
    costs = [margins.over(name, last - YEAR + 1, last) for name in RISK if name in margins.components]
    risk = np.asarray(sum(costs, np.zeros(len(margins.months.client_id))))
    return pd.DataFrame({"total": margins.value(), "risk": risk}, index=margins.months.client_id)


def _lifetime(margins: ClientMargins, values: LifetimeValues) -> pd.DataFrame:
    """Return by client_id: the lifetime value (``total``), and what of it is the cost of risk.

    The last twelve months' cost of risk goes on as all costs are forecast to.
    """
    at, clients = values.inputs.start.at, values.clients
    row = pd.Index(margins.months.client_id).get_indexer(pd.Index(clients["client_id"]))
    first = max(at - YEAR + 1, 0)
    there = np.clip(clients["tenure_months"].to_numpy(float) + 1, 1.0, at - first + 1)
    costs = [margins.over(name, first, at)[row] for name in RISK if name in margins.components]
    monthly = np.asarray(sum(costs, np.zeros(len(row)))) / there
    risk = cost_values(values.inputs, monthly, float(monthly.mean()) if len(row) else 0.0)
    return pd.DataFrame({"total": values.value, "risk": risk}, index=clients["client_id"].to_numpy(object))


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
