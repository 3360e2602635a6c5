"""What the exhibits of value say alike: names of components, what a margin is, and what it leaves out."""

import math
from typing import Any

from insights.data.snapshot import Bank
from insights.models.value.margins import ASSETS
from insights.reports.exhibits.base import Message
from insights.reports.exhibits.rows import basis
from insights.reports.wording.labels import code_label
from insights.topics.value.cells import REST as OTHER_GROUPS
from insights.topics.value.margin import REST

COMPONENTS = {
    "fee": Message("Fees"),
    "interest_margin": Message("Interest margin"),
    "transaction_income": Message("Transaction income"),
    "other": Message("Other income and costs"),
    "cost_to_serve": Message("Cost to serve"),
    "credit_loss": Message("Expected credit loss"),
    "capital": Message("Cost of capital"),
    REST: Message("Other components, together"),
}

MARGIN_OF_A_YEAR = Message(
    "Value is the margin of the twelve months to {end:date}, after the costs of risk and capital."
)


def component_label(name: str) -> Message:
    """Return what a component of the margin is called."""
    return COMPONENTS[name]


def margin_basis(bank: Bank, facts: dict[str, Any], *more: Message) -> tuple[Message, ...]:
    """Return what a margin is made of, and what the exhibit rests on."""
    rules = bank.settings.value
    values = {"rate": rules.cost_of_capital_rate, "loan": rules.capital_per_loan, "income": rules.capital_per_income}
    lines = [
        Message("Margin: {components}.", {"components": [component_label(name) for name in facts["components"]]}),
        Message(
            "Cost of capital: {rate:percent} a year on {loan:percent} of loans drawn and {income:share} of a year's "
            "income.",
            values,
        ),
    ]
    if "credit_loss" in facts["components"]:
        values = {"rate": facts["default_rate"], "loss": rules.loss_given_default}
        values["covered"] = rules.loss_given_default_covered
        lines.append(
            Message(
                "Expected credit loss: {rate:percent} of performing loans default in a year, by the bank's own "
                "record; then {loss:share} of what nothing covers is lost, and {covered:share} of the rest.",
                values,
            )
            if facts["own_rate"]
            else Message(
                "Expected credit loss: {rate:percent} of performing loans are taken to default in a year (settings: "
                "too few have); then {loss:share} of what nothing covers is lost, and {covered:share} of the rest.",
                values,
            )
        )
    return basis(bank, *more, *lines)


def margin_gaps(facts: dict[str, Any]) -> tuple[Message, ...]:
    """Say which parts of a margin the bank does not deliver."""
    parts = ("fee", "interest_margin", "transaction_income", "cost_to_serve", "credit_loss")
    missing = [COMPONENTS[name] for name in parts if name not in facts["components"]]
    if not missing:
        return ()
    return (Message("Not delivered by the bank, and so not in the margin: {parts}.", {"parts": missing}),)


def value_basis(bank: Bank, facts: dict[str, Any], *more: Message) -> tuple[Message, ...]:
    """Return what the value of a client is here, and what the exhibit rests on."""
    values = {"end": facts["end"]}
    what = (
        Message(
            "Value is told in average assets over the twelve months to {end:date}: revenue is not delivered.", values
        )
        if facts["basis"] == ASSETS
        else Message(MARGIN_OF_A_YEAR.id, values)
    )
    return basis(bank, *more, what, Message("A count of all clients, not a sample: it has no interval."))


def group_label(by: str, code: str, bank: Bank) -> Message | str:
    """Return the group in words; those put together have a name of their own."""
    if code == OTHER_GROUPS:
        return Message("Other groups, together")
    return code_label(by, code, bank.settings.labels)


def told(value: float) -> float | None:
    """Return the number, None where it is withheld."""
    return None if math.isnan(value) else value
