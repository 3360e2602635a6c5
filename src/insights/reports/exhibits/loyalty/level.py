"""How loyal clients say they are: as answered, weighted, and under silence that hides something."""

import math
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.loyalty.reasons import why_not
from insights.reports.exhibits.loyalty.words import factor_label, survey_basis
from insights.reports.exhibits.told import cell, find, finding_row
from insights.reports.wording.labels import column_label
from insights.stats.results import Estimate
from insights.topics.evidence import Answer
from insights.topics.loyalty.level import BOUNDS, EARLY, LATE, LATER, PLAIN, RAKED, STRAIGHT, WEIGHTED, Level

_WHAT = {
    PLAIN: Message("as answered"),
    WEIGHTED: Message("weighted to everybody asked"),
    RAKED: Message("weighted to the whole book"),
    EARLY: Message("those who answered soon"),
    LATE: Message("the last quarter to answer"),
    STRAIGHT: Message("without those who gave every item the same mark"),
    BOUNDS: Message("if silence depends on loyalty"),
}
APART = 0.05
"""Points by which the weighted mean must differ for the difference to be worth a sentence."""


def level(answer: Answer, found: Level, bank: Bank) -> Exhibit:
    """Say how loyal clients are, for whom that stands, and how far silence could change it."""
    rows = found.rows
    own = {what: _of(rows, "loyalty", what) for what in _WHAT}
    main = own[WEIGHTED] or own[PLAIN]
    top = answer.facts["outcome_scale"][1] if answer.facts["outcome_scale"] else math.nan
    if main is None:
        return Exhibit(
            id=answer.id,
            title=Message("How loyal clients are cannot be told"),
            refusals=tuple(why_not(r) for r in dict.fromkeys(answer.facts["reasons"].values())),
            basis=survey_basis(bank),
        )
    values: dict[str, Any] = {"v": main.value, "low": main.low, "high": main.high, "top": top}
    title = Message("Loyalty stands at {v:number} of {top:number} points ({low:number} to {high:number})", values)
    strengths = rows[(rows["what"] == "strength") & rows["value"].notna()]
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(own, _of(rows, "loyalty", LATER)),
        figure=_figure(own, title),
        tables=tuple(t for t in (_table(own), _factors(rows, bank), _silence(strengths)) if t is not None),
        basis=survey_basis(bank, *_basis(answer, main)),
        caveats=_caveats(answer, own),
        refusals=_refusals(answer),
        estimates=tuple(finding_row("mean", r, group=_group(r)) for r in rows.to_dict("records")),
    )


def _of(rows: pd.DataFrame, score: str, what: str) -> Estimate | None:
    return find(rows, score=score, what=what)


def _group(row: dict[Any, Any]) -> dict[str, str]:
    group = {"score": str(row["score"]), "what": str(row["what"])}
    return group if math.isnan(float(row["strength"])) else group | {"strength": f"{row['strength']:g}"}


def _sentences(own: dict[str, Estimate | None], later: Estimate | None) -> tuple[Message, ...]:
    said = []
    plain, weighted, bounds = own[PLAIN], own[WEIGHTED], own[BOUNDS]
    if plain is not None and weighted is not None and abs(plain.value - weighted.value) >= APART:
        values = {"plain": plain.value, "weighted": weighted.value}
        said.append(
            Message(
                "Those who answered are not like everybody asked: unweighted it would be {plain:number} instead of "
                "{weighted:number}.",
                values,
            )
        )
    if bounds is not None:
        values = {"low": bounds.low, "high": bounds.high}
        said.append(
            Message(
                "If how loyal somebody is sways whether he answers (odds up to 1.6 times for one standard deviation, "
                "either way), it lies between {low:number} and {high:number}.",
                values,
            )
        )
    if later is not None and later.low > 0:
        said.append(Message("Those who answered late are more loyal: the silent may well be too."))
    elif later is not None and later.high < 0:
        said.append(Message("Those who answered late are less loyal: the silent may well be too."))
    return tuple(said)


