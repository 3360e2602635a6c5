"""The chance of each client to be still there, month by month, as far as values are counted."""

from dataclasses import replace

import numpy as np

from insights.models.exits.draws import DRAWS, Draws
from insights.models.exits.fit import CauseHazard
from insights.models.exits.hazards import ExitHazards
from insights.models.exits.rows import ExitRows
from insights.stats.inputs import Floats

YEAR = 12
AGEING = ("age_decades",)
"""Measures in decades that grow by themselves: who is 70 now is 75 in five years, and his hazards are those of 75."""


def intensities(hazards: ExitHazards, rows: ExitRows, months: int) -> Floats:
    """Return the intensity (n, months) with which clients leave, for whatever reason, in the months after a landmark.

    A client stays through a month with probability exp(-intensity). The first year is that of ``models.exits``. After
    it tenure, season and age go on; all else stays as known at the landmark, and counts as what is known longest ago
    counts there. Beyond the window that the hazards were fitted to this is an extrapolation.
    """
    total = np.zeros((rows.n, months))
    for model in hazards.models.values():
        first = min(YEAR, months)
        total[:, :first] += model.path(rows, first)
        far = model.ahead[-1] if model.ahead else model
        for start in range(YEAR, months, YEAR):
            width = min(YEAR, months - start)
            total[:, start : start + width] += _alone(far).path(_older(rows, start), width)
    return total


def drawn_factors(hazards: ExitHazards, rows: ExitRows, rng: np.random.Generator) -> Floats:
    """Return by what the uncertainty of the coefficients multiplies each client's intensity (n, draws), mean 1.

    That of the first year: over further years the same factor is taken.
    """
    expected, drawn = np.zeros(rows.n), np.zeros((rows.n, DRAWS))
    draws = Draws(hazards.models, rows, rng)
    for name, model in hazards.models.items():
        expected += model.path(rows, YEAR).sum(axis=1)
        drawn += draws.cumulative(name, rows, YEAR)
    return np.asarray(drawn / np.maximum(expected, 1e-300)[:, None])


def _alone(model: CauseHazard) -> CauseHazard:
    return replace(model, ahead=())


def _older(rows: ExitRows, months: int) -> ExitRows:
    numeric = dict(rows.numeric)
    for name in AGEING:
        if name in numeric:
            numeric[name] = (numeric[name] + np.float32(months / 120)).astype(np.float32)
    return replace(
        rows,
        month=(rows.month + months).astype(np.int32),
        tenure=(rows.tenure + np.float32(months)).astype(np.float32),
        numeric=numeric,
    )
