"""Who may read which list of clients, when that was last audited, and what the checks of access found."""

from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.risk.conduct import RULES, reads_sentences
from insights.reports.exhibits.rows import count_row, dated, number
from insights.reports.wording.labels import code_label
from insights.topics.evidence import Answer
from insights.topics.risk.security import Security


def security(answer: Answer, found: Security, bank: Bank) -> Exhibit:
    """Say when access was last audited and by whom, who may read which list, and what the checks found."""
    facts = answer.facts
    return Exhibit(
        id=answer.id,
        title=_title(facts),
        sentences=(*_owner(facts, bank), *_readers(found), *_found(facts, found)),
        tables=(*_lists(found), *_alerts(facts, found)),
        basis=dated(
            bank,
            Message(
                "Recipients, their groups and the audit are those of the settings. Every list that was made, handed "
                "out or turned back into names is in a log whose lines hold each other; insights history checks it."
            ),
            Message(
                "Ids are replaced by keyed pseudonyms before anything is stored; lists lie outside the reports, and "
                "nobody but the recipient's group may open them."
            ),
        ),
        caveats=(
            Message("Whether disks and connections are encrypted, and who is in each group, is outside this system."),
        ),
        refusals=(Message("Checks of access: no access to client data is on record."),)
        if facts["months"] is None
        else (),
        estimates=tuple(_estimates(found)),
    )


def overdue_message(facts: dict[str, Any]) -> Message | None:
    """Return the line that the audit of access is overdue; None where it is not."""
    if not facts["overdue"]:
        return None
    if facts["audit"] is None:
        return Message("no audit of access to client data is on record")
    return Message("the audit of access to client data is overdue since {due:date}", {"due": facts["due"]})


def _title(facts: dict[str, Any]) -> Message:
    values = {"audit": facts["audit"], "due": facts["due"]}
    if facts["audit"] is None:
        return Message("No audit of access to client data is on record")
    if facts["overdue"]:
        return Message(
            "The last audit of access to client data was on {audit:date}: the next was due {due:date}", values
        )
    return Message("The last audit of access to client data was on {audit:date}; the next is due {due:date}", values)


def _owner(facts: dict[str, Any], bank: Bank) -> tuple[Message, ...]:
    if facts["owner"] is None:
        return (Message("Nobody is named who answers for it (risk.security.owner)."),)
    owner = code_label("owner", facts["owner"], bank.settings.labels)
    return (Message("{owner} answers for it, every {months:months}.", {"owner": owner, "months": facts["every"]}),)


def _readers(found: Security) -> tuple[Message, ...]:
    if found.lists.empty:
        return (Message("Client-level lists are not written until bank.toml names who may read them."),)
    values = {"n": float(found.lists["recipient"].nunique()), "m": float(found.lists["list"].nunique())}
    values["k"] = float(found.lists.loc[found.lists["by_manager"], "list"].nunique())
    return (
        Message(
            "{n:count} recipients may read {m:count} lists; of {k:count} lists each manager is handed the part of his "
            "own clients.",
            values,
        ),
    )


def _found(facts: dict[str, Any], found: Security) -> tuple[Message, ...]:
    if facts["months"] is None:
        return ()
    said = list(reads_sentences(found.reads, facts["months"]))
    alerts = found.alerts["clients"]
    if len(alerts) and (alerts == 0).all():
        said.append(Message("No access was unlike a manager's peers and past."))
    elif len(alerts):
        said.append(Message("Some access was unlike a manager's peers and past: see the table."))
    return tuple(said)


def _lists(found: Security) -> tuple[Table, ...]:
    if found.lists.empty:
        return ()
    rows = tuple(
        {
            "list": str(r["list"]),
            "recipient": str(r["recipient"]),
            "group": str(r["group"]),
            "parts": Message("yes") if r["by_manager"] else Message("no"),
        }
        for r in found.lists.to_dict("records")
    )
    columns = (
        Column("list", Message("List")),
        Column("recipient", Message("Recipient")),
        Column("group", Message("System group")),
        Column("parts", Message("Managers get their part")),
    )
    return (Table(columns, rows, Message("Who may read which list")),)


def _alerts(facts: dict[str, Any], found: Security) -> tuple[Table, ...]:
    if found.alerts.empty:
        return ()
    rows = tuple(
        {"rule": RULES[str(r["rule"])], "alerts": number(r["clients"])} for r in found.alerts.to_dict("records")
    )
    columns = (Column("rule", Message("Check of access")), Column("alerts", Message("Alerts"), "count"))
    return (Table(columns, rows, Message("Alerts of {months:months}", {"months": facts["months"]})),)


def _estimates(found: Security) -> list[dict[str, Any]]:
    lines = [
        count_row("access_alerts", r["clients"], unit="alerts", group={"rule": str(r["rule"])})
        for r in found.alerts.to_dict("records")
    ]
    return lines + [count_row(str(r["what"]), r["rows"], unit="accesses") for r in found.reads.to_dict("records")]
