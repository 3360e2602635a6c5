"""Where the middle of skewed values lies: the trimmed mean and the median, to be set beside the mean."""

import math

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit
from scipy.stats import beta

from insights.stats.inputs import Floats, check_level
from insights.stats.intervals import normal_quantile
from insights.stats.results import Estimate, NotEstimable

SOURCE = "Tukey & McLaughlin (1963); Harrell & Davis (1982); Maritz & Jarrett (1978)"
FEWEST = 20


def trimmed_mean(
    values: npt.ArrayLike, trim: float = 0.05, *, unit: str = "", level: float = 0.95
) -> Estimate | NotEstimable:
    """Return the mean without the lowest and the highest ``trim`` of the values (n), with its interval.

    Standard error from the winsorised variance, Student's interval with the degrees of freedom of what is left (Tukey
    & McLaughlin). It is the mean of the middle of the values, not of all of them: of skewed ones it is another number.
    NotEstimable below 20 values; ValueError for a ``trim`` outside 0 to 0.5.
    """
    x = np.sort(_read(values, level))
    if not 0 <= trim < 0.5:
        raise ValueError(f"trim is {trim}; expected a share from 0 to below 0.5 of each end")
    n = len(x)
    if n < FEWEST:
        return NotEstimable(f"{n} values are too few; {FEWEST} are needed")
    cut = int(trim * n)
    value = float(x[cut : n - cut].mean())
    spread = float(np.clip(x, x[cut], x[n - cut - 1]).std(ddof=1))
    se = spread / ((1 - 2 * cut / n) * math.sqrt(n))
    half = float(stdtrit(n - 2 * cut - 1, (1 + level) / 2)) * se
    return Estimate(value, value - half, value + half, unit, n, None, level, se)


def smooth_median(values: npt.ArrayLike, *, unit: str = "", level: float = 0.95) -> Estimate | NotEstimable:
    """Return the median of values (n) as a weighted mean of all order statistics (Harrell & Davis).

    No single value decides it, so it is nobody's own value; standard error after Maritz & Jarrett, normal interval.
    NotEstimable below 20 values.
    """
    x = np.sort(_read(values, level))
    n = len(x)
    if n < FEWEST:
        return NotEstimable(f"{n} values are too few; {FEWEST} are needed")
    edges = beta.cdf(np.arange(n + 1) / n, (n + 1) / 2, (n + 1) / 2)
    weight = np.diff(edges)
    value = float(weight @ x)
    se = math.sqrt(max(float(weight @ (x - value) ** 2), 0.0))
    half = normal_quantile(level) * se
    return Estimate(value, value - half, value + half, unit, n, None, level, se)


def _read(values: npt.ArrayLike, level: float) -> Floats:
    check_level(level)
    x = np.asarray(values, dtype=float)
    if x.ndim != 1 or not np.isfinite(x).all():
        raise ValueError("values must be numbers in one dimension; leave out what is not known")
    return x
