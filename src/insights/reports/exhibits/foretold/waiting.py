"""Nothing is due yet: from which day on it is told what came."""

from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Exhibit, Message
from insights.reports.exhibits.foretold.words import WHAT
from insights.topics.evidence import Answer


def waiting(answer: Answer, _: Any, bank: Bank) -> Exhibit:
    """Say what will be told, and when: packs write down what they foretell, later ones hold it against what came."""
    facts = answer.facts
    values = {"what": WHAT[facts["what"]], "months": facts["months"], "n": facts["packs"]}
    if facts["due"] is None:
        title = Message("What came of forecasts of {what} cannot be told yet", values)
        why = Message("No earlier pack wrote down a forecast that is due.")
        return Exhibit(answer.id, title, refusals=(why,))
    title = Message("What came of forecasts of {what} is told from {day:date} on", values | {"day": facts["due"]})
    first = Message(
        "This pack writes down what it foretells of each client; packs made {months:months} later or more set beside "
        "it what came.",
        values,
    )
    later = Message(
        "What earlier packs foretold is kept ({n:count} of them); it is set beside what came once {months:months} have "
        "passed.",
        values,
    )
    return Exhibit(answer.id, title, refusals=(later if facts["packs"] else first,))
