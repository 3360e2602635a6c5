"""The chance of each client to be still there, month by month, as far as values are counted."""

from dataclasses import dataclass, replace

import numpy as np

from insights.models.exits.draws import DRAWS, Draws
from insights.models.exits.fit import CauseHazard
from insights.models.exits.hazards import ExitHazards
from insights.models.exits.rows import ExitRows
from insights.stats.coefficients import FEWEST_EVENTS
from insights.stats.hazard import HazardModel
from insights.stats.inputs import Floats

YEAR = 12
SIZE = "log2_assets"
MOST_ROWS = 250_000
"""Client-months that a tilt is learnt from: of more of them only some months are taken."""
MOST_TILT = 0.25
SEED_OF_SIZE = 19_970_107
AGEING = ("age_decades",)
"""Measures in decades that grow by themselves: who is 70 now is 75 in five years, and his hazards are those of 75."""


@dataclass(frozen=True)
class Tilt:
    """By what intensities are multiplied: exp(``level`` + ``slope`` x doublings of assets above ``centre``).

    ``error`` is what the slope may be off beyond what draws of the hazards hold (a standard deviation), and ``middle``
    the size of those who leave, at which it moves nothing.
    """

    level: float = 0.0
    slope: float = 0.0
    centre: float = 0.0
    error: float = 0.0
    middle: float = 0.0

    def of(self, rows: ExitRows) -> Floats:
        """Return the factor of each row (n)."""
        if SIZE not in rows.numeric or not self.slope:
            return np.ones(rows.n)
        size = np.nan_to_num(rows.numeric[SIZE].astype(float), nan=self.centre)
        return np.exp(np.clip(self.level + self.slope * (size - self.centre), -1.0, 1.0))

    def off(self, rows: ExitRows) -> Floats:
        """Return by what the error of the slope multiplies intensities (n, draws), mean 1; all have the same lots."""
        if SIZE not in rows.numeric or not self.error:
            return np.ones((rows.n, 1))
        lots = np.random.default_rng(SEED_OF_SIZE).standard_normal(DRAWS)
        size = np.nan_to_num(rows.numeric[SIZE].astype(float), nan=self.middle) - self.middle
        found = np.exp(np.clip(self.error * size[:, None] * lots, -1.0, 1.0))
        return np.asarray(found / found.mean(axis=1, keepdims=True))


def size_tilt(hazards: ExitHazards, known: ExitRows) -> Tilt:
    """Return how hazards must be tilted by size so that they agree with what is known: client-months, and who left.

    The effects of the hazards are shrunk for each client's sake, and reasons with few exits have the same hazard for
    everybody. Where the few large clients hold most of the money, both make too much money leave: a sum by money needs
    the effect of size as it was. Poisson regression of leaving on size, given what the hazards expect. No tilt where
    fewer than 50 left or sizes are not known.
    """
    if SIZE not in known.numeric:
        return Tilt()
    month = np.unique(known.month)
    every = max(1, -(-known.n // MOST_ROWS))
    rows = known.take(np.isin(known.month, month[::-1][::every]) & ~np.isnan(known.numeric[SIZE]))
    left = rows.cause > 0
    if left.sum() < FEWEST_EVENTS:
        return Tilt()
    expected = sum((model.path(rows, 1)[:, 0] for model in hazards.models.values()), np.zeros(rows.n))
    size = rows.numeric[SIZE].astype(float)
    centre = float(size.mean())
    x = np.column_stack([np.ones(rows.n), size - centre])
    beta = np.zeros(2)
    for _ in range(10):
        mean = expected * np.exp(x @ beta)
        step = np.linalg.lstsq(x.T @ (x * mean[:, None]), x.T @ (left - mean), rcond=None)[0]
        beta = beta + step
        if np.abs(step).max() < 1e-9:
            break
    mean = expected * np.exp(x @ beta)
    middle = float(mean @ size / mean.sum())
    error = max(float(mean @ (size - middle) ** 2), 1e-300) ** -0.5
    # With the tilt the effect of size is as before it was shrunken: draws of the hazards hold a part of its error.
    fitted = [model for model in hazards.models.values() if isinstance(model.model, HazardModel)]
    held = sum(model.shrink * model.events for model in fitted) / max(int(left.sum()), 1)
    own = error * float(np.sqrt(1 - min(held, 1.0) ** 2))
    return Tilt(float(beta[0]), float(np.clip(beta[1], -MOST_TILT, MOST_TILT)), centre, own, middle)


def intensities(
    hazards: ExitHazards, rows: ExitRows, months: int, doublings: Floats | None = None, tilt: Tilt | None = None
) -> Floats:
    """Return the intensity (n, months) with which clients leave, for whatever reason, in the months after a landmark.

    A client stays through a month with probability exp(-intensity). The first year is that of ``models.exits``. After
    it tenure, season and age go on, and so do assets: ``doublings`` (n, years) is by how many doublings they are
    expected to have grown when each year begins, if the client is still there. Whoever grows leaves less, or more: what
    is forecast to be held and the chance to be there depend on each other. ``tilt`` is that of ``size_tilt``. All else
    stays as known at the landmark, and counts as what is known longest ago counts there. Beyond the window that the
    hazards were fitted to this is an extrapolation.
    """
    total = np.zeros((rows.n, months))
    for model in hazards.models.values():
        first = min(YEAR, months)
        total[:, :first] += model.path(rows, first)
        far = model.ahead[-1] if model.ahead else model
        for start in range(YEAR, months, YEAR):
            width = min(YEAR, months - start)
            later = _older(rows, start, None if doublings is None else doublings[:, start // YEAR])
            total[:, start : start + width] += _alone(far).path(later, width)
    tilt = Tilt() if tilt is None else tilt
    for start in range(0, months, YEAR) if tilt.slope else ():
        later = _older(rows, start, None if doublings is None else doublings[:, start // YEAR])
        total[:, start : start + YEAR] *= tilt.of(later)[:, None]
    return total


def drawn_factors(
    hazards: ExitHazards, rows: ExitRows, rng: np.random.Generator, tilt: Tilt, level: ExitRows | None = None
) -> Floats:
    """Return by what the uncertainty of the coefficients multiplies each client's intensity (n, draws), mean 1.

    That of the first year: over further years the same factor is taken. In it is what the effect of size may be off
    (``tilt``): a book's worth hangs on the largest clients. ``level`` are the clients at whose mean the level of the
    hazards is drawn (default: these); with the same ones, and the same lots, draws are those of one world.
    """
    expected, drawn = np.zeros(rows.n), np.zeros((rows.n, DRAWS))
    draws = Draws(hazards.models, rows if level is None else level, rng)
    for name, model in hazards.models.items():
        expected += model.path(rows, YEAR).sum(axis=1)
        drawn += draws.cumulative(name, rows, YEAR)
    return np.asarray(drawn / np.maximum(expected, 1e-300)[:, None] * tilt.off(rows))


def _alone(model: CauseHazard) -> CauseHazard:
    return replace(model, ahead=())


def _older(rows: ExitRows, months: int, doublings: Floats | None) -> ExitRows:
    numeric = dict(rows.numeric)
    if doublings is not None and SIZE in numeric:
        numeric[SIZE] = (numeric[SIZE] + doublings).astype(np.float32)
    for name in AGEING:
        if name in numeric:
            numeric[name] = (numeric[name] + np.float32(months / 120)).astype(np.float32)
    return replace(
        rows,
        month=(rows.month + months).astype(np.int32),
        tenure=(rows.tenure + np.float32(months)).astype(np.float32),
        numeric=numeric,
    )
