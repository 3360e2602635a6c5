"""Mean time up to a horizon: the area under a curve, and the difference between two groups."""

import math
from typing import Protocol

import numpy as np

from insights.stats.inputs import Floats
from insights.stats.intervals import mean_time, no_event_bound, normal_quantile
from insights.stats.results import Estimate, NotEstimable
from insights.stats.steps import Steps


class HasRestrictedMean(Protocol):
    """A survival curve, or an incidence curve (whose survival is that of all causes together)."""

    @property
    def level(self) -> float:
        """Confidence level of its intervals."""

    def restricted_mean(self, horizon: float, group: str = "") -> Estimate | NotEstimable:
        """Return the mean time without an event up to the horizon."""


def restricted_mean_difference(curve: HasRestrictedMean, a: str, b: str, horizon: float) -> Estimate | NotEstimable:
    """Return the restricted mean of group a minus that of group b, up to the horizon (months), with normal interval.

    It needs no proportional hazards and compares the groups over the same time only. The groups must be independent:
    rows of the same unit in both break the standard error. NotEstimable where one of the two means is, and where
    neither group has an event up to the horizon (the difference would have no standard error).

    Source: Royston & Parmar (2013), Restricted mean survival time.
    """
    one, other = curve.restricted_mean(horizon, a), curve.restricted_mean(horizon, b)
    for name, mean in ((a, one), (b, other)):
        if isinstance(mean, NotEstimable):
            return NotEstimable(f"group {name!r}: {mean.reason}")
    assert isinstance(one, Estimate)
    assert isinstance(other, Estimate)
    se = math.hypot(one.se or 0.0, other.se or 0.0)
    if se == 0:
        return NotEstimable(f"neither group has an interval of its own up to {horizon:g} months: too few events")
    value, half = one.value - other.value, normal_quantile(curve.level) * se
    n_events = (one.n_events or 0) + (other.n_events or 0)
    return Estimate(value, value - half, value + half, "months", one.n + other.n, n_events, curve.level, se)


def mean_survival(steps: Steps, horizon: float, level: float) -> Estimate | NotEstimable:
    """Return the area under the survival curve up to the horizon."""
    m = steps.steps_before(horizon)
    if isinstance(m, NotEstimable):
        return m
    ahead = _areas(steps.times[:m], np.concatenate([[1.0], steps.survival[:m]]), horizon)
    n, d = steps.at_risk[:m], steps.all_events[:m]
    # An event at a time takes its share of the whole area ahead of it, relative to those who stay.
    variance = np.sum(ahead[1:] ** 2 * np.divide(d, n * (n - d), out=np.zeros_like(n), where=n > d))
    blur = _blur(steps, m, horizon)
    se, done = math.hypot(math.sqrt(variance), blur), float(d.sum())
    mean = min(float(ahead[0]), horizon)
    low, high = mean_time(mean, se, horizon, level)
    if done == 0:
        low = horizon * _bound(steps, m, level)
    return Estimate(mean, min(low, mean), high, "months", round(steps.units), round(done), level, se)


def mean_lost(steps: Steps, cause: str, horizon: float, level: float) -> Estimate | NotEstimable:
    """Return the area under the cumulative incidence of one cause up to the horizon."""
    m = steps.steps_before(horizon)
    if isinstance(m, NotEstimable):
        return m
    n, d, dk = steps.at_risk[:m], steps.all_events[:m], steps.events[steps.causes.index(cause), :m]
    incidence = np.cumsum(steps.before[:m] * dk / n)
    area = _areas(steps.times[:m], np.concatenate([[0.0], incidence]), horizon)
    # One unit's event of this cause adds all the time that is left; any event takes away its part of what comes.
    gain = (horizon - steps.times[:m]) * steps.before[:m]
    loss = area[1:] - (horizon - steps.times[:m]) * incidence
    own, rest = dk / n, np.divide(d, n - d, out=np.zeros_like(n), where=n > d)
    variance = np.sum((gain**2 * own * (1 - own) - 2 * gain * own * loss + loss**2 * rest) / n)
    se, done = math.hypot(math.sqrt(max(0.0, variance)), _blur(steps, m, horizon)), float(dk.sum())
    mean = min(float(area[0]), horizon)
    low, high = mean_time(mean, se, horizon, level)
    if done == 0:
        high = horizon * (1 - _bound(steps, m, level))
    return Estimate(mean, low, max(high, mean), "months", round(steps.units), round(done), level, se)


def _blur(steps: Steps, m: int, horizon: float) -> float:
    """Return the standard deviation of what rounding of the counts adds to an area up to the horizon."""
    return float(np.sum(steps.survival[:m] * steps.hazard_blur[:m] * np.diff([*steps.times[:m], horizon])))


def _areas(times: Floats, values: Floats, horizon: float) -> Floats:
    """Return the area under a step function from 0 and from each time to the horizon (m + 1 numbers)."""
    edges = np.concatenate([[0.0], times, [horizon]])
    return np.asarray(np.cumsum((values * np.diff(edges))[::-1])[::-1])


def _bound(steps: Steps, m: int, level: float) -> float:
    """Return the exact low end of a survival without events, which all might have left at once at the start."""
    weakest = steps.least_at_risk[min(m, len(steps.times) - 1)]
    return float(no_event_bound(np.array([weakest]), level)[0])
