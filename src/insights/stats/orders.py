"""A change shared out over its causes, so that no order decides in which they are put in one after the other."""

from collections.abc import Callable
from itertools import product
from math import factorial

import numpy as np

from insights.stats.inputs import Floats

SOURCE = (
    "Shapley (1953), A value for n-person games; Shorrocks (2013), Decomposition procedures for distributional analysis"
)

MOST_CAUSES = 8
"""Every subset of the causes is evaluated once: 256 of them at the most."""


def order_weights(causes: int) -> dict[tuple[bool, ...], Floats]:
    """Return for every subset of the causes with which weight its value counts in the part of each cause (causes).

    A cause's part is what putting it in adds, averaged over all orders of all causes. The weights of a cause add up to
    zero over the subsets; summed over the causes, only the full set (1) and the empty one (-1) have a weight: so the
    parts add up to the whole change. ValueError for more than ``MOST_CAUSES``.
    """
    if causes > MOST_CAUSES:
        raise ValueError(f"{causes} causes; expected {MOST_CAUSES} at the most, since every subset is evaluated")
    found = {}
    for subset in product((False, True), repeat=causes):
        size = sum(subset)
        inside = factorial(size - 1) * factorial(causes - size) / factorial(causes) if size else 0.0
        outside = factorial(size) * factorial(causes - size - 1) / factorial(causes) if size < causes else 0.0
        found[subset] = np.where(np.array(subset, dtype=bool), inside, -outside)
    return found


def mean_over_orders(value: Callable[[tuple[bool, ...]], Floats], causes: int) -> Floats:
    """Return the part of each cause (causes, n) in the change of n values from no cause put in to all of them.

    ``value`` gives the values (n) with some causes put in (flags); it is called once for each subset, in the order of
    binary counting, so that whoever computes it may keep what the last flags do not change. The parts of each of the n
    add up to its whole change, but for rounding. A cause that changes nothing has no part, and two causes that do the
    same have the same part (Shapley).
    """
    weights = order_weights(causes)
    parts: Floats | None = None
    for subset, weight in weights.items():
        own = np.asarray(value(subset), dtype=float)
        parts = np.zeros((causes, *own.shape)) if parts is None else parts
        for k in np.flatnonzero(weight):
            parts[k] += weight[k] * own
    assert parts is not None
    return parts
