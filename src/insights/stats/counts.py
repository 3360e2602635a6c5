"""Counting who is at risk and what happens to them: all that any curve needs to know of the data.

The engine may do the first half of the work: identical rows (entry, time, cause, group) can be handed over once, with
their number as ``weight``, so that the cost of a curve depends on the number of distinct months, not on the rows.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import CENSORED, Floats, Ints, Rows, read_rows

COLUMNS = ["group", "time", "cause", "at_risk", "events"]


@dataclass(frozen=True)
class Counts:
    """The counts of one group: ``times`` and ``at_risk`` (T), ``events`` (C, T).

    ``units`` were ever at risk; nobody is at risk before month ``start``. The first and last ``at_risk`` are above 0.
    ``blur`` is the standard deviation of what rounding adds to any cumulative number of events.
    """

    group: str
    times: Floats
    at_risk: Floats
    events: Floats
    units: float
    start: float = 0.0
    blur: float = 0.0


def risk_table(
    time: npt.ArrayLike,
    cause: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = None,
    weight: npt.ArrayLike | None = None,
    group: npt.ArrayLike | None = None,
) -> pd.DataFrame:
    """Count the units at risk and the events by group, time and cause.

    Parameters, all of length n
    ---------------------------
    time : months at which observation of the unit ended.
    cause : why it ended. Text ("" or missing: censored), booleans (False: censored, True: "event") or whole numbers
        (0: censored).
    entry : months from which the unit was observed; it is at risk while entry < t <= time. Without it everybody is at
        risk from the start, time 0 included.
    weight : frequencies, >= 0; a row of weight 3 counts like three rows. They are not sampling weights.
    group : one curve is made per group.

    Returns a frame with columns group (str), time (months), cause (str), at_risk (the same for all causes of one group
    and time), events. A group has a row for every cause at each of its exits and at each event of any group, as long
    as it has somebody at risk; where nobody has any event, the cause of the rows is "". If nobody of a group is at risk
    at first or for a while, and some enter later, a row with ``at_risk`` 0 stands at the month in which they do.

    Cost: O(n) for whole and half months, O(n log n) otherwise; memory grows with groups x causes x distinct times.

    Raises ValueError for lengths that differ, times that are missing or negative, entries not before the exit.
    """
    causes, groups = count_risk(read_rows(time, cause, entry=entry, weight=weight, group=group))
    names = np.array(causes or ("",), dtype=object)
    frames = []
    for g in map(_with_start, groups):
        events = g.events if causes else np.zeros((1, len(g.times)))
        frames.append(
            pd.DataFrame(
                {
                    "group": g.group,
                    "time": np.repeat(g.times, len(names)),
                    "cause": np.tile(names, len(g.times)),
                    "at_risk": np.repeat(g.at_risk, len(names)),
                    "events": events.T.ravel(),
                }
            )
        )
    table = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=COLUMNS)
    return whole_counts(table.astype({"group": object, "time": "float64", "cause": object}))


def whole_counts(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with integer counts where all of them are whole (they are not with fractional weights)."""
    counts = table[["at_risk", "events"]].astype(float)
    whole = bool((counts == counts.round()).all(axis=None))
    return table.assign(**counts.astype("int64" if whole else "float64"))


def count_risk(rows: Rows) -> tuple[tuple[str, ...], list[Counts]]:
    """Return the causes and the counts of each group, both in alphabetical order."""
    if not len(rows.time):
        return (), []
    axis, left = _axis(rows.time)
    shape = (len(rows.groups), len(rows.causes) + 1, len(axis))
    cell = left
    if shape[1] > 1:
        cell = cell + rows.cause * shape[2]
    if shape[0] > 1:
        cell = cell + rows.group * (shape[1] * shape[2])
    ended = np.bincount(cell, rows.weight, int(np.prod(shape))).astype(float).reshape(shape)
    exits, events = ended.sum(axis=1), np.delete(ended, CENSORED, axis=1)
    if rows.entry is None:
        at_risk = np.cumsum(exits[:, ::-1], axis=1)[:, ::-1]
        emptied, starts = np.zeros(at_risk.shape, dtype=bool), np.zeros(len(exits))
    else:
        at_risk, emptied = _late(rows, axis, exits)
        starts = np.full(len(exits), max(rows.entry.min(), 0.0))
        if len(starts) > 1:
            starts[:] = np.inf
            np.minimum.at(starts, rows.group, np.maximum(rows.entry, 0.0))
    happens = (events > 0).any(axis=(0, 1))
    found = []
    for g, name in enumerate(rows.groups):
        keep = ((exits[g] > 0) | happens) & (at_risk[g] > 0)
        units = float(exits[g].sum())
        counted = Counts(name, axis[keep], at_risk[g, keep], events[g][:, keep], units, float(starts[g]))
        if emptied[g].any():
            assert rows.entry is not None
            entries = np.sort(rows.entry[rows.group == g])
            counted = _with_empty(counted, entries[np.searchsorted(entries, axis[emptied[g]], side="right")])
        found.append(counted)
    return rows.causes, found


