"""Words that several exhibits of this report share."""

import re
from typing import Any

from insights.data.snapshot import Bank
from insights.models.needs.trials import BEFORE, LOGIT, POPULAR, SAME, SEGMENT, TREES
from insights.reports.exhibits.base import Message
from insights.reports.exhibits.rows import dated
from insights.reports.wording.labels import code_label
from insights.topics.evidence import Answer
from insights.topics.needs.offers import REST

WAYS = {
    LOGIT: Message("this report’s prediction"),
    TREES: Message("boosted trees"),
    BEFORE: Message("the regression as learned three months before"),
    SEGMENT: Message("most popular in the segment"),
    POPULAR: Message("most popular at this risk and wealth"),
    SAME: Message("same as last time"),
}
TIMES_OF_DAY = {
    "morning": Message("morning"),
    "midday": Message("midday"),
    "afternoon": Message("afternoon"),
    "evening": Message("evening"),
}
OTHER_MODEL = {LOGIT: Message("regression"), TREES: Message("boosted trees")}

_FEW = re.compile(r"\d+ first purchases at past dates are too few to judge predictions: (\d+) are needed")


def category_label(code: str, bank: Bank) -> Message | str:
    """Return the label of a category of products."""
    return Message("other kinds, together") if code == REST else code_label("category", code, bank.settings.labels)


def part_label(code: str, bank: Bank) -> Message | str:
    """Return the label of a part of the assets: the bank's own word, or that of the category which is the part."""
    return code_label("category" if code not in bank.settings.needs.parts else "part", code, bank.settings.labels)


def way_label(way: str, used: str) -> Message:
    """Return the label of a way of choosing; the model in use is this report's prediction."""
    if way == used:
        return WAYS[LOGIT]
    return OTHER_MODEL.get(way, WAYS[way])


def why_not(reason: str) -> Message:
    """Return a reason in a reader's words; it does not say how few there were."""
    if found := _FEW.fullmatch(reason):
        return Message(
            "There are too few first purchases at past dates to judge a prediction; it needs {b:count}.",
            {"b": int(found[1])},
        )
    if reason == "too few clients for segments":
        return Message("There are too few clients for segments.")
    if reason.startswith("markets need "):
        return Message("It needs two years of months, and kinds of product that enough clients bought first.")
    if reason == "nobody has the choice of something green":
        return Message("No client holds a kind in which he has the choice of something green.")
    if reason == "no client has a tolerance for which an allocation is advised":
        return Message("No client has a risk tolerance for which the bank advises an allocation.")
    if reason == "nobody holds a product":
        return Message("Nobody holds a product.")
    return Message("Not estimable: {reason}.", {"reason": reason})


def need_basis(answer: Answer, bank: Bank) -> tuple[Message, ...]:
    """Return what all exhibits rest on."""
    facts: dict[str, Any] = answer.facts
    lines = [
        Message(
            "A first purchase: the first product of its kind that a client was ever seen to hold or trade here. Asked "
            "of clients without one whom such a product would suit, as known on {end:date}.",
            facts,
        )
    ]
    if facts["market"]:
        names = [code_label("series", str(name), bank.settings.labels) for name in facts["market"]]
        lines.append(Message("Markets looked at, as published by then: {names}.", {"names": names}))
    return dated(bank, *lines)
