"""Means of group-time effects, with the error of the cohort sizes that weight them."""

from dataclasses import dataclass, replace

import numpy as np

from insights.stats.effects.inference import Clusters, covariance, degrees_of_freedom, pointwise
from insights.stats.inputs import Floats
from insights.stats.results import Estimate, NotEstimable, TestResult


@dataclass(frozen=True)
class Aggregate:
    """Effects along an axis: its values, effects and treated units (k,), influence by cluster (C, k).

    ``weight`` (k,) are the weights of their mean, ``weight_influence`` (C, k) the error of these (None: known).
    """

    values: Floats
    effects: Floats
    influence: Floats
    units: Floats
    weight: Floats
    weight_influence: Floats | None = None


@dataclass(frozen=True)
class Parts:
    """Group-time effects that could be estimated: cohort, time, effect (K,), influence by cluster (C, K).

    ``cohorts`` (G,), their ``share`` of all units, its influence by cluster (C, G), their ``units``.
    """

    cohort: Floats
    time: Floats
    effect: Floats
    influence: Floats
    clusters: Clusters
    cohorts: Floats
    share: Floats
    share_influence: Floats
    units: Floats


def overall(parts: Parts, level: float, unit: str) -> Estimate | NotEstimable:
    """Return the mean effect over cohorts and periods after the start, weighted by the units of the cohorts."""
    after = np.flatnonzero(parts.time >= parts.cohort)
    if len(after) == 0:
        return NotEstimable("no effect after the start can be estimated")
    effect, influence = _weighted(parts, after)
    return _estimate(effect, influence, parts, level, unit)


def overall_test(parts: Parts) -> TestResult:
    """Test that the mean effect over cohorts and periods after the start is 0 (t, or normal for independent units)."""
    name, null = "no effect", "the mean effect after the start is 0"
    after = np.flatnonzero(parts.time >= parts.cohort)
    if len(after) == 0:
        return TestResult(name, null, reason="no effect after the start can be estimated")
    effect, influence = _weighted(parts, after)
    se = float(np.sqrt(covariance(influence[:, None], parts.clusters)[0, 0]))
    if se <= 1e-12 * max(abs(effect), 1e-300):
        return TestResult(name, null, reason="the outcome of all units moved alike")
    from scipy.special import ndtr, stdtr  # half a second that those who only draw curves need not wait

    df = float(degrees_of_freedom(influence[:, None], parts.clusters)[0])
    t = effect / se
    p = 2 * float(stdtr(df, -abs(t)) if np.isfinite(df) else ndtr(-abs(t)))
    return TestResult(name, null, t, df, p)


def by_event_time(parts: Parts, first: float, last: float) -> Aggregate:
    """Return effects by time since the start; the mean counts those from 0 on alike."""
    since = parts.time - parts.cohort
    values = np.unique(since[(since >= first) & (since <= last)])
    return _grouped(parts, [np.flatnonzero(since == v) for v in values], values, (values >= 0).astype(float))


def by_cohort(parts: Parts) -> Aggregate:
    """Return each cohort's mean after the start (periods alike)."""
    after = parts.time >= parts.cohort
    values = np.unique(parts.cohort[after])
    cells = [np.flatnonzero(after & (parts.cohort == v)) for v in values]
    place = np.searchsorted(parts.cohorts, values)
    return replace(_grouped(parts, cells, values, parts.share[place]), weight_influence=parts.share_influence[:, place])


def by_period(parts: Parts) -> Aggregate:
    """Return the mean effect of the cohorts treated by each period, weighted by their units."""
    after = parts.time >= parts.cohort
    values = np.unique(parts.time[after])
    return _grouped(parts, [np.flatnonzero(after & (parts.time == v)) for v in values], values, np.ones(len(values)))


def average(found: Aggregate, parts: Parts, level: float, unit: str) -> Estimate | NotEstimable:
    """Return the weighted mean of the effects."""
    total = found.weight.sum()
    if not total > 0:
        return NotEstimable("no effect after the start can be estimated")
    effect = float(found.weight @ found.effects / total)
    influence = found.influence @ (found.weight / total)
    if found.weight_influence is not None:
        influence = influence + found.weight_influence @ (found.effects - effect) / total
    return _estimate(effect, influence, parts, level, unit)


def _grouped(parts: Parts, cells: list[np.ndarray], values: Floats, weights: Floats) -> Aggregate:
    found = [_weighted(parts, some) for some in cells]
    units = [parts.units[np.unique(np.searchsorted(parts.cohorts, parts.cohort[some]))].sum() for some in cells]
    influence = np.column_stack([f[1] for f in found]) if found else np.zeros((parts.clusters.count, 0))
    return Aggregate(values, np.array([f[0] for f in found]), influence, np.array(units), weights)


def _weighted(parts: Parts, some: np.ndarray) -> tuple[float, Floats]:
    """Return the mean of the cells weighted by the shares of their cohorts, and its influence by cluster."""
    place = np.searchsorted(parts.cohorts, parts.cohort[some])
    weight, effects = parts.share[place], parts.effect[some]
    total = weight.sum()
    mean = float(weight @ effects / total)
    influence = parts.influence[:, some] @ (weight / total)
    return mean, influence + parts.share_influence[:, place] @ (effects - mean) / total


def _estimate(effect: float, influence: Floats, parts: Parts, level: float, unit: str) -> Estimate | NotEstimable:
    column = influence[:, None]
    se = float(np.sqrt(covariance(column, parts.clusters)[0, 0]))
    if se <= 1e-12 * max(abs(effect), 1e-300):
        return NotEstimable("the outcome of all units moved alike; there is no error that could be told")
    half = float(pointwise(degrees_of_freedom(column, parts.clusters), level)[0]) * se
    return Estimate(effect, effect - half, effect + half, unit, parts.clusters.n, int(parts.units.sum()), level, se)
