"""How far clients brought what earlier packs had foretold."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.rows import dated
from insights.reports.exhibits.told import cell, find, finding_row
from insights.topics.evidence import Answer
from insights.topics.summary.past import ALL, CHANCE, FITS, HIGH, LOW, REVERSED, level, verdict
from insights.topics.summary.past_value import RATIO, SHARE

FAILED = Message("The forecasts of what clients bring failed: they told clients apart no better than chance")
LEVELS = {
    HIGH: Message("Clients brought more than foretold: {value:number} times as much ({low:number} to {high:number})"),
    LOW: Message("Clients brought less than foretold: {value:number} times as much ({low:number} to {high:number})"),
    FITS: Message("Clients brought what was foretold: {value:number} times as much ({low:number} to {high:number})"),
}


def past_value(answer: Answer, parts: dict[str, pd.DataFrame], bank: Bank) -> Exhibit:
    """Say how what clients brought stands to what was foretold, all together and pack by pack."""
    scores, facts = parts["scores"], answer.facts
    ratio, share = find(scores, pack=ALL, score=RATIO), find(scores, pack=ALL, score=SHARE)
    values = {} if ratio is None else {"value": ratio.value, "low": ratio.low, "high": ratio.high}
    failed = verdict(share, facts["top"]) in (REVERSED, CHANCE)
    title = LEVELS.get(level(ratio))
    said = []
    if share is not None:
        told = {"top": facts["top"], "value": share.value, "low": share.low, "high": share.high}
        said.append(
            Message(
                "The {top:share} of clients of whom most was foretold brought {value:percent} of everything "
                "({low:bare_percent} to {high:bare_percent}).",
                told,
            )
        )
    rows = tuple(
        {"pack": Message("{day:date}", {"day": day}), "ratio": cell(find(scores, pack=day, score=RATIO), "number")}
        for day in facts["packs"]
    )
    columns = (Column("pack", Message("Forecast of")), Column("ratio", Message("Brought, for each unit foretold")))
    unknown = Message("Whether clients brought what was foretold cannot be told: a few of them decide it")
    return Exhibit(
        id=answer.id,
        title=FAILED if failed else unknown if title is None else Message(title.id, values),
        sentences=tuple(said),
        tables=(Table(columns, rows),),
        basis=dated(
            bank,
            Message(
                "Margins of the {months:months} after each pack, as its run wrote them down client by client, leaving "
                "allowed for.",
                {"months": facts["months"]},
            ),
        ),
        caveats=(
            Message(
                "The interval is that of drawing clients. Markets move all of them at once and are not in it: one good "
                "or bad year is no verdict on the forecast."
            ),
        ),
        estimates=tuple(_estimate(r, facts["months"]) for r in scores.to_dict("records")),
    )


def _estimate(row: dict[Any, Any], months: int) -> dict[str, Any]:
    return finding_row(f"brought_{row['score']}", row, group={"pack": str(row["pack"])}, months=months)
