"""Which channel clients prefer and at what time, and how well that tells their next contact."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.channels.words import channel_label
from insights.reports.exhibits.rows import count_row, dated, number
from insights.reports.exhibits.told import cell_of, find, finding_row
from insights.topics.channels.preference import COMMON, GAIN, OWN, REST, TOLD, PreferenceRows
from insights.topics.evidence import Answer

_WHAT = {"channel": Message("Channel"), "time": Message("Time of day")}
_TIMES = {
    "morning": Message("morning (before {b:number}:00)"),
    "midday": Message("midday ({a:number}:00 to {b:number}:00)"),
    "afternoon": Message("afternoon ({a:number}:00 to {b:number}:00)"),
    "evening": Message("evening (from {a:number}:00)"),
}


def preference(answer: Answer, found: PreferenceRows, bank: Bank) -> Exhibit:
    """Say how often a client's own habit tells by which channel, and when, he will be in touch next."""
    title = _title(found)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(found),
        figure=_figure(answer, found, title, bank),
        tables=tuple(t for t in (_trials(found), _clients(answer, found, bank)) if t.rows),
        basis=dated(
            bank,
            Message(
                "Contacts that clients began in {months:months}; a client with few of them is drawn towards what "
                "all do "
                "(Dirichlet-multinomial). Tried on the first contact of each client in the last {trial:months}, "
                "from what "
                "was known before.",
                {"months": answer.facts["months"], "trial": answer.facts["trial"]},
            ),
        ),
        caveats=(
            Message(
                "Where a client turns of his own accord need not be where he answers best when the bank turns to him."
            ),
        ),
        estimates=tuple(_estimates(found)),
    )


def _title(found: PreferenceRows) -> Message:
    own, common, gain = (find(found.trials, what="channel", measure=m) for m in (OWN, COMMON, GAIN))
    if own is None or common is None or gain is None:
        return Message("How well a client's habit tells his next channel cannot be told")
    values = {"x": own.value, "y": common.value}
    if gain.low > 0:
        return Message(
            "A client's own habit tells the channel of his next contact in {x:percent} of cases, the most used channel "
            "in {y:percent}",
            values,
        )
    return Message(
        "A client's own habit tells the channel of his next contact no better than the most used one: {x:percent} and "
        "{y:percent}",
        values,
    )


def _sentences(found: PreferenceRows) -> tuple[Message, ...]:
    own, common, gain = (find(found.trials, what="time", measure=m) for m in (OWN, COMMON, GAIN))
    if own is None or common is None or gain is None:
        return ()
    values = {"x": own.value, "y": common.value}
    if gain.low > 0:
        return (
            Message("Time of day: his habit is right in {x:percent} of cases, the usual time in {y:percent}.", values),
        )
    return (
        Message(
            "Time of day: his habit ({x:percent} right) tells no more than the usual time ({y:percent}): nobody "
            "needs to "
            "be called at a time of his own.",
            values,
        ),
    )


def _label(answer: Answer, what: str, name: str, bank: Bank) -> Message | str:
    if name == REST:
        return Message("all others")
    if what == "channel":
        return channel_label(name, bank)
    begins, ends = answer.facts["times"][name]
    return Message(_TIMES[name].id, {"a": begins, "b": ends})


def _figure(answer: Answer, found: PreferenceRows, title: Message, bank: Bank) -> Figure | None:
    own = found.clients[(found.clients["what"] == "channel") & found.clients["clients"].notna()]
    bars = [
        {"label": _label(answer, "channel", str(r["name"]), bank), "value": float(r["clients"])}
        for r in own.to_dict("records")
    ]
    if len(bars) < 2:  # nothing to compare
        return None
    data = {"bars": bars, "kind": "count", "x_label": Message("Clients who prefer it")}
    return Figure("bars", data, Message("Clients by the channel they prefer. {title}.", {"title": title}))


def _trials(found: PreferenceRows) -> Table:
    rows = []
    for what, label in _WHAT.items():
        if (found.trials["what"] == what).any():
            row: dict[str, Any] = {"what": label}
            row |= {m: cell_of(found.trials, "percent", what=what, measure=m) for m in (OWN, COMMON, TOLD)}
            row[GAIN] = cell_of(found.trials, "points", what=what, measure=GAIN)
            rows.append(row)
    columns = (
        Column("what", Message("What")),
        Column(OWN, Message("His habit is right")),
        Column(TOLD, Message("… as often as it said")),
        Column(COMMON, Message("The most common is right")),
        Column(GAIN, Message("Difference")),
    )
    return Table(columns, tuple(rows), Message("The next contact, as foretold (95% intervals)"))


def _clients(answer: Answer, found: PreferenceRows, bank: Bank) -> Table:
    rows = []
    for what, label in _WHAT.items():
        own = found.clients[found.clients["what"] == what]
        rows += [
            {"what": label, "name": _label(answer, what, str(n), bank), "clients": number(k)}
            for n, k in zip(own["name"], own["clients"], strict=True)
        ]
    columns = (
        Column("what", Message("What")),
        Column("name", Message("Preferred")),
        Column("clients", Message("Clients"), "count"),
    )
    return Table(columns, tuple(rows), Message("What clients prefer today"))


def _estimates(found: PreferenceRows) -> list[dict[str, Any]]:
    lines = [
        finding_row(f"preference_{r['measure']}", r, group={"what": str(r["what"])})
        for r in found.trials.to_dict("records")
    ]
    for r in found.clients.to_dict("records"):
        clients = None if pd.isna(r["clients"]) else float(r["clients"])
        lines.append(count_row("prefer", clients, unit="clients", group={str(r["what"]): str(r["name"])}))
    return lines