def read_counts(
    counts: pd.DataFrame, units: dict[str, float] | None = None, blur: float = 0.0
) -> tuple[tuple[str, ...], list[Counts]]:
    """Return the causes and the counts of each group from a frame as ``risk_table`` makes it.

    ``group`` and ``cause`` may be absent (one group, one cause). A row in which nobody is at risk, before the first in
    which somebody is, tells that nobody was until then. ``units`` gives the number ever at risk by group; without it
    that is the largest number at risk at once, which is all that counts can tell under delayed entry. ``blur`` is that
    of ``Counts``.

    Raises ValueError for missing columns, missing or negative values, numbers at risk that differ between causes, and
    events without a cause.
    """
    frame = _checked(counts)
    causes = tuple(sorted(set(frame["cause"]) - {""}))
    found = []
    for group, part in frame.groupby("group", sort=True):
        times, place = np.unique(part["time"].to_numpy(float), return_inverse=True)
        at_risk = np.full(len(times), -1.0)
        at_risk[place] = part["at_risk"].to_numpy(float)
        if (at_risk[place] != part["at_risk"]).any():
            raise ValueError(
                "the numbers at risk differ between the causes of one group and time; expected one number per group "
                "and time: check how the counts were made"
            )
        events = np.zeros((len(causes), len(times)))
        for k, cause in enumerate(causes):
            own = (part["cause"] == cause).to_numpy()
            np.add.at(events[k], place[own], part["events"].to_numpy(float)[own])
        some = np.flatnonzero(at_risk > 0)
        if not len(some):
            continue
        span = slice(some[0], some[-1] + 1)
        known = (units or {}).get(str(group), np.nan)
        ever = float(at_risk.max() if np.isnan(known) else known)
        start = float(times[some[0] - 1]) if some[0] else 0.0
        found.append(Counts(str(group), times[span], at_risk[span], events[:, span], ever, start, blur))
    return causes, found


def _checked(counts: pd.DataFrame) -> pd.DataFrame:
    missing = {"time", "at_risk", "events"} - set(counts.columns)
    if missing:
        raise ValueError(
            f"the counts lack {', '.join(sorted(missing))}; expected columns {', '.join(COLUMNS)}: use risk_table"
        )
    # A default also stands where an empty frame has no dtype of its own.
    frame = pd.DataFrame(
        {
            "group": counts["group"].astype(str) if "group" in counts else "",
            "cause": counts["cause"].fillna("").astype(str) if "cause" in counts else "event",
        },
        index=counts.index,
    )
    for column in ("time", "at_risk", "events"):
        frame[column] = counts[column].astype(float)
        bad = ~(np.isfinite(frame[column]) & (frame[column] >= 0))
        if bad.any():
            raise ValueError(
                f"{int(bad.sum())} values of {column} are missing, infinite or negative; expected numbers >= 0: "
                "leave out what is not known, whole groups or the end of a curve"
            )
    if (frame.loc[frame["cause"] == "", "events"] > 0).any():
        raise ValueError(
            "there are events without a cause; the cause '' is for rows without events: give a name to every cause"
        )
    return frame


def _axis(time: Floats) -> tuple[Floats, Ints]:
    """Return the grid of times, ascending, and the place of each time on it."""
    # Whole and half months index the grid directly: no sort. The grid may then hold times at which nothing happens.
    double = time * 2
    top = double.max()
    if top <= 4 * len(time) + 10_000:
        place = double.astype(np.int64)
        if (place == double).all():
            return np.arange(place.max() + 1) / 2, place
    axis, place = np.unique(time, return_inverse=True)
    return axis, place.astype(np.int64)


def _late(rows: Rows, axis: Floats, exits: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return (groups, T) numbers at risk under delayed entry, and where a group's risk set empties for a while."""
    assert rows.entry is not None
    first, same = _places(axis, rows.entry)
    before = _entered(rows, first, exits.shape)
    gone = np.cumsum(exits, axis=1)
    at_risk = before - (gone - exits)
    # Sums of fractional weights leave dust where the exact difference is zero.
    dust = 1e-9 * gone[:, -1:]
    at_risk = np.where(at_risk < dust, 0.0, np.maximum(at_risk, exits))
    emptied = (exits > 0) & (before - gone < dust) & (gone < gone[:, -1:] - dust)
    if emptied.any():  # not for those who enter in the very month in which the last one leaves
        emptied &= _entered(rows, same, exits.shape) - gone < dust
    return at_risk, emptied


def _places(axis: Floats, entry: Floats) -> tuple[Ints, Ints]:
    """Return the place of the first time on the axis after each entry, and of the first at or after it."""
    if len(axis) > 1 and len(axis) == 2 * axis[-1] + 1 and (np.diff(axis) == 0.5).all():
        double = np.maximum(entry, -0.5) * 2
        return np.floor(double).astype(np.int64) + 1, np.maximum(np.ceil(double), 0).astype(np.int64)
    return np.searchsorted(axis, entry, side="right"), np.searchsorted(axis, entry, side="left")


def _entered(rows: Rows, place: Ints, shape: tuple[int, ...]) -> Floats:
    """Return (groups, T): the weight of the rows whose place on the axis is that time or an earlier one."""
    cell = place + rows.group * shape[1] if shape[0] > 1 else place
    return np.cumsum(np.bincount(cell, rows.weight, shape[0] * shape[1]).reshape(shape), axis=1, dtype=float)


def _with_start(counts: Counts) -> Counts:
    return _with_empty(counts, np.array([counts.start])) if counts.start > 0 else counts


def _with_empty(counts: Counts, entered: Floats) -> Counts:
    """Put a row with nobody at risk where units entered an empty risk set."""
    times = np.concatenate([counts.times, np.unique(entered)])
    order, new = np.argsort(times, kind="stable"), len(times) - len(counts.times)
    at_risk = np.concatenate([counts.at_risk, np.zeros(new)])[order]
    events = np.concatenate([counts.events, np.zeros((len(counts.events), new))], axis=1)[:, order]
    return replace(counts, times=times[order], at_risk=at_risk, events=events)
