"""Outbreaks of complaints and bad mentions, dated, with how often the chart errs and how soon it finds a rise."""

import math
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.risk.words import SERIES, topic_label, why_not
from insights.reports.exhibits.rows import count_row, dated, needed, number
from insights.topics.evidence import Answer
from insights.topics.risk.reputation import SUM, Reputation

UNLIKELY = 0.05


def reputation(answer: Answer, found: Reputation, bank: Bank) -> Exhibit:
    """Say which rises the charts found, when they began and ended."""
    title = _title(found)
    facts = answer.facts
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=(*_rising(found, bank), *_beside(found), *design_sentences(facts)),
        figure=_figure(found, title),
        tables=(
            *((_table(found),) if len(found.outbreaks) + len(found.mean_only) else ()),
            *_topics(found, bank),
        ),
        basis=dated(
            bank,
            Message("Whole weeks up to the as-of date; what is normal is learned from the first year on record."),
            Message(
                "Cumulative sums (Page 1954) of normal scores of the counts (Dunn & Smyth 1996), per client in force "
                "for complaints; a rise ends once four weeks pass without an alarm."
            ),
            *_mean_basis(facts),
        ),
        caveats=(
            Message(
                "By design some alarms are false: a rise of small size that lasted a week or two may be chance. What "
                "only the weighted mean found is in the table and in no title: both charts together err up to twice as "
                "often."
            ),
            Message(
                "What is usual is learnt from the first year on record: if that year was quieter or busier than normal "
                "by chance, false alarms come up to three times as often or as seldom as stated."
            ),
            Message("A chart tells that something rose, not why; read the complaints and mentions of those weeks."),
            *_topic_caveats(found),
        ),
        refusals=reputation_refusals(facts),
        estimates=tuple(reputation_estimates(found)),
    )


def _beside(found: Reputation) -> tuple[Message, ...]:
    """Say how far the two charts agree."""
    if found.outbreaks.empty:
        return ()
    both = float((found.outbreaks["mean_alarm"] != "").sum())
    values = {"n": float(len(found.outbreaks)), "both": both, "only": float(len(found.mean_only))}
    return (
        Message(
            "Of {n:count} rises that the sums found, the weighted means found {both:count} too, and {only:count} that "
            "the sums did not find.",
            values,
        ),
    )


def _mean_basis(facts: dict[str, Any]) -> tuple[Message, ...]:
    return tuple(
        Message(
            "Beside the sum of {series} stands an exponentially weighted mean (Roberts 1959; the newest week weighs a "
            "fifth) with the same interval of false alarms; it finds such a rise in {delay:tenths} weeks.",
            {"series": SERIES[name], "delay": d["mean_delay"]},
        )
        for name, d in facts.get("designs", {}).items()
    )


def reputation_refusals(facts: dict[str, Any]) -> tuple[Message, ...]:
    """Say of which series no chart could be drawn, and why."""
    told = [(s, needed(names)) for s, names in facts["missing"].items()]
    told += [(s, why_not(reason)) for s, reason in facts["refused"].items()]
    return tuple(Message("{what}: {why}", {"what": SERIES[s], "why": why}) for s, why in told)


def design_sentences(facts: dict[str, Any]) -> tuple[Message, ...]:
    """Say how often each chart errs and how soon it finds a rise."""
    return tuple(
        Message(
            "The chart of {series} gives one false alarm in {every:months} on average, and finds a rise to "
            "{rise:number} times the usual in {delay:tenths} weeks, in 95 of 100 cases within {most:count}.",
            {
                "series": SERIES[name],
                "every": d["every"],
                "rise": facts["rise"],
                "delay": d["delay"],
                "most": d["most"],
            },
        )
        for name, d in facts.get("designs", {}).items()
    )


def largest(found: Reputation) -> dict[str, Any] | None:
    """Return the outbreak that rose most; None without one."""
    if found.outbreaks.empty:
        return None
    order = found.outbreaks.sort_values(["value", "began"], ascending=[False, True])
    return {str(k): v for k, v in order.iloc[0].to_dict().items()}


def outbreak_message(row: dict[str, Any]) -> Message:
    """Return one outbreak as a line."""
    values = {"series": SERIES[row["series"]], "began": row["began"], "last": row["last"], "x": float(row["value"])}
    if row["going_on"] == "yes":
        return Message("{series}: {x:tenths} times the usual since the week to {began:date}", values)
    return Message("{series}: {x:tenths} times the usual from the week to {began:date} to that to {last:date}", values)


def _title(found: Reputation) -> Message:
    top = largest(found)
    if top is None:
        return Message("No rise of complaints or bad mentions beyond chance")
    going = found.outbreaks[found.outbreaks["going_on"] == "yes"]
    if len(going):
        last = {str(k): v for k, v in going.iloc[-1].items()}
        return Message("Still going on: {what}", {"what": outbreak_message(last)})
    return Message("Nothing is going on now; the largest outbreak: {what}", {"what": outbreak_message(top)})


