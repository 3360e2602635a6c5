"""Which ways contacts about one matter take, what they end in and cost, and where it hurts most."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.channels.paths import (
    ALL,
    AT_ONCE,
    COMPLAINED,
    COST,
    ENDED_WELL,
    EXTRA,
    MORE,
    ORDINARY,
    PAIN,
    SEPARATOR,
    UNHAPPY,
)
from insights.models.value.margins import MARGIN
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.channels.words import channel_label
from insights.reports.exhibits.rows import count_row, dated, number
from insights.reports.exhibits.told import cell_of, find, finding_row
from insights.reports.wording.labels import code_label
from insights.topics.channels.paths import PathRows
from insights.topics.evidence import Answer

_KINDS = {ENDED_WELL: "percent", COST: "money", EXTRA: "money", COMPLAINED: "percent", ORDINARY: "percent"}


def paths(answer: Answer, found: PathRows, bank: Bank) -> Exhibit:
    """Say where it hurts most, which loop costs most, and how many matters one contact settles."""
    title = _title(answer, found, bank)
    tables = (_pains(answer, found, bank), _ways(found, bank))
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(answer, found, bank),
        figure=_figure(answer, found, title, bank),
        tables=tuple(t for t in tables if t.rows),
        basis=_basis(answer, found, bank),
        caveats=(
            Message("A topic is broad: contacts about it within the days may be two matters, and no loop."),
            Message(
                "That a matter ended badly does not mean that it did so because of the channel: matters differ, and so "
                "do those who bring them."
            ),
        ),
        estimates=tuple(_estimates(found)),
    )


def _worst(found: PathRows) -> list[tuple[str, str]]:
    """Return topics and channels, the greatest pain that can be told first."""
    rows = found.pains[(found.pains["measure"] == PAIN) & found.pains["value"].notna()]
    rows = rows.sort_values(["value", "topic", "channel"], ascending=[False, True, True])
    return [(str(t), str(c)) for t, c in zip(rows["topic"], rows["channel"], strict=True)]


def _point(topic: str, channel: str, bank: Bank) -> Message:
    values = {"topic": code_label("topic", topic, bank.settings.labels), "channel": channel_label(channel, bank)}
    return Message("{topic} ({channel})", values)


def _title(answer: Answer, found: PathRows, bank: Bank) -> Message:
    worst = _worst(found)
    if not worst:
        return Message("Where it hurts clients most cannot be told")
    topic, channel = worst[0]
    pain = find(found.pains, topic=topic, channel=channel, measure=PAIN)
    unhappy = find(found.pains, topic=topic, channel=channel, measure=UNHAPPY)
    values: dict[str, Any] = {"point": _point(topic, channel, bank)}
    if unhappy is None or pain is None:
        return Message("Where it hurts most: {point}", values)
    values["share"] = unhappy.value
    if len(worst) > 1:
        second = find(found.pains, topic=worst[1][0], channel=worst[1][1], measure=PAIN)
        if second is not None and pain.low <= second.high:
            values["next"] = _point(*worst[1], bank)
            return Message(
                "Where it hurts most: {point}, {share:percent} of matters end badly; not told apart from {next}", values
            )
    return Message("Where it hurts most: {point}, {share:percent} of matters end badly", values)


def _sentences(answer: Answer, found: PathRows, bank: Bank) -> tuple[Message, ...]:
    said = []
    once = find(found.steps, path=ALL, measure=AT_ONCE)
    if once is not None:
        said.append(Message("{s:percent} of matters took one contact and ended well.", {"s": once.value}))
    extra = find(found.steps, path=ALL, measure=EXTRA)
    if extra is not None:
        values: dict[str, Any] = {"money": extra.value, "years": answer.facts["years"]}
        loops = _loops(found)
        if loops:
            most = find(found.steps, path=loops[0], measure=EXTRA)
            values |= {"path": _way(loops[0], bank), "x": None if most is None else most.value}
            said.append(
                Message(
                    "Contacts after the first cost {money:money} in {years:number} years, most of it by this way: "
                    "{path}, {x:money}.",
                    values,
                )
            )
        else:
            said.append(Message("Contacts after the first cost {money:money} in {years:number} years.", values))
    complained, ordinary = (find(found.steps, path=ALL, measure=m) for m in (COMPLAINED, ORDINARY))
    if complained is not None and ordinary is not None:
        values = {"x": complained.value, "y": ordinary.value}
        apart = complained.low > ordinary.high
        said.append(
            Message("{x:percent} of matters came with a complaint; {y:percent} would be ordinary.", values)
            if apart
            else Message(
                "{x:percent} of matters came with a complaint, no more than the same clients file at other times "
                "({y:percent}).",
                values,
            )
        )
    return tuple(said)


def _loops(found: PathRows) -> list[str]:
    rows = found.steps[(found.steps["measure"] == EXTRA) & (found.steps["path"] != ALL)]
    rows = rows[rows["value"].notna()].sort_values(["value", "path"], ascending=[False, True])
    return [str(p) for p in rows["path"]]


def _way(path: str, bank: Bank) -> Message:
    parts = path.split(SEPARATOR)
    labels = [channel_label(p, bank) for p in parts if p != MORE]
    values = {f"c{k}": label for k, label in enumerate(labels)}
    if MORE in parts:
        return Message("{c0} → {c1} → {c2} → …", values)
    if len(labels) == 1:
        return Message("{c0}", values)
    return Message("{c0} → {c1}", values) if len(labels) == 2 else Message("{c0} → {c1} → {c2}", values)


def _figure(answer: Answer, found: PathRows, title: Message, bank: Bank) -> Figure | None:
    bars = []
    for topic, channel in _worst(found)[:8]:
        pain = find(found.pains, topic=topic, channel=channel, measure=PAIN)
        if pain is not None:
            bars.append({"label": _point(topic, channel, bank), "value": pain.value})
            bars[-1] |= {"low": max(pain.low, 0.0), "high": pain.high}
    if not bars:
        return None
    kind = "money" if answer.facts["basis"] else "count"
    data = {"bars": bars, "kind": kind, "in_order": True, "x_label": _measure(answer)}
    return Figure("bars", data, Message("Pain points by weight, with intervals. {title}.", {"title": title}))


def _measure(answer: Answer) -> Message:
    """Say what the weight of a pain point is."""
    if answer.facts["basis"] == MARGIN:
        return Message("Matters that ended badly × a year's margin of their clients")
    if answer.facts["basis"]:
        return Message("Matters that ended badly × assets of their clients")
    return Message("Matters that ended badly")


def _pains(answer: Answer, found: PathRows, bank: Bank) -> Table:
    rows = []
    kind = "money" if answer.facts["basis"] else "count"
    for topic, channel in _worst(found):
        row: dict[str, Any] = {"point": _point(topic, channel, bank)}
        own = found.hits[(found.hits["topic"] == topic) & (found.hits["channel"] == channel)]
        row["matters"] = None if own.empty else number(own["matters"].iloc[0])
        row[UNHAPPY] = cell_of(found.pains, "percent", topic=topic, channel=channel, measure=UNHAPPY)
        row[PAIN] = cell_of(found.pains, kind, topic=topic, channel=channel, measure=PAIN)
        rows.append(row)
    columns = (
        Column("point", Message("Topic (first channel)")),
        Column("matters", Message("Matters"), "count"),
        Column(UNHAPPY, Message("Ended badly")),
        Column(PAIN, _measure(answer)),
    )
    return Table(columns, tuple(rows), Message("Pain points, the heaviest first (95% intervals)"))


def _ways(found: PathRows, bank: Bank) -> Table:
    rows = []
    for path in _loops(found):
        row: dict[str, Any] = {"path": _way(path, bank)}
        own = found.volume.loc[found.volume["path"] == path, "matters"]
        row["matters"] = None if own.empty else number(own.iloc[0])
        row |= {m: cell_of(found.steps, kind, path=path, measure=m) for m, kind in _KINDS.items()}
        rows.append(row)
    columns = (
        Column("path", Message("Way")),
        Column("matters", Message("Matters"), "count"),
        Column(ENDED_WELL, Message("Ended well")),
        Column(COST, Message("Cost of a matter")),
        Column(EXTRA, Message("Cost of all contacts after the first")),
        Column(COMPLAINED, Message("With a complaint")),
        Column(ORDINARY, Message("Ordinary share with a complaint")),
    )
    return Table(columns, tuple(rows), Message("The loops whose further contacts cost most (95% intervals)"))


def _basis(answer: Answer, found: PathRows, bank: Bank) -> tuple[Message, ...]:
    days = answer.facts["days"]
    lines = []
    cost = find(found.steps, path=ALL, measure=COST)
    if cost is not None:
        values = {"n": cost.n_events, "clients": cost.n, "years": answer.facts["years"]}
        lines.append(Message("{n:count} matters of {clients:count} clients in {years:number} years.", values))
    lines.append(
        Message(
            "A matter: contacts of one client about one topic with at most {days:number} days between two of them. It "
            "ended badly if its last contact did not settle it, or the client's mark for that was {mark:number} or "
            "less. Intervals by client.",
            {"days": days, "mark": answer.facts["mark"]},
        )
    )
    lines.append(
        Message(
            "Complaints are counted from the first contact to {days:number} days after the last; ordinary: in as many "
            "days of the same client, from {later:number} days after that on.",
            {"days": days, "later": days * answer.facts["later"]},
        )
    )
    return dated(bank, *lines)


def _estimates(found: PathRows) -> list[dict[str, Any]]:
    lines = []
    for row in found.steps.to_dict("records"):
        lines.append(finding_row(f"path_{row['measure']}", row, group=_group(row, "path")))
    for row in found.pains.to_dict("records"):
        lines.append(finding_row(f"path_{row['measure']}", row, group=_group(row, "topic", "channel")))
    for frame, dims in ((found.volume, ("path",)), (found.hits, ("topic", "channel"))):
        for row in frame.to_dict("records"):
            lines.append(count_row("matters", row["matters"], unit="matters", group=_group(row, *dims)))
    return lines


def _group(row: dict[Any, Any], *dims: str) -> dict[str, str]:
    return {d: str(row[d]) for d in dims if not pd.isna(row[d]) and str(row[d])}
