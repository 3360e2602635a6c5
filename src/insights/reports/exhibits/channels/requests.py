"""How long requests take, where they get stuck, where clients give up, and what is done without staff."""

from typing import Any

from insights.data.snapshot import Bank
from insights.models.channels.requests import (
    ALL,
    GIVEN_UP,
    HANDED,
    HOW,
    KIND,
    LONG,
    MEDIAN,
    NO_STAFF,
    SELF,
    STAFF,
    STEP,
)
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.rows import count_row, dated, number
from insights.reports.exhibits.told import cell, cell_of, find, finding_row
from insights.reports.wording.labels import code_label
from insights.stats.results import Estimate
from insights.topics.channels.requests import RequestRows
from insights.topics.evidence import Answer


def requests(answer: Answer, found: RequestRows, bank: Bank) -> Exhibit:
    """Say how long requests take and where clients give up."""
    title = _title(answer, found, bank)
    tables = (_kinds(found, bank), _steps(answer, found, bank), _how(found))
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(found),
        figure=_figure(answer, found, title, bank),
        tables=tuple(t for t in tables if t.rows),
        basis=_basis(answer, found, bank),
        caveats=_caveats(found),
        estimates=tuple(_estimates(found)),
    )


def _find(found: RequestRows, division: str, value: str, measure: str) -> Estimate | None:
    return find(found.rows, division=division, value_of=value, measure=measure)


def _stuck(answer: Answer, found: RequestRows) -> tuple[str, Estimate] | None:
    told = [(s, e) for s in answer.facts["steps"] if (e := _find(found, STEP, s, GIVEN_UP)) is not None]
    return max(told, key=lambda t: t[1].value) if told else None


def _title(answer: Answer, found: RequestRows, bank: Bank) -> Message:
    half, long = _find(found, KIND, ALL, MEDIAN), _find(found, KIND, ALL, LONG)
    stuck = _stuck(answer, found)
    if half is None or long is None:
        return Message("How long requests take cannot be told")
    values: dict[str, Any] = {"t": half.value, "u": long.value}
    if stuck is None:
        return Message("Half of all requests are done within {t:number} days, nine in ten within {u:number}", values)
    values |= {"step": code_label("step", stuck[0], bank.settings.labels), "share": stuck[1].value}
    return Message(
        "Half of all requests are done within {t:number} days, nine in ten within {u:number}; most are given up at the "
        "step “{step}”, {share:percent}",
        values,
    )


def _sentences(found: RequestRows) -> tuple[Message, ...]:
    said = []
    gone = _find(found, KIND, ALL, GIVEN_UP)
    if gone is not None:
        told = {"told": cell(gone, "percent")}
        said.append(Message("Clients gave up {told} of the requests that have ended.", told))
    alone = _find(found, KIND, ALL, SELF)
    if alone is not None:
        said.append(Message("{s:percent} of the requests were done without staff.", {"s": alone.value}))
    own, staff = (_find(found, HOW, how, MEDIAN) for how in (NO_STAFF, STAFF))
    if own is not None and staff is not None:
        values = {"x": own.value, "y": staff.value}
        said.append(
            Message("Without staff half are done within {x:number} days, with staff within {y:number}.", values)
        )
    lost = [_find(found, HOW, how, GIVEN_UP) for how in (NO_STAFF, STAFF)]
    if lost[0] is not None and lost[1] is not None:
        values = {"x": lost[0].value, "y": lost[1].value}
        apart = lost[0].low > lost[1].high or lost[1].low > lost[0].high
        said.append(
            Message("Given up: {x:percent} without staff, {y:percent} with staff.", values)
            if apart
            else Message(
                "Given up: {x:percent} without staff, {y:percent} with staff; the difference is not told from chance.",
                values,
            )
        )
    return tuple(said)


