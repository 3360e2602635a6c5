"""Counts for curves on one grid of months, the same for all groups: when anything happened is no longer to be seen."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.errors import DisclosureError
from insights.topics.evidence import RiskCounts

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MonthlyCounts:
    """``times`` (K) in months, ``at_risk`` (G, K), ``events`` (G, K, C), ``units`` (G) of ``groups`` and ``causes``.

    ``at_risk`` is 0 where the group has nobody under observation. ``homes_at_risk``, ``homes_events`` and ``homes`` of
    the same shapes count households for the thresholds, where they are known: never more than clients.
    """

    groups: tuple[str, ...]
    causes: tuple[str, ...]
    times: Floats
    at_risk: Floats
    events: Floats
    units: Floats
    homes_at_risk: Floats
    homes_events: Floats
    homes: Floats

    def reach(self, least: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return for each group the span of times (from, to) in which its curve may be shown.

        It begins where the group is first under observation and ends before fewer than ``least`` are at risk; where
        fewer are at risk to begin with the span is empty.
        """
        start = (self.at_risk > 0).argmax(axis=1)
        before = np.arange(len(self.times)) < start[:, None]
        enough = before | (self.homes_at_risk >= least)
        end = np.where(enough.all(axis=1), len(self.times), enough.argmin(axis=1))
        return start, np.maximum(start, end)


def monthly(evidence: RiskCounts) -> MonthlyCounts:
    """Put the counts of all groups on a grid of 0.5, 1, 2, ... months.

    Rows exist where somebody left or was last observed, so in a small group their times alone are facts about single
    clients; on the grid they are not. Times between two months (clock "days") go to the next whole month. A month of
    several times keeps the share that survives it: its number at risk is the one at which all its events together leave
    the same share. A month without a row has the number at risk of the group's next row.
    """
    counts, units = evidence.counts, evidence.units
    groups = tuple(str(g) for g in units["group"])
    if len(set(groups)) < len(groups) or not set(counts["group"].astype(str)) <= set(groups):
        raise DisclosureError(
            "counts at risk hold a group whose number of clients is not told exactly once",
            expected="one row of units for every group of the counts",
            todo="make counts and units from the same clients",
        )
    causes = tuple(sorted({str(c) for c in counts["cause"].dropna()} - {""}))
    months = _month(counts["time"].to_numpy(float))
    times = _grid(months)
    happens = np.unique(months[counts["events"].to_numpy(float) > 0])
    at_risk, events = np.zeros((len(groups), len(times))), np.zeros((len(groups), len(times), len(causes)))
    for g, name in enumerate(groups):
        own = (counts["group"].astype(str) == name).to_numpy()
        if own.any():
            place = np.searchsorted(times, months[own])
            at_risk[g], events[g] = _of_group(counts[own], place, causes, len(times))
            earlier = happens[happens < months[own].min()]
            if len(earlier):  # Others had an event there and this group has no row: nobody of it was there.
                at_risk[g, times <= earlier.max()] = 0
    size = units["units"].to_numpy(float)
    homes = np.fmin(size, units["households"].to_numpy(float)) if "households" in units else size
    by_home = _households(evidence.households, groups, causes, times, at_risk, events)
    return MonthlyCounts(groups, causes, times, at_risk, events, size, *by_home, homes)


def _households(
    counts: pd.DataFrame | None,
    groups: tuple[str, ...],
    causes: tuple[str, ...],
    times: Floats,
    risk: Floats,
    ev: Floats,
) -> tuple[Floats, Floats]:
    """Return households at risk (G, K) and their exits (G, K, C), or clients where households are not known.

    A month of several times has the smallest number at risk of these. Parts of households are not exact in binary:
    what misses a whole number by a trifle is that number.
    """
    if counts is None:
        return risk, ev
    at_risk, events = np.full(risk.shape, np.inf), np.zeros(ev.shape)
    group = pd.Categorical(counts["group"].astype(str), categories=list(groups)).codes
    place = np.searchsorted(times, _month(counts["time"].to_numpy(float)))
    np.minimum.at(at_risk, (group, place), counts["at_risk"].to_numpy(float))
    known = counts["cause"].isin(causes).to_numpy()
    cause = pd.Categorical(counts["cause"][known], categories=list(causes)).codes
    np.add.at(events, (group[known], place[known], cause), counts["events"].to_numpy(float)[known])
    for k in range(len(times) - 2, -1, -1):  # a month without a row has the number of the next with one
        empty = np.isinf(at_risk[:, k])
        at_risk[empty, k] = at_risk[empty, k + 1]
    return np.minimum(np.round(at_risk, 6), risk), np.minimum(np.round(events, 6), ev)


def _month(time: Floats) -> Floats:
    """Return the month of the grid that a time belongs to; a time of 0.5 is an exit in the month of joining."""
    return np.where(time == 0.5, 0.5, np.ceil(time - 1e-9))


def _grid(months: Floats) -> Floats:
    last = int(np.ceil(months.max())) if len(months) else 0
    grid = np.concatenate([[0.5], np.arange(1.0, last + 1)])
    return np.concatenate([[0.0], grid]) if (months == 0).any() else grid


def _of_group(
    rows: pd.DataFrame, place: npt.NDArray[np.int64], causes: tuple[str, ...], n: int
) -> tuple[Floats, Floats]:
    """Return one group's numbers at risk (K) and events (K, C)."""
    events = np.zeros((n, len(causes)))
    known = rows["cause"].isin(causes).to_numpy()
    column = pd.Categorical(rows["cause"][known], categories=list(causes)).codes
    np.add.at(events, (place[known], column), rows["events"].to_numpy(float)[known])
    each = pd.DataFrame({"place": place, "time": rows["time"].to_numpy(float)})
    each = each.assign(at_risk=rows["at_risk"].to_numpy(float), left=rows["events"].to_numpy(float))
    each = each.groupby("time").agg(place=("place", "first"), at_risk=("at_risk", "first"), left=("left", "sum"))
    stay = 1 - each["left"] / each["at_risk"].where(each["at_risk"] > 0, np.inf)
    month = each.assign(stay=stay).groupby("place")
    left, last, stayed, times = month["left"].sum(), month["at_risk"].min(), month["stay"].prod(), month.size()
    effective = last.where((times == 1) | (left == 0), left / (1 - stayed).where(left > 0, 1.0))
    at_risk = effective.reindex(range(n)).bfill().fillna(0.0)
    return at_risk.to_numpy(float), events
