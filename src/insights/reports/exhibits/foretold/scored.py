"""How forecasts of earlier packs came out: whether they still put clients in the right order, at the right level."""

import math
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.foretold.words import FAILED, LEVELS, UNDECIDED, UNKNOWN, WHAT
from insights.reports.exhibits.needs.words import category_label
from insights.reports.exhibits.rows import dated
from insights.reports.exhibits.told import cell, find, finding_row
from insights.stats.results import Estimate
from insights.topics.evidence import Answer
from insights.topics.foretold import (
    ALL,
    APART,
    EXPECTED,
    LEAVING,
    NEEDS,
    OBSERVED,
    OPEN,
    RATIO,
    VALUE,
    level,
    verdict,
)
from insights.topics.lifecycle.foretold import LEFT, STAYED

RESTS_ON = {
    LEAVING: Message(
        "Risks of leaving within {months:months}, as their runs wrote them down; packs looked at: {n:count}."
    ),
    NEEDS: Message(
        "Chances of first purchases within {months:months}, as their runs wrote them down; packs looked at: {n:count}. "
        "Clients are told apart within each kind of product."
    ),
    VALUE: Message(
        "Margins of the {months:months} after, leaving allowed for, as their runs wrote them down; packs looked at: "
        "{n:count}."
    ),
}
LIMITS = {
    LEAVING: Message("Whoever stayed because the bank acted on the forecast counts as one who was wrongly named."),
    NEEDS: Message("Whoever bought because of an offer, and who would have bought without it: both count here."),
    VALUE: Message(
        "The interval is that of drawing clients. Markets move all of them at once and are not in it: one good or bad "
        "year is no verdict on the forecast."
    ),
}


def scored(answer: Answer, parts: dict[str, pd.DataFrame], bank: Bank) -> Exhibit:
    """Say whether the forecasts can still be used, and give what each pack foretold beside what came."""
    scores, facts = parts["scores"], answer.facts
    what, months = facts["what"], facts["months"]
    ratio, apart = (find(scores, pack=ALL, score=name) for name in (RATIO, APART))
    said = verdict(apart, what)
    tables = [_packs(parts, facts["packs"])]
    if "kinds" in parts:
        tables.append(_kinds(parts["kinds"], bank))
    if "fifths" in parts:
        tables += _fifths(parts["fifths"])
    return Exhibit(
        id=answer.id,
        title=_title(what, said, ratio, apart),
        sentences=_sentences(what, said, apart, facts),
        tables=tuple(tables),
        basis=dated(bank, Message(RESTS_ON[what].id, {"months": months, "n": len(facts["packs"])})),
        caveats=(LIMITS[what],),
        estimates=tuple(_estimates(parts, months)),
    )


def _title(what: str, said: str, ratio: Estimate | None, apart: Estimate | None) -> Message:
    values: dict[str, Any] = {"what": WHAT[what]}
    if said in FAILED:
        return Message(FAILED[said].id, values)
    if ratio is not None:
        values |= {"value": ratio.value, "low": ratio.low, "high": ratio.high}
    if said == OPEN:
        return Message(UNKNOWN.id if ratio is None else UNDECIDED.id, values)
    return Message(LEVELS[level(ratio)].id, values)


def _sentences(what: str, said: str, apart: Estimate | None, facts: dict[str, Any]) -> tuple[Message, ...]:
    lines = []
    if apart is not None:
        values = {"value": apart.value, "low": apart.low, "high": apart.high, "top": facts.get("top")}
        lines.append(
            Message(
                "The {top:share} of clients put first brought {value:percent} of everything ({low:bare_percent} to "
                "{high:bare_percent}); without any skill it would be {top:share}.",
                values,
            )
            if what == VALUE
            else Message(
                "Of two clients, the one in whom it came had been put first in {value:percent} of cases "
                "({low:bare_percent} to {high:bare_percent}); without any skill it would be half.",
                {name: values[name] for name in ("value", "low", "high")},
            )
        )
    if said in FAILED:
        lines.append(Message("Lists and decisions that rest on these forecasts should wait until the model is mended."))
    return tuple(lines)


