"""An exhibit that says only why there is none."""

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Exhibit, Message
from insights.reports.exhibits.rows import basis
from insights.reports.exhibits.untold import untold
from insights.topics.clients.refusals import FEW, ONE, PAST, SHORT
from insights.topics.evidence import Answer

WHY = {
    PAST: Message(
        "Only today's risk tolerance, experience or segment is delivered: it needs client_history, or columns that are "
        "declared static."
    ),
    ONE: Message("The clients are one segment: there is nothing to compare."),
    SHORT: Message("It needs {months:months} of balances."),
    FEW: Message("There are too few clients, or too little is known of them."),
}


def refused(answer: Answer, why: str, bank: Bank) -> Exhibit:
    """Say why the question cannot be answered."""
    return Exhibit(
        id=answer.id,
        title=untold(answer.id),
        refusals=(Message(WHY[why].id, {"months": answer.facts.get("months")}),),
        basis=basis(bank),
    )
