"""How the factors went from wave to wave, beside what clients spoke and complained of."""

import math
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.loyalty.words import factor_label, survey_basis, wave_label
from insights.reports.exhibits.rows import count_row
from insights.reports.exhibits.told import cell, find, finding_row
from insights.reports.wording.labels import code_label
from insights.topics.evidence import Answer
from insights.topics.loyalty.trends import OTHER, SLOPE, WAVE, Trends

_SOURCES = {"notes": Message("coded notes"), "complaints": Message("complaints")}


def trends(answer: Answer, found: Trends, bank: Bank) -> Exhibit:
    """Say what changed over the waves, and show topics of notes and complaints beside it."""
    rows = found.rows
    slopes = rows[(rows["what"] == SLOPE) & rows["value"].notna()]
    clear = slopes[slopes["p_holm"] < 0.05]
    months = list(answer.facts["months"].values())
    values: dict[str, Any] = {"first": months[0], "last": months[-1], "n": len(slopes)}
    if clear.empty:
        title = Message("Nothing changed clearly from {first:month} to {last:month}", values)
        sentences = [
            Message(
                "None of {n:count} scores rose or fell by more than chance, all of them looked at together.", values
            )
        ]
    else:
        top = clear.loc[clear["value"].abs().idxmax()]
        values |= {"score": factor_label(str(top["score"]), bank), "v": abs(float(top["value"]))}
        title = (
            Message("{score} has risen by {v:number} points a year since {first:month}", values)
            if top["value"] > 0
            else Message("{score} has fallen by {v:number} points a year since {first:month}", values)
        )
        names = [factor_label(str(s), bank) for s in clear["score"]]
        values |= {"names": names, "k": len(names)}
        sentences = [Message("Of {n:count} scores {k:count} changed by more than chance: {names}.", values)]
    scores = list(dict.fromkeys(rows["score"]))
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        figure=_figure(answer, found, scores, title, bank),
        tables=(_slopes(rows, scores, bank), _waves(answer, rows, scores, bank), *_spoken(found, bank)),
        basis=survey_basis(bank, *_basis(answer)),
        caveats=(
            Message(
                "Different clients answer in each wave; the weights hold assets, tenure, complaints and managers even."
            ),
            Message("That a topic is heard more often beside a change of marks does not make it the cause."),
        ),
        estimates=tuple(_estimates(found)),
    )


def _figure(answer: Answer, found: Trends, scores: list[str], title: Message, bank: Bank) -> Figure:
    months = answer.facts["months"]
    panels = []
    for group, head, y_label in (
        ([s for s in scores if s == "loyalty"], Message("Loyalty"), Message("Points, with 95% intervals")),
        ([s for s in scores if s != "loyalty"], Message("Factors"), Message("Points")),
    ):
        series = []
        for score in group:
            own = found.rows[(found.rows["score"] == score) & (found.rows["what"] == WAVE)].set_index("wave")
            ends = {c: [own[c].get(w) for w in months] for c in ("value", "low", "high")}
            line = {"label": factor_label(score, bank), "dates": list(months.values()), "values": ends["value"]}
            if score == "loyalty":
                line |= {"low": ends["low"], "high": ends["high"]}
            series.append(line)
        if series:
            panels.append({"title": head, "series": series, "y_kind": "number", "y_label": y_label})
    for source, words in _SOURCES.items():
        own = found.spoken[found.spoken["source"] == source]
        if not own.empty:
            panels.append(_topics(own, words, bank))
    return Figure(
        "lines",
        {"panels": panels},
        Message("Scores by wave, and topics of notes and complaints by half year. {title}.", {"title": title}),
    )


def _topics(own: pd.DataFrame, words: Message, bank: Bank) -> dict[str, Any]:
    wide = own.pivot(index="half", columns="topic", values="clients")
    whole = wide.sum(axis=1, min_count=1)
    series = []
    for topic in sorted(wide.columns, key=lambda t: (t == OTHER, t)):
        shares = wide[topic] / whole
        values = [None if math.isnan(v) else float(v) for v in shares]
        series.append({"label": _topic(topic, bank), "dates": list(wide.index), "values": values})
    head = Message("Topics of {source}", {"source": words})
    return {"title": head, "series": series, "y_kind": "share", "y_label": Message("Share of the clients who spoke")}


def _topic(topic: str, bank: Bank) -> Message | str:
    return Message("all other topics") if topic == OTHER else code_label("topic", topic, bank.settings.labels)


def _slopes(rows: pd.DataFrame, scores: list[str], bank: Bank) -> Table:
    lines = []
    for score in scores:
        own = rows[(rows["score"] == score) & (rows["what"] == SLOPE)]
        p = float(own["p_holm"].iloc[0]) if len(own) else math.nan
        lines.append(
            {
                "score": factor_label(score, bank),
                "slope": cell(find(rows, score=score, what=SLOPE), "number") or Message("–"),
                "p": Message("–") if math.isnan(p) else Message("{p:p}", {"p": p}),
            }
        )
    columns = (
        Column("score", Message("Score")),
        Column("slope", Message("Change a year, points (95% interval)")),
        Column("p", Message("p, corrected")),
    )
    return Table(columns, tuple(lines), Message("Change over all waves"))


def _waves(answer: Answer, rows: pd.DataFrame, scores: list[str], bank: Bank) -> Table:
    lines = tuple(
        {
            "wave": wave_label(wave, answer.facts["months"]),
            **{s: cell(find(rows, score=s, what=WAVE, wave=wave), "number") for s in scores},
        }
        for wave in answer.facts["months"]
    )
    columns = (Column("wave", Message("Wave")), *(Column(s, factor_label(s, bank)) for s in scores))
    return Table(columns, lines, Message("Mean marks by wave, weighted (95% interval)"))


def _spoken(found: Trends, bank: Bank) -> list[Table]:
    tables = []
    for source, words in _SOURCES.items():
        own = found.spoken[found.spoken["source"] == source]
        if own.empty:
            continue
        wide = own.pivot(index="half", columns="topic", values="clients")
        topics = sorted(wide.columns, key=lambda t: (t == OTHER, t))
        lines = tuple(
            {"half": Message("from {half:month}", {"half": half}), **{t: _count(wide.loc[half, t]) for t in topics}}
            for half in wide.index
        )
        columns = (Column("half", Message("Half year")), *(Column(t, _topic(t, bank), "count") for t in topics))
        tables.append(
            Table(columns, lines, Message("Clients by the topic of their last entry: {source}", {"source": words}))
        )
    return tables


def _count(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def _basis(answer: Answer) -> tuple[Message, ...]:
    return (
        Message("All answers of {n:count} waves, weighted to everybody asked.", {"n": len(answer.facts["months"])}),
        Message("Intervals allow for clients of one relationship manager being alike.")
        if answer.facts["cluster"] == "manager"
        else Message("Intervals allow for the answers of one client being alike."),
    )


def _estimates(found: Trends) -> list[dict[str, Any]]:
    lines = []
    for r in found.rows.to_dict("records"):
        name = "mean" if r["what"] == WAVE else "change_a_year"
        group = {"score": str(r["score"])} | ({"wave": str(r["wave"])} if r["wave"] else {})
        lines.append(finding_row(name, r, group=group))
    for r in found.spoken.to_dict("records"):
        group = {"source": str(r["source"]), "topic": str(r["topic"]), "half": str(r["half"])}
        lines.append(count_row("clients", r["clients"], unit="clients", group=group))
    return lines
