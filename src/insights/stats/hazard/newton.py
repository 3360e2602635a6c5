"""Fitting a discrete-time hazard: Fisher scoring, with the levels of periods eliminated from each step."""

from dataclasses import dataclass

import numpy as np

from insights.stats.design import SUSPECT, Design, dependent_column, information_left, make_columns, separated_columns
from insights.stats.hazard.rows import Blocks, HazardRows, Parameters
from insights.stats.inputs import Floats

MOST_STEPS = 40
DECREMENT = 1e-10
"""Twice the log-likelihood that one more step would gain: steps below a hundred-thousandth of a standard error."""

ROUGH, MANY_ROWS = 1e-6, 200_000
"""With many rows this is enough: the last step makes the coefficients exact, the information is off by a millionth."""

SAMPLED_FROM, SAMPLED = 50_000, 20_000
"""From so many rows on the start comes from those with events and a sample of the others, as in a Cox model."""


@dataclass(frozen=True)
class Fitted:
    """Parameters, the blocks there, and the covariance of the coefficients (q, q).

    ``moving`` lists the coefficients that still change: it is empty once converged.
    """

    at: Parameters
    blocks: Blocks
    covariance: Floats
    log_determinant: float
    loglik: float
    moving: list[int]
    converged: bool


@dataclass(frozen=True)
class Step:
    """One step of Fisher scoring and what it was solved with."""

    change: Parameters
    decrement: float
    covariance: Floats
    log_determinant: float


def fit(rows: HazardRows, start: Parameters, effect_variance: float = 0.0, blocks: Blocks | None = None) -> Fitted:
    """Return the maximum of the likelihood, with the penalty of random effects of the given variance.

    ``blocks`` are those at the start where they are known. Steps that lose likelihood are halved. Without convergence
    ``moving`` lists the coefficients that run away.
    """
    at, blocks = start, rows.blocks(start) if blocks is None else blocks
    first = blocks
    enough = DECREMENT if rows.columns.design.n < MANY_ROWS else ROUGH
    for _ in range(MOST_STEPS):
        step = solve(blocks, at, effect_variance)
        if step.decrement < enough and enough > DECREMENT:
            left, _ = information_left(column_information(rows, first)[0], column_information(rows, blocks)[0])
            enough = ROUGH if left > SUSPECT else DECREMENT
        if step.decrement < enough:
            break
        before = _penalised(blocks, at, effect_variance)
        size = 1.0
        while True:
            new = _moved(at, step.change, size)
            found = rows.blocks(new)
            if _penalised(found, new, effect_variance) >= before - 1e-9 * abs(before) or size < 1e-4:
                break
            size /= 2
        at, blocks = new, found
    else:
        step = solve(blocks, at, effect_variance)
    if step.decrement >= enough:
        jumps = np.abs(step.change.beta)
        moving = [int(k) for k in np.flatnonzero(jumps > max(0.1 * float(jumps.max(initial=0.0)), 1e-8))]
        return Fitted(at, blocks, step.covariance, step.log_determinant, blocks.loglik, moving, converged=False)
    # The last step is too small to be worth a pass over the rows: its gain is known.
    at, loglik = _moved(at, step.change, 1.0), blocks.loglik + step.decrement / 2
    return Fitted(at, blocks, step.covariance, step.log_determinant, loglik, [], converged=True)


def solve(blocks: Blocks, at: Parameters, effect_variance: float) -> Step:
    """Solve for one step: levels are eliminated first, coefficients and random effects together after that."""
    q, j = len(at.beta), len(at.effect)
    matrix, score = np.zeros((q + j, q + j)), np.concatenate([blocks.score, blocks.effect_score])
    matrix[:q, :q], matrix[q:, :q], matrix[:q, q:] = blocks.information, blocks.effect_columns, blocks.effect_columns.T
    if j:
        score[q:] -= at.effect / effect_variance
        matrix[np.arange(q, q + j), np.arange(q, q + j)] = blocks.effect + 1 / effect_variance
    # A period in which nothing happens has no weight, and its level stays where it is.
    level = np.where(blocks.level > 0, blocks.level, 1.0)
    side = np.hstack([blocks.level_columns, blocks.level_effect])
    matrix -= side.T @ (side / level[:, None])
    score -= side.T @ (blocks.level_score / level)
    scale = np.sqrt(np.maximum(np.diag(matrix), 1e-300))
    scaled = matrix / np.outer(scale, scale)
    try:
        root = np.linalg.cholesky(scaled)
    except np.linalg.LinAlgError:
        scaled = scaled + 1e-8 * np.eye(len(scaled))
        root = np.linalg.cholesky(scaled)
    whole = np.linalg.inv(scaled) / np.outer(scale, scale)
    change = whole @ score
    levels = (blocks.level_score - side @ change) / level
    # The gain of a step: score' information^-1 score, over all parameters.
    decrement = float(score @ change + np.sum(blocks.level_score**2 / level))
    determinant = 2 * float(np.sum(np.log(np.diag(root))) + np.sum(np.log(scale))) + float(np.sum(np.log(level)))
    return Step(Parameters(change[:q], levels, change[q:]), decrement, whole[:q, :q], determinant)


