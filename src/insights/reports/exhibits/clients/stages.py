"""Segments by stage: where the money at risk stands, and what is to be done in each cell."""

import math
from typing import Any

from insights.data.snapshot import Bank
from insights.models.stages import STAGES
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.clients.words import segment_label, segments_basis, told, treatment_label
from insights.reports.exhibits.rows import count_row, estimate_row, interval
from insights.stats.results import Estimate, NotEstimable
from insights.topics.clients.stages import StageCells
from insights.topics.evidence import Answer

ALPHA = 0.05
_WITHHELD = NotEstimable("withheld")


def stages(answer: Answer, found: StageCells, bank: Bank) -> Exhibit:
    """Show each segment by stage, with its treatment; the title names the cell where most money may go."""
    facts = answer.facts
    cells = found.table.to_dict("records")
    label = {str(n): segment_label(str(n), bank) for n in facts["names"]}
    title = Message("The segments by stage of the relationship, and what to do for each")
    sentences = []
    stake = {
        (s, t): float(row["assets"]) * e.value
        for row in cells
        if (e := found.leaving.get((s := str(row["segment"]), t := str(row["stage"])))) is not None
        and not math.isnan(float(row["assets"]))
    }
    if stake:
        worst = max(stake, key=lambda cell: stake[cell])
        row = next(r for r in cells if (r["segment"], r["stage"]) == worst)
        values: dict[str, Any] = {"segment": label[worst[0]], "stage": stage_label(worst[1])}
        values |= {"n": told(float(row["clients"])), "assets": float(row["assets"]), "money": stake[worst]}
        values["rate"] = (found.leaving[worst] or Estimate(0, 0, 0, "", 0)).value
        title = Message(
            "Most is at stake with “{segment}” in {stage}: {assets:money}, held by clients of whom {rate:percent} "
            "leave in a year",
            values,
        )
        todo = facts["treatments"][worst]
        if todo is not None:
            sentences.append(
                Message(
                    "What is set for these {n:count} clients: {todo}.", values | {"todo": treatment_label(todo, bank)}
                )
            )
    known = {cell: e for cell, e in found.leaving.items() if e is not None}
    if len(known) > 1:
        top, low = max(known, key=lambda c: known[c].value), min(known, key=lambda c: known[c].value)
        sentences.append(
            Message(
                "Leaving a year lies between {low:percent} (“{best}” in {calm}) and {high:percent} (“{worst}” in "
                "{restless}).",
                {"low": known[low].value, "best": label[low[0]], "calm": stage_label(low[1])}
                | {"high": known[top].value, "worst": label[top[0]], "restless": stage_label(top[1])},
            )
        )
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        figure=_figure(found, label, title),
        tables=tuple(_tables(found, label, facts, bank)),
        basis=segments_basis(
            bank,
            facts,
            Message("Clients in force on {end:date}; assets and margin of twelve months.", facts),
            *(
                (
                    Message(
                        "Leaving a year: leavers for any reason over client-years of the last {months:months}, by "
                        "segment and stage at the end of the month before; the effects of segment and stage are taken "
                        "to multiply (95% interval).",
                        facts,
                    ),
                )
                if found.leaving
                else ()
            ),
            *(
                (
                    Message(
                        "Stated loyalty: mean of each client's last mark within twelve months, {low:number} to "
                        "{high:number}, of those who answered.",
                        {"low": facts["scale"][0], "high": facts["scale"][1]},
                    ),
                )
                if found.mark
                else ()
            ),
        ),
        caveats=(
            Message("Treatments are set by the bank, not derived from the data; what they do is not measured here."),
            Message("Clients whose stage cannot be judged yet are left out."),
            *_multiply(found.multiply if found.leaving else None),
        ),
        estimates=tuple(_estimates(found, bank)),
    )


def stage_label(code: str) -> Message:
    """Return what a stage is called inside a sentence."""
    return _STAGES[code]


