"""What changed since the last pack, and how much of it chance explains."""

import math
from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.rows import SHOWN, dated
from insights.reports.exhibits.summary.words import FAULTS
from insights.reports.findings import message_from
from insights.reports.wording.labels import REPORTS, code_label, table_label
from insights.topics.evidence import Answer
from insights.topics.summary.changes import ALPHA, NAME, Changes
from insights.topics.summary.numbers import CLIENTS, INTERVALS, PAIRED, UNJUDGED
from insights.topics.summary.pack import OWN

MEASURES = {
    "left_12m": Message("clients who left within twelve months"),
    "joined_12m": Message("clients who joined within twelve months, per client there before"),
    "net_new_money_12m": Message("net new money of twelve months, of the assets before"),
    "loyalty_mark": Message("stated loyalty as answered, points"),
    "satisfaction_mark": Message("satisfaction after a contact, mark"),
    "complaints_12m": Message("complaints per client, twelve months"),
    "contacts_12m": Message("contacts per client, twelve months"),
}
KINDS = {"share": "percent", "points": "number", "per client": "number"}
_VALUE = {"percent": Message("{value:percent}"), "number": Message("{value:number}")}
_CHANGE = {
    "percent": Message("{value:points} ({low:points} to {high:points})"),
    "number": Message("{value:number} ({low:number} to {high:number})"),
}
MOST = 12


def changes(answer: Answer, found: Changes, bank: Bank) -> Exhibit:
    """Say how many numbers changed by more than chance, name them, and give all measures with their changes."""
    before = answer.facts["before"]
    rows = found.measures.to_dict("records")
    clear = found.findings[found.findings["clear"]].to_dict("records")
    tables = [Table(_columns(before), tuple(_cells(r, bank) for r in rows))] if rows else []
    if clear:
        tables.append(_other(clear[:MOST], answer))
    return Exhibit(
        id=answer.id,
        title=_title(found, rows, before, bank),
        sentences=_sentences(found, before, len(clear)),
        tables=tuple(tables),
        basis=dated(bank, *_basis(found, before)),
        caveats=_caveats(answer.facts, found),
        estimates=tuple(_estimate(r) for r in rows) + tuple(_change(r) for r in rows if not math.isnan(r["p_value"])),
        checks=tuple(_check(r) for r in rows if not math.isnan(r["p_value"])),
    )


def named(row: dict[Any, Any], bank: Bank) -> Message:
    """Return what a measure is called, with its part."""
    if not row["group"]:
        return MEASURES[row["measure"]]
    part = code_label("region", str(row["group"]), bank.settings.labels)
    return Message("{measure}: {part}", {"measure": MEASURES[row["measure"]], "part": part})


def _title(found: Changes, rows: list[dict[Any, Any]], before: str | None, bank: Bank) -> Message:
    if before is None:
        return Message("The first pack: the next one will be held against it")
    if not found.compared and all(math.isnan(r["before"]) for r in rows):
        return Message("What changed cannot be told: the last pack tells none of these numbers")
    names = [named(r, bank) for r in rows if r["clear"]]
    values = {"before": before, "names": names, "n": found.clear, "tables": _tables(found)}
    if names and found.otherwise.tables:
        return Message("More than chance changed since {before:date}: {names}; delivered otherwise: {tables}", values)
    if found.otherwise.tables:
        return Message("What was delivered since {before:date} is not as it was: {tables}", values)
    if not found.clear:
        return Message("Nothing material changed since {before:date}", values)
    if names:
        return Message("More than chance changed since {before:date}: {names}", values)
    if found.clear == 1:
        return Message("One number changed by more than chance since {before:date}", values)
    return Message("{n:count} numbers changed by more than chance since {before:date}", values)


def _sentences(found: Changes, before: str | None, clear: int) -> tuple[Message, ...]:
    if before is None:
        return ()
    told = sum(not math.isnan(p) for p in found.measures["p_value"])
    values = {"told": told, "others": found.compared, "clear": clear, "paired": found.counted(PAIRED)}
    values |= {"intervals": found.counted(INTERVALS), "clients": found.counted(CLIENTS)}
    said = [
        Message(
            "Compared: {told:count} measures and {others:count} other numbers of all reports, of which {clear:count} "
            "changed by more than chance. Client by client: the measures and {paired:count} numbers; by both "
            "intervals: {intervals:count}; as counts of clients: {clients:count}.",
            values,
        )
    ]
    if found.otherwise.tables:
        rows = found.measures[found.measures["delivered"] & (found.measures["group"] == "")]
        touched = [MEASURES[m] for m in rows["measure"]]
        said.append(
            Message(
                "Delivered otherwise than last time: {tables}. What is counted from them is not judged: {names}.",
                {"tables": _tables(found), "names": touched},
            )
            if touched
            else Message("Delivered otherwise than last time: {tables}.", {"tables": _tables(found)})
        )
        reports = [REPORTS[r] for r in found.otherwise.reports if r != OWN]
        said.append(Message("Nor are the numbers of the reports that read these tables: {names}.", {"names": reports}))
    return tuple(said)


def _tables(found: Changes) -> list[Message | str]:
    return [table_label(name) for name in found.otherwise.tables]


def _columns(before: str | None) -> tuple[Column, ...]:
    columns = [Column("measure", Message("Measure")), Column("now", Message("Now"))]
    if before is not None:
        columns.insert(1, Column("before", Message("{before:date}", {"before": before})))
        columns += [Column("change", Message("Change")), Column("clear", Message("More than chance"))]
    return tuple(columns)


