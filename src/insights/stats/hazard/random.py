"""A random intercept for one grouping in a discrete-time hazard, by the Laplace approximation."""

import math
from dataclasses import replace

import numpy as np

from insights.stats.hazard.newton import Fitted, fit, solve
from insights.stats.hazard.rows import HazardRows, Parameters, Part
from insights.stats.inputs import Floats

SMALLEST_SD, LARGEST_SD = 0.005, 5.0


def fit_random(rows: HazardRows, start: Parameters) -> tuple[Fitted, float]:
    """Return the fit at the standard deviation of the group effects that the data make most likely, and that.

    For each standard deviation, coefficients, levels and group effects maximise the likelihood times the normal density
    of the effects; the standard deviation maximises the Laplace approximation of what is left when all of them are
    integrated out (restricted likelihood, flat in coefficients and levels). A standard deviation at the lower end of
    the search (0.005) is returned as 0: the groups then differ no more than by chance. Groups with few events each make
    the approximation too small; with ten events or more in most groups the error is small. At the end coefficients and
    levels move from their joint maximum with the effects to that of the approximation.

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
    found = _towards_marginal(rows, fit(rows, last[-1].at if last else start, variance), variance)
    sd = math.sqrt(variance)
    return found, 0.0 if sd < 2 * SMALLEST_SD else sd


def restricted(found: Fitted, variance: float) -> float:
    """Return the Laplace approximation of the restricted log-likelihood, up to a constant."""
    effect: Floats = found.at.effect
    penalty = float(np.sum(effect**2)) / (2 * variance) + len(effect) * math.log(variance) / 2
    return found.loglik - penalty - found.log_determinant / 2


def _towards_marginal(rows: HazardRows, found: Fitted, variance: float) -> Fitted:
    """Move coefficients and levels from the joint maximum with the effects to that of the Laplace approximation.

    The joint maximum takes the effects at their modes, which lie below their means by about half their variance given
    the data, and the intercept makes up for it. The score of -log|information of the effects| / 2, with the effects
    following the coefficients, is linear in the rows: each adds -(w' - w v W') v / 2 times its columns, where w is its
    weight, w' the derivative of that by the predictor, W' their sum in the group and v the variance of the effect.
    One step of Fisher scoring suffices: the next would be smaller by the squared standard error.
    """
    assert rows.group is not None
    v = 1 / (found.blocks.effect + 1 / variance)
    bend = np.zeros(rows.group.size)
    for part in rows.parts(found.at):
        bend += np.bincount(rows.group.codes[part.rows], _bend(part, rows.link), rows.group.size)
    score, level_score = np.zeros_like(found.at.beta), np.zeros_like(found.at.level)
    for part in rows.parts(found.at):
        codes = rows.group.codes[part.rows]
        pull = -(_bend(part, rows.link) - part.weight * (v * bend)[codes]) * v[codes] / 2
        score += pull @ part.columns
        if rows.period is not None:
            level_score += np.bincount(rows.period.codes[part.rows], pull, rows.period.size)
    blocks = replace(found.blocks, score=score, level_score=level_score, effect_score=found.at.effect / variance)
    change = solve(blocks, found.at, variance).change
    at = Parameters(found.at.beta + change.beta, found.at.level + change.level, found.at.effect + change.effect)
    return replace(found, at=at, blocks=rows.blocks(at))


def _bend(part: Part, link: str) -> Floats:
    """Return the derivative of each row's Fisher weight by its linear predictor."""
    if link == "logit":
        return np.asarray(part.weight * (1 - 2 * part.hazard))
    odds = -np.log1p(-np.minimum(part.hazard, 1 - 1e-16))
    return np.asarray(part.weight * (2 - odds - odds * (1 - part.hazard) / part.hazard))
