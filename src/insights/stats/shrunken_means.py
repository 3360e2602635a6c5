"""Means of groups, drawn towards their common mean as far as chance may have made them differ."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from insights.stats.inputs import Floats

SOURCE = "DerSimonian & Laird (1986); Morris (1983), Parametric empirical Bayes inference"


@dataclass(frozen=True)
class ShrunkenMeans:
    """``means`` (G), ``common`` and ``sd``: the mean of the groups' true means, and how much these differ."""

    means: Floats = field(repr=False)
    common: float
    sd: float


def shrunken_means(means: npt.ArrayLike, errors: npt.ArrayLike) -> ShrunkenMeans:
    """Draw the means (G) of independent groups with standard errors (G) above 0 towards their common mean.

    The variance of the true means is that of the method of moments, cut at 0; each group keeps the share
    variance / (variance + error squared) of its distance from the common mean. With few groups the variance is rough;
    one alone has its own mean.

    Assumes errors that are known and normal. Raises ValueError for lengths that differ, no group, missing numbers and
    errors of 0 or less.
    """
    m, e = np.asarray(means, dtype=float), np.asarray(errors, dtype=float)
    if m.ndim != 1 or m.shape != e.shape or not len(m):
        raise ValueError(f"means have shape {m.shape}, errors {e.shape}; expected one number each by group")
    if not (np.isfinite(m).all() and np.isfinite(e).all() and (e > 0).all()):
        raise ValueError("means or errors are missing, or an error is not above 0; expected numbers")
    weight = 1 / e**2
    common = float(weight @ m / weight.sum())
    variance = 0.0
    if len(m) > 1:
        q = float(weight @ (m - common) ** 2)
        spare = float(weight.sum() - (weight**2).sum() / weight.sum())
        variance = max(0.0, (q - (len(m) - 1)) / spare)
    weight = 1 / (variance + e**2)
    common = float(weight @ m / weight.sum())
    kept = variance / (variance + e**2)
    return ShrunkenMeans(common + kept * (m - common), common, float(np.sqrt(variance)))
