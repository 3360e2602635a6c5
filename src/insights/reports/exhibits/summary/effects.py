"""What interventions did to satisfaction, attrition, loyalty, brand, activity, income and new money."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.rows import SHOWN, dated
from insights.reports.exhibits.told import INTERVALS
from insights.reports.wording.labels import REPORTS, code_label
from insights.topics.evidence import Answer

OUTCOMES = {
    "satisfaction": Message("satisfaction after a contact, mark"),
    "attrition": Message("leaving within a year"),
    "loyalty": Message("stated loyalty, points"),
    "brand": Message("brand image"),
    "activity": Message("share of months with activity"),
    "income": Message("income a year, of the assets before"),
    "new_money": Message("net new money a year, of the assets before"),
}
SHORT = {
    "satisfaction": Message("satisfaction"),
    "attrition": Message("leaving"),
    "loyalty": Message("loyalty"),
    "brand": Message("brand image"),
    "activity": Message("activity"),
    "income": Message("income"),
    "new_money": Message("net new money"),
}
KINDS = {"share": "percent", "share of assets": "percent", "points": "number"}


def effects(answer: Answer, found: pd.DataFrame, bank: Bank) -> Exhibit:
    """Say which interventions moved what, and what cannot be told."""
    rows = found.to_dict("records")
    untold = [OUTCOMES[name] for name in answer.facts["untold"]]
    columns = (
        Column("programme", Message("Programme")),
        Column("outcome", Message("What it should move")),
        Column("effect", Message("Effect (95% interval)")),
        Column("clear", Message("More than chance")),
        Column("report", Message("Report")),
    )
    return Exhibit(
        id=answer.id,
        title=_title([r for r in rows if r["clear"]], bank),
        sentences=(Message("No finding tells what programmes did to: {names}.", {"names": untold}),) if untold else (),
        tables=(Table(columns, tuple(_cells(r, bank) for r in rows)),),
        basis=dated(
            bank, Message("Effects of programmes, drawn by lot or against clients not yet reached; never raw trends.")
        ),
        caveats=(
            Message(
                "More than chance: at most one false alarm in twenty such tables (Holm). How each effect was estimated "
                "stands in its report."
            ),
        ),
        estimates=tuple(_estimate(r) for r in rows),
    )


def _title(clear: list[dict[Any, Any]], bank: Bank) -> Message:
    moved: dict[str, dict[str, Any]] = {}
    for row in clear:
        told = moved.setdefault(str(row["programme"]), {"programme": _programme(row, bank), "names": []})
        told["names"].append(SHORT[row["outcome"]])
    if not moved:
        return Message("No programme is seen to have moved anything beyond chance")
    if len(moved) == 1:
        return Message("“{programme}” moved {names}", next(iter(moved.values())))
    parts = [Message("{names} (“{programme}”)", values) for values in moved.values()]
    return Message("Programmes moved: {parts}", {"parts": parts})


def _programme(row: dict[Any, Any], bank: Bank) -> Message | str:
    return code_label("programme", str(row["programme"]), bank.settings.labels)


def _kind(row: dict[Any, Any]) -> str:
    return "basis_points" if row["outcome"] == "income" else KINDS.get(row["unit"], "number")


def _cells(row: dict[Any, Any], bank: Bank) -> dict[str, Any]:
    values = {"value": row["value"], "low": row["low"], "high": row["high"]}
    report = str(row["finding"]).partition(".")[0]
    return {
        "programme": _programme(row, bank),
        "outcome": OUTCOMES[row["outcome"]],
        "effect": Message(INTERVALS[_kind(row)].id, values),
        "clear": Message("yes") if row["clear"] else Message("no"),
        "report": REPORTS.get(report, report),
    }


def _estimate(row: dict[Any, Any]) -> dict[str, Any]:
    group = {"outcome": str(row["outcome"]), "programme": str(row["programme"])}
    numbers = {"value": row["value"], "low": row["low"], "high": row["high"], "level": 0.95, "unit": row["unit"]}
    n = None if pd.isna(row["n"]) else row["n"]
    return {"name": "effect", "group": group, "months": 12} | numbers | {"n": n, "n_events": None, "status": SHOWN}
