"""Whether classes come again when the units are drawn anew: likeness by class, agreement of all, units that move."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import Floats, Ints
from insights.stats.mixture.agreement import adjusted_rand, jaccard, matched
from insights.stats.mixture.model import Mixture, fit_mixture
from insights.stats.mixture.rows import MixtureRows
from insights.stats.resampling import replicate_weights

SOURCE = "Hennig (2007), Cluster-wise assessment of cluster stability; adjusted Rand: Hubert & Arabie (1985)"
MOST_UNITS = 6_000
"""More units than these are not needed: a sample of them is drawn anew."""


@dataclass(frozen=True)
class Stability:
    """From R samples drawn anew: ``jaccard`` (R, K) by class, ``rand`` (R), ``moved`` (R, K, K).

    ``jaccard``: the likeness of each class to the class of the new fit that is most like it, among the units drawn.
    ``moved``: the share of all units that the original mixture puts into class a and the new fit, its classes matched,
    into class b: what changes though nothing has happened but chance.
    """

    jaccard: Floats = field(repr=False)
    rand: Floats = field(repr=False)
    moved: Floats = field(repr=False)

    @property
    def mean_jaccard(self) -> Floats:
        """Mean likeness of each class (K)."""
        return np.asarray(self.jaccard.mean(axis=0))

    @property
    def noise(self) -> Floats:
        """Share of the units that change class in each new fit (R)."""
        return np.asarray(1 - np.trace(self.moved, axis1=1, axis2=2))


def bootstrap_stability(
    rows: MixtureRows, mixture: Mixture, keys: npt.ArrayLike | pd.Series, *, seed: str, replicates: int = 20
) -> Stability:
    """Fit as many classes again to units drawn with replacement, and compare.

    ``keys`` (n) name the units, on which their weights depend. Every new fit begins at the mixture and at two places of
    its own and keeps the better: from the mixture alone it would find its way back too easily. Above 0.75 a class
    counts as stable, below 0.6 as dissolved (Hennig). Units must be complete.
    """
    keys = np.asarray(keys, dtype=object)
    if rows.n > MOST_UNITS:
        order = np.argsort(replicate_weights(keys, seed=seed + "/sample", replicates=[0], kind="exponential")[:, 0])
        chosen = np.sort(order[:MOST_UNITS])
        rows, keys = rows.take(chosen), keys[chosen]
    k = mixture.classes
    first = mixture.assign(rows)
    weights = replicate_weights(keys, seed=seed, replicates=range(replicates))
    likeness, rand, moved = np.empty((replicates, k)), np.empty(replicates), np.empty((replicates, k, k))
    for r in range(replicates):
        weight = weights[:, r]
        drawn = weight > 0
        new = fit_mixture(rows.take(drawn), k, seed=r + 1, starts=2, weight=weight[drawn], near=mixture, steps=60)
        label = new.assign(rows)
        own = np.zeros(k)
        found = jaccard(first[drawn], label[drawn]).max(axis=1)
        own[: len(found)] = found
        likeness[r], rand[r] = own, adjusted_rand(first[drawn], label[drawn])
        moved[r] = moves(first, matched(first, label, k)[label], k) / rows.n
    return Stability(likeness, rand, moved)


def moves(one: Ints, other: Ints, classes: int) -> Floats:
    """Return how many units are in class a of the first labelling and in b of the other (K, K)."""
    return np.bincount(one * classes + other, minlength=classes**2).reshape(classes, classes).astype(float)
