"""Whether values come from the distribution that they came from before: the population stability index."""

import numpy as np
import numpy.typing as npt

from insights.stats.inputs import Floats
from insights.stats.intervals import normal_quantile
from insights.stats.results import Estimate, NotEstimable

SOURCE = "Siddiqi (2006), ch. 10; sampling distribution: Yurdakul & Naranjo (2020), Journal of Risk Model Validation 14"
FEWEST = 50
HALF = 0.5
"""Added to every bin, so that an empty one does not make the index infinite."""


def stability_index(now: npt.ArrayLike, before: npt.ArrayLike, *, level: float = 0.99) -> Estimate | NotEstimable:
    """Return the population stability index of two histograms over the same bins (k), what chance adds taken off.

    The index is the sum over bins of (p - q) ln(p / q). Of samples from one distribution it is about
    (1/n + 1/m) chi-squared with k - 1 degrees of freedom, whose mean is taken off here (never below 0); the interval
    has the standard error of the delta method and that of the chi-squared together. By custom less than 0.1 is little
    and more than 0.25 much.

    Assumption: the values are independent. Where several come from one unit the interval is too narrow: ask that its
    lower end passes a bound that matters, not 0. NotEstimable with fewer than 50 values in one of the two, or one bin.
    Raises ValueError for counts below 0 or histograms of different length.
    """
    new, old = _counts(now), _counts(before)
    if len(new) != len(old):
        raise ValueError(f"the histograms have {len(new)} and {len(old)} bins; expected the same ones")
    used = (new + old) > 0
    new, old = new[used], old[used]
    n, m, k = float(new.sum()), float(old.sum()), len(new)
    if min(n, m) < FEWEST:
        return NotEstimable(f"{min(n, m):.0f} values are too few for a distribution; it needs {FEWEST}")
    if k < 2:
        return NotEstimable("all values lie in one bin")
    p, q = (new + HALF) / (n + HALF * k), (old + HALF) / (m + HALF * k)
    index = float(((p - q) * np.log(p / q)).sum())
    chance = 1 / n + 1 / m
    by_p, by_q = np.log(p / q) + 1 - q / p, -np.log(p / q) + 1 - p / q
    variance = _variance(p, by_p) / n + _variance(q, by_q) / m + 2 * (k - 1) * chance**2
    value = max(0.0, index - (k - 1) * chance)
    half = normal_quantile(level) * float(np.sqrt(variance))
    return Estimate(value, max(0.0, value - half), value + half, "index", int(n), None, level, float(np.sqrt(variance)))


def _variance(shares: Floats, slopes: Floats) -> float:
    return float((shares * slopes**2).sum() - (shares * slopes).sum() ** 2)


def _counts(values: npt.ArrayLike) -> Floats:
    counts = np.asarray(values, dtype=float)
    if counts.ndim != 1 or not (counts >= 0).all():
        raise ValueError(f"the histogram has shape {counts.shape}, or counts below 0; expected counts (k)")
    return counts