def _figure(own: dict[str, Estimate | None], title: Message) -> Figure:
    bars = [
        {"label": _WHAT[what], "value": e.value, "low": e.low, "high": e.high}
        for what, e in own.items()
        if e is not None
    ]
    data = {"bars": bars, "kind": "number", "in_order": True, "x_label": Message("Mean loyalty, points")}
    return Figure(
        "bars", data, Message("Mean loyalty under several weightings, with 95% intervals. {title}.", {"title": title})
    )


def _table(own: dict[str, Estimate | None]) -> Table:
    rows = tuple({"what": _WHAT[what], "mean": cell(e, "number"), "n": e.n} for what, e in own.items() if e is not None)
    columns = (
        Column("what", Message("Loyalty")),
        Column("mean", Message("Points (95% interval)")),
        Column("n", Message("Answers"), "count"),
    )
    return Table(columns, rows, Message("Mean loyalty by who counts and how much"))


def _factors(rows: pd.DataFrame, bank: Bank) -> Table | None:
    names = [n for n in dict.fromkeys(rows["score"]) if n != "loyalty"]
    if not names:
        return None
    lines = tuple(
        {
            "factor": factor_label(name, bank),
            "plain": cell(_of(rows, name, PLAIN), "number"),
            "weighted": cell(_of(rows, name, WEIGHTED), "number"),
        }
        for name in names
    )
    weighted = any(_of(rows, name, WEIGHTED) is not None for name in names)
    columns = [
        Column("factor", Message("Factor")),
        Column("plain", Message("As answered (95% interval)")),
        *([Column("weighted", Message("Weighted to everybody asked (95% interval)"))] if weighted else []),
    ]
    return Table(tuple(columns), lines, Message("Mean marks of the factors"))


def _silence(strengths: pd.DataFrame) -> Table | None:
    if strengths.empty:
        return None
    lines = tuple(
        {
            "odds": Message("{odds:number} times", {"odds": math.exp(row["strength"])})
            if row["strength"]
            else Message("the same"),
            "mean": Message(
                "{value:number} ({low:number} to {high:number})", {k: row[k] for k in ("value", "low", "high")}
            ),
        }
        for row in strengths.sort_values("strength").to_dict("records")
    )
    columns = (
        Column("odds", Message("Odds to answer of somebody one standard deviation more loyal")),
        Column("mean", Message("Mean loyalty (95% interval)")),
    )
    return Table(columns, lines, Message("If whether somebody answers depends on how loyal he is"))


def _basis(answer: Answer, main: Estimate) -> tuple[Message, ...]:
    facts = answer.facts
    values = {"n": main.n, "first": facts["first"], "last": facts["last"]}
    lines = [
        Message("{n:count} answers to the invitations of {first:month}.", values)
        if facts["first"][:7] == facts["last"][:7]
        else Message("{n:count} answers to the invitations from {first:month} to {last:month}.", values)
    ]
    if facts["margins"]:
        known = {"assets": Message("assets (fifths)"), "tenure": Message("length of the relationship")}
        names = [known.get(m) or column_label("clients", m) for m in facts["margins"]]
        lines.append(Message("The book is that of all clients in force, by {names}.", {"names": names}))
    return tuple(lines)


def _caveats(answer: Answer, own: dict[str, Estimate | None]) -> tuple[Message, ...]:
    lines = [Message("A score is the mean of the items answered, where at least half of them are.")]
    if own[BOUNDS] is not None:
        lines.append(Message("How strongly silence depends on loyalty no data can tell: the range is an assumption."))
    return tuple(lines)


def _refusals(answer: Answer) -> tuple[Message, ...]:
    if answer.facts["all_answered"]:
        return (Message("Everybody answered: there is nothing to be weighted."),)
    return tuple(why_not(r) for r in dict.fromkeys(answer.facts["reasons"].values()))
