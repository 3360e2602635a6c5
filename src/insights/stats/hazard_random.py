"""A random intercept for one grouping in a discrete-time hazard, by the Laplace approximation."""

import math

import numpy as np

from insights.stats.hazard_newton import Fitted, fit
from insights.stats.hazard_rows import HazardRows, Parameters
from insights.stats.inputs import Floats

SMALLEST_SD, LARGEST_SD = 0.005, 5.0


def fit_random(rows: HazardRows, start: Parameters) -> tuple[Fitted, float]:
    """Return the fit at the standard deviation of the group effects that the data make most likely, and that.

    For each standard deviation, coefficients, levels and group effects maximise the likelihood times the normal density
    of the effects; the standard deviation maximises the Laplace approximation of what is left when all of them are
    integrated out (restricted likelihood, flat in coefficients and levels). A standard deviation at the lower end of
    the search (0.005) is returned as 0: the groups then differ no more than by chance. Groups with few events each make
    the approximation too small; with ten events or more in most groups the error is small.

    Source: Breslow & Clayton (1993), Approximate inference in generalized linear mixed models.
    """
    from scipy.optimize import minimize_scalar  # slow to import

    last: list[Fitted] = []

    def lost(log_sd: float) -> float:
        variance = math.exp(2 * log_sd)
        begin = last[-1].at if last else start
        found = fit(rows, begin, variance)
        if not found.moving:
            last[:] = [found]
        return -restricted(found, variance)

    bounds = (math.log(SMALLEST_SD), math.log(LARGEST_SD))
    best = float(minimize_scalar(lost, bounds=bounds, method="bounded", options={"xatol": 1e-4}).x)
    variance = math.exp(2 * best)
    found = fit(rows, last[-1].at if last else start, variance)
    sd = math.sqrt(variance)
    return found, 0.0 if sd < 2 * SMALLEST_SD else sd


def restricted(found: Fitted, variance: float) -> float:
    """Return the Laplace approximation of the restricted log-likelihood, up to a constant."""
    effect: Floats = found.at.effect
    penalty = float(np.sum(effect**2)) / (2 * variance) + len(effect) * math.log(variance) / 2
    return found.loglik - penalty - found.log_determinant / 2
