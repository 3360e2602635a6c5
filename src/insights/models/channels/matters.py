"""The same client and topic again within some days: how often a matter comes back, and where it goes.

Clients who often call about a topic come back by chance too. So what comes within the days after a contact is set
beside what the same client brings about the same topic in days long after it, when the matter of then should be over.
Only contacts of clients who stayed for all of these days are followed.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.channels.contacts import UNKNOWN, contacts, gone
from insights.models.channels.state import Measured
from insights.stats.ratios import ratio_of_sums

NEEDS = ("contacts.channel", "contacts.contacted_on", "contacts.topic")
AGAIN, ORDINARY, EXCESS, SETTLED_AGAIN, HANDED = "again", "ordinary", "excess", "settled_again", "handed_over"
"""Contacts about the same topic within the days; as many in days long after; the difference; share of the contacts said
to be settled that came again by another channel; share of digital ones that came again by a channel with a person."""
ALL = ""
LATER = 2
"""The ordinary rate is that of the days from so many spans after the contact to one more."""
SAME_CHANNEL, OTHER_CHANNEL = "same", "other"

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Matters:
    """``measured``; ``moves``: channel, to, pairs (a contact and the next about the same topic within ``days``).

    ``spread``: the mean distance of the two marks of such a pair, in the same channel and in two channels.
    """

    measured: tuple[Measured, ...]
    moves: pd.DataFrame = field(repr=False)
    spread: tuple[Measured, ...]
    days: int


def matters(bank: Bank) -> Matters:
    """Return what comes back, from the contacts of three years, made once per bank; needs ``NEEDS``."""
    return once(bank, "channel_matters", lambda: _made(bank))


def _made(bank: Bank) -> Matters:
    s, rows, until = bank.settings.channels, contacts(bank).rows, gone(bank)
    rows = rows.assign(until=rows["client_id"].map(until))
    return come_back(rows, pd.Timestamp(bank.as_of), s.repeat_days, s.digital)


def come_back(rows: pd.DataFrame, end: pd.Timestamp, days: int, digital: tuple[str, ...]) -> Matters:
    """Follow contacts until ``end``; see ``Matters``.

    ``rows``: client, day, channel, topic, resolved, mark, until (the day on which the client left; NaT: he has not).
    """
    rows = rows[rows["topic"] != UNKNOWN].sort_values(["client", "topic", "day"], kind="stable").reset_index(drop=True)
    group = rows.groupby(["client", "topic"], sort=False).ngroup().to_numpy(np.int64)
    day = ((rows["day"] - rows["day"].min()).dt.days if len(rows) else rows["day"]).to_numpy(np.int64)
    key = group * 1_000_000 + day
    own = np.arange(len(rows))
    # Contacts of the same day that come later in the rows count as coming after.
    within = np.searchsorted(key, key + days, side="right") - own - 1
    late = np.searchsorted(key, key + (LATER + 1) * days, side="right")
    late = late - np.searchsorted(key, key + LATER * days, side="right")
    # Of its own day a contact has on average half before it: the span after it is half a day longer than the later one.
    late = late * (days + 0.5) / days
    last = rows["day"] + pd.Timedelta(days=(LATER + 1) * days)
    over = ((last <= end) & (rows["until"].isna() | (last <= rows["until"]))).to_numpy(bool)
    rows = rows.assign(within=within.astype(float), later=late)
    rows["to"] = rows["channel"].shift(-1).where(within > 0)
    rows["mark_to"] = rows["mark"].shift(-1).where(within > 0)
    told = rows[over]
    measured: list[Measured] = []
    for channel in (ALL, *sorted(told["channel"].unique())):
        measured += _of_channel(str(channel), told if channel == ALL else told[told["channel"] == channel], digital)
    pairs = told[told["to"].notna()]
    moves = pairs.groupby(["channel", "to"], observed=True).size().rename("pairs").reset_index()
    moves["to"] = moves["to"].astype(str)
    return Matters(tuple(measured), moves, tuple(_spread(pairs)), days)


def _of_channel(channel: str, rows: pd.DataFrame, digital: tuple[str, ...]) -> list[Measured]:
    def row(measure: str, values: pd.Series, own: pd.DataFrame, unit: str) -> Measured:
        # Where it never happened the interval ends at what could have gone unseen.
        never = not values.any()
        found = ratio_of_sums(values, np.ones(len(own)), cluster=own["client"].to_numpy(), unit=unit, positive=never)
        return Measured(channel, measure, found, int(own["client"].nunique()), len(own))

    found = [
        row(AGAIN, rows["within"], rows, "contacts"),
        row(ORDINARY, rows["later"], rows, "contacts"),
        row(EXCESS, rows["within"] - rows["later"], rows, "contacts"),
    ]
    settled = rows[rows["resolved"] == 1]
    if len(settled):
        elsewhere = (settled["to"].notna() & (settled["to"] != settled["channel"])).astype(float)
        found.append(row(SETTLED_AGAIN, elsewhere, settled, "share"))
    online = rows[rows["channel"].isin(digital)]
    if len(online):
        person = (online["to"].notna() & ~online["to"].isin(digital)).astype(float)
        found.append(row(HANDED, person, online, "share"))
    return found


def _spread(pairs: pd.DataFrame) -> list[Measured]:
    both = pairs[pairs["mark"].notna() & pairs["mark_to"].notna()]
    same = both["channel"] == both["to"]
    found = []
    for name, own in ((SAME_CHANNEL, both[same]), (OTHER_CHANNEL, both[~same])):
        far = (own["mark"] - own["mark_to"]).abs()
        one = ratio_of_sums(far, np.ones(len(own)), cluster=own["client"].to_numpy(), unit="points")
        found.append(Measured(name, "spread", one, int(own["client"].nunique()), len(own)))
    return found
