"""Incidents by process, those not reported yet included, and how good that guess was a year ago."""

from typing import Any

from insights.data.snapshot import Bank
from insights.models.risk.incidents import SPAN, YEAR
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.risk.words import kind_label
from insights.reports.exhibits.rows import dated, number
from insights.reports.exhibits.told import cell, find, finding_row
from insights.topics.evidence import Answer
from insights.topics.risk.operational import BEFORE, KNOWN, RATE, SINCE, TOTAL, Operational


def operational(answer: Answer, found: Operational, bank: Bank) -> Exhibit:
    """Say how many incidents happened, reported or not, and which process fails most often."""
    title = _title(found)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=(*operational_sentences(found), *_most(found, bank)),
        figure=_figure(found, title, bank),
        tables=(_table(answer, found, bank),),
        basis=dated(
            bank,
            Message(
                "Rates per thousand clients and year over {span:months}; the total over {months:months}.",
                {"span": answer.facts["span"], "months": answer.facts["months"]},
            ),
            Message(
                "Incidents not reported yet are added by how late earlier ones were reported, the truncation of recent "
                "delays allowed for (Lawless 1994). Intervals: chance, the rate and the delays."
            ),
        ),
        caveats=(
            Message("Delays are taken to be the same for all processes, and the same as in the past."),
            Message(
                "{share:percent} of the reported incidents have a known loss.", {"share": answer.facts["loss_known"]}
            ),
            Message("An incident that is never reported is in no number here."),
        ),
        estimates=tuple(operational_estimates(found)),
    )


def _title(found: Operational) -> Message:
    total = find(found.rows, kind="", measure=TOTAL)
    if total is None:
        return Message("How often each process fails")
    values = {"n": total.value, "low": total.low, "high": total.high}
    return Message(
        "About {n:count} incidents in twelve months ({low:count} to {high:count}), late reports included", values
    )


def operational_sentences(found: Operational) -> tuple[Message, ...]:
    """Return how much of the year is known, and how good the same guess was a year ago."""
    said = []
    known = find(found.rows, kind="", measure=KNOWN)
    if known is not None:
        said.append(
            Message(
                "{share:percent} of the incidents of the last twelve months are reported by now, as delays have been.",
                {"share": known.value},
            )
        )
    before, since = (find(found.rows, kind="", measure=m) for m in (BEFORE, SINCE))
    if before is not None and since is not None:
        values = {"n": before.value, "low": before.low, "high": before.high, "seen": since.value}
        said.append(
            Message(
                "A year ago the same method said {n:count} incidents ({low:count} to {high:count}) for the year "
                "before; by now {seen:count} of them are reported.",
                values,
            )
        )
    return tuple(said)


def _most(found: Operational, bank: Bank) -> tuple[Message, ...]:
    rows = found.rows[(found.rows["measure"] == RATE) & (found.rows["kind"] != "") & found.rows["value"].notna()]
    if len(rows) < 2:
        return ()
    top = rows.sort_values(["value", "kind"], ascending=[False, True]).iloc[0]
    values = {"kind": kind_label(str(top["kind"]), bank), "v": float(top["value"])}
    apart = float(top["low"]) > float(rows.sort_values("value")["value"].iloc[-2])
    return (
        Message("Most often: {kind}, {v:tenths} per thousand clients and year.", values)
        if apart
        else Message(
            "Most often: {kind}, {v:tenths} per thousand clients and year; the intervals overlap, so the order may be "
            "chance.",
            values,
        ),
    )


def _figure(found: Operational, title: Message, bank: Bank) -> Figure | None:
    rows = found.rows[(found.rows["measure"] == RATE) & (found.rows["kind"] != "")]
    bars = []
    for kind in rows["kind"]:
        told = find(rows, kind=kind)
        if told is not None:
            bars.append({"label": kind_label(str(kind), bank), "value": told.value, "low": told.low, "high": told.high})
    if not bars:
        return None
    data = {"bars": bars, "kind": "tenths", "x_label": Message("Incidents per thousand clients and year")}
    return Figure(
        "bars",
        data,
        Message("Incidents per thousand clients and year by process, with intervals. {title}.", {"title": title}),
    )


def _table(answer: Answer, found: Operational, bank: Bank) -> Table:
    loss = {} if found.loss is None else dict(zip(found.loss["kind"], found.loss["amount"], strict=True))
    rows: list[dict[str, Any]] = []
    for row in found.reported.to_dict("records"):
        kind = str(row["kind"])
        line = {
            "kind": kind_label(kind, bank),
            "reported": number(row["reported"]),
        }
        line["rate"] = cell(find(found.rows, kind=kind, measure=RATE), "tenths")
        line["loss"] = number(loss[kind]) if kind in loss else Message("–")
        rows.append(line)
    if "other" in loss:
        rows.append(
            {
                "kind": kind_label("other", bank),
                "reported": Message("–"),
                "rate": Message("–"),
                "loss": number(loss["other"]),
            }
        )
    columns = (
        Column("kind", Message("Process")),
        Column("reported", Message("Reported"), "count"),
        Column("rate", Message("Per thousand clients and year, late reports included")),
        Column("loss", Message("Known losses"), "money"),
    )
    return Table(columns, tuple(rows), Message("Incidents of {span:months} by process", {"span": answer.facts["span"]}))


def operational_estimates(found: Operational) -> list[dict[str, Any]]:
    """Return the rows of the finding."""
    lines = []
    for row in found.rows.to_dict("records"):
        group = {"kind": str(row["kind"])} if row["kind"] else {}
        lines.append(
            finding_row(str(row["measure"]), row, group=group, months=SPAN if row["measure"] == RATE else YEAR)
        )
    return lines
