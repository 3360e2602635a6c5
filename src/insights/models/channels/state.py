"""The state of each channel over a year: how much, whom, how long they wait, what it takes, and what comes of it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from insights.data.panel import spells
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.channels.contacts import complete, contacts
from insights.stats.proportions import proportion
from insights.stats.quantiles import duration_quantiles
from insights.stats.ratios import ratio_of_sums
from insights.stats.results import Estimate, NotEstimable

MONTHS = 12
CONTACTS, REACH, WAIT, WAIT_LONG, HANDLING, HANDLING_LONG, RESOLVED, COST, COMPLETE, RATED = (
    "contacts",
    "reach",
    "wait_median",
    "wait_p90",
    "handling_median",
    "handling_p90",
    "resolved",
    "cost",
    "complete",
    "rated",
)
CLIENT_HOURS, STAFF_HOURS, WASTED_HOURS = "client_hours", "staff_hours", "wasted_hours"
"""Hours clients waited; hours staff worked; hours staff worked on contacts that settled nothing. All over the year."""
SHARES = (0.5, 0.9)


@dataclass(frozen=True)
class Measured:
    """One measure of one channel ("" for all); ``clients`` and ``contacts`` are what it rests on."""

    channel: str
    measure: str
    found: Estimate | NotEstimable
    clients: int
    contacts: int


@dataclass(frozen=True)
class State:
    """``measured`` per channel and measure; ``volume``: channel, contacts, before (the year before), open (unanswered).

    ``book`` clients were in force at the end of the year.
    """

    measured: tuple[Measured, ...]
    volume: pd.DataFrame
    book: int

    def find(self, channel: str, measure: str) -> Estimate | None:
        """Return one measure; None where it cannot be told."""
        for m in self.measured:
            if m.channel == channel and m.measure == measure:
                return m.found if isinstance(m.found, Estimate) else None
        return None


def state(bank: Bank) -> State:
    """Return the state of each channel in the last twelve months, made once per bank."""
    return once(bank, "channel_state", lambda: _made(bank))


def _made(bank: Bank) -> State:
    every = contacts(bank)
    year, before = every.since(MONTHS), every.rows[every.rows["month"] <= every.last - MONTHS]
    before = before[before["month"] > every.last - 2 * MONTHS]
    told = spells(bank)
    here = told.filter(told.left_on.isnull()).select("client_id").distinct().execute()["client_id"]
    book, year = len(here), year.assign(here=year["client_id"].isin(set(here)))
    measured = [m for channel, rows in _by_channel(year) for m in _measured(channel, rows, book, every.delivered)]
    names = sorted(set(year["channel"]))
    volume = pd.DataFrame(
        {
            "channel": names,
            "contacts": [int((year["channel"] == c).sum()) for c in names],
            "before": [int((before["channel"] == c).sum()) for c in names],
            "open": [int((year["open"] & (year["channel"] == c)).sum()) for c in names],
        }
    )
    return State(tuple(measured), volume, book)


def _by_channel(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    for channel, own in rows.groupby("channel", sort=True):
        yield str(channel), own


def _measured(channel: str, rows: pd.DataFrame, book: int, delivered: tuple[str, ...]) -> Iterator[Measured]:
    client = rows["client"].to_numpy()
    reached = int(rows.loc[rows["here"], "client"].nunique())

    def row(measure: str, found: Estimate | NotEstimable, own: pd.DataFrame) -> Measured:
        return Measured(channel, measure, found, int(own["client"].nunique()), len(own))

    yield row(REACH, proportion(reached, book), rows)
    if "wait" in delivered:
        asked = rows[rows["asked"] & (rows["wait"].notna() | rows["open"])]
        time = asked["wait"].fillna(asked["waited"]).to_numpy(float)
        found = duration_quantiles(time, ~asked["open"].to_numpy(), SHARES, cluster=asked["client"].to_numpy())
        for measure, one in zip((WAIT, WAIT_LONG), found, strict=True):
            yield row(measure, one, asked)
        yield row(CLIENT_HOURS, _sum(time / 60, "hours", asked), asked)
    if "handling" in delivered:
        worked = rows[rows["handling"].notna()]
        minutes = worked["handling"].to_numpy(float)
        found = duration_quantiles(minutes, np.ones(len(worked), bool), SHARES, cluster=worked["client"].to_numpy())
        for measure, one in zip((HANDLING, HANDLING_LONG), found, strict=True):
            yield row(measure, one, worked)
        yield row(STAFF_HOURS, _sum(minutes / 60, "hours", worked), worked)
        if "resolved" in delivered:
            lost = worked[worked["resolved"] == 0]
            yield row(WASTED_HOURS, _sum(lost["handling"].to_numpy(float) / 60, "hours", lost), lost)
    for measure, values, unit in (
        (RESOLVED, rows["resolved"], "share"),
        (COST, rows["cost"], "money"),
        (COMPLETE, pd.Series(complete(rows, delivered).astype(float), rows.index), "share"),
        (RATED, rows["mark"].notna().astype(float), "share"),
    ):
        known = values.notna().to_numpy()
        if not known.any() or (measure == COMPLETE and not delivered) or (measure == RATED and not values.any()):
            continue
        one = ratio_of_sums(values[known], np.ones(known.sum()), cluster=client[known], unit=unit)
        yield row(measure, one, rows[known])


def _sum(values: np.ndarray, unit: str, rows: pd.DataFrame) -> Estimate | NotEstimable:
    """Return what these contacts add up to: a count of hours, so it has no interval."""
    if not len(values):
        return NotEstimable("there are none")
    total, nan = float(values.sum()), float("nan")
    return Estimate(total, nan, nan, unit, int(rows["client"].nunique()), len(rows))
