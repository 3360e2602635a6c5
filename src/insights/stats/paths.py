"""Paths of a series into the future, drawn from blocks of its past."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from insights.stats.inputs import Floats
from insights.stats.results import NotEstimable

SOURCE = "Politis & Romano (1994), The stationary bootstrap; means: Künsch (1989)"
FEWEST = 24
"""Periods of the past below which nothing is said about the spread of the future."""


@dataclass(frozen=True)
class Paths:
    """Paths of k series (draws, periods, k) in two parts that add up.

    ``mean`` (k) is that of the past; ``means`` (draws, k) what the mean may be, given that the past is one sample of
    blocks; ``swings`` (draws, periods, k) are the deviations from it, blocks of the past less its mean.
    """

    mean: Floats
    means: Floats
    swings: Floats = field(repr=False)
    source: str = SOURCE


def block_paths(
    past: npt.ArrayLike, periods: int, draws: int, *, block: float = 12.0, rng: np.random.Generator
) -> Paths | NotEstimable:
    """Draw paths of ``periods`` from a past (T,) or (T, k), the series of one period always together.

    Blocks begin anywhere in the past, with equal chances, go round its end, and have a geometric length with mean
    ``block`` periods: what follows on what inside a block stays. The mean of each draw is that of a resampled past of
    length T (not of the path), so that ``means`` spreads as the error of the mean does, and the swings of the path come
    on top.

    Assumes that the past is a stretch of what can come: a crash or a trend that it does not hold is never drawn, and
    one that it holds comes again as often. NotEstimable below 24 periods. Raises ValueError for missing values.
    """
    values = np.asarray(past, dtype=float)
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or not np.isfinite(values).all():
        raise ValueError(
            f"the past has shape {values.shape}, some missing or infinite; expected numbers (T,) or (T, k)"
        )
    if periods < 1 or draws < 1 or block < 1:
        raise ValueError(f"periods {periods}, draws {draws}, block {block}; expected at least 1 each")
    if len(values) < FEWEST:
        return NotEstimable(f"{len(values)} periods are too few to draw paths from: {FEWEST} are needed")
    mean = values.mean(axis=0)
    apart = values - mean
    means = mean + apart[block_places(len(values), len(values), draws, block, rng)].mean(axis=1)
    return Paths(mean, means, apart[block_places(len(values), periods, draws, block, rng)])


def block_places(
    length: int, periods: int, draws: int, block: float, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Return positions in the past (draws, periods): each follows the one before, or begins a new block."""
    fresh = rng.random((draws, periods)) < 1 / block
    fresh[:, 0] = True
    start = rng.integers(length, size=(draws, periods))
    at = np.where(fresh, np.arange(periods), 0)
    begun = np.maximum.accumulate(at, axis=1)
    found = np.take_along_axis(start, begun, axis=1) + np.arange(periods) - begun
    return np.asarray(found % length)
