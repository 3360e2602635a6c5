"""Counts of moves between the stages: by months since joining, or by months since a day; and spells in stages."""

import numpy as np
import pandas as pd

from insights.data.months import HALF
from insights.models.months import Places
from insights.models.stages import GONE, STAGES, UNASSIGNED, Codes, Stages

STATES = len(STAGES) + 1
COLUMNS = ["time", "from", "to", "at_risk", "events"]


def moves_since_joining(stages: Stages) -> pd.DataFrame:
    """Return counts as ``stats.multistate_counts.transition_table`` makes them, time in months since joining."""
    months = stages.months
    before, now, at = _in_a_stage(stages)
    tenure = months.tenure[at[0]] + at[1] - months.first[at[0]]
    return _counted(tenure, before, now, stages)


def moves_since(stages: Stages, column: int, stage: int | None, horizon: int) -> pd.DataFrame:
    """Return the counts of those in the stage (its code; None: any) at a column's month end, in months since then."""
    then = stages.code[:, column]
    own = np.flatnonzero((then >= 1) & (then < GONE) if stage is None else then == stage)
    span = stages.code[own, column : column + horizon + 1]
    before, now = span[:, :-1], span[:, 1:]
    row, since = np.nonzero((before >= 1) & (before < GONE) & (now != UNASSIGNED))
    return _counted(since + 1, before[row, since], now[row, since], stages)


def months_in(stages: Stages, column: int, stage: int, horizon: int) -> Places:
    """Return how many clients who were in the stage then have been in each of the states since (by code, 0 first)."""
    own = np.flatnonzero(stages.code[:, column] == stage)
    span = stages.code[own, column + 1 : column + horizon + 1]
    return np.array([int((span == code).any(axis=1).sum()) for code in range(GONE + 1)])


def stage_spells(stages: Stages) -> pd.DataFrame:
    """Return one row per stay in a stage: unit, from, to ("" where observation ended), entry, exit (months of tenure).

    A stay that was under way when observation began enters at the tenure it had then.
    """
    months = stages.months
    before, now, (row, column) = _in_a_stage(stages)
    tenure = (months.tenure[row] + column - months.first[row]).astype(float)
    tenure = np.where((tenure == 0) & (now == GONE), HALF, tenure)
    # Rows come by relationship and month: a stay ends where its stage changes, or its last observed month is past.
    follows = np.zeros(len(row), dtype=bool)
    follows[1:] = (row[1:] == row[:-1]) & (column[1:] == column[:-1] + 1) & (before[1:] == before[:-1])
    start = np.flatnonzero(~follows)
    end = np.append(start[1:], len(row)) - 1
    entry = np.where(tenure[start] <= HALF, 0.0, tenure[start] - 1)
    names = np.array(["", *stages.names], dtype=object)
    target = np.where(now[end] == before[end], 0, now[end])
    found = pd.DataFrame(
        {
            "unit": row[start],
            "from": pd.Categorical(names[before[start]]),
            "to": pd.Categorical(names[target]),
            "entry": entry,
            "exit": tenure[end],
        }
    )
    return found[found["entry"] < found["exit"]].reset_index(drop=True)


def _in_a_stage(stages: Stages) -> tuple[Codes, Codes, tuple[Places, Places]]:
    """Return stage before, stage now and place of every month of a relationship whose stage is known on both sides."""
    before = stages.before()
    row, column = np.nonzero((before >= 1) & (before < GONE) & (stages.code != UNASSIGNED))
    return before[row, column], stages.code[row, column], (row.astype(np.int64), column.astype(np.int64))


def _counted(time: Places, before: Codes, now: Codes, stages: Stages) -> pd.DataFrame:
    if not len(time):
        return pd.DataFrame(columns=COLUMNS)
    size = int(time.max()) + 1
    cell = (time.astype(np.int64) * STATES + before - 1) * STATES + now - 1
    counts = np.bincount(cell, minlength=size * STATES * STATES).reshape(size, STATES, STATES)
    at_risk = counts.sum(axis=2)
    moved = counts * ~np.eye(STATES, dtype=bool)
    pairs = np.argwhere(moved.any(axis=0))
    still = [[h, -1] for h in np.flatnonzero(at_risk.any(axis=0)) if h not in pairs[:, 0]]
    pairs = np.concatenate([pairs, np.array(still, dtype=np.int64).reshape(-1, 2)])
    names = np.array([*stages.names, ""], dtype=object)
    events = np.where(pairs[:, 1] >= 0, moved[:, pairs[:, 0], pairs[:, 1]], 0)
    times = np.arange(size, dtype=float)
    times[0] = HALF  # who leaves in the month of joining has been there for half of it
    frame = pd.DataFrame(
        {
            "time": np.repeat(times, len(pairs)),
            "from": np.tile(names[pairs[:, 0]], size),
            "to": np.tile(names[pairs[:, 1]], size),
            "at_risk": at_risk[:, pairs[:, 0]].ravel().astype(float),
            "events": events.ravel().astype(float),
        }
    )
    seen = frame.groupby("time")["at_risk"].transform("sum") > 0
    return frame[seen].reset_index(drop=True)
