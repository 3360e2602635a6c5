"""Where to begin: importance beside performance, for all clients and by segment."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.loyalty.reasons import why_not
from insights.reports.exhibits.loyalty.words import factor_label, segment_label, survey_basis
from insights.reports.exhibits.told import cell, finding_row
from insights.topics.evidence import Answer
from insights.topics.loyalty.priorities import ALL, EASE, FIRST, IMPORTANCE, KEEP, LATER, PERFORMANCE, Matrix

_PLACES = {
    FIRST: Message("important and weaker: begin here"),
    KEEP: Message("important and stronger: keep it up"),
    LATER: Message("less important and weaker: later"),
    EASE: Message("less important and stronger: enough"),
}


def priorities(answer: Answer, found: Matrix, bank: Bank) -> Exhibit:
    """Say which factors are important and weak, and show all of them in one field."""
    cells = found.cells
    whole = cells[cells["segment"] == ALL]
    title, sentences = _words(cells, whole, bank)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=sentences,
        figure=_figure(whole, title, bank),
        tables=tuple(_table(s, cells[cells["segment"] == s], bank) for s in dict.fromkeys(cells["segment"])),
        basis=survey_basis(
            bank,
            Message(
                "Importance: share of what all factors explain of loyalty; performance: mean mark, from 0% (lowest) to "
                "100% (highest). The field is cut at the average of the factors."
            ),
            *(
                ()
                if all(answer.facts["corrected"].values())
                else (
                    Message("Where measurement error could not be taken out, importance is that of the plain scores."),
                )
            ),
        ),
        caveats=(
            Message(
                "Importance is not effect: that a factor comes first here does not promise that more of it would help."
            ),
            Message("A place is called clear where neither interval reaches over the middle."),
        ),
        refusals=tuple(
            Message("{name}: {why}", {"name": _segment(s, bank), "why": why_not(reason)})
            for s, reason in answer.facts["reasons"].items()
        ),
        estimates=tuple(
            finding_row(str(r["measure"]), r, group={"segment": str(r["segment"]), "factor": str(r["factor"])})
            for r in found.rows.to_dict("records")
        ),
    )


def _segment(name: str, bank: Bank) -> Message | str:
    return Message("all clients") if name == ALL else segment_label(name, bank)


def _words(cells: pd.DataFrame, whole: pd.DataFrame, bank: Bank) -> tuple[Message, tuple[Message, ...]]:
    first = [factor_label(c["factor"], bank) for c in _at(whole, FIRST, clear=True)]
    if first:
        title = Message("Important, and clearly weaker than the rest: {factors}", {"factors": first})
    elif hints := [factor_label(c["factor"], bank) for c in _at(whole, FIRST, clear=False)]:
        title = Message(
            "More important and a little weaker than the rest: {factors}; the lead is within chance", {"factors": hints}
        )
    else:
        title = Message("No factor is both important and weak")
    sentences = []
    strong = [factor_label(c["factor"], bank) for c in _at(whole, KEEP, clear=False)]
    if strong:
        sentences.append(
            Message("Important and stronger: {factors}. That is the strength to keep.", {"factors": strong})
        )
    own = []
    for segment in dict.fromkeys(cells["segment"]):
        clear = _at(cells[cells["segment"] == segment], FIRST, clear=True)
        if segment != ALL and clear:
            names = [factor_label(c["factor"], bank) for c in clear]
            own.append(Message("{segment}: {factors}", {"segment": _segment(segment, bank), "factors": names}))
    if own:
        sentences.append(Message("Clearly important and weak in a segment: {own}.", {"own": own}))
    elif cells["segment"].nunique() > 1:
        sentences.append(Message("In no segment is a factor clearly both."))
    return title, tuple(sentences)


def _at(cells: pd.DataFrame, place: str, *, clear: bool) -> list[dict[Any, Any]]:
    told = cells[(cells["place"] == place) & (cells["clear"] if clear else True)].to_dict("records")
    return sorted(told, key=lambda c: -c[IMPORTANCE].value)


def _figure(whole: pd.DataFrame, title: Message, bank: Bank) -> Figure | None:
    points = []
    for c in whole.to_dict("records"):
        x, y = c[PERFORMANCE], c[IMPORTANCE]
        if x is None or y is None:
            continue
        ends = {"x": x.value, "x_low": x.low, "x_high": x.high, "y": y.value, "y_low": y.low, "y_high": y.high}
        points.append({"label": factor_label(c["factor"], bank), **ends})
    if not points:
        return None
    data = {
        "points": points,
        "x_kind": "percent",
        "y_kind": "percent",
        "x_label": Message("Performance: mean mark, of the highest possible"),
        "y_label": Message("Importance: share of what all factors explain"),
        "corners": [_PLACES[FIRST], _PLACES[KEEP], _PLACES[LATER], _PLACES[EASE]],
    }
    return Figure("matrix", data, Message("Importance and performance of the factors. {title}.", {"title": title}))


def _table(segment: str, cells: pd.DataFrame, bank: Bank) -> Table:
    rows = tuple(
        {
            "factor": factor_label(c["factor"], bank),
            "importance": cell(c[IMPORTANCE], "percent"),
            "performance": cell(c[PERFORMANCE], "percent"),
            "place": None
            if c["place"] is None
            else Message("{place} (clear)", {"place": _PLACES[c["place"]]})
            if c["clear"]
            else _PLACES[c["place"]],
        }
        for c in sorted(cells.to_dict("records"), key=lambda c: -(c[IMPORTANCE].value if c[IMPORTANCE] else 0.0))
    )
    columns = (
        Column("factor", Message("Factor")),
        Column("importance", Message("Importance (95% interval)")),
        Column("performance", Message("Performance (95% interval)")),
        Column("place", Message("Place")),
    )
    return Table(columns, rows, Message("Importance and performance: {segment}", {"segment": _segment(segment, bank)}))
