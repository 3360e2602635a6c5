"""Counts on the scale of a standard normal variable, so that charts for normal values can watch them."""

import numpy as np
import numpy.typing as npt

from insights.stats.inputs import Floats

SOURCE = "Dunn & Smyth (1996), Randomized quantile residuals; here with the middle of each step instead of chance"


def count_scores(count: npt.ArrayLike, expected: npt.ArrayLike) -> Floats:
    """Return the normal quantile (n) at the middle of each count's step of the Poisson distribution.

    count (n): whole numbers >= 0; expected (n) > 0. With Poisson counts the scores have mean 0 and an sd of 0.9 to 1
    (a little less where few are expected); counts that vary more have a larger sd. Raises ValueError otherwise.
    """
    x, mean = np.asarray(count, dtype=float), np.asarray(expected, dtype=float)
    if (x < 0).any() or not (mean > 0).all():
        raise ValueError("a count is negative, or nothing is expected; expected counts >= 0 and expectations > 0")
    from scipy.special import gammaln, ndtri, pdtr, pdtrc  # half a second that those who score no counts need not wait

    half = 0.5 * np.exp(x * np.log(mean) - mean - gammaln(x + 1))
    above, below = pdtrc(x, mean) + half, pdtr(x, mean) - half
    # From the nearer tail, so that a far count keeps its distance.
    high = -ndtri(np.clip(above, 1e-300, 1.0))
    return np.asarray(np.where(above < 0.5, high, ndtri(np.clip(below, 1e-300, 1.0))))


def score_of_rise(expected: float, rise: float) -> float:
    """Return the mean score of counts that are ``rise`` times as many as expected."""
    mean = rise * expected
    x = np.arange(int(mean + 12 * np.sqrt(mean) + 20))
    from scipy.special import gammaln

    chance = np.exp(x * np.log(mean) - mean - gammaln(x + 1))
    return float(chance @ count_scores(x, np.full(len(x), expected)) / chance.sum())
