"""How relationships are kept up: visits, contacts, events, feedback and how fast it is settled, and reach by region."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.months import add_months
from insights.data.panel import spells
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.channels.contacts import contacts
from insights.models.channels.measured import Measured
from insights.models.channels.state import MONTHS
from insights.stats.proportions import proportion
from insights.stats.quantiles import duration_quantiles, still_going
from insights.stats.ratios import ratio_of_sums
from insights.stats.results import Estimate

NEEDS = ("contacts.channel", "contacts.contacted_on")
EVENTS = ("events.held_on", "events.attended")
FEEDBACK = ("complaints.filed_on", "complaints.settled_on")
REGIONS = ("clients.region",)
ALL, TOPIC, EVENT, REGION = "all", "topic", "event", "region"
"""Divisions: everybody, complaints by topic, events by kind, and regions by channel."""
CONTACTS, VISITS, VISITED, SILENT = "contacts_per_client", "visits_per_client", "visited", "silent"
INVITED, CAME = "invited", "came"
SETTLED_HALF, SETTLED_LONG, WAITS = "settled_median", "settled_p90", "unsettled"
FEEDBACK_MONTHS, FEEDBACK_DAYS = 24, 30
"""Complaints of so many months are followed; unsettled is what is still open so many days after it came in."""


@dataclass(frozen=True)
class Upkeep:
    """``measured`` by division, value and measure; of ``REGION`` the measure is the channel.

    ``book`` clients are in force, and were a year ago. ``missing``: what parts of it lack, by part.
    """

    measured: tuple[Measured, ...]
    book: int
    missing: dict[str, tuple[str, ...]]


def upkeep(bank: Bank) -> Upkeep:
    """Return how relationships were kept up in the last twelve months, made once per bank; needs ``NEEDS``."""
    return once(bank, "channel_upkeep", lambda: _made(bank))


def _made(bank: Bank) -> Upkeep:
    told, since = spells(bank), pd.Timestamp(add_months(bank.as_of, -MONTHS))
    here = told.filter(told.left_on.isnull()).group_by("client_id").agg(joined=told.joined_on.min()).execute()
    here = here[pd.to_datetime(here["joined"]) <= since]
    book = pd.Index(here["client_id"]).sort_values()
    year = contacts(bank).since(MONTHS)
    year = year[year["client_id"].isin(book)]
    found = list(frequency(book, year, bank.settings.channels.visits))
    missing: dict[str, tuple[str, ...]] = {}
    for part, needs, measure in (
        (EVENT, EVENTS, lambda: _events(bank, book)),
        (TOPIC, FEEDBACK, lambda: _feedback(bank)),
        (REGION, REGIONS, lambda: _regions(bank, book, year)),
    ):
        if lacking := bank.needs(*needs):
            missing[part] = tuple(str(need) for need in lacking)
        else:
            found += list(measure())
    return Upkeep(tuple(found), len(book), missing)


def frequency(book: pd.Index, rows: pd.DataFrame, visits: tuple[str, ...]) -> Iterator[Measured]:
    """Measure contacts and visits of the clients of ``book`` (ids); rows: client_id, channel, one per contact."""
    number = rows["client_id"].value_counts().reindex(book, fill_value=0).to_numpy(float)
    came = rows.loc[rows["channel"].isin(visits), "client_id"].value_counts().reindex(book, fill_value=0)
    met = came.to_numpy(float)
    if not len(book):
        return
    for measure, values in ((CONTACTS, number), (VISITS, met)):
        found = ratio_of_sums(values, np.ones(len(book)), unit="a year")
        yield Measured(ALL, "", measure, found, int((values > 0).sum()), int(values.sum()))
    for measure, flags in ((VISITED, met > 0), (SILENT, number == 0)):
        yield _share(ALL, "", measure, flags)


def _share(division: str, value: str, measure: str, flags: npt.NDArray[np.bool_]) -> Measured:
    """Return a share of clients; it rests on the fewer of those with and without."""
    k, n = int(flags.sum()), len(flags)
    return Measured(division, value, measure, proportion(k, n), n, min(k, n - k))


def _events(bank: Bank, book: pd.Index) -> Iterator[Measured]:
    told = bank.table("events")
    told = told.filter(told.held_on > add_months(bank.as_of, -MONTHS), told.held_on <= bank.as_of)
    rows = told.select("client_id", "kind", came=told.attended.cast("float64")).execute()
    rows = rows[rows["client_id"].isin(book)]
    yield _share(ALL, "", INVITED, np.asarray(book.isin(rows["client_id"])))
    known = rows[rows["came"].notna()]
    for kind, own in (("", known), *known.groupby("kind", sort=True)):
        if not len(own):
            continue
        found = ratio_of_sums(own["came"], np.ones(len(own)), cluster=own["client_id"].to_numpy(str), unit="share")
        fewer = int(min(own["came"].sum(), (1 - own["came"]).sum()))
        yield Measured(EVENT if kind else ALL, str(kind), CAME, found, int(own["client_id"].nunique()), fewer)


def _feedback(bank: Bank) -> Iterator[Measured]:
    told = bank.table("complaints")
    told = told.filter(told.filed_on > add_months(bank.as_of, -FEEDBACK_MONTHS))
    topic = [] if "topic" not in told.columns else ["topic"]
    rows = told.select("client_id", "filed_on", "settled_on", *topic).execute()
    yield from settling(rows, pd.Timestamp(bank.as_of))


def settling(rows: pd.DataFrame, end: pd.Timestamp) -> Iterator[Measured]:
    """Follow complaints until they are settled or ``end``; rows: client_id, filed_on, settled_on (NaT), topic."""
    filed, settled = pd.to_datetime(rows["filed_on"]), pd.to_datetime(rows["settled_on"])
    rows = rows.assign(days=(settled.fillna(end) - filed).dt.days.astype(float), done=settled.notna())
    groups = rows.groupby("topic", sort=True) if "topic" in rows else ()
    for value, own in (("", rows), *groups):
        division = TOPIC if value else ALL
        cluster = own["client_id"].to_numpy(str)
        size = int(own["client_id"].nunique()), len(own)
        days, done = own["days"].to_numpy(float), own["done"].to_numpy(bool)
        times = duration_quantiles(days, done, (0.5, 0.9), cluster=cluster, unit="days")
        open_still = still_going(days, done, (FEEDBACK_DAYS,), cluster=cluster)
        for measure, one in zip((SETTLED_HALF, SETTLED_LONG, WAITS), (*times, *open_still), strict=True):
            yield Measured(division, str(value), measure, one, *size)


def _regions(bank: Bank, book: pd.Index, rows: pd.DataFrame) -> Iterator[Measured]:
    told = bank.table("clients").select("client_id", "region").execute()
    region = told.drop_duplicates("client_id").set_index("client_id")["region"].reindex(book)
    reached = {str(c): np.asarray(book.isin(own["client_id"])) for c, own in rows.groupby("channel", sort=True)}
    for name in sorted(region.dropna().unique()):
        here = (region == name).to_numpy()
        for channel, of_book in reached.items():
            yield _share(REGION, str(name), channel, of_book[here])


def told_of(measured: tuple[Measured, ...]) -> list[Measured]:
    """Return those that can be told."""
    return [m for m in measured if isinstance(m.found, Estimate)]
