"""Conduct of staff in figures: alerts by rule, checks of identity, and to whom the names go."""

from typing import Any

from insights.data.snapshot import Bank
from insights.models.risk.conduct import FAILED, IDENTITY, REPEATED, STRANGERS
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
}


def conduct(answer: Answer, found: Access, bank: Bank) -> Exhibit:
    """Say whether access to client data was unlike peers and past, and who has the names."""
    facts = answer.facts
    names = facts["recipients"]
    said = [*_reads(found, facts)]
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
        ),
        caveats=(
            Message("An alert is a reason to look, not a verdict: a stand-in for a colleague looks the same."),
            Message("Alerts are about members of staff: few of them are withheld here as few clients are."),
        ),
        refusals=_refusals(facts),
        estimates=tuple(_estimates(found)),
    )


def _title(found: Access, facts: dict[str, Any]) -> Message:
    if found.alerts.empty:
        return Message("How often client data are looked at")
    if (found.alerts["clients"] == 0).all():
        return Message(
            "In {months:months} no access to client data was unlike a manager's peers and past",
            {"months": facts["months"]},
        )
    return Message(
        "In {months:months} some access to client data was unlike a manager's peers and past: internal control should "
        "look",
        {"months": facts["months"]},
    )


def _reads(found: Access, facts: dict[str, Any]) -> list[Message]:
    told = {str(r["what"]): number(r["rows"]) for r in found.reads.to_dict("records")}
    values: dict[str, Any] = {"n": told.get(READS), "failed": told.get(FAILED_READS), "none": told.get(UNCHECKED)}
    values["months"] = facts["months"]
    if values["n"] is None:
        return []
    if values["failed"] is None or values["none"] is None:
        return [Message("Client data were looked at {n:count} times in {months:months}.", values)]
    return [
        Message(
            "Client data were looked at {n:count} times in {months:months}; the check of identity failed "
            "{failed:count} times, and {none:count} times there was none.",
            values,
        )
    ]


def _table(found: Access, facts: dict[str, Any]) -> Table:
    rows = tuple(
        {"rule": RULES[str(r["rule"])], "alerts": number(r["clients"])} for r in found.alerts.to_dict("records")
    )
    columns = (Column("rule", Message("Unlike peers and past")), Column("alerts", Message("Alerts"), "count"))
    return Table(columns, rows, Message("Alerts of {months:months}", {"months": facts["months"]}))


def _refusals(facts: dict[str, Any]) -> tuple[Message, ...]:
    lines = [Message("{what}: {why}", {"what": RULES[rule], "why": why_not(why)}) for rule, why in facts["why"].items()]
    if facts["missing"]:
        what = Message("checks of identity")
        lines.append(Message("{what}: {why}", {"what": what, "why": needed(facts["missing"])}))
    return (
        *lines,
        Message("Bookings unlike a manager's peers: no table says which member of staff made a booking."),
        Message("Changed identities: no table says when an identity on file was changed, and by whom."),
    )


def _estimates(found: Access) -> list[dict[str, Any]]:
    lines = [
        count_row("staff_alerts", r["clients"], unit="alerts", group={"rule": str(r["rule"])})
        for r in found.alerts.to_dict("records")
    ]
    return lines + [count_row(str(r["what"]), r["rows"], unit="accesses") for r in found.reads.to_dict("records")]
