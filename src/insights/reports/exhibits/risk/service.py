"""Service quality: how many clients are likely to complain, whether anything tells who, and how good that was."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.risk.words import DRAWN_BY
from insights.reports.exhibits.rows import check_row, dated
from insights.reports.exhibits.told import cell, find, finding_row
from insights.reports.wording import Wording
from insights.topics.evidence import Answer
from insights.topics.risk.service import AREA, CAPTURED, EFFECT, EXPECTED, RATIO, Quality

_FEATURES = {
    "complained_3m": Message("complained in the last three months"),
    "complained_12m": Message("complained in the last twelve months"),
    "log2_contacts_3m": Message("twice as many contacts in three months"),
    "log2_unsettled_3m": Message("twice as many contacts that settled nothing"),
    "log2_wait_3m": Message("twice the wait"),
    "mark_12m": Message("mark after contacts one point higher"),
    "log2_tenure": Message("twice as long with the bank"),
}
_MEASURES = (
    (AREA, Message("Chance that who complained had the higher risk of two (50%: blind)"), "percent"),
    (RATIO, Message("Clients who complained, by those foretold"), "number"),
    (CAPTURED, Message("Share of them among the tenth with the highest risk (10%: blind)"), "percent"),
)


def service(answer: Answer, found: Quality, bank: Bank) -> Exhibit:
    """Say how many clients are likely to complain within three months, and whether anything tells who."""
    title = _title(answer.facts, found)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(answer.facts, found),
        figure=_figure(found, title),
        tables=(_scores(found), _effects(found)),
        basis=dated(
            bank,
            Message(
                "Clients in force at the end of a quarter, followed for three months; complaints, contacts, waits and "
                "marks of the twelve months before (logistic regression, errors by client)."
            ),
            Message("Tested on the last four quarters by what was known before them."),
        ),
        caveats=(
            Message("The interval holds chance, and how well the level of last year's complaints was known."),
            Message("What goes with complaints need not cause them. Many who are dissatisfied never complain."),
        ),
        estimates=tuple(service_estimates(found)),
        checks=tuple(check_row(test) for test in answer.facts["checks"]),
    )


def _title(facts: dict[str, Any], found: Quality) -> Message:
    told = find(found.rows, measure=EXPECTED)
    if told is None:
        return Message("How many clients are likely to complain within three months")
    values = {"n": told.value}
    if facts["tells"]:
        return Message("About {n:count} clients are likely to complain within three months, and it shows who", values)
    return Message(
        "About {n:count} clients are likely to complain within three months; nothing on record tells who", values
    )


def _sentences(facts: dict[str, Any], found: Quality) -> tuple[Message, ...]:
    said = []
    told, ratio, first = (find(found.rows, measure=name) for name in (EXPECTED, RATIO, CAPTURED))
    if told is not None:
        values = {"low": told.low, "high": told.high}
        said.append(Message("Between {low:count} and {high:count} with 95% probability.", values))
    if ratio is not None:
        values = {"x": ratio.value, "low": ratio.low, "high": ratio.high}
        said.append(
            Message(
                "In the last four quarters {x:number} times as many complained as foretold ({low:number} to "
                "{high:number}).",
                values,
            )
        )
    if first is not None:
        values = {"share": first.value, "low": first.low, "high": first.high}
        said.append(
            Message(
                "The tenth with the highest risk made up {share:percent} of those who complained ({low:bare_percent} "
                "to {high:bare_percent}).",
                values,
            )
        )
    if not facts["tells"]:
        said.append(Message("So no list of clients is made: it would be no better than a blind choice."))
    return tuple(said)


def _figure(found: Quality, title: Message) -> Figure | None:
    bars = []
    for name, label in _FEATURES.items():
        told = find(found.rows, measure=EFFECT, of=name)
        if told is not None:
            bars.append({"label": label, "value": told.value, "low": told.low, "high": told.high})
    if not bars:
        return None
    data = {"bars": bars, "kind": "number", "reference": 1.0, "x_label": Message("Times the odds of a complaint")}
    return Figure("bars", data, Message("What goes with complaints, with intervals. {title}.", {"title": title}))


def _scores(found: Quality) -> Table:
    rows = tuple(
        {"what": label, "value": cell(find(found.rows, measure=name), kind)} for name, label, kind in _MEASURES
    )
    columns = (Column("what", Message("What")), Column("value", Message("Value")))
    return Table(columns, rows, Message("How well the last four quarters were foretold"))


def _effects(found: Quality) -> Table:
    rows = tuple(
        {"what": label, "odds": cell(find(found.rows, measure=EFFECT, of=name), "number")}
        for name, label in _FEATURES.items()
        if (found.rows["of"] == name).any()
    )
    columns = (Column("what", Message("What goes with it")), Column("odds", Message("Times the odds of a complaint")))
    return Table(columns, rows, Message("What goes with complaints, all else equal"))


def service_estimates(found: Quality) -> list[dict[str, Any]]:
    """Return the rows of the finding."""
    lines = []
    for row in found.rows.to_dict("records"):
        group = {"of": str(row["of"])} if row["of"] else {}
        lines.append(finding_row(str(row["measure"]), dict(row), group=group, months=3))
    return lines


_HEADS = {
    "client_id": Message("Client"),
    "rm_id": Message("Relationship manager"),
    "rank": Message("Rank"),
    "drawn_by": Message("On the list by"),
    "chance_3m_pct": Message("Complains within 3 months (%)"),
    "because": Message("Why"),
}
_WHY = {
    "complained": Message("complained within the year"),
    "unsettled": Message("matters not settled at once lately"),
    "low_marks": Message("low marks after contacts"),
}


def complaints_in_words(rows: pd.DataFrame, bank: Bank, wording: Wording) -> pd.DataFrame:
    """Return the clients likely to complain as their reader sees them."""
    because = ["; ".join(wording.text(_WHY[c]) for c in str(codes).split(",") if c) for codes in rows["because"]]
    by = [wording.text(DRAWN_BY[code]) for code in rows["drawn_by"]]
    return rows.assign(because=because, drawn_by=by).rename(
        columns={name: wording.heading(head) for name, head in _HEADS.items()}
    )
