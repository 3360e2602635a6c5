"""How often clients are met and spoken to, who comes to events, how fast complaints are settled, and where."""

from typing import Any

from insights.data.snapshot import Bank
from insights.models.channels.upkeep import (
    ALL,
    CAME,
    CONTACTS,
    EVENT,
    INVITED,
    REGION,
    SETTLED_HALF,
    SETTLED_LONG,
    SILENT,
    TOPIC,
    VISITED,
    VISITS,
    WAITS,
)
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.channels.words import channel_label
from insights.reports.exhibits.rows import dated, needed
from insights.reports.exhibits.told import cell_of, find, finding_row
from insights.reports.wording.labels import code_label
from insights.stats.results import Estimate
from insights.topics.channels.upkeep import UpkeepRows
from insights.topics.evidence import Answer

_PARTS = {EVENT: Message("Events"), TOPIC: Message("Complaints"), REGION: Message("Regions")}
_LINES = (
    (CONTACTS, Message("Contacts of a client in a year"), "number"),
    (VISITS, Message("Visits of a client in a year"), "number"),
    (VISITED, Message("Clients visited at least once"), "percent"),
    (SILENT, Message("Clients without any contact"), "percent"),
    (INVITED, Message("Clients invited to an event"), "percent"),
    (CAME, Message("Invitations that were followed"), "percent"),
    (SETTLED_HALF, Message("Half of the complaints settled within, days"), "number"),
    (SETTLED_LONG, Message("Nine in ten complaints settled within, days"), "number"),
    (WAITS, Message("Complaints still open after a month"), "percent"),
)


def upkeep(answer: Answer, found: UpkeepRows, bank: Bank) -> Exhibit:
    """Say how many clients were met, and how fast what they complained of was settled."""
    title = _title(found)
    tables = (_whole(found), _topics(found, bank), _events(found, bank), _regions(found, bank))
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(answer, found, bank),
        figure=_figure(found, title, bank),
        tables=tuple(t for t in tables if t.rows),
        basis=_basis(answer, found, bank),
        caveats=(Message("Frequent contact may keep clients, or follow from their problems: this only counts it."),),
        refusals=tuple(
            Message("{part}: {why}", {"part": _PARTS[part], "why": needed(needs)})
            for part, needs in answer.facts["missing"].items()
        ),
        estimates=tuple(_estimates(found)),
    )


def _find(found: UpkeepRows, measure: str, division: str = ALL, value: str = "") -> Estimate | None:
    return find(found.rows, division=division, value_of=value, measure=measure)


def _title(found: UpkeepRows) -> Message:
    met, half = _find(found, VISITED), _find(found, SETTLED_HALF)
    if met is not None and half is not None:
        return Message(
            "{v:percent} of clients were met in person within a year; half of all complaints were settled within "
            "{d:number} days",
            {"v": met.value, "d": half.value},
        )
    if met is not None:
        return Message("{v:percent} of clients were met in person within a year", {"v": met.value})
    if half is not None:
        return Message("Half of all complaints were settled within {d:number} days", {"d": half.value})
    return Message("How relationships are kept up")


def _sentences(answer: Answer, found: UpkeepRows, bank: Bank) -> tuple[Message, ...]:
    said = []
    values: dict[str, Any]
    often, visits = _find(found, CONTACTS), _find(found, VISITS)
    if often is not None and visits is not None:
        values = {"x": often.value, "y": visits.value}
        said.append(Message("A client had {x:tenths} contacts in the year, {y:tenths} of them visits.", values))
    silent = _find(found, SILENT)
    if silent is not None:
        said.append(Message("{s:percent} of clients had no contact at all.", {"s": silent.value}))
    waits = _find(found, WAITS)
    if waits is not None:
        values = {"w": waits.value, "days": answer.facts["days"]}
        said.append(Message("{w:percent} of complaints were still open {days:number} days after they came in.", values))
    channel = _most_apart(found)
    if channel is not None:
        name, low, high = channel
        values = {"channel": channel_label(name, bank)}
        values["a"] = code_label("region", high[0], bank.settings.labels)
        values |= {"x": high[1].value, "b": code_label("region", low[0], bank.settings.labels), "y": low[1].value}
        said.append(
            Message(
                "{channel}: {x:percent} of clients reached in {a}, {y:percent} in {b}: more apart than by chance.",
                values,
            )
        )
    return tuple(said)


def _most_apart(found: UpkeepRows) -> tuple[str, tuple[str, Estimate], tuple[str, Estimate]] | None:
    """Return the channel whose regions lie furthest apart, where their intervals, at 95% for all, do not touch."""
    best = None
    rows = found.rows[found.rows["division"] == REGION]
    for channel in dict.fromkeys(str(c) for c in rows["measure"]):
        told = [(r, e) for r in _names(found, REGION) if (e := _find(found, channel, REGION, r)) is not None]
        if len(told) < 2:
            continue
        low, high = min(told, key=lambda t: t[1].value), max(told, key=lambda t: t[1].value)
        gap = _wider(high[1])[0] - _wider(low[1])[1]
        if gap > 0 and (best is None or gap > best[0]):
            best = gap, channel, low, high
    return None if best is None else best[1:]


