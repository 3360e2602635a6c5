"""Intervals of the probability of a state."""

import numpy as np

from insights.stats.inputs import Band, Floats
from insights.stats.intervals import EDGE, log_log, no_event_bound, normal_quantile
from insights.stats.multistate.paths import Paths


def occupation_band(paths: Paths, k: int, level: float) -> Band:
    """Return the probability of state k, low, high and se by time (T); NaN where the curve has ended.

    A state that one can only leave declines like a survival, one that one can only enter grows like an incidence: their
    intervals are those of survival and incidence. In between, log(-log) has no sense of direction, and logit serves.
    """
    counts, value, se = paths.counts, paths.occupation[:, k].copy(), paths.se[:, k].copy()
    least = np.minimum.accumulate(counts.at_risk.sum(axis=1))
    leaves = bool((counts.pairs[:, 0] == k).any() or counts.at_risk[:, k].any())
    enters = bool((counts.pairs[:, 1] == k).any())
    if leaves and not enters:
        low, high = log_log(value, se, least, level)
    elif enters and not leaves:
        stay_low, stay_high = log_log(1 - value, se, least, level)
        low, high = np.minimum(1 - stay_high, value), np.maximum(1 - stay_low, value)
    else:
        low, high = _logit(value, se, 1 - no_event_bound(least, level), level)
    for column in (value, low, high, se):
        column[paths.shown :] = np.nan
    return value, low, high, se


def share_interval(value: float, se: float, room: float, level: float) -> tuple[float, float]:
    """Return the interval of one share; ``room`` is how far 0 or 1 may be from the truth after nothing was seen."""
    low, high = _logit(np.array([value]), np.array([se]), np.array([room]), level)
    return float(low[0]), float(high[0])


def _logit(value: Floats, se: Floats, room: Floats, level: float) -> tuple[Floats, Floats]:
    inside = (value > EDGE) & (value < 1 - EDGE)
    p = np.where(inside, value, 0.5)
    half = normal_quantile(level) * se / (p * (1 - p))
    odds = np.log(p / (1 - p))
    low = np.where(inside, 1 / (1 + np.exp(np.minimum(half - odds, 700))), np.where(value > 0.5, 1 - room, 0.0))
    high = np.where(inside, 1 / (1 + np.exp(np.minimum(-half - odds, 700))), np.where(value > 0.5, 1.0, room))
    return np.minimum(low, value), np.maximum(high, value)
