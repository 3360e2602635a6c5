"""How far clients brought what past packs had foretold that they would."""

from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.memory.came_value import TOP, Brought, came_of_value
from insights.stats.resampling import Replicates
from insights.topics.evidence import Answer, Estimates, NotAvailable
from insights.topics.rows import estimates, line
from insights.topics.summary.pack import Pack
from insights.topics.summary.past import ALL, DUE, looked_back

ID = "summary.past_value"
RATIO, SHARE = "ratio", "share"


def past_value(pack: Pack, bank: Bank) -> Answer | NotAvailable:
    """Set what earlier packs foretold that clients bring beside what they brought, all together and pack by pack.

    Evidence: ``scores`` by pack ("all" together): "ratio" of what came to what was foretold, and "share" of what came
    that the tenth of whom most was foretold brought, which is a tenth where nothing tells clients apart.
    """
    found = looked_back(pack, bank, "past_value", came_of_value)
    if not isinstance(found, Brought):
        return NotAvailable(ID, (DUE,))
    frame = found.frame.assign(household=household_of(bank, found.frame["client_id"]))
    rows = [_row(found.ratio, 0, frame, "ratio", pack=ALL, score=RATIO)]
    rows.append(_row(found.share, 0, frame, "share", pack=ALL, score=SHARE))
    for k, day in enumerate(found.days, start=1):
        rows.append(_row(found.ratio, k, frame[frame["day"] == day], "ratio", pack=day, score=RATIO))
    return Answer(
        id=ID,
        kind=ID,
        evidence={"scores": estimates(rows, "pack", "score")},
        estimate=lambda parts: {"scores": cast(Estimates, parts["scores"]).rows},
        facts={"months": found.months, "packs": list(found.days), "top": TOP},
    )


def _row(found: Replicates, part: int, frame: pd.DataFrame, unit: str, **dims: str) -> dict[str, Any]:
    """Return one number, with the largest contributions of households to what came, for dominance."""
    brought = frame["came"].abs().groupby(frame["household"]).sum().to_numpy(float)
    sizes = np.sort(brought)[::-1]
    first, second = (float(sizes[k]) if len(sizes) > k else 0.0 for k in (0, 1))
    told = found.estimate(part, unit=unit, method="normal")
    return dims | line(told, float(frame["client_id"].nunique()), sizes=(first, second, float(sizes.sum())))