def _wider(found: Estimate) -> tuple[float, float]:
    """Return an interval one and a half times as long: some dozens of regions and channels are looked at together."""
    return found.value - 1.5 * (found.value - found.low), found.value + 1.5 * (found.high - found.value)


def _names(found: UpkeepRows, division: str) -> list[str]:
    return list(dict.fromkeys(str(v) for v in found.rows.loc[found.rows["division"] == division, "value_of"]))


def _reached(found: UpkeepRows) -> list[str]:
    rows = found.rows
    return list(dict.fromkeys(str(m) for m in rows.loc[rows["division"] == REGION, "measure"]))


def _figure(found: UpkeepRows, title: Message, bank: Bank) -> Figure | None:
    regions, channels = _names(found, REGION), _reached(found)
    if len(regions) < 2:
        return None
    values: list[list[float | None]] = []
    for region in regions:
        told = [_find(found, channel, REGION, region) for channel in channels]
        values.append([None if e is None else e.value for e in told])
    data = {"rows": [code_label("region", r, bank.settings.labels) for r in regions], "values": values, "kind": "share"}
    data["columns"] = [channel_label(c, bank) for c in channels]
    alt = Message("Share of clients reached in a year, by region and channel. {title}.", {"title": title})
    return Figure("heat", data, alt)


def _whole(found: UpkeepRows) -> Table:
    rows = []
    for measure, label, kind in _LINES:
        told = cell_of(found.rows, kind, division=ALL, value_of="", measure=measure)
        if told is None or told.id != "–":
            rows.append({"what": label, "told": told})
    columns = (Column("what", Message("Measure")), Column("told", Message("Value (95% interval)")))
    return Table(columns, tuple(rows), Message("How relationships are kept up"))


def _topics(found: UpkeepRows, bank: Bank) -> Table:
    rows = []
    for topic in _names(found, TOPIC):
        row: dict[str, Any] = {"topic": code_label("topic", topic, bank.settings.labels)}
        for measure, kind in ((SETTLED_HALF, "number"), (SETTLED_LONG, "number"), (WAITS, "percent")):
            row[measure] = cell_of(found.rows, kind, division=TOPIC, value_of=topic, measure=measure)
        rows.append(row)
    columns = (
        Column("topic", Message("Complaint about")),
        Column(SETTLED_HALF, Message("Half settled within, days")),
        Column(SETTLED_LONG, Message("Nine in ten within, days")),
        Column(WAITS, Message("Open after a month")),
    )
    return Table(columns, tuple(rows), Message("How fast feedback is settled (95% intervals)"))


def _events(found: UpkeepRows, bank: Bank) -> Table:
    rows = [
        {
            "kind": code_label("kind", kind, bank.settings.labels),
            CAME: cell_of(found.rows, "percent", division=EVENT, value_of=kind, measure=CAME),
        }
        for kind in _names(found, EVENT)
    ]
    columns = (Column("kind", Message("Invited to")), Column(CAME, Message("Invitations that were followed")))
    return Table(columns, tuple(rows), Message("Events of twelve months (95% intervals)"))


def _regions(found: UpkeepRows, bank: Bank) -> Table:
    channels = _reached(found)
    rows = []
    for region in _names(found, REGION):
        row: dict[str, Any] = {"region": code_label("region", region, bank.settings.labels)}
        for channel in channels:
            told = _find(found, channel, REGION, region)
            row[channel] = None if told is None else told.value
        rows.append(row)
    columns = (
        Column("region", Message("Region")),
        *(Column(channel, channel_label(channel, bank), "percent") for channel in channels),
    )
    return Table(columns, tuple(rows), Message("Share of clients reached in twelve months, by region and channel"))


def _basis(answer: Answer, found: UpkeepRows, bank: Bank) -> tuple[Message, ...]:
    whole = _find(found, VISITED)
    lines = []
    if whole is not None:
        values = {"n": float(whole.n), "months": answer.facts["months"]}
        lines.append(Message("{n:count} clients in force who were so {months:months} ago too.", values))
    visits = [channel_label(v, bank) for v in answer.facts["visits"] if v in _reached(found)]
    if visits:
        lines.append(Message("Visits are contacts by: {names}.", {"names": visits}))
    half = _find(found, SETTLED_HALF)
    if half is not None:
        values = {"n": half.n_events, "months": answer.facts["feedback_months"]}
        lines.append(
            Message(
                "{n:count} complaints settled, of those that came in within the last {months:months}; what is still "
                "open counts with the time until the as-of date (Kaplan-Meier). Intervals by client.",
                values,
            )
        )
    return dated(bank, *lines)


def _estimates(found: UpkeepRows) -> list[dict[str, Any]]:
    lines = []
    for row in found.rows.to_dict("records"):
        division, value = str(row["division"]), str(row["value_of"])
        if division == REGION:
            group = {REGION: value, "channel": str(row["measure"])}
            lines.append(finding_row("upkeep_reach", row, group=group, months=12))
            continue
        group = {division: value} if value else {}
        lines.append(finding_row(f"upkeep_{row['measure']}", row, group=group, months=12))
    return lines
