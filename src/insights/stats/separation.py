"""Columns that tell the outcome because they were written after it: values that only those with the event have."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from insights.stats.inputs import Floats

BINS = 20
FEWEST_UNITS = 20
SHARE = 0.95
AREA = 0.95
MOST_EVENTS = 0.6
"""Where more than this share of all units has the event, a value that only they have says little."""


@dataclass(frozen=True)
class Separation:
    """How far one column alone separates units with the event from the others.

    ``area`` is the probability that a unit with the event ranks above one without by this column, or below if that is
    more (0.5 to 1, missing values in the middle of the order); ``purest`` is the largest share with the event among at
    least 20 units with about the same value, ``missing`` whether that value is "missing", ``units`` how many they are,
    and ``overall`` the share with the event among all.
    """

    area: float
    purest: float
    units: int
    missing: bool
    known_share_events: float
    known_share_others: float
    overall: float

    @property
    def suspicious(self) -> bool:
        """Whether no honest measurement taken before the event looks like this."""
        return self.overall <= MOST_EVENTS and (self.area >= AREA or self.purest >= SHARE)


def separation(values: npt.ArrayLike, event: npt.ArrayLike) -> Separation | None:
    """Hold one column (n values, nan where missing) against the event (n flags); None where all or none have it.

    The column is cut into at most 20 groups of about equal size, a value that repeats often being a group of its own;
    all known values and all missing ones are groups too. Raises ValueError for lengths that differ.
    """
    x, y = np.asarray(values, dtype=float), np.asarray(event, dtype=bool)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"values have shape {x.shape}, events {y.shape}; expected one of each by unit")
    n_events = int(y.sum())
    if n_events in (0, len(y)):
        return None
    known = ~np.isnan(x)
    group = np.zeros(len(x), dtype=np.int64)
    # Groups have twice the fewest units where there are enough of them: with one group it is "known" as such.
    bins = int(np.clip(known.sum() // (2 * FEWEST_UNITS), 1, BINS))
    edges = np.unique(np.quantile(x[known], np.linspace(0, 1, bins + 1))) if known.any() else np.zeros(1)
    # Odd numbers are the edges themselves, where repeated values lie; even ones the stretches between them.
    place = np.searchsorted(edges, x[known], side="left")
    on_edge = edges[np.minimum(place, len(edges) - 1)] == x[known]
    group[known] = 1 + 2 * place + on_edge
    size, hits = np.bincount(group), np.bincount(group, y)
    # All known values together are a group too.
    size, hits = np.append(size, known.sum()), np.append(hits, (known & y).sum())
    large = size >= FEWEST_UNITS
    share = np.where(large, hits / np.maximum(size, 1), 0.0)
    best = int(share.argmax())
    return Separation(
        area=_area(np.where(known, x, np.nan), y),
        purest=float(share[best]),
        units=int(size[best]) if large.any() else 0,
        missing=best == 0 and bool(large.any()),
        known_share_events=float(known[y].mean()),
        known_share_others=float(known[~y].mean()),
        overall=n_events / len(y),
    )


def _area(x: Floats, y: npt.NDArray[np.bool_]) -> float:
    """Return the larger of the two areas under the curve; missing values count as the median."""
    filled = np.where(np.isnan(x), np.nanmedian(x) if (~np.isnan(x)).any() else 0.0, x)
    _, rank = np.unique(filled, return_inverse=True)
    cases, others = np.bincount(rank[y], minlength=rank.max() + 1), np.bincount(rank[~y], minlength=rank.max() + 1)
    below = np.cumsum(others) - others / 2
    area = float(cases @ below) / (cases.sum() * others.sum())
    return max(area, 1 - area)
