"""What stages and steps of the path are called, and by which rules clients are put into them."""

from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Message
from insights.reports.exhibits.rows import basis

STAGE = {
    "introduction": Message("introduction"),
    "growth": Message("growth"),
    "maturity": Message("maturity"),
    "decline": Message("decline"),
    "dormant": Message("dormant"),
    "left": Message("left"),
    "unassigned": Message("not yet judged"),
    "other_stages": Message("other stages"),
    "all": Message("all clients of today"),
    "others": Message("other clients"),
    "awareness": Message("awareness"),
    "consideration": Message("consideration"),
    "decision": Message("decision"),
    "declined": Message("declined"),
    "experience": Message("experience"),
    "exit": Message("exit"),
}


def stage_label(code: str) -> Message | str:
    """Return a stage, or a step of the path, in words."""
    return STAGE.get(code, code)


def stage_basis(bank: Bank, *more: Message, rules: bool = False) -> tuple[Message, ...]:
    """Return what an exhibit of stages rests on; ``rules``: with the bank's own rules for them."""
    if not rules:
        return basis(bank, *more, Message("Stages by the rules given under the first exhibit of stages."))
    return basis(bank, *more, *_rules(bank))


def _rules(bank: Bank) -> tuple[Message, ...]:
    rules = bank.settings.lifecycle.stages
    values: dict[str, Any] = {
        "months": rules.introduction_months,
        "growth": rules.growth,
        "decline": -rules.decline,
        "margin": rules.margin,
        "hold": rules.hold_months,
    }
    return (
        Message(
            "Introduction: the first {months:months}. Then by the net new money of twelve months over the assets "
            "before: growth above {growth:percent}, decline below {decline:percent}, maturity between.",
            values,
        ),
        Message(
            "Only what was known at each month end counts. Growth and decline end {margin:points} inside their bound, "
            "and no stage changes again within {hold:months}.",
            values,
        ),
    )


def dormancy_note(bank: Bank, *, apart: bool) -> Message:
    """Say where clients are who have not been seen to do anything for a long time."""
    values = {"months": bank.settings.lifecycle.stages.dormant_months}
    if apart:
        return Message("Dormant: no contact, booking or log-in for {months:months}.", values)
    return Message(
        "Too few clients have had no contact, booking or log-in for {months:months} to be shown as dormant; they count "
        "as in decline.",
        values,
    )
