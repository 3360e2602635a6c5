"""The partial likelihood of a Cox model and its derivatives, by sums over blocks of rows and cumulative sums over time.

No loop over event times: what a row adds to the information is its column's square times the hazard it has gone
through; what is taken away is made of sums by event time. Tied events are worked on by Efron's approximation, in which
the k-th of d events of a time is drawn from a risk set without the share k/d of these events.

Source: Efron (1977); Therneau & Grambsch (2000), Modeling Survival Data, ch. 3.
"""

from dataclasses import dataclass

import numpy as np

from insights.stats.cox.rows import CoxRows, RiskSets
from insights.stats.design import CHUNK, add_block_sums, chunks
from insights.stats.inputs import Floats, Ints

FARTHEST = 300.0
"""Linear predictors are cut this far from their mean: a fit that gets there is on its way to infinity."""


@dataclass(frozen=True)
class Hazards:
    """What the coefficients say of every row and event time, up to ``centre`` (which the linear predictor is less of).

    ``risk`` (n) is weight times exp(linear predictor); ``total`` and ``tied`` (T) its sums over those at risk and over
    those with an event. ``step`` (T) is the hazard at each time for a risk of 1, ``less`` (T) the part of it that those
    with an event do not go through, ``square`` (3, T) the sums of k/d to the power 0, 1, 2 over squared risk sets.
    ``farthest`` is the largest distance of a linear predictor from the centre.
    """

    centre: float
    risk: Floats
    total: Floats
    tied: Floats
    step: Floats
    less: Floats
    square: Floats
    loglik: float
    farthest: float


@dataclass(frozen=True)
class Sums:
    """Score (p) and information (p, p), and the column sums over risk sets and over events by time (T, p)."""

    score: Floats
    information: Floats
    at_risk: Floats
    tied: Floats


@dataclass(frozen=True)
class Ties:
    """The events in order of their times: place of the time, and share k/d that Efron takes off (both of length d)."""

    place: Ints
    share: Floats
    any: bool


def make_ties(sets: RiskSets, ties: str) -> Ties:
    """Lay out the events of each time one after the other; with ``ties`` "breslow" nothing is taken off."""
    place = np.repeat(np.arange(len(sets.tied)), sets.tied)
    before = np.concatenate([[0], np.cumsum(sets.tied)[:-1]])
    several = ties == "efron" and bool((sets.tied > 1).any())
    share = (np.arange(len(place)) - before[place]) / sets.tied[place] if several else np.zeros(len(place))
    return Ties(place, share, several)


def predictor(rows: CoxRows, beta: Floats) -> Floats:
    """Return the linear predictor (n)."""
    eta = np.zeros(rows.n) if rows.offset is None else rows.offset.copy()
    if beta.any():
        for part in chunks(rows.n):
            eta[part] += rows.columns.part(part) @ beta
    return eta


def hazards(rows: CoxRows, ties: Ties, beta: Floats) -> Hazards:
    """Return the hazards at some coefficients (p)."""
    sets, eta = rows.sets, predictor(rows, beta)
    happened = sets.happened
    centre = float(eta.mean()) if rows.n else 0.0
    eta -= centre
    farthest = max(float(eta.max(initial=0.0)), -float(eta.min(initial=0.0)))
    if farthest > FARTHEST:
        np.clip(eta, -FARTHEST, FARTHEST, out=eta)
    risk = np.exp(eta)
    weight = None if rows.weight is None else rows.weight[happened]
    if rows.weight is not None:
        risk *= rows.weight
    tied = np.bincount(sets.at, risk[happened], len(sets.times)).astype(float)
    # Rounding of the differences must not make a risk set smaller than its own events.
    total = np.maximum(over_risk_sets(sets, leave_less_come(sets, risk)), tied)
    share = sets.tied.astype(float)
    if weight is not None:
        share = np.bincount(sets.at, weight, len(sets.times)).astype(float)
    mean_weight = share / sets.tied
    square: list[Floats]
    if ties.any:
        left = total[ties.place] - ties.share * tied[ties.place]
        one = mean_weight[ties.place] / left
        many = [one, ties.share * one, one / left, ties.share * one / left, ties.share**2 * one / left]
        step, less, *square = (np.bincount(ties.place, v, len(total)).astype(float) for v in many)
        log_left = float(mean_weight[ties.place] @ np.log(left))
    else:
        step, less = share / total, np.zeros(len(total))
        square = [step / total, less, less]
        log_left = float(share @ np.log(total))
    powers = np.array(square, dtype=float)
    loglik = float(eta[happened].sum() if weight is None else weight @ eta[happened]) - log_left
    return Hazards(centre, risk, total, tied, step, np.asarray(less), powers, loglik, farthest)


