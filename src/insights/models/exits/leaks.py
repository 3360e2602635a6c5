"""Features that know the end: columns that were written after the exit, or for its sake, found by what they do."""

import numpy as np
import numpy.typing as npt

from insights.models.exits.rows import ExitRows, lots
from insights.stats.separation import SHARE, Separation, separation

MOST_ROWS = 200_000
"""Client-months looked at: in a larger panel those of a random part of the clients."""


def leaks(rows: ExitRows) -> dict[str, str]:
    """Return the features that tell leavers from the others as nothing known before could, with the reason.

    A feature that never changes for a client is held against whether he has left by now, one row per client; one that
    changes is held against the exit in each month. Refused is what alone ranks leavers above others nearly always, or
    a value (missing among them) that at least 20 client or months have and nearly all of them left.
    """
    if not rows.n:
        return {}
    if rows.n > MOST_ROWS:
        # A column that gives the end away does so for any part of the clients.
        rows = rows.take((lots(rows) < MOST_ROWS / rows.n)[rows.client])
    last = np.append(rows.client[1:] != rows.client[:-1], True)
    left = rows.cause > 0
    found = {}
    for name in (*rows.numeric, *rows.categories):
        values = _numbers(rows, name)
        fixed = _never_changes(values, last)
        at = last if fixed else np.ones(rows.n, dtype=bool)
        told = separation(values[at], left[at])
        if told is not None and told.suspicious:
            found[name] = _reason(told, fixed)
    return found


def _numbers(rows: ExitRows, name: str) -> npt.NDArray[np.float64]:
    """Return a feature as numbers, nan where missing."""
    if name in rows.numeric:
        return rows.numeric[name].astype(np.float64)
    codes = rows.categories[name]
    # Levels are put in the order of how many of them left, which is what ranks them best.
    left = np.bincount(codes + 1, rows.cause > 0, len(rows.levels[name]) + 1)
    size = np.maximum(np.bincount(codes + 1, minlength=len(rows.levels[name]) + 1), 1)
    return np.where(codes < 0, np.nan, (left / size)[codes + 1])


def _never_changes(values: npt.NDArray[np.float64], last: npt.NDArray[np.bool_]) -> bool:
    """Whether the value is the same in all months of each client."""
    same = (values[1:] == values[:-1]) | (np.isnan(values[1:]) & np.isnan(values[:-1]))
    return bool((same | last[:-1]).all())


def _reason(told: Separation, fixed: bool) -> str:
    what = "clients" if fixed else "client-months"
    if told.missing and told.purest >= SHARE:
        return f"leaks the exit: nearly all {what} without it end in an exit"
    if told.known_share_events > 0.5 and told.known_share_others < 0.05:
        return "leaks the exit: known for leavers only, so it was written after the end"
    if told.purest >= SHARE:
        return f"leaks the exit: nearly all {what} with some value of it end in an exit"
    return "leaks the exit: alone it ranks nearly all leavers above the others"
