"""Events that can happen again: their mean cumulative number by time, where an end of observation may be for good."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import Floats, Ints, check_level
from insights.stats.intervals import normal_quantile
from insights.stats.results import Estimate, NotEstimable, Result

SOURCE = "Ghosh & Lin (2000), Nonparametric analysis of recurrent events and death; Lawless & Nadeau (1995)"
FEWEST_CLUSTERS = 20


@dataclass(frozen=True, eq=False)
class MeanCumulativeCount(Result):
    """Mean number of events per unit by time.

    ``table``: time (months), at_risk, events, ended, mean. ``start``: nobody is at risk before this month.
    """

    level: float = 0.95
    start: float = 0.0
    units: int = 0
    history: "_History | None" = field(default=None, repr=False)

    def at(self, months: Iterable[float]) -> list[Estimate | NotEstimable]:
        """Return the mean number of events per unit up to each of the months, with a robust interval (log scale).

        ``n`` counts the units, ``n_events`` the events up to then. NotEstimable beyond the last month at risk, at or
        before ``start``, with fewer than 20 clusters, and before the first event.
        """
        return [self._at(float(month)) for month in months]

    def _at(self, month: float) -> Estimate | NotEstimable:
        if self.history is None or self.table.empty:
            return NotEstimable("nobody is at risk")
        last = float(self.table["time"].iloc[-1])
        if not self.start < month <= last:
            return NotEstimable(f"somebody is at risk from {self.start:g} to {last:g} months only, not at {month:g}")
        if self.history.clusters < FEWEST_CLUSTERS:
            return NotEstimable(f"{self.history.clusters} clusters are too few; robust errors need {FEWEST_CLUSTERS}")
        place = int(np.searchsorted(self.table["time"].to_numpy(), month, side="right"))
        value, done = float(self.table["mean"].iloc[place - 1]), round(float(self.table["events"].iloc[:place].sum()))
        if value == 0:
            return NotEstimable(f"there is no event up to {month:g} months")
        se = self.history.error(place)
        spread = math.exp(normal_quantile(self.level) * se / value)
        return Estimate(value, value / spread, value * spread, "events per unit", self.units, done, self.level, se)


def mean_cumulative_count(units: pd.DataFrame, events: pd.DataFrame, *, level: float = 0.95) -> MeanCumulativeCount:
    """Estimate the mean number of events per unit by months since the origin of the clock.

    ``units``: one row per stretch of observation, with ``unit``, ``entry`` and ``exit`` (months; at risk while entry <
    t <= exit), ``ended`` (true: it ended for good at exit, so that nothing can happen any more) and, optionally,
    ``cluster`` (within which rows depend on each other; otherwise by unit). ``events``: ``row`` (position of the
    stretch in ``units``) and ``time``.

    Each month adds (share of units that have not ended) x (events / units at risk): units that have ended count on in
    the mean, with no further event, and those who merely drop out of observation do not. Treating the ended as if they
    dropped out would tell how often it would happen to somebody who never ends. Standard error: the influence of each
    cluster, squared and added up (times G / (G - 1)), so nothing is assumed about how the events of a unit depend.

    Assumptions: dropping out and late entry say nothing about events to come. With late entry the mean begins at the
    first month in which somebody is at risk.

    Raises ValueError for columns that lack, entries not before the exit, and events when their unit is not at risk.
    """
    check_level(level)
    if missing := {"unit", "entry", "exit", "ended"} - set(units.columns):
        raise ValueError(f"units lack {', '.join(sorted(missing))}; expected unit, entry, exit, ended, maybe cluster")
    entry, leave = units["entry"].to_numpy(float), units["exit"].to_numpy(float)
    row, time = events["row"].to_numpy(np.int64), events["time"].to_numpy(float)
    if wrong := int((~(entry < leave)).sum()):
        raise ValueError(f"{wrong} stretches are never at risk; expected entry < exit: leave such rows out")
    if wrong := int((~((entry[row] < time) & (time <= leave[row]))).sum()):
        raise ValueError(f"{wrong} events lie outside their stretch; expected entry < time <= exit")
    ended = units["ended"].to_numpy(bool)
    columns = ["time", "at_risk", "events", "ended", "mean"]
    if not len(units):
        return MeanCumulativeCount(pd.DataFrame(columns=columns), (), SOURCE, level)
    axis = np.unique(np.concatenate([time, leave]))
    first, last = (np.searchsorted(axis, t, side="right") for t in (entry, leave))
    size = len(axis)
    at_risk = np.cumsum(np.bincount(first, minlength=size + 1) - np.bincount(last, minlength=size + 1))[:size]
    at = np.searchsorted(axis, time)
    happened = np.bincount(at, minlength=size).astype(float)
    stopped = np.bincount(last[ended] - 1, minlength=size).astype(float)
    keep = at_risk > 0
    place = np.concatenate([[0], np.cumsum(keep)])
    axis, n, happened, stopped = axis[keep], at_risk[keep].astype(float), happened[keep], stopped[keep]
    hazard = stopped / n
    stay = np.concatenate([[1.0], np.cumprod(1 - hazard)])[:-1]
    mean = np.cumsum(stay * happened / n)
    by = units["cluster"] if "cluster" in units else units["unit"]
    codes = pd.factorize(by)[0].astype(np.int64)
    history = _History(place[first], place[last], ended, row, place[at], codes, n, happened / n, hazard, stay, mean)
    table = pd.DataFrame(dict(zip(columns, (axis, n, happened, stopped, mean), strict=True)))
    found = len(np.unique(pd.factorize(units["unit"])[0]))
    return MeanCumulativeCount(table, (), SOURCE, level, float(entry.min()), found, history)


@dataclass(frozen=True)
class _History:
    """Who was at risk when, as places on the axis (at risk at places first to last - 1), and the steps of the curve."""

    first: Ints
    last: Ints
    ended: npt.NDArray[np.bool_]
    row: Ints
    at: Ints
    cluster: Ints
    at_risk: Floats
    rate: Floats
    hazard: Floats
    stay: Floats
    mean: Floats

    @property
    def clusters(self) -> int:
        """Number of clusters."""
        return int(self.cluster.max()) + 1

    def error(self, steps: int) -> float:
        """Return the standard error of the mean after so many steps.

        One unit at risk moves month u's rate by (its events - rate) / n, and month v's share that goes on by its own
        end: all that lies after v, mean(t) - mean(v), shrinks with it.
        """
        weight = (self.stay / self.at_risk)[:steps]
        after = self.mean[steps - 1] - self.mean[:steps]
        loss = np.divide(
            after, self.at_risk[:steps] * (1 - self.hazard[:steps]), out=np.zeros(steps), where=self.hazard[:steps] < 1
        )
        drift = np.concatenate([[0.0], np.cumsum(loss * self.hazard[:steps] - weight * self.rate[:steps])])
        first, last = np.minimum(self.first, steps), np.minimum(self.last, steps)
        moved = drift[last] - drift[first]
        seen = self.at < steps
        moved += np.bincount(self.row[seen], weight[self.at[seen]], len(moved))
        gone = self.ended & (self.last <= steps)
        moved[gone] -= loss[self.last[gone] - 1]
        total = np.bincount(self.cluster, moved)
        return math.sqrt(len(total) / (len(total) - 1) * float((total**2).sum()))
