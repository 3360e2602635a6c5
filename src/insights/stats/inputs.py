"""Reading rows of durations into arrays of numbers, and refusing what cannot be right."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Band = tuple[Floats, Floats, Floats, Floats]  # value, low, high, se by time

CENSORED = 0
"""The code of a censored row; cause k of ``Rows.causes`` has code k + 1."""


@dataclass(frozen=True)
class Rows:
    """Checked rows: codes instead of labels; ``entry`` and ``weight`` are None where there are none."""

    time: Floats
    cause: Ints
    causes: tuple[str, ...]
    group: Ints
    groups: tuple[str, ...]
    entry: Floats | None
    weight: Floats | None


def read_rows(
    time: npt.ArrayLike,
    cause: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = None,
    weight: npt.ArrayLike | None = None,
    group: npt.ArrayLike | None = None,
) -> Rows:
    """Return the rows that count (weight above 0), checked, with causes and groups coded in alphabetical order."""
    times = read_numbers(time, "time")
    n = len(times)
    entries = None if entry is None else read_numbers(entry, "entry", n)
    weights = None if weight is None else read_numbers(weight, "weight", n)
    cause_codes, causes = _codes(cause, "cause", n, none_is_missing=True)
    group_codes, groups = (
        (np.zeros(n, dtype=np.int64), ("",)) if group is None else _codes(group, "group", n, none_is_missing=False)
    )
    if (times < 0).any():
        raise ValueError(f"{int((times < 0).sum())} times are negative; expected months >= 0")
    if entries is not None and (late := int((entries >= times).sum())):
        raise ValueError(
            f"{late} rows are never at risk: their entry is not before their time; expected entry < time: leave such "
            "rows out, and give an exit in the first month half a month"
        )
    if weights is not None:
        if (weights < 0).any():
            raise ValueError(f"{int((weights < 0).sum())} weights are negative; expected frequencies >= 0")
        if (weights == 0).any():
            some = weights > 0
            times, weights = times[some], weights[some]
            entries = None if entries is None else entries[some]
            cause_codes, causes = _used(cause_codes[some], causes, first=1)
            group_codes, groups = _used(group_codes[some], groups, first=0)
    return Rows(times, cause_codes, causes, group_codes, groups, entries, weights)


def check_level(level: float) -> None:
    """Refuse a confidence level outside (0, 1)."""
    if not 0 < level < 1:
        raise ValueError(f"the confidence level is {level}; expected a share between 0 and 1, such as 0.95")


def read_numbers(values: npt.ArrayLike, name: str, n: int | None = None) -> Floats:
    """Return a column of finite numbers (n), or raise ValueError."""
    array = np.asarray(values, dtype=float)
    if array.ndim != 1 or (n is not None and len(array) != n):
        raise ValueError(f"{name} has shape {array.shape}; expected {'one dimension' if n is None else f'({n},)'}")
    # One pass without a temporary array: a sum is finite only if all its terms are.
    if not np.isfinite(array.sum()) and (bad := int((~np.isfinite(array)).sum())):
        raise ValueError(f"{bad} values of {name} are missing or infinite; expected numbers")
    return array


def _codes(values: npt.ArrayLike, name: str, n: int, *, none_is_missing: bool) -> tuple[Ints, tuple[str, ...]]:
    """Return codes and sorted labels; where ``none_is_missing``, code 0 stands for missing, "", 0 and False."""
    array = values if isinstance(values, (pd.Series, pd.Categorical)) else np.asarray(values)
    if array.ndim != 1 or len(array) != n:
        raise ValueError(f"{name} has shape {array.shape}; expected ({n},)")
    if none_is_missing and array.dtype == bool:
        flags = np.asarray(array)
        return flags.astype(np.int64), ("event",) if flags.any() else ()
    raw, found = pd.factorize(array)
    if none_is_missing:
        labels = ["" if value in ("", 0) else "event" if value is True else _label(value, name) for value in found]
        names = sorted({label for label in labels if label})
        number = {"": 0} | {label: k + 1 for k, label in enumerate(names)}
    else:
        if (raw < 0).any():
            raise ValueError(f"{int((raw < 0).sum())} values of {name} are missing; expected a name for every row")
        labels = [_label(value, name) for value in found]
        names = sorted(set(labels))
        number = {label: k for k, label in enumerate(names)}
    # The last place is what pandas' code -1 (missing) picks.
    table = np.array([*(number[label] for label in labels), 0], dtype=np.int64)
    return table[raw], tuple(names)


def _label(value: object, name: str) -> str:
    if isinstance(value, (float, np.floating)):
        if not float(value).is_integer():
            raise ValueError(f"{name} holds fractions; expected text, flags or whole numbers")
        value = int(value)
    return str(value)


def _used(codes: Ints, names: tuple[str, ...], *, first: int) -> tuple[Ints, tuple[str, ...]]:
    """Return the codes again without the names that no row has; codes below ``first`` stand for no name."""
    seen = np.bincount(codes, minlength=len(names) + first) > 0
    seen[:first] = True
    return np.cumsum(seen)[codes] - 1, tuple(n for n, has in zip(names, seen[first:], strict=True) if has)
