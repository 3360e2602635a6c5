"""The likelihood of a discrete-time hazard, summed over rows in chunks so that memory does not grow with them.

The parameters are coefficients of the standardised columns and, where asked for, one level for each period and one
random effect for each group. Levels and random effects are never columns: their blocks of the information are diagonal.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from insights.stats.clustering import Way
from insights.stats.design import Columns, block_sums, chunks
from insights.stats.inputs import Floats


@dataclass(frozen=True)
class Parameters:
    """Coefficients (q) of the columns, the last one the intercept if there is one; levels (T); effects (J)."""

    beta: Floats
    level: Floats
    effect: Floats


@dataclass(frozen=True)
class Blocks:
    """Score and Fisher information at some parameters, and the log-likelihood; sums over rows by period or group."""

    loglik: float
    score: Floats  # (q)
    information: Floats  # (q, q)
    level_score: Floats  # (T)
    level: Floats  # (T)
    level_columns: Floats  # (T, q)
    effect_score: Floats  # (J)
    effect: Floats  # (J)
    effect_columns: Floats  # (J, q)
    level_effect: Floats  # (T, J)


@dataclass(frozen=True)
class Part:
    """A chunk of rows: standardised columns, and what the likelihood says of each row."""

    rows: slice
    columns: Floats  # (m, q)
    hazard: Floats
    score: Floats  # by row
    weight: Floats  # Fisher's, by row
    loglik: float


@dataclass(frozen=True)
class HazardRows:
    """Rows of a hazard: weighted events and trials; ``period`` and ``group`` are None where there are none.

    The columns have an intercept unless every period has a level of its own.
    """

    columns: Columns
    events: Floats
    trials: Floats
    link: str
    offset: Floats | None = None
    period: Way | None = None
    group: Way | None = None

    def predictor(self, rows: slice, columns: Floats, at: Parameters) -> Floats:
        """Return the linear predictor of some rows."""
        eta = columns @ at.beta
        if self.period is not None:
            eta += at.level[self.period.codes[rows]]
        if self.group is not None:
            eta += at.effect[self.group.codes[rows]]
        if self.offset is not None:
            eta += self.offset[rows]
        return np.asarray(eta)

    def parts(self, at: Parameters) -> Iterator[Part]:
        """Go through the rows in chunks."""
        for rows in chunks(self.columns.design.n):
            columns = self.columns.part(rows)
            eta = self.predictor(rows, columns, at)
            yield Part(rows, columns, *likelihood(eta, self.events[rows], self.trials[rows], self.link))

    def blocks(self, at: Parameters) -> Blocks:
        """Return score and information in one pass over the rows."""
        q, t, j = len(at.beta), len(at.level), len(at.effect)
        loglik, score, information = 0.0, np.zeros(q), np.zeros((q, q))
        levels, effects = (np.zeros(t), np.zeros(t), np.zeros((t, q))), (np.zeros(j), np.zeros(j), np.zeros((j, q)))
        crossed = np.zeros((t, j))
        for part in self.parts(at):
            loglik += part.loglik
            score += part.score @ part.columns
            weighted = part.columns * np.sqrt(part.weight)[:, None]
            information += weighted.T @ weighted
            for way, sums in ((self.period, levels), (self.group, effects)):
                if way is not None:
                    codes = way.codes[part.rows]
                    sums[0][:] += np.bincount(codes, part.score, way.size)
                    sums[1][:] += np.bincount(codes, part.weight, way.size)
                    sums[2][:] += block_sums(codes, part.weight, part.columns, way.size)
            if self.period is not None and self.group is not None:
                cell = self.period.codes[part.rows] * j + self.group.codes[part.rows]
                crossed += np.bincount(cell, part.weight, t * j).reshape(t, j)
        return Blocks(loglik, score, information, *levels, *effects, crossed)


def likelihood(eta: Floats, events: Floats, trials: Floats, link: str) -> tuple[Floats, Floats, Floats, float]:
    """Return hazard, score and Fisher weight by row, and the log-likelihood (each row's trials taken as ordered)."""
    hazard, odds = hazards(eta, link)
    if link == "logit":
        score, weight = events - trials * hazard, trials * hazard * (1 - hazard)
        loglik = float(events @ eta - trials @ (-np.log1p(-hazard)))
    else:
        ratio = odds / hazard
        score = ratio * events - odds * trials
        weight = trials * odds * ratio * (1 - hazard)
        some = np.flatnonzero(events)
        loglik = float(events[some] @ (np.log(hazard[some]) + odds[some]) - trials @ odds)
    return hazard, score, weight, loglik


def hazards(eta: Floats, link: str) -> tuple[Floats, Floats]:
    """Return the hazard, and the exponential of the linear predictor, which is cut where the hazard is 0 or 1."""
    if link == "logit":
        odds = np.exp(np.clip(eta, -36.0, 36.0))
        return odds / (1 + odds), odds
    # With complementary log-log the exponential is the cumulative hazard of the period.
    odds = np.exp(np.clip(eta, -36.0, 3.5))
    return -np.expm1(-odds), odds
