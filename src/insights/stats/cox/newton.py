"""Fitting a Cox model: Newton's method, from a sample where there are many rows."""

from dataclasses import dataclass

import numpy as np

from insights.stats.cox.rows import CoxRows, risk_sets
from insights.stats.cox.sums import FARTHEST, Hazards, Sums, Ties, hazards, make_ties, sums
from insights.stats.design import SUSPECT, Design, dependent_column, information_left, make_columns, separated_columns
from insights.stats.inputs import Floats

MOST_STEPS = 40
DECREMENT = 1e-12
MANY_ROWS, SAMPLED = 50_000, 20_000

ROUGH = 1e-6
"""With many rows this is enough: the information is then off by a millionth, and the rest is worked out once more."""


@dataclass(frozen=True)
class CoxFitted:
    """Coefficients (p) of the columns in use, hazards and sums there, and the inverse information (p, p).

    ``moving`` lists the coefficients that still change: it is empty once converged.
    """

    beta: Floats
    at: Hazards
    sums: Sums
    covariance: Floats
    loglik: float
    moving: list[int]


def fit_cox(rows: CoxRows, ties: Ties, beta: Floats, start: tuple[Hazards, Sums]) -> CoxFitted:
    """Return the maximum of the partial likelihood; steps that lose likelihood are halved."""
    at, found = start
    enough = DECREMENT if rows.n < MANY_ROWS else ROUGH
    step, decrement, covariance = newton_step(found)
    first = found
    for _ in range(MOST_STEPS):
        if decrement < enough and enough > DECREMENT:
            left, _ = information_left(first.information, found.information)
            enough = ROUGH if left > SUSPECT else DECREMENT
        if decrement < enough or at.farthest > FARTHEST:
            break
        size = 1.0
        while True:
            new = hazards(rows, ties, beta + size * step)
            if new.loglik >= at.loglik - 1e-9 * abs(at.loglik) or size < 1e-6:
                break
            size /= 2
        beta, at = beta + size * step, new
        found = sums(rows, ties, at)
        step, decrement, covariance = newton_step(found)
    moving = []
    if decrement >= enough or at.farthest > FARTHEST:
        jumps = np.abs(step) * rows.columns.spread / rows.columns.scale
        moving = [int(k) for k in np.flatnonzero(jumps > max(0.1 * float(jumps.max(initial=0.0)), 1e-8))]
    elif len(beta):
        beta = beta + step  # too small to change the sums
        at = hazards(rows, ties, beta)
    return CoxFitted(beta, at, found, covariance, at.loglik, moving)


def newton_step(found: Sums) -> tuple[Floats, float, Floats]:
    """Return step (p), what it gains of twice the log-likelihood, and the inverse information (p, p)."""
    p = len(found.score)
    scale = np.sqrt(np.maximum(np.diag(found.information), 1e-300))
    scaled = found.information / np.outer(scale, scale)
    try:
        np.linalg.cholesky(scaled)
    except np.linalg.LinAlgError:
        scaled = scaled + 1e-8 * np.eye(p)
    covariance = np.linalg.pinv(scaled, hermitian=True) / np.outer(scale, scale)
    step = covariance @ found.score
    return step, float(found.score @ step), covariance


def starting_point(rows: CoxRows, ties: str) -> Floats:
    """Return coefficients near those of all rows: a fit to a sample of them, weighted up; 0 for few rows."""
    p = len(rows.names)
    none = np.zeros(p)
    if rows.n < MANY_ROWS or not p:
        return none
    happened, quiet = rows.sets.happened, np.flatnonzero(~rows.sets.event)
    most = min(SAMPLED, rows.n // 20)
    skip, thin = max(1, len(happened) // most), max(1, len(quiet) // most)
    some = np.concatenate([happened[::skip], quiet[::thin]])
    factor = np.concatenate([np.full(len(happened[::skip]), float(skip)), np.full(len(quiet[::thin]), float(thin))])
    columns = rows.columns
    entry, strata = (
        None if rows.entry is None else rows.entry[some],
        None if rows.strata is None else rows.strata.take(some),
    )
    part = CoxRows(
        make_columns(Design(columns.design.names, columns.design.values[some]), intercept=False),
        risk_sets(rows.exit[some], rows.sets.event[some], entry, strata),
        rows.exit[some],
        entry,
        factor if rows.weight is None else factor * rows.weight[some],
        strata,
        None if rows.offset is None else rows.offset[some],
    )
    order = make_ties(part.sets, ties)
    at = hazards(part, order, none)
    null = sums(part, order, at)
    if dependent_column(null.information, variances(part, at)) is not None:
        return none
    found = fit_cox(part, order, none, (at, null))
    if found.moving or separated_columns(null.information, found.sums.information):
        return none
    return np.asarray(found.beta / part.columns.scale * columns.scale)


def variances(rows: CoxRows, at: Hazards) -> Floats:
    """Return what the information of each column (p) would be if the events were drawn from all rows alike."""
    spread = np.where(rows.columns.spread > 0, rows.columns.spread / rows.columns.scale, 1.0)
    return np.asarray(spread**2 * float(at.step @ at.total))
