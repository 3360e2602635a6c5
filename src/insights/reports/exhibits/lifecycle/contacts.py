"""Whom to talk to first: how the restricted list is ranked, and how much of the danger it covers."""

from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.lifecycle.figures import reason_label
from insights.reports.exhibits.rows import basis, count_row, records
from insights.reports.exhibits.told import find, finding_row
from insights.topics.evidence import Answer
from insights.topics.lifecycle.contacts import BY_CLIENT, BY_RISK, IN_PROPORTION
from insights.topics.lifecycle.lists import LISTED, OTHERS, Plan

_GROUPS = {LISTED: Message("On the list"), OTHERS: Message("All others")}
_RANKED = {
    BY_CLIENT: Message(
        "Ranked by effect × value − cost: the experiment “{programme}” shows who gains from it, and by how much."
    ),
    IN_PROPORTION: Message(
        "Ranked by effect × value − cost: the experiment “{programme}” shows that it works, but not for whom more, so "
        "its relative effect is taken to be the same for all."
    ),
    BY_RISK: Message(
        "Ranked by risk × assets: no experiment shows that talking helps, so the list says where the danger is, not "
        "where a talk would change it."
    ),
}


def contact_plan(answer: Answer, plan: Plan, bank: Bank) -> Exhibit:
    """Say how the contacts are ranked, how many there are, and what they cover."""
    facts = answer.facts
    n, assets = plan.value("clients", "clients", LISTED), plan.value("assets", "amount", LISTED)
    rest = plan.value("assets", "amount", OTHERS)
    values: dict[str, Any] = {"n": n, "money": assets, "programme": facts["programme"], "capacity": facts["capacity"]}
    values |= {"reason": reason_label(facts["main"], bank), "cost": facts["cost"], "months": facts["months"]}
    if n is not None and assets is not None and rest is not None and assets + rest > 0:
        values["share"] = assets / (assets + rest)
        title = Message("Talking to {n:count} clients first would cover {share:share} of the assets at risk", values)
    elif n is not None:
        title = Message("The managers' lists hold {n:count} clients to talk to first", values)
    else:
        title = Message("Whom to talk to first stands in the managers' lists", values)
    sentences = [_RANKED[facts["basis"]]]
    sentences = [Message(sentences[0].id, values)]
    gain = find(plan.rows, group=LISTED, measure="gain")
    if gain is not None:
        values |= {"gain": gain.value, "gaining": float(gain.n)}
        sentences.append(
            Message(
                "If the programme does for {gaining:count} of them what it did in the experiment, it brings "
                "{gain:money} within {months:months}, after the cost of the contacts.",
                values,
            )
            if facts["by_income"]
            else Message(
                "If the programme does for {gaining:count} of them what it did in the experiment, it keeps "
                "{gain:money} of assets within {months:months}.",
                values,
            )
        )
    sentences.append(
        Message("Each manager's list holds as many as he can speak to in a month: {capacity:count}.", values)
    )
    columns = (
        Column("group", Message("Clients in force")),
        Column("clients", Message("Clients"), "count"),
        Column("leavers", Message("Expected to leave within twelve months: {reason}", values), "count"),
        Column("assets", Message("Assets at risk"), "money"),
    )
    leavers = {g: find(plan.rows, group=g, measure="leavers") for g in (LISTED, OTHERS)}
    lines = tuple(
        {
            "group": _GROUPS[g],
            "clients": plan.value("clients", "clients", g),
            "leavers": None if (found := leavers[g]) is None else found.value,
            "assets": plan.value("assets", "amount", g),
        }
        for g in (LISTED, OTHERS)
    )
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        tables=(Table(columns, lines, Message("What the lists cover")),),
        basis=basis(
            bank,
            Message(
                "Assets at risk are each client's assets times his risk of leaving within twelve months: {reason}.",
                values,
            ),
            Message("Value is what a client brought in over the last twelve months, costs taken off.")
            if facts["by_income"]
            else Message("Value is the client's assets: revenue is not delivered, and so no cost is taken off."),
            Message("Cost per contact: {cost:money}.", values),
        ),
        caveats=_caveats(facts),
        estimates=tuple(_estimates(plan, bank)),
    )


def _caveats(facts: dict[str, Any]) -> tuple[Message, ...]:
    lines = [Message("Names stand in the restricted lists only, one for each recipient, never in a report.")]
    if facts["basis"] != BY_RISK:
        lines.append(
            Message(
                "Clients already in the programme come after the others, by risk × assets: it can do no more for them."
            )
        )
    lines.append(
        Message(
            "Every client counts here, with all his assets; the forecast of leavers leaves out of the money whoever is "
            "so large that one or two would decide the sum."
        )
    )
    lines.append(Message("A reason says what goes with a client's risk, not that changing it would keep him."))
    return tuple(lines)


def _estimates(plan: Plan, bank: Bank) -> list[dict[str, Any]]:
    told = []
    for row in records(plan.clients):
        told.append(count_row("clients", row["clients"], unit="clients", group={"group": row["group"]}))
    for row in records(plan.assets):
        unit = bank.settings.bank.currency
        told.append(count_row("assets_at_risk", row["amount"], unit=unit, group={"group": row["group"]}))
    for line in plan.rows.to_dict("records"):
        told.append(finding_row(str(line["measure"]), line, group={"group": str(line["group"])}))
    return told
