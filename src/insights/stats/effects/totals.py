"""Sums over group-time effects: what a treatment was worth in all, and what is left if a trend had gone on."""

from collections.abc import Mapping

import numpy as np

from insights.stats.effects.group_time import GroupTimeEffects
from insights.stats.effects.inference import covariance, degrees_of_freedom, pointwise
from insights.stats.inputs import Floats
from insights.stats.results import Estimate, NotEstimable


def total_effect(
    found: GroupTimeEffects, amounts: Mapping[tuple[float, float], float], *, unit: str
) -> Estimate | NotEstimable:
    """Return the sum of effects times amounts, by (cohort, time), over what comes after each start.

    ``amounts`` says by how much the effect of a cell counts: how many were treated in it, or how much they held. They
    are taken as known. A cell without an estimated effect counts nothing, so the sum is over what could be compared.
    NotEstimable where no such cell has an effect. ``n_events`` counts the treated units.
    """
    p = found.parts
    after = p.time >= p.cohort
    c = np.array([amounts.get((g, t), 0.0) for g, t in zip(p.cohort, p.time, strict=True)]) * after
    if not (c != 0).any():
        return NotEstimable("no effect after the start can be estimated")
    return _sum(found, c, unit)


def without_trend(found: GroupTimeEffects) -> Estimate | NotEstimable:
    """Return the mean effect after the start, less what a straight trend of before would have brought by then.

    Before the start, effects with a varying base are the steps by which treated and controls moved apart; their mean
    is the trend per period. Had it gone on, it would have made (periods since the last one before the start) times that
    of each effect. The interval holds the error of both. It is a bound of a kind: what the effect would have to be if
    treated and controls had always been moving apart like before.

    NotEstimable where no cohort has two steps before its start. ``found`` must have been made with a varying base and
    on periods of one length. Source: Dobkin et al. (2018), The economic consequences of hospital admissions, eq. 1, as
    a linear function of group-time effects.
    """
    p = found.parts
    periods = np.unique(np.concatenate([p.time, p.cohort]))
    since = np.searchsorted(periods, p.time) - np.searchsorted(periods, p.cohort)
    after, before = since >= 0, since < 0
    place = np.searchsorted(p.cohorts, p.cohort)
    if before.sum() < 2 or not after.any():
        return NotEstimable("there are not two steps before a start from which a trend could be read")
    weight = p.share[place]
    late = np.where(after, weight, 0.0) / weight[after].sum()
    early = np.where(before, weight, 0.0) / weight[before].sum()
    return _sum(found, late - float(late @ (since + 1)) * early, found.unit)


def _sum(found: GroupTimeEffects, c: Floats, unit: str) -> Estimate | NotEstimable:
    p = found.parts
    column = (p.influence @ c)[:, None]
    value, se = float(c @ p.effect), float(np.sqrt(covariance(column, p.clusters)[0, 0]))
    if se <= 1e-12 * max(abs(value), 1e-300):
        return NotEstimable("the outcome of all units moved alike; there is no error that could be told")
    half = float(pointwise(degrees_of_freedom(column, p.clusters), found.level)[0]) * se
    return Estimate(value, value - half, value + half, unit, p.clusters.n, int(p.units.sum()), found.level, se)
