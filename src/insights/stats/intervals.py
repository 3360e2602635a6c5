"""Confidence intervals of probabilities and of mean times."""

from statistics import NormalDist

import numpy as np

from insights.stats.inputs import Floats


def normal_quantile(level: float) -> float:
    """Return z such that a standard normal variable lies within -z to z with probability ``level``."""
    return NormalDist().inv_cdf((1 + level) / 2)


def log_log(survival: Floats, se: Floats, n: Floats, level: float) -> tuple[Floats, Floats]:
    """Return the interval of a survival probability on the scale log(-log S), which keeps it within 0 and 1.

    ``survival``, ``se`` and ``n`` (the smallest number at risk so far) have the same length. On the edges the scale is
    infinite and the standard error 0, which would pretend to certainty. There the exact binomial bound stands instead:
    after no event among n the low end is (alpha/2)^(1/n); after all n have left, the high end is 1 - (alpha/2)^(1/n)
    or the high end before, whichever is lower.

    Kalbfleisch & Prentice (1980), The Statistical Analysis of Failure Time Data; Clopper & Pearson (1934).
    """
    inside = (survival > EDGE) & (survival < 1 - EDGE)
    log = np.log(np.where(inside, survival, 0.5))
    factor = np.exp(normal_quantile(level) * np.where(inside, se, 0.0) / (np.where(inside, survival, 0.5) * -log))
    bound = no_event_bound(n, level)
    low = np.where(inside, np.exp(log * factor), np.where(survival >= 1 - EDGE, bound, 0.0))
    high = np.where(inside, np.exp(log / factor), 1.0)
    # The value itself lies inside, also where rounding of the powers would put it a hair outside.
    low, high = np.minimum(low, survival), np.maximum(high, survival)
    for at in np.flatnonzero(survival <= EDGE)[:1]:
        high[at:] = min(1 - bound[at], high[at - 1] if at else 1.0)
    return low, high


EDGE = 1e-12
"""A probability this close to 0 or 1 is 0 or 1 up to rounding."""


def no_event_bound(n: Floats, level: float) -> Floats:
    """Return the exact low end of the probability of no event, where none of n units has had one."""
    return np.asarray(((1 - level) / 2) ** (1 / np.maximum(n, 1)))


def mean_time(mean: float, se: float, horizon: float, level: float) -> tuple[float, float]:
    """Return the normal interval of a mean time, cut at 0 and at the horizon."""
    half = normal_quantile(level) * se
    return max(0.0, mean - half), min(horizon, mean + half)
