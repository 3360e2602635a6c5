"""Estimates of one thing at two times from overlapping units: the difference, its replicates, and many at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from insights.stats.inputs import Floats
from insights.stats.multiplicity import holm
from insights.stats.resampling import FEWEST_CLUSTERS, MOST_FAILED, Replicates

SOURCE = "Poisson bootstrap with weights by unit (see resampling); Holm (1979)"


@dataclass(frozen=True)
class Family:
    """Some of the tests of a comparison, which share out ``alpha`` among themselves."""

    p_values: Floats
    alpha: float

    @property
    def found(self) -> np.ndarray:
        """Which of them are clear (m): any false one among them comes with probability ``alpha`` at most."""
        return np.asarray(holm(self.p_values) <= self.alpha, dtype=bool)


def paired_errors(now: Replicates, before: Replicates) -> Floats:
    """Return the standard errors (m) of ``now`` less ``before``, unit by unit paired; nan where one is not estimable.

    Units that are in both cancel as far as they say the same both times; what remains is what differs. Raises
    ValueError for replicates made with other weights or of other parts. Assumption: units are independent.
    """
    apart = now - before
    if min(now.clusters, before.clusters) < FEWEST_CLUSTERS:
        return np.full(len(apart.value), np.nan)
    good = np.isfinite(apart.values)
    enough = (good.mean(axis=0) >= 1 - MOST_FAILED) & np.isfinite(apart.value)
    errors = np.full(len(apart.value), np.nan)
    for k in np.flatnonzero(enough):
        errors[k] = apart.values[good[:, k], k].std(ddof=1)
    return errors


def normal_p(values: Sequence[float] | Floats, errors: Sequence[float] | Floats) -> Floats:
    """Return two-sided p-values (m) of values against 0; nan without an error, or with one of 0."""
    from scipy.special import ndtr  # half a second that those who only read results need not wait

    value, error = np.asarray(values, float), np.asarray(errors, float)
    z = np.divide(np.abs(value), error, out=np.full_like(value, np.nan), where=error > 0)
    return np.asarray(2 * ndtr(-z))
