"""Rows for a mixture: numbers drawn in at the ends and put on one scale, ordered answers as codes with scores."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from insights.stats.inputs import Floats, Ints, read_numbers

REACH = 3.5
"""Numbers further than so many robust standard deviations from the median count as if they were there."""
ROUGH = 0.4
"""A class is never narrower than this part of the unit that a number is rounded to: its density is then at most that
of a class that holds this one value, so that rounding alone makes no class."""
NARROWEST = 0.05
"""Nor is it narrower than this part of the spread of all."""
MISSING = -1


@dataclass(frozen=True)
class Scale:
    """How a number is put on the common scale: clipped to ``low`` and ``high``, less ``middle``, over ``spread``.

    ``unit`` is what the number is rounded to (0: not), on its own scale.
    """

    middle: float
    spread: float
    low: float
    high: float
    unit: float

    def apply(self, values: Floats) -> Floats:
        """Return values (n) on the common scale; nan stays nan."""
        return (np.clip(values, self.low, self.high) - self.middle) / self.spread

    @property
    def floor(self) -> float:
        """The least standard deviation of a class on the common scale."""
        return max(ROUGH * self.unit / self.spread, NARROWEST)


@dataclass(frozen=True)
class MixtureRows:
    """Units (n) with numbers ``x`` (n, p; nan where missing) on a common scale and ordered ``codes`` (n, m).

    ``names`` and ``scales`` (p) of the numbers, ``answers`` (m) and ``levels`` (m: the values in their order) of the
    ordered ones; codes are 0, 1, ... in that order and -1 where missing. ``cuts`` (m: levels - 1) and ``scores``
    (m: levels) are the bounds and the means of the levels if a standard normal lay behind them.
    """

    x: Floats = field(repr=False)
    codes: Ints = field(repr=False)
    names: tuple[str, ...]
    scales: tuple[Scale, ...]
    answers: tuple[str, ...]
    levels: tuple[tuple[float, ...], ...]
    cuts: tuple[Floats, ...]
    scores: tuple[Floats, ...]

    @property
    def n(self) -> int:
        """Number of units."""
        return len(self.x)

    @property
    def floors(self) -> Floats:
        """The least standard deviation of a class in each number (p)."""
        return np.array([scale.floor for scale in self.scales])

    @property
    def complete(self) -> npt.NDArray[np.bool_]:
        """Of whom nothing is missing (n)."""
        return np.asarray(~np.isnan(self.x).any(axis=1) & (self.codes >= 0).all(axis=1))

    @property
    def scored(self) -> Floats:
        """The scores of the ordered answers (n, m), 0 where missing."""
        found = np.zeros(self.codes.shape)
        for j, scores in enumerate(self.scores):
            known = self.codes[:, j] >= 0
            found[known, j] = scores[self.codes[known, j]]
        return found

    def take(self, rows: npt.NDArray[np.bool_] | Ints) -> "MixtureRows":
        """Return some of the units on the same scales."""
        return replace(self, x=self.x[rows], codes=self.codes[rows])

    def others(self, numbers: Mapping[str, npt.ArrayLike], ordered: Mapping[str, npt.ArrayLike]) -> "MixtureRows":
        """Return other units on the scales of these; a level that these do not have counts as the nearest one."""
        n = len(np.asarray(next(iter({**numbers, **ordered}.values()))))
        x, codes = np.empty((n, len(self.names))), np.empty((n, len(self.answers)), dtype=np.int64)
        for k, (name, scale) in enumerate(zip(self.names, self.scales, strict=True)):
            x[:, k] = scale.apply(np.asarray(numbers[name], dtype=float))
        for j, (name, levels) in enumerate(zip(self.answers, self.levels, strict=True)):
            codes[:, j] = _nearest(np.asarray(ordered[name], dtype=float), np.array(levels))
        return replace(self, x=x, codes=codes)


def mixture_rows(numbers: Mapping[str, npt.ArrayLike], ordered: Mapping[str, npt.ArrayLike]) -> MixtureRows:
    """Return units with their numbers and ordered answers, each of length n; nan where one is missing.

    A number is clipped at ``REACH`` robust standard deviations (interquartile range / 1.349) around its median, so that
    a few extreme units make no class of their own, and standardised by the same; take logs of what is skewed before.
    The unit it is rounded to is found from its values. Of an ordered answer only the order of its levels counts.

    Raises ValueError for lengths that differ, fewer than two units, a number without spread, and infinite values.
    """
    columns = {name: np.asarray(v, dtype=float) for name, v in {**numbers, **ordered}.items()}
    sizes = {v.shape for v in columns.values()}
    if len(sizes) != 1 or len(next(iter(sizes))) != 1:
        raise ValueError(f"the columns have shapes {sorted(sizes)}; expected one length for all")
    scales = tuple(_scale(columns[name], name) for name in numbers)
    levels, cuts, scores, codes = [], [], [], []
    for name in ordered:
        known = columns[name][~np.isnan(columns[name])]
        own, count = np.unique(read_numbers(known, name), return_counts=True)
        if len(own) < 2:
            raise ValueError(f"{name} has the same level for all; expected two or more")
        below = np.cumsum(count)[:-1] / count.sum()
        cut = ndtri(below)
        density = np.concatenate([[0.0], np.exp(-0.5 * cut**2) / np.sqrt(2 * np.pi), [0.0]])
        levels.append(tuple(float(v) for v in own))
        cuts.append(cut)
        scores.append((density[:-1] - density[1:]) / np.diff(np.concatenate([[0.0], below, [1.0]])))
        codes.append(_nearest(columns[name], own))
    n = next(iter(sizes))[0]
    x = [scale.apply(columns[name]) for name, scale in zip(numbers, scales, strict=True)]
    return MixtureRows(
        np.stack(x, axis=1) if x else np.empty((n, 0)),
        np.stack(codes, axis=1) if codes else np.empty((n, 0), dtype=np.int64),
        tuple(numbers),
        scales,
        tuple(ordered),
        tuple(levels),
        tuple(cuts),
        tuple(scores),
    )


def _scale(values: Floats, name: str) -> Scale:
    known = read_numbers(values[~np.isnan(values)], name)
    if len(known) < 2:
        raise ValueError(f"{name} is known of {len(known)} units; expected two or more")
    low, middle, high = np.quantile(known, [0.25, 0.5, 0.75])
    spread = float(high - low) / 1.349
    spread = spread if spread > 0 else float(known.std())
    if not spread > 0:
        raise ValueError(f"{name} has no spread; expected numbers that differ")
    return Scale(float(middle), spread, float(middle - REACH * spread), float(middle + REACH * spread), _unit(known))


def _unit(known: Floats) -> float:
    """Return what the numbers are rounded to: the least step between their values, if they repeat; else 0."""
    found = np.unique(known)
    if len(found) < 2 or len(found) > len(known) / 4:
        return 0.0
    return float(np.diff(found).min())


def _nearest(values: Floats, levels: Floats) -> Ints:
    known = ~np.isnan(values)
    found = np.full(len(values), MISSING, dtype=np.int64)
    middle = (levels[1:] + levels[:-1]) / 2
    found[known] = np.searchsorted(middle, values[known], side="right")
    return found


def normal_shares(cuts: Floats) -> Floats:
    """Return the chance of each level between these bounds of a standard normal."""
    return np.diff(np.concatenate([[0.0], ndtr(cuts), [1.0]]))