def _figure(answer: Answer, found: RequestRows, title: Message, bank: Bank) -> Figure | None:
    bars: list[dict[str, Any]] = []
    for step in answer.facts["steps"]:
        told, half = _find(found, STEP, step, GIVEN_UP), _find(found, STEP, step, LONG)
        if told is not None:
            note = None if half is None else Message("nine in ten within {d:number} days", {"d": half.value})
            bars.append({"label": code_label("step", step, bank.settings.labels), "value": told.value})
            bars[-1] |= {"low": told.low, "high": told.high, "note": note}
    if not bars:
        return None
    data = {"bars": bars, "kind": "percent", "in_order": True, "x_label": Message("Given up, by step")}
    return Figure("bars", data, Message("Share given up at each step, with intervals. {title}.", {"title": title}))


_TIMES = (MEDIAN, LONG, GIVEN_UP)


def _cells(found: RequestRows, division: str, value: str, measures: tuple[str, ...]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for measure in measures:
        kind = "number" if measure in (MEDIAN, LONG) else "percent"
        row[measure] = cell_of(found.rows, kind, division=division, value_of=value, measure=measure)
    return row


def _columns(first: Message) -> tuple[Column, ...]:
    return (
        Column("name", first),
        Column(MEDIAN, Message("Half done within, days")),
        Column(LONG, Message("Nine in ten within, days")),
        Column(GIVEN_UP, Message("Given up")),
    )


def _kinds(found: RequestRows, bank: Bank) -> Table:
    rows = []
    order = found.volume.sort_values(["requests", "kind"], ascending=[False, True], na_position="last")
    for line in order.to_dict("records"):
        kind = str(line["kind"])
        row: dict[str, Any] = {"name": code_label("kind", kind, bank.settings.labels)}
        row |= {m: number(line[m]) for m in ("requests", "open")}
        rows.append(row | _cells(found, KIND, kind, (*_TIMES, SELF, HANDED)))
    name, *times = _columns(Message("Request"))
    columns = (
        name,
        Column("requests", Message("Requests"), "count"),
        Column("open", Message("Not done yet"), "count"),
        *times,
        Column(SELF, Message("Without staff")),
        Column(HANDED, Message("Begun without, handed to staff")),
    )
    return Table(columns, tuple(rows), Message("Requests by kind (95% intervals)"))


def _steps(answer: Answer, found: RequestRows, bank: Bank) -> Table:
    rows = [
        {"name": code_label("step", s, bank.settings.labels)} | _cells(found, STEP, s, _TIMES)
        for s in answer.facts["steps"]
    ]
    return Table(_columns(Message("Step")), tuple(rows), Message("Where requests get stuck (95% intervals)"))


def _how(found: RequestRows) -> Table:
    labels = {NO_STAFF: Message("without staff"), STAFF: Message("with staff")}
    present = set(found.rows.loc[found.rows["division"] == HOW, "value_of"])
    rows = [{"name": label} | _cells(found, HOW, how, _TIMES) for how, label in labels.items() if how in present]
    return Table(_columns(Message("How")), tuple(rows), Message("With and without staff (95% intervals)"))


def _basis(answer: Answer, found: RequestRows, bank: Bank) -> tuple[Message, ...]:
    n = float(found.volume["requests"].sum())
    return dated(
        bank,
        Message("{n:count} requests opened in the last {months:months}.", {"n": n, "months": answer.facts["months"]}),
        Message(
            "Times run from the first step to the last, given up or not; what is not done yet counts with the time "
            "until the as-of date (Kaplan-Meier). Shares given up are of what has ended. Intervals by client."
        ),
    )


def _caveats(found: RequestRows) -> tuple[Message, ...]:
    if (found.rows["division"] == HOW).any():
        return (
            Message(
                "Requests with and without staff are not of the same clients: the difference is no effect of staff."
            ),
        )
    return ()


def _estimates(found: RequestRows) -> list[dict[str, Any]]:
    lines = []
    for row in found.rows.to_dict("records"):
        group = {str(row["division"]): str(row["value_of"])} if row["value_of"] else {}
        lines.append(finding_row(f"requests_{row['measure']}", row, group=group))
    for row in found.volume.to_dict("records"):
        lines.append(count_row("requests", row["requests"], unit="requests", group={KIND: str(row["kind"])}))
    return lines
