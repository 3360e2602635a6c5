"""Logistic regression with an elastic-net penalty around an offset: what is known beforehand, changed where it pays."""

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from insights.stats.inputs import Floats

SOURCE = "Friedman, Hastie & Tibshirani (2010), Journal of Statistical Software 33(1)"
STEPS, SWEEPS, CLOSE = 30, 100, 1e-6


@dataclass(frozen=True)
class ElasticNet:
    """``intercept`` and ``slopes`` (p); log odds are offset + intercept + values @ slopes."""

    intercept: float
    slopes: Floats = field(repr=False)


def elastic_net_logit(
    values: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    penalty: float,
    l1: float = 0.5,
    offset: npt.ArrayLike | None = None,
    weight: npt.ArrayLike | None = None,
) -> ElasticNet:
    """Return the slopes of a logit that minimise -log likelihood + penalty x (l1 |b| + (1 - l1) b^2 / 2).

    values (n, p): standardised, as the penalty treats all alike; event (n): 0 or 1; offset (n): log odds that need no
    explanation (0 without); weight (n): how often each row counts. The intercept is not penalised, so the probabilities
    add up to the events. Newton steps, each solved by coordinate descent. ``penalty`` is for the sum over the rows, not
    their mean: more rows, less shrinkage.

    Raises ValueError for lengths that differ, values that are missing, no event or nothing but events.
    """
    x, y = np.asarray(values, dtype=float), np.asarray(event, dtype=float)
    o = np.zeros(len(y)) if offset is None else np.asarray(offset, dtype=float)
    w = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=float)
    if x.ndim != 2 or not len(x) == len(y) == len(o) == len(w):
        raise ValueError(f"values have shape {x.shape}, events {y.shape}; expected rows of one number")
    if not (np.isfinite(x).all() and np.isfinite(o).all()):
        raise ValueError("some values or offsets are missing or infinite; expected numbers")
    if not 0 < (w * y).sum() < w.sum():
        raise ValueError("there is no event, or nothing but events; expected both")
    lasso, ridge = penalty * l1, penalty * (1 - l1)
    intercept, slopes = 0.0, np.zeros(x.shape[1])
    for _ in range(STEPS):
        p = expit(o + intercept + x @ slopes)
        v = np.maximum(w * p * (1 - p), 1e-10)
        moved, slopes_moved = _solve(x, w * (y - p), v, slopes, lasso, ridge)
        intercept, slopes = intercept + moved, slopes + slopes_moved
        if max(abs(moved), np.abs(slopes_moved).max(initial=0.0)) < CLOSE:
            break
    return ElasticNet(float(intercept), slopes)


def _solve(x: Floats, gap: Floats, v: Floats, slopes: Floats, lasso: float, ridge: float) -> tuple[float, Floats]:
    """Return the step of the intercept and of the slopes that minimises the penalised quadratic of a Newton step."""
    total = float(v.sum())
    mean = v @ x / total
    centred = x - mean
    # With the intercept profiled out the slopes are those of centred values.
    h = (centred * v[:, None]).T @ centred
    g = centred.T @ gap
    # One slope after the other: plain numbers are many times faster here than arrays of one.
    new, rest, own, columns = slopes.tolist(), g.copy(), np.diag(h).tolist(), list(np.ascontiguousarray(h.T))
    for _ in range(SWEEPS):
        most = 0.0
        for j, size in enumerate(own):
            pull = float(rest[j]) + size * new[j]
            value = math.copysign(max(abs(pull) - lasso, 0.0), pull) / (size + ridge) if size > 0 else 0.0
            change = value - new[j]
            if change:
                rest -= columns[j] * change
                new[j] = value
                most = max(most, abs(change))
        if most < CLOSE / 10:
            break
    step = np.array(new) - slopes
    return float(gap.sum()) / total - float(mean @ step), step
