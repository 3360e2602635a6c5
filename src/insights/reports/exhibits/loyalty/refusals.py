"""An exhibit that says only why the survey cannot answer its question."""

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Exhibit, Message
from insights.reports.exhibits.loyalty.reasons import why_not
from insights.reports.exhibits.loyalty.words import survey_basis
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer

_TITLES = {
    "loyalty.response": Message("Who answered cannot be told"),
    "loyalty.level": Message("How loyal clients are cannot be told"),
    "loyalty.measurement": Message("How reliably the factors are measured cannot be told"),
    "loyalty.invariance": Message("Whether groups may be compared cannot be told"),
    "loyalty.importance": Message("Which factors go with loyalty cannot be told"),
    "loyalty.priorities": Message("Where to begin cannot be told"),
    "loyalty.trends": Message("How the marks developed cannot be told"),
    "loyalty.levers": Message("What a lever is worth cannot be told"),
    "loyalty.attitude": Message("Which factors move stated loyalty cannot be told"),
    "loyalty.behaviour": Message("Whether clients do what they say cannot be told"),
    "loyalty.claims": Message("Whether the handbook's claims hold cannot be told"),
    "loyalty.forecast": Message("Whether one wave foretells the next cannot be told"),
    "loyalty.hypotheses": Message("The factors cannot be tested"),
}


def refused(answer: Answer, why: NotEstimable, bank: Bank) -> Exhibit:
    """Say why the question cannot be answered."""
    return Exhibit(
        id=answer.id,
        title=_TITLES.get(answer.id, Message("The survey cannot tell")),
        refusals=(why_not(why.reason),),
        basis=survey_basis(bank),
    )
