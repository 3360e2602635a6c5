"""How the predictions of past packs came out: what they foretold, what happened, and whether the model still works."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.households import household_of
from insights.models.memory.scored import GROUPS, Scored, scored
from insights.models.memory.store import Memory, remembered
from insights.stats.results import Estimate, NotEstimable
from insights.topics.evidence import Answer, ClientCounts, Estimates, Evidence, NotAvailable, client_counts
from insights.topics.rows import estimates, told
from insights.topics.summary.pack import Pack

ID = "summary.past"
ALL = "all"
LEFT, STAYED = "left", "stayed"
SCORES = ("expected", "ratio", "auc")
OBSERVED, EXPECTED = "observed", "expected"
REVERSED, CHANCE, HOLDS, OPEN = "reversed", "chance", "holds", "open"
"""What a score of skill says: worse than chance, chance, better; and nothing."""
HIGH, LOW, FITS = "too_low", "too_high", "fits"
"""What observed over expected says of the level: more came than foretold, fewer, or as many."""
DUE = "predictions of an earlier pack that are three months old or more"

T = TypeVar("T")


def past(pack: Pack, bank: Bank) -> Answer | NotAvailable:
    """Score what earlier packs foretold of leaving; NotAvailable until one of them is old enough.

    Evidence: ``counts`` are clients by pack and what became of them, ``scores`` the scores by pack ("all" together),
    ``fifths`` what was foretold and what came by fifth of the risk, over all packs.
    """
    found = looked_back(pack, bank, "past", scored)
    if not isinstance(found, Scored):
        return NotAvailable(ID, (DUE,))
    return Answer(
        id=ID,
        kind=ID,
        evidence={
            "counts": _counts(found, bank),
            "scores": scores_of(found),
            "fifths": fifths_of(found),
        },
        estimate=_parts,
        facts={"months": found.months, "packs": sorted(found.by_day)},
    )


def looked_back(pack: Pack, bank: Bank, name: str, compute: Callable[[Bank, list[Memory]], T]) -> T:
    """Return what is computed from the memories of all earlier comparable packs, once for all questions."""

    def made() -> T:
        found = (remembered(bank, memory.file, memory.data) for memory in pack.memories)
        return compute(bank, [memory for memory in found if memory is not None])

    return once(bank, (name, *((memory.file, memory.data) for memory in pack.memories)), made)


def verdict(skill: Estimate | None, chance: float = 0.5) -> str:
    """Return what a score that is ``chance`` without skill says of how well a model tells clients apart."""
    if skill is None:
        return OPEN
    return HOLDS if skill.low > chance else REVERSED if skill.high < chance else CHANCE


def level(ratio: Estimate | None) -> str:
    """Return what observed over expected says of how many were foretold."""
    if ratio is None:
        return OPEN
    return HIGH if ratio.low > 1 else LOW if ratio.high < 1 else FITS


def scores_of(found: Scored) -> Estimates:
    """Return the scores as evidence by pack, those of all of them under "all"."""
    rows: list[dict[str, Any]] = []
    for day, scores in ((ALL, found.all), *sorted(found.by_day.items())):
        for score in SCORES:
            one = NotEstimable("none") if isinstance(scores, NotEstimable) else scores.at(score)
            if isinstance(one, Estimate):
                rows.append(told(one, pack=day, score=score))
    return estimates(rows, "pack", "score")


def fifths_of(found: Scored) -> Estimates:
    """Return what was foretold and what came by fifth of what was foretold, over all packs."""
    rows: list[dict[str, Any]] = []
    if not isinstance(found.all, NotEstimable):
        for fifth in range(1, GROUPS + 1):
            for what in (EXPECTED, OBSERVED):
                one = found.all.at(what, fifth)
                if isinstance(one, Estimate):
                    rows.append(told(one, fifth=str(fifth), what=what))
    return estimates(rows, "fifth", "what")


def _counts(found: Scored, bank: Bank) -> ClientCounts:
    frame = found.frame.assign(pack=found.frame["day"], outcome=found.frame["came"].map({True: LEFT, False: STAYED}))
    return client_counts(frame.assign(household=household_of(bank, frame["client_id"])), ("pack", "outcome"))


def _parts(evidence: dict[str, Evidence]) -> dict[str, pd.DataFrame]:
    return {
        "counts": cast(ClientCounts, evidence["counts"]).cells,
        "scores": cast(Estimates, evidence["scores"]).rows,
        "fifths": cast(Estimates, evidence["fifths"]).rows,
    }
