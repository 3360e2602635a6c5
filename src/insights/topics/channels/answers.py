"""How long clients wait for an answer, as curves; and how the bank's own messages arrive and are read."""

from dataclasses import dataclass
from typing import cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.channels.answers import GRID, MESSAGES, NEEDS, UNREAD_DAYS
from insights.models.channels.answers import answers as followed
from insights.models.channels.state import MONTHS
from insights.stats.results import Estimate
from insights.topics.channels.refusals import refused
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.rows import estimates, line

ID = "channels.answers"


@dataclass(frozen=True)
class AnswerRows:
    """``curves``: channel, minutes, share still waiting; ``messages``: channel, measure. Both: value, low, high, n."""

    curves: pd.DataFrame
    messages: pd.DataFrame


def answers(bank: Bank) -> Answer | NotAvailable:
    """Tell how many still wait how long after they asked, and how the bank's own messages arrive and are read."""
    if missing := bank.needs(*NEEDS):
        return NotAvailable(ID, missing)
    found = followed(bank)
    if not found.curves:
        return refused(ID, "too_few_waits")
    curves = [{"channel": w.channel, "minutes": w.minutes} | line(w.found, w.clients, w.contacts) for w in found.curves]
    messages = [
        {"channel": m.channel, "measure": m.measure} | line(m.found, m.clients, m.contacts)
        for m in found.messages
        if isinstance(m.found, Estimate)
    ]
    evidence: dict[str, Evidence] = {
        "curves": estimates(curves, "channel", "minutes"),
        "messages": estimates(messages, "channel", "measure"),
    }
    lacking = [str(need) for need in bank.needs(*MESSAGES)]
    facts = {"months": MONTHS, "grid": list(GRID), "days": UNREAD_DAYS, "missing": lacking}
    return Answer(ID, ID, evidence, _rows, facts)


def _rows(parts: dict[str, Evidence]) -> AnswerRows:
    return AnswerRows(*(cast(Estimates, parts[name]).rows for name in ("curves", "messages")))
