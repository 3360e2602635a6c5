"""What earlier packs foretold that clients bring, and what they brought."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.memory.came_value import TOP, Brought, came_of_value
from insights.models.memory.store import Remembered
from insights.stats.resampling import Replicates
from insights.topics.evidence import Answer, NotAvailable
from insights.topics.foretold import ALL, APART, FINDING, RATIO, VALUE, came_of, scores_answer
from insights.topics.rows import estimates, line


def foretold(bank: Bank, memories: Sequence[Remembered] | None) -> Answer | NotAvailable:
    """Set what earlier packs foretold that clients bring beside what they brought.

    Evidence: "scores" by pack ("all" together): what came for each unit foretold, and how far clients were told apart,
    as the share of what came that the tenth of whom most was foretold brought.
    """
    if lacking := bank.needs("clients.joined_on", "clients.left_on", "revenue.amount", "revenue.month"):
        return NotAvailable(FINDING[VALUE], lacking)
    late = 1 if bank.settings.window.reporting_delay_days else 0
    return came_of(VALUE, memories, bank, came_of_value, lambda found: _answer(found, bank), wait=late)


def _answer(found: Brought, bank: Bank) -> Answer:
    frame = found.frame.assign(household=household_of(bank, found.frame["client_id"]))
    rows = [_row(found.ratio, 0, frame, "ratio", pack=ALL, score=RATIO)]
    rows.append(_row(found.share, 0, frame, "share", pack=ALL, score=APART))
    for k, day in enumerate(found.days, start=1):
        rows.append(_row(found.ratio, k, frame[frame["day"] == day], "ratio", pack=day, score=RATIO))
    return scores_answer(VALUE, found.months, found.days, {"scores": estimates(rows, "pack", "score")}, top=TOP)


def _row(found: Replicates, part: int, frame: pd.DataFrame, unit: str, **dims: str) -> dict[str, Any]:
    """Return one number, with the largest contributions of households to what came, for dominance."""
    brought = frame["came"].abs().groupby(frame["household"]).sum().to_numpy(float)
    sizes = np.sort(brought)[::-1]
    first, second = (float(sizes[k]) if len(sizes) > k else 0.0 for k in (0, 1))
    told = found.estimate(part, unit=unit, method="normal")
    return dims | line(told, float(frame["client_id"].nunique()), sizes=(first, second, float(sizes.sum())))
