"""Which channels changed beyond chance, since when, and in which direction."""

from typing import Any

from insights.data.snapshot import Bank
from insights.models.channels.trends import SETTLED, WAIT
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.channels.words import channel_label
from insights.reports.exhibits.rows import dated
from insights.reports.exhibits.told import find, finding_row
from insights.topics.channels.trends import NOW, USUAL, TrendRows
from insights.topics.evidence import Answer

_MEASURES = {WAIT: Message("waiting time, minutes"), SETTLED: Message("share settled at once")}
_TURNS = {
    (WAIT, "up"): Message("longer waiting ({channel}, since {month:month})"),
    (WAIT, "down"): Message("shorter waiting ({channel}, since {month:month})"),
    (SETTLED, "up"): Message("more settled at once ({channel}, since {month:month})"),
    (SETTLED, "down"): Message("less settled at once ({channel}, since {month:month})"),
}
_KINDS = {WAIT: "tenths", SETTLED: "percent"}
FEW = 3


def trends(answer: Answer, found: TrendRows, bank: Bank) -> Exhibit:
    """Say which channels wait longer or settle less than they used to, beyond chance."""
    title = _title(found, bank)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(answer, found, bank),
        figure=_figure(found, title, bank),
        tables=(_table(found, bank),),
        basis=_basis(answer, bank),
        caveats=(
            Message("A change beyond chance has a cause, but the chart does not say which."),
            Message(
                "Limits are set as if months were independent; a season that comes back every year can give an alarm."
            ),
            Message("Waits that are not over yet are not in the monthly means; the curves above count them."),
        ),
        estimates=tuple(_estimates(found)),
    )


def _now(found: TrendRows) -> list[dict[str, Any]]:
    rows = found.rows[(found.rows["when"] == NOW) & found.rows["value"].notna()]
    return [{str(k): v for k, v in row.items()} for row in rows.to_dict("records")]


def _turn(row: dict[str, Any], bank: Bank) -> Message:
    said = _TURNS[row["measure"], row["direction"]]
    return Message(said.id, {"channel": channel_label(str(row["channel"]), bank), "month": row["since"]})


def _title(found: TrendRows, bank: Bank) -> Message:
    lasting = [r for r in _now(found) if r["since"] and not r["until"]]
    if not lasting:
        return Message("No channel's waiting times or shares settled at once lie beyond their limits today")
    lasting.sort(key=lambda r: (str(r["since"]), str(r["channel"])), reverse=True)
    names = [_turn(row, bank) for row in lasting[:FEW]]
    if len(lasting) > FEW:
        values = {"n": float(len(lasting)), "names": names}
        return Message("{n:number} changes beyond chance last to this day; the latest: {names}", values)
    return Message("Changed beyond chance: {names}", {"names": names})


def _sentences(answer: Answer, found: TrendRows, bank: Bank) -> tuple[Message, ...]:
    over = [r for r in _now(found) if r["since"] and r["until"]]
    said = []
    if over:
        names = [_turn(row, bank) for row in over]
        said.append(Message("Over by now, the latest of each: {names}.", {"names": names}))
    values = {"k": float(answer.facts["charts"]), "every": round(answer.facts["every"])}
    values["delay"] = float(answer.facts["delay"])
    said.append(
        Message(
            "All {k:number} charts together give at most one false alarm in {every:months}; a change of one standard "
            "deviation of a month is found after {delay:tenths} months on average.",
            values,
        )
    )
    return tuple(said)


def _names(found: TrendRows) -> list[str]:
    return list(dict.fromkeys(str(c) for c in found.rows["channel"]))


def _figure(found: TrendRows, title: Message, bank: Bank) -> Figure | None:
    panels = []
    waits = found.rows[(found.rows["measure"] == WAIT) & ~found.rows["when"].isin((USUAL, NOW))]
    for channel in _names(found):
        own = waits[(waits["channel"] == channel) & waits["value"].notna()]
        if own.empty or not own["high"].max() > 1:
            continue
        series: dict[str, Any] = {"label": Message("waiting time and limits"), "dates": [str(w) for w in own["when"]]}
        series |= {"values": [float(v) for v in own["value"]]}
        series |= {side: [float(v) for v in own[side]] for side in ("low", "high")}
        name = Message("{channel}: minutes until answered", {"channel": channel_label(channel, bank)})
        panels.append({"title": name, "series": [series], "y_kind": "number"})
    if not panels:
        return None
    alt = Message("Waiting time by month (line) and control limits (shaded), by channel. {title}.", {"title": title})
    return Figure("lines", {"panels": panels}, alt)


def _table(found: TrendRows, bank: Bank) -> Table:
    rows = []
    told = {(str(r["channel"]), str(r["measure"])): r for r in _now(found)}
    for channel in _names(found):
        for measure, label in _MEASURES.items():
            whole = found.rows[(found.rows["channel"] == channel) & (found.rows["measure"] == measure)]
            if whole.empty:
                continue
            row: dict[str, Any] = {"channel": channel_label(channel, bank), "what": label}
            for when in (USUAL, NOW):
                one = find(found.rows, channel=channel, measure=measure, when=when)
                row[when] = None if one is None else Message(f"{{v:{_KINDS[measure]}}}", {"v": one.value})
            row["turn"] = _status(told.get((channel, measure)))
            rows.append(row)
    columns = (
        Column("channel", Message("Channel")),
        Column("what", Message("Measure")),
        Column(USUAL, Message("First year")),
        Column(NOW, Message("Lately")),
        Column("turn", Message("Beyond its limits")),
    )
    return Table(columns, tuple(rows), Message("What is usual and what is now (weighted means of months)"))


def _status(row: dict[str, Any] | None) -> Message | None:
    if row is None:
        return None
    if not row["since"]:
        return Message("never")
    if not row["until"]:
        return Message("since {month:month}", {"month": row["since"]})
    return Message("{a:month} to {b:month}", {"a": row["since"], "b": row["until"]})


def _basis(answer: Answer, bank: Bank) -> tuple[Message, ...]:
    return dated(
        bank,
        Message(
            "Waiting times are geometric means of the contacts that clients began and that were answered. The first "
            "{n:months} show what is usual; each later month adds to an exponentially weighted mean (EWMA).",
            {"n": answer.facts["baseline"]},
        ),
        Message(
            "Figure: the weighted mean and, shaded, the limits within which it moves by chance; only channels in which "
            "clients wait a minute or longer."
        ),
    )


def _estimates(found: TrendRows) -> list[dict[str, Any]]:
    lines = []
    for row in found.rows.to_dict("records"):
        group = {name: str(row[name]) for name in ("channel", "measure", "when", "since", "until", "direction")}
        lines.append(finding_row("level", row, group={k: v for k, v in group.items() if v}))
    return lines
