"""How many transactions a unit of BG/NBD makes within a horizon if it is active now, and the square of that number."""

import numpy as np

from insights.stats.inputs import Floats
from insights.stats.transactions.histories import first_rows, row_codes

ROWS = 512
DEPTH = 38.0
"""The density of p is followed to e^-38 of its peak."""
SMALLEST = 1e-280
"""Of p: below it nothing changes any more, and products of it would be no full numbers."""
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


def expected_by(horizons: Floats, x: Floats, T: Floats, r: float, alpha: Floats, a: float, b: float) -> Floats:
    """Return the same for each of several horizons (n, K): what belongs to a unit alone is computed once."""
    x, T, alpha = np.broadcast_arrays(x, T, alpha)
    code = row_codes([x, alpha + T])
    first = first_rows(code)
    x, whole, value = x[first], (alpha + T)[first], np.empty((len(first), len(horizons)))
    for begin in range(0, len(x), ROWS):
        part = slice(begin, begin + ROWS)
        p, weight = _nodes(a, b + x[part, None])
        for k, horizon in enumerate(horizons):
            value[part, k] = _average(weight, _gain(p, horizon / whole[part, None], r + x[part, None]))
    return np.asarray(value[code])


def square_while_active(horizon: Floats, x: Floats, T: Floats, r: float, alpha: Floats, a: float, b: float) -> Floats:
    """Return E[N^2] (n) of the number N within the horizon, for a unit that is active at T.

    Given rate and p the number is the smaller of a Poisson count of mean m = lambda h and a geometric number, so that
    N is at least k with probability P(Poisson >= k) (1 - p)^(k - 1) and, with q = 1 - p,
    E[N^2] = sum of (2k - 1) P(N >= k) = (1 + q) / p^2 (1 - e^(-p m)) - 2 q m e^(-p m) / p, whose limit at p = 0 is
    m + m^2. Over lambda, e^(-p m) becomes (1 + p h / (alpha + T))^-(r + x), and m e^(-p m) becomes
    (r + x) h / (alpha + T) (1 + p h / (alpha + T))^-(r + x + 1); over p the sum is that of ``expected_while_active``.
    """
    horizon, x, T, alpha = np.broadcast_arrays(horizon, x, T, alpha)
    ratio = horizon / (alpha + T)
    code = row_codes([x, ratio])
    first = first_rows(code)
    x, ratio, value = x[first], ratio[first], np.empty(len(first))
    for begin in range(0, len(x), ROWS):
        part = slice(begin, begin + ROWS)
        value[part] = _chunk(ratio[part, None], r + x[part, None], a, b + x[part, None], square=True)
    return np.asarray(value[code])


def _chunk(ratio: Floats, power: Floats, a: float, b: Floats, *, square: bool = False) -> Floats:
    """Average (1 - (1 + p ratio)^-power) / p, or the square above, over p ~ Beta(a, b); rows (n, 1)."""
    p, weight = _nodes(a, b)
    gain = _gain(p, ratio, power)
    return _average(weight, _square(p, ratio, power, gain) if square else gain)


def _nodes(a: float, b: Floats) -> tuple[Floats, Floats]:
    """Return values of p (n, nodes) and their weights, in whose average those of Beta(a, b) are exact to 1e-11."""
    mode, scale = np.log(a / b), np.minimum(1.0, np.sqrt((a + b) / (a * b)))
    low, high = _reach(mode, scale, a, b, -1.0), _reach(mode, scale, a, b, 1.0)
    nodes = int(np.ceil(float((low + high).max()) / STEP)) + 1
    w = -low + (low + high) * np.linspace(0, 1, nodes)
    v = mode + scale * (w + STRETCH * np.sinh(w / SLOW))
    small = np.exp(-np.abs(v))
    rest = np.log1p(small)
    density = -a * (rest - np.minimum(v, 0)) - b * (rest + np.maximum(v, 0))
    weight = np.exp(density - density.max(axis=1, keepdims=True)) * (1 + STRETCH / SLOW * np.cosh(w / SLOW))
    return np.where(v > 0, 1.0, small) / (1 + small), weight


def _gain(p: Floats, ratio: Floats, power: Floats) -> Floats:
    """Return (1 - (1 + p ratio)^-power) / p; as written it comes to its limit, power ratio, as p goes to 0."""
    safe = np.maximum(p, SMALLEST)
    gain = np.log1p(safe * ratio)
    gain *= -power
    np.expm1(gain, out=gain)
    gain /= -safe
    return gain


def _average(weight: Floats, values: Floats) -> Floats:
    return np.asarray((weight * values).sum(axis=1) / weight.sum(axis=1))


def _square(p: Floats, ratio: Floats, power: Floats, gain: Floats) -> Floats:
    """Return E[N^2] given p, from ``gain``, the mean of N given p; near p = 0 by its first terms.

    It is ((2 - p) gain - 2 (1 - p) power ratio (1 + p ratio)^-(power + 1)) / p: a difference of nearly equal numbers
    where p is small. Its series is m1 + m2 - p (3/2 m2 + 2/3 m3) + ..., with m_k the mean of the k-th power of m (of
    the product of k factors power ratio, (power + 1) ratio, ...).
    """
    first = power * ratio
    second = first * (power + 1) * ratio
    third = second * (power + 2) * ratio
    near = p * (1 + (power + 2) * ratio) < 1e-5
    safe = np.where(near, 1.0, p)
    left = np.exp(-(power + 1) * np.log1p(safe * ratio))
    far = ((2 - safe) * gain - 2 * (1 - safe) * first * left) / safe
    return np.asarray(np.where(near, first + second - p * (1.5 * second + 2 / 3 * third), far))


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
