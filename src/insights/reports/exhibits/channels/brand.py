"""How the brand is seen by channel: in public, and by the clients of each channel."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.channels.brand import BEFORE, BRAND, CHANGE, TONE
from insights.models.loyalty.answers import TRUST
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.channels.words import channel_label
from insights.reports.exhibits.rows import dated, needed
from insights.reports.exhibits.told import cell_of, find, finding_row
from insights.stats.results import Estimate
from insights.topics.channels.brand import BrandRows
from insights.topics.evidence import Answer

_PARTS = {"mentions": Message("Public mentions"), "survey": Message("Survey")}
_SCORES = {BRAND: Message("Brand image"), TRUST: Message("Trust in the bank")}


def brand(answer: Answer, found: BrandRows, bank: Bank) -> Exhibit:
    """Say where the bank is spoken of worst, whether that changed, and which clients see the brand differently."""
    title = _title(found, bank)
    tables = (_public(found, bank), _survey(found, bank))
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(found, bank),
        figure=_figure(found, title, bank),
        tables=tuple(t for t in tables if t.rows),
        basis=_basis(answer, found, bank),
        caveats=(
            Message(
                "Clients choose their channel: a difference between channels is one of their clients too, and no "
                "effect."
            ),
        ),
        refusals=tuple(
            Message("{part}: {why}", {"part": _PARTS[part], "why": needed(needs)})
            for part, needs in answer.facts["missing"].items()
        ),
        estimates=tuple(
            finding_row(f"brand_{r['measure']}", r, group={"channel": str(r["channel"])})
            for rows in (found.public, found.survey)
            for r in rows.to_dict("records")
        ),
    )


def _basis(answer: Answer, found: BrandRows, bank: Bank) -> tuple[Message, ...]:
    lines = []
    if not found.public.empty:
        lines.append(
            Message(
                "Tone: good mentions less bad ones, of a hundred, in the last {months:months} and in those before; "
                "errors by week, for one affair makes many mentions.",
                {"months": answer.facts["months"]},
            )
        )
    if not found.survey.empty and answer.facts["scale"]:
        lines.append(
            Message(
                "Survey: the last answer of each client on a scale of {low:number} to {high:number}, weighted for who "
                "answered, by the channel that he prefers.",
                {"low": answer.facts["scale"][0], "high": answer.facts["scale"][1]},
            )
        )
    return dated(bank, *lines)


def _told(rows: pd.DataFrame, measure: str) -> list[tuple[str, Estimate]]:
    """Return the channels with a measure, the lowest first."""
    names = [str(c) for c in rows.loc[rows["measure"] == measure, "channel"]]
    told = [(c, e) for c in names if (e := find(rows, channel=c, measure=measure)) is not None]
    return sorted(told, key=lambda t: (t[1].value, t[0]))


def _title(found: BrandRows, bank: Bank) -> Message:
    tones, images = _told(found.public, TONE), _told(found.survey, BRAND)
    if tones:
        values: dict[str, Any] = {"channel": channel_label(tones[0][0], bank), "x": 100 * tones[0][1].value}
        moved = [(c, e) for c, e in _told(found.public, CHANGE) if e.high < 0]
        if moved:
            values["fell"] = [channel_label(c, bank) for c, _ in moved]
            return Message(
                "Spoken of worst: {channel}, {x:tenths} more good than bad mentions of a hundred; worse than a "
                "year ago: "
                "{fell}",
                values,
            )
        return Message(
            "Spoken of worst: {channel}, {x:tenths} more good than bad mentions of a hundred; nowhere worse than "
            "a year "
            "ago, chance allowed for",
            values,
        )
    if images:
        values = {"channel": channel_label(images[-1][0], bank), "x": images[-1][1].value}
        return Message("Brand image is highest among clients who prefer: {channel}, {x:number}", values)
    return Message("How the brand is seen by channel cannot be told")


def _sentences(found: BrandRows, bank: Bank) -> tuple[Message, ...]:
    said = []
    better = [channel_label(c, bank) for c, e in _told(found.public, CHANGE) if e.low > 0]
    if better:
        said.append(Message("Better than a year ago: {names}.", {"names": better}))
    for score, label in _SCORES.items():
        told = _told(found.survey, score)
        if len(told) < 2:
            continue
        low, high = told[0], told[-1]
        values = {"what": label, "a": channel_label(high[0], bank), "x": high[1].value}
        values |= {"b": channel_label(low[0], bank), "y": low[1].value}
        said.append(
            Message("{what}: highest among clients who prefer {a} ({x:number}), lowest: {b} ({y:number}).", values)
            if low[1].high < high[1].low
            else Message("{what} does not differ between clients of different channels, chance allowed for.", values)
        )
    return tuple(said)


def _figure(found: BrandRows, title: Message, bank: Bank) -> Figure | None:
    bars = [
        {"label": channel_label(c, bank), "value": 100 * e.value, "low": 100 * e.low, "high": 100 * e.high}
        for c, e in _told(found.public, TONE)
    ]
    if not bars:
        return None
    data = {"bars": bars, "kind": "tenths", "x_label": Message("Good less bad mentions, of a hundred (95% interval)")}
    return Figure("bars", data, Message("Tone of public mentions by channel. {title}.", {"title": title}))


def _public(found: BrandRows, bank: Bank) -> Table:
    rows = []
    for channel, _ in _told(found.public, TONE):
        row: dict[str, Any] = {"channel": channel_label(channel, bank)}
        row |= {m: cell_of(found.public, "points", channel=channel, measure=m) for m in (TONE, BEFORE, CHANGE)}
        rows.append(row)
    columns = (
        Column("channel", Message("Where")),
        Column(TONE, Message("Tone, twelve months")),
        Column(BEFORE, Message("The year before")),
        Column(CHANGE, Message("Change")),
    )
    return Table(columns, tuple(rows), Message("How the bank is spoken of (95% intervals)"))


def _survey(found: BrandRows, bank: Bank) -> Table:
    scores = [s for s in _SCORES if (found.survey["measure"] == s).any()]
    rows = []
    for channel in dict.fromkeys(str(c) for c in found.survey["channel"]):
        row: dict[str, Any] = {"channel": channel_label(channel, bank)}
        rows.append(row | {s: cell_of(found.survey, "number", channel=channel, measure=s) for s in scores})
    columns = (Column("channel", Message("Preferred channel")), *(Column(s, _SCORES[s]) for s in scores))
    return Table(columns, tuple(rows), Message("How clients of each channel see the bank (95% intervals)"))
