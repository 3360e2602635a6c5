"""Rows of a Cox model: who is at risk at which event, as two whole numbers for each row."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.clustering import Way, read_labels
from insights.stats.design import Columns, DesignLike, make_columns, read_column, read_design
from insights.stats.inputs import Floats, Ints

Index = npt.NDArray[np.int32]


@dataclass(frozen=True)
class RiskSets:
    """Event times of all strata in one row (T), stratum by stratum, and each row's place among them.

    Row i is at risk at the event times ``first[i]`` to ``last[i] - 1``, all of its stratum; a row with an event has it
    at ``last[i] - 1``. ``starts`` (strata + 1) says where the times of a stratum begin. ``happened`` are the rows with
    an event, ``at`` the places of their times, ``tied`` (T) the number of them at each time. ``leaves`` is the last
    place at which a row is at risk, ``comes`` the one before its first (None where all are there from the start); T
    stands for nowhere.
    """

    times: Floats
    starts: Ints
    first: Index
    last: Index
    event: npt.NDArray[np.bool_]
    happened: Ints
    at: Index
    tied: Ints
    leaves: Index
    comes: Index | None


@dataclass(frozen=True)
class CoxRows:
    """Checked rows of a Cox model; ``entry``, ``weight`` and ``strata`` are None where there are none."""

    columns: Columns
    sets: RiskSets
    exit: Floats
    entry: Floats | None
    weight: Floats | None
    strata: Way | None
    offset: Floats | None

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.exit)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return self.columns.design.names


def read_cox_rows(
    design: DesignLike,
    exit: npt.ArrayLike,
    event: npt.ArrayLike,
    entry: npt.ArrayLike | None,
    strata: npt.ArrayLike | None,
    weight: npt.ArrayLike | None,
    offset: npt.ArrayLike | None,
) -> CoxRows:
    """Return the rows checked, those of weight 0 left in without any part in the risk sets.

    Raises ValueError for lengths that differ, missing values, events that are not flags, entry not before exit.
    """
    columns = read_design(design)
    n = columns.n
    exits, entries, happened = read_spells(exit, event, entry, n)
    weights = None if weight is None else read_column(weight, "weight", n)
    if weights is not None:
        if (weights < 0).any():
            raise ValueError(f"{int((weights < 0).sum())} weights are negative; expected weights >= 0")
        happened = happened & (weights > 0)
    ways = None if strata is None else read_labels(strata, "strata", n)
    offsets = None if offset is None else read_column(offset, "offset", n)
    sets = risk_sets(exits, happened, entries, ways)
    return CoxRows(make_columns(columns, intercept=False), sets, exits, entries, weights, ways, offsets)


def read_spells(
    exit: npt.ArrayLike, event: npt.ArrayLike, entry: npt.ArrayLike | None, n: int | None = None
) -> tuple[Floats, Floats | None, npt.NDArray[np.bool_]]:
    """Return exits, entries and flags of events (n each), checked."""
    exits = read_column(exit, "exit", n)
    n = len(exits)
    entries = None if entry is None else read_column(entry, "entry", n)
    flags = read_column(event, "event", n)
    if odd := int(((flags != 0) & (flags != 1)).sum()):
        raise ValueError(f"{odd} values of event are neither 0 nor 1; expected flags")
    if entries is not None and (late := int((entries >= exits).sum())):
        raise ValueError(
            f"{late} rows are never at risk: their entry is not before their exit; expected entry < exit: leave such "
            "rows out, and give an exit in the first month half a month"
        )
    return exits, entries, flags != 0


def risk_sets(exit: Floats, event: npt.NDArray[np.bool_], entry: Floats | None, strata: Way | None) -> RiskSets:
    """Find each row's place among the event times of its stratum, at risk where entry < time <= exit."""
    times = np.sort(np.asarray(pd.unique(exit[event])))
    width, groups = len(times) + 1, 1 if strata is None else strata.size
    # A key orders times within strata; the place of a row is the number of event keys up to its own.
    base = np.int64(0) if strata is None else strata.codes * width
    ended = base + _place(times, exit)
    begun = base + (np.int64(0) if entry is None else _place(times, entry))
    keys = np.unique(ended[event]) if strata is not None else np.arange(1, width)
    place = np.zeros(groups * width, dtype=np.int32)
    place[keys] = 1
    place = np.cumsum(place, dtype=np.int32)
    starts = np.concatenate([place[np.arange(groups) * width], [len(keys)]]).astype(np.int64)
    last = place[ended]
    first = np.broadcast_to(place[begun], last.shape).astype(np.int32)
    happened = np.flatnonzero(event)
    at = last[happened] - 1
    tied = np.bincount(at, minlength=len(keys))
    inside, nowhere = last > first, np.int32(len(keys))
    leaves, comes = np.where(inside, last - 1, nowhere), None
    if entry is not None:
        begins = np.int32(0) if strata is None else starts[strata.codes].astype(np.int32)
        comes = np.where(inside & (first > begins), first - 1, nowhere)
        comes = None if (comes == nowhere).all() else comes
    return RiskSets(times[keys % width - 1], starts, first, last, event, happened, at, tied, leaves, comes)


def _place(times: Floats, values: Floats) -> Ints:
    """Return the number of times up to each value; whole and half months need no search."""
    if len(values) > 10_000 and len(times) and np.abs(times[-1]) < 5_000 and not (2 * times % 1).any():
        low = np.floor(2 * times[0]) - 1
        table = np.searchsorted(times, np.arange(low, 2 * times[-1] + 1) / 2, side="right")
        return table[np.clip(np.floor(2 * values) - low, 0, len(table) - 1).astype(np.int64)]
    if min(len(values), len(times)) < 1_000:
        return np.searchsorted(times, values, side="right").astype(np.int64)
    found, order = np.empty(len(values), dtype=np.int64), np.argsort(values)
    found[order] = np.searchsorted(times, values[order], side="right")  # in order it is read from near by
    return found
