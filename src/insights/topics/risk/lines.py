"""Rows of ``Estimates`` for the answers about risk."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.results import Estimate
from insights.topics.evidence import Estimates

NAN = float("nan")
COLUMNS = ["value", "low", "high", "unit", "n", "n_events", "largest", "second", "absolute"]


def told(found: Estimate, **dims: str) -> dict[str, Any]:
    """Return an estimate as a row."""
    events = NAN if found.n_events is None else float(found.n_events)
    head = {"value": found.value, "low": found.low, "high": found.high, "unit": found.unit}
    return dims | head | {"n": float(found.n), "n_events": events}


def plain(value: float, unit: str, n: float, n_events: float = NAN, **dims: str) -> dict[str, Any]:
    """Return a number without an interval as a row."""
    return dims | {"value": float(value), "low": NAN, "high": NAN, "unit": unit, "n": float(n), "n_events": n_events}


def summed(amounts: npt.ArrayLike, **dims: str) -> dict[str, Any]:
    """Return a sum of money over clients (n) as a row, with what the rule of dominance needs."""
    sizes = np.sort(np.abs(np.asarray(amounts, dtype=float)))[::-1]
    sizes = sizes[sizes > 0]
    first, second = (float(sizes[k]) if len(sizes) > k else 0.0 for k in (0, 1))
    row = dims | plain(float(np.sum(np.asarray(amounts, dtype=float))), "money", len(sizes))
    return row | {"largest": first, "second": second, "absolute": float(sizes.sum())}


def estimates(rows: Iterable[dict[str, Any]], *dims: str) -> Estimates:
    """Return the rows as evidence, with all its columns even where there is none."""
    return Estimates(pd.DataFrame(list(rows), columns=[*dims, *COLUMNS]), dims)
