"""Columns of a regression: reading them, and what their cross-products say about them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import Floats

DesignLike = pd.DataFrame | tuple[tuple[str, ...] | list[str], npt.ArrayLike]
"""What a regression takes as its columns: a frame of numbers, or names (p) and an array of shape (n, p)."""

CHUNK = 8192
"""Rows worked on at once: with 30 columns of double precision they stay in a processor's cache."""

FEW_VALUES = 4_000_000
"""Up to this many values columns in double precision are kept, rather than made anew in every pass."""

MOMENT_ROWS = 10_000

FAR = 1000.0
"""Columns whose means lie within this many standard deviations of 0 lose too few digits to be worth standardising."""

DEPENDENT = 1e-9
"""A column whose variance the others explain up to this share says nothing of its own."""

SEPARATED = 1e-6
"""A combination of columns with this share of its information left has no finite coefficient."""

SUSPECT = 0.05
"""With less than this share left, a fit goes on until it is clear whether the rest goes too."""


@dataclass(frozen=True)
class Design:
    """Checked columns: ``values`` has shape (n, p) and single precision only if it was given so."""

    names: tuple[str, ...]
    values: npt.NDArray[np.floating]

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.values)


def read_design(design: DesignLike, n: int | None = None) -> Design:
    """Return the columns as numbers; flags become 0 and 1, single precision stays.

    Raises ValueError for names that repeat, text, missing or infinite values, and a number of rows other than ``n``.
    """
    if isinstance(design, pd.DataFrame):
        names = tuple(str(c) for c in design.columns)
        odd = [str(c) for c, kind in design.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)]
        if odd:
            raise ValueError(
                f"the columns {', '.join(odd)} do not hold numbers; expected numbers or flags: "
                "make an indicator column for every level but one"
            )
        single = len(names) > 0 and all(kind == np.float32 for kind in design.dtypes)
        values = design.to_numpy(np.float32 if single else np.float64, na_value=np.nan)
    else:
        names, values = tuple(str(name) for name in design[0]), np.asarray(design[1])
        if values.dtype != np.float32:
            values = values.astype(np.float64, copy=False)
    if values.ndim != 2 or values.shape[1] != len(names) or (n is not None and len(values) != n):
        rows = "n" if n is None else n
        raise ValueError(f"the design has shape {values.shape}; expected ({rows}, {len(names)})")
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"the columns {', '.join(twice)} stand in the design more than once; expected each name once")
    # A sum is finite only if all its terms are; overflow is looked into by column.
    with np.errstate(over="ignore", invalid="ignore"):
        finite = bool(np.isfinite(values.sum()))
    bad = [] if finite else [j for j in range(len(names)) if not np.isfinite(values[:, j]).all()]
    if bad:
        raise ValueError(
            f"values of {', '.join(names[j] for j in bad)} are missing or infinite; expected numbers: "
            "fill them and add an indicator of missing, or leave the rows out"
        )
    return Design(names, values)


@dataclass(frozen=True)
class Columns:
    """Columns in double precision, a chunk at a time; the last is of ones where there is an intercept.

    Columns far from zero are shifted by ``mean`` and divided by ``scale``; where none is, these are 0 and 1. ``spread``
    holds the standard deviations of the columns as given.
    """

    design: Design
    intercept: bool
    mean: Floats
    scale: Floats
    spread: Floats
    kept: Floats | None = None

    def part(self, rows: slice) -> Floats:
        """Return the columns of some rows."""
        return self._made(rows) if self.kept is None else self.kept[rows]

    def _made(self, rows: slice) -> Floats:
        values = self.design.values[rows]
        columns = np.empty((len(values), values.shape[1] + self.intercept))
        body = columns[:, : values.shape[1]]
        body[:] = values
        if self.mean.any():
            body -= self.mean
        if (self.scale != 1).any():
            body /= self.scale
        if self.intercept:
            columns[:, -1] = 1.0
        return columns

    @property
    def contrasts(self) -> Floats:
        """The matrix that turns coefficients of these columns into those of the columns as given, intercept first."""
        p = len(self.mean)
        plain = np.diag(1 / self.scale)
        if not self.intercept:
            return plain
        return np.vstack([np.concatenate([-self.mean / self.scale, [1.0]]), np.hstack([plain, np.zeros((p, 1))])])


def make_columns(design: Design, *, intercept: bool) -> Columns:
    """Return the columns ready for passes over them; where they are few, they are made once and kept."""
    mean, spread = moments(design.values)
    scale = spread
    if np.all(np.abs(mean) < FAR * spread) and np.all((spread < FAR) & (spread > 1 / FAR)):
        mean, scale = np.zeros(len(mean)), np.ones(len(mean))
    columns = Columns(design, intercept, mean, scale, spread)
    if design.values.size > FEW_VALUES:
        return columns
    return Columns(design, intercept, mean, scale, spread, columns.part(slice(0, design.n)))


def read_column(values: npt.ArrayLike, name: str, n: int | None) -> Floats:
    """Return one column of n numbers. Raises ValueError for another length or missing values."""
    array = np.asarray(values, dtype=float)
    if array.ndim != 1 or (n is not None and len(array) != n):
        raise ValueError(f"{name} has shape {array.shape}; expected ({'n' if n is None else n},)")
    if not np.isfinite(array.sum()) and (bad := int((~np.isfinite(array)).sum())):
        raise ValueError(f"{bad} values of {name} are missing or infinite; expected numbers")
    return array


