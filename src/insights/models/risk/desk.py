"""For whom a desk opens a case: those whom it saves most within what it can do, and a few of the others by lot."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from insights.data.settings_risk import DeskSection

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
CAPACITY, COST = "capacity", "cost"
SCORE, LOT, RULE = "score", "lot", "rule"


@dataclass(frozen=True)
class Chosen:
    """``case`` (n): opened by the score; ``lot`` (n): by lot, among the others.

    ``bound_by`` says what set the threshold, "capacity" or "cost"; ``least`` is what the case at the threshold saves
    (before its cost; nan without one).
    """

    case: Bools = field(repr=False)
    lot: Bools = field(repr=False)
    bound_by: str
    least: float


def chosen(who: Iterable[object], stake: npt.ArrayLike, rules: DeskSection, purpose: str, months: int = 1) -> Chosen:
    """Return for whom (n, ids) cases are opened in so many months.

    stake (n): what is expected to be lost on each, currency >= 0; nan for those who have no score, who are never chosen
    by it. A case saves the share ``saved`` of it. The cases that save most are taken as long as the desk can do them
    and as each saves more than it costs; among equals the ids decide.
    """
    ids = np.array([str(w) for w in who], dtype=object)
    saves = np.nan_to_num(np.asarray(stake, dtype=float)) * rules.saved
    if saves.shape != ids.shape:
        raise ValueError(f"there are {len(ids)} ids and {saves.shape} stakes; expected one stake each")
    order = np.lexsort((ids.astype(str), -saves))
    pays = (saves > rules.case_cost) & (saves > 0)
    room = int(rules.cases_per_month * months)
    case = np.zeros(len(ids), dtype=bool)
    case[order[:room]] = True
    case &= pays
    bound = CAPACITY if (pays & ~case).any() else COST
    least = float(saves[case].min()) if case.any() else float("nan")
    return Chosen(case, drawn(ids, rules.sample_share, purpose) & ~case, bound, least)


def drawn(who: Iterable[object], share: float, purpose: str) -> Bools:
    """Return whom (n, ids) a fixed lot draws, each with the chance ``share``.

    It hangs on the pseudonym and on what it is drawn for alone: whoever looks again draws the same, and who is drawn
    for one purpose is no likelier to be drawn for another.
    """
    limit = round(share * 16**6)
    heads = (hashlib.md5(f"{purpose}|{w}".encode(), usedforsecurity=False).hexdigest()[:6] for w in who)
    return np.array([int(head, 16) < limit for head in heads], dtype=bool)
