"""What a programme of services, events or rewards did that was drawn by lot."""

from typing import Any

from insights.data.snapshot import Bank
from insights.models.loyalty.drawn import USE
from insights.models.loyalty.followed import LEFT
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.loyalty.benefits import GROUPS, OUTCOMES
from insights.reports.exhibits.loyalty.reasons import why_not
from insights.reports.exhibits.loyalty.words import survey_basis
from insights.reports.exhibits.rows import by_choice
from insights.reports.exhibits.told import cell, find, finding_row
from insights.reports.wording.labels import code_label
from insights.topics.evidence import Answer
from insights.topics.loyalty.drawn import CONTROL, EFFECT, DrawnRows

LEVEL = 0.05
_USE = {
    "services": Message("used a service or benefit"),
    "events": Message("came to an event"),
    "rewards": Message("earned points"),
}


def drawn(answer: Answer, found: DrawnRows, bank: Bank) -> Exhibit:
    """Say what the lot did to who stays, what he brings and what he says; and whether it reached anybody."""
    first = answer.facts["programmes"][0]
    title = _title(found, first, bank)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(s for p in answer.facts["programmes"] for s in _sentences(found, p, bank)),
        figure=_figure(answer, found, title, bank),
        tables=tuple(_table(found, p, bank) for p in answer.facts["programmes"]),
        basis=_basis(answer, found, bank),
        caveats=(
            Message(
                "Everybody counts as drawn, whether he took part or not: this is the effect of the offer, smaller than "
                "that of taking part."
            ),
            Message("What the programme costs is not counted."),
        ),
        refusals=tuple(
            Message("{name}: {why}", {"name": GROUPS[group], "why": why_not(reason)})
            for group, reason in answer.facts["refused"].items()
        ),
        estimates=tuple(_estimates(found)),
    )


def _name(programme: dict[str, Any], bank: Bank) -> Message | str:
    return code_label("programme", programme["programme"], bank.settings.labels)


def _clear(found: DrawnRows, programme: dict[str, Any]) -> list[str]:
    rows = found.rows[(found.rows["group"] == programme["group"]) & (found.rows["row"] == EFFECT)]
    rows = rows[(rows["p"] < LEVEL) & rows["value"].notna() & (rows["outcome"] != USE)]
    return [str(o) for o in rows["outcome"]]


def _title(found: DrawnRows, programme: dict[str, Any], bank: Bank) -> Message:
    clear = _clear(found, programme)
    left = find(found.rows, group=programme["group"], outcome=LEFT, row=EFFECT)
    values: dict[str, Any] = {"name": _name(programme, bank)}
    if LEFT in clear and left is not None:
        values |= {"d": abs(left.value), "low": left.low, "high": left.high}
        if left.value < 0:
            return Message("Drawn by lot, “{name}” holds clients: {d:points} fewer leave in the year after", values)
        return Message("Drawn by lot, “{name}” drives clients away: {d:points} more leave in the year after", values)
    if clear:
        values["names"] = [OUTCOMES[o][0] for o in clear]
        return Message("Drawn by lot, “{name}” changed: {names}; who stays it did not change visibly", values)
    return Message("Drawn by lot, “{name}” changed nothing beyond chance in the year after", values)


def _sentences(found: DrawnRows, programme: dict[str, Any], bank: Bank) -> list[Message]:
    said = []
    name, group = _name(programme, bank), programme["group"]
    left, control = (find(found.rows, group=group, outcome=LEFT, row=row) for row in (EFFECT, CONTROL))
    if left is not None and control is not None:
        values = {"name": name, "told": cell(left, "points"), "c": control.value}
        said.append(
            Message(
                "“{name}”: {told} of the share who left by choice, which is {c:percent} in the other arm. The lot "
                "made both arms alike, so this is an effect and no mere association.",
                values,
            )
        )
    use, other = (find(found.rows, group=group, outcome=USE, row=row) for row in (EFFECT, CONTROL))
    if use is not None and other is not None:
        values = {"use": _USE[group], "c": other.value, "t": other.value + use.value}
        said.append(
            Message("It moved use: {t:percent} against {c:percent} {use}.", values)
            if use.low > 0
            else Message(
                "But use hardly differs between the arms ({t:percent} against {c:percent} {use}): this lot says little "
                "of what {group} do.",
                values | {"group": GROUPS[group]},
            )
        )
    return said


