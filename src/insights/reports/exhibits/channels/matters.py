"""What comes back about the same topic, where it goes, and whether channels contradict each other."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.channels.matters import (
    AGAIN,
    ALL,
    EXCESS,
    HANDED,
    ORDINARY,
    OTHER_CHANNEL,
    SAME_CHANNEL,
    SETTLED_AGAIN,
)
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.channels.words import channel_label
from insights.reports.exhibits.rows import count_row, dated
from insights.reports.exhibits.told import cell_of, find, finding_row
from insights.topics.channels.matters import MatterRows
from insights.topics.evidence import Answer

_MEASURES = (AGAIN, ORDINARY, EXCESS, SETTLED_AGAIN, HANDED)


def matters(answer: Answer, found: MatterRows, bank: Bank) -> Exhibit:
    """Say whether matters come back more than ordinary, and how consistent channels are."""
    title = _title(answer, found)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(answer, found),
        figure=_figure(found, title, bank),
        tables=(_table(answer, found, bank),),
        basis=_basis(answer, found, bank),
        caveats=(
            Message("A topic is broad: two contacts about it may be two matters; ordinary contacts are of that kind."),
            Message("A hand-over is seen by what follows, not by what was agreed."),
        ),
        estimates=tuple(_estimates(found)),
    )


def _title(answer: Answer, found: MatterRows) -> Message:
    again, ordinary, excess = (find(found.rows, channel=ALL, measure=m) for m in (AGAIN, ORDINARY, EXCESS))
    if again is None or ordinary is None or excess is None:
        return Message("How often matters come back cannot be told")
    values = {"a": again.value, "b": ordinary.value, "days": answer.facts["days"]}
    if excess.low > 0:
        return Message(
            "Matters come back: {a:tenths} further contacts per 100 within {days:number} days, {b:tenths} would be "
            "ordinary",
            values,
        )
    return Message(
        "Matters do not come back more than ordinary: {a:tenths} further contacts per 100 within {days:number} days, "
        "{b:tenths} long after",
        values,
    )


def _sentences(answer: Answer, found: MatterRows) -> tuple[Message, ...]:
    said = []
    days = answer.facts["days"]
    settled = find(found.rows, channel=ALL, measure=SETTLED_AGAIN)
    if settled is not None:
        said.append(
            Message(
                "{s:percent} of the contacts recorded as settled were followed within {days:number} days by another "
                "channel about the same topic.",
                {"s": settled.value, "days": days},
            )
        )
    handed = find(found.rows, channel=ALL, measure=HANDED)
    if handed is not None:
        said.append(
            Message(
                "After {h:percent} of the digital contacts the next one about the topic was with a person.",
                {"h": handed.value},
            )
        )
    same, other = (find(found.rows, channel=c, measure="spread") for c in (SAME_CHANNEL, OTHER_CHANNEL))
    if same is not None and other is not None:
        values = {"x": other.value, "y": same.value}
        said.append(
            Message(
                "Marks of two contacts about the same topic lie {x:number} points apart in two channels and {y:number} "
                "in one: clients do not meet the same standard everywhere.",
                values,
            )
            if other.low > same.high
            else Message(
                "Marks of two contacts about the same topic lie {x:number} points apart in two channels and {y:number} "
                "in one; the difference is not told from chance.",
                values,
            )
        )
    return tuple(said)


def _names(found: MatterRows) -> list[str]:
    return [
        c for c in dict.fromkeys(str(c) for c in found.rows["channel"]) if c not in ("", SAME_CHANNEL, OTHER_CHANNEL)
    ]


def _figure(found: MatterRows, title: Message, bank: Bank) -> Figure | None:
    names = _names(found)
    moves = found.moves
    if moves.empty or len(names) < 2:
        return None
    values: list[list[float | None]] = []
    for channel in names:
        own = moves[moves["channel"] == channel].set_index("to")["pairs"]
        whole = float(own.sum())
        told = [own.get(to) for to in names]
        values.append([None if v is None or pd.isna(v) or not whole else float(v) / whole for v in told])
    labels = [channel_label(c, bank) for c in names]
    data = {"rows": labels, "columns": labels, "values": values, "kind": "share"}
    return Figure(
        "heat",
        data,
        Message("By which channel the next contact about the same topic comes. {title}.", {"title": title}),
    )


def _table(answer: Answer, found: MatterRows, bank: Bank) -> Table:
    rows = []
    for channel in (ALL, *_names(found)):
        row: dict[str, Any] = {"channel": channel_label(channel, bank) if channel else Message("all channels")}
        for measure in _MEASURES:
            kind = "tenths" if measure in (AGAIN, ORDINARY, EXCESS) else "percent"
            row[measure] = cell_of(found.rows, kind, channel=channel, measure=measure)
        rows.append(row)
    columns = (
        Column("channel", Message("First contact")),
        Column(AGAIN, Message("Further contacts per 100")),
        Column(ORDINARY, Message("Ordinary")),
        Column(EXCESS, Message("More than ordinary")),
        Column(SETTLED_AGAIN, Message("Settled, and again elsewhere")),
        Column(HANDED, Message("Next one with a person")),
    )
    values = {"days": answer.facts["days"]}
    return Table(columns, tuple(rows), Message("The same client and topic within {days:number} days", values))


def _basis(answer: Answer, found: MatterRows, bank: Bank) -> tuple[Message, ...]:
    again = find(found.rows, channel=ALL, measure=AGAIN)
    lines = []
    if again is not None:
        values = {"n": again.n_events, "clients": again.n, "years": answer.facts["years"]}
        lines.append(Message("{n:count} contacts of {clients:count} clients in {years:number} years.", values))
    days = answer.facts["days"]
    lines.append(
        Message(
            "Ordinary: what the same client brings about the same topic from day {first:number} to day {last:number} "
            "after the contact. Intervals by client.",
            {"first": 2 * days + 1, "last": 3 * days},
        )
    )
    lines.append(Message("Figure: the first contact in the rows, the next one in the columns; shares of each row."))
    names = [channel_label(c, bank) for c in answer.facts["digital"] if c in _names(found)]
    if names:
        lines.append(Message("Digital: {names}.", {"names": names}))
    return dated(bank, *lines)


def _estimates(found: MatterRows) -> list[dict[str, Any]]:
    lines = []
    for row in found.rows.to_dict("records"):
        group = {"channel": str(row["channel"])} if row["channel"] else {}
        lines.append(finding_row(f"matters_{row['measure']}", row, group=group))
    for row in found.moves.to_dict("records"):
        group = {"channel": str(row["channel"]), "to": str(row["to"])}
        lines.append(count_row("moves", row["pairs"], unit="contacts", group=group))
    return lines