def matched(design: DesignLike, names: tuple[str, ...]) -> Design:
    """Return the columns in the order of a fit; a frame may hold others too. Raises ValueError for missing ones."""
    if isinstance(design, pd.DataFrame):
        missing = [name for name in names if name not in design.columns]
        if missing:
            raise ValueError(f"the columns {', '.join(missing)} are missing; expected those of the fit")
        return read_design(design[list(names)])
    found = read_design(design)
    if found.names != names:
        raise ValueError(f"the columns are {', '.join(found.names)}; expected those of the fit: {', '.join(names)}")
    return found


def linear_predictor(design: Design, beta: Floats, means: Floats | None = None) -> Floats:
    """Return the columns, less their ``means``, times ``beta`` (n).

    It adds column by column, so that equal rows get equal values to the last bit: they then are ties in any ranking.
    """
    found = np.zeros(design.n)
    shift = np.zeros(len(beta)) if means is None else means
    for rows in chunks(design.n):
        for j, value in enumerate(beta):
            found[rows] += (design.values[rows, j] - shift[j]) * value
    return found


def moments(values: npt.NDArray[np.floating]) -> tuple[Floats, Floats]:
    """Return mean and standard deviation by column, summed in double precision; 1 where a column is constant.

    Of many rows a part is enough for what they are used for: to see which columns lie far from zero.
    """
    if len(values) > 4 * MOMENT_ROWS:
        mean, spread = moments(values[:: len(values) // MOMENT_ROWS])
        rare = np.flatnonzero(spread == 1.0)  # constant in this part
        for j in rare:
            mean[j], exact = values[:, j].mean(dtype=np.float64), float(values[:, j].std(dtype=np.float64))
            spread[j] = exact if exact > 1e-6 * abs(mean[j]) else 1.0
        return mean, spread
    n, p = values.shape
    shift = values[0].astype(np.float64) if n else np.zeros(p)
    total, square = np.zeros(p), np.zeros(p)
    for part in chunks(n):
        rows = values[part].astype(np.float64)
        rows -= shift
        total += rows.sum(axis=0)
        square += np.einsum("ij,ij->j", rows, rows)
    mean = total / max(n, 1)
    variance = np.maximum(square / max(n, 1) - mean**2, 0.0)
    tiny = variance <= 1e-12 * (np.abs(shift) + np.abs(mean)) ** 2
    return mean + shift, np.where(tiny | (variance == 0), 1.0, np.sqrt(variance))


def chunks(n: int, size: int = CHUNK) -> Iterator[slice]:
    """Cut n rows into slices."""
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


def dependent_column(information: Floats, scale: Floats, *, least: float = DEPENDENT) -> tuple[int, list[int]] | None:
    """Return the first column that adds nothing to those before it, and the columns it depends on; None if all do add.

    ``information`` (p, p) is the matrix of cross-products of the columns, freed of intercept, levels or risk sets;
    ``scale`` (p) its diagonal before that. A column that is constant within them depends on no other. ``least`` is the
    share of its variance that a column must have to itself.
    """
    diagonal = np.diag(information)
    for j in range(len(information)):
        if diagonal[j] <= least * scale[j]:
            return j, []
        if not j:
            continue
        root = np.sqrt(diagonal[: j + 1])
        correlation = information[: j + 1, : j + 1] / np.outer(root, root)
        weights = np.linalg.solve(correlation[:j, :j], correlation[:j, j])
        if 1 - correlation[:j, j] @ weights <= least:
            return j, [int(k) for k in np.flatnonzero(np.abs(weights) > 1e-6)]
    return None


def separated_columns(start: Floats, end: Floats) -> list[int]:
    """Return the columns whose combination has lost its information on the way from the start to the end of a fit.

    Where columns separate those with the event from those without, the coefficients run to infinity while likelihood
    and information go to their limits, so that the fit seems to have converged: some combination of the columns then
    has almost no information left of what it had. Both matrices (p, p) are freed of intercept, levels or risk sets.
    """
    share, along = information_left(start, end)
    return [int(k) for k in np.flatnonzero(along > 0.1 * along.max())] if share < SEPARATED else []


def information_left(start: Floats, end: Floats) -> tuple[float, Floats]:
    """Return the smallest share of its information that any combination of columns has left, and its weights (p)."""
    if not len(start):
        return 1.0, np.zeros(0)
    size = np.sqrt(np.diag(start))
    root = np.linalg.cholesky(start / np.outer(size, size))
    half = np.linalg.solve(root, end / np.outer(size, size))
    values, vectors = np.linalg.eigh(np.linalg.solve(root, half.T))
    return float(values[0]), np.abs(np.linalg.solve(root.T, vectors[:, 0]))


def block_sums(index: npt.NDArray[np.integer], weight: Floats, rows: Floats, size: int) -> Floats:
    """Return the weighted sums (size, p) of the rows (n, p) that share an index."""
    from scipy.sparse import csc_array  # a tenth of a second that those who only draw curves need not wait

    starts = np.arange(len(index) + 1, dtype=index.dtype)
    return np.asarray(csc_array((weight, index, starts), shape=(size, len(index))) @ rows)


def add_block_sums(total: Floats, index: npt.NDArray[np.integer], weight: Floats, rows: Floats) -> None:
    """Add the weighted rows (n, p) to the places of ``total`` (size, p) that they belong to; no loop over either."""
    if len(total) <= max(CHUNK // 4, 2 * len(index)):
        total += block_sums(index, weight, rows, len(total))
    elif len(index):  # with many places only those that the rows touch
        touched, inverse = np.unique(index, return_inverse=True)
        total[touched] += block_sums(inverse, weight, rows, len(touched))
