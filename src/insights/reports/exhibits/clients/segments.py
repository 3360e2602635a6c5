"""Page one of clients: the segments with their size, money and leavers, what changed in a quarter, and what to do."""

import math
from typing import Any

from insights.data.snapshot import Bank
from insights.models.segments.names import ALL
from insights.models.segments.variables import EXPERIENCE, RISK, WEALTH
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.clients.words import segment_label, segments_basis, told, treatment_label
from insights.reports.exhibits.rows import count_row, estimate_row, interval
from insights.reports.exhibits.told import finding_row
from insights.stats.results import NotEstimable
from insights.topics.clients.segments import Overview
from insights.topics.evidence import Answer

ALPHA = 0.05
_CLIENTS, _ASSETS, _MARGIN = Message("clients"), Message("assets"), Message("margin")
_TYPICAL = {
    WEALTH: Column(WEALTH, Message("Assets in the middle"), "money"),
    RISK: Column(RISK, Message("Risk tolerance, 1 to 5"), "tenths"),
    EXPERIENCE: Column(EXPERIENCE, Message("Years of experience"), "tenths"),
}


def segments(answer: Answer, found: Overview, bank: Bank) -> Exhibit:
    """Say which segments there are, which of them holds most, what moved, and what is to be done for each."""
    facts, table = answer.facts, found.table
    names = [str(s) for s in table["segment"]]
    label = {name: segment_label(name, bank) for name in names}
    values: dict[str, Any] = {"k": len(names), "end": facts["end"], "start": facts["start"]}
    if len(names) == 1 and names[0] == ALL:
        title = Message("The clients are one group: nothing splits them into segments that hold")
    else:
        title = Message("The clients fall into {k:count} segments", values)
        shares = {s: found.share(s, "assets") for s in names}
        known = [s for s in names if not math.isnan(shares[s])]
        if known:
            most = max(known, key=lambda s: shares[s])
            values |= {"most": label[most], "assets": shares[most], "clients": told(found.share(most, "clients"))}
            if values["clients"] is not None:
                title = Message(
                    "The clients fall into {k:count} segments; the one called “{most}” has {clients:share} of them and "
                    "{assets:share} of the assets",
                    values,
                )
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(_sentences(found, label, facts)),
        figure=_figure(found, label, title, facts),
        tables=tuple(_tables(found, label, facts, bank)),
        basis=segments_basis(
            bank,
            facts,
            Message("Clients in force on {end:date}; assets are the average of twelve month ends.", values),
            *(
                (Message("Left: of the clients in force on {year:date}, by their segment then.", facts),)
                if facts["year"]
                else ()
            ),
        ),
        caveats=tuple(_caveats(facts, names)),
        estimates=tuple(_estimates(found, bank)),
    )


def _sentences(found: Overview, label: dict[str, Any], facts: dict[str, Any]) -> list[Message]:
    made = []
    if found.leaving:
        known = {s: e for s, e in found.leaving.items() if e is not None}
        if len(known) > 1:
            worst, best = max(known, key=lambda s: known[s].value), min(known, key=lambda s: known[s].value)
            values = {"worst": label[worst], "high": known[worst].value, "best": label[best], "low": known[best].value}
            p = found.leaving_test.p_value
            made.append(
                Message(
                    "In twelve months {high:percent} of the segment “{worst}” left, and {low:percent} of “{best}”.",
                    values,
                )
                if p is not None and p < ALPHA
                else Message(
                    "In twelve months between {low:percent} (“{best}”) and {high:percent} (“{worst}”) left: the "
                    "segments differ in this by no more than chance.",
                    values,
                )
            )
    if "before" in found.table:
        grown = found.table.assign(change=found.table["clients"] - found.table["before"]).dropna(subset=["change"])
        grown = grown[grown["change"].abs() > 0]
        if len(grown):
            row = grown.loc[grown["change"].abs().idxmax()]
            values = {"start": facts["start"], "segment": label[str(row["segment"])]}
            values |= {"n": float(row["clients"]), "before": float(row["before"])}
            made.append(
                Message(
                    "Since {start:date} the number in “{segment}” went from {before:count} to {n:count}, more than in "
                    "any other segment.",
                    values,
                )
            )
        if len(label) > 1 and facts["start"]:
            made.append(_moved(found, facts))
    return made


