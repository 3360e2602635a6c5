"""Marketing offers: who answers, who accepts, what an acceptance costs, and what goes with a time limit."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.channels.fair_offers import LikeWithLike, like_with_like, with_traits
from insights.models.channels.measured import Measured
from insights.models.groups import group_columns, group_of
from insights.models.loyalty.invitations import NOT_KNOWN, thirds
from insights.models.months import NEEDS as OF_MONTHS
from insights.models.months import SpellMonths, spell_months
from insights.stats.absorbed import AbsorbedFit, absorbed_regression
from insights.stats.proportions import amount_per_event
from insights.stats.ratios import ratio_of_sums
from insights.stats.results import NotEstimable

NEEDS = ("offers.offered_on", "offers.answer", "offers.product_id")
OVER_DAYS = 120
"""Younger offers may still be accepted: they are left out."""
YEARS = 3
ALL, LIMIT, CHANNEL, SEGMENT, SOURCE = "all", "limit", "channel", "segment", "source"
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
    rows = with_groups(bank, prepared(rows[over & recent]))
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


def with_groups(bank: Bank, rows: pd.DataFrame) -> pd.DataFrame:
    """Return offers with the segment and the source of their clients, as far as the bank tells them.

    Segments are those of [loyalty] segment, or thirds of the assets at the month end before the offer.
    """
    clients = bank.table("clients")
    name = bank.settings.loyalty.segment
    if name is not None and name in group_columns(bank):
        told = clients.select("client_id", group=group_of(bank, name)).execute().set_index("client_id")["group"]
        rows = rows.assign(segment=rows["client_id"].map(told))
    elif bank.window_from is not None and not bank.needs(*OF_MONTHS):
        third = thirds(assets_before(spell_months(bank), rows["client_id"], rows["offered_on"]))
        rows = rows.assign(segment=third.where(third != NOT_KNOWN))
    if bank.has("clients", "acquisition_source"):
        told = clients.select("client_id", source="acquisition_source").execute().set_index("client_id")["source"]
        rows = rows.assign(source=rows["client_id"].map(told))
    return rows


def assets_before(months: SpellMonths, client: pd.Series, day: pd.Series) -> pd.Series:
    """Return the assets of each client (n) at the month end before a day of his own (n); nan where none are known."""
    column = ((day.dt.year - months.opens.year) * 12 + day.dt.month - months.opens.month - 1).to_numpy(np.int64)
    # Of several relationships of a client the last one that has begun tells.
    order = pd.Series(np.arange(len(months.spells)), index=months.spells["client_id"].to_numpy(object))
    found = np.full(len(client), np.nan)
    for k in range(int(order.groupby(level=0).cumcount().max()) + 1 if len(order) else 0):
        place = order[order.groupby(level=0).cumcount() == k].reindex(client.to_numpy(object)).to_numpy(float)
        seen = ~np.isnan(place) & (column >= 0) & (column < months.months)
        at = place[seen].astype(np.int64)
        value = months.assets[at, column[seen]]
        found[seen] = np.where(np.isnan(value), found[seen], value)
    return pd.Series(found, index=client.index)


def measure(rows: pd.DataFrame, currency: str, *, limits: bool = True) -> Offers:
    """Measure ``prepared`` offers (client_id, channel, campaign, limited, answered, accepted, cost).

    Where offers have a segment or a source (``with_groups``) each is told too, with what a limit goes with in it.
    """
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
    for division in (d for d in (SEGMENT, SOURCE) if d in rows):
        for value in sorted(rows[division].dropna().unique()):
            own = rows[rows[division] == value]
            found += _of(division, str(value), own, currency)
            if limits and division == SEGMENT:
                found.append(replace(_more(own)[0], division=division, value=str(value)))
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
