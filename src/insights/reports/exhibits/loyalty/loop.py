"""Which feedback led to a change, and what satisfaction did afterwards."""

import math
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.loyalty.changes import COMPLAINED, MARK
from insights.models.loyalty.feedback import BEFORE, NOW, OPEN
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.loyalty.reasons import why_not
from insights.reports.exhibits.loyalty.words import factor_label, survey_basis
from insights.reports.exhibits.rows import count_row
from insights.reports.exhibits.told import cell, find, finding_row
from insights.reports.wording.labels import code_label
from insights.topics.evidence import Answer
from insights.topics.loyalty.loop import CHANGES, DIFFERENCE, EARLIER, MEANS, SETTLED, Loop

LEVEL = 0.05
_SOURCES = {"complaints": Message("complaints"), "notes": Message("notes of visits")}
_PARTS = {
    CHANGES: Message("What satisfaction did after a change"),
    SETTLED: Message("Marks after a complaint was settled"),
}


def loop(answer: Answer, found: Loop, bank: Bank) -> Exhibit:
    """Say how much of what clients said led to a change, and whether satisfaction moved after it."""
    title = _title(answer, found, bank)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(answer, found, bank),
        figure=_figure(answer, found, title, bank),
        tables=_tables(answer, found, bank),
        basis=_basis(answer, found, bank),
        caveats=_caveats(answer, found),
        refusals=_refusals(answer, bank),
        estimates=tuple(_estimates(found)),
    )


def _tables(answer: Answer, found: Loop, bank: Bank) -> tuple[Table, ...]:
    made = (_changes(answer, bank), _moved(answer, found, bank), _heard(answer, found, bank))
    return tuple(table for table in made if table is not None)


def _name(change: str, bank: Bank) -> Message | str:
    return code_label("change", change, bank.settings.labels)


def _outcome(name: str, bank: Bank) -> Message | str:
    if name == MARK:
        return Message("mark of contacts")
    if name == COMPLAINED:
        return Message("share who complained of it")
    if name == "loyalty":
        return Message("stated loyalty")
    return factor_label(name, bank)


def _kind(outcome: str) -> str:
    return "points" if outcome == COMPLAINED else "number"


def _clear(found: Loop) -> list[dict[str, Any]]:
    rows = found.moved
    rows = rows[(rows["row"] == DIFFERENCE) & (rows["p"] < LEVEL) & rows["value"].notna()]
    return [{str(k): v for k, v in r.items()} for r in rows.sort_values("p", kind="stable").to_dict("records")]


def _answered(answer: Answer, found: Loop) -> tuple[list[str], list[str]]:
    topics = list(dict.fromkeys(str(t) for t in found.heard["topic"]))
    led = {t for c in answer.facts["changes"] for t in c["topics"]}
    return [t for t in topics if t in led], topics


def _title(answer: Answer, found: Loop, bank: Bank) -> Message:
    led, topics = _answered(answer, found)
    values: dict[str, Any] = {"k": len(led), "n": len(topics)}
    if not answer.facts["changes"]:
        return Message("No change is recorded that feedback led to: whether the loop closes cannot be told", values)
    if clear := _clear(found):
        first = clear[0]
        values |= {"name": _name(first["change"], bank), "what": _outcome(first["outcome"], bank)}
        values["d"] = abs(float(first["value"]))
        share = first["outcome"] == COMPLAINED
        if first["value"] > 0:
            return (
                Message("After “{name}” more complained of it: by {d:points} beside those not reached", values)
                if share
                else Message("After “{name}” {what} rose by {d:number} beside those not reached", values)
            )
        return (
            Message("After “{name}” fewer complained of it: by {d:points} beside those not reached", values)
            if share
            else Message("After “{name}” {what} fell by {d:number} beside those not reached", values)
        )
    if found.moved.empty:
        return Message("{k:number} of {n:number} topics led to a change; what followed cannot be told", values)
    return Message(
        "{k:number} of {n:number} topics led to a change; satisfaction did not move beyond chance after it", values
    )