def _moved(found: Overview, facts: dict[str, Any]) -> Message:
    if found.moved is None:
        return Message("Too few clients changed segment in the quarter for their number to be told.")
    values = {"share": found.moved.value, "start": facts["start"]}
    return Message("Of those who were there on {start:date} too, {share:percent} changed segment.", values)


def _figure(found: Overview, label: dict[str, Any], title: Message, facts: dict[str, Any]) -> Figure:
    bars = []
    for segment in label:
        for name, what in (("clients", _CLIENTS), ("assets", _ASSETS), ("value", _MARGIN)):
            if name in found.table and not (name == "value" and (found.table["value"] < 0).any()):
                text = Message("{segment}: {what}", {"segment": label[segment], "what": what})
                bars.append({"label": text, "value": told(found.share(segment, name))})
    return Figure(
        "bars",
        {"bars": bars, "kind": "share", "in_order": True, "x_label": Message("Share of all clients in force")},
        Message("Shares of clients and money by segment. {title}.", {"title": title}),
    )


def _tables(found: Overview, label: dict[str, Any], facts: dict[str, Any], bank: Bank) -> list[Table]:
    columns = [Column("segment", Message("Segment")), Column("clients", Message("Clients"), "count")]
    if "before" in found.table:
        columns.append(Column("before", Message("{start:date}", facts), "count"))
    columns.append(Column("assets", Message("Assets"), "money"))
    if facts["margin"]:
        columns.append(Column("value", Message("Margin of twelve months"), "money"))
    if found.leaving:
        columns.append(Column("left", Message("Left within twelve months (95% interval)")))
    treated = any(facts["treatments"].values())
    if treated:
        columns.append(Column("treatment", Message("What to do")))
    rows = []
    for row in found.table.to_dict("records"):
        segment = str(row["segment"])
        told_row: dict[str, Any] = {"segment": label[segment]}
        told_row |= {c: told(float(row[c])) for c in ("clients", "before", "assets", "value") if c in row}
        left = found.leaving.get(segment)
        told_row["left"] = None if left is None else interval(left, "percent")
        told_row["treatment"] = treatment_label(facts["treatments"][segment], bank)
        rows.append(told_row)
    typical = found.typical.pivot(index="segment", columns="what", values="value")
    counts = found.typical.groupby("segment")["n"].max()
    shape = [Column("segment", Message("Segment")), Column("n", Message("Clients known"), "count")]
    shape += [_TYPICAL[v] for v in facts["variables"]]
    described = tuple(
        {"segment": label[s], "n": told(float(counts[s]))}
        | {v: told(float(typical.loc[s, v])) for v in facts["variables"]}
        for s in label
    )
    return [
        Table(tuple(columns), tuple(rows), Message("The segments, the wealthiest first")),
        Table(tuple(shape), described, Message("What sets them apart (means; of the assets the geometric mean)")),
    ]


def _caveats(facts: dict[str, Any], names: list[str]) -> list[Message]:
    made = [Message("Clients of whom too little is known are in no segment and not counted here.")]
    if facts["past"]:
        made.append(
            Message(
                "What changed since last quarter cannot be told: earlier values of what the segments are made of are "
                "not delivered."
            )
        )
    if not any(facts["treatments"].values()) and len(names) > 1:
        made.append(Message("What to do for each is not set: it stands under [[segments.treatments]] in the settings."))
    if len(names) > 1:
        made.append(Message("A segment describes its clients; being in it is not why they stay or leave."))
    return made


def _estimates(found: Overview, bank: Bank) -> list[dict[str, Any]]:
    unit, rows = bank.settings.bank.currency, []
    for row in found.table.to_dict("records"):
        group = {"segment": str(row["segment"])}
        for name, u in (("clients", "clients"), ("before", "clients"), ("assets", unit), ("value", unit)):
            if name in row:
                rows.append(
                    count_row("clients_a_quarter_ago" if name == "before" else name, row[name], unit=u, group=group)
                )
        if found.leaving:
            left = found.leaving.get(group["segment"])
            why = NotEstimable("withheld")
            rows.append(estimate_row("left_12m", why if left is None else left, group=group, months=12))
    for row in found.typical.to_dict("records"):
        rows.append(finding_row(f"typical_{row['what']}", row, group={"segment": str(row["segment"])}))
    return rows
