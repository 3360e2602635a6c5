"""How long clients wait for an answer, as curves; and how the bank's own messages arrive and are read."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from insights.data.months import add_months
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.channels.contacts import contacts
from insights.models.channels.state import MONTHS, Measured
from insights.stats.quantiles import duration_quantiles, still_going
from insights.stats.ratios import ratio_of_sums
from insights.stats.results import Estimate

NEEDS = ("contacts.channel", "contacts.contacted_on", "contacts.wait_minutes")
MESSAGES = ("contacts.contacted_at", "contacts.delivered_at", "contacts.direction")
"""What is needed to follow the bank's own messages."""
GRID = (5, 15, 30, 60, 90, 120, 180, 240, 300, 360, 480, 600, 720, 960, 1200, 1440)
"""Minutes after the contact at which the curve is told, up to a day."""
DELAY, DELAY_LONG, UNREAD, ANSWERED = "delay_median", "delay_p90", "unread", "answered"
UNREAD_DAYS = 7
"""A message that was not opened so many days after it arrived counts as unread."""


@dataclass(frozen=True)
class Waiting:
    """The share who still wait for an answer ``minutes`` after they asked, in one channel.

    It rests on ``contacts``: the fewer of those who wait and those who do not; where that is nobody, all of them.
    """

    channel: str
    minutes: int
    found: Estimate
    clients: int
    contacts: int


@dataclass(frozen=True)
class Answers:
    """``curves`` by channel and time; ``messages``: delay, unread share and answers of the bank's own messages."""

    curves: tuple[Waiting, ...] = field(repr=False)
    messages: tuple[Measured, ...]


def answers(bank: Bank) -> Answers:
    """Return curves of the time to answer of twelve months, made once per bank; needs ``NEEDS``."""
    return once(bank, "channel_answers", lambda: _made(bank))


def _made(bank: Bank) -> Answers:
    year = contacts(bank).since(MONTHS)
    curves = [row for channel, own in year.groupby("channel", sort=True) for row in waiting(str(channel), own)]
    return Answers(tuple(curves), () if bank.needs(*MESSAGES) else tuple(_messages(bank)))


def waiting(channel: str, rows: pd.DataFrame) -> Iterator[Waiting]:
    """Follow the contacts that clients began (rows as of ``contacts``) until they were answered, or until now."""
    asked = rows[rows["asked"] & (rows["wait"].notna() | rows["open"])]
    time, client = asked["wait"].fillna(asked["waited"]).to_numpy(float), asked["client"].to_numpy()
    found = still_going(time, ~asked["open"].to_numpy(), GRID, cluster=client)
    for minutes, one in zip(GRID, found, strict=True):
        if isinstance(one, Estimate):
            fewer = min(round(one.value * len(asked)), round((1 - one.value) * len(asked)))
            yield Waiting(channel, minutes, one, int(np.unique(client).size), fewer or len(asked))


def _messages(bank: Bank) -> Iterator[Measured]:
    """Follow the messages of the bank of the last twelve months, in channels in which any delivery is recorded."""
    told = bank.table("contacts")
    told = told.filter(
        told.direction == "outbound",
        told.contacted_on >= add_months(bank.as_of, -MONTHS),
        told.contacted_at.notnull(),
    )
    more = [name for name in ("opened_at", "satisfaction") if name in told.columns]
    rows = told.select("client_id", "channel", "contacted_at", "delivered_at", *more).execute()
    rows = rows[rows["channel"].isin(rows.loc[rows["delivered_at"].notna(), "channel"].unique())]
    end = pd.Timestamp(bank.as_of) + pd.Timedelta(days=1)
    for channel, own in rows.groupby("channel", sort=True):
        yield from followed(str(channel), own, end)


def followed(channel: str, rows: pd.DataFrame, end: pd.Timestamp) -> Iterator[Measured]:
    """Measure the bank's messages in one channel until ``end``.

    ``rows``: client_id, contacted_at, delivered_at, and where the bank records them opened_at and satisfaction.
    """
    sent, arrived = (pd.to_datetime(rows[name]) for name in ("contacted_at", "delivered_at"))
    size = int(rows["client_id"].nunique()), len(rows)
    minutes = ((arrived.fillna(end) - sent).dt.total_seconds() / 60).clip(lower=0).to_numpy(float)
    cluster = rows["client_id"].to_numpy(str)
    times = duration_quantiles(minutes, arrived.notna().to_numpy(), (0.5, 0.9), cluster=cluster)
    for measure, one in zip((DELAY, DELAY_LONG), times, strict=True):
        yield Measured(channel, measure, one, *size)
    there = arrived.notna().to_numpy()
    own = rows[there]
    size = int(own["client_id"].nunique()), len(own)
    if "opened_at" in rows:
        opened = pd.to_datetime(own["opened_at"])
        days = ((opened.fillna(end) - arrived[there]).dt.total_seconds() / 86_400).clip(lower=0).to_numpy(float)
        unread = still_going(days, opened.notna().to_numpy(), (UNREAD_DAYS,), cluster=cluster[there])[0]
        yield Measured(channel, UNREAD, unread, *size)
    if "satisfaction" in rows and own["satisfaction"].notna().any():
        marked = own["satisfaction"].notna().astype(float)
        one = ratio_of_sums(marked, np.ones(len(own)), cluster=cluster[there], unit="share")
        yield Measured(channel, ANSWERED, one, size[0], int(marked.sum()))
