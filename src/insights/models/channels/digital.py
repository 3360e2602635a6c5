"""What channels without a person to talk to take off staff: how much they settle, when, and what it saves."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.channels.contacts import contacts
from insights.models.channels.measured import Measured
from insights.models.channels.state import MONTHS
from insights.stats.ratios import ratio_of_sums
from insights.stats.results import Estimate, NotEstimable
from insights.stats.standardised import standardised_ratios

NEEDS = ("contacts.channel", "contacts.contacted_on", "contacts.topic", "contacts.resolved")
DIGITAL, PERSON = "digital", "person"
SHARE, ALONE, HANDED, OUTSIDE, SAVED, SAVED_ALL, MARK = (
    "share",
    "alone",
    "handed_over",
    "outside",
    "saved_each",
    "saved",
    "mark",
)
"""Share of what clients ask that comes by digital channels; of these: settled with no contact by a channel with a
person about the same topic after it, and handed over to such; share of contacts outside opening hours; cost saved each
and in all; and by how much their mark is above that of contacts with a person about the same topics."""


@dataclass(frozen=True)
class Digital:
    """``measured``: division "digital" or "person"; ``channels`` are the digital ones that were used."""

    measured: tuple[Measured, ...]
    channels: tuple[str, ...]

    def find(self, division: str, measure: str) -> Measured | None:
        """Return one measure; None where it was not looked at."""
        return next((m for m in self.measured if (m.division, m.measure) == (division, measure)), None)


def digital(bank: Bank) -> Digital:
    """Return what digital channels did in the last twelve months, once per bank; needs ``NEEDS``."""
    return once(bank, "channel_digital", lambda: _made(bank))


def _made(bank: Bank) -> Digital:
    s = bank.settings.channels
    rows = contacts(bank).since(MONTHS)
    return measure(rows, s.digital, s.repeat_days, s.open_hours, pd.Timestamp(bank.as_of))


def measure(
    rows: pd.DataFrame, channels: tuple[str, ...], days: int, hours: tuple[int, int], end: pd.Timestamp
) -> Digital:
    """Measure contacts that clients began (rows as of ``contacts``); ``channels`` are the digital ones.

    A contact was handed over if a contact of the same client about the same topic by a channel with a person follows
    within so many days; only contacts that are followed so long before ``end`` are looked at. Opening hours are those
    of working days. Cost saved: that of contacts with a person about the same topics less their own, of those settled
    without; it assumes that each of them would have come by such a channel otherwise.
    """
    rows = rows[rows["asked"]].sort_values(["client", "day"], kind="stable").reset_index(drop=True)
    alone = rows["channel"].isin(channels).to_numpy()
    rows = rows.assign(own=alone.astype(float))
    found: list[Measured] = []

    def told(division: str, name: str, y: np.ndarray, own: pd.DataFrame, events: float | None = None) -> None:
        one = ratio_of_sums(y, np.ones(len(own)), cluster=own["client"].to_numpy(), unit="share")
        k = min(float(y.sum()), len(own) - float(y.sum())) if events is None else events
        found.append(Measured(division, "", name, one, int(own["client"].nunique()), int(k)))

    if len(rows):
        told(DIGITAL, SHARE, rows["own"].to_numpy(), rows)
    mine = rows[alone & rows["resolved"].notna() & (rows["day"] <= end - pd.Timedelta(days=days))]
    over = handed_over(rows, mine.index.to_numpy(), days)
    settled = ((mine["resolved"] > 0).to_numpy() & ~over).astype(float)
    if len(mine):
        told(DIGITAL, ALONE, settled, mine)
        told(DIGITAL, HANDED, over.astype(float), mine)
    timed = rows[rows["hour"].notna()]
    closed = (timed["hour"] < hours[0]) | (timed["hour"] >= hours[1]) | (timed["day"].dt.dayofweek >= 5)
    for division, flags in ((DIGITAL, timed["own"] > 0), (PERSON, timed["own"] == 0)):
        if flags.any():
            told(division, OUTSIDE, closed[flags].to_numpy(float), timed[flags])
    found += _saved(rows, float(settled.mean()) if len(mine) else 0.0)
    return Digital(tuple(found), tuple(sorted(set(rows.loc[alone, "channel"]))))


def handed_over(rows: pd.DataFrame, place: np.ndarray, days: int) -> np.ndarray:
    """Return whether a contact with a person follows each of the rows at ``place`` (m): same client and topic."""
    person = rows[rows["own"] == 0][["client", "topic", "day"]].rename(columns={"day": "next"})
    mine = rows.loc[place, ["client", "topic", "day"]].assign(place=np.arange(len(place)))
    both = mine.sort_values("day", kind="stable")
    person = person.sort_values("next", kind="stable")
    joined = pd.merge_asof(
        both,
        person,
        left_on="day",
        right_on="next",
        by=["client", "topic"],
        direction="forward",
        tolerance=pd.Timedelta(days=days),
        allow_exact_matches=False,
    )
    return joined.sort_values("place")["next"].notna().to_numpy()


def _saved(rows: pd.DataFrame, settled: float) -> list[Measured]:
    """Return what a digital contact costs less than one with a person about the same topics, and how marks differ.

    ``settled`` is the share of the digital contacts that were settled without anybody.
    """
    found = []
    for name, column in ((SAVED, "cost"), (MARK, "mark")):
        own = rows[rows[column].notna()]
        if own.empty:
            continue
        size = int(own["client"].nunique()), int(min(own["own"].sum(), (1 - own["own"]).sum()))
        one = standardised_ratios(
            own[column],
            np.ones(len(own)),
            own["own"] > 0,
            own["topic"].to_numpy(str),
            own["client"].to_numpy(),
            unit="money" if name == SAVED else "points",
        )
        if isinstance(one, NotEstimable):
            found.append(Measured(DIGITAL, "", name, one, *size))
            continue
        if name == MARK:
            d = one.difference
            flipped = Estimate(-d.value, -d.high, -d.low, d.unit, d.n, None, d.level, d.se)
            found.append(Measured(DIGITAL, "", MARK, flipped, *size))
            continue
        found.append(Measured(DIGITAL, "", SAVED, one.difference, *size))
        number = float(own["own"].sum()) * settled
        d = one.difference
        whole = Estimate(number * d.value, number * d.low, number * d.high, "money", d.n, None, d.level)
        found.append(Measured(DIGITAL, "", SAVED_ALL, whole, *size))
    return found
