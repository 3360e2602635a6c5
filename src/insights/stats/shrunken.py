"""Factors of groups on their expected numbers of events, drawn towards one as far as chance may have made them."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from insights.stats.inputs import Floats
from insights.stats.results import NotEstimable, TestResult

SOURCE = "Clayton & Kaldor (1987), Empirical Bayes estimates of age-standardized relative risks"
FEWEST_GROUPS = 20
LEAST, MOST = 1e-4, 10.0
"""Variances of the factors that are looked at."""


@dataclass(frozen=True)
class Shrunken:
    """Factors of groups, given their counts.

    ``variance`` is that of the factors, whose mean is 1; ``factor`` (groups) the mean of each one's posterior (a gamma
    distribution) and ``log_sd`` (groups) the standard deviation of its logarithm. ``test``: that the groups differ by
    chance alone (likelihood ratio; the variance cannot be negative, so half of its distribution lies at 0).
    """

    variance: float
    factor: Floats = field(repr=False)
    log_sd: Floats = field(repr=False)
    test: TestResult
    source: str = SOURCE


def shrunken_factors(observed: npt.ArrayLike, expected: npt.ArrayLike) -> Shrunken | NotEstimable:
    """Estimate by what factor each group has more or fewer events than expected.

    ``observed`` (groups) are counts, Poisson given the factor; ``expected`` (groups) those of a model whose total fits;
    the factors are gamma distributed with mean 1. Their variance maximises the marginal (negative binomial) likelihood.
    A group's factor is (observed + a) / (expected + a) with a = 1 / variance: without events expected it is 1.

    Assumes that the expected numbers are known: that they were fitted to the same events makes the variance a little
    too small where there are few groups. NotEstimable with fewer than 20 groups in which something was expected.

    Raises ValueError for lengths that differ and negative or missing numbers.
    """
    o, e = np.asarray(observed, dtype=float), np.asarray(expected, dtype=float)
    if o.ndim != 1 or o.shape != e.shape:
        raise ValueError(f"observed has shape {o.shape}, expected {e.shape}; expected one number each by group")
    if not (np.isfinite(o).all() and np.isfinite(e).all() and (o >= 0).all() and (e >= 0).all()):
        raise ValueError("numbers of events are negative or missing; expected counts")
    if (groups := int((e > 0).sum())) < FEWEST_GROUPS:
        return NotEstimable(f"{groups} groups are too few to tell how much they differ: {FEWEST_GROUPS} are needed")
    variance, gain = _most_likely(o, e)
    from scipy.special import chdtrc, polygamma  # slow to import

    p = 0.5 * float(chdtrc(1, 2 * gain)) if gain > 0 else 1.0
    test = TestResult("variation between groups", "the groups differ by chance alone", 2 * gain, 1.0, p)
    if variance == 0:
        return Shrunken(0.0, np.ones_like(e), np.zeros_like(e), test)
    a = 1 / variance
    return Shrunken(variance, (o + a) / (e + a), np.sqrt(polygamma(1, o + a)), test)


def _most_likely(o: Floats, e: Floats) -> tuple[float, float]:
    """Return the variance of the largest likelihood, and by how much its logarithm exceeds that without variance."""
    from scipy.optimize import minimize_scalar
    from scipy.special import gammaln

    none = float(o @ np.log(np.where(e > 0, e, 1.0)) - e.sum())

    def gain(log_variance: float) -> float:
        a = float(np.exp(-log_variance))
        told = gammaln(o + a) - gammaln(a) + a * np.log(a) - (o + a) * np.log(e + a)
        return float(told.sum() + o @ np.log(np.where(e > 0, e, 1.0))) - none

    found = minimize_scalar(lambda v: -gain(v), bounds=(np.log(LEAST), np.log(MOST)), method="bounded")
    best = -float(found.fun)
    return (float(np.exp(found.x)), best) if best > 0 and found.x > np.log(LEAST) + 0.01 else (0.0, 0.0)
