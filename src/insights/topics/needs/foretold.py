"""What earlier packs foretold of first purchases, and what was bought."""

from collections.abc import Sequence
from typing import Any

from insights.data.snapshot import Bank
from insights.models.memory.came_needs import came_of_needs
from insights.models.memory.scored import Scored
from insights.models.memory.store import Remembered
from insights.models.needs.rows import missing
from insights.stats.ratios import ratio_of_sums
from insights.stats.results import Estimate
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.foretold import (
    EXPECTED,
    FINDING,
    NEEDS,
    RATIO,
    came_of,
    fifths_of,
    scores_answer,
    scores_of,
)
from insights.topics.rows import NAN, estimates, line


def foretold(bank: Bank, memories: Sequence[Remembered] | None) -> Answer | NotAvailable:
    """Set the first purchases that earlier packs foretold beside those made.

    Evidence: "scores" and "fifths" as for all forecasts, "kinds" what came for each one foretold, by category.
    """
    if lacking := missing(bank):
        return NotAvailable(FINDING[NEEDS], lacking)
    return came_of(NEEDS, memories, bank, came_of_needs, _answer)


def _answer(found: Scored) -> Answer:
    evidence: dict[str, Evidence] = {"scores": scores_of(found), "fifths": fifths_of(found), "kinds": _kinds(found)}
    return scores_answer(NEEDS, found.months, list(found.by_day), evidence)


def _kinds(found: Scored) -> Estimates:
    rows: list[dict[str, Any]] = []
    for kind, own in found.frame.groupby("kind"):
        came = own["came"].astype(float)
        ratio = ratio_of_sums(came, own["risk"], cluster=own["client_id"], unit="ratio", positive=True)
        clients, events = float(own["client_id"].nunique()), float(own.loc[own["came"], "client_id"].nunique())
        rows.append({"kind": str(kind), "score": RATIO} | line(ratio, clients, events))
        share = Estimate(float(own["risk"].mean()), NAN, NAN, "share", int(clients))
        rows.append({"kind": str(kind), "score": EXPECTED} | line(share, clients))
    return estimates(rows, "kind", "score", parts_of=("score",))