def _sentences(answer: Answer, found: Loop, bank: Bank) -> tuple[Message, ...]:
    said = []
    led, topics = _answered(answer, found)
    rest = [code_label("topic", t, bank.settings.labels) for t in topics if t not in led]
    if answer.facts["changes"] and rest:
        said.append(Message("No change is recorded for: {names}.", {"names": rest}))
    lot = [c for c in answer.facts["changes"] if c["by_lot"] and c["outcomes"]]
    for change in (c for c in answer.facts["changes"] if c["outcomes"]):
        told = find(found.moved, change=change["name"], outcome=MARK, row=DIFFERENCE)
        if told is None:
            continue
        values = {"name": _name(change["name"], bank), "told": cell(told, "number")}
        said.append(
            Message("“{name}”, drawn by lot: its effect on marks of contacts is {told}.", values)
            if change["by_lot"]
            else Message("“{name}”: marks of contacts changed by {told} more than where it had not come.", values)
        )
    marks = find(found.settled, row=SETTLED) if not found.settled.empty else None
    if marks is not None:
        values = {"told": cell(marks, "number"), "days": answer.facts["days"]}
        said.append(
            Message("Once a complaint is settled, marks are higher than while it is open: by {told}.", values)
            if marks.low > 0
            else Message("Once a complaint is settled, marks are lower than while it is open: by {told}.", values)
            if marks.high < 0
            else Message(
                "Whether a complaint is settled or still open is not seen in the marks given meanwhile: {told}.", values
            )
        )
    if len(lot) < len([c for c in answer.facts["changes"] if c["outcomes"]]):
        said.append(
            Message(
                "Where no lot decided whom a change reached first, this is an association: the bank may have begun "
                "where things were about to improve."
            )
        )
    return tuple(said)


def _figure(answer: Answer, found: Loop, title: Message, bank: Bank) -> Figure | None:
    bars = []
    for change in answer.facts["changes"]:
        for outcome in (o for o in change["outcomes"] if o != COMPLAINED):
            told = find(found.moved, change=change["name"], outcome=outcome, row=DIFFERENCE)
            if told is not None:
                values = {"name": _name(change["name"], bank), "what": _outcome(outcome, bank)}
                label = Message("{name}: {what}", values)
                bars.append({"label": label, "value": told.value, "low": told.low, "high": told.high})
    if not bars:
        return None
    data = {"bars": bars, "kind": "number", "in_order": True}
    data["x_label"] = Message("Change in marks beyond that of those not reached (95% interval)")
    return Figure(
        "bars", data, Message("Change of marks after each change, with intervals. {title}.", {"title": title})
    )


def _changes(answer: Answer, bank: Bank) -> Table | None:
    rows = []
    for change in answer.facts["changes"]:
        topics = [_topic(t, bank) for t in change["topics"]]
        days = [Message("{day:date}", {"day": d}) for d in change["days"]]
        lot = Message("by lot") if change["by_lot"] else Message("not by lot")
        row = {"name": _name(change["name"], bank), "topics": Message("{names}", {"names": topics})}
        row |= {"days": Message("{names}", {"names": days}) if days else Message("–"), "lot": lot}
        rows.append(row)
    if not rows:
        return None
    columns = (
        Column("name", Message("Change made")),
        Column("topics", Message("Led to by")),
        Column("days", Message("Began on")),
        Column("lot", Message("Whom it reached first")),
    )
    return Table(columns, tuple(rows), Message("What the bank changed because of what clients said"))


def _topic(topic: str, bank: Bank) -> Message | str:
    if topic in bank.settings.loyalty.factors:
        return Message("marks of {factor}", {"factor": factor_label(topic, bank)})
    return code_label("topic", topic, bank.settings.labels)


def _moved(answer: Answer, found: Loop, bank: Bank) -> Table | None:
    rows = []
    for change in answer.facts["changes"]:
        for outcome in change["outcomes"]:
            own = found.moved[(found.moved["change"] == change["name"]) & (found.moved["outcome"] == outcome)]
            if own.empty:
                continue
            told = find(own, row=DIFFERENCE)
            p = float(own.loc[own["row"] == DIFFERENCE, "p"].iloc[0])
            earlier = own[own["row"] == EARLIER]
            row: dict[str, Any] = {"name": _name(change["name"], bank), "outcome": _outcome(outcome, bank)}
            for one, other, key in ((MEANS[0], MEANS[1], "reached"), (MEANS[2], MEANS[3], "others")):
                row[key] = _from_to(find(own, row=one), find(own, row=other), outcome)
            row["difference"] = cell(told, _kind(outcome))
            row["p"] = None if told is None or math.isnan(p) else Message("{p:p}", {"p": p})
            row["earlier"] = Message("–") if earlier.empty else cell(find(own, row=EARLIER), _kind(outcome))
            rows.append(row)
    if not rows:
        return None
    columns = (
        Column("name", Message("Change made")),
        Column("outcome", Message("Outcome")),
        Column("reached", Message("Reached: year before to year after")),
        Column("others", Message("Not (yet) reached")),
        Column("difference", Message("Difference (95% interval)")),
        Column("p", Message("p, adjusted")),
        Column("earlier", Message("The same a year earlier")),
    )
    return Table(columns, tuple(rows), Message("What followed each change, beside those not (yet) reached"))