def starting_point(rows: HazardRows) -> Parameters:
    """Return the levels that fit without any column, refined on a sample of the rows where they are many."""
    q = rows.columns.design.values.shape[1] + rows.columns.intercept
    beta = np.zeros(q)
    offset = 0.0 if rows.offset is None else float(np.average(rows.offset, weights=rows.trials + 1e-300))
    if rows.period is None:
        beta[-1] = _link(float(rows.events.sum()) / float(rows.trials.sum()), rows.link) - offset
        level = np.zeros(0)
    else:
        done = np.bincount(rows.period.codes, rows.events, rows.period.size)
        tried = np.bincount(rows.period.codes, rows.trials, rows.period.size)
        share = np.where(done > 0, done, 0.5) / np.where(tried > 0, tried, 1.0)
        level = _link(np.clip(share, 1e-9, 1 - 1e-9), rows.link) - offset
    start = Parameters(beta, level, np.zeros(rows.group.size if rows.group is not None else 0))
    if rows.columns.design.n < SAMPLED_FROM or rows.group is not None:
        return start
    return _sampled(rows, start)


def _sampled(rows: HazardRows, start: Parameters) -> Parameters:
    """Fit to the rows with events (or a sample of them) and a sample of the others, weighted up; a start, no more."""
    happened, quiet = np.flatnonzero(rows.events > 0), np.flatnonzero(rows.events == 0)
    skip, thin = max(1, len(happened) // SAMPLED), max(1, len(quiet) // SAMPLED)
    some = np.concatenate([happened[::skip], quiet[::thin]])
    factor = np.concatenate([np.full(len(happened[::skip]), float(skip)), np.full(len(quiet[::thin]), float(thin))])
    whole = rows.columns
    part = HazardRows(
        make_columns(Design(whole.design.names, whole.design.values[some]), intercept=whole.intercept),
        rows.events[some] * factor,
        rows.trials[some] * factor,
        rows.link,
        offset=None if rows.offset is None else rows.offset[some],
        period=None if rows.period is None else rows.period.take(some),
    )
    null = part.blocks(start)
    if dependent_column(*column_information(part, null)) is not None:
        return start
    found = fit(part, start, blocks=null)
    if found.moving or separated_columns(column_information(part, null)[0], column_information(part, found.blocks)[0]):
        return start
    # The sample has moments of its own: its coefficients are carried over to those of all rows.
    p = whole.design.values.shape[1]
    beta = found.at.beta.copy()
    shift = float(np.sum(beta[:p] * (whole.mean - part.columns.mean) / part.columns.scale))
    beta[:p] *= whole.scale / part.columns.scale
    beta[p:] += shift
    return Parameters(beta, found.at.level + shift if rows.period is not None else start.level, start.effect)


def column_information(rows: HazardRows, blocks: Blocks) -> tuple[Floats, Floats]:
    """Return the information of the columns (p, p) freed of intercept or levels, and its diagonal before that."""
    p = rows.columns.design.values.shape[1]
    information = blocks.information[:p, :p]
    if rows.columns.intercept:
        side, level = blocks.information[-1:, :p], blocks.information[-1:, -1]
    else:
        side, level = blocks.level_columns[:, :p], np.where(blocks.level > 0, blocks.level, 1.0)
    return information - side.T @ (side / level[:, None]), np.diag(information).copy()


def _penalised(blocks: Blocks, at: Parameters, effect_variance: float) -> float:
    return blocks.loglik - (float(at.effect @ at.effect) / (2 * effect_variance) if len(at.effect) else 0.0)


def _moved(at: Parameters, change: Parameters, size: float) -> Parameters:
    return Parameters(at.beta + size * change.beta, at.level + size * change.level, at.effect + size * change.effect)


def _link(hazard: float | Floats, link: str) -> Floats:
    value = np.asarray(hazard, dtype=float)
    return np.asarray(np.log(value / (1 - value)) if link == "logit" else np.log(-np.log1p(-value)))
