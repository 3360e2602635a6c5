"""How long clients wait for an answer, as curves, and how the bank's own messages arrive and are read."""

from typing import Any

from insights.data.snapshot import Bank
from insights.models.channels.answers import ANSWERED, DELAY, DELAY_LONG, UNREAD
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.channels.words import channel_label, duration_cell
from insights.reports.exhibits.rows import dated, needed
from insights.reports.exhibits.told import cell_of, find, finding_row
from insights.stats.results import Estimate
from insights.topics.channels.answers import AnswerRows
from insights.topics.evidence import Answer

HOUR = 60
_SHOWN = (5, 15, 60, 240, 480, 1440)
_AFTER = {
    5: Message("5 minutes"),
    15: Message("15 minutes"),
    60: Message("1 hour"),
    240: Message("4 hours"),
    480: Message("8 hours"),
    1440: Message("1 day"),
}


def answers(answer: Answer, found: AnswerRows, bank: Bank) -> Exhibit:
    """Say how many still wait after an hour, in which channel, and how many messages are not read."""
    title = _title(found, bank)
    missing = answer.facts["missing"]
    tables = (_waiting(found, bank), _messages(answer, found, bank))
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(answer, found, bank),
        figure=_figure(found, title, bank),
        tables=tuple(t for t in tables if t.rows),
        basis=_basis(answer, bank),
        caveats=(
            Message(
                "A wait that is not over counts as longer than it has lasted so far: leaving it out would make slow "
                "channels look fast."
            ),
        ),
        refusals=(Message("Messages of the bank: {why}", {"why": needed(missing)}),) if missing else (),
        estimates=tuple(_estimates(found)),
    )


def _channels(found: AnswerRows) -> list[str]:
    """Return the channels, those in which most still wait after an hour first."""
    names = list(dict.fromkeys(str(c) for c in found.curves["channel"]))
    after = {c: find(found.curves, channel=c, minutes=HOUR) for c in names}
    return sorted(names, key=lambda c: (-(e.value if (e := after[c]) is not None else -1.0), c))


def _title(found: AnswerRows, bank: Bank) -> Message:
    told = [(c, e) for c in _channels(found) if (e := find(found.curves, channel=c, minutes=HOUR)) is not None]
    if not told:
        return Message("How long clients wait for an answer cannot be told")
    values: dict[str, Any] = {"channel": channel_label(told[0][0], bank), "share": told[0][1].value}
    if len(told) == 1:
        return Message("An hour after they asked {share:percent} still wait for an answer ({channel})", values)
    values["other"] = told[1][1].value
    return Message(
        "An hour after they asked {share:percent} still wait for an answer ({channel}); in every other channel at most "
        "{other:percent}",
        values,
    )


def _sentences(answer: Answer, found: AnswerRows, bank: Bank) -> tuple[Message, ...]:
    said = []
    slow = _channels(found)[0]
    later, day = (find(found.curves, channel=slow, minutes=m) for m in (4 * HOUR, 24 * HOUR))
    if later is not None and day is not None:
        values = {"channel": channel_label(slow, bank), "x": later.value, "y": day.value}
        said.append(Message("{channel}: after four hours {x:percent} still wait, after a day {y:percent}.", values))
    unread = [(str(c), e) for c in dict.fromkeys(found.messages["channel"]) if (e := _message(found, c)) is not None]
    if unread:
        channel, worst = max(unread, key=lambda t: t[1].value)
        values = {"channel": channel_label(channel, bank), "u": worst.value, "days": answer.facts["days"]}
        said.append(
            Message(
                "Of the bank's own messages, most stay unread in: {channel}, {u:percent} {days:number} days after they "
                "arrived.",
                values,
            )
        )
    return tuple(said)


def _message(found: AnswerRows, channel: str) -> Estimate | None:
    return find(found.messages, channel=channel, measure=UNREAD)


def _figure(found: AnswerRows, title: Message, bank: Bank) -> Figure | None:
    series = []
    for channel in _channels(found):
        own = found.curves[(found.curves["channel"] == channel) & found.curves["value"].notna()]
        if own.empty:
            continue
        times = [0.0, *(float(m) / HOUR for m in own["minutes"])]
        curve: dict[str, Any] = {"label": channel_label(channel, bank), "times": times}
        for name in ("value", "low", "high"):
            curve["values" if name == "value" else name] = [1.0, *(float(v) for v in own[name])]
        series.append(curve)
    if not series:
        return None
    data = {"panels": [{"series": series}], "x_label": Message("Hours since the client asked"), "y_max": 1.0}
    data |= {"y_label": Message("Share still waiting for an answer"), "y_kind": "percent"}
    alt = Message("Share of clients still waiting, by hours since they asked and channel. {title}.", {"title": title})
    return Figure("curves", data, alt)


def _waiting(found: AnswerRows, bank: Bank) -> Table:
    rows = []
    for channel in _channels(found):
        row: dict[str, Any] = {"channel": channel_label(channel, bank)}
        row |= {f"m{m}": cell_of(found.curves, "percent", channel=channel, minutes=m) for m in _SHOWN}
        rows.append(row)
    columns = (Column("channel", Message("Channel")), *(Column(f"m{m}", _AFTER[m]) for m in _SHOWN))
    return Table(columns, tuple(rows), Message("Share still waiting so long after they asked (95% intervals)"))


def _messages(answer: Answer, found: AnswerRows, bank: Bank) -> Table:
    rows = []
    for channel in dict.fromkeys(str(c) for c in found.messages["channel"]):
        row: dict[str, Any] = {"channel": channel_label(channel, bank)}
        for measure in (DELAY, DELAY_LONG):
            row[measure] = duration_cell(find(found.messages, channel=channel, measure=measure))
        for measure in (UNREAD, ANSWERED):
            row[measure] = cell_of(found.messages, "percent", channel=channel, measure=measure)
        rows.append(row)
    columns = (
        Column("channel", Message("Channel")),
        Column(DELAY, Message("Half delivered within")),
        Column(DELAY_LONG, Message("Nine in ten delivered within")),
        Column(UNREAD, Message("Not opened in a week")),
        Column(ANSWERED, Message("Question about satisfaction answered")),
    )
    return Table(columns, tuple(rows), Message("The bank's own messages (95% intervals)"))


def _basis(answer: Answer, bank: Bank) -> tuple[Message, ...]:
    return dated(
        bank,
        Message("Contacts that clients began in the last {months:months}.", {"months": answer.facts["months"]}),
        Message(
            "Shares by Kaplan-Meier: who still waits counts with the time until the as-of date. Intervals by client."
        ),
    )


def _estimates(found: AnswerRows) -> list[dict[str, Any]]:
    lines = []
    for row in found.curves.to_dict("records"):
        group = {"channel": str(row["channel"]), "minutes": str(row["minutes"])}
        lines.append(finding_row("still_waiting", row, group=group))
    for row in found.messages.to_dict("records"):
        lines.append(finding_row(f"messages_{row['measure']}", row, group={"channel": str(row["channel"])}))
    return lines
