"""Rows of ``Estimates`` as cells of tables, as values of sentences, and as rows of a finding."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.reports.exhibits.base import Message
from insights.reports.exhibits.rows import SHOWN, SUPPRESSED, estimate_row
from insights.stats.results import Estimate

INTERVALS = {
    "count": Message("{value:count} ({low:count} to {high:count})"),
    "percent": Message("{value:percent} ({low:bare_percent} to {high:bare_percent})"),
    "tenths": Message("{value:tenths} ({low:tenths} to {high:tenths})"),
    "money": Message("{value:money} ({low:money} to {high:money})"),
    "number": Message("{value:number} ({low:number} to {high:number})"),
    "points": Message("{value:tenths} points ({low:tenths} to {high:tenths})"),
    "basis_points": Message("{value:basis_points} ({low:basis_points} to {high:basis_points})"),
}
"""How an estimate and its interval are written in one cell."""


def as_estimate(row: dict[Any, Any]) -> Estimate | None:
    """Return a row of ``Estimates`` as an estimate; None where it is withheld."""
    if row.get("status", SHOWN) != SHOWN or math.isnan(float(row["value"])):
        return None
    events = float(row["n_events"])
    value, low, high = (float(row[name]) for name in ("value", "low", "high"))
    return Estimate(value, low, high, str(row["unit"]), int(row["n"]), None if math.isnan(events) else int(events))


def find(rows: pd.DataFrame, **where: Any) -> Estimate | None:
    """Return the estimate of the one row in which the columns have these values; None without one, or withheld."""
    return _first(rows, _have(rows, where))


def cell(estimate: Estimate | None, kind: str) -> Message | None:
    """Return an estimate with its interval as one cell of a table; None (shown as withheld) without one."""
    if estimate is None:
        return None
    size = 100 if kind == "points" else 1
    values = {"value": size * estimate.value, "low": size * estimate.low, "high": size * estimate.high}
    if math.isnan(estimate.low) or math.isnan(estimate.high):
        return Message(f"{{value:{kind}}}", {"value": estimate.value})
    return Message(INTERVALS[kind].id, values)


def cell_of(rows: pd.DataFrame, kind: str, **where: Any) -> Message | None:
    """Return the one row with these values as a cell: a dash where there is none, None where it is withheld."""
    there = _have(rows, where)
    return cell(_first(rows, there), kind) if there.any() else Message("–")


def _first(rows: pd.DataFrame, there: npt.NDArray[np.bool_]) -> Estimate | None:
    places = np.flatnonzero(there)
    return as_estimate({name: rows[name].iat[places[0]] for name in rows.columns}) if len(places) else None


def _have(rows: pd.DataFrame, where: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    """Return which rows have these values (n): an exhibit looks up hundreds, so no frame is made on the way."""
    there = np.ones(len(rows), dtype=bool)
    for column, value in where.items():
        there &= (rows[column] == value).to_numpy(dtype=bool, na_value=False)
    return there


def finding_row(name: str, row: dict[Any, Any], *, group: dict[str, str], months: int | None = None) -> dict[str, Any]:
    """Return the row of a finding for a row of ``Estimates``; an end that it does not have is None."""
    estimate = as_estimate(row)
    if estimate is not None:
        found = estimate_row(name, estimate, group=group, months=months)
        return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in found.items()}
    empty: dict[str, Any] = dict.fromkeys(("value", "low", "high", "level", "n", "n_events"))
    return {"name": name, "group": group, "months": months, **empty, "unit": str(row["unit"]), "status": SUPPRESSED}
