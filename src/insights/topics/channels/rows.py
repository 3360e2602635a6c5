"""Rows of ``Estimates`` from the results that the models give."""

from typing import Any

import pandas as pd

from insights.stats.results import Estimate, NotEstimable

NAN = float("nan")


def line(
    found: Estimate | NotEstimable,
    n: float,
    n_events: float = NAN,
    sizes: tuple[float, float, float] = (NAN, NAN, NAN),
    unit: str = "",
) -> dict[str, Any]:
    """Return value, interval, unit and what they rest on; all nan where there is no estimate.

    ``n`` are clients and ``n_events`` what was counted of them; ``sizes`` the largest contributions to a sum of money.
    """
    told = isinstance(found, Estimate)
    ends = (found.value, found.low, found.high) if isinstance(found, Estimate) else (NAN, NAN, NAN)
    head: dict[str, Any] = dict(zip(("value", "low", "high"), ends, strict=True))
    head |= {"unit": found.unit if isinstance(found, Estimate) else unit, "n": float(n) if told else NAN}
    head |= {"n_events": float(n_events)}
    return head | dict(zip(("largest", "second", "absolute"), sizes, strict=True))


def table(lines: list[dict[str, Any]], dims: tuple[str, ...]) -> pd.DataFrame:
    """Return the lines as rows of ``Estimates``, with all its columns even where there is none."""
    columns = [*dims, "value", "low", "high", "unit", "n", "n_events", "largest", "second", "absolute"]
    extra = [c for c in (lines[0] if lines else {}) if c not in columns]
    return pd.DataFrame(lines, columns=[*columns, *extra])
