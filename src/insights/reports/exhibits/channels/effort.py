"""Where to move effort: what each option brings for what it costs, ranked by what it brings at least."""

from typing import Any

from insights.data.snapshot import Bank
from insights.models.channels.effort import PROGRAMME
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.channels.words import programme_label, why_not
from insights.reports.exhibits.rows import dated
from insights.reports.exhibits.told import cell, find, finding_row
from insights.reports.wording.labels import code_label
from insights.stats.results import Estimate
from insights.topics.channels.effort import BRINGS, COST, GIVEN, EffortRows
from insights.topics.evidence import Answer


def effort(answer: Answer, found: EffortRows, bank: Bank) -> Exhibit:
    """Say which option brings most for its cost at least, and what to move where."""
    title = _title(found, bank)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(answer, found, bank),
        figure=_figure(found, title, bank),
        tables=(_table(found, bank),),
        basis=dated(
            bank,
            Message(
                "Programmes: their effect on income, as told above, times what those reached held, by their cost "
                "a year "
                "in the settings. Sources: the margin of a client's first year by what it cost to win him. 95% "
                "intervals."
            ),
            Message(
                "Ranked by the lower end of the interval: an option of which little is known is not first by luck."
            ),
        ),
        caveats=(
            Message(
                "What one more unit brings may be less than what the units so far brought on average. Only a year's "
                "income is counted: what clients bring later, and what they would have brought anyway from a source, "
                "is not in it."
            ),
        ),
        refusals=tuple(
            Message("{name}: {why}", {"name": _label(kind, name, bank), "why": why_not(reason)})
            for kind, name, reason in answer.facts["untold"]
        ),
        estimates=tuple(
            finding_row(f"effort_{r['measure']}", r, group={str(r["kind"]): str(r["name"])}, months=12)
            for r in found.rows.to_dict("records")
        ),
    )


def _label(kind: str, name: str, bank: Bank) -> Message | str:
    if kind == PROGRAMME:
        return Message("programme “{name}”", {"name": programme_label(name, bank)})
    return Message("source “{name}”", {"name": code_label("acquisition_source", name, bank.settings.labels)})


def _ranked(found: EffortRows) -> list[tuple[str, str, Estimate]]:
    rows = found.rows[(found.rows["measure"] == BRINGS) & found.rows["value"].notna()]
    rows = rows.sort_values(["low", "kind", "name"], ascending=[False, True, True], kind="stable")
    told = [(str(r["kind"]), str(r["name"])) for r in rows.to_dict("records")]
    return [(k, n, e) for k, n in told if (e := find(rows, kind=k, name=n, measure=BRINGS)) is not None]


def _title(found: EffortRows, bank: Bank) -> Message:
    ranked = _ranked(found)
    if not ranked:
        return Message("Where effort pays most cannot be told")
    kind, name, first = ranked[0]
    values = {"name": _label(kind, name, bank), "v": first.value, "low": first.low}
    if first.low <= 0:
        return Message("Nothing that costs money is seen to bring any within a year, chance allowed for")
    return Message(
        "Most for the money: {name}, at least {low:number} a year for each unit spent ({v:number} as estimated)", values
    )


def _sentences(answer: Answer, found: EffortRows, bank: Bank) -> tuple[Message, ...]:
    said = []
    given: list[Message] = []
    values: dict[str, Any]
    for kind, name, _ in _ranked(found):
        told = find(found.rows, kind=kind, name=name, measure=GIVEN)
        if told is not None and told.value > 0:
            values = {"name": _label(kind, name, bank), "money": told.value}
            given.append(Message("{name} {money:money}", values))
    capacity = answer.facts["capacity"]
    if capacity and given:
        values = {"all": float(capacity), "given": given}
        said.append(Message("Of {all:money} a year that can be moved: {given}.", values))
    loses = [_label(k, n, bank) for k, n, e in _ranked(found) if e.high < 1]
    if loses:
        said.append(Message("Bring less in a year than they cost, chance allowed for: {names}.", {"names": loses}))
    return tuple(said)


def _figure(found: EffortRows, title: Message, bank: Bank) -> Figure | None:
    bars = [
        {"label": _label(kind, name, bank), "value": e.value, "low": e.low, "high": e.high}
        for kind, name, e in _ranked(found)
    ]
    if not bars:
        return None
    data = {"bars": bars, "kind": "number", "in_order": True}
    data["x_label"] = Message("Income of a year for each unit spent (95% interval)")
    return Figure("bars", data, Message("What each option brings for its cost. {title}.", {"title": title}))


def _table(found: EffortRows, bank: Bank) -> Table:
    rows = []
    for kind, name, e in _ranked(found):
        row: dict[str, Any] = {"name": _label(kind, name, bank)}
        row["low"], row["value"] = e.low, cell(e, "number")
        for measure in (COST, GIVEN):
            told = find(found.rows, kind=kind, name=name, measure=measure)
            row[measure] = None if told is None else told.value
        rows.append(row)
    columns = (
        Column("name", Message("Option")),
        Column("low", Message("At least"), "number"),
        Column("value", Message("Brings a year for each unit")),
        Column(COST, Message("Costs a year"), "money"),
        Column(GIVEN, Message("Gets of what can be moved"), "money"),
    )
    return Table(columns, tuple(rows), Message("Options by what they bring at least"))
