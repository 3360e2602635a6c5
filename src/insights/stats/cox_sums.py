"""The partial likelihood of a Cox model and its derivatives, by sums over blocks of rows and cumulative sums over time.

No loop over event times: what a row adds to the information is its column's square times the hazard it has gone
through; what is taken away is made of sums by event time. Tied events are worked on by Efron's approximation, in which
the k-th of d events of a time is drawn from a risk set without the share k/d of these events.

Source: Efron (1977); Therneau & Grambsch (2000), Modeling Survival Data, ch. 3.
"""

from dataclasses import dataclass

import numpy as np

from insights.stats.cox_rows import CoxRows, RiskSets
from insights.stats.design import CHUNK, block_sums, chunks
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
    weight = np.ones(rows.n) if rows.weight is None else rows.weight
    if rows.weight is not None:
        risk *= weight
    at = sets.last[happened] - 1
    tied = np.bincount(at, risk[happened], len(sets.times)).astype(float)
    # Rounding of the differences must not make a risk set smaller than its own events.
    total = np.maximum(over_risk_sets(sets, _exits_less_entries(sets, risk)), tied)
    share = sets.tied.astype(float)
    if rows.weight is not None:
        share = np.bincount(at, weight[happened], len(sets.times)).astype(float)
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
    loglik = float(weight[happened] @ eta[happened]) - log_left
    return Hazards(centre, risk, total, tied, step, np.asarray(less), powers, loglik, farthest)


def sums(rows: CoxRows, ties: Ties, at: Hazards, by_time: Floats | None = None) -> Sums:
    """Return score and information; ``by_time`` (T) multiplies what every event time adds to both of them."""
    sets, p = rows.sets, len(rows.names)
    happened = sets.happened
    factor = np.ones(len(sets.times)) if by_time is None else by_time
    own = factor[sets.last[happened] - 1]
    through = at.risk * gone_through(rows, at, factor)
    score_of = -through
    score_of[happened] += own if rows.weight is None else own * rows.weight[happened]
    score, information = np.zeros(p), np.zeros((p, p))
    blocks, tied = np.zeros((len(sets.times), p)), np.zeros((len(sets.times), p))
    late = bool((sets.first > 0).any())
    # What a row goes through is never negative but by rounding, or where ``by_time`` is.
    sign = np.sign(through) if by_time is not None and (by_time < 0).any() else None
    root = np.sqrt(np.maximum(through, 0.0) if sign is None else np.abs(through))
    for part in chunks(rows.n):
        columns = rows.columns.part(part)
        score += score_of[part] @ columns
        weighted = columns * root[part, None]
        information += weighted.T @ (weighted if sign is None else weighted * sign[part, None])
        first, last, risk, event = sets.first[part], sets.last[part], at.risk[part], sets.event[part]
        inside = last > first
        _add(blocks, last[inside] - 1, risk[inside], columns[inside])
        if late:
            begun = inside & (first > _start(rows, part))
            _add(blocks, first[begun] - 1, -risk[begun], columns[begun])
        if ties.any and event.any():
            _add(tied, last[event] - 1, risk[event], columns[event])
    at_risk = over_risk_sets(sets, blocks)
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
        happened = sets.happened
        found[happened] -= less[sets.last[happened] - 1]
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


def _exits_less_entries(sets: RiskSets, risk: Floats) -> Floats:
    inside = sets.last > sets.first
    whole = bool(inside.all())
    last, first, some = (v if whole else v[inside] for v in (sets.last, sets.first, risk))
    found = np.bincount(last - 1, some, len(sets.times)).astype(float)
    if first.any():
        begun = first > _start_of_place(sets)[last - 1]
        found -= np.bincount(first[begun] - 1, some[begun], len(sets.times))
    return found


def _start(rows: CoxRows, part: slice) -> Ints | int:
    return 0 if rows.strata is None else rows.sets.starts[rows.strata.codes[part]]


def _start_of_place(sets: RiskSets) -> Ints:
    return np.repeat(sets.starts[:-1], np.diff(sets.starts))


def _add(total: Floats, place: np.ndarray, weight: Floats, columns: Floats) -> None:
    """Add weighted rows to their places; with many places only those that the rows touch."""
    if len(total) <= CHUNK // 4:
        total += block_sums(place, weight, columns, len(total))
    elif len(place):
        touched, inverse = np.unique(place, return_inverse=True)
        total[touched] += block_sums(inverse, weight, columns, len(touched))
