"""A sample of parts of a sum, the larger with the greater chance, so that few of them tell what all do."""

import numpy as np
import numpy.typing as npt

from insights.stats.inputs import Floats, Ints

SOURCE = "Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, section 3.6"


def systematic_sample(size: npt.ArrayLike, n: int) -> tuple[Ints, Floats]:
    """Return the places of about ``n`` parts, chosen with probability proportional to their size (k), and weights.

    What is summed over the sample with its weights (one over the probability) estimates the sum over all. Parts so
    large that they would be chosen more than once are all taken, with weight 1. Systematic, in the order given, from
    the middle of the first step: the same sizes give the same sample. All parts, with weight 1, where there are no
    more than ``n``. ValueError for sizes that are negative or missing.
    """
    sizes = np.asarray(size, dtype=float)
    if not np.isfinite(sizes).all() or (sizes < 0).any():
        raise ValueError("a size is negative or missing; expected zero or more for each part")
    if len(sizes) <= n:
        return np.arange(len(sizes)), np.ones(len(sizes))
    sure = np.zeros(len(sizes), dtype=bool)
    while True:
        left = n - int(sure.sum())
        total = sizes[~sure].sum()
        if left <= 0 or total <= 0:
            break
        more = ~sure & (sizes * left >= total)
        if not more.any():
            break
        sure |= more
    left, rest = n - int(sure.sum()), np.flatnonzero(~sure)
    total = sizes[rest].sum()
    drawn = np.zeros(0, dtype=np.int64)
    if left > 0 and total > 0:
        marks = (np.arange(left) + 0.5) * total / left
        drawn = rest[np.searchsorted(np.cumsum(sizes[rest]), marks, side="left").clip(max=len(rest) - 1)]
    rows = np.union1d(np.flatnonzero(sure), drawn)
    weight = np.where(sure[rows], 1.0, total / np.maximum(left * sizes[rows], 1e-300))
    return rows.astype(np.int64), weight
