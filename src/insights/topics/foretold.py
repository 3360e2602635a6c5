"""What earlier packs foretold beside what came: the question that each report asks of what it foretells itself.

A report hands over what came of it (``models.memory``); here it becomes evidence of one shape, so that leaving, first
purchases and margins are told in the same words and judged by the same rule. Where nothing is due yet it is told from
which day on it will be.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, TypeVar, cast

from insights.data.months import add_months
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.memory.scored import GROUPS, Scored
from insights.models.memory.store import Memory, Remembered, memory_of
from insights.stats.results import Estimate, NotEstimable
from insights.stats.scoring.resampled import ResampledScores
from insights.topics.evidence import Answer, ClientCounts, Estimates, Evidence, NotAvailable
from insights.topics.rows import estimates, told

LEAVING, NEEDS, VALUE, WARNINGS = "leaving", "needs", "value", "warnings"
REPORT = {LEAVING: "lifecycle", NEEDS: "needs", VALUE: "value", WARNINGS: "risk"}
"""What is foretold, and the report that foretells it."""
FINDING = {what: f"{report}.foretold" for what, report in REPORT.items()}
SCORED, WAITING, SETTLED = "foretold.scored", "foretold.waiting", "foretold.warnings"
"""Kinds of answers: scores of forecasts, nothing due yet, and what became of warnings."""
CHANCE_IS = {LEAVING: 0.5, NEEDS: 0.5, VALUE: 0.1}
"""The score of an order that knows nothing: half of the pairs, or the tenth that a tenth of the clients brings."""
USEFUL_FROM = {LEAVING: 0.6, NEEDS: 0.6, VALUE: 0.2}
"""The score below which an order is of no use: where it may be as good as this, it has not failed."""

ALL = "all"
RATIO, APART, EXPECTED = "came_for_each_foretold", "told_apart", "foretold"
OBSERVED = "came"
REVERSED, CHANCE, HOLDS, OPEN = "reversed", "chance", "holds", "open"
"""What a score of skill says: worse than chance, chance, better; and nothing."""
HIGH, LOW, FITS = "too_low", "too_high", "fits"
"""What came over what was foretold says of the level: more came, less, or as much."""
SOONEST = 3
"""Months ahead of the forecasts that come due first."""
WHOLE = "a pack of all clients"

T = TypeVar("T")


def came_of(
    what: str,
    memories: Sequence[Remembered] | None,
    bank: Bank,
    compute: Callable[[Bank, list[Memory]], T | NotEstimable],
    answer: Callable[[T], Answer],
    wait: int = 0,
) -> Answer | NotAvailable:
    """Return the answer about what came; where nothing is due, one that says from which day on something will be.

    ``memories`` are those of all earlier comparable packs (None: this is a pack of some of the clients). ``wait`` are
    the months that pass until what came is known.
    """
    if memories is None:
        return NotAvailable(FINDING[what], (WHOLE,))

    def made() -> T | NotEstimable:
        old = (one for one in memories if add_months(date.fromisoformat(one.day), SOONEST) <= bank.as_of)
        return compute(bank, [memory for one in old if (memory := memory_of(bank, one)) is not None])

    key = ("foretold", what, *((one.file, one.data) for one in memories))
    found: T | NotEstimable = once(bank, key, made)
    if not isinstance(found, NotEstimable):
        return answer(found)
    first = min((date.fromisoformat(one.day) for one in memories), default=bank.as_of)
    due = add_months(first, SOONEST + wait)
    facts = {"what": what, "due": due.isoformat() if due > bank.as_of else None, "packs": len(memories)}
    return Answer(FINDING[what], WAITING, {}, lambda _: None, facts | {"months": SOONEST})


def scores_answer(what: str, months: int, days: Sequence[str], evidence: dict[str, Evidence], **facts: Any) -> Answer:
    """Return an answer of scores: evidence "scores" by pack ("all" together), and whatever else is told."""
    return Answer(
        id=FINDING[what],
        kind=SCORED,
        evidence=evidence,
        estimate=lambda parts: {
            name: part.cells if isinstance(part, ClientCounts) else cast(Estimates, part).rows
            for name, part in parts.items()
        },
        facts={"what": what, "months": months, "packs": sorted(days)} | facts,
    )


def scores_of(found: Scored) -> Estimates:
    """Return ratio, skill and what was foretold as evidence by pack, those of all of them under "all"."""
    rows: list[dict[str, Any]] = []
    for day, scores in ((ALL, found.all), *sorted(found.by_day.items())):
        for name, score in ((RATIO, "ratio"), (APART, "auc"), (EXPECTED, "expected")):
            one = _at(scores, score)
            if isinstance(one, Estimate):
                rows.append(told(one, pack=day, score=name))
    return estimates(rows, "pack", "score")


def fifths_of(found: Scored) -> Estimates:
    """Return what was foretold and what came by fifth of what was foretold, over all packs."""
    rows: list[dict[str, Any]] = []
    for fifth in range(1, GROUPS + 1):
        for what, score in ((EXPECTED, "expected"), (OBSERVED, "observed")):
            one = _at(found.all, score, fifth)
            if isinstance(one, Estimate):
                rows.append(told(one, fifth=str(fifth), what=what))
    return estimates(rows, "fifth", "what")


def verdict(skill: Estimate | None, what: str = LEAVING) -> str:
    """Return what a score of skill says of how well forecasts tell clients apart.

    Failed are those that chance explains and that cannot be of use. After a few events the interval of a good order
    holds chance too: then nothing is said yet.
    """
    if skill is None:
        return OPEN
    chance = CHANCE_IS[what]
    if skill.low > chance:
        return HOLDS
    return REVERSED if skill.high < chance else CHANCE if skill.high < USEFUL_FROM[what] else OPEN


def level(ratio: Estimate | None) -> str:
    """Return what came over what was foretold says of how much was foretold."""
    if ratio is None:
        return OPEN
    return HIGH if ratio.low > 1 else LOW if ratio.high < 1 else FITS


def _at(scores: ResampledScores | NotEstimable, score: str, group: int = 0) -> Estimate | NotEstimable:
    return scores if isinstance(scores, NotEstimable) else scores.at(score, group)
