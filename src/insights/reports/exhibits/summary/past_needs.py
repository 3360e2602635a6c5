"""How the first purchases that earlier packs foretold came out."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.needs.words import category_label
from insights.reports.exhibits.rows import dated
from insights.reports.exhibits.summary.past import fifths, score_estimates
from insights.reports.exhibits.told import cell, find, finding_row
from insights.stats.results import Estimate
from insights.topics.evidence import Answer
from insights.topics.summary.past import ALL, CHANCE, FITS, HIGH, LOW, OPEN, REVERSED, level, verdict
from insights.topics.summary.past_needs import FORETOLD, RATIO

TITLES = {
    REVERSED: Message("The predictions of first purchases failed: those named as likely bought less often"),
    CHANCE: Message("The predictions of first purchases failed: those named as likely bought no more often"),
    OPEN: Message("How the predictions of first purchases came out cannot be told yet: too few clients bought"),
}
LEVELS = {
    HIGH: Message("The predictions of first purchases tell clients apart, but more was bought than foretold"),
    LOW: Message("The predictions of first purchases tell clients apart, but less was bought than foretold"),
    FITS: Message("First purchases came as foretold: as many, and by those named as likely"),
    OPEN: Message("The predictions of first purchases tell clients apart"),
}


def past_needs(answer: Answer, parts: dict[str, pd.DataFrame], bank: Bank) -> Exhibit:
    """Say whether the predictions held, and for which kinds of product."""
    scores, facts = parts["scores"], answer.facts
    auc, ratio = (find(scores, pack=ALL, score=name) for name in ("auc", "ratio"))
    said = verdict(auc)
    return Exhibit(
        id=answer.id,
        title=TITLES.get(said) or LEVELS[level(ratio)],
        sentences=_sentences(auc, ratio, facts, said),
        tables=(_kinds(parts["kinds"], bank), *fifths(parts["fifths"])),
        basis=dated(
            bank,
            Message(
                "First purchases of a kind of product within {months:months}, as the runs of {n:count} packs wrote "
                "them down; clients are told apart within each kind.",
                {"months": facts["months"], "n": len(facts["packs"])},
            ),
        ),
        caveats=(
            Message("Whoever bought because of an offer, and who would have bought without it: both count here."),
        ),
        estimates=tuple(_estimates(parts, facts["months"])),
    )


def _sentences(auc: Estimate | None, ratio: Estimate | None, facts: dict[str, Any], said: str) -> tuple[Message, ...]:
    lines = []
    if ratio is not None:
        values = {"value": ratio.value, "low": ratio.low, "high": ratio.high, "packs": len(facts["packs"])}
        lines.append(
            Message(
                "For each first purchase foretold {value:number} were made ({low:number} to {high:number}); packs "
                "looked at: {packs:count}.",
                values,
            )
        )
    if auc is not None:
        values = {"value": auc.value, "low": auc.low, "high": auc.high}
        lines.append(
            Message(
                "Of two clients, the one who bought had been given the higher chance in {value:percent} of cases "
                "({low:bare_percent} to {high:bare_percent}).",
                values,
            )
        )
    if said in (REVERSED, CHANCE):
        lines.append(Message("Offers should not be chosen by these predictions until the model is mended."))
    return tuple(lines)


def _kinds(rows: pd.DataFrame, bank: Bank) -> Table:
    names = list(dict.fromkeys(str(k) for k in rows["kind"]))
    lines = []
    for name in names:
        share = find(rows, kind=name, score=FORETOLD)
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
        Column("share", Message("Foretold to buy"), "percent"),
        Column("ratio", Message("Bought, of those foretold")),
    )
    return Table(columns, tuple(lines), Message("First purchases beside what was foretold, by kind of product"))


def _estimates(parts: dict[str, pd.DataFrame], months: int) -> list[dict[str, Any]]:
    lines = score_estimates(parts, months)
    return lines + [
        finding_row(f"kind_{r['score']}", r, group={"category": str(r["kind"])}, months=months)
        for r in parts["kinds"].to_dict("records")
    ]
