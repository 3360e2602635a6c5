"""From data to action: where this pack stands step by step, and which needs of clients come first."""

import math
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.loyalty.words import factor_label
from insights.reports.exhibits.needs.words import category_label
from insights.reports.exhibits.rows import SHOWN, dated
from insights.reports.exhibits.told import INTERVALS
from insights.reports.wording.labels import REPORTS, table_label
from insights.topics.evidence import Answer
from insights.topics.summary.framework import CATEGORY, FACTOR

STEPS = {
    "collect": Message("collect"),
    "process": Message("process"),
    "analyse": Message("analyse"),
    "present": Message("present"),
    "apply": Message("apply"),
}
WHAT = {
    "tables": Message("{done:count} of {whole:count} tables that can be read are delivered"),
    "legal_basis": Message("{done:count} of {whole:count} sources have a stated legal basis"),
    "ledger": Message("{done:count} of {whole:count} totals agree with the general ledger"),
    "questions": Message("{done:count} of {whole:count} questions of the reports have an answer"),
    "tests": Message("{done:count} of {whole:count} tests of assumptions and effects could be made"),
    "reports": Message("{done:count} of {whole:count} reports are in this pack"),
    "lists": Message("{done:count} restricted lists have a recipient who can act on them"),
    "programmes": Message("{done:count} programmes are measured by what they did"),
}


def framework(answer: Answer, parts: dict[str, pd.DataFrame], bank: Bank) -> Exhibit:
    """Say which needs come first, and for each step from data to action how much of it is done."""
    steps, needs = parts["steps"].to_dict("records"), parts["needs"].to_dict("records")
    facts = answer.facts
    said = []
    if facts["absent"]:
        said.append(Message("Not delivered: {tables}.", {"tables": [table_label(t) for t in facts["absent"]]}))
    if facts["lacking"]:
        said.append(Message("Not in this pack: {reports}.", {"reports": [REPORTS[r] for r in facts["lacking"]]}))
    if facts["refused"]:
        names = [REPORTS.get(r, r) for r in facts["refused"]]
        said.append(
            Message("Questions without an answer, each with its reason, stand in: {reports}.", {"reports": names})
        )
    columns = (Column("step", Message("Step")), Column("what", Message("Where this pack stands")))
    table = Table(columns, tuple(_step(r) for r in steps), Message("From data to action"))
    return Exhibit(
        id=answer.id,
        title=_title(needs, bank),
        sentences=tuple(said),
        tables=(*((_needs(needs, bank),) if needs else ()), table),
        basis=dated(bank, Message("The goals stand above; the needs are read from the findings of this pack.")),
        caveats=(
            Message(
                "The order of the needs is that of the estimates: where their intervals overlap, two needs beside each "
                "other may change places by chance."
            ),
        ),
        estimates=tuple([_count(r) for r in steps] + [_need_row(r) for r in needs]),
    )


def _title(needs: list[dict[Any, Any]], bank: Bank) -> Message:
    first = {kind: next((r for r in needs if r["kind"] == kind), None) for kind in (FACTOR, CATEGORY)}
    factor, category = (None if r is None else _label(r, bank) for r in (first[FACTOR], first[CATEGORY]))
    if factor is None and category is None:
        return Message("Which needs of clients come first cannot be told from this pack")
    if category is None:
        return Message("First of all clients need: {factor}", {"factor": factor})
    if factor is None:
        return Message("Clients will want next: {category}", {"category": category})
    values = {"factor": factor, "category": category}
    return Message("First of all clients need {factor}; most wanted next: {category}", values)


def _label(row: dict[Any, Any], bank: Bank) -> Message | str:
    return factor_label(str(row["name"]), bank) if row["kind"] == FACTOR else category_label(str(row["name"]), bank)


def _step(row: dict[Any, Any]) -> dict[str, Any]:
    values = {"done": row["done"], "whole": row["whole"]}
    return {"step": STEPS[row["stage"]], "what": Message(WHAT[row["what"]].id, values)}


def _needs(rows: list[dict[Any, Any]], bank: Bank) -> Table:
    told = []
    for r in rows:
        factor = r["kind"] == FACTOR
        values = {"value": r["value"], "low": r["low"], "high": r["high"]}
        why = Message("{told} of loyalty goes with it") if factor else Message("{told} first purchases in three months")
        kind = "percent" if factor else "count"
        row = {"rank": float(r["rank"]), "need": _label(r, bank)}
        row["why"] = Message(why.id, {"told": Message(INTERVALS[kind].id, values)})
        row["does"] = "" if math.isnan(r["does"]) else Message("{v:share} of the highest mark", {"v": r["does"]})
        told.append(row)
    columns = (
        Column("need", Message("Need")),
        Column("rank", Message("Place among its like"), "count"),
        Column("why", Message("Why it stands there")),
        Column("does", Message("How well the bank does")),
    )
    return Table(columns, tuple(told), Message("Needs of clients in their order"))


def _count(row: dict[Any, Any]) -> dict[str, Any]:
    return _row("step", {"stage": str(row["stage"]), "what": str(row["what"])}, row["done"], None, "number")


def _need_row(row: dict[Any, Any]) -> dict[str, Any]:
    group = {"kind": str(row["kind"]), "name": str(row["name"])}
    unit = "share" if row["kind"] == FACTOR else "clients"
    return _row("need", group, row["value"], (row["low"], row["high"]), unit)


def _row(name: str, group: dict[str, str], value: float, ends: tuple[float, float] | None, unit: str) -> dict[str, Any]:
    low, high = ends or (None, None)
    head = {"name": name, "group": group, "months": None, "value": value, "low": low, "high": high}
    return head | {"level": 0.95 if ends else None, "unit": unit, "n": None, "n_events": None, "status": SHOWN}
