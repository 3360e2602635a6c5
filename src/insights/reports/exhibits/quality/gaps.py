"""What is missing: months, values, and rows that came late."""

from datetime import timedelta
from typing import Any

import pandas as pd

from insights.data.months import add_months
from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.quality.words import rounding
from insights.reports.exhibits.rows import count_row, dated, records
from insights.reports.wording.labels import column_label, table_label
from insights.topics.evidence import Answer

MONTHS_SHOWN = 60
COLUMNS_SHOWN = 20

REGULAR = 0.9
"""A table with rows in this share of its months comes every month; only its missing months are holes."""

_DELAYS = {
    "a week": Message("Within a week"),
    "a month": Message("Within a month"),
    "a quarter": Message("Within a quarter"),
    "later": Message("Later"),
}


def coverage(answer: Answer, cells: pd.DataFrame, bank: Bank) -> Exhibit:
    """Show which table has rows in which month, and name the holes."""
    cells = cells.dropna(subset=["month"])
    months = sorted(cells["month"].unique())
    months = [str(p) for p in pd.period_range(months[0], months[-1], freq="M")][-MONTHS_SHOWN:] if months else []
    names = sorted(cells["table"].unique())
    latest = f"{add_months(bank.as_of - timedelta(days=bank.settings.window.reporting_delay_days + 1), -1):%Y-%m}"
    matrix, holes = [], []
    for name in names:
        mine = cells[cells["table"] == name].set_index("month")["rows"]
        holes += [(name, m) for m in _holes(mine, months, latest)]
        matrix.append([_relative(mine, m, mine.max()) for m in months])
    values = {"holes": float(len(holes)), "tables": float(len(names)), "months": float(len(months))}
    title = (
        Message("{holes:count} months are missing in tables that otherwise arrive every month", values)
        if holes
        else Message("No month is missing in any of the {tables:count} tables with dates", values)
    )
    data = {"rows": [table_label(n) for n in names], "columns": months, "values": matrix, "kind": "percent"}
    rows = tuple({"table": table_label(n), "month": m} for n, m in holes)
    columns = (Column("table", Message("Table")), Column("month", Message("Month"), "month"))
    hole_table = Table(columns, rows, Message("Months without a row"))
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=(
            Message("Darker means closer to the fullest month of the same table; white means that nothing arrived."),
        ),
        figure=Figure(
            "heat",
            data,
            Message("Rows by table and month, as a share of the fullest month. {title}.", {"title": title}),
        )
        if months
        else None,
        tables=(hole_table,) if rows else (),
        basis=dated(bank),
        caveats=(
            Message("A table counts as monthly if at least nine in ten of its months have rows."),
            *rounding(bank),
        ),
        estimates=tuple(
            count_row("rows", r["rows"], unit="rows", group={"table": r["table"], "month": r["month"]})
            for r in records(cells)
            if r["month"] in months
        ),
    )


def completeness(answer: Answer, cells: pd.DataFrame, bank: Bank) -> Exhibit:
    """Name the columns with most missing values."""
    wide = cells.pivot(index=["table", "column"], columns="what", values="rows").reindex(
        columns=["missing", "recorded"]
    )
    wide["share"] = wide["missing"] / (wide["missing"] + wide["recorded"])
    missing = wide[wide["share"] > 0].sort_values("share", ascending=False, kind="stable")
    worst = records(missing.head(COLUMNS_SHOWN).reset_index())
    rows = tuple(
        row | {"table": table_label(row["table"]), "column": column_label(row["table"], row["column"])} for row in worst
    )
    values: dict[str, Any] = {"n": float(len(missing)), "all": float(len(wide)), "shown": float(len(rows))}
    return Exhibit(
        id=answer.id,
        title=Message("{n:count} of {all:count} columns have gaps", values),
        sentences=(Message("The table lists the {shown:count} with the largest share missing.", values),)
        if len(rows) < len(missing)
        else (),
        tables=(
            Table(
                (
                    Column("table", Message("Table")),
                    Column("column", Message("Column")),
                    Column("missing", Message("Values missing"), "count"),
                    Column("share", Message("Share missing"), "percent"),
                ),
                rows,
                Message("Columns with missing values"),
            ),
        )
        if rows
        else (),
        basis=dated(bank),
        caveats=(
            Message(
                "Columns in which an empty cell says something (not left, not rated, in no household) are not counted."
            ),
            *rounding(bank),
        ),
        estimates=tuple(
            count_row("missing_values", r["missing"], unit="values", group={"table": r["table"], "column": r["column"]})
            for r in worst
        ),
    )


def timeliness(answer: Answer, cells: pd.DataFrame, bank: Bank) -> Exhibit:
    """Say how long it takes until a row is known."""
    wide = cells.pivot(index="table", columns="delay", values="rows").reindex(columns=list(_DELAYS))
    absent = (
        cells.assign(there=True).pivot(index="table", columns="delay", values="there").reindex(columns=list(_DELAYS))
    )
    wide = wide.where(absent.notna(), 0.0)
    total = float(wide.sum().sum())
    late = float(wide[["a quarter", "later"]].sum().sum())
    values: dict[str, Any] = {"share": late / total if total else None}
    slow = wide[wide.drop(columns="a week").fillna(1.0).sum(axis=1) > 0]
    values |= {"prompt": len(wide) - len(slow), "tables": len(wide)}
    rows = tuple(row | {"table": table_label(row["table"])} for row in records(slow.reset_index()))
    columns = (Column("table", Message("Table")), *(Column(k, label, "count") for k, label in _DELAYS.items()))
    return Exhibit(
        id=answer.id,
        title=Message("{share:percent} of the rows became known more than a month after their date", values),
        sentences=(
            Message("In {prompt:count} of {tables:count} tables with dates every row was known within a week.", values),
            Message("Reports as of an earlier date leave out what was not yet known on it."),
        ),
        tables=(Table(columns, rows, Message("The others: rows by how long after their date they became known")),)
        if rows
        else (),
        basis=dated(bank),
        caveats=rounding(bank),
        estimates=tuple(
            count_row("rows", r["rows"], unit="rows", group={"table": r["table"], "delay": r["delay"]})
            for r in records(cells)
        ),
    )


def _holes(rows: "pd.Series[float]", months: list[str], latest: str) -> list[str]:
    """Return the months without rows, up to the latest that should have arrived, of a table that comes every month."""
    span = [m for m in months if rows.index.min() <= m <= max(rows.index.max(), latest)]
    missing = [m for m in span if m not in rows.index]
    return missing if len(missing) <= (1 - REGULAR) * len(span) else []


def _relative(rows: "pd.Series[float]", month: str, top: float) -> float | None:
    if month not in rows.index:
        return 0.0
    return None if pd.isna(rows[month]) or pd.isna(top) or top == 0 else float(rows[month] / top)
