"""Why a question about retention, leavers or censoring has no answer."""

from insights.data.snapshot import Bank
from insights.models.trial import NO_ROWS, NOT_DRAWN, ONE_ARM, TOO_EARLY
from insights.reports.exhibits.base import Exhibit, Message
from insights.reports.exhibits.rows import basis
from insights.reports.exhibits.untold import untold
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer
from insights.topics.lifecycle.contacts import NOTHING_TO_RANK

WHY = {
    NO_ROWS: Message("Nobody is recorded in the programme “{name}”, which [lifecycle] retention_programme names."),
    NOT_DRAWN: Message(
        "The arms of “{name}” were not drawn by lot: who was chosen for it may have stayed, or left, without it too."
    ),
    ONE_ARM: Message("“{name}” has one arm only: there is nobody to compare with."),
    TOO_EARLY: Message("“{name}” started before leavers were completely recorded: those lost first would be missing."),
    "too_short": Message("Clients have been followed for {months:months} only."),
    "too_few_for_gains": Message("Too few clients left, in one of the arms, to tell who gains more than others."),
    "no_signs": Message("No client showed a sign of leaving that could be followed for {months:months}."),
    "nobody_left": Message("Nobody left in the time observed."),
    "nobody_returned": Message("Nobody who left has come back in the time observed."),
    "nobody_by_choice": Message("Nobody left by choice, or no reasons are recorded."),
    "nobody_lost": Message("Nobody left for another reason: nobody was lost to view, and the number stands as it is."),
    NOTHING_TO_RANK: Message("No model tells clients likely to leave from others yet: too few have left by choice."),
}


def no_answer(answer: Answer, why: NotEstimable, bank: Bank) -> Exhibit:
    """Say why the question cannot be answered."""
    values = {k: v for k, v in answer.facts.items() if k in ("name", "months")}
    return Exhibit(
        id=answer.id,
        title=untold(answer.id),
        refusals=(Message(WHY[why.reason].id, values),),
        basis=basis(bank),
    )
