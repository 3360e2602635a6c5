"""Open prospects in figures only: how many will join, which source they came by, and how good earlier chances were."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.channels.prospects import ALL, FIRST, GAIN, RATIO, RULE
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.channels.words import source_label, why_not
from insights.reports.exhibits.rows import count_row, dated, number
from insights.reports.exhibits.told import cell, cell_of, find, finding_row
from insights.reports.wording import Wording
from insights.stats.results import Estimate
from insights.topics.channels.prospects import (
    BRINGS,
    FORETOLD,
    GROUP,
    JOINED,
    JOINING,
    LIKELIEST,
    OTHERS,
    SOURCE,
    TRIAL,
    VALUE,
    ProspectRows,
)
from insights.topics.evidence import Answer

_HEADS = {
    "rank": Message("Rank"),
    "prospect_id": Message("Prospect"),
    "acquisition_source": Message("Source"),
    "aware_on": Message("First contact"),
    "considered_on": Message("First serious talk"),
    "joins_6m_pct": Message("Joins within six months (%)"),
    "first_year_margin": Message("Margin of a first year, by source ({currency})"),
    "expected_margin": Message("Expected: chance times margin ({currency})"),
}


_GROUPS = {LIKELIEST: Message("likeliest fifth"), OTHERS: Message("all others")}


def prospects(answer: Answer, found: ProspectRows, bank: Bank) -> Exhibit:
    """Say how many open prospects will join, and whether it paid to call the likeliest first."""
    title = _title(answer, found)
    names = answer.facts["recipients"]
    sentences = [
        *_sentences(answer, found),
        Message("The list of open prospects goes to: {names}.", {"names": names})
        if names
        else Message("Nobody receives the list: name a recipient of the list prospects in the settings."),
    ]
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        figure=_figure(found, title),
        tables=tuple(t for t in (_by_source(found, bank), _groups(answer, found)) if t.rows),
        basis=_basis(answer, found, bank),
        caveats=_caveats(answer),
        refusals=(Message("Trial at past dates: {why}", {"why": why_not(answer.facts["why"])}),)
        if answer.facts["why"]
        else (),
        estimates=tuple(_estimates(found)),
    )


def _find(found: ProspectRows, what: str, of: str, measure: str) -> Estimate | None:
    return find(found.rows, what=what, of=of, measure=measure)


def _open(found: ProspectRows) -> float | None:
    total = found.open["clients"].sum(min_count=1)
    return number(total)


def _title(answer: Answer, found: ProspectRows) -> Message:
    joining, n = _find(found, SOURCE, "", JOINING), _open(found)
    if joining is None or n is None:
        return Message("How many open prospects will join cannot be told")
    values: dict[str, Any] = {"n": joining.value, "all": n, "months": answer.facts["months"]}
    first, every = _find(found, TRIAL, "", FIRST), _find(found, TRIAL, "", ALL)
    if first is None or every is None:
        return Message("Of {all:count} open prospects some {n:count} will join within {months:months}", values)
    values |= {"x": first.value, "y": every.value}
    return Message(
        "Of {all:count} open prospects some {n:count} will join within {months:months}; of the likeliest fifth "
        "{x:percent} joined at past dates, of all {y:percent}",
        values,
    )


def _sentences(answer: Answer, found: ProspectRows) -> list[Message]:
    said = []
    joining, brings = _find(found, SOURCE, "", JOINING), _find(found, SOURCE, "", BRINGS)
    if joining is not None:
        values: dict[str, Any] = {"told": cell(joining, "count")}
        said.append(
            Message("Expected to join: {told}.", values)
            if brings is None
            else Message(
                "Expected to join: {told}, with a margin of {money:money} in their first year.",
                values | {"money": brings.value},
            )
        )
    rule, gain = _find(found, TRIAL, "", RULE), _find(found, TRIAL, "", GAIN)
    if rule is not None and gain is not None:
        values = {"r": rule.value, "gain": cell(gain, "points")}
        said.append(
            Message(
                "Had those whose last step is the most recent been taken instead, without a model, {r:percent} would "
                "have joined: the model is better by {gain}.",
                values,
            )
            if gain.low > 0
            else Message(
                "Had those whose last step is the most recent been taken instead, without a model, {r:percent} would "
                "have joined: the model is not clearly better ({gain}).",
                values,
            )
        )
    ratio = _find(found, TRIAL, "", RATIO)
    if ratio is not None:
        values = {"told": cell(ratio, "number")}
        held = ratio.low <= 1 <= ratio.high
        said.append(
            Message("Those who joined were {told} times those foretold: the level held.", values)
            if held
            else Message("Those who joined were {told} times those foretold: the level did not hold.", values)
        )
    return said


def _figure(found: ProspectRows, title: Message) -> Figure | None:
    bars: list[dict[str, Any]] = []
    for group, label in _GROUPS.items():
        joined, foretold = (_find(found, GROUP, group, m) for m in (JOINED, FORETOLD))
        if joined is not None and foretold is not None:
            bars.append({"label": label, "value": joined.value, "low": joined.low, "high": joined.high})
            bars[-1]["note"] = Message("foretold {p:percent}", {"p": foretold.value})
    if not bars:
        return None
    data = {"bars": bars, "kind": "percent", "in_order": True}
    data["x_label"] = Message("Joined within six months of past dates (95% interval)")
    return Figure("bars", data, Message("Share that joined, by chance. {title}.", {"title": title}))


def _by_source(found: ProspectRows, bank: Bank) -> Table:
    rows = []
    for line in found.open.sort_values(["clients", "source"], ascending=[False, True], na_position="last").to_dict(
        "records"
    ):
        source = str(line["source"])
        row: dict[str, Any] = {"source": source_label(source, bank), "open": number(line["clients"])}
        for measure, kind in ((JOINING, "count"), (VALUE, "money"), (BRINGS, "money")):
            row[measure] = cell_of(found.rows, kind, what=SOURCE, of=source, measure=measure)
        rows.append(row)
    columns = (
        Column("source", Message("Source")),
        Column("open", Message("Open prospects"), "count"),
        Column(JOINING, Message("Expected to join (95% interval)")),
        Column(VALUE, Message("Margin of a client's first year")),
        Column(BRINGS, Message("Expected of all together")),
    )
    return Table(columns, tuple(rows), Message("Open prospects by source, and what they may bring"))


def _groups(answer: Answer, found: ProspectRows) -> Table:
    rows = []
    for group, label in _GROUPS.items():
        where = {"what": GROUP, "of": group}
        row: dict[str, Any] = {"group": label}
        row[FORETOLD] = cell_of(found.rows, "percent", **where, measure=FORETOLD)
        rows.append(row | {JOINED: cell_of(found.rows, "percent", **where, measure=JOINED)})
    columns = (
        Column("group", Message("Chance")),
        Column(FORETOLD, Message("Foretold")),
        Column(JOINED, Message("Joined (95% interval)")),
    )
    return Table(columns, tuple(rows) if answer.facts["dates"] else (), Message("Foretold and come, at past dates"))


def _basis(answer: Answer, found: ProspectRows, bank: Bank) -> tuple[Message, ...]:
    lines = [
        Message(
            "Chance of joining within {months:months} by source, steps taken and time since, from what came of those "
            "open every three months.",
            {"months": answer.facts["months"]},
        )
    ]
    every = _find(found, TRIAL, "", ALL)
    if every is not None:
        values = {
            "n": float(every.n),
            "k": every.n_events,
            "dates": [Message("{d:date}", {"d": d}) for d in answer.facts["dates"]],
        }
        lines.append(
            Message(
                "Tried on {dates}, each from what was known half a year before: {n:count} prospects, {k:count} joined. "
                "Intervals by prospect.",
                values,
            )
        )
    if answer.facts["valued"]:
        lines.append(
            Message(
                "Margin: mean of the first year of the clients won in three years, sources drawn towards each other "
                "as far as chance may have made them differ."
            )
        )
    return dated(bank, *lines)


def _caveats(answer: Answer) -> tuple[Message, ...]:
    lines = [
        Message(
            "Of prospects the bank knows source and steps, no more: that one resembles valuable clients is told by his "
            "source alone. A chance says who will join, not whom a call would win."
        )
    ]
    if answer.facts["consent"]:
        lines.append(Message("Only prospects who consented are counted, and stand in the list."))
    return tuple(lines)


def _estimates(found: ProspectRows) -> list[dict[str, Any]]:
    lines = [
        count_row("open_prospects", row["clients"], unit="prospects", group={"acquisition_source": str(row["source"])})
        for row in found.open.to_dict("records")
    ]
    names = {SOURCE: "acquisition_source", GROUP: "group"}
    for row in found.rows.to_dict("records"):
        group = {names[str(row["what"])]: str(row["of"])} if row["of"] else {}
        lines.append(finding_row(f"prospects_{row['what']}_{row['measure']}", row, group=group))
    return lines


def prospects_in_words(rows: pd.DataFrame, bank: Bank, wording: Wording) -> pd.DataFrame:
    """Return the list of open prospects as its reader sees it."""
    source = [wording.text(source_label(str(s), bank)) if s else "" for s in rows["acquisition_source"]]
    named = {"currency": bank.settings.bank.currency}
    heads = {name: wording.heading(Message(head.id, named)) for name, head in _HEADS.items()}
    return rows.assign(acquisition_source=source).rename(columns=heads)
