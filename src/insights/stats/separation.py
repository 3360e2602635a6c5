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
    # In order once: every count is then a matter of a few places in it.
    told, told_events = np.sort(x[known]), np.sort(x[known & y])
    # Groups have twice the fewest units where there are enough of them: with one group it is "known" as such.
    bins = int(np.clip(len(told) // (2 * FEWEST_UNITS), 1, BINS))
    edges = np.unique(np.quantile(told, np.linspace(0, 1, bins + 1))) if len(told) else np.zeros(1)
    size, hits = _groups(told, edges), _groups(told_events, edges)
    # The missing values are the first group, and all known ones together the last.
    size = np.concatenate([[len(x) - len(told)], size, [len(told)]])
    hits = np.concatenate([[n_events - len(told_events)], hits, [len(told_events)]])
    large = size >= FEWEST_UNITS
    share = np.where(large, hits / np.maximum(size, 1), 0.0)
    best = int(share.argmax())
    return Separation(
        area=_area(told, told_events, len(x), n_events),
        purest=float(share[best]),
        units=int(size[best]) if large.any() else 0,
        missing=best == 0 and bool(large.any()),
        known_share_events=len(told_events) / n_events,
        known_share_others=(len(told) - len(told_events)) / (len(x) - n_events),
        overall=n_events / len(y),
    )


def _groups(told: Floats, edges: Floats) -> npt.NDArray[np.int64]:
    """Return how many values (rising) lie before the first edge, on it, between it and the next, and so on."""
    before, until = np.searchsorted(told, edges, side="left"), np.searchsorted(told, edges, side="right")
    return np.diff(np.stack([before, until], axis=1).ravel(), prepend=0)


def _area(told: Floats, told_events: Floats, n: int, n_events: int) -> float:
    """Return the larger of the two areas under the curve; missing values count as the median of all.

    ``told`` are the known values of the n units and ``told_events`` those of the units with the event, both rising.
    """
    middle = float(np.median(told)) if len(told) else 0.0
    every, events = _filled(told, n, middle), _filled(told_events, n_events, middle)
    # Units that rank below each unit with the event, and half of those beside it, less those with the event themselves.
    below = (_ranks(every, events) - _ranks(events, events)).sum() / 2
    area = float(below) / (n_events * (n - n_events))
    return max(area, 1 - area)


def _filled(told: Floats, n: int, value: float) -> Floats:
    """Return the values (rising) with as many of another value in its place among them as n are more than they."""
    at = np.searchsorted(told, value)
    return np.concatenate([told[:at], np.full(n - len(told), value), told[at:]])


def _ranks(told: Floats, at: Floats) -> npt.NDArray[np.int64]:
    """Return how many values (rising) lie below each of some numbers, plus how many lie below it or on it."""
    return np.searchsorted(told, at, side="left") + np.searchsorted(told, at, side="right")
