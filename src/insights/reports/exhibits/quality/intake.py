"""What came in, and what became of it."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.quality.words import ENDING_LABELS, money, rounding
from insights.reports.exhibits.rows import count_row, dated, records
from insights.reports.wording.labels import code_label, table_label
from insights.topics.evidence import Answer
from insights.topics.quality import ENDINGS

_ACTION_LABELS = {**ENDING_LABELS, "repaired": Message("Repaired"), "noted": Message("Kept, and noted")}


def intake(answer: Answer, cells: pd.DataFrame, bank: Bank) -> Exhibit:
    """Say what share of what came in can be used."""
    wide = cells.pivot(index="table", columns="action", values="rows").reindex(columns=list(ENDINGS))
    absent = (
        cells.assign(there=True).pivot(index="table", columns="action", values="there").reindex(columns=list(ENDINGS))
    )
    wide = wide.where(absent.notna(), 0.0)
    came = wide.sum(axis=1, skipna=False)  # a sum with a withheld part is withheld
    total, kept = float(came.sum()), float(wide["kept"].sum())
    values = {
        "share": kept / total if total else None,
        "total": total,
        "kept": kept,
        "aside": float(wide["quarantined"].sum()),
    }
    wide["came"] = came
    rows = tuple(
        row
        | {
            "table": table_label(row["table"]),
            "share": row["kept"] / row["came"] if row["kept"] is not None and row["came"] else None,
        }
        for row in records(wide.reset_index())
    )
    columns = [Column("table", Message("Table")), Column("came", Message("Rows in"), "count")]
    columns += [Column(k, ENDING_LABELS[k], "count") for k in ENDINGS]
    columns.append(Column("share", Message("Kept, share"), "percent"))
    return Exhibit(
        id=answer.id,
        title=Message("{aside:count} of {total:count} rows that came in had to be set aside", values),
        sentences=(
            Message("{kept:count} rows were kept; each row set aside has its reason and can be looked at.", values),
            Message("Rows in = kept + merged + set aside + withheld, for every table."),
        ),
        tables=(Table(tuple(columns), rows, Message("Rows of the extracts and what became of them")),),
        basis=dated(bank),
        caveats=rounding(bank),
        estimates=tuple(
            count_row("rows", r["rows"], unit="rows", group={"table": r["table"], "action": r["action"]})
            for r in records(cells)
        ),
    )


def repairs(answer: Answer, cells: pd.DataFrame, bank: Bank) -> Exhibit:
    """Say which rules touched how many rows and how much money."""
    shown = cells.dropna(subset=["rows"])
    if cells.empty:
        return Exhibit(id=answer.id, title=Message("Nothing had to be repaired or set aside"), basis=dated(bank))
    rows = tuple(
        {
            "table": table_label(r["table"]),
            "action": _ACTION_LABELS[r["action"]],
            "rule": code_label("rule", r["rule"], bank.settings.labels),
            "rows": r["rows"],
            "amount": "" if pd.isna(r["amount"]) else r["amount"],
        }
        for r in records(cells)
    )
    top = shown.sort_values("rows").iloc[-1] if len(shown) else None
    values: dict[str, Any] = {"rules": float(len(cells)), "tables": float(cells["table"].nunique())}
    if top is not None:
        values |= {"rule": code_label("rule", top["rule"], bank.settings.labels), "n": float(top["rows"])}
        values |= {"table": table_label(str(top["table"]))}
        title = Message("The most frequent fault is “{rule}” in {table}: {n:count} rows", values)
    else:
        title = Message("Every fault found concerns too few rows to be counted here", values)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=(
            Message(
                "{rules:count} kinds of fault were found in {tables:count} tables; each is listed with what was done.",
                values,
            ),
        ),
        tables=(
            Table(
                (
                    Column("table", Message("Table")),
                    Column("rule", Message("What was wrong")),
                    Column("action", Message("What was done")),
                    Column("rows", Message("Rows"), "count"),
                    Column("amount", Message("Money affected"), "money"),
                ),
                rows,
                Message("Faults found, and what was done about them"),
            ),
        ),
        basis=dated(bank),
        caveats=(
            Message("The rows set aside are in the restricted list “quarantine”, each with the rule that it broke."),
            *rounding(bank),
            *money(bank),
        ),
        estimates=tuple(
            count_row(
                "rows", r["rows"], unit="rows", group={"table": r["table"], "action": r["action"], "rule": r["rule"]}
            )
            for r in records(cells)
        ),
    )
