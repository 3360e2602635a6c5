"""Columns about their weighted means, and whether one of them says nothing of its own."""

from dataclasses import dataclass

import numpy as np

from insights.stats.design import dependent_column
from insights.stats.inputs import Floats

ROUNDING = 1e-14
"""Times the tolerance of ``dependent_column``: the share of a column's squares that its variance has by rounding only.

A column far from 0 with a small spread (a year, an account's balance) has a tiny share too, and must not be refused.
"""


@dataclass(frozen=True)
class Centred:
    """``values`` (n, p) less ``mean`` (p,), their weighted cross-products ``gram`` (p, p).

    ``dependent`` is a column that is constant or a combination of those before it, with these; None if there is none.
    """

    values: Floats
    mean: Floats
    gram: Floats
    dependent: tuple[int, list[int]] | None

    @property
    def sd(self) -> Floats:
        """Standard deviations (p,), for weights with mean 1."""
        return np.sqrt(np.diag(self.gram) / len(self.values))


def centre(x: Floats, weight: Floats) -> Centred:
    """Return the columns (n, p) centred; weights (n,) are scaled to mean 1."""
    w = weight / weight.mean()
    mean = w @ x / len(x)
    values = x - mean
    mean = mean + w @ values / len(x)  # the rest that rounding left where the mean is large
    values = x - mean
    gram = (values * w[:, None]).T @ values
    return Centred(values, mean, gram, dependent_column(gram, ROUNDING * (w @ x**2)))
