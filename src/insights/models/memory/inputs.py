"""What was delivered, told so that a later run can see whether it still is: rows by month, columns, and their marks.

The same months are delivered to one run after another. What an earlier run found in them should be found again, but for
what became known late; where half of it is gone, or its values have moved, the delivery has changed and not the bank.
"""

from datetime import date

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from insights.data.months import add_months, month_of
from insights.data.snapshot import Bank
from insights.data.tables import TABLES
from insights.models.cache import once
from insights.models.memory.shapes import Delivered

MONTHS = 12
MEASURED = ("number", "money", "integer")


def delivered(bank: Bank) -> Delivered:
    """Return what the bank delivers as of the date, computed once."""
    rows = by_month(bank)
    told = rows[rows["column"] == ""].rename(columns={"filled": "rows"})[["table", "month", "rows"]]
    return Delivered(
        told.astype({"rows": "int64"}).reset_index(drop=True), _columns(bank), marks_until(rows, bank.as_of)
    )


def by_month(bank: Bank) -> pd.DataFrame:
    """Return table, month, column, filled, total, squares: of every column with numbers, month by month, made once.

    Column "" counts the rows; a table without dates has them under month "". One pass over each table tells all.
    """
    return once(bank, "memory_by_month", lambda: _by_month(bank), on_disk=True)


def _by_month(bank: Bank) -> pd.DataFrame:
    parts = [pd.DataFrame(columns=["table", "month", "column", "filled", "total", "squares"])]
    for name in bank.tables_present:
        view, day = bank.table(name), TABLES[name].date
        if day is None or day not in view.columns:
            whole = {"table": name, "month": "", "column": "", "filled": float(view.count().execute())}
            parts.append(pd.DataFrame([whole | {"total": 0.0, "squares": 0.0}]))
            continue
        columns = ["", *(c for c in sorted(view.columns) if is_number(name, c, view))]
        sums: dict[str, ir.Value] = {"filled_0": view.count()}
        for k, column in enumerate(columns[1:], start=1):
            value = view[column].cast("float64")
            sums |= {f"filled_{k}": value.count(), f"total_{k}": value.sum(), f"squares_{k}": (value * value).sum()}
        told = view.group_by(month=month_of(view[day]).cast("string")).agg(**sums).order_by("month").execute()
        # The engine writes a month as a day and an hour.
        told = told[told["month"].notna()].assign(month=lambda t: t["month"].astype(str).str[:10])
        for k, column in enumerate(columns):
            own = {
                w: told[f"{w}_{k}"].fillna(0.0) if f"{w}_{k}" in told else 0.0 for w in ("filled", "total", "squares")
            }
            parts.append(pd.DataFrame({"table": name, "month": told["month"], "column": column} | own))
    kinds = {"filled": float, "total": float, "squares": float}
    return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True).astype(kinds)


def _columns(bank: Bank) -> pd.DataFrame:
    pairs = [(t, c) for t in bank.tables_present for c in sorted(bank.table(t).columns) if bank.has(t, c)]
    return pd.DataFrame(pairs, columns=["table", "column"])


def marks(bank: Bank, until: date) -> pd.DataFrame:
    """Return filled, mean and sd of every column with numbers, over the rows of the twelve months up to a day."""
    return marks_until(by_month(bank), until)


def marks_until(rows: pd.DataFrame, until: date) -> pd.DataFrame:
    """Return ``marks`` from the sums of each month (see ``by_month``); nan where nothing is filled."""
    last = until.replace(day=1)
    first = add_months(last, 1 - MONTHS)
    own = rows[rows["column"] != ""]
    pairs = own[["table", "column"]].drop_duplicates()
    inside = own[(own["month"] >= first.isoformat()) & (own["month"] <= last.isoformat())]
    sums = inside.groupby(["table", "column"], sort=False)[["filled", "total", "squares"]].sum().reset_index()
    found = pairs.merge(sums, on=["table", "column"], how="left").fillna(0.0)
    n = found["filled"].where(found["filled"] > 0)
    mean = found["total"] / n
    sd = np.sqrt(np.maximum(found["squares"] / n - mean**2, 0.0))
    return found.assign(mean=mean, sd=sd)[["table", "column", "filled", "mean", "sd"]].reset_index(drop=True)


def is_number(table: str, column: str, view: ir.Table) -> bool:
    """Whether a column holds measured numbers, and not ids, dates or codes."""
    if not view[column].type().is_numeric():
        return False
    spec = TABLES[table].column(column)
    return column.startswith("item_") or (spec is not None and spec.kind in MEASURED)
