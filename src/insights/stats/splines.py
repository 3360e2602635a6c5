"""Smooth functions of one number as columns of a regression."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from insights.stats.inputs import Floats

SOURCE = "Harrell (2015), Regression Modeling Strategies, 2nd ed., section 2.4.5"

PLACES = {
    3: (0.10, 0.50, 0.90),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.50, 0.725, 0.95),
    6: (0.05, 0.23, 0.41, 0.59, 0.77, 0.95),
    7: (0.025, 0.1833, 0.3417, 0.50, 0.6583, 0.8167, 0.975),
}
"""Harrell's places of so many knots, as quantiles."""


@dataclass(frozen=True)
class NaturalSpline:
    """A restricted cubic spline: cubic between its knots, straight beyond the first and last, smooth to order two.

    ``knots`` (K) increase. ``columns`` gives K - 1 columns, the number itself first; with fewer than three knots the
    function is a straight line.
    """

    knots: tuple[float, ...]

    @property
    def size(self) -> int:
        """Number of columns."""
        return max(1, len(self.knots) - 1)

    def columns(self, values: npt.ArrayLike) -> Floats:
        """Return the columns (n, size) of n values; all are in the unit of the values."""
        x = np.asarray(values, dtype=float)
        found = [x]
        if len(self.knots) >= 3:
            t = np.asarray(self.knots)
            last, before = t[-1], t[-2]

            def cube(at: float) -> Floats:
                return np.asarray(np.maximum(x - at, 0.0) ** 3)

            for knot in t[:-2]:
                bent = cube(knot)
                bent -= cube(before) * (last - knot) / (last - before)
                bent += cube(last) * (before - knot) / (last - before)
                found.append(bent / (last - t[0]) ** 2)
        return np.stack(found, axis=1)


def natural_spline(values: npt.ArrayLike, knots: int) -> NaturalSpline:
    """Return the spline with so many knots (3 to 7) at Harrell's quantiles of the values (n).

    Where values repeat so often that quantiles coincide, there are fewer knots; with two or fewer a straight line.
    Raises ValueError for another number of knots, no values, or missing ones.
    """
    if knots not in PLACES:
        raise ValueError(f"{knots} knots; expected {min(PLACES)} to {max(PLACES)}")
    x = np.asarray(values, dtype=float)
    if not x.size or not np.isfinite(x).all():
        raise ValueError(f"{int((~np.isfinite(x)).sum())} of {x.size} values are missing; expected numbers, and some")
    places = np.unique(np.quantile(x, PLACES[knots]))
    return NaturalSpline(tuple(float(p) for p in places) if len(places) >= 3 else ())
