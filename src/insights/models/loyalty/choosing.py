"""Whether clients keep choosing the bank: what they say, buy again and hold here, and how long they have stayed.

Four measures of loyalty of the clients in force, each from a place of its own: the survey, the holdings, the clients'
own word of what they hold elsewhere, and the register.
"""

from dataclasses import dataclass, field

import ibis
import numpy as np
import pandas as pd

from insights.data.months import add_months, first_of_month
from insights.data.panel import spells
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.loyalty.answers import FEWEST_CLUSTERS, LOYALTY, answers
from insights.models.loyalty.followed import MONTHS, SHARE_NEEDS, assets_before, share_of_wallet
from insights.models.loyalty.invitations import managers_on
from insights.models.loyalty.losses import segment_of

ATTITUDE, AGAIN, WALLET, TENURE = "attitude", "again", "wallet", "tenure"
MEASURES = (ATTITUDE, AGAIN, WALLET, TENURE)
YEARS = 3
TIMES = 2
"""Somebody keeps choosing the bank if he bought something new at so many different month ends of the last years."""


@dataclass(frozen=True)
class Choosing:
    """The clients in force, one row each.

    ``rows``: client_id, segment, cluster, weight (of his answer, else 1) and the measures, nan where not known:
    ``attitude`` (stated loyalty of the last answer of twelve months), ``again`` (1 if he bought products not held
    before at ``TIMES`` or more month ends of the last ``YEARS`` years, else 0; known of those who were clients all the
    while and hold something), ``wallet`` (the bank's share of what he holds, by his word of the last twelve months),
    ``tenure`` (years). ``missing`` says of each measure that is not there what it would need. ``cluster`` is "manager"
    or "client".
    """

    rows: pd.DataFrame = field(repr=False)
    missing: dict[str, tuple[str, ...]]
    cluster: str


def choosing(bank: Bank) -> Choosing:
    """Return the measures, made once per bank; needs joined_on of clients and an answered survey."""
    return once(bank, "loyalty_choosing", lambda: _made(bank))


def _made(bank: Bank) -> Choosing:
    told = spells(bank)
    inside = told.filter(told.left_on.isnull() & (told.joined_on <= ibis.literal(bank.as_of)))
    rows = inside.group_by("client_id").agg(joined_on=inside.joined_on.max()).order_by("client_id").execute()
    rows["joined_on"] = pd.to_datetime(rows["joined_on"])
    rows[TENURE] = (pd.Timestamp(bank.as_of) - rows["joined_on"]).dt.days / 365.25
    asked = ibis.memtable(
        pd.DataFrame({"client_id": rows["client_id"], "day": bank.as_of, "row": np.arange(len(rows))})
    )
    missing: dict[str, tuple[str, ...]] = {}
    for name, needs in ((AGAIN, ("holdings.product_id", "holdings.month", "holdings.amount")), (WALLET, SHARE_NEEDS)):
        if lacking := bank.needs(*needs):
            missing[name] = tuple(lacking)
    if WALLET not in missing:
        rows[WALLET] = share_of_wallet(bank, asked, 0).execute().set_index("row")["share"].reindex(rows.index)
    if AGAIN not in missing:
        rows[AGAIN] = _again(bank, rows)
    said = answers(bank).answers
    recent = said[said["answered_on"] > pd.Timestamp(bank.as_of) - pd.DateOffset(months=MONTHS)]
    last = recent.drop_duplicates("client_id", keep="last").set_index("client_id").reindex(rows["client_id"])
    rows[ATTITUDE], rows["weight"] = last[LOYALTY].to_numpy(float), last["weight"].fillna(1.0).to_numpy(float)
    rows["assets"] = np.nan
    if not bank.needs("balances.amount", "balances.month"):
        rows["assets"] = assets_before(bank, asked, 0).execute().set_index("row")["assets"].reindex(rows.index)
    rows["segment"] = segment_of(bank, rows)
    manager = managers_on(bank, rows[["client_id"]].assign(day=pd.Timestamp(bank.as_of)))["manager"]
    by_manager = manager.nunique() >= FEWEST_CLUSTERS
    rows["cluster"] = manager.fillna(rows["client_id"]) if by_manager else rows["client_id"]
    kept = ["client_id", "segment", "cluster", "weight", *(m for m in MEASURES if m in rows)]
    return Choosing(rows[kept], missing, "manager" if by_manager else "client")


def _again(bank: Bank, rows: pd.DataFrame) -> pd.Series:
    """Return 1 where a client bought something new at several month ends, 0 where not, nan where it is not known."""
    holdings = bank.table("holdings")
    holdings = holdings.filter(holdings.amount > 0)
    last = holdings.month.max().execute()
    if pd.isna(last):
        return pd.Series(np.nan, index=rows.index)
    start = add_months(first_of_month(pd.Timestamp(last).date()), -12 * YEARS)
    if pd.Timestamp(holdings.month.min().execute()).date() > start:
        return pd.Series(np.nan, index=rows.index)
    first = holdings.group_by("client_id", "product_id").agg(since=holdings.month.min())
    bought = first.filter(first.since > start).group_by("client_id").agg(times=lambda t: t.since.nunique())
    held = holdings.filter(holdings.month >= start).select("client_id").distinct()
    times = held.left_join(bought, "client_id").select("client_id", "times").execute().set_index("client_id")["times"]
    own = times.fillna(0).reindex(rows["client_id"]).to_numpy(float)
    there = (rows["joined_on"] <= pd.Timestamp(start)).to_numpy()
    return pd.Series(np.where(there & np.isfinite(own), own >= TIMES, np.nan), index=rows.index)