def _packs(parts: dict[str, pd.DataFrame], days: list[str]) -> Table:
    """Return what each pack foretold beside what came; columns that no pack has are left out."""
    scores, counts = parts["scores"], parts.get("counts")
    rows = []
    for day in days:
        row: dict[str, Any] = {"pack": Message("{day:date}", {"day": day})}
        if counts is not None:
            told = counts[counts["pack"] == day].set_index("outcome")["clients"]
            left, stayed = (float(told.get(name, 0.0)) for name in (LEFT, STAYED))
            n, expected = left + stayed, find(scores, pack=day, score=EXPECTED)
            row |= {"clients": None if math.isnan(n) else n, "foretold": None if expected is None else expected.value}
            row["came"] = left / n if n > 0 else None
        row["ratio"] = cell(find(scores, pack=day, score=RATIO), "number")
        if (scores["score"] == APART).sum() > 1:  # not only that of all packs
            row["apart"] = cell(find(scores, pack=day, score=APART), "percent")
        rows.append(row)
    columns = (
        Column("pack", Message("Forecasts of")),
        Column("clients", Message("Clients"), "count"),
        Column("foretold", Message("Foretold"), "percent"),
        Column("came", Message("Came"), "percent"),
        Column("ratio", Message("Came for each one foretold")),
        Column("apart", Message("Put in the right order, of pairs")),
    )
    return Table(tuple(c for c in columns if any(c.key in row for row in rows)), tuple(rows))


def _kinds(rows: pd.DataFrame, bank: Bank) -> Table:
    lines = []
    for name in dict.fromkeys(str(k) for k in rows["kind"]):
        share = find(rows, kind=name, score=EXPECTED)
        lines.append(
            {
                "kind": category_label(name, bank),
                "n": None if share is None else float(share.n),
                "share": None if share is None else share.value,
                "ratio": cell(find(rows, kind=name, score=RATIO), "number"),
            }
        )
    columns = (
        Column("kind", Message("Kind of product")),
        Column("n", Message("Clients"), "count"),
        Column("share", Message("Foretold"), "percent"),
        Column("ratio", Message("Came for each one foretold")),
    )
    return Table(columns, tuple(lines), Message("Foretold and come by kind of product, over all packs together"))


def _fifths(rows: pd.DataFrame) -> tuple[Table, ...]:
    """Return what was foretold and what came by fifth of what was foretold, over all packs; nothing if none is told."""
    fifths = sorted({str(f) for f in rows["fifth"]}, key=int)
    lines = [
        {
            "fifth": Message("fifth {rank:count} of 5", {"rank": int(k)}),
            "foretold": None if (e := find(rows, fifth=k, what=EXPECTED)) is None else e.value,
            "came": cell(find(rows, fifth=k, what=OBSERVED), "percent"),
        }
        for k in fifths
    ]
    if all(line["came"] is None for line in lines):
        return ()
    columns = (
        Column("fifth", Message("What was foretold, the lowest first")),
        Column("foretold", Message("Foretold"), "percent"),
        Column("came", Message("Came (95% interval)")),
    )
    return (Table(columns, tuple(lines), Message("Foretold and come, over all packs together")),)


def _estimates(parts: dict[str, pd.DataFrame], months: int) -> list[dict[str, Any]]:
    lines = []
    for name, column, key in (("scores", "score", "pack"), ("fifths", "what", "fifth"), ("kinds", "score", "kind")):
        if name in parts:
            lines += [
                finding_row(str(r[column]), r, group={_GROUP.get(key, key): str(r[key])}, months=months)
                for r in parts[name].to_dict("records")
            ]
    return lines


_GROUP = {"kind": "category"}
