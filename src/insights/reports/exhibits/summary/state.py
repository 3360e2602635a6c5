"""Page one of the summary: the state of the book, line by line."""

import math
from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.rows import SHOWN, dated
from insights.reports.exhibits.summary.words import FAULTS, GOALS, LINES, absent, amount, target
from insights.reports.wording.labels import REPORTS
from insights.topics.evidence import Answer

FAILED = {
    "leaving": Message(
        "Warning: what earlier packs foretold of leaving did not come true, so that who is expected to leave cannot be "
        "relied on."
    ),
    "needs": Message(
        "Warning: what earlier packs foretold of first purchases told clients apart no better than chance, so that who "
        "will buy what cannot be relied on."
    ),
    "value": Message(
        "Warning: what earlier packs foretold that clients bring told them apart no better than chance, so that what "
        "each client is worth cannot be relied on."
    ),
}
MOVED = {
    "more": Message("{change}: more than chance"),
    "less": Message("{change}: more than chance"),
    "chance": Message("{change}: within chance"),
    "count": Message("{change}"),
}
_CHANGES = {
    "count": Message("{value:count}"),
    "money": Message("{value:money}"),
    "percent": Message("{value:points}"),
    "basis_points": Message("{value:basis_points}"),
    "number": Message("{value:number}"),
}
_MORE = {
    "count": Message("+{value:count}"),
    "money": Message("+{value:money}"),
    "percent": Message("+{value:points}"),
    "basis_points": Message("+{value:basis_points}"),
    "number": Message("+{value:number}"),
}


def state(answer: Answer, parts: dict[str, Any], bank: Bank) -> Exhibit:
    """Say how the book stands, and give every line with its interval, its goal and its change."""
    rows = parts["lines"].to_dict("records")
    by_line = {str(r["line"]): r for r in rows}
    before, goals = answer.facts["before"], any(r["goal"] != "none" for r in rows)
    columns = [Column("line", Message("Line")), Column("now", Message("Now"))]
    if goals:
        columns += [Column("target", Message("Goal")), Column("goal", Message("How it stands"))]
    columns.append(Column("change", Message("Since the last pack")))
    table = Table(tuple(columns), tuple(_cells(r, before) for r in rows), None)
    return Exhibit(
        id=answer.id,
        title=_title(by_line),
        sentences=(*(FAILED[name] for name in parts["failed"]), *_sentences(by_line, before)),
        tables=(table,),
        basis=dated(bank, *_sources(rows)),
        caveats=_caveats(answer.facts, rows),
        estimates=tuple(line_estimate(r) for r in rows),
    )


def line_estimate(row: dict[Any, Any]) -> dict[str, Any]:
    """Return the row of the finding for a line."""
    told = not math.isnan(float(row["value"]))
    interval = told and not math.isnan(float(row["low"]))
    return {
        "name": "line",
        "group": {"line": str(row["line"])},
        "months": None,
        "value": row["value"] if told else None,
        "low": row["low"] if interval else None,
        "high": row["high"] if interval else None,
        "level": 0.95 if interval else None,
        "unit": str(row["unit"]) or None,
        "n": None if math.isnan(float(row["n"])) or not told else row["n"],
        "n_events": None,
        "status": SHOWN if told else "not_estimable",
    }


def _title(lines: dict[str, dict[Any, Any]]) -> Message:
    clients, assets, leavers = (lines[name] for name in ("clients", "assets", "leavers"))
    values = {"n": clients["value"], "money": assets["value"]}
    values |= {"leavers": leavers["value"], "low": leavers["low"], "high": leavers["high"]}
    if math.isnan(clients["value"]):
        return Message("How the book stands cannot be told: the reports that say it are not in this pack")
    if math.isnan(assets["value"]):
        return Message("The book holds {n:count} clients", values)
    if math.isnan(leavers["value"]) or math.isnan(leavers["low"]):
        return Message("{n:count} clients hold {money:money}", values)
    return Message(
        "{n:count} clients hold {money:money}; {leavers:count} of them ({low:count} to {high:count}) are expected to "
        "leave within a year",
        values,
    )


def _sentences(lines: dict[str, dict[Any, Any]], before: str | None) -> tuple[Message, ...]:
    said = []
    value, margin, left = (lines[name] for name in ("value", "margin", "attrition"))
    if not math.isnan(value["value"]) and not math.isnan(value["low"]):
        values = {"value": value["value"], "low": value["low"], "high": value["high"]}
        said.append(Message("They are worth {value:money} ({low:money} to {high:money}).", values))
    if not math.isnan(margin["value"]):
        said.append(Message("In the last twelve months they brought in {margin:money}.", {"margin": margin["value"]}))
    if not math.isnan(left["value"]):
        values = {"left": left["value"], "low": left["low"], "high": left["high"]}
        said.append(
            Message(
                "{left:percent} ({low:bare_percent} to {high:bare_percent}) left within the last twelve months.", values
            )
        )
    moved = [LINES[name] for name, row in lines.items() if row["moved"] in ("more", "less")]
    if before is not None and moved:
        values = {"lines": moved, "before": before}
        said.append(Message("Since {before:date} more changed than chance explains: {lines}.", values))
    elif before is not None:
        said.append(Message("Since {before:date} no line moved by more than chance explains.", {"before": before}))
    return tuple(said)


def _cells(row: dict[Any, Any], before: str | None) -> dict[str, Any]:
    now = amount(row["value"], row["low"], row["high"], row["kind"])
    report = str(row["finding"]).partition(".")[0]
    cells: dict[str, Any] = {"line": LINES[row["line"]], "target": target(row)}
    if now is None:
        now = absent(report) if row["status"] == "absent" else Message("not available")
        return cells | {"now": now, "goal": GOALS["open"] if row["goal"] != "none" else "", "change": ""}
    cells |= {"now": now, "goal": GOALS.get(row["goal"], "")}
    if before is None:
        return cells | {"change": Message("first pack")}
    if not row["moved"]:
        return cells | {"change": Message("not in the last pack")}
    if not row["change"]:
        return cells | {"change": Message("unchanged")}
    change = Message((_MORE if row["change"] > 0 else _CHANGES)[row["kind"]].id, {"value": row["change"]})
    return cells | {"change": Message(MOVED[row["moved"]].id, {"change": change})}


def _sources(rows: list[dict[Any, Any]]) -> tuple[Message, ...]:
    used = dict.fromkeys(str(r["finding"]).partition(".")[0] for r in rows if not math.isnan(float(r["value"])))
    names = [REPORTS.get(name, name) for name in used if name]
    return (Message("Read from the findings of: {reports}.", {"reports": names}),) if names else ()


def _caveats(facts: dict[str, Any], rows: list[dict[Any, Any]]) -> tuple[Message, ...]:
    lines = []
    if any(r["moved"] == "chance" or r["moved"] in ("more", "less") for r in rows):
        lines.append(
            Message(
                "The two packs share most of their clients. Where that is not allowed for, a change is called chance "
                "more often than it should be, never less often. Counts and sums without interval are what they are."
            )
        )
    for name, fault in facts["gaps"]:
        lines.append(
            Message(
                "The pack of {name:date} is left out of the comparison: {fault}.",
                {"name": name, "fault": FAULTS[fault]},
            )
        )
    return tuple(lines)
