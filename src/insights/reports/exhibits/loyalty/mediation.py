"""From satisfaction by way of loyalty to staying, and how little hidden would be enough to make it look so."""

from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.loyalty.words import survey_basis
from insights.reports.exhibits.told import cell, find, finding_row
from insights.stats.mediation import DIRECT, INDIRECT, SHARE, TO_MEDIATOR, TO_OUTCOME, TOTAL
from insights.topics.evidence import Answer
from insights.topics.loyalty.mediation import BREAKING, MediationRows

_PATHS = {
    TOTAL: (Message("Leaving, for one mark more satisfaction"), "points"),
    INDIRECT: (Message("of this by way of stated loyalty"), "points"),
    DIRECT: (Message("of this not by way of it"), "points"),
    SHARE: (Message("share by way of stated loyalty"), "percent"),
    TO_MEDIATOR: (Message("Stated loyalty, for one mark more satisfaction"), "number"),
    TO_OUTCOME: (Message("Leaving, for one mark more loyalty at the same satisfaction"), "points"),
}


def mediation(answer: Answer, found: MediationRows, bank: Bank) -> Exhibit:
    """Say whether satisfied clients stay by way of loyalty, and how far that could be something else."""
    title = _title(found)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(found),
        figure=_figure(found, title),
        tables=(_paths(found), _hidden(found)),
        basis=_basis(answer, found, bank),
        caveats=(
            Message(
                "An association, by assumption split in two: nothing hidden may move satisfaction, loyalty and leaving "
                "together. The second table shows what is left if something does."
            ),
            Message(
                "Loyalty is measured with error, which makes the part by way of it look smaller and the rest larger."
            ),
            Message("Clients who gave no mark after a contact in the year before their answer are not in it."),
        ),
        estimates=tuple(_estimates(found)),
    )


def _clear(found: MediationRows, path: str) -> int:
    """Return -1, 0 or 1: whether a path is below 0, not clear of it, or above."""
    told = find(found.paths, path=path)
    return 0 if told is None else int(told.low > 0) - int(told.high < 0)


def _title(found: MediationRows) -> Message:
    told, total = find(found.paths, path=INDIRECT), find(found.paths, path=TOTAL)
    if told is not None and total is not None and _clear(found, INDIRECT) < 0:
        values = {"d": -told.value, "total": -total.value}
        if _clear(found, TOTAL) < 0:
            return Message(
                "Satisfied clients leave less often, partly by way of loyalty: {d:points} of {total:points} for one "
                "mark more",
                values,
            )
        return Message("Satisfaction goes with staying by way of loyalty: {d:points} for one mark more", values)
    if _clear(found, TOTAL) < 0:
        return Message("Satisfied clients leave less often, but a way through stated loyalty is not seen")
    if _clear(found, INDIRECT) > 0:
        return Message("By way of stated loyalty the satisfied leave more often: look into the survey before using it")
    return Message("That satisfaction holds clients by way of loyalty is not seen")


def _sentences(found: MediationRows) -> tuple[Message, ...]:
    said = []
    for path, message in (
        (TOTAL, Message("For one mark more satisfaction the share who leave differs by {told}.")),
        (INDIRECT, Message("By way of stated loyalty it is {told}.")),
    ):
        estimate = find(found.paths, path=path)
        if estimate is not None:
            said.append(Message(message.id, {"told": cell(estimate, "points")}))
    breaking = find(found.paths, path=BREAKING)
    if breaking is not None and _clear(found, INDIRECT):
        said.append(
            Message(
                "A hidden cause that ties loyalty and leaving together by a correlation of {r:number} would be enough "
                "to make all of the way through loyalty: the smaller it is, the less it should be built on.",
                {"r": breaking.value},
            )
        )
    return tuple(said)


def _figure(found: MediationRows, title: Message) -> Figure | None:
    bars = []
    for path in (TOTAL, INDIRECT, DIRECT):
        told = find(found.paths, path=path)
        if told is not None:
            bars.append({"label": _PATHS[path][0], "value": told.value, "low": told.low, "high": told.high})
    if not bars:
        return None
    data = {"bars": bars, "kind": "points", "in_order": True}
    data["x_label"] = Message("Change of the share who leave, for one mark more (95% interval)")
    return Figure(
        "bars", data, Message("Paths from satisfaction to leaving, with intervals. {title}.", {"title": title})
    )


def _paths(found: MediationRows) -> Table:
    rows = []
    for path, (label, kind) in _PATHS.items():
        absent = not (found.paths["path"] == path).any()
        told = find(found.paths, path=path)
        rows.append({"path": label, "told": Message("not estimable") if absent else cell(told, kind)})
    columns = (Column("path", Message("Path")), Column("told", Message("Found (95% interval)")))
    return Table(columns, tuple(rows), Message("From satisfaction by way of loyalty to leaving"))


def _hidden(found: MediationRows) -> Table:
    rows = []
    for correlation in found.hidden["correlation"]:
        told = find(found.hidden, correlation=correlation)
        rows.append({"correlation": float(correlation), "told": cell(told, "points")})
    columns = (
        Column("correlation", Message("Correlation by something hidden"), "number"),
        Column("told", Message("By way of stated loyalty (95% interval)")),
    )
    return Table(columns, tuple(rows), Message("If something hidden moved loyalty and leaving together"))


def _basis(answer: Answer, found: MediationRows, bank: Bank) -> tuple[Message, ...]:
    lines = []
    total = find(found.paths, path=TOTAL)
    if total is not None:
        values = {"n": total.n, "events": total.n_events, "months": answer.facts["months"]}
        lines.append(
            Message(
                "{n:count} clients followed for {months:months} after an answer; {events:count} left by choice.", values
            )
        )
    lines += [
        Message(
            "Satisfaction is the mean mark after contacts in the year before the answer, loyalty the answer, leaving "
            "what followed: no two of them on one page."
        ),
        Message("95% intervals from resampling relationship managers.")
        if answer.facts["cluster"] == "manager"
        else Message("95% intervals from resampling clients."),
        Message("Clients compared are alike in assets, length of the relationship and age, where known."),
    ]
    return survey_basis(bank, *lines)


def _estimates(found: MediationRows) -> list[dict[str, Any]]:
    lines = [
        finding_row("mediation", r, group={"path": str(r["path"])}, months=12) for r in found.paths.to_dict("records")
    ]
    lines += [
        finding_row("mediation_hidden", r, group={"correlation": f"{r['correlation']:g}"}, months=12)
        for r in found.hidden.to_dict("records")
    ]
    return lines
