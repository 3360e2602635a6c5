"""What was delivered, told so that a later run can see whether it still is: rows by month, columns, and their marks.

The same months are delivered to one run after another. What an earlier run found in them should be found again, but for
what became known late; where half of it is gone, or its values have moved, the delivery has changed and not the bank.
"""

from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir
import pandas as pd

from insights.data.months import add_months, month_of
from insights.data.snapshot import Bank
from insights.data.tables import TABLES
from insights.models.cache import once

MONTHS = 12
MEASURED = ("number", "money", "integer")


@dataclass(frozen=True)
class Delivered:
    """What came in. ``rows``: table, month (ISO day; "" for a table without dates), rows. ``columns``: table, column.

    ``marks``: table, column, filled, mean, sd of the columns with numbers, over the rows of the last twelve months.
    """

    rows: pd.DataFrame
    columns: pd.DataFrame
    marks: pd.DataFrame


def delivered(bank: Bank) -> Delivered:
    """Return what the bank delivers as of the date, computed once."""
    key = "memory_delivered"
    return once(bank, key, lambda: Delivered(_rows(bank), _columns(bank), marks(bank, bank.as_of)), on_disk=True)


def _rows(bank: Bank) -> pd.DataFrame:
    found = []
    for name in bank.tables_present:
        view, day = bank.table(name), TABLES[name].date
        if day is None or day not in view.columns:
            found.append(pd.DataFrame({"month": [""], "rows": [view.count().execute()]}).assign(table=name))
            continue
        told = view.group_by(month=month_of(view[day]).cast("string")).agg(rows=view.count()).order_by("month")
        found.append(told.execute().dropna().assign(table=name))
    rows = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=["month", "rows", "table"])
    return rows[["table", "month", "rows"]].astype({"rows": "int64", "month": str})


def _columns(bank: Bank) -> pd.DataFrame:
    pairs = [(t, c) for t in bank.tables_present for c in sorted(bank.table(t).columns) if bank.has(t, c)]
    return pd.DataFrame(pairs, columns=["table", "column"])


def marks(bank: Bank, until: date) -> pd.DataFrame:
    """Return filled, mean and sd of every column with numbers, over the rows of the twelve months up to a day."""
    found = []
    for name in bank.tables_present:
        view, day = bank.table(name), TABLES[name].date
        columns = [c for c in sorted(view.columns) if is_number(name, c, view)]
        if day is None or day not in view.columns or not columns:
            continue
        at = month_of(view[day])
        first = ibis.literal(add_months(until.replace(day=1), 1 - MONTHS), "date")
        recent = view.filter((at >= first) & (at <= ibis.literal(until.replace(day=1), "date")))
        sums: dict[str, ir.Value] = {}
        for k, column in enumerate(columns):
            value = recent[column].cast("float64")
            sums |= {f"filled_{k}": value.count(), f"mean_{k}": value.mean(), f"sd_{k}": value.std(how="pop")}
        told = recent.agg(**sums).execute().iloc[0]
        found += [
            {"table": name, "column": c} | {what: float(told[f"{what}_{k}"]) for what in ("filled", "mean", "sd")}
            for k, c in enumerate(columns)
        ]
    return pd.DataFrame(found, columns=["table", "column", "filled", "mean", "sd"])


def is_number(table: str, column: str, view: ir.Table) -> bool:
    """Whether a column holds measured numbers, and not ids, dates or codes."""
    if not view[column].type().is_numeric():
        return False
    spec = TABLES[table].column(column)
    return column.startswith("item_") or (spec is not None and spec.kind in MEASURED)
