"""Transaction histories as three numbers each: how many repeats, when the last was, and how long it was watched."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import Floats, Ints, read_numbers
from insights.stats.results import NotEstimable

MOST = 10_000_000
"""The most transactions of one unit: the likelihood keeps a table of that length."""
FEWEST = 50
"""The fewest units with a repeat transaction, and the fewest repeat transactions, that a fit rests on."""
SAMPLE = 20_000
"""Rows looked at to see whether collapsing pays."""


@dataclass(frozen=True)
class Histories:
    """Checked rows; ``scale`` is the mean time watched, by which ``t_x`` and ``T`` are divided.

    ``x``, ``t_x``, ``T``, ``weight`` have one entry per distinct row, those without repeats first (``n_once`` rows).
    ``more`` counts by k the units with more than k repeats. ``covariates`` (rows, k) may have no columns.
    """

    x: Floats
    t_x: Floats
    T: Floats
    weight: Floats
    n_once: int
    more: Floats
    scale: float
    covariates: Floats

    @property
    def n(self) -> float:
        """The number of units."""
        return float(self.weight.sum())

    @property
    def n_repeating(self) -> float:
        """The number of units with at least one repeat."""
        return float(self.more[0]) if len(self.more) else 0.0

    @property
    def repeats(self) -> float:
        """The number of repeat transactions."""
        return float(self.more.sum())

    def sample(self, size: int) -> "Histories":
        """Return about so many rows, evenly spaced, on the same scale."""
        if len(self.x) <= size:
            return self
        rows = np.linspace(0, len(self.x) - 1, size).astype(np.int64)
        return _ordered(
            self.x[rows], self.t_x[rows], self.T[rows], self.weight[rows], self.covariates[rows], self.scale
        )


def read_histories(
    x: npt.ArrayLike,
    t_x: npt.ArrayLike,
    T: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    covariates: npt.ArrayLike | pd.DataFrame | None = None,
) -> Histories:
    """Return checked rows (weight above 0), scaled, identical ones collapsed where that at least halves them.

    Raises ValueError for rows that cannot be: see ``check_history``.
    """
    count, last, watched = check_history(x, t_x, T)
    n = len(count)
    weights = np.ones(n) if weight is None else read_numbers(weight, "weight", n)
    if (weights < 0).any():
        raise ValueError(f"{int((weights < 0).sum())} weights are negative; expected frequencies >= 0")
    features = np.zeros((n, 0)) if covariates is None else read_covariates(covariates, n)
    if weight is not None and not weights.all():
        some = weights > 0
        count, last, watched, weights, features = count[some], last[some], watched[some], weights[some], features[some]
    scale = float(watched @ weights / weights.sum()) if len(count) else 1.0
    scale = scale if scale > 0 else 1.0
    if not features.shape[1]:
        once = count == 0
        halves = [_collapse(count[h], last[h], watched[h], weights[h]) for h in (once, ~once)]
        count, last, watched, weights = (np.concatenate(pair) for pair in zip(*halves, strict=True))
        features = np.zeros((len(count), 0))
    return _ordered(count, last / scale, watched / scale, weights, features, scale)


def check_history(x: npt.ArrayLike, t_x: npt.ArrayLike, T: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Return the three columns as arrays of numbers, all of one length.

    Raises ValueError for missing or infinite numbers, x that is no whole number from 0 to ``MOST``, times out of
    0 <= t_x <= T, and rows in which t_x > 0 and x > 0 do not go together.
    """
    count = read_numbers(x, "x")
    last, watched = read_numbers(t_x, "t_x", len(count)), read_numbers(T, "T", len(count))
    _refuse((count < 0) | (count != np.floor(count)), "counts x are negative or no whole numbers", "0, 1, 2, …")
    _refuse(count > MOST, f"counts x are above {MOST:,}", "repeat transactions of one unit")
    _refuse((last < 0) | (last > watched), "rows have t_x < 0 or t_x > T", "0 <= t_x <= T, both from the first event")
    _refuse((count == 0) & (last > 0), "rows have no repeat (x = 0) but a time of the last one", "t_x = 0 where x = 0")
    _refuse((count > 0) & (last == 0), "rows have repeats but t_x = 0", "t_x > 0: same-time events count once")
    return count, last, watched


