"""Sums of values over clients, with intervals in which no one or two clients decide."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from insights.data.settings import DisclosureSection
from insights.models.value.lifetime import LEVEL, LifetimeValues
from insights.stats.inputs import Floats

FEWEST = 10
"""Among fewer clients nobody is looked for who is too large."""


@dataclass(frozen=True)
class Summed:
    """A sum of values: ``value``, the interval of what will really come, and that of what it is worth.

    What it is worth (``expected_low`` to ``expected_high``) is not known as far as the models are not, nor what markets
    add in the long run; what comes (``low`` to ``high``) also depends on what markets do, and on who leaves by chance.
    ``sizes`` are the largest and second largest part of one client (of the sum, of the variance of what will come or of
    that of what it is worth, whichever is least even) and the absolute sum, in currency. ``n`` clients.
    """

    value: float
    low: float
    high: float
    expected_low: float
    expected_high: float
    sizes: tuple[float, float, float]
    n: int


@dataclass(frozen=True)
class Giants:
    """Who is so large that his own leaving would decide the interval of the whole book's value.

    ``found`` (n flags). Their chance is left out of intervals: they count with what is expected of them in each draw.
    """

    found: npt.NDArray[np.bool_] = field(repr=False)

    def realised(self, values: LifetimeValues) -> npt.NDArray[np.float32]:
        """Return the draws of what clients really bring, those of giants as expected (n, draws)."""
        if not self.found.any():
            return values.drawn.realised
        return np.where(self.found[:, None], values.drawn.expected, values.drawn.realised)


def giants(values: LifetimeValues, rules: DisclosureSection) -> Giants:
    """Return the giants by the dominance shares of the settings, so many that no one or two of the others dominate."""
    found = np.zeros(len(values.clients), dtype=bool)
    if rules.mode == "public_data" or len(found) < FEWEST:
        return Giants(found)
    drawn = values.drawn.realised.astype(np.float64)
    own = drawn.var(axis=1)
    total = drawn.sum(axis=0)
    for k in np.argsort(-own, kind="stable"):
        rest = np.sort(own[~found])[::-1]
        whole = float(total.var())
        if rest[0] <= rules.dominance_largest * whole and rest[:2].sum() <= rules.dominance_two * whole:
            break
        if int((~found).sum()) <= FEWEST:
            break
        found[k] = True
        total = total - drawn[k] + values.drawn.expected[k]
        own[k] = 0.0
    return Giants(found)


def summed(values: LifetimeValues, large: Giants, which: npt.NDArray[np.bool_] | None = None) -> Summed:
    """Return the sum of the values of some clients (n flags; default: all) with its interval."""
    which = np.ones(len(values.clients), dtype=bool) if which is None else which
    own = values.value[which]
    realised = large.realised(values)[which].astype(np.float64)
    total = realised.sum(axis=0)
    value = float(own.sum())
    tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    low, high = (float(q) for q in np.quantile(total, tails)) if len(own) else (0.0, 0.0)
    expected = values.drawn.expected[which].astype(np.float64)
    known = expected.sum(axis=0)
    least, most = (float(q) for q in np.quantile(known, tails)) if len(own) else (0.0, 0.0)
    parts = [np.abs(own)]
    if len(own) and known.var() > 0:
        apart = known - known.mean()
        parts.append(np.abs(expected @ apart) / float(apart @ apart) * np.abs(own).sum())
    if len(own) and total.var() > 0:
        parts.append(realised.var(axis=1) / total.var() * np.abs(own).sum())
    spread = min(low, value), max(high, value), min(least, value), max(most, value)
    return Summed(value, *spread, _sizes(parts), len(own))


def sizes_of(parts: Floats) -> tuple[float, float, float]:
    """Return the largest and second largest absolute part and the sum of all of them."""
    return _sizes([np.abs(parts)])


def _sizes(parts: list[Floats]) -> tuple[float, float, float]:
    ranked = [np.sort(p)[::-1] for p in parts]
    largest, second = (max((float(p[k]) if len(p) > k else 0.0) for p in ranked) for k in (0, 1))
    return largest, second, float(parts[0].sum())