def _figure(answer: Answer, found: DrawnRows, title: Message, bank: Bank) -> Figure | None:
    bars = []
    for programme in answer.facts["programmes"]:
        for outcome in (o for o in programme["outcomes"] if o != USE and OUTCOMES[o][1] == "points"):
            told = find(found.rows, group=programme["group"], outcome=outcome, row=EFFECT)
            if told is not None:
                bars.append({"label": OUTCOMES[outcome][0], "value": told.value, "low": told.low, "high": told.high})
    if not bars:
        return None
    data = {"bars": bars, "kind": "points", "in_order": True}
    data["x_label"] = Message("Effect of the programme in percentage points (95% interval, not adjusted)")
    return Figure("bars", data, Message("Effects of the lot with intervals. {title}.", {"title": title}))


def _table(found: DrawnRows, programme: dict[str, Any], bank: Bank) -> Table:
    rows = []
    group = programme["group"]
    for outcome in programme["outcomes"]:
        label, kind = (_USE[group], "points") if outcome == USE else OUTCOMES[outcome]
        told = find(found.rows, group=group, outcome=outcome, row=EFFECT)
        control = find(found.rows, group=group, outcome=outcome, row=CONTROL)
        own = found.rows[(found.rows["group"] == group) & (found.rows["outcome"] == outcome)]
        row: dict[str, Any] = {"outcome": label, "effect": cell(told, kind), "control": None, "p": None}
        if own.empty:
            row = {"outcome": label, **dict.fromkeys(("effect", "control", "p"), Message("too few to compare"))}
        elif control is not None:
            shown = "percent" if kind == "points" else "number"
            row["control"] = Message(f"{{v:{shown}}}", {"v": control.value})
            row["p"] = Message("{p:p}", {"p": float(own.loc[own["row"] == EFFECT, "p"].iloc[0])})
        rows.append(row)
    columns = (
        Column("outcome", Message("In the year after the start")),
        Column("control", Message("Other arm")),
        Column("effect", Message("Effect (95% interval)")),
        Column("p", Message("p, adjusted")),
    )
    values = {"name": _name(programme, bank)}
    return Table(columns, tuple(rows), Message("“{name}”, drawn by lot: what it changed", values))


def _basis(answer: Answer, found: DrawnRows, bank: Bank) -> tuple[Message, ...]:
    lines = []
    for programme in answer.facts["programmes"]:
        told = find(found.rows, group=programme["group"], outcome=LEFT, row=EFFECT)
        values = {"name": _name(programme, bank), "start": programme["start"], "months": answer.facts["months"]}
        values |= {"units": programme["units"], "treated": programme["treated"], "n": told.n if told else None}
        if programme["by_manager"]:
            lines.append(
                Message(
                    "“{name}”: {treated:number} of {units:number} relationship managers drawn, from {start:date}; it "
                    "counts for the clients each had then.",
                    values,
                )
            )
        else:
            lines.append(Message("“{name}”: clients drawn one by one, from {start:date}.", values))
        if told is not None:
            lines.append(Message("{n:count} clients followed for {months:months}.", values))
    lines.append(
        Message("Errors by what was drawn, with the correction for few of them (CR2); p-values adjusted by Holm.")
    )
    return survey_basis(bank, *lines, *by_choice(bank))


def _estimates(found: DrawnRows) -> list[dict[str, Any]]:
    lines = []
    for row in found.rows.to_dict("records"):
        group = {"group": str(row["group"]), "outcome": str(row["outcome"])}
        line = finding_row(f"drawn_{row['row']}", row, group=group, months=12)
        lines.append(line)
    return lines
