"""Where clients stand in their relationship, and where those of a year ago stand now."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.months import month_end
from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.stages import GONE, STAGES, UNASSIGNED, WINDOW, Stages, shown_stages, stage_needs
from insights.stats.multistate import state_occupation_from_counts
from insights.stats.results import Estimate, NotEstimable
from insights.topics.evidence import Answer, ClientCounts, Evidence, NotAvailable, with_households
from insights.topics.lifecycle.refusals import NOBODY, refused
from insights.topics.lifecycle.refusals import WINDOW as NARROW

NOT_YET = "unassigned"
YEARS_BACK = 4


def stages(bank: Bank) -> Answer | NotAvailable:
    """Count the clients by stage at the as-of date and at the same time of the years before."""
    if missing := stage_needs(bank):
        return NotAvailable("lifecycle.stages", missing)
    found, apart = shown_stages(bank)
    last = found.months.months - 1
    columns = [c for c in range(last - 12 * YEARS_BACK, last + 1, 12) if c >= WINDOW or c == last]
    cells = [
        {"month": month_end(found.months.month(c)).isoformat(), "stage": name, "clients": n}
        for c in columns
        for name, n in in_force(found, c).items()
        if name in STAGES[: len(STAGES) if apart else -1] or n
    ]
    return Answer(
        id="lifecycle.stages",
        kind="lifecycle.stages",
        evidence={"stages": with_households(pd.DataFrame(cells), _rows(bank, found, columns), ("month", "stage"))},
        estimate=lambda evidence: cast(ClientCounts, evidence["stages"]).cells,
        facts={"rules": bank.settings.lifecycle.stages.model_dump(), "apart": apart},
    )


def stage_moves(bank: Bank) -> Answer | NotAvailable:
    """Count, by the stage of twelve months ago, in which stage clients are today, and who has left."""
    if missing := stage_needs(bank):
        return NotAvailable("lifecycle.stage_moves", missing)
    found, apart = shown_stages(bank)
    start = found.months.months - 1 - 12
    if start < WINDOW:
        return refused("lifecycle.stage_moves", NARROW, WINDOW + 12 + 1)
    own = np.flatnonzero((found.code[:, start] > UNASSIGNED) & (found.code[:, start] < GONE))
    if not len(own):
        return refused("lifecycle.stage_moves", NOBODY)
    then, now = found.code[own, start], _later(found, own, start, 12)
    counts = np.bincount((then.astype(np.int64) - 1) * GONE + now - 1, minlength=GONE * GONE)
    cells = pd.DataFrame(
        {
            "from": np.repeat(np.array(found.names, dtype=object), GONE),
            "to": np.tile(np.array(found.names, dtype=object), GONE),
            "clients": counts,
        }
    )
    names = np.array(found.names, dtype=object)
    home = household_of(bank, found.months.spells["client_id"].iloc[own])
    moved = pd.DataFrame({"from": names[then - 1], "to": names[now - 1], "household": home})
    # Nobody goes back to the introduction, and a stage without anybody has nowhere to go: no cells, no zeros.
    people = cells.groupby("from")["clients"].transform("sum")
    cells = cells[(people > 0) & ((cells["to"] != STAGES[0]) | (cells["from"] == STAGES[0]))]
    cells = cells[cells.groupby("to")["clients"].transform("sum") > 0].reset_index(drop=True)
    return Answer(
        id="lifecycle.stage_moves",
        kind="lifecycle.stage_moves",
        evidence={"moves": with_households(cells, moved, ("from", "to"))},
        estimate=_moves,
        facts={"start": month_end(found.months.month(start)), "apart": apart},
    )


@dataclass(frozen=True)
class Move:
    """Of the clients in one stage, the share that is in another a year later."""

    origin: str
    target: str
    clients: float
    share: Estimate | NotEstimable


def _rows(bank: Bank, found: Stages, columns: list[int]) -> pd.DataFrame:
    """Return one row per month and relationship in force at its end: month, stage, household."""
    home = household_of(bank, found.months.spells["client_id"])
    names = np.array([NOT_YET, *STAGES], dtype=object)
    rows = []
    for column in columns:
        own = np.flatnonzero(found.months.observed[:, column] & (found.code[:, column] < GONE))
        month = month_end(found.months.month(column)).isoformat()
        rows.append(pd.DataFrame({"month": month, "stage": names[found.code[own, column]], "household": home[own]}))
    return pd.concat(rows, ignore_index=True)


def in_force(found: Stages, column: int) -> dict[str, int]:
    """Return the number of clients in force by stage at the end of a column's month."""
    counts = np.bincount(found.code[:, column], minlength=GONE + 1)
    there = found.months.observed[:, column]
    unknown = int((there & (found.code[:, column] == UNASSIGNED)).sum())
    return {name: int(counts[k]) for k, name in enumerate(STAGES, start=1)} | {NOT_YET: unknown}


def _later(found: Stages, rows: np.ndarray, column: int, months: int) -> np.ndarray:
    """Return the stage of the relationships so many months after a column's month; who left has left."""
    after = found.code[rows, column + months]
    gone = found.months.left[rows] & (found.months.last[rows] <= column + months)
    return np.asarray(np.where(gone, GONE, after))


def _moves(evidence: dict[str, Evidence]) -> list[Move]:
    """Return the shares with intervals; those of a stage from which a number is withheld cannot be told."""
    cells = cast(ClientCounts, evidence["moves"]).cells
    made = []
    for origin, part in cells.groupby("from", sort=False):
        total = float(part["clients"].sum())
        whole = part["clients"].notna().all() and total > 0
        away = part[(part["to"] != origin) & (part["clients"] > 0)]
        frame = pd.DataFrame(
            {"time": 12.0, "from": origin, "to": away["to"], "at_risk": total, "events": away["clients"]}
        )
        curve = state_occupation_from_counts(frame, initial=str(origin)) if whole and len(away) else None
        for target, n in zip(part["to"], part["clients"], strict=True):
            share: Estimate | NotEstimable = NotEstimable("a number of this line is withheld")
            if curve is not None and str(target) in curve.states:
                share = curve.at([12], str(target))[0]
            elif whole:
                share = Estimate(float(n) / total, float("nan"), float("nan"), "share", round(total), round(n))
            made.append(Move(str(origin), str(target), float(n), share))
    return made
