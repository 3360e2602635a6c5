"""Rows of a table as plain arrays, and how absence is written in each kind of array."""

from collections.abc import Iterable

import numpy as np

Rows = dict[str, np.ndarray]
"""Column name -> array, all of one length. Ids and codes are whole numbers (-1: none), dates datetime64[D] and
moments datetime64[s] (NaT: none), money is whole cents as int64 (NO_MONEY: none), numbers are floats (NaN: none),
texts are objects (None: none)."""

NO_MONEY = np.iinfo(np.int64).min
NO_DAY = np.datetime64("NaT", "D")
NO_MOMENT = np.datetime64("NaT", "s")


def length(rows: Rows) -> int:
    """Return the number of rows."""
    return len(next(iter(rows.values()))) if rows else 0


def stack(parts: Iterable[Rows]) -> Rows:
    """Return the rows of all parts one after the other; the parts have the same columns."""
    listed = list(parts)
    return {name: np.concatenate([part[name] for part in listed]) for name in listed[0]}


def pick(rows: Rows, which: np.ndarray) -> Rows:
    """Return the rows selected by a mask or by positions."""
    return {name: values[which] for name, values in rows.items()}
