"""Marketing offers: who answers, who accepts, what an acceptance costs, and what goes with a time limit."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.channels.fair_offers import LikeWithLike, like_with_like, with_traits
from insights.models.channels.measured import Measured
from insights.stats.absorbed import AbsorbedFit, absorbed_regression
from insights.stats.proportions import amount_per_event
from insights.stats.ratios import ratio_of_sums
from insights.stats.results import NotEstimable

NEEDS = ("offers.offered_on", "offers.answer", "offers.product_id")
OVER_DAYS = 120
"""Younger offers may still be accepted: they are left out."""
YEARS = 3
ALL, LIMIT, CHANNEL = "all", "limit", "channel"
LIMITED, UNLIMITED = "limited", "unlimited"
ACCEPTED, ANSWERED, COST, MORE = "accepted", "answered", "cost", "more"
FEWEST_OF_CAMPAIGN = 20
"""Offers of a campaign with a limit, and without one, below which it cannot compare the two."""


@dataclass(frozen=True)
class Offers:
    """``measured``; ``offers`` that are over, of ``campaigns``, of which ``compared`` had both kinds.

    ``like``: channels against the most used one, like with like.
    """

    measured: tuple[Measured, ...]
    offers: int
    campaigns: int
    compared: int
    like: tuple[LikeWithLike, ...] = ()


def offers(bank: Bank) -> Offers:
    """Return what became of the offers of three years, made once per bank; needs ``NEEDS``."""
    return once(bank, "channel_offers", lambda: _made(bank))


def _made(bank: Bank) -> Offers:
    told = bank.table("offers")
    columns = ["client_id", "offered_on", "product_id", "channel", "campaign", "limited_until", "answer"]
    present = [c for c in columns if c in told.columns]
    more = {"cost": told.cost.cast("float64")} if "cost" in told.columns else {}
    rows = told.select(*present, **more).order_by("client_id", "offered_on", "product_id").execute()
    rows = rows.reindex(columns=[*columns, "cost"])
    rows["offered_on"] = pd.to_datetime(rows["offered_on"])
    end = pd.Timestamp(bank.as_of)
    over = rows["offered_on"] <= end - pd.Timedelta(days=OVER_DAYS)
    recent = rows["offered_on"] > end - pd.DateOffset(years=YEARS)
    rows = prepared(rows[over & recent])
    found = measure(rows, bank.settings.bank.currency, limits=bank.has("offers", "limited_until"))
    if rows["channel"].nunique() < 2:
        return found
    return replace(found, like=like_with_like(*with_traits(bank, rows)))


def prepared(rows: pd.DataFrame) -> pd.DataFrame:
    """Return offers as they are measured: with accepted, answered, limited, and a campaign for each."""
    made_up = rows["offered_on"].astype(str) + " " + rows["product_id"].astype(str)
    return rows.assign(
        accepted=(rows["answer"] == "accepted").astype(float),
        answered=rows["answer"].isin(("accepted", "declined")).astype(float),
        limited=rows["limited_until"].notna(),
        campaign=rows["campaign"].astype(object).where(rows["campaign"].notna(), made_up),
    )


def measure(rows: pd.DataFrame, currency: str, *, limits: bool = True) -> Offers:
    """Measure ``prepared`` offers (client_id, channel, campaign, limited, answered, accepted, cost)."""
    found = _of(ALL, "", rows, currency)
    compared = 0
    if limits:
        for value, flag in ((LIMITED, True), (UNLIMITED, False)):
            found += _of(LIMIT, value, rows[rows["limited"] == flag], currency)
        more, compared = _more(rows)
        found.append(more)
    if rows["channel"].notna().any():
        for channel in sorted(rows["channel"].dropna().unique()):
            found += _of(CHANNEL, str(channel), rows[rows["channel"] == channel], currency)
    return Offers(tuple(found), len(rows), int(rows["campaign"].nunique()), compared)


def _of(division: str, value: str, own: pd.DataFrame, currency: str) -> list[Measured]:
    client, ones = own["client_id"].to_numpy(str), np.ones(len(own))
    won = int(own["accepted"].sum())
    clients = int(own["client_id"].nunique())
    found = []
    for m in (ACCEPTED, ANSWERED):
        share = ratio_of_sums(own[m], ones, cluster=client, unit="share", positive=not own[m].any())
        found.append(Measured(division, value, m, share, clients, int(own[m].sum())))
    paid = float(own["cost"].sum())
    if own["cost"].notna().any() and won and paid > 0:
        found.append(Measured(division, value, COST, amount_per_event(paid, won, unit=currency), clients, won))
    return found


def _more(rows: pd.DataFrame) -> tuple[Measured, int]:
    """Return how many more accept with a limit than without, within the same campaign; and how many had both."""
    by = rows.groupby("campaign")["limited"].agg(["sum", "size"])
    both = by.index[(by["sum"] >= FEWEST_OF_CAMPAIGN) & (by["size"] - by["sum"] >= FEWEST_OF_CAMPAIGN)]
    own = rows[rows["campaign"].isin(both)]
    size = int(own["client_id"].nunique()), int(min(own.groupby("limited")["accepted"].sum(), default=0))
    if own.empty:
        return Measured(LIMIT, "", MORE, NotEstimable("no campaign has both kinds of offers"), *size), 0
    columns = pd.get_dummies(own["campaign"], prefix="campaign", dtype=float).iloc[:, 1:]
    columns.insert(0, LIMITED, own["limited"].astype(float))
    fit = absorbed_regression(own["accepted"], columns, own["client_id"], absorb=False, unit="share")
    found = fit.combination({LIMITED: 1.0}) if isinstance(fit, AbsorbedFit) else fit
    return Measured(LIMIT, "", MORE, found, *size), len(both)
