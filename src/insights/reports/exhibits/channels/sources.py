"""Which sources bring clients, what each client won costs, and how soon he has earned it."""

from typing import Any

from insights.data.snapshot import Bank
from insights.models.channels.sources import ASSETS, BACK, COST, MARGIN, PER
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.rows import count_row, dated, number
from insights.reports.exhibits.told import cell_of, find, finding_row
from insights.reports.wording.labels import code_label
from insights.stats.results import Estimate
from insights.topics.channels.sources import SourceRows
from insights.topics.evidence import Answer


def sources(answer: Answer, found: SourceRows, bank: Bank) -> Exhibit:
    """Say where a client costs least, and where the cost is earned back first."""
    title = _title(found, bank)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(found, bank),
        figure=_figure(found, title, bank),
        tables=(_table(answer, found, bank),),
        basis=dated(
            bank,
            Message("Clients won and costs of the same months of the last {years:number} years.", answer.facts),
            Message(
                "Margin: of the month of joining and the eleven after, and assets at their end, of clients won at "
                "least a year ago; those who left count with what they brought, and hold nothing."
            ),
            Message("Intervals: the number won is a matter of chance (Poisson); margins vary from client to client."),
        ),
        caveats=(
            Message(
                "A first year is not the whole relationship, and a source with few clients says little of the next."
            ),
            Message("Clients of other sources are others: more money for a source need not win more of the same."),
        ),
        estimates=tuple(_estimates(found)),
    )


def _label(source: str, bank: Bank) -> Message | str:
    return code_label("acquisition_source", source, bank.settings.labels)


def _told(found: SourceRows, measure: str) -> list[tuple[str, Estimate]]:
    """Return the sources with a measure, the lowest first."""
    names = [str(s) for s in found.won["source"]]
    told = [(s, e) for s in names if (e := find(found.rows, source=s, measure=measure)) is not None]
    return sorted(told, key=lambda t: (t[1].value, t[0]))


def _title(found: SourceRows, bank: Bank) -> Message:
    cost, back = _told(found, COST), _told(found, BACK)
    if not cost:
        return Message("What a client won costs cannot be told")
    values: dict[str, Any] = {"a": _label(cost[0][0], bank), "x": cost[0][1].value}
    values |= {"b": _label(cost[-1][0], bank), "y": cost[-1][1].value}
    if back:
        values |= {"c": _label(back[0][0], bank), "m": back[0][1].value}
        return Message(
            "A client won costs {x:money} ({a}) to {y:money} ({b}); earned back first: {c}, in {m:tenths} months",
            values,
        )
    return Message("A client won costs {x:money} ({a}) to {y:money} ({b})", values)


def _sentences(found: SourceRows, bank: Bank) -> tuple[Message, ...]:
    said = []
    margin, back = _told(found, MARGIN), _told(found, BACK)
    if len(margin) > 1:
        (a, low), (b, high) = margin[0], margin[-1]
        values: dict[str, Any] = {"a": _label(a, bank), "x": low.value, "b": _label(b, bank), "y": high.value}
        said.append(
            Message("Margin in the first year: from {x:money} ({a}) to {y:money} ({b}) per client.", values)
            if high.low > low.high
            else Message(
                "Margin in the first year: from {x:money} ({a}) to {y:money} ({b}) per client, too alike to be told "
                "apart.",
                values,
            )
        )
    held = _told(found, ASSETS)
    if len(held) > 1:
        (a, low), (b, high) = held[0], held[-1]
        values = {"a": _label(a, bank), "x": low.value, "b": _label(b, bank), "y": high.value}
        said.append(
            Message("A year after joining they hold from {x:money} ({a}) to {y:money} ({b}).", values)
            if high.low > low.high
            else Message(
                "A year after joining they hold from {x:money} ({a}) to {y:money} ({b}), too alike to be told apart.",
                values,
            )
        )
    if len(back) > 1:
        last = back[-1]
        values = {"source": _label(last[0], bank), "m": last[1].value, "low": last[1].low, "high": last[1].high}
        said.append(
            Message(
                "Earned back last: {source}, in {m:tenths} months ({low:tenths} to {high:tenths}) at the pace of the "
                "first year.",
                values,
            )
        )
    return tuple(said)


def _figure(found: SourceRows, title: Message, bank: Bank) -> Figure | None:
    bars: list[dict[str, Any]] = []
    for source, told in _told(found, COST):
        back = find(found.rows, source=source, measure=BACK)
        note = None if back is None else Message("earned back in {m:tenths} months", {"m": back.value})
        bars.append({"label": _label(source, bank), "value": told.value, "low": told.low, "high": told.high})
        bars[-1]["note"] = note
    if not bars:
        return None
    data = {"bars": bars, "kind": "money", "in_order": True, "x_label": Message("Cost of a client won (95% interval)")}
    return Figure("bars", data, Message("Cost of a client won by source, with intervals. {title}.", {"title": title}))


def _table(answer: Answer, found: SourceRows, bank: Bank) -> Table:
    rows = []
    for line in found.won.sort_values(["clients", "source"], ascending=[False, True]).to_dict("records"):
        source = str(line["source"])
        row: dict[str, Any] = {"source": _label(source, bank)}
        row["won"] = number(line["clients"])
        for measure, kind in ((COST, "money"), (MARGIN, "money"), (ASSETS, "money"), (PER, "number")):
            row[measure] = cell_of(found.rows, kind, source=source, measure=measure)
        if source in answer.facts["unsure"]:
            row[PER] = Message("not told from chance")
        rows.append(row)
    columns = (
        Column("source", Message("Source")),
        Column("won", Message("Clients won"), "count"),
        Column(COST, Message("Cost of each")),
        Column(MARGIN, Message("Margin in the first year")),
        Column(ASSETS, Message("Assets after a year")),
        Column(PER, Message("Cost for each unit of margin")),
    )
    return Table(columns, tuple(rows), Message("Sources by yield (95% intervals)"))


def _estimates(found: SourceRows) -> list[dict[str, Any]]:
    lines = [
        count_row("clients_won", row["clients"], unit="clients", group={"acquisition_source": str(row["source"])})
        for row in found.won.to_dict("records")
    ]
    for row in found.rows.to_dict("records"):
        lines.append(finding_row(f"source_{row['measure']}", row, group={"acquisition_source": str(row["source"])}))
    return lines
