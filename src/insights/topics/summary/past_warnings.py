"""What became of the warnings that past packs raised: how many are settled, and in whom they came true."""

from dataclasses import dataclass
from typing import cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.memory.came import FOLLOWED_WITHIN, Warned, came_of_warnings
from insights.stats.proportions import proportion, same_shares
from insights.stats.results import Estimate, TestResult
from insights.topics.evidence import Answer, ClientCounts, Evidence, NotAvailable
from insights.topics.summary.pack import Pack
from insights.topics.summary.past import DUE, looked_back

ID = "summary.past_warnings"
SETTLED, OPEN, FOLLOWED, NOT = "settled", "open", "followed", "not"
WARNED, OTHERS = "warned", "others"


@dataclass(frozen=True)
class Warnings:
    """Shares, None where withheld: ``settled`` by reason; ``followed`` by (risk, warned), of those in whom it came.

    ``tests`` by risk: that warned and others have the same share.
    """

    settled: dict[str, Estimate | None]
    followed: dict[tuple[str, str], Estimate | None]
    tests: dict[str, TestResult]


def past_warnings(pack: Pack, bank: Bank) -> Answer | NotAvailable:
    """Tell what became of the warnings of the latest pack that is old enough; NotAvailable until one is three months.

    Evidence: ``settled`` clients by reason and outcome, ``followed`` by risk, whether they had been warned of, and
    outcome within twelve months (only once a pack is that old).
    """
    found = looked_back(pack, bank, "past_warnings", came_of_warnings)
    if not isinstance(found, Warned) or found.settled is None:
        return NotAvailable(ID, (DUE,))
    evidence: dict[str, Evidence] = {"settled": ClientCounts(found.settled, ("reason", "outcome"))}
    if found.followed is not None:
        evidence["followed"] = ClientCounts(found.followed, ("risk", "warned", "outcome"))
    facts = {"settled": found.settled_day, "followed": found.followed_day, "months": FOLLOWED_WITHIN}
    return Answer(ID, ID, evidence, _shares, facts)


def _shares(parts: dict[str, Evidence]) -> Warnings:
    settled = _by(cast(ClientCounts, parts["settled"]).cells, ["reason"], SETTLED, OPEN)
    followed: dict[tuple[str, str], Estimate | None] = {}
    tests = {}
    if "followed" in parts:
        cells = cast(ClientCounts, parts["followed"]).cells
        followed = {(k[0], k[1]): e for k, e in _by(cells, ["risk", "warned"], FOLLOWED, NOT).items()}
        for risk in sorted({k[0] for k in followed}):
            pair = [e for side in (WARNED, OTHERS) if (e := followed.get((risk, side))) is not None]
            if len(pair) == 2:
                events = [float(e.n_events or 0) for e in pair]
                tests[risk] = same_shares(events, [float(e.n) for e in pair], name=risk)
    return Warnings({k[0]: e for k, e in settled.items()}, followed, tests)


def _by(cells: pd.DataFrame, keys: list[str], yes: str, no: str) -> dict[tuple[str, ...], Estimate | None]:
    found: dict[tuple[str, ...], Estimate | None] = {}
    for key, own in cells.groupby(keys, sort=True):
        counts = own.set_index("outcome")["clients"].astype(float)
        there, absent = (float(counts.get(name, 0.0)) for name in (yes, no))
        total = there + absent
        found[tuple(str(k) for k in key)] = proportion(there, total) if total > 0 else None
    return found