def _rising(found: Reputation, bank: Bank) -> tuple[Message, ...]:
    """Say which topics of complaints rose beyond chance."""
    if found.topics is None:
        return ()
    rows = found.topics[(found.topics["p"] < UNLIKELY) & (found.topics["value"] > 1)]
    names = [
        Message("{topic} ({x:tenths} times)", {"topic": topic_label(str(r["topic"]), bank), "x": r["value"]})
        for r in rows.sort_values("value", ascending=False).to_dict("records")
    ]
    if not names:
        return (Message("No topic of complaints rose beyond chance in the last twelve months."),)
    return (
        Message("Topics of complaints that rose beyond chance in the last twelve months: {names}.", {"names": names}),
    )


def _topics(found: Reputation, bank: Bank) -> tuple[Table, ...]:
    if found.topics is None:
        return ()
    rows = []
    for r in found.topics.to_dict("records"):
        row: dict[str, Any] = {"topic": topic_label(str(r["topic"]), bank), "now": number(r["now"])}
        row["before"] = number(r["before"])
        values = {"value": r["value"], "low": r["low"], "high": r["high"]}
        told = all(math.isfinite(v) for v in values.values())
        row["times"] = Message("{value:tenths} ({low:tenths} to {high:tenths})", values) if told else None
        rows.append(row)
    columns = (
        Column("topic", Message("Topic of complaints")),
        Column("now", Message("Last twelve months"), "count"),
        Column("before", Message("Twelve months before"), "count"),
        Column("times", Message("Times as many per client")),
    )
    return (Table(columns, tuple(rows), Message("Complaints by topic")),)


def _topic_caveats(found: Reputation) -> tuple[Message, ...]:
    if found.topics is None:
        return ()
    return (
        Message(
            "Topics: exact comparison of two years, as if each complaint came on its own; p-values allow for the "
            "number of topics (Holm)."
        ),
    )


def _figure(found: Reputation, title: Message) -> Figure | None:
    panels = []
    for series, label in SERIES.items():
        own = found.weeks[found.weeks["series"] == series]
        if own.empty:
            continue
        values = [number(v) for v in own["count"]]
        name = (
            Message("{what} a week", {"what": label})
            if series == "mentions"
            else Message("{what} a month", {"what": label})
        )
        panel: dict[str, Any] = {
            "title": name,
            "y_kind": "count",
            "series": [{"label": label, "dates": list(own["week"]), "values": values}],
        }
        rows = found.outbreaks[found.outbreaks["series"] == series]
        if len(rows):
            top = rows.sort_values(["value", "began"], ascending=[False, True]).iloc[0]
            panel["marker"] = {"date": str(top["alarm"]), "label": Message("largest alarm")}
        panels.append(panel)
    if not panels:
        return None
    return Figure(
        "lines", {"panels": panels}, Message("Complaints and bad mentions over time. {title}.", {"title": title})
    )


def _table(found: Reputation) -> Table:
    every = pd.concat([found.outbreaks, found.mean_only]) if len(found.mean_only) else found.outbreaks
    rows = tuple(
        {
            "series": SERIES[str(r["series"])],
            "began": Message("{d:date}", {"d": r["began"]}),
            "alarm": Message("{d:date}", {"d": r["alarm"]}) if r["chart"] == SUM else Message("none"),
            "mean": Message("{d:date}", {"d": d}) if (d := _mean_alarm(r)) else Message("none"),
            "last": Message("still going on") if r["going_on"] == "yes" else Message("{d:date}", {"d": r["last"]}),
            "times": float(r["value"]),
        }
        for r in every.sort_values(["began", "series"], ascending=False).to_dict("records")
    )
    columns = (
        Column("series", Message("What rose")),
        Column("began", Message("Began in the week to")),
        Column("alarm", Message("First alarm of the sum")),
        Column("mean", Message("First alarm of the weighted mean")),
        Column("last", Message("Last alarm")),
        Column("times", Message("Times the usual"), "tenths"),
    )
    return Table(columns, rows, Message("Rises that the charts found, the newest first"))


def _mean_alarm(row: dict[Any, Any]) -> str:
    return str(row["mean_alarm"] if row["chart"] == SUM else row["alarm"])


def reputation_estimates(found: Reputation) -> list[dict[str, Any]]:
    """Return the rows of the finding."""
    lines = [
        count_row(
            "outbreak", r["value"], unit="ratio", group={k: str(r[k]) for k in ("series", "began", "alarm", "last")}
        )
        for r in found.outbreaks.to_dict("records")
    ]
    for r in found.mean_only.to_dict("records"):
        group = {k: str(r[k]) for k in ("series", "began", "alarm", "last")}
        lines.append(count_row("outbreak_mean", r["value"], unit="ratio", group=group))
    for r in [] if found.topics is None else found.topics.to_dict("records"):
        for name, period in (("now", "last_year"), ("before", "year_before")):
            group = {"topic": str(r["topic"]), "period": period}
            lines.append(count_row("complaints", r[name], unit="complaints", group=group))
    return lines
