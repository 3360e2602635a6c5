"""What changed in the delivery since the last pack."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.memory.compared import LEVEL, SHIFTED
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.rows import SHOWN, SUPPRESSED, dated
from insights.reports.exhibits.told import INTERVALS
from insights.reports.wording.labels import column_label, table_label
from insights.topics.evidence import Answer

ROWS = {
    "fewer": Message("fewer rows of the same months"),
    "more": Message("more rows of the same months"),
}
SCHEMA = {
    ("gone", True): Message("no longer delivered"),
    ("gone", False): Message("column no longer delivered"),
    ("new", True): Message("delivered for the first time"),
    ("new", False): Message("column delivered for the first time"),
}
MARKS = {
    "restated": Message("values of earlier months were changed"),
    "shifted": Message("new rows have other values than those of the year before"),
}


def delivery(answer: Answer, parts: dict[str, pd.DataFrame], bank: Bank) -> Exhibit:
    """Name the tables and columns that are gone, new, fewer, restated or shifted."""
    rows = [*_schema(parts["schema"]), *_rows(parts["rows"]), *_marks(parts["marks"])]
    before = answer.facts["before"]
    columns = (
        Column("table", Message("Table")),
        Column("column", Message("Column")),
        Column("what", Message("What changed")),
        Column("before", Message("Before"), "number"),
        Column("now", Message("Now"), "number"),
    )
    tables = list(dict.fromkeys(str(r["name"]) for r in rows))
    names = {"tables": [table_label(name) for name in tables], "before": before}
    return Exhibit(
        id=answer.id,
        title=Message("The delivery changed since {before:date}: {tables}", names)
        if rows
        else Message("The delivery is as it was on {before:date}", names),
        sentences=(Message("A change of the numbers may come from there: have it settled before they are acted upon."),)
        if rows
        else (),
        tables=(Table(columns, tuple(rows)),) if rows else (),
        basis=dated(bank, Message("Tables compared: {n:count}.", {"n": answer.facts["tables"]})),
        caveats=(
            Message(
                "Rows of the same months may come late: up to one in twenty passes. New rows are compared by the "
                "stability index; the lower end of its 99.9% interval must pass 0.1. Amounts of money are not compared "
                "so: they follow the seasons."
            ),
        ),
        estimates=tuple(_estimates(parts)),
    )


def _schema(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        _cells(str(r["table"]), str(r["column"]), SCHEMA[(str(r["what"]), not r["column"])], "", "")
        for r in rows.to_dict("records")
    ]


def _rows(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        _cells(str(r["table"]), "", ROWS[str(r["what"])], r["rows_before"], r["rows_now"])
        for r in rows.to_dict("records")
    ]


def _marks(rows: pd.DataFrame) -> list[dict[str, Any]]:
    found = []
    for (what, table, column), own in rows.groupby(["what", "table", "column"], sort=True):
        values = own.set_index("when")["value"]
        now: Any = values.get("now", "")
        if what == SHIFTED and own["low"].notna().all():
            (ends,) = own.to_dict("records")
            now = Message(INTERVALS["number"].id, {name: ends[name] for name in ("value", "low", "high")})
        found.append(_cells(str(table), str(column), MARKS[str(what)], values.get("before", ""), now))
    return found


def _cells(table: str, column: str, what: Message, before: Any, now: Any) -> dict[str, Any]:
    label = column_label(table, column) if column else ""
    return {"name": table, "table": table_label(table), "column": label, "what": what, "before": before, "now": now}


def _estimates(parts: dict[str, pd.DataFrame]) -> list[dict[str, Any]]:
    empty: dict[str, Any] = dict.fromkeys(("months", "low", "high", "level", "n", "n_events"))
    found = [
        {"name": what, "group": {"table": str(r["table"]), "when": when}} | empty | _value(r[f"rows_{when}"], "rows")
        for r in parts["rows"].to_dict("records")
        for what in (str(r["what"]),)
        for when in ("before", "now")
    ]
    found += [
        {"name": str(r["what"]), "group": {k: str(r[k]) for k in ("table", "column") if r[k]}}
        | empty
        | _value(1.0, "columns" if r["column"] else "tables")
        for r in parts["schema"].to_dict("records")
    ]
    found += [
        {"name": str(r["what"]), "group": {k: str(r[k]) for k in ("table", "column", "when")}}
        | empty
        | _value(r["value"], "index" if r["what"] == SHIFTED else "mean")
        | ({"low": r["low"], "high": r["high"], "level": LEVEL} if not pd.isna(r["low"]) else {})
        for r in parts["marks"].to_dict("records")
    ]
    return found


def _value(value: float, unit: str) -> dict[str, Any]:
    told = not pd.isna(value)
    return {"value": value if told else None, "unit": unit, "status": SHOWN if told else SUPPRESSED}
