"""What earlier packs foretold of leaving, and who left."""

from collections.abc import Sequence

from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.memory.scored import Scored, scored
from insights.models.memory.store import Remembered
from insights.topics.evidence import Answer, ClientCounts, Evidence, NotAvailable, client_counts
from insights.topics.foretold import FINDING, LEAVING, came_of, fifths_of, scores_answer, scores_of

LEFT, STAYED = "left", "stayed"


def foretold(bank: Bank, memories: Sequence[Remembered] | None) -> Answer | NotAvailable:
    """Set the risks of leaving that earlier packs told beside who left, for the longest horizon that is due.

    Evidence: "scores" and "fifths" as for all forecasts, "counts" the clients by pack and what became of them.
    """
    if lacking := bank.needs("clients.joined_on", "clients.left_on"):
        return NotAvailable(FINDING[LEAVING], lacking)
    return came_of(LEAVING, memories, bank, scored, lambda found: _answer(found, bank))


def _answer(found: Scored, bank: Bank) -> Answer:
    evidence: dict[str, Evidence] = {
        "scores": scores_of(found),
        "fifths": fifths_of(found),
        "counts": _counts(found, bank),
    }
    return scores_answer(LEAVING, found.months, list(found.by_day), evidence)


def _counts(found: Scored, bank: Bank) -> ClientCounts:
    frame = found.frame.assign(pack=found.frame["day"], outcome=found.frame["came"].map({True: LEFT, False: STAYED}))
    return client_counts(frame.assign(household=household_of(bank, frame["client_id"])), ("pack", "outcome"))
