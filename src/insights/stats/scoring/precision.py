"""Average precision: the area under the curve of precision and recall, for rows that belong to weighted units."""

import numpy as np
import numpy.typing as npt

from insights.stats.inputs import Floats

Ints = npt.NDArray[np.int64]
SOURCE = "Davis & Goadrich (2006); Boyd, Eng & Page (2013)"
Bools = npt.NDArray[np.bool_]


def average_precision(score: Floats, came: Bools, unit: npt.NDArray[np.int64], weights: np.ndarray) -> np.ndarray:
    """Return the average precision (R) of a score (n) for weights (m, R) of units; ties count as one step.

    ``came`` (n) says of which rows it came true, ``unit`` (n) whose each row is; a score of nan is left out. It is the
    mean, over what came, of the share that came among the rows with this score or a higher one.
    """
    told = np.flatnonzero(~np.isnan(score))
    order = told[np.argsort(-score[told], kind="stable")]
    ends = np.flatnonzero(np.append(np.diff(score[order]) != 0, True)) if len(order) else np.zeros(0, dtype=int)
    # Steps in which nothing came add nothing: rows between two that came are summed at once.
    steps = np.zeros(len(order), dtype=np.int64)
    steps[ends[:-1] + 1] = 1
    step = np.cumsum(steps)
    hit = np.zeros(len(ends), dtype=bool)
    hit[step[came[order]]] = True
    last = ends[hit]
    if not len(last):
        return np.full(weights.shape[1], np.nan)
    starts = np.concatenate([[0], last[:-1] + 1])
    own = weights[unit[order[: last[-1] + 1]]]
    every = np.cumsum(np.add.reduceat(own, starts, axis=0), axis=0)
    own *= came[order[: last[-1] + 1], None]
    yes = np.add.reduceat(own, starts, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(every > 0, np.cumsum(yes, axis=0) / every, 0.0)
        return np.asarray((precision * yes).sum(axis=0) / yes.sum(axis=0))


def average_precision_at(score: Floats, came: Floats, unit: Ints, occasion: Ints, first: int) -> tuple[Ints, Floats]:
    """Return whose (m) something came true, and the average precision (m) of the ``first`` ranks of each occasion.

    ``score``, ``came`` (0 or 1), ``unit`` and ``occasion`` (n each): the rows of one unit and occasion are ranked by
    score; those of the same score stand in the order of a fixed lot, and one of nan comes last. The average precision
    is the mean, over what came (at most ``first``), of the share that came up to each rank; what ranks lower counts as
    0. Occasions in which nothing came are left out.
    """
    if not len(score):
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    lot = np.random.default_rng(len(score)).random(len(score))
    order = np.lexsort((lot, -np.nan_to_num(score, nan=-np.inf), unit, occasion))
    unit, occasion, came = unit[order], occasion[order], came[order]
    begins = np.flatnonzero(np.append(True, (np.diff(unit) != 0) | (np.diff(occasion) != 0)))
    size = np.diff(np.append(begins, len(unit)))
    rank = np.arange(len(unit)) - np.repeat(begins, size) + 1
    every = np.cumsum(came)
    hits = every - np.repeat(every[begins] - came[begins], size)
    total = np.add.reduceat(came, begins)
    reached = np.add.reduceat(np.where(rank <= first, came * hits / rank, 0.0), begins)
    some = total > 0
    return unit[begins][some], np.asarray(reached[some] / np.minimum(total[some], first))
