"""What became of the clients in force at a past landmark, as known by the as-of date; and which landmarks there are."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from insights.data.months import last_complete
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.exits.hazards import OUTFLOW
from insights.models.exits.risk import in_force
from insights.models.exits.rows import ExitRows, Ints, exit_rows
from insights.stats.coefficients import FEWEST_EVENTS
from insights.stats.inputs import Floats
from insights.stats.results import NotEstimable

FOLLOWED = 12
"""Months for which every prediction of a backtest is followed."""

LANDMARKS = 4
"""Tests of a backtest: fewer say little, and each costs fits of its own."""
STEPS = (12, 6)
"""Months between landmarks: a year, or half a year where years are too few; the tests then overlap."""

HISTORY = 12
"""Months of client-months that a fit must have had."""


@dataclass(frozen=True)
class Landmarks:
    """Month ends from which predictions are made, the earliest first, ``step`` months apart."""

    days: tuple[date, ...]
    step: int


@dataclass(frozen=True)
class Outcomes:
    """What happened after a landmark to the clients of ``in_force``, in their order (n).

    ``time``: months to the end of observation, the month after the landmark being 1; ``cause``: the reason for leaving
    in that month, "" where the client was still there. ``outflow_time`` and ``outflow_cause`` end with the first large
    outflow ("outflow") where that comes first. ``client`` are the codes of the clients, ``manager`` those of whoever
    looked after them at the landmark (-1 not known).
    """

    landmark: date
    time: Floats
    cause: npt.NDArray[np.str_]
    outflow_time: Floats
    outflow_cause: npt.NDArray[np.str_]
    client: npt.NDArray[np.int32]
    manager: npt.NDArray[np.int32]

    def left(self, months: int) -> npt.NDArray[np.bool_]:
        """Return who had left (n), for whatever reason, within so many months."""
        return np.asarray((self.cause != "") & (self.time <= months))


def landmarks(bank: Bank) -> Landmarks | NotEstimable:
    """Return the landmarks of a rolling-origin backtest.

    The last one lies 12 months before the last complete month, so that what happened after each is known; the others go
    back by years, or by half-years where years give fewer than 4, as far as there is a year of client-months and 50
    exits to learn from: the four latest, since each costs fits of its own. NotEstimable with fewer than 4.
    """
    rows = exit_rows(bank)
    if not rows.n:
        return NotEstimable("there are no client-months with a history")
    left = rows.cause > 0
    known, month = np.sort(rows.known[left]), int(rows.month.min())
    found: list[date] = []
    for step in STEPS:
        found = []
        for k in range(LANDMARKS):
            last = last_complete(bank.as_of) - FOLLOWED - step * k
            day = _month_end(last)
            enough = int(np.searchsorted(known, day.toordinal(), side="right")) >= FEWEST_EVENTS
            if last - month + 1 < HISTORY or not enough:
                break
            found.append(day)
        if len(found) >= LANDMARKS:
            return Landmarks(tuple(reversed(found)), step)
    return NotEstimable(
        f"{len(found)} landmarks are too few for a backtest: it needs {LANDMARKS}, each with {HISTORY} months "
        f"of history and {FEWEST_EVENTS} exits before it and {FOLLOWED} months after it"
    )


def outcomes(bank: Bank, landmark: date) -> Outcomes:
    """Return what became of the clients in force at the landmark, as known by the as-of date. Computed once."""
    return once(bank, ("exit_outcomes", landmark), lambda: _followed(bank, landmark))


def usual_risk(bank: Bank, landmark: date, months: int, of: str | None = None) -> float:
    """Return what somebody without a model would tell everybody at the landmark: the rate of the year before it.

    The probability to leave (for the reason ``of``; "outflow" for a large outflow) within so many months at the rate
    per client-month of the twelve months up to the landmark, as known then.
    """
    rows, last = exit_rows(bank), last_complete(landmark)
    year = (rows.month > last - 12) & (rows.month <= last)
    known = rows.known[year] <= landmark.toordinal()
    cause = np.where(known, rows.cause[year], 0)
    happened = cause > 0
    if of == OUTFLOW:
        happened = rows.outflow[year] == 1
    elif of is not None:
        happened = cause == rows.causes.index(of) + 1
    share = float(happened.mean()) if len(happened) else 0.0
    return 1 - (1 - share) ** months


def _followed(bank: Bank, landmark: date) -> Outcomes:
    rows, at = exit_rows(bank), in_force(bank, landmark)
    first, last = last_complete(landmark), last_complete(bank.as_of)
    window = (rows.month > first) & (rows.month <= last)
    time, cause = _first(rows, at, window & (rows.cause > 0), rows.cause)
    labels = np.array(["", *rows.causes])
    observed = float(last - first)
    told = np.where(np.isnan(time), "", labels[cause])
    end = np.where(np.isnan(time), observed, time - first)
    flow, _ = _first(rows, at, window & (rows.outflow == 1), rows.cause)
    # An outflow in the very month of leaving is the leaving.
    earlier = ~np.isnan(flow) & (flow - first < end + (told == ""))
    return Outcomes(
        landmark,
        end,
        told,
        np.where(earlier, flow - first, end),
        np.where(earlier, OUTFLOW, told),
        at.client,
        at.manager,
    )


def _first(
    rows: ExitRows, at: ExitRows, happened: npt.NDArray[np.bool_], cause: npt.NDArray[np.int32]
) -> tuple[Floats, Ints]:
    """Return month and cause of the first row of each relationship of ``at`` in which it happened; nan, 0 if none."""
    own = np.flatnonzero(happened)  # Sorted by client, spell and month, so the first of a key is the earliest.
    key, place = np.unique(_key(rows.client[own], rows.spell[own]), return_index=True)
    mine = _key(at.client, at.spell)
    where = np.minimum(np.searchsorted(key, mine), max(len(key) - 1, 0))
    if not len(key):
        return np.full(at.n, np.nan), np.zeros(at.n, dtype=np.int64)
    row = own[place[where]]
    found = key[where] == mine
    return np.where(found, rows.month[row], np.nan), np.where(found, cause[row], 0)


def _key(client: npt.NDArray[np.int32], spell: npt.NDArray[np.int32]) -> Ints:
    return client.astype(np.int64) * 1000 + spell


def _month_end(month: int) -> date:
    year, number = divmod(month + 1, 12)
    return date(year, number + 1, 1) - timedelta(days=1)
