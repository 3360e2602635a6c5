"""An exhibit that says only why a question about channels has no answer."""

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Exhibit, Message
from insights.reports.exhibits.channels.words import programme_label, why_not
from insights.reports.exhibits.rows import dated
from insights.reports.exhibits.untold import untold
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer


def refused(answer: Answer, why: NotEstimable, bank: Bank) -> Exhibit:
    """Say why the question cannot be answered."""
    reason = why_not(why.reason)
    if name := answer.facts.get("programme"):
        reason = Message("{name}: {why}", {"name": programme_label(str(name), bank), "why": reason})
    return Exhibit(id=answer.id, title=untold(answer.id), refusals=(reason,), basis=dated(bank))
