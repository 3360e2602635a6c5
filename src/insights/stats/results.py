"""What every statistic returns: an estimate, a test, or the reason why there is neither."""

from dataclasses import dataclass, field
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Estimate:
    """One number with its interval.

    ``value``, ``low`` and ``high`` are in ``unit``; ``level`` is the confidence level of the interval; ``n`` counts the
    units of analysis it rests on and ``n_events`` the events among them (None where there is no event). An end that the
    data do not bound is infinite.
    """

    value: float
    low: float
    high: float
    unit: str
    n: int
    n_events: int | None = None
    level: float = 0.95
    se: float | None = None


@dataclass(frozen=True)
class TestResult:
    """A test, its null hypothesis in words, and its outcome.

    A test that does not apply has no statistic; ``reason`` then says why. A check that looks for a fault rather than
    for chance has a statistic and no p-value; ``reason`` then says what was found, and is empty where nothing was.
    """

    __test__ = False  # the field's word for it; pytest must not collect it

    name: str
    null: str
    statistic: float | None = None
    df: float | None = None
    p_value: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class NotEstimable:
    """Stands where a number would, with the reason. It is falsy, so ``if result:`` reads as it should."""

    reason: str

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True)
class Result:
    """Base of the tabular results.

    ``table`` is tidy: one row per estimate, horizons in months. ``checks`` are the tests of the assumptions, ``source``
    is the paper that the method comes from.
    """

    table: pd.DataFrame
    checks: tuple[TestResult, ...] = field(default=())
    source: str = ""

    def _repr_html_(self) -> str:
        """Show the table in a notebook; the classes that derive from this add nothing to it."""
        return str(self.table.to_html(index=False, escape=True, max_rows=30))

    def __eq__(self, other: Any) -> bool:
        """Two results are equal when their tables are (frames do not compare to a single truth value)."""
        return type(self) is type(other) and self.table.equals(other.table)

    __hash__ = None  # type: ignore[assignment]
