"""Why a statistic of the survey refuses, in a reader's words: the statistics' own reasons, recognised and rewritten."""

import re

from insights.reports.exhibits.base import Message

_KNOWN: tuple[tuple[str, Message, tuple[str, ...]], ...] = (
    (r"nobody was asked", Message("Nobody was asked."), ()),
    (r"nobody answered", Message("Nobody answered."), ()),
    (r"nobody answered (\S+)", Message("Nobody answered {item}."), ("item",)),
    (r"the scale of (\S+) is not stated", Message("The scale of {item} is not stated: see [loyalty]."), ("item",)),
    (
        r"answers to (\S+) from (\S+) to (\S+) do not fit its scale from (\S+) to (\S+)",
        Message("Answers to {item} do not fit its stated scale, from {bottom} to {top}."),
        ("item", "low", "high", "bottom", "top"),
    ),
    (
        r"everybody gave the same answer to (.+?)(?: in the group .+)?",
        Message("Everybody gave the same answer to {items}."),
        ("items",),
    ),
    (r"everybody has the same outcome", Message("Everybody states the same loyalty."), ()),
    (r"all answers are the same.*", Message("Everybody states the same loyalty."), ()),
    (
        r"(\d+) answered and (\d+) did not; .*",
        Message("Too few answered, or too few did not, for weights."),
        ("a", "b"),
    ),
    (r"no weights reproduce the frame.*", Message("No weights make the answers look like everybody asked."), ()),
    (
        r"(\d+) answers; at least (\d+) are needed",
        Message("Too few answers: {needed:count} are needed."),
        ("n", "needed"),
    ),
    (
        r"(\d+) clusters; (\d+) are needed.*",
        Message("Too few clients or relationship managers for an interval: {needed:count} are needed."),
        ("n", "needed"),
    ),
    (
        r"(\d+) rows; (\d+) drivers need (\d+)",
        Message("Too few answers: {needed:count} are needed."),
        ("n", "p", "needed"),
    ),
    (
        r"(\d+) rows are too few for (\d+) parameters: (\d+) are needed",
        Message("Too few answers: {needed:count} are needed."),
        ("n", "p", "needed"),
    ),
    (
        r"(?:.+: )?(\d+) rows have all (\d+) items; (?:.*?)(\d+)(?: are needed)?",
        Message("Too few complete answers: {needed:count} are needed."),
        ("n", "k", "needed"),
    ),
    (
        r"(\d+) rows of the group (.+) have all (\d+) items; it needs (\d+)",
        Message("Too few complete answers in {group}: {needed:count} are needed."),
        ("n", "group", "k", "needed"),
    ),
    (r"fewer than two groups have enough answers", Message("Fewer than two groups have enough answers."), ()),
    (r"not delivered", Message("Not delivered."), ()),
    (r"there is one wave.*", Message("There is one wave; a trend needs two."), ()),
    (r"no factor has two items", Message("No factor has two items: nothing tells how well they measure."), ()),
    (
        r"the factor (\S+) has one item.*",
        Message("A factor has one item only: its error cannot be told from it."),
        ("factor",),
    ),
    (
        r"one factor with (\d+) items has nothing.*",
        Message("One factor of three items has nothing that could be tested."),
        ("k",),
    ),
    (
        r"there is nothing to share out.*",
        Message("There are fewer than two factors: there is nothing to share out."),
        (),
    ),
    (
        r"(?:the factor model has no proper solution|the likelihood of the factor model).*",
        Message("The assumed structure does not fit the answers: its model has no proper solution."),
        (),
    ),
    (
        r"without their measurement error .*",
        Message(
            "Once measurement error is taken out, the factors overlap too much to be told apart: use fewer of them."
        ),
        (),
    ),
    (
        r"(?:.+: )?the items have no proper one-factor solution",
        Message("The items of a factor do not go together as one."),
        (),
    ),
    (r"the columns? .* (?:is a combination of|is the same for).*", Message("A column says nothing of its own."), ()),
    (r".* (?:is a combination of|are combinations of) .*", Message("Two factors say the same: use one of them."), ()),
    (r"no column of the book.*", Message("No column of the book has two groups with enough answers."), ()),
    (
        r"(\d+) of those who answered are still in force.*",
        Message("Too few of those who answered are still clients."),
        ("n",),
    ),
    (r"nobody answered later than others", Message("Nobody answered later than others."), ()),
    (
        r"(\d+) of those who answered left by choice within (\d+) months; (\d+) are needed",
        Message("Too few of those who answered left by choice in the year after: {needed:count} are needed."),
        ("n", "months", "needed"),
    ),
    (r"no factor can be scored", Message("No factor can be scored from the answers."), ()),
    (r"there is no answer with loyalty and all factors", Message("No answer has loyalty and all factors."), ()),
    (
        r"nobody could be followed for a year after an answer",
        Message("Nobody could be followed for a year after an answer."),
        (),
    ),
    (r"(\d+) rows; (\d+) are needed", Message("Too few answers: {needed:count} are needed."), ("n", "needed")),
    (
        r"(\S+) rows \(counted by what they tell\) are too few for (\d+) parameters: (\d+) are needed.*",
        Message("Too few answers: {needed:count} are needed."),
        ("n", "p", "needed"),
    ),
    (
        r"(\d+) answers came after the forecast; (\d+) are needed",
        Message("Too few answers: {needed:count} are needed."),
        ("n", "needed"),
    ),
    (
        r"(\d+) clusters are too few for .*: (\d+) are needed",
        Message("Too few clients or relationship managers for an interval: {needed:count} are needed."),
        ("n", "needed"),
    ),
    (r"everybody chose .*", Message("Everybody states the same loyalty."), ()),
    (
        r"the index hardly depends on the drivers.*",
        Message("Loyalty hardly depends on the factors: nothing is seen that a lever could act by."),
        (),
    ),
    (r"the drivers cannot be told apart.*", Message("Two factors say the same: use one of them."), ()),
    (
        r"no year of use has a year after it",
        Message("No year in which use was recorded has a whole year after it in which clients could be followed."),
        (),
    ),
    (
        r"too few used anything to be compared",
        Message("Too few clients used a service, came to an event or earned points to be compared with others."),
        (),
    ),
    (r"(.+) is no programme by lot: no_rows", Message("Nobody is recorded in the programme {name}."), ("name",)),
    (r"(.+) is no programme by lot: not_drawn", Message("The programme {name} was not drawn by lot."), ("name",)),
    (r"(.+) is no programme by lot: one_arm", Message("The programme {name} has one arm only."), ("name",)),
    (r"(.+) is no programme by lot: too_early", Message("The programme {name} began before the window."), ("name",)),
    (r"(.+) is no programme by lot: too_young", Message("The programme {name} is younger than a year."), ("name",)),
    (r"no programme is called (.+)", Message("Nobody is recorded in the programme {name}."), ("name",)),
    (
        r"nobody whom the change reached can be followed.*",
        Message("Nobody whom the change reached can be followed for a year before and after."),
        (),
    ),
    (
        r"the change reached everybody at once.*",
        Message("The change reached everybody at once: there is nobody to compare with."),
        (),
    ),
    (r"the change is younger than a year", Message("The change is younger than a year."), ()),
    (r"fewer than 50 clients can be compared", Message("Fewer than 50 clients can be compared."), ()),
    (r"no marks are recorded", Message("No marks are recorded before and after."), ()),
    (r"one arm only was followed", Message("One arm only was followed for a year."), ()),
    (r"(\d+) in both arms together; (\d+) are needed", Message("Too few in both arms together."), ("n", "needed")),
    (r"the column .* does not vary.*", Message("A column says nothing of its own."), ()),
)


def why_not(reason: str) -> Message:
    """Return the reason in a reader's words; one that is not known here is told as the statistic gives it."""
    for pattern, message, names in _KNOWN:
        if found := re.fullmatch(pattern, reason):
            values = {n: int(v) if v.isdigit() else v for n, v in zip(names, found.groups(), strict=True)}
            return Message(message.id, {n: v for n, v in values.items() if f"{{{n}" in message.id})
    return Message("Not estimable: {reason}.", {"reason": reason})
