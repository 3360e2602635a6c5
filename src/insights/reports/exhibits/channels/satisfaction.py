"""Satisfaction per channel: for the same client and matter, beside the plain means."""

from typing import Any

from insights.data.snapshot import Bank
from insights.models.channels.satisfaction import FAIR, NAIVE, SAME
from insights.models.channels.state import RATED
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.channels.words import channel_label, why_not
from insights.reports.exhibits.rows import dated
from insights.reports.exhibits.told import cell, find, finding_row
from insights.stats.results import Estimate
from insights.topics.channels.satisfaction import SatisfactionRows
from insights.topics.evidence import Answer


def satisfaction(answer: Answer, found: SatisfactionRows, bank: Bank) -> Exhibit:
    """Say in which channel the same clients are more satisfied, and where the plain means mislead."""
    title = _title(found, bank)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(answer, found, bank),
        figure=_figure(found, title, bank),
        tables=(_table(found, bank),),
        basis=_basis(answer, found, bank),
        caveats=_caveats(answer),
        refusals=_refusals(answer, bank),
        estimates=tuple(
            finding_row(f"mark_{r['how']}", r, group={"channel": str(r["channel"])} if r["channel"] else {})
            for r in found.rows.to_dict("records")
        ),
    )


def _fair(found: SatisfactionRows) -> list[tuple[str, Estimate]]:
    """Return the channels with their fair difference, the best first."""
    names = [str(c) for c in found.rows.loc[found.rows["how"] == FAIR, "channel"]]
    told = [(c, e) for c in names if (e := find(found.rows, channel=c, how=FAIR)) is not None]
    return sorted(told, key=lambda t: (-t[1].value, t[0]))


def _title(found: SatisfactionRows, bank: Bank) -> Message:
    fair = _fair(found)
    if not fair:
        return Message("Satisfaction by channel cannot be compared fairly")
    best, worst = fair[0], fair[-1]
    values = {"best": channel_label(best[0], bank), "x": best[1].value, "worst": channel_label(worst[0], bank)}
    values["y"] = -worst[1].value
    if best[1].low > 0 and worst[1].high < 0:
        return Message(
            "Best for the same client: {best}, {x:number} points above the average contact; worst: {worst}, {y:number} "
            "below",
            values,
        )
    return Message("The same client is about equally satisfied in every channel")


def _sentences(answer: Answer, found: SatisfactionRows, bank: Bank) -> tuple[Message, ...]:
    said = []
    mean = find(found.rows, channel="", how="mean")
    if mean is not None:
        said.append(Message("The average contact gets {v:number} of 10.", {"v": mean.value}))
    for channel, fair in _fair(found):
        naive = find(found.rows, channel=channel, how=NAIVE)
        if naive is None or (naive.low <= fair.high and fair.low <= naive.high):
            continue
        values = {"channel": channel_label(channel, bank), "naive": naive.value, "fair": fair.value}
        said.append(
            Message(
                "{channel}: {naive:number} against the average by the plain mean, {fair:number} for the same clients. "
                "The plain mean has the wrong sign: it tells who uses the channel, not what it does.",
                values,
            )
            if naive.value * fair.value < 0
            else Message(
                "{channel}: {naive:number} against the average by the plain mean, {fair:number} for the same clients.",
                values,
            )
        )
    if mean is not None and len(said) == 1:
        said.append(Message("The plain means tell the same: who uses which channel makes no difference here."))
    said += _because(found, bank)
    return tuple(said)


def _because(found: SatisfactionRows, bank: Bank) -> list[Message]:
    """Say how much of the worst channel's distance is waiting and outcome."""
    fair = _fair(found)
    if not fair:
        return []
    worst, told = fair[-1]
    same = find(found.rows, channel=worst, how=SAME)
    if same is None or told.high >= 0 or same.value <= told.value:
        return []
    values = {"channel": channel_label(worst, bank), "fair": told.value, "same": same.value}
    return [
        Message(
            "{channel}: at the same waiting time and outcome it would be {same:number} instead of {fair:number}.",
            values,
        )
    ]


def _figure(found: SatisfactionRows, title: Message, bank: Bank) -> Figure | None:
    bars: list[dict[str, Any]] = []
    for channel, fair in _fair(found):
        naive = find(found.rows, channel=channel, how=NAIVE)
        note = None if naive is None else Message("plain mean {v:number}", {"v": naive.value})
        bars.append({"label": channel_label(channel, bank), "value": fair.value, "low": fair.low, "high": fair.high})
        bars[-1]["note"] = note
    if not bars:
        return None
    data = {"bars": bars, "kind": "number", "in_order": True}
    data["x_label"] = Message("Points more than for the average contact, same client and topic (95% interval)")
    return Figure(
        "bars", data, Message("Points above the average contact by channel, with intervals. {title}.", {"title": title})
    )


def _table(found: SatisfactionRows, bank: Bank) -> Table:
    rows = []
    same = SAME in set(found.rows["how"])
    for channel, fair in _fair(found):
        row: dict[str, Any] = {"channel": channel_label(channel, bank), "marks": fair.n_events}
        row |= {how: cell(find(found.rows, channel=channel, how=how), "number") for how in (NAIVE, FAIR, SAME)}
        row[RATED] = cell(find(found.rows, channel=channel, how=RATED), "percent")
        rows.append(row)
    columns = [
        Column("channel", Message("Channel")),
        Column("marks", Message("Marks"), "count"),
        Column(NAIVE, Message("Plain mean")),
        Column(FAIR, Message("Same client and topic")),
        Column(SAME, Message("… waiting and outcome too")),
        Column(RATED, Message("Gave a mark, last 12 months")),
    ]
    columns = columns if same else [c for c in columns if c.key != SAME]
    return Table(tuple(columns), tuple(rows), Message("Marks less that of the average contact (95% intervals)"))


def _basis(answer: Answer, found: SatisfactionRows, bank: Bank) -> tuple[Message, ...]:
    mean, within = find(found.rows, channel="", how="mean"), find(found.rows, channel="", how="within")
    lines = []
    if mean is not None:
        values = {"marks": mean.n_events, "n": mean.n, "years": answer.facts["years"]}
        lines.append(Message("{marks:count} marks of {n:count} clients in {years:number} years.", values))
    if within is not None:
        lines.append(Message("{share:percent} of them gave marks in two channels or more.", {"share": within.value}))
    lines.append(
        Message("Compared within each client, topic, quarter and direction; intervals by client.")
        if answer.facts["by_topic"]
        else Message(
            "Compared within each client, quarter and direction, topics not being recorded; intervals by client."
        )
    )
    lines.append(
        Message("Marks are weighted for who gave one.")
        if answer.facts["weighted"]
        else Message("Marks are not weighted for who gave one: too few did, or too few did not.")
    )
    return dated(bank, *lines)


def _caveats(answer: Answer) -> tuple[Message, ...]:
    return (
        Message(
            "What changes about a client from one contact to the next, such as his mood, may still go with the channel "
            "he takes."
        ),
        Message("Clients who use one channel only tell nothing of the others."),
    )


def _refusals(answer: Answer, bank: Bank) -> tuple[Message, ...]:
    names = [channel_label(c, bank) for c in answer.facts["left_out"]]
    lines = [Message("Too few marks to compare: {names}.", {"names": names})] if names else []
    if answer.facts["why"] and not answer.facts["weighted"]:
        lines.append(why_not(answer.facts["why"]))
    return tuple(lines)
