"""What became of the warnings that past packs raised: how many are settled, and in whom they came true."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.memory.came_warnings import FOLLOWED_WITHIN, Warned, came_of_warnings
from insights.models.memory.store import Remembered
from insights.models.risk.compliance import PAPERS, SUITABILITY
from insights.models.risk.loans import NEEDS as LOANS
from insights.models.risk.market import NEEDS as MARKET
from insights.models.risk.register import asked
from insights.stats.changes import change_between, changed
from insights.stats.proportions import proportion
from insights.stats.results import Estimate, TestResult
from insights.topics.evidence import Answer, ClientCounts, Evidence, NotAvailable, client_counts
from insights.topics.foretold import FINDING, WARNINGS, came_of
from insights.topics.foretold import SETTLED as KIND

SETTLED, OPEN, FOLLOWED, NOT = "settled", "open", "followed", "not"
WARNED, OTHERS = "warned", "others"


@dataclass(frozen=True)
class Warnings:
    """Shares, None where withheld: ``settled`` by risk; ``followed`` by (risk, warned), of those in whom it came.

    ``tests`` by risk: that warned and others have the same share.
    """

    settled: dict[str, Estimate | None]
    followed: dict[tuple[str, str], Estimate | None]
    tests: dict[str, TestResult]


def foretold(bank: Bank, memories: Sequence[Remembered] | None) -> Answer | NotAvailable:
    """Tell what became of the warnings of the latest pack that is old enough.

    Evidence, a table for each risk, so that a rare one takes nothing from the others: "settled ..." clients by outcome,
    and "followed ..." by whether they had been warned of and outcome within twelve months, once a pack is that old.
    """
    if not asked(bank):
        return NotAvailable(FINDING[WARNINGS], (tuple(dict.fromkeys((*PAPERS, *SUITABILITY, *LOANS, *MARKET))),))
    return came_of(WARNINGS, memories, bank, came_of_warnings, lambda found: _answer(found, bank))


def _answer(found: Warned, bank: Bank) -> Answer:
    evidence: dict[str, Evidence] = {}
    for name, frame, dims in (
        (SETTLED, found.settled, ("outcome",)),
        (FOLLOWED, found.followed, ("warned", "outcome")),
    ):
        for risk, own in () if frame is None else frame.groupby("risk"):
            own = own.assign(household=household_of(bank, own["client_id"]))
            evidence[f"{name} {risk}"] = client_counts(own, dims)
    facts = {"what": WARNINGS, "settled": found.settled_day, "followed": found.followed_day}
    return Answer(FINDING[WARNINGS], KIND, evidence, _shares, facts | {"months": FOLLOWED_WITHIN})


def _shares(parts: dict[str, Evidence]) -> Warnings:
    settled: dict[str, Estimate | None] = {}
    followed: dict[tuple[str, str], Estimate | None] = {}
    tests = {}
    for name, part in parts.items():
        what, _, risk = name.partition(" ")
        cells = cast(ClientCounts, part).cells
        if what == SETTLED:
            settled[risk] = _share(cells, SETTLED, OPEN)
            continue
        for side in (WARNED, OTHERS):
            followed[risk, side] = _share(cells[cells["warned"] == side], FOLLOWED, NOT)
        one, other = (followed[risk, side] for side in (WARNED, OTHERS))
        if one is not None and other is not None:
            tests[risk] = changed(change_between(one, other), name=risk)
    return Warnings(settled, followed, tests)


def _share(cells: pd.DataFrame, yes: str, no: str) -> Estimate | None:
    counts = cells.set_index("outcome")["clients"].astype(float)
    there, absent = (float(counts.get(name, 0.0)) for name in (yes, no))
    total = there + absent
    return proportion(there, total) if total > 0 else None
