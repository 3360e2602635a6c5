"""What the exhibits of clients say alike: names of segments and variables, what segments are, what is to be done."""

import math
from typing import Any

from insights.data.snapshot import Bank
from insights.models.segments.model import OWN
from insights.models.segments.names import ALL, MIDDLE
from insights.models.segments.variables import EXPERIENCE, RISK, WEALTH
from insights.reports.exhibits.base import Message
from insights.reports.exhibits.rows import basis
from insights.reports.wording.labels import code_label

_TRAITS = {
    "wealth-high": Message("wealthy"),
    "wealth-low": Message("of smaller means"),
    "risk-high": Message("willing to take risk"),
    "risk-low": Message("cautious"),
    "experience-high": Message("experienced"),
    "experience-low": Message("new to investing"),
}
VARIABLES = {
    WEALTH: Message("assets"),
    RISK: Message("risk tolerance"),
    EXPERIENCE: Message("investment experience"),
}
NOTHING = Message("–")


def segment_label(code: str, bank: Bank) -> Message | str:
    """Return what a segment is called: the bank's own name, or what sets it apart."""
    if bank.has("clients", "segment"):
        return code_label("segment", code, bank.settings.labels)
    if code == ALL:
        return Message("all clients")
    if code.split(".")[0] == MIDDLE:
        return _numbered(Message("in the middle"), code)
    traits = [_TRAITS[part] for part in code.split(".") if part in _TRAITS]
    return _numbered(Message("{traits}", {"traits": traits}), code)


def _numbered(name: Message, code: str) -> Message:
    """Return the name with the number that tells two segments of the same traits apart."""
    number = code.rsplit(".", 1)[-1]
    return Message("{name} ({number})", {"name": name, "number": number}) if number.isdigit() else name


def treatment_label(code: str | None, bank: Bank) -> Message | str:
    """Return what is to be done, in the bank's words."""
    return NOTHING if code is None else code_label("treatment", code, bank.settings.labels)


def segments_basis(bank: Bank, facts: dict[str, Any], *more: Message) -> tuple[Message, ...]:
    """Return what segments are here, and what the exhibit rests on."""
    if facts["source"] == OWN:
        return basis(bank, *more, Message("Segments are those that the bank itself gave its clients."))
    values = {"variables": [VARIABLES[v] for v in facts["variables"]]}
    return basis(
        bank,
        *more,
        Message(
            "Segments are classes of clients in {variables}; gender, age and region have no part in them. Names say "
            "what sets a segment apart: half a standard deviation or more from the mean of all clients.",
            values,
        ),
    )


def told(value: float) -> float | None:
    """Return the number, None where it is withheld."""
    return None if math.isnan(value) else value
