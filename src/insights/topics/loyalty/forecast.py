"""Whether what one wave of the survey taught held in the next one."""

from dataclasses import dataclass
from typing import cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.loyalty.answers import missing_for_answers, wave_months
from insights.models.loyalty.forecast import forecasts
from insights.models.loyalty.worth import worth
from insights.stats.results import Estimate, NotEstimable
from insights.stats.scoring.ordered import OrderedScores
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.loyalty.refusals import refused

ID = "loyalty.forecast"
SCORE, REFERENCE, SKILL = "score", "reference", "skill"
EXPECTED, OBSERVED, DIFFERENCE = "expected", "observed", "difference"
NAN = float("nan")


@dataclass(frozen=True)
class Forecast:
    """``waves``: wave ("" for all), what, value, low, high, n. ``categories``: category, what, value, low, high, n."""

    waves: pd.DataFrame
    categories: pd.DataFrame


def forecast(bank: Bank) -> Answer | NotAvailable:
    """Fit on one wave, predict the next: the ranked probability score, and calibration by category."""
    if missing := missing_for_answers(bank):
        return NotAvailable(ID, missing)
    found, used = forecasts(bank), worth(bank)
    if isinstance(found.pooled, NotEstimable):
        return refused(ID, found.pooled.reason)
    scored = {"": found.pooled} | {w: s for w, s in found.by_wave.items() if isinstance(s, OrderedScores)}
    waves = [
        _line({"wave": wave, "what": what}, told, float(found.clients[wave]), NAN)
        for wave, s in scored.items()
        for what, told in ((SCORE, s.score), (REFERENCE, s.reference), (SKILL, s.skill))
    ]
    table = found.pooled.table
    categories = []
    for k, row in enumerate(table.to_dict("records")):
        head, n, events = {"category": str(k)}, float(found.clients[""]), float(found.counts[k])
        categories.append(_line(head | {"what": EXPECTED}, float(row["expected"]), n, events))
        categories.append(_line(head | {"what": OBSERVED}, float(row["observed"]), n, events))
        gap = Estimate(float(row["difference"]), float(row["low"]), float(row["high"]), "share", int(n))
        categories.append(_line(head | {"what": DIFFERENCE}, gap, n, events))
    evidence: dict[str, Evidence] = {
        "waves": Estimates(pd.DataFrame(waves), ("wave", "what")),
        "categories": Estimates(pd.DataFrame(categories), ("category", "what")),
    }
    facts = {
        "marks": found.marks,
        "months": wave_months(used.rows),
        "calibration": found.pooled.checks[0],
        "skipped": found.skipped,
        "cluster": used.cluster,
    }
    return Answer(ID, ID, evidence, _forecast, facts)


def _line(head: dict[str, str], told: Estimate | float, n: float, events: float) -> dict[str, object]:
    ends = (told.value, told.low, told.high) if isinstance(told, Estimate) else (told, NAN, NAN)
    values = dict(zip(("value", "low", "high"), ends, strict=True))
    return {**head, **values, "unit": "share", "n": n, "n_events": events}


def _forecast(parts: dict[str, Evidence]) -> Forecast:
    return Forecast(cast(Estimates, parts["waves"]).rows, cast(Estimates, parts["categories"]).rows)
