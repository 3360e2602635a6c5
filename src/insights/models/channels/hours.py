"""What an hour of staff moved from one channel to another may be expected to change: matters settled, and marks.

An hour in a channel settles what its contacts settle in the time they take. In the other channel it is that of contacts
about the same topics there. It is an expectation from what contacts were like, no effect that anybody tried.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.channels.contacts import contacts
from insights.models.channels.state import MONTHS
from insights.stats.results import Estimate, NotEstimable
from insights.stats.standardised import standardised_ratios

NEEDS = (
    "contacts.channel",
    "contacts.contacted_on",
    "contacts.topic",
    "contacts.handling_minutes",
    "contacts.resolved",
)
SETTLED, MARK = "settled_per_hour", "mark"
FAMILY = 0.05


@dataclass(frozen=True)
class Move:
    """An hour from ``channel`` to ``to``: change of matters settled (per hour), and of marks where more are settled.

    ``worked``: hours that staff worked in ``channel`` in the year; ``takes``: those in ``to``. ``given``: hours of what
    can be moved that go this way. ``clients`` and ``contacts`` of both channels.
    """

    channel: str
    to: str
    settled: Estimate | NotEstimable
    mark: Estimate | NotEstimable
    worked: float
    takes: float
    clients: int
    contacts: int
    given: float = 0.0


def moves(bank: Bank) -> tuple[Move, ...]:
    """Return the moves between channels of the last twelve months, once per bank; needs ``NEEDS``; see ``ranked``."""
    return once(bank, "channel_hours", lambda: _made(bank))


def _made(bank: Bank) -> tuple[Move, ...]:
    return ranked(list(between(contacts(bank).since(MONTHS))), bank.settings.channels.effort_hours)


def between(rows: pd.DataFrame) -> Iterator[Move]:
    """Compare all pairs of channels by rows as of ``contacts``; intervals hold for all pairs together (Bonferroni)."""
    rows = rows[["channel", "topic", "client", "handling", "resolved", "mark"]]
    rows = rows[rows["handling"].notna() & rows["resolved"].notna()]
    # Numbers in place of texts: they are sorted for every pair.
    place, labels = pd.factorize(rows["channel"], sort=True)
    rows = rows.assign(hours=rows["handling"] / 60, kind=pd.factorize(rows["topic"])[0], channel=place)
    rows = rows.drop(columns="topic")
    worked = rows.groupby("channel", sort=True)["hours"].sum()
    names = [int(c) for c in worked.index[worked > 0]]
    level = 1 - FAMILY / max(len(names) * (len(names) - 1), 1)
    for channel in names:
        for to in names:
            if to == channel:
                continue
            own = rows[(rows["channel"] == channel) | (rows["channel"] == to)]
            settled = _moved(own, "resolved", own["hours"].to_numpy(), channel, level, "per hour")
            mark: Estimate | NotEstimable = NotEstimable("no more is settled there")
            if isinstance(settled, Estimate) and settled.low > 0:
                marked = own[own["mark"].notna()]
                mark = _moved(marked, "mark", np.ones(len(marked)), channel, level, "points")
            size = int(own["client"].nunique()), len(own)
            hours = float(worked[channel]), float(worked[to])
            yield Move(str(labels[channel]), str(labels[to]), settled, mark, *hours, *size)


def _moved(
    rows: pd.DataFrame, what: str, over: np.ndarray, channel: int, level: float, unit: str
) -> Estimate | NotEstimable:
    one = (rows["channel"] == channel).to_numpy()
    found = standardised_ratios(
        rows[what], over, one, rows["kind"].to_numpy(), rows["client"].to_numpy(), unit=unit, level=level
    )
    return found if isinstance(found, NotEstimable) else found.difference


def ranked(found: list[Move], capacity: float) -> tuple[Move, ...]:
    """Return the moves by the lower end of what they settle more per hour, and what of ``capacity`` (hours) goes where.

    Each channel gives no more than staff work there, and takes no more than they work there today: of more nobody has
    seen what it would settle. Nothing goes where the lower end is not above 0, or where marks surely fall.
    """
    order = sorted(found, key=lambda m: (-_low(m), m.channel, m.to))
    told, left = [], capacity
    gives: dict[str, float] = {}
    takes: dict[str, float] = {}
    for move in order:
        free = min(move.worked - gives.get(move.channel, 0.0), move.takes - takes.get(move.to, 0.0), left)
        worse = isinstance(move.mark, Estimate) and move.mark.high < 0
        given = max(free, 0.0) if _low(move) > 0 and not worse else 0.0
        gives[move.channel] = gives.get(move.channel, 0.0) + given
        takes[move.to] = takes.get(move.to, 0.0) + given
        left -= given
        told.append(replace(move, given=given))
    return tuple(told)


def _low(move: Move) -> float:
    return move.settled.low if isinstance(move.settled, Estimate) else -float("inf")
