"""An exhibit that says only why there is none."""

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Exhibit, Message
from insights.reports.exhibits.rows import basis
from insights.reports.exhibits.untold import untold
from insights.topics.evidence import Answer
from insights.topics.lifecycle.refusals import NO_ACTIVITY, NO_FAMILY, NOBODY, ONLY_JOINED, WINDOW

WHY = {
    WINDOW: Message("It needs {months:months} since the window opened ([window] complete_from)."),
    NOBODY: Message("Nobody was in force, with a stage, twelve months before the as-of date."),
    ONLY_JOINED: Message(
        "Only prospects who became clients are recorded: a conversion rate from them would be 100%, whatever the truth."
    ),
    NO_FAMILY: Message("No client left while others of his household were still there."),
    NO_ACTIVITY: Message("Nothing tells what clients do: it needs bookings, contacts or log-ins."),
}


def refused(answer: Answer, why: str, bank: Bank) -> Exhibit:
    """Say why the question cannot be answered."""
    return Exhibit(
        id=answer.id,
        title=untold(answer.id),
        refusals=(Message(WHY[why].id, {"months": answer.facts["months"]}),),
        basis=basis(bank),
    )