def too_few(histories: Histories, parameters: int) -> NotEstimable | None:
    """Return why a fit is not to be had, or None: too few repeats, or nothing that differs between the units."""
    need = max(FEWEST, 10 * parameters)
    if histories.n_repeating < need:
        return NotEstimable(
            f"{histories.n_repeating:g} of {histories.n:g} units have a repeat transaction; at least {need} are needed"
        )
    rows = np.stack([histories.x, histories.t_x, histories.T])
    if (rows == rows[:, :1]).all():
        return NotEstimable(f"all {histories.n:g} units have the same history, which says nothing of how they differ")
    return None


def read_covariates(values: npt.ArrayLike | pd.DataFrame, n: int) -> Floats:
    """Return the covariates (n, k) as finite numbers, or raise ValueError."""
    array = np.asarray(values, dtype=float)
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or len(array) != n:
        raise ValueError(f"covariates have shape {array.shape}; expected ({n}, number of covariates)")
    if bad := int((~np.isfinite(array)).any(axis=1).sum()):
        raise ValueError(f"{bad} rows of the covariates have missing or infinite values; expected numbers")
    return array


def row_codes(keys: list[Floats]) -> Ints:
    """Return one number per distinct row, in the order of first appearance."""
    code = np.zeros(len(keys[0]), dtype=np.int64)
    for key in keys:
        own, values = pd.factorize(key)
        code = pd.factorize(code * len(values) + own)[0].astype(np.int64)
    return code


def first_rows(code: Ints) -> Ints:
    """Return the first row of each code, for codes as ``row_codes`` makes them."""
    return np.flatnonzero(~pd.Series(code).duplicated().to_numpy())


def _refuse(bad: npt.NDArray[np.bool_], found: str, expected: str) -> None:
    if number := int(bad.sum()):
        raise ValueError(f"{number} {found}; expected {expected}")


def _collapse(*columns: Floats) -> tuple[Floats, ...]:
    """Return the distinct rows with the sum of their weights (the last column), where a sample says it pays."""
    *keys, weight = columns
    if not len(weight) or not _worth_it(keys):
        return columns
    code = row_codes(keys)
    first = first_rows(code)
    return (*(key[first] for key in keys), np.bincount(code, weights=weight).astype(float))


def _worth_it(keys: list[Floats]) -> bool:
    """Return whether collapsing would at least halve the rows, guessed from pairs of equal rows in a sample."""
    n = len(keys[0])
    rows = slice(None) if n <= SAMPLE else np.linspace(0, n - 1, SAMPLE).astype(np.int64)
    seen = [key[rows] for key in keys]
    size = len(seen[0])
    distinct = len(pd.unique(row_codes(seen)))
    if n <= SAMPLE:
        return 2 * distinct <= n
    return size * size <= n * (size - distinct)  # of D equally likely rows a sample of m holds m^2 / (2 D) equal pairs


def _ordered(x: Floats, t_x: Floats, T: Floats, weight: Floats, covariates: Floats, scale: float) -> Histories:
    """Return the rows with those that have no repeat first, and the table of counts."""
    once = x == 0
    n_once = int(once.sum())
    if once[:n_once].all():
        rows: slice | Ints = slice(None)
    else:
        rows = np.concatenate([np.flatnonzero(once), np.flatnonzero(~once)])
    x, t_x, T, weight, covariates = x[rows], t_x[rows], T[rows], weight[rows], covariates[rows]
    histogram = np.bincount(x.astype(np.int64), weights=weight) if len(x) else np.zeros(1)
    more = np.cumsum(histogram[::-1], dtype=float)[::-1][1:]
    return Histories(x, t_x, T, weight, n_once, more, scale, covariates)
