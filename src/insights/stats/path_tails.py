"""How far a series may fall within some periods, from blocks of its past: what moves everything at once stays in it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from insights.stats.historical import Tail, tail_of
from insights.stats.inputs import Floats, check_level
from insights.stats.paths import FEWEST, block_places
from insights.stats.results import Estimate, NotEstimable

SOURCE = "Politis & Romano (1994), The stationary bootstrap"
DRAWS, RESAMPLES, DRAWS_EACH = 4_000, 200, 200


def path_tails(
    changes: npt.ArrayLike,
    horizons: Sequence[int],
    *,
    chance: float = 0.05,
    block: float = 6.0,
    level: float = 0.95,
    rng: np.random.Generator,
) -> dict[int, Tail] | NotEstimable:
    """Return the falls within so many periods that are exceeded with the given chance, as shares of today's total.

    changes (T): relative changes of a total from one period to the next (-0.02: two in a hundred less). A period is
    drawn whole, in blocks of a mean length of ``block`` periods, and changes are compounded: whatever moved the parts
    of the total together, and whatever goes on for a while, is in the result. A mean growth is taken out, so that no
    gain is counted on; a mean fall is left in.

    For one period the periods on record are all there is. Intervals come from resampling the record by the same blocks:
    they hold the chance of which periods happened to be on record. They are those of Student's t on the log scale, with
    as many degrees of freedom as there are blocks, less one. With 60 periods of heavy tails and some memory an interval
    of 95 % covers about 90 % of the time: a short record does not say how bad it can get.

    Assumes that the past is a stretch of what can come: a fall that is larger than any on record is never drawn in one
    period. NotEstimable below 24 periods. Raises ValueError for missing values, and falls below -1.
    """
    check_level(level)
    past = np.asarray(changes, dtype=float)
    if past.ndim != 1 or not np.isfinite(past).all() or (past < -1).any():
        raise ValueError(f"changes have shape {past.shape}, some missing or below -1; expected relative changes (T,)")
    if not horizons or min(horizons) < 1:
        raise ValueError(f"horizons are {list(horizons)}; expected numbers of periods, 1 or more")
    n = len(past)
    if n < FEWEST:
        return NotEstimable(f"{n} periods are too few to tell how far it may fall: {FEWEST} are needed")
    most = max(horizons)
    again = past[block_places(n, n, RESAMPLES, block, rng)]
    draws = block_places(n, most, RESAMPLES * DRAWS_EACH, block, rng).reshape(RESAMPLES, DRAWS_EACH, most)
    resampled = np.take_along_axis(_still(again), draws.reshape(RESAMPLES, -1), axis=1).reshape(draws.shape)
    fell = _falls(resampled, horizons)  # (resamples, draws, horizons)
    told = _falls(_still(past[None])[0][block_places(n, most, DRAWS, block, rng)], horizons)
    found = {}
    for k, periods in enumerate(horizons):
        own, others = (told[:, k], fell[:, :, k]) if periods > 1 else (-_still(past[None])[0], -_still(again))
        value = tail_of(own[:, None], chance)[:, 0]
        spread = _spread(tail_of(others.T, chance), n / block, level)
        limit, beyond = (
            Estimate(float(v), float(v / x), float(min(v * x, 1.0)), "share", n, None, level)
            for v, x in zip(value, spread, strict=True)
        )
        found[periods] = Tail(limit, beyond)
    return found


def _spread(resampled: Floats, blocks: float, level: float) -> Floats:
    """Return by what factor the limit and the mean beyond it (2) may be off, from resamples (2, R) of them."""
    from scipy.special import stdtrit  # slow to import

    if not (resampled > 0).all():  # in some resample nothing ever falls: the record hardly says how far it may
        resampled = np.maximum(resampled, resampled.max(axis=1, keepdims=True) / 1_000)
    half = float(stdtrit(max(blocks - 1, 1.0), (1 + level) / 2))
    return np.asarray(np.exp(half * np.log(np.maximum(resampled, 1e-12)).std(axis=1, ddof=1)))


def _still(changes: Floats) -> Floats:
    """Return changes (draws, T) without their mean growth."""
    return np.asarray(changes - np.maximum(changes.mean(axis=-1, keepdims=True), 0.0))


def _falls(changes: Floats, horizons: Sequence[int]) -> Floats:
    """Return by how much each path (..., periods) has fallen after so many periods (..., horizons)."""
    value = np.cumprod(np.maximum(1 + changes, 0.0), axis=-1)
    return np.asarray(1 - np.stack([value[..., h - 1] for h in horizons], axis=-1))
