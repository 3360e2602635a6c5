"""Which forecasts of earlier packs still work: one line for each thing that is foretold."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.foretold.words import WHAT
from insights.reports.exhibits.rows import dated
from insights.reports.exhibits.summary.words import absent
from insights.reports.exhibits.told import cell, find, finding_row
from insights.reports.findings import message_from
from insights.topics.evidence import Answer
from insights.topics.foretold import APART, CHANCE, CHANCE_IS, HOLDS, OPEN, RATIO, REPORT, REVERSED, WARNINGS
from insights.topics.summary.past import SHARE, verdicts

STANDS = {
    HOLDS: Message("still works"),
    REVERSED: Message("failed"),
    CHANCE: Message("failed"),
    OPEN: Message("cannot be told"),
}


def past(answer: Answer, rows: pd.DataFrame, bank: Bank) -> Exhibit:
    """Say which forecasts failed and which still work, with what came for each one foretold."""
    said, untold = verdicts(rows), answer.facts["untold"]
    if rows.empty:
        whys = [message_from(title) for title in untold.values()] or [Message("No forecast of this pack is kept.")]
        return Exhibit(answer.id, Message("What came of earlier forecasts cannot be told yet"), refusals=tuple(whys))
    columns = (
        Column("what", Message("Forecasts of")),
        Column("ahead", Message("Months ahead")),
        Column("packs", Message("Packs"), "count"),
        Column("came", Message("Came for each one foretold")),
        Column("apart", Message("Told apart, and what chance would be")),
        Column("stands", Message("How it stands")),
    )
    lines = tuple(_line(what, rows, said, untold, answer.facts["packs"]) for what in WHAT)
    return Exhibit(
        id=answer.id,
        title=_title(said),
        tables=(Table(columns, lines),),
        basis=dated(bank, Message("Each report tells more of its own forecasts, pack by pack.")),
        caveats=(
            Message(
                "Told apart: of two clients, how often the one in whom it came had been put first; for margins, what "
                "the tenth of the clients put first brought. Forecasts failed where chance explains their order and "
                "their interval holds nothing of use; after few events that cannot be told."
            ),
        ),
        estimates=tuple(
            finding_row(str(r["score"]), r, group={"what": str(r["what"])}, months=_months(r))
            for r in rows.to_dict("records")
        ),
    )


def _title(said: dict[str, str]) -> Message:
    failed = [WHAT[what] for what, verdict in said.items() if verdict in (REVERSED, CHANCE)]
    works = [WHAT[what] for what, verdict in said.items() if verdict == HOLDS]
    if failed:
        return Message("Forecasts of earlier packs failed: {names}", {"names": failed})
    if works:
        return Message("Forecasts of earlier packs still work: {names}", {"names": works})
    return Message("Whether forecasts of earlier packs still work cannot be told: too little happened")


def _line(
    what: str, rows: pd.DataFrame, said: dict[str, str], untold: dict[str, Any], packs: dict[str, int]
) -> dict[str, Any]:
    own = rows[rows["what"] == what]
    line: dict[str, Any] = {"what": WHAT[what], "ahead": "", "packs": "", "came": "", "apart": "", "stands": ""}
    if own.empty:
        refusal = untold.get(what)
        return line | {"stands": message_from(refusal) if refusal else absent(REPORT[what])}
    months = _months(own.to_dict("records")[0])
    line["ahead"] = "" if months is None else Message("{months:count}", {"months": months})
    if what == WARNINGS:
        share = find(own, score=SHARE)
        told = None if share is None else Message("{share:percent} settled", {"share": share.value})
        return line | {"packs": 1, "stands": told}
    line |= {"packs": packs.get(what, ""), "came": cell(find(own, score=RATIO), "number")}
    line["apart"] = Message(
        "{told}; chance {chance:percent}",
        {"told": cell(find(own, score=APART), "percent") or Message("withheld"), "chance": CHANCE_IS[what]},
    )
    return line | {"stands": STANDS[said[what]]}


def _months(row: dict[Any, Any]) -> int | None:
    return None if pd.isna(row["months"]) else int(row["months"])
