"""Ordered answers by class: one scale with common bounds between its levels, on which each class has a place."""

import numpy as np
from scipy.special import ndtr

from insights.stats.inputs import Floats

PRIOR = 0.5
"""So many units with the shares of all are added to each class: a class in one level alone has a finite place."""
LEAST = 1e-10


def level_chances(cuts: Floats, place: Floats) -> Floats:
    """Return the chance of each level (K, J) of classes at these places (K), with bounds (J - 1) between the levels."""
    below = np.zeros((len(place), len(cuts) + 2))
    below[:, 1:-1] = ndtr(cuts[None, :] - place[:, None])
    below[:, -1] = 1.0
    return np.maximum(below[:, 1:] - below[:, :-1], LEAST)


def fit_places(counts: Floats, cuts: Floats, place: Floats, steps: int = 2) -> tuple[Floats, Floats]:
    """Return bounds (J - 1) and places (K; that of the first class is 0) nearer to the maximum for counts (K, J).

    A class is a standard normal around its place, cut at the common bounds (ordered probit). A few steps of Fisher
    scoring from the values given, each only as far as the likelihood rises.
    """
    counts = counts + PRIOR * counts.sum(axis=0) / max(counts.sum(), LEAST)
    best = _loglik(counts, cuts, place)
    for _ in range(steps):
        step = _scoring_step(counts, cuts, place)
        size = 1.0
        while size > 1e-3:
            new_cuts, new_place = cuts + size * step[: len(cuts)], place.copy()
            new_place[1:] += size * step[len(cuts) :]
            if (new_cuts[1:] > new_cuts[:-1]).all() and (value := _loglik(counts, new_cuts, new_place)) >= best:
                cuts, place, best = new_cuts, new_place, value
                break
            size /= 2
    return cuts, place


def _loglik(counts: Floats, cuts: Floats, place: Floats) -> float:
    return float((counts * np.log(level_chances(cuts, place))).sum())


def _scoring_step(counts: Floats, cuts: Floats, place: Floats) -> Floats:
    k, j = counts.shape
    bounds = j - 1
    chance = level_chances(cuts, place)
    density = np.exp(-0.5 * (cuts[None, :] - place[:, None]) ** 2) / np.sqrt(2 * np.pi)
    slope = np.zeros((k, j, bounds + k - 1))
    at = np.arange(bounds)
    slope[:, at, at] = density
    slope[:, at + 1, at] = -density
    ends = np.zeros((k, j + 1))
    ends[:, 1:-1] = density
    rows = np.arange(1, k)
    slope[rows, :, bounds + rows - 1] = -(ends[1:, 1:] - ends[1:, :-1])
    share = (slope / chance[:, :, None]).reshape(k * j, -1)
    score = counts.ravel() @ share
    information = share.T @ (share * (counts.sum(axis=1)[:, None] * chance).ravel()[:, None])
    information[np.diag_indices_from(information)] += 1e-8 * max(counts.sum(), 1.0)
    return np.asarray(np.linalg.solve(information, score))
