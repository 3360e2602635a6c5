"""The chance of an event within some periods where its hazard depends on a state that comes and goes."""

import numpy as np
import numpy.typing as npt

from insights.stats.inputs import Floats


def within(hazard: npt.ArrayLike, moves: npt.ArrayLike, state: npt.ArrayLike, periods: int) -> Floats:
    """Return the chance (n) that the event happens within so many periods.

    hazard (n, k): chance of the event in a period, by the state at its start. moves (k, k): chance to go from a state
    (row) to another (column) over a period without event; rows add up to 1. state (n): the state now, 0 to k - 1.

    Assumes that the next state depends on the present one only, and that all else stays as it is. Raises ValueError
    for chances outside 0 to 1 and rows that do not add up.
    """
    h, p, now = np.asarray(hazard, dtype=float), np.asarray(moves, dtype=float), np.asarray(state, dtype=np.int64)
    if h.ndim != 2 or p.shape != (h.shape[1],) * 2 or now.shape != (len(h),):
        raise ValueError(f"hazard {h.shape}, moves {p.shape}, state {now.shape}; expected (n, k), (k, k), (n,)")
    if not ((h >= 0) & (h <= 1)).all() or not ((p >= 0) & (p <= 1)).all() or not np.allclose(p.sum(axis=1), 1):
        raise ValueError("chances lie outside 0 to 1, or moves from a state do not add up to 1")
    if periods < 0:
        raise ValueError(f"periods is {periods}; expected 0 or more")
    quiet = np.ones(h.shape)
    for _ in range(periods):
        quiet = (1 - h) * (quiet @ p.T)
    return np.asarray(1 - quiet[np.arange(len(h)), now])
