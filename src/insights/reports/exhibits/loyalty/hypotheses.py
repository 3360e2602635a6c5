"""All tests of the factors, with what was registered beforehand and what was merely looked at."""

from typing import Any

from insights.data.snapshot import Bank
from insights.models.loyalty.answers import LOYALTY
from insights.models.loyalty.tested import VALUE
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.loyalty.behaviour import OUTCOMES
from insights.reports.exhibits.loyalty.words import factor_label, segment_label, survey_basis
from insights.reports.exhibits.rows import records
from insights.reports.exhibits.told import finding_row
from insights.topics.evidence import Answer
from insights.topics.loyalty.hypotheses import LEVEL, Hypotheses

_DIRECTIONS = {"raises": Message("more"), "lowers": Message("less"), "": Message("none registered")}


def hypotheses(answer: Answer, found: Hypotheses, bank: Bank) -> Exhibit:
    """Count what is clear, and list every test."""
    rows = records(found.rows[found.rows["value"].notna()])
    clear = [r for r in rows if r["adjusted"] < LEVEL]
    registered = [r for r in rows if r["registered"]]
    holds = [r for r in registered if r in clear and r["found"] == r["expected"]]
    values = {"all": len(rows), "clear": len(clear), "registered": len(registered), "holds": len(holds)}
    values |= {"rest": len(rows) - len(registered), "other": len([r for r in clear if not r["registered"]])}
    title = (
        Message(
            "{holds:count} of {registered:count} registered claims hold; of {rest:count} other tests {other:count} are "
            "clear",
            values,
        )
        if registered
        else Message("{clear:count} of {all:count} tests are clear, allowing for how many were made", values)
    )
    sentences = [
        Message(
            "Registered claims are adjusted among themselves (Holm: at most one false alarm in twenty reports); of the "
            "others, what clients said, what they did, and what is kept by way of loyalty each by itself "
            "(Benjamini-Hochberg: at most one in twenty of the clear ones is false, on average)."
        )
    ]
    if not registered:
        sentences.append(Message("No claim was registered in the settings before anybody looked."))
    if answer.facts["missed"]:
        sentences.append(
            Message("Registered, but not to be tested with these data: {names}.", {"names": answer.facts["missed"]})
        )
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        tables=(_table(rows, bank),),
        basis=survey_basis(bank),
        caveats=(
            Message(
                "What clients did is tested for every factor on its own, the others held: with few leavers such a test "
                "finds little, and finding nothing is no proof that there is nothing."
            ),
        ),
        estimates=tuple(_estimates(found)),
    )


def _table(rows: list[dict[str, Any]], bank: Bank) -> Table:
    told = []
    for row in rows:
        outcome = _outcome(row, bank)
        verdict = _DIRECTIONS[row["found"]] if row["adjusted"] < LEVEL else Message("cannot be told")
        told.append(
            {
                "factor": factor_label(row["factor"], bank),
                "outcome": outcome,
                "expected": _DIRECTIONS[row["expected"]],
                "p": row["value"],
                "adjusted": row["adjusted"],
                "verdict": verdict,
            }
        )
    columns = (
        Column("factor", Message("Factor, one point more")),
        Column("outcome", Message("Goes with")),
        Column("expected", Message("Registered claim")),
        Column("p", Message("p"), "p"),
        Column("adjusted", Message("p, adjusted"), "p"),
        Column("verdict", Message("Found")),
    )
    return Table(columns, tuple(told), Message("All tests of the factors"))


def _outcome(row: dict[str, Any], bank: Bank) -> Message:
    if row["outcome"] == LOYALTY:
        return Message("stated loyalty")
    if row["outcome"] != VALUE:
        return OUTCOMES[row["outcome"]]
    if not row["segment"]:
        return Message("clients and value kept, by way of loyalty")
    return Message(
        "clients and value kept, by way of loyalty: {segment}", {"segment": segment_label(row["segment"], bank)}
    )


def _estimates(found: Hypotheses) -> list[dict[str, Any]]:
    lines = []
    for row in found.rows.to_dict("records"):
        group = {"factor": str(row["factor"]), "outcome": str(row["outcome"])}
        group |= {"segment": str(row["segment"])} if row["segment"] else {}
        lines.append(finding_row("p_value", row, group=group))
    return lines
