"""How what earlier packs foretold came out, and whether the predictions can still be used."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.rows import dated
from insights.reports.exhibits.told import cell, find, finding_row
from insights.stats.results import Estimate
from insights.topics.evidence import Answer
from insights.topics.summary.past import (
    ALL,
    CHANCE,
    EXPECTED,
    FITS,
    GROUPS,
    HIGH,
    LEFT,
    LOW,
    OBSERVED,
    OPEN,
    REVERSED,
    STAYED,
    level,
    verdict,
)

TITLES = {
    REVERSED: Message("The predictions of leaving failed: those named as risky left less often than the others"),
    CHANCE: Message("The predictions of leaving failed: those named as risky left no more often than the others"),
    OPEN: Message("How the predictions of earlier packs came out cannot be told yet: too few clients left"),
}
LEVELS = {
    HIGH: Message("The predictions of leaving tell clients apart, but more left than foretold"),
    LOW: Message("The predictions of leaving tell clients apart, but fewer left than foretold"),
    FITS: Message(
        "The predictions of earlier packs came true: as many left as foretold, and those named as risky first"
    ),
    OPEN: Message("The predictions of leaving tell clients apart"),
}


def past(answer: Answer, parts: dict[str, pd.DataFrame], bank: Bank) -> Exhibit:
    """Say whether the predictions held, and give what each pack foretold beside what came."""
    scores, facts = parts["scores"], answer.facts
    auc, ratio = (find(scores, pack=ALL, score=score) for score in ("auc", "ratio"))
    rows = tuple(_cells(day, parts) for day in facts["packs"])
    columns = (
        Column("pack", Message("Predictions of")),
        Column("clients", Message("Clients"), "count"),
        Column("foretold", Message("Foretold to leave"), "percent"),
        Column("came", Message("Left"), "percent"),
        Column("ratio", Message("Left, of those foretold")),
        Column("auc", Message("Told apart (AUC)")),
    )
    said = verdict(auc)
    return Exhibit(
        id=answer.id,
        title=TITLES.get(said) or LEVELS[level(ratio)],
        sentences=_sentences(auc, ratio, facts, said),
        tables=(Table(columns, rows), *fifths(parts["fifths"])),
        basis=dated(
            bank,
            Message(
                "Predictions as their runs wrote them down, for {months:months} ahead; a client counts once for every "
                "pack.",
                {"months": facts["months"]},
            ),
        ),
        caveats=(
            Message(
                "An AUC of 0.5 is chance, 1 is perfect: the probability that of two clients the one who left had been "
                "given the higher risk."
            ),
        ),
        estimates=tuple(score_estimates(parts, facts["months"])),
    )


def fifths(rows: pd.DataFrame) -> tuple[Table, ...]:
    """Return what was foretold and what came by fifth of what was foretold, over all packs; nothing if none is told."""
    lines = [
        {
            "fifth": Message("fifth {rank:count} of 5", {"rank": k}),
            "foretold": None if (e := find(rows, fifth=str(k), what=EXPECTED)) is None else e.value,
            "came": cell(find(rows, fifth=str(k), what=OBSERVED), "percent"),
        }
        for k in range(1, GROUPS + 1)
    ]
    if all(line["came"] is None for line in lines):
        return ()
    columns = (
        Column("fifth", Message("What was foretold, the lowest first")),
        Column("foretold", Message("Foretold"), "percent"),
        Column("came", Message("Came (95% interval)")),
    )
    return (Table(columns, tuple(lines), Message("Foretold and come, over all packs together")),)


def score_estimates(parts: dict[str, pd.DataFrame], months: int) -> list[dict[str, Any]]:
    """Return scores by pack, and what was foretold and came by fifth, as rows of a finding."""
    lines = [
        finding_row(str(r["score"]), r, group={"pack": str(r["pack"])}, months=months)
        for r in parts["scores"].to_dict("records")
    ]
    return lines + [
        finding_row(str(r["what"]), r, group={"fifth": str(r["fifth"])}, months=months)
        for r in parts["fifths"].to_dict("records")
    ]


def _sentences(auc: Estimate | None, ratio: Estimate | None, facts: dict[str, Any], said: str) -> tuple[Message, ...]:
    lines = []
    if ratio is not None:
        values = {"value": ratio.value, "low": ratio.low, "high": ratio.high, "packs": len(facts["packs"])}
        lines.append(
            Message(
                "For each client foretold to leave {value:number} left ({low:number} to {high:number}); packs looked "
                "at: {packs:count}.",
                values,
            )
        )
    if auc is not None:
        values = {"value": auc.value, "low": auc.low, "high": auc.high}
        lines.append(
            Message(
                "Of two clients, the one who left had the higher risk in {value:percent} of cases ({low:bare_percent} "
                "to {high:bare_percent}).",
                values,
            )
        )
    if said in (REVERSED, CHANCE):
        lines.append(
            Message("Lists and decisions that rest on these predictions should not be used until the model is mended.")
        )
    return tuple(lines)


def _cells(day: str, parts: dict[str, pd.DataFrame]) -> dict[str, Any]:
    counts, scores = parts["counts"], parts["scores"]
    told = counts[counts["pack"] == day].set_index("outcome")["clients"]
    left, stayed = (float(told.get(name, 0.0)) for name in (LEFT, STAYED))
    n = left + stayed
    expected = find(scores, pack=day, score="expected")
    return {
        "pack": Message("{day:date}", {"day": day}),
        "clients": n,
        "foretold": None if expected is None else expected.value,
        "came": left / n if n > 0 else None,
        "ratio": cell(find(scores, pack=day, score="ratio"), "number"),
        "auc": cell(find(scores, pack=day, score="auc"), "number"),
    }
