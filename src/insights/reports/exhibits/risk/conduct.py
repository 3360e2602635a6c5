"""Conduct of staff in figures: alerts by rule, checks of identity, and to whom the names go."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.risk.bookings import CHANGED, PAID_OUT, TRADES
from insights.models.risk.conduct import CHECK_RULES, FAILED, IDENTITY, READ_RULES, REPEATED, STRANGERS
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.risk.words import why_not
from insights.reports.exhibits.rows import count_row, dated, needed, number
from insights.topics.evidence import Answer
from insights.topics.risk.conduct import FAILED_READS, READS, UNCHECKED, Access

RULES = {
    STRANGERS: Message("clients looked at who never were the manager's own"),
    REPEATED: Message("the same client looked at again and again"),
    FAILED: Message("failed checks of identity by one manager"),
    IDENTITY: Message("failed checks of identity of one client"),
    TRADES: Message("trades for the manager's clients"),
    PAID_OUT: Message("payments out of the accounts of the manager's clients"),
    CHANGED: Message("identities or addresses on file of the manager's clients changed"),
}
_GROUPS = (
    (READ_RULES, Message("access to client data")),
    (CHECK_RULES, Message("checks of identity")),
    ((TRADES, PAID_OUT), Message("bookings")),
    ((CHANGED,), Message("changed identities and addresses")),
)
"""What the rules rest on, for those that the bank's tables cannot tell of."""


def conduct(answer: Answer, found: Access, bank: Bank) -> Exhibit:
    """Say whether access to client data was unlike peers and past, and who has the names."""
    facts = answer.facts
    names = facts["recipients"]
    said = [*reads_sentences(found.reads, facts["months"])]
    said.append(
        Message("The list of them goes to: {names}.", {"names": names})
        if names
        else Message("Nobody receives the list: name a recipient of the list staff_conduct in the settings.")
    )
    return Exhibit(
        id=answer.id,
        title=_title(found, facts),
        sentences=tuple(said),
        tables=(_table(found, facts),) if len(found.alerts) else (),
        basis=dated(
            bank,
            Message(
                "Each manager and month is held against all others and against the manager's own earlier months "
                "(negative binomial with the spread of the bulk). Each rule gives a false alarm in one of a hundred "
                "records of this length."
            ),
            Message(
                "Bookings and changes count for the manager whose client it was then, per client, beside what all "
                "clients had in the same month: what moves everybody is nobody's alarm."
            ),
        ),
        caveats=(
            Message("An alert is a reason to look, not a verdict: a stand-in for a colleague looks the same."),
            Message("Alerts are about members of staff: few of them are withheld here as few clients are."),
            Message("No table says which member of staff made a booking or a change: it may have been another one."),
        ),
        refusals=_refusals(facts),
        estimates=tuple(_estimates(found)),
    )


def _title(found: Access, facts: dict[str, Any]) -> Message:
    if found.alerts.empty:
        return Message("How often client data are looked at")
    if (found.alerts["clients"] == 0).all():
        return Message(
            "In {months:months} nothing that staff did with client data or bookings was unlike peers and past",
            {"months": facts["months"]},
        )
    return Message(
        "In {months:months} some access or bookings of staff were unlike peers and past: internal control should look",
        {"months": facts["months"]},
    )


def reads_sentences(reads: pd.DataFrame, months: int) -> tuple[Message, ...]:
    """Say how often client data were looked at, and how checks of identity went."""
    told = {str(r["what"]): number(r["rows"]) for r in reads.to_dict("records")}
    values: dict[str, Any] = {"n": told.get(READS), "failed": told.get(FAILED_READS), "none": told.get(UNCHECKED)}
    values["months"] = months
    if values["n"] is None:
        return ()
    if values["failed"] is None or values["none"] is None:
        return (Message("Client data were looked at {n:count} times in {months:months}.", values),)
    return (
        Message(
            "Client data were looked at {n:count} times in {months:months}; the check of identity failed "
            "{failed:count} times, and {none:count} times there was none.",
            values,
        ),
    )


def _table(found: Access, facts: dict[str, Any]) -> Table:
    rows = tuple(
        {"rule": RULES[str(r["rule"])], "alerts": number(r["clients"])} for r in found.alerts.to_dict("records")
    )
    columns = (Column("rule", Message("Unlike peers and past")), Column("alerts", Message("Alerts"), "count"))
    return Table(columns, rows, Message("Alerts of {months:months}", {"months": facts["months"]}))


def _refusals(facts: dict[str, Any]) -> tuple[Message, ...]:
    lines = [Message("{what}: {why}", {"what": RULES[rule], "why": why_not(why)}) for rule, why in facts["why"].items()]
    for rules, what in _GROUPS:
        needs = dict.fromkeys(need for rule in rules for need in facts["missing"].get(rule, []))
        if any(rule in facts["missing"] for rule in rules):
            lines.append(Message("{what}: {why}", {"what": what, "why": needed(list(needs))}))
    return tuple(lines)


def _estimates(found: Access) -> list[dict[str, Any]]:
    lines = [
        count_row("staff_alerts", r["clients"], unit="alerts", group={"rule": str(r["rule"])})
        for r in found.alerts.to_dict("records")
    ]
    return lines + [count_row(str(r["what"]), r["rows"], unit="accesses") for r in found.reads.to_dict("records")]