_STAGES = {
    "introduction": Message("introduction"),
    "growth": Message("growth"),
    "maturity": Message("maturity"),
    "decline": Message("decline"),
    "dormant": Message("dormancy of the account"),
}


def _figure(found: StageCells, label: dict[str, Any], title: Message) -> Figure:
    present = [s for s in STAGES if s in set(found.table["stage"])]
    if found.leaving:
        grid = [
            [None if (e := found.leaving.get((segment, stage))) is None else e.value for stage in present]
            for segment in label
        ]
        alt = Message("Leaving a year by segment and stage. {title}.", {"title": title})
    else:
        wide = found.table.pivot(index="segment", columns="stage", values="clients")
        grid = [[told(v) for v in row] for row in wide.reindex(index=list(label), columns=present).to_numpy(float)]
        alt = Message("Clients by segment and stage. {title}.", {"title": title})
    rows = list(label.values())
    data = {"rows": rows, "columns": [stage_label(s) for s in present], "values": grid}
    return Figure("heat", data | {"kind": "percent" if found.leaving else "count"}, alt)


def _tables(found: StageCells, label: dict[str, Any], facts: dict[str, Any], bank: Bank) -> list[Table]:
    columns = [
        Column("segment", Message("Segment")),
        Column("stage", Message("Stage")),
        Column("clients", Message("Clients"), "count"),
        Column("assets", Message("Assets"), "money"),
    ]
    if facts["margin"]:
        columns.append(Column("value", Message("Margin"), "money"))
    if found.leaving:
        columns.append(Column("leaving", Message("Leaving a year")))
    if found.mark:
        columns.append(Column("mark", Message("Stated loyalty")))
    if any(facts["treatments"].values()):
        columns.append(Column("treatment", Message("What to do")))
    rows = []
    for row in found.table.to_dict("records"):
        cell = (str(row["segment"]), str(row["stage"]))
        leaving = found.leaving.get(cell)
        rows.append(
            {"segment": label[cell[0]], "stage": stage_label(cell[1])}
            | {c: told(float(row[c])) for c in ("clients", "assets", "value") if c in row}
            | {"leaving": None if leaving is None else interval(leaving, "percent")}
            | {"mark": _mark(found, cell)}
            | {"treatment": treatment_label(facts["treatments"][cell], bank)}
        )
    return [Table(tuple(columns), tuple(rows), Message("Each cell and what to do for its clients"))]


def _multiply(p: float | None) -> tuple[Message, ...]:
    """Say whether the rates of leaving of single cells differ from what segment and stage make of them."""
    if p is None:
        return ()
    values = {"p": p}
    if p < ALPHA:
        return (
            Message(
                "Some cells leave more or less than segment and stage together explain (p {p:p}): their rates are "
                "smoothed.",
                values,
            ),
        )
    return (
        Message(
            "The test does not reject that the effects of segment and stage on leaving multiply (p {p:p}).", values
        ),
    )


def _mark(found: StageCells, cell: tuple[str, str]) -> Message | None:
    """Return the mean mark of a cell; who is in no cell of the marks answered too seldom."""
    if cell not in found.mark:
        return Message("too few answered")
    mark = found.mark[cell]
    return None if mark is None else interval(mark, "tenths")


def _estimates(found: StageCells, bank: Bank) -> list[dict[str, Any]]:
    unit, rows = bank.settings.bank.currency, []
    for row in found.table.to_dict("records"):
        cell = (str(row["segment"]), str(row["stage"]))
        group = {"segment": cell[0], "stage": cell[1]}
        for name, u in (("clients", "clients"), ("assets", unit), ("value", unit)):
            if name in row:
                rows.append(count_row(name, row[name], unit=u, group=group))
        for name, told_by in (("leaving_rate", found.leaving), ("loyalty_mark", found.mark)):
            if cell in told_by:
                rows.append(estimate_row(name, told_by[cell] or _WITHHELD, group=group))
    return rows