def sums(rows: CoxRows, ties: Ties, at: Hazards, by_time: Floats | None = None) -> Sums:
    """Return score and information; ``by_time`` (T) multiplies what every event time adds to both of them."""
    sets, p = rows.sets, len(rows.names)
    happened = sets.happened
    factor = np.ones(len(sets.times)) if by_time is None else by_time
    own = factor[sets.at]
    through = at.risk * gone_through(rows, at, factor)
    score_of = -through
    score_of[happened] += own if rows.weight is None else own * rows.weight[happened]
    score, information = np.zeros(p), np.zeros((p, p))
    # What a row goes through is never negative but by rounding, or where ``by_time`` is.
    sign = np.sign(through) if by_time is not None and (by_time < 0).any() else None
    root = np.sqrt(np.maximum(through, 0.0) if sign is None else np.abs(through))
    size, small = len(sets.times), max(CHUNK, 30 * CHUNK // max(p, 1))
    blocks, tied = np.zeros((size + 1, p)), np.zeros((size + 1, p))
    # Sums over many times are made for many rows at once, which costs memory only where the columns are kept anyway.
    for part in chunks(rows.n, max(small, size) if rows.columns.kept is not None else small):
        columns, through_root, risk = rows.columns.part(part), root[part], at.risk[part]
        score += score_of[part] @ columns
        for inner in chunks(len(columns), small):
            weighted = columns[inner] * through_root[inner, None]
            information += weighted.T @ (weighted if sign is None else weighted * sign[part][inner, None])
        add_block_sums(blocks, sets.leaves[part], risk, columns)
        if sets.comes is not None:
            add_block_sums(blocks, sets.comes[part], -risk, columns)
        if ties.any:
            add_block_sums(tied, np.where(sets.event[part], sets.last[part] - 1, np.int32(size)), risk, columns)
    # Sums over time run along rows in memory, which is many times faster.
    at_risk, tied = over_risk_sets(sets, np.ascontiguousarray(blocks[:size].T).T), tied[:size]
    square = at.square * factor
    information -= at_risk.T @ (square[0][:, None] * at_risk)
    if ties.any:
        crossed = at_risk.T @ (square[1][:, None] * tied)
        information += crossed + crossed.T - tied.T @ (square[2][:, None] * tied)
    return Sums(score, (information + information.T) / 2, at_risk, tied)


def gone_through(rows: CoxRows, at: Hazards, by_time: Floats | float = 1.0) -> Floats:
    """Return the cumulative hazard (n) that each row goes through for a risk of 1, multiplied by time (T)."""
    sets = rows.sets
    gone = cumulative(at.step * by_time)
    found = gone[sets.last] - gone[sets.first]
    if at.less.any():
        less = at.less * by_time
        found[sets.happened] -= less[sets.at]
    return found


def cumulative(steps: Floats) -> Floats:
    """Return the sums up to and without each place, along the first axis, with one row more."""
    found = np.zeros((len(steps) + 1, *steps.shape[1:]))
    np.cumsum(steps, axis=0, out=found[1:])
    return found


def over_risk_sets(sets: RiskSets, blocks: Floats) -> Floats:
    """Return sums over risk sets (T, ...) from those of rows that leave less those that come, by event time."""
    found = np.cumsum(blocks[::-1], axis=0)[::-1]
    if len(sets.starts) > 2:
        after = np.concatenate([found, np.zeros((1, *found.shape[1:]))])[sets.starts[1:]]
        found = found - np.repeat(after, np.diff(sets.starts), axis=0)
    return found


def leave_less_come(sets: RiskSets, risk: Floats) -> Floats:
    """Return by event time (T) the sum over rows that are at risk last then, less those that come after it."""
    size = len(sets.times)
    found = np.bincount(sets.leaves, risk, size + 1)[:size].astype(float)
    if sets.comes is not None:
        found -= np.bincount(sets.comes, risk, size + 1)[:size]
    return found
