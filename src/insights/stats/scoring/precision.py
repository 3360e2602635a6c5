"""Average precision: the area under the curve of precision and recall, for rows that belong to weighted units."""

import numpy as np
import numpy.typing as npt

from insights.stats.inputs import Floats

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
