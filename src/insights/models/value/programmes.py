"""Programmes that managers take part in, and since when each client has been in one: they change how assets grow."""

from datetime import date

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.exits.rows import MISSING, ExitRows
from insights.stats.inputs import Floats, Ints

NEVER = np.iinfo(np.int32).max
FRESH = 12
"""Months after which a programme counts as settled."""


def programme_starts(bank: Bank, rows: ExitRows, landmark: date) -> Ints:
    """Return from which month each client is in each programme of managers (clients, programmes).

    Months are year * 12 + month - 1, ``NEVER`` for who is in none. Known by the landmark. A programme counts for the
    clients whom a manager had when it started for him, whoever looks after them later (intention to treat); a client of
    whom nothing was known in that month counts with the manager he is first known to have had, if he was a client then.
    """
    every = len(rows.clients)
    if bank.needs("programmes.rm_id", "programmes.started_on"):
        return np.zeros((every, 0), dtype=np.int64)
    table = bank.table("programmes")
    told = table.filter(table.rm_id.notnull())
    frame = told.group_by("programme", "rm_id").agg(started_on=told.started_on.min()).execute()
    # One that has not started yet has its place, so that two landmarks have the same features.
    names = sorted(frame["programme"].astype(str).unique())
    frame = frame[pd.to_datetime(frame["started_on"]) <= pd.Timestamp(landmark)]
    found = np.full((every, len(names)), NEVER, dtype=np.int64)
    place = pd.Index(rows.managers)
    joined = rows.month - rows.tenure.astype(np.int64)
    first = np.append(True, (np.diff(rows.client) != 0) | (np.diff(rows.spell) != 0))[: rows.n]
    for k, name in enumerate(names):
        own = frame[frame["programme"].astype(str) == name]
        day = pd.to_datetime(own["started_on"])
        at, month = place.get_indexer(own["rm_id"]), (day.dt.year * 12 + day.dt.month - 1).to_numpy(np.int64)
        start = np.full(len(rows.managers) + 1, NEVER, dtype=np.int64)
        start[at[at >= 0]] = month[at >= 0]
        of_row = start[np.where(rows.manager == MISSING, len(rows.managers), rows.manager)]
        inside = (rows.month == of_row) | (first & (rows.month > of_row) & (joined < of_row))
        np.minimum.at(found[:, k], rows.client[inside], of_row[inside])
    return found


def programme_features(starts: Ints, month: int) -> Floats:
    """Return whether each client was in each programme before a month: newly, and for a year or more (n, 2 each)."""
    since = month - starts
    told = [np.stack([(s >= 0) & (s < FRESH), s >= FRESH], axis=1) for s in since.T]
    return np.concatenate(told, axis=1).astype(float) if told else np.zeros((len(starts), 0))