def _from_to(one: Any, other: Any, outcome: str) -> Message | None:
    if one is None or other is None:
        return None
    values = {"a": one.value, "b": other.value}
    if outcome == COMPLAINED:
        return Message("{a:percent} to {b:percent}", values)
    return Message("{a:number} to {b:number}", values)


def _heard(answer: Answer, found: Loop, bank: Bank) -> Table | None:
    if found.heard.empty:
        return None
    rows = []
    for row in found.heard.to_dict("records"):
        led = [c["name"] for c in answer.facts["changes"] if row["topic"] in c["topics"]]
        line: dict[str, Any] = {"source": _SOURCES[str(row["source"])], "topic": _topic(str(row["topic"]), bank)}
        line |= {m: None if pd.isna(row[m]) else float(row[m]) for m in (BEFORE, NOW)}
        settles = answer.facts["settles"] and row["source"] == "complaints"
        line[OPEN] = None if pd.isna(row[OPEN]) else Message("{v:count}", {"v": float(row[OPEN])})
        line[OPEN] = line[OPEN] if settles else Message("–")
        line["led"] = Message("{names}", {"names": [_name(n, bank) for n in led]}) if led else Message("none recorded")
        rows.append(line)
    columns = (
        Column("source", Message("Heard in")),
        Column("topic", Message("Topic")),
        Column(BEFORE, Message("Entries, year before last"), "count"),
        Column(NOW, Message("Entries, last twelve months"), "count"),
        Column(OPEN, Message("Still open")),
        Column("led", Message("Led to")),
    )
    return Table(columns, tuple(rows), Message("What clients said, and what it led to"))


def _basis(answer: Answer, found: Loop, bank: Bank) -> tuple[Message, ...]:
    lines = []
    rows = found.moved
    if not rows.empty and (sizes := rows.loc[rows["row"] == DIFFERENCE, "n"].dropna()).size:
        values = {"n": float(sizes.max()), "months": answer.facts["months"]}
        lines.append(
            Message(
                "{n:count} clients in the largest comparison: the {months:months} after a change began less the "
                "{months:months} before it, for those it reached and for those not reached until then; the difference "
                "of the two, within each day on which it began.",
                values,
            )
        )
        by_manager = any(c["cluster"] == "manager" for c in answer.facts["changes"])
        lines.append(
            Message("Errors by relationship manager; p-values adjusted for all that was looked at "
                    "(Benjamini-Hochberg).")
            if by_manager
            else Message("Errors by client; p-values adjusted for all that was looked at (Benjamini-Hochberg).")
        )  # fmt: skip
    marks = find(found.settled, row=SETTLED) if not found.settled.empty else None
    if marks is not None:
        values = {"n": marks.n, "days": answer.facts["days"]}
        lines.append(
            Message(
                "Complaints: {n:count} clients who gave a mark within {days:number} days after one, compared equally "
                "long after it and with the same marks before.",
                values,
            )
        )
    return survey_basis(bank, *lines)


def _caveats(answer: Answer, found: Loop) -> tuple[Message, ...]:
    lines = []
    if not found.moved.empty:
        lines.append(Message("Compared are those who gave marks in both years; who left is not among them."))
        lines.append(
            Message(
                "Where the difference of a year earlier is clear of nil, those reached were already on another way "
                "before the change."
            )
        )
    if answer.facts["changes"]:
        lines.append(Message("Which feedback led to which change is the bank's own statement (settings, [loyalty])."))
    return tuple(lines)


def _refusals(answer: Answer, bank: Bank) -> tuple[Message, ...]:
    lines = [
        Message("{outcome}: not available, needs {needs}", {"outcome": _PARTS[name], "needs": needs})
        for name, needs in answer.facts["missing"].items()
    ]
    for name, reason in answer.facts["refused"].items():
        label = _PARTS[name] if name == SETTLED else _name(name, bank)
        lines.append(Message("{name}: {why}", {"name": label, "why": why_not(reason)}))
    return tuple(lines)


def _estimates(found: Loop) -> list[dict[str, Any]]:
    lines = []
    for row in found.heard.to_dict("records"):
        group = {"source": str(row["source"]), "topic": str(row["topic"])}
        lines.append(count_row("entries_last_year", row[NOW], unit="entries", group=group))
        lines.append(count_row("entries_year_before", row[BEFORE], unit="entries", group=group))
    for row in found.moved.to_dict("records"):
        group = {"change": str(row["change"]), "outcome": str(row["outcome"])}
        lines.append(finding_row(f"change_{row['row']}", row, group=group, months=12))
    for row in found.settled.to_dict("records"):
        lines.append(finding_row(f"complaint_{row['row']}", row, group={}))
    return lines
