"""Rows of ``Estimates``: results of models, plain numbers and sums of money in the shape that protection knows."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.results import Estimate, NotEstimable
from insights.topics.evidence import Estimates

NAN = float("nan")
SIZES = ("largest", "second", "absolute")
COLUMNS = ("value", "low", "high", "unit", "n", "n_events", *SIZES)
NO_SIZES = (NAN, NAN, NAN)


def line(
    found: Estimate | NotEstimable,
    n: float,
    n_events: float = NAN,
    sizes: tuple[float, float, float] = NO_SIZES,
    unit: str = "",
) -> dict[str, Any]:
    """Return value, interval, unit and what they rest on; all nan where there is no estimate.

    ``n`` are clients and ``n_events`` what was counted of them; ``sizes`` the largest contributions to a sum of money.
    """
    if isinstance(found, NotEstimable):
        row = plain(NAN, unit, NAN, n_events)
    else:
        row = plain(found.value, found.unit, n, n_events) | {"low": found.low, "high": found.high}
    return row | dict(zip(SIZES, sizes, strict=True))


def told(found: Estimate, **dims: str) -> dict[str, Any]:
    """Return an estimate as a row that rests on what it says itself."""
    return dims | line(found, found.n, NAN if found.n_events is None else found.n_events)


def row(
    found: Estimate | NotEstimable | float, unit: str, n: float, n_events: float = NAN, **dims: str
) -> dict[str, Any]:
    """Return an estimate or a plain number as a row told in ``unit``; what they rest on is as for ``line``."""
    if isinstance(found, float):
        return plain(found, unit, n, n_events, **dims)
    return dims | line(found, n, n_events, unit=unit) | {"unit": unit}


def plain(value: float, unit: str, n: float, n_events: float = NAN, **dims: str) -> dict[str, Any]:
    """Return a number without an interval as a row."""
    flat = {"value": float(value), "low": NAN, "high": NAN, "unit": unit, "n": float(n), "n_events": float(n_events)}
    return dims | flat


def summed(amounts: npt.ArrayLike, **dims: str) -> dict[str, Any]:
    """Return a sum of money over clients (n) as a row, with what the rule of dominance needs."""
    every = np.asarray(amounts, dtype=float)
    sizes = np.sort(np.abs(every[every != 0]))[::-1]
    first, second = (float(sizes[k]) if len(sizes) > k else 0.0 for k in (0, 1))
    row = dims | plain(float(every.sum()), "money", len(sizes))
    return row | {"largest": first, "second": second, "absolute": float(sizes.sum())}


def estimates(
    lines: Iterable[dict[str, Any]],
    *dims: str,
    parts_of: tuple[str, ...] | None = None,
    named_by: tuple[str, ...] | None = None,
) -> Estimates:
    """Return lines as evidence, with all its columns even where there is none; options as in ``Estimates``."""
    rows = list(lines)
    extra = [c for c in (rows[0] if rows else {}) if c not in (*dims, *COLUMNS)]
    return Estimates(pd.DataFrame(rows, columns=[*dims, *COLUMNS, *extra]), dims, parts_of, named_by)
