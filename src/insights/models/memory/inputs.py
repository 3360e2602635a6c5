"""What was delivered, told so that a later run can see whether it still is: rows by month, columns, and their marks.

The same months are delivered to one run after another. What an earlier run found in them should be found again, but for
what became known late; where half of it is gone, or its values have moved, the delivery has changed and not the bank.
"""

from datetime import date

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from insights.data.months import add_months
from insights.data.snapshot import Bank
from insights.data.tables import TABLES
from insights.data.typing_sql import quoted
from insights.models.cache import once
from insights.models.memory.shapes import Delivered

MONTHS = 12
MEASURED = ("number", "money", "integer")
SUMS = ("filled", "total", "squares")


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
    found = pd.concat([_of_table(bank, name) for name in bank.tables_present], ignore_index=True)
    return found.astype(dict.fromkeys(SUMS, float))


def _of_table(bank: Bank, name: str) -> pd.DataFrame:
    """Return the rows of a table: its columns one after the other, each month by month.

    The question is written as the engine reads it: so many sums take longer to put together than to make.
    """
    view, day = bank.table(name), TABLES[name].date
    columns: list[str] = []
    month, by_month = "''", ""
    if day is not None and day in view.columns:
        columns = sorted(c for c in view.columns if is_number(name, c, view))
        month, by_month = f"date_trunc('month', {quoted(day)})::DATE::VARCHAR", "GROUP BY ALL"
    sums = ["count(*)", "0", "0"]
    for column in columns:
        value = f"{quoted(column)}::DOUBLE"
        sums += [f"count({value})", f"sum({value})", f"sum({value} * {value})"]
    asked = f"SELECT {month} AS month, {', '.join(sums)} FROM {quoted(view.get_name())} {by_month}"
    told = bank.con.raw_sql(f"FROM ({asked}) WHERE month IS NOT NULL ORDER BY month").fetchall()
    values = np.array([row[1:] for row in told], dtype=float).reshape(len(told), -1, len(SUMS))
    by_column = np.where(np.isnan(values), 0.0, values).transpose(1, 0, 2).reshape(-1, len(SUMS))
    months, names = [row[0] for row in told], ["", *columns]
    head = {"table": name, "month": months * len(names), "column": np.repeat(np.array(names, object), len(months))}
    return pd.DataFrame(head | {sum_: by_column[:, k] for k, sum_ in enumerate(SUMS)})


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
    if not view.schema()[column].is_numeric():
        return False
    spec = TABLES[table].column(column)
    return column.startswith("item_") or (spec is not None and spec.kind in MEASURED)
