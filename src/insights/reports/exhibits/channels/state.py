"""The state of each channel, in one figure and two tables."""

from typing import Any

from insights.data.snapshot import Bank
from insights.models.channels.state import (
    COMPLETE,
    COST,
    HANDLING,
    HANDLING_LONG,
    REACH,
    RESOLVED,
    WAIT,
    WAIT_LONG,
)
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.channels.words import channel_label, duration, duration_cell
from insights.reports.exhibits.rows import count_row, dated, number
from insights.reports.exhibits.told import cell_of, find, finding_row
from insights.stats.results import Estimate
from insights.topics.channels.state import StateRows
from insights.topics.evidence import Answer

_NEEDS = {WAIT: "contacts.wait_minutes", HANDLING: "contacts.handling_minutes", RESOLVED: "contacts.resolved"}
_LABELS = {
    WAIT: Message("Time to answer"),
    HANDLING: Message("Handling time"),
    RESOLVED: Message("Settled at once"),
}


def state(answer: Answer, found: StateRows, bank: Bank) -> Exhibit:
    """Say what each channel carried, how long it took, and what came of it."""
    title = _title(found, bank)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(found, bank),
        figure=_figure(found, title, bank),
        tables=(_volume(found, bank), _times(found, bank)),
        basis=state_basis(answer, found, bank),
        caveats=_caveats(found),
        refusals=tuple(
            Message("{outcome}: not available, needs {needs}", {"outcome": _LABELS[m], "needs": [_NEEDS[m]]})
            for m in _NEEDS
            if (found.rows["measure"] != m).all()
        ),
        estimates=tuple(state_estimates(found)),
    )


def channels_of(found: StateRows) -> list[str]:
    """Return the channels by the contacts they carried, the most first; withheld ones last."""
    order = found.volume.sort_values(["contacts", "channel"], ascending=[False, True], na_position="last")
    return [str(c) for c in order["channel"]]


def extreme(found: StateRows, measure: str, *, most: bool = True) -> tuple[str, Estimate] | None:
    """Return the channel in which a measure is largest (smallest), and its value; None where none can be told."""
    told = [(c, e) for c in channels_of(found) if (e := find(found.rows, channel=c, measure=measure)) is not None]
    if not told:
        return None
    return (max if most else min)(told, key=lambda t: t[1].value)


def _title(found: StateRows, bank: Bank) -> Message:
    slow, unsettled = extreme(found, WAIT), extreme(found, RESOLVED, most=False)
    values: dict[str, Any] = {}
    if slow is not None:
        values |= {"slow": channel_label(slow[0], bank), "t": duration(slow[1].value)}
    if unsettled is not None:
        values |= {"low": channel_label(unsettled[0], bank), "share": unsettled[1].value}
    if slow is not None and unsettled is not None:
        return Message(
            "Slowest to answer: {slow}, half within {t}; settles the matter least often: {low}, {share:percent}", values
        )
    if slow is not None:
        return Message("Slowest to answer: {slow}, half within {t}", values)
    if unsettled is not None:
        return Message("Settles the matter least often: {low}, {share:percent}", values)
    first = channels_of(found)[:1]
    return Message("Most contacts: {channel}", {"channel": channel_label(first[0], bank) if first else ""})


def _sentences(found: StateRows, bank: Bank) -> tuple[Message, ...]:
    said = []
    total = float(found.volume["contacts"].sum())
    top = found.volume.sort_values(["contacts", "channel"], ascending=[False, True]).iloc[0]
    if total > 0 and top["contacts"] > 0:
        values = {"channel": channel_label(str(top["channel"]), bank), "n": float(top["contacts"]), "all": total}
        values["share"] = float(top["contacts"]) / total
        said.append(Message("{channel}: {n:count} of {all:count} contacts ({share:percent}).", values))
    slow = extreme(found, WAIT_LONG)
    if slow is not None:
        values = {"channel": channel_label(slow[0], bank), "t": duration(slow[1].value)}
        said.append(Message("{channel}: one in ten who ask wait longer than {t}.", values))
    dear, cheap = extreme(found, COST), extreme(found, COST, most=False)
    if dear is not None and cheap is not None and dear[0] != cheap[0]:
        values = {"a": channel_label(dear[0], bank), "x": dear[1].value}
        values |= {"b": channel_label(cheap[0], bank), "y": cheap[1].value}
        said.append(Message("Cost of a contact: most {a}, {x:money}; least {b}, {y:money}.", values))
    return tuple(said)


