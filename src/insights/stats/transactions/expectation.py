"""How many transactions a unit of BG/NBD makes within a horizon if it is active now."""

import numpy as np

from insights.stats.inputs import Floats
from insights.stats.transactions.histories import first_rows, row_codes

ROWS = 512
DEPTH = 38.0
"""The density of p is followed to e^-38 of its peak."""
STEP, STRETCH, SLOW = 0.3, 0.2, 4.0
"""Distance of the nodes, and how the map stretches; the error stays below 1e-11."""


def expected_while_active(horizon: Floats, x: Floats, T: Floats, r: float, alpha: Floats, a: float, b: float) -> Floats:
    """Return E[(1 - e^(-lambda p h)) / p] for lambda ~ Gamma(r + x, alpha + T) and p ~ Beta(a, b + x) (n).

    The published form has a Gauss hypergeometric function over a - 1: it breaks down at a = 1, and its arguments
    overflow for units with thousands of transactions. The integral over p has no such place. With v = logit p the
    integrand is analytic within pi of the real line and falls off exponentially on both sides, so that the trapezoidal
    rule converges exponentially; v = mode + scale (w + stretch sinh(w / slow)) keeps the nodes few where a tail is
    long. Dividing by the same sum of the density needs no beta function.

    Source of the model: Fader, Hardie & Lee (2005), equation 10; of the rule: Trefethen & Weideman (2014).
    """
    horizon, x, T, alpha = np.broadcast_arrays(horizon, x, T, alpha)
    ratio = horizon / (alpha + T)
    code = row_codes([x, ratio])
    first = first_rows(code)
    x, ratio, value = x[first], ratio[first], np.empty(len(first))
    for begin in range(0, len(x), ROWS):
        part = slice(begin, begin + ROWS)
        value[part] = _chunk(ratio[part, None], r + x[part, None], a, b + x[part, None])
    return np.asarray(value[code])


def _chunk(ratio: Floats, power: Floats, a: float, b: Floats) -> Floats:
    """Average (1 - (1 + p ratio)^-power) / p over p ~ Beta(a, b); rows (n, 1)."""
    mode, scale = np.log(a / b), np.minimum(1.0, np.sqrt((a + b) / (a * b)))
    low, high = _reach(mode, scale, a, b, -1.0), _reach(mode, scale, a, b, 1.0)
    nodes = int(np.ceil(float((low + high).max()) / STEP)) + 1
    w = -low + (low + high) * np.linspace(0, 1, nodes)
    v = mode + scale * (w + STRETCH * np.sinh(w / SLOW))
    small = np.exp(-np.abs(v))
    rest = np.log1p(small)
    density = -a * (rest - np.minimum(v, 0)) - b * (rest + np.maximum(v, 0))
    weight = np.exp(density - density.max(axis=1, keepdims=True)) * (1 + STRETCH / SLOW * np.cosh(w / SLOW))
    p = np.where(v > 0, 1.0, small) / (1 + small)
    flat = p * ratio * power < 1e-14
    safe = np.where(flat, 1.0, p)
    gain = np.where(flat, power * ratio, -np.expm1(-power * np.log1p(safe * ratio)) / safe)
    return np.asarray((weight * gain).sum(axis=1) / weight.sum(axis=1))


def _reach(mode: Floats, scale: Floats, a: float, b: Floats, side: float) -> Floats:
    """Return how far w must go on one side until the density has fallen by ``DEPTH``, never too little.

    The fall is convex in the distance from the mode, so Newton's steps from beyond the place come closer and never
    pass it. The way from v back to w is Newton's too (the map is convex to the right of 0).
    """
    sd = np.sqrt((a + b) / (a * b))
    distance = DEPTH / (a if side < 0 else b) + 10 * sd
    for _ in range(6):
        v = mode + side * distance
        fall = _log_density(mode, a, b) - _log_density(v, a, b)
        slope = -side * (a * np.exp(-np.logaddexp(0, v)) - b * np.exp(-np.logaddexp(0, -v)))
        distance = distance - (fall - DEPTH) / slope
    far = distance / scale
    w = np.minimum(far, SLOW * np.arcsinh(far / STRETCH))
    for _ in range(20):
        w = w - (w + STRETCH * np.sinh(w / SLOW) - far) / (1 + STRETCH / SLOW * np.cosh(w / SLOW))
    return np.asarray(w)


def _log_density(v: Floats, a: float, b: Floats) -> Floats:
    """Return the logarithm of the density of v = logit p, up to a constant."""
    return -a * np.logaddexp(0, -v) - b * np.logaddexp(0, v)
