"""An exhibit that says only why a question about risk has no answer."""

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Exhibit
from insights.reports.exhibits.risk.words import why_not
from insights.reports.exhibits.rows import dated
from insights.reports.exhibits.untold import untold
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer


def refused(answer: Answer, why: NotEstimable, bank: Bank) -> Exhibit:
    """Say why the question cannot be answered."""
    return Exhibit(id=answer.id, title=untold(answer.id), refusals=(why_not(why.reason),), basis=dated(bank))