def _figure(found: StateRows, title: Message, bank: Bank) -> Figure | None:
    bars: list[dict[str, Any]] = []
    for channel in channels_of(found):
        told = find(found.rows, channel=channel, measure=RESOLVED)
        wait = find(found.rows, channel=channel, measure=WAIT)
        if told is not None:
            note = None if wait is None else Message("half answered within {t}", {"t": duration(wait.value)})
            bars.append({"label": channel_label(channel, bank), "value": told.value, "low": told.low})
            bars[-1] |= {"high": told.high, "note": note}
    if not bars:
        return None
    data = {"bars": bars, "kind": "percent", "x_label": Message("Share of contacts that settled the matter")}
    return Figure(
        "bars",
        data,
        Message("Share of contacts that settled the matter, with intervals. {title}.", {"title": title}),
    )


def _volume(found: StateRows, bank: Bank) -> Table:
    rows = []
    for channel in channels_of(found):
        own = found.volume[found.volume["channel"] == channel].iloc[0]
        row: dict[str, Any] = {"channel": channel_label(channel, bank)}
        row |= {m: number(own[m]) for m in ("contacts", "before", "open")}
        for measure, kind in ((REACH, "percent"), (COST, "money"), (COMPLETE, "percent")):
            row[measure] = cell_of(found.rows, kind, channel=channel, measure=measure)
        rows.append(row)
    columns = (
        Column("channel", Message("Channel")),
        Column("contacts", Message("Contacts"), "count"),
        Column("before", Message("Year before"), "count"),
        Column("open", Message("Still waiting"), "count"),
        Column(REACH, Message("Clients reached")),
        Column(COST, Message("Cost of a contact")),
        Column(COMPLETE, Message("Completely recorded")),
    )
    return Table(columns, tuple(rows), Message("What each channel carries"))


def _times(found: StateRows, bank: Bank) -> Table:
    rows = []
    for channel in channels_of(found):
        row: dict[str, Any] = {"channel": channel_label(channel, bank)}
        for measure in (WAIT, WAIT_LONG, HANDLING, HANDLING_LONG):
            there = ((found.rows["channel"] == channel) & (found.rows["measure"] == measure)).any()
            told = duration_cell(find(found.rows, channel=channel, measure=measure))
            row[measure] = told if there else Message("–")
        row[RESOLVED] = cell_of(found.rows, "percent", channel=channel, measure=RESOLVED)
        rows.append(row)
    columns = (
        Column("channel", Message("Channel")),
        Column(WAIT, Message("Half answered within")),
        Column(WAIT_LONG, Message("Nine in ten answered within")),
        Column(HANDLING, Message("Half handled within")),
        Column(HANDLING_LONG, Message("Nine in ten handled within")),
        Column(RESOLVED, Message("Settled at once")),
    )
    return Table(columns, tuple(rows), Message("How long it takes, and what comes of it (95% intervals)"))


def state_basis(answer: Answer, found: StateRows, bank: Bank) -> tuple[Message, ...]:
    """Return what the state of the channels rests on."""
    total = float(found.volume["contacts"].sum())
    lines = [
        Message("{n:count} contacts of the last {months:months}.", {"n": total, "months": answer.facts["months"]}),
        Message("Intervals allow for what the contacts of one client have in common."),
    ]
    if WAIT in set(found.rows["measure"]):
        lines.insert(
            1,
            Message(
                "Times to answer are those of contacts that clients began (Kaplan-Meier): who still waits counts with "
                "the time until the as-of date."
            ),
        )
    return dated(bank, *lines)


def _caveats(found: StateRows) -> tuple[Message, ...]:
    lines = [
        Message("Channels carry different matters: what is settled at once does not tell which channel is better."),
    ]
    if REACH in set(found.rows["measure"]):
        lines.append(Message("Reached: share of today's clients with at least one contact in the channel."))
    return tuple(lines)


def state_estimates(found: StateRows) -> list[dict[str, Any]]:
    """Return the rows of the finding."""
    lines = []
    for row in found.volume.to_dict("records"):
        group = {"channel": str(row["channel"])}
        lines.append(count_row("contacts", row["contacts"], unit="contacts", group=group))
    for row in found.rows.to_dict("records"):
        lines.append(finding_row(str(row["measure"]), row, group={"channel": str(row["channel"])}, months=12))
    return lines
