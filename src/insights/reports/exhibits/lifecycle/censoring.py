"""What the main number would be if those lost to view had been different."""

from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.lifecycle.figures import reason_label
from insights.reports.exhibits.lifecycle.words import outcome_label, told_apart
from insights.reports.exhibits.rows import basis, check_row, count_row, records
from insights.reports.exhibits.told import as_estimate, cell, finding_row
from insights.stats.results import Estimate
from insights.topics.evidence import Answer
from insights.topics.lifecycle.censoring import DELTA, PLAIN, REPORT, WEIGHTS, Sensitivity

_ASSUMED: dict[tuple[str, str], Message] = {
    (REPORT, ""): Message("They are gone for good, as this report counts them (lower bound)"),
    (DELTA, "0.5"): Message("Had they stayed: half as likely to leave as the others"),
    (DELTA, "1"): Message("Had they stayed: as likely as the others"),
    (DELTA, "2"): Message("Had they stayed: twice as likely"),
    (DELTA, "4"): Message("Had they stayed: four times as likely"),
    (DELTA, "inf"): Message("Had they stayed: all would have left at once (upper bound)"),
    (WEIGHTS, ""): Message("Had they stayed: as likely as those who are like them"),
}

_SHORT: dict[tuple[str, str], Message] = {
    (REPORT, ""): Message("gone, as in this report"),
    (DELTA, "0.5"): Message("half as likely"),
    (DELTA, "1"): Message("as likely"),
    (DELTA, "2"): Message("twice as likely"),
    (DELTA, "4"): Message("four times as likely"),
    (DELTA, "inf"): Message("all at once"),
    (WEIGHTS, ""): Message("as those like them"),
}


def censoring(answer: Answer, found: Sensitivity, bank: Bank) -> Exhibit:
    """Say between which bounds the main number lies, whatever those lost to view would have done."""
    told = {key: _at(found, *key) for key in _ASSUMED}
    report, half, four, most = (told[k] for k in ((REPORT, ""), (DELTA, "0.5"), (DELTA, "4"), (DELTA, "inf")))
    values: dict[str, Any] = {"reason": reason_label(answer.facts["main"], bank), "months": found.months}
    title = Message("How far “{reason}” hangs on clients lost to view cannot be shown: too few left", values)
    sentences: list[Message] = []
    if report and half and four and most:
        values |= {"report": report.value, "half": half.value, "four": four.value, "most": most.value}
        title = Message(
            "Whatever those lost to view would have done, between {report:percent} and {most:percent} leave within "
            "{months:months}: {reason}",
            values,
        )
        sentences += [
            Message(
                "{report:percent} of the clients in force at the start left for this reason. Others went for another "
                "reason first; had they stayed, some would have left for this one.",
                values,
            ),
            Message(
                "Had they been half to four times as likely to leave as the others, it would be {half:percent} to "
                "{four:percent}.",
                values,
            ),
        ]
    sentences += _weight_words(found, told[WEIGHTS, ""])
    bars = [
        {"label": label, "value": e.value, "low": e.low, "high": e.high}
        for key, label in _SHORT.items()
        if (e := told[key]) is not None
    ]
    data = {
        "bars": bars,
        "kind": "percent",
        "in_order": True,
        "x_label": Message("Share who leave, by what is assumed"),
    }
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        figure=Figure("bars", data, Message("Share who leave, by assumption. {title}.", {"title": title}))
        if bars
        else None,
        tables=(_shares(found), _outcomes(found, bank)),
        basis=basis(
            bank,
            Message(
                "Clients in force in {start:month}, the first month of which enough is known, followed to the as-of "
                "date.",
                {"start": answer.facts["start"].isoformat()},
            ),
            Message("Lost to view: who left for any reason but this one and death."),
        ),
        caveats=(
            Message("No data can tell which assumption is right; an interval holds for its own assumption only."),
            Message("Death is not being lost: whoever died could not leave any more."),
        ),
        refusals=(
            (Message("Too few clients were lost to view to explain by what is known of them who was: no weights."),)
            if found.refusal
            else ()
        ),
        estimates=tuple(_estimates(found)),
        checks=tuple(check_row(c) for c in found.checks),
    )


def _at(found: Sensitivity, kind: str, assumption: str) -> Estimate | None:
    row = found.at(kind, assumption)
    return None if row is None else as_estimate(row.to_dict())


def _weight_words(found: Sensitivity, weighted: Estimate | None) -> list[Message]:
    plain = found.at(PLAIN)
    if weighted is None or plain is None:
        return []
    values = {"weighted": weighted.value, "plain": float(plain["value"]), "low": weighted.low, "high": weighted.high}
    far = abs(values["weighted"] - values["plain"]) > (weighted.high - weighted.low) / 4
    return [
        Message(
            "Letting those who stayed stand in for those like them who were lost gives {weighted:percent} "
            "({low:percent} to {high:percent}), against {plain:percent} without: what is known of the lost changes "
            "the answer.",
            values,
        )
        if far
        else Message(
            "Letting those who stayed stand in for those like them who were lost gives {weighted:percent} "
            "({low:percent} to {high:percent}), against {plain:percent} without: what is known of the lost changes "
            "little.",
            values,
        )
    ]


def _shares(found: Sensitivity) -> Table:
    months = sorted({int(m) for m in found.rows["months"]})
    shown = [m for m in months if m in (12, 24, 36, 60, 120) or m == months[-1]]
    rows = []
    for (kind, assumption), label in _ASSUMED.items():
        own = found.rows[(found.rows["kind"] == kind) & (found.rows["assumption"] == assumption)]
        if own.empty:
            continue
        line: dict[str, Any] = {"assumed": label}
        for month in shown:
            at = own[own["months"] == month]
            line[f"m{month}"] = None if at.empty else cell(as_estimate(at.iloc[0].to_dict()), "percent")
        rows.append(line)
    columns = [Column(f"m{m}", Message("Within {months:months}", {"months": m})) for m in shown]
    first = Column("assumed", Message("What is assumed of those lost to view"))
    return Table((first, *columns), tuple(rows), Message("Share who leave for the main reason (95% interval)"))


def _outcomes(found: Sensitivity, bank: Bank) -> Table:
    rows = tuple(
        {"outcome": outcome_label(r["outcome"], bank), "clients": r["clients"]}
        for r in records(told_apart(found.outcomes).sort_values("clients", ascending=False, na_position="last"))
    )
    columns = (Column("outcome", Message("Outcome")), Column("clients", Message("Clients"), "count"))
    return Table(columns, rows, Message("What became of the clients followed"))


def _estimates(found: Sensitivity) -> list[dict[str, Any]]:
    told = []
    for line in found.rows.to_dict("records"):
        group = {"assumption": f"{line['kind']} {line['assumption']}".strip()}
        told.append(finding_row("incidence", line, group=group, months=int(line["months"])))
    for row in records(told_apart(found.outcomes)):
        told.append(count_row("clients", row["clients"], unit="clients", group={"outcome": row["outcome"]}))
    return told