def _cells(row: dict[Any, Any], bank: Bank) -> dict[str, Any]:
    kind = KINDS[row["unit"]]
    cells: dict[str, Any] = {"measure": named(row, bank), "now": Message(_VALUE[kind].id, {"value": row["value"]})}
    if math.isnan(row["before"]):
        return cells | {"before": Message("not told"), "change": "", "clear": ""}
    cells["before"] = Message(_VALUE[kind].id, {"value": row["before"]})
    values = {"value": row["change"], "low": row["low"], "high": row["high"]}
    if row["delivered"]:
        told = Message("–") if math.isnan(row["low"]) else Message(_CHANGE[kind].id, values)
        return cells | {"change": told, "clear": Message("delivered otherwise")}
    if math.isnan(row["p_value"]):
        return cells | {"change": Message("interval not known"), "clear": ""}
    return cells | {
        "change": Message(_CHANGE[kind].id, values),
        "clear": Message("yes") if row["clear"] else Message("no"),
    }


def _other(rows: list[dict[Any, Any]], answer: Answer) -> Table:
    titles = answer.facts["titles"]
    columns = (
        Column("exhibit", Message("Exhibit")),
        Column("name", Message("Number, as in findings.json")),
        Column("before", Message("Before")),
        Column("now", Message("Now")),
        Column("change", Message("Change")),
    )
    told = [
        {
            "exhibit": message_from(titles[r["finding"]]),
            "name": " ".join([r["name"], *(f"{k}={v}" for k, v in r["group"].items())]),
            "before": _written(r["before"], r["unit"]),
            "now": _written(r["value"], r["unit"]),
            "change": _change_of(r),
        }
        for r in rows
    ]
    return Table(columns, tuple(told), Message("Other numbers that changed by more than chance"))


def _change_of(row: dict[Any, Any]) -> Message:
    kind = "percent" if row["unit"] == "share" else "number"
    values = {"value": row["value"] - row["before"], "low": row["low"], "high": row["high"]}
    return Message(_CHANGE[kind].id, values)


def _written(value: float, unit: str) -> Message:
    """Return a number of another report as one cell, by its unit; small shares keep three digits."""
    if unit == "share" and abs(value) >= 0.01:
        return Message(_VALUE["percent"].id, {"value": value})
    if unit == "clients" or abs(value) >= 1000:
        return Message("{value:count}", {"value": value})
    return Message(_VALUE["number"].id, {"value": value})


def _basis(found: Changes, before: str | None) -> tuple[Message, ...]:
    if before is None:
        return ()
    return (
        Message(
            "If nothing changed, a pack in {often:count} would flag anything at all (Holm, over all numbers compared).",
            {"often": round(1 / ALPHA)},
        ),
    )


def _caveats(facts: dict[str, Any], found: Changes) -> tuple[Message, ...]:
    lines = []
    if facts["before"] is not None:
        lines.append(
            Message(
                "Client by client, only what differs between the packs is left to chance. Models are not fitted again "
                "hundreds of times: their numbers are compared by both intervals, which holds whatever goes between "
                "them, so that a change has to be large. Not judged are {n:count} numbers: sums without an interval, "
                "counts of records, tests, what follows the market, and what one of the packs does not tell. "
                "The comparison in the history of packs names each with its change.",
                {"n": found.counted(*UNJUDGED)},
            )
        )
    if facts["before"] is not None and not facts["memory"]:
        lines.append(
            Message(
                "What the last run remembered is missing or damaged: its measures cannot be compared client by client."
            )
        )
    lines += [
        Message(
            "The pack of {name:date} is left out of the comparison: {fault}.", {"name": name, "fault": FAULTS[fault]}
        )
        for name, fault in facts["gaps"]
    ]
    return tuple(lines)


def _estimate(row: dict[Any, Any]) -> dict[str, Any]:
    group = {"measure": str(row["measure"])} | ({"group": str(row["group"])} if row["group"] else {})
    numbers = {"value": row["value"], "low": row["now_low"], "high": row["now_high"]}
    return _row(NAME, group, row, numbers)


def _change(row: dict[Any, Any]) -> dict[str, Any]:
    group = {"measure": str(row["measure"])} | ({"group": str(row["group"])} if row["group"] else {})
    return _row("change", group, row, {"value": row["change"], "low": row["low"], "high": row["high"]})


def _row(name: str, group: dict[str, str], row: dict[Any, Any], numbers: dict[str, float]) -> dict[str, Any]:
    interval = not (math.isnan(numbers["low"]) or math.isnan(numbers["high"]))
    events = None if math.isnan(row["n_events"]) else row["n_events"]
    told = {k: v for k, v in numbers.items() if k == "value" or interval}
    head = {"name": name, "group": group, "months": 12, "low": None, "high": None, "level": 0.95 if interval else None}
    return head | told | {"unit": str(row["unit"]), "n": row["n"], "n_events": events, "status": SHOWN}


def _check(row: dict[Any, Any]) -> dict[str, Any]:
    part = f" ({row['group']})" if row["group"] else ""
    return {
        "name": f"change of {row['measure']}{part}",
        "null": "the measure is the same as in the last pack",
        "statistic": None,
        "df": None,
        "p_value": row["p_value"],
        "reason": "",
    }
