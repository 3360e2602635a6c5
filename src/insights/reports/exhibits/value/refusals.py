"""An exhibit that says only why there is none."""

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Exhibit, Message
from insights.reports.exhibits.rows import basis
from insights.reports.exhibits.untold import untold
from insights.topics.evidence import Answer
from insights.topics.value.activity import SILENT
from insights.topics.value.depth import NO_ANNIVERSARY
from insights.topics.value.refusals import FEW, NO_VALUE, SHORT
from insights.topics.value.tiers import NOBODY

WHY = {
    SHORT: Message("It needs {months:months} of revenue or balances."),
    NOBODY: Message("Nobody was in force twelve months before the as-of date."),
    SILENT: Message("Nothing tells what clients do: it needs bookings, contacts or log-ins."),
    NO_VALUE: Message("There are too few exits, or too few months of money, to forecast what clients will bring."),
    NO_ANNIVERSARY: Message("Too few relationships can be followed from their first anniversary."),
    FEW: Message("There are too few clients, or one or two of them make up most of the money."),
}


def refused(answer: Answer, why: str, bank: Bank) -> Exhibit:
    """Say why the question cannot be answered."""
    return Exhibit(
        id=answer.id,
        title=untold(answer.id),
        refusals=(Message(WHY[why].id, {"months": answer.facts.get("months")}),),
        basis=basis(bank),
    )
