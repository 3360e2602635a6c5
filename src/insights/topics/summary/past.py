"""How the predictions of past packs came out: what they foretold, what happened, and whether the model still works."""

from typing import cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.memory.scored import Scored, scored
from insights.models.memory.store import remembered
from insights.stats.results import Estimate, NotEstimable
from insights.topics.evidence import Answer, ClientCounts, Estimates, Evidence, NotAvailable
from insights.topics.summary.pack import NAN, Pack

ID = "summary.past"
ALL = "all"
LEFT, STAYED = "left", "stayed"
SCORES = ("expected", "ratio", "auc")
REVERSED, CHANCE, HOLDS, OPEN = "reversed", "chance", "holds", "open"
"""What the AUC says: below a half, around it, above it; and nothing."""
HIGH, LOW, FITS = "too_low", "too_high", "fits"
"""What observed over expected says of the level: more came than foretold, fewer, or as many."""


def past(pack: Pack, bank: Bank) -> Answer | NotAvailable:
    """Score what earlier packs foretold of leaving; NotAvailable until one of them is old enough.

    Evidence: ``counts`` are clients by pack and what became of them, ``scores`` the scores by pack ("all" together).
    """
    memories = [m for told in pack.memories if (m := remembered(bank, told.file, told.data)) is not None]
    found = once(bank, ("past", *((told.file, told.data) for told in pack.memories)), lambda: scored(bank, memories))
    if not isinstance(found, Scored):
        return NotAvailable(ID, ("predictions of an earlier pack that are three months old or more",))
    days = sorted(found.by_day)
    rows = [_row(ALL, score, found) for score in SCORES] + [_row(d, score, found) for d in days for score in SCORES]
    return Answer(
        id=ID,
        kind=ID,
        evidence={
            "counts": ClientCounts(_counts(found), ("pack", "outcome")),
            "scores": Estimates(pd.DataFrame([r for r in rows if r]), ("pack", "score")),
        },
        estimate=_parts,
        facts={"months": found.months, "packs": days, "models": sorted({m.model for m in memories if m.model})},
    )


def verdict(auc: Estimate | None) -> str:
    """Return what the AUC says of how well a model tells clients apart."""
    if auc is None:
        return OPEN
    return HOLDS if auc.low > 0.5 else REVERSED if auc.high < 0.5 else CHANCE


def level(ratio: Estimate | None) -> str:
    """Return what observed over expected says of how many were foretold."""
    if ratio is None:
        return OPEN
    return HIGH if ratio.low > 1 else LOW if ratio.high < 1 else FITS


def _counts(found: Scored) -> pd.DataFrame:
    frame = found.frame.assign(pack=found.frame["day"], outcome=found.frame["left"].map({True: LEFT, False: STAYED}))
    return frame.groupby(["pack", "outcome"]).size().rename("clients").reset_index()


def _row(day: str, score: str, found: Scored) -> dict[str, object] | None:
    scores = found.all if day == ALL else found.by_day[day]
    told = None if isinstance(scores, NotEstimable) else scores.at(score)
    if not isinstance(told, Estimate):
        return None
    numbers = {"value": told.value, "low": told.low, "high": told.high, "unit": told.unit, "n": told.n}
    return {"pack": day, "score": score} | numbers | {"n_events": NAN if told.n_events is None else told.n_events}


def _parts(evidence: dict[str, Evidence]) -> dict[str, pd.DataFrame]:
    return {
        "counts": cast(ClientCounts, evidence["counts"]).cells,
        "scores": cast(Estimates, evidence["scores"]).rows,
    }
