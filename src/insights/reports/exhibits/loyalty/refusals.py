"""An exhibit that says only why the survey cannot answer its question."""

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Exhibit, Message
from insights.reports.exhibits.loyalty.words import survey_basis
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer


def refused(answer: Answer, why: NotEstimable, bank: Bank) -> Exhibit:
    """Say why the question cannot be answered."""
    return Exhibit(
        id=answer.id,
        title=Message("The survey cannot tell"),
        refusals=(not_estimable(why.reason),),
        basis=survey_basis(bank),
    )


def not_estimable(reason: str) -> Message:
    """Return a statistic's own reason for refusing, as a reader meets it."""
    return Message("Not estimable: {reason}.", {"reason": reason})
