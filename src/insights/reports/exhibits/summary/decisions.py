"""Decisions that the findings support: what to do, how much money is in it, why, and what would change our mind."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Exhibit, Message, Paragraph
from insights.reports.exhibits.loyalty.words import factor_label
from insights.reports.exhibits.rows import dated
from insights.reports.exhibits.summary.words import amount
from insights.reports.wording.labels import code_label
from insights.topics.evidence import Answer

WHAT = {
    "programme": Message("Offer the programme “{of}” to all clients at risk"),
    "above_risk": Message("Settle the products above the risk that {n:count} clients accept"),
    "loans": Message("Secure the loans that are late, in default or near their collateral"),
    "offers": Message("Make the {n:count} suitable offers that are ready"),
    "lever": Message("Improve {of} first"),
    "gap": Message("Offer {of} to the {n:count} clients who lack what most clients like them hold"),
}
SIZE = {
    "programme": Message("{size} of assets kept in the next twelve months"),
    "above_risk": Message("{size} held in these products"),
    "loans": Message("{size} expected to be lost on all loans in the next twelve months"),
    "offers": Message("{size} of assets in three months, each offer with its chance and at what such clients hold"),
    "lever": Message("{size} of lifetime value, for one point more"),
    "gap": Message("{size} of assets if all of them did"),
}
WHY = {
    "programme": Message("drawn by lot, it kept {proof:count} clients ({low:count} to {high:count})"),
    "above_risk": Message("counted from the books: {proof:count} clients"),
    "loans": Message(
        "last year's defaults were {proof:number} times those foretold ({low:number} to {high:number}), so the "
        "forecast held"
    ),
    "offers": Message(
        "at past dates {proof:points} more of those named bought ({low:points} to {high:points}) than by offering the "
        "same as last time; the best simple rule may do as well; foretold, not drawn by lot"
    ),
    "lever": Message(
        "one point more goes with {proof:tenths} fewer clients lost a year ({low:tenths} to {high:tenths}); observed, "
        "not drawn by lot"
    ),
    "gap": Message(
        "clients with such a gap filled it in {proof:percent} of cases within a year ({low:bare_percent} to "
        "{high:bare_percent}), more often than others took it up; observed, not drawn by lot"
    ),
}
MIND = {
    "programme": Message(
        "a pack in which the interval of the clients kept reaches zero, or the cost exceeds what they bring"
    ),
    "above_risk": Message(
        "a renewed statement of the risk that the client accepts, or a wrong risk class of the product"
    ),
    "loans": Message("a pack in which the defaults were clearly fewer than foretold"),
    "offers": Message("a pack in which those named buy no more often than by offering the same as last time"),
    "lever": Message("a programme drawn by lot that moves this factor and not the leavers"),
    "gap": Message("a pack in which such clients fill the gap no more often than others take it up"),
}


def decisions(answer: Answer, found: pd.DataFrame, bank: Bank) -> Exhibit:
    """Give each decision with its size, its evidence, and what would change our mind."""
    rows = found.to_dict("records")
    if not rows:
        return Exhibit(
            id=answer.id,
            title=Message("The findings of this pack support no decision"),
            sentences=(
                Message("Nothing tested here is clear enough, or the reports that test it are not in the pack."),
            ),
            basis=dated(bank),
        )
    first = rows[0]
    return Exhibit(
        id=answer.id,
        title=Message(
            "{n:count} decisions are worth taking; the best founded: {what}",
            {"n": len(rows), "what": _what(first, bank)},
        )
        if len(rows) > 1
        else Message("One decision is worth taking: {what}", {"what": _what(first, bank)}),
        paragraphs=tuple(_paragraph(r, bank) for r in rows),
        basis=dated(
            bank,
            Message(
                "The better founded comes first: drawn by lot, counted from the books, forecast and tested, observed."
            ),
        ),
        caveats=(
            Message("The sizes do not add up: the same client may stand in several of them."),
            Message("A decision is listed only while the findings of the pack support it."),
        ),
        estimates=tuple(_estimate(r) for r in rows),
    )


def _of(row: dict[Any, Any], bank: Bank) -> Message | str:
    if row["decision"] == "lever":
        return factor_label(str(row["of"]), bank)
    if row["decision"] == "gap":
        return code_label("category", str(row["of"]), bank.settings.labels)
    if row["decision"] == "programme":
        return code_label("programme", str(row["of"]), bank.settings.labels)
    return str(row["of"])


def _what(row: dict[Any, Any], bank: Bank) -> Message:
    return Message(WHAT[row["decision"]].id, {"of": _of(row, bank), "n": row["people"]})


def _paragraph(row: dict[Any, Any], bank: Bank) -> Paragraph:
    size = amount(row["value"], row["low"], row["high"], "money")
    proof = {"proof": row["proof_value"], "low": row["proof_low"], "high": row["proof_high"]}
    said = (
        Message("Size: {size}", {"size": Message(SIZE[row["decision"]].id, {"size": size})}),
        Message("Evidence: {why}", {"why": Message(WHY[row["decision"]].id, proof)}),
        Message("What would change our mind: {mind}", {"mind": MIND[row["decision"]]}),
    )
    report = str(row["proof"]).partition(".")[0]
    return Paragraph(_what(row, bank), report, said)


def _estimate(row: dict[Any, Any]) -> dict[str, Any]:
    interval = not pd.isna(row["low"])
    group = {"decision": str(row["decision"]), "strength": str(row["strength"])}
    if row["of"]:
        group["of"] = str(row["of"])
    return {
        "name": "size",
        "group": group,
        "months": None,
        "value": row["value"],
        "low": row["low"] if interval else None,
        "high": row["high"] if interval else None,
        "level": 0.95 if interval else None,
        "unit": "money",
        "n": None,
        "n_events": None,
        "status": "shown",
    }
