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
from insights.topics.rows import row

ID = "loyalty.forecast"
SCORE, REFERENCE, SKILL = "score", "reference", "skill"
EXPECTED, OBSERVED, DIFFERENCE = "expected", "observed", "difference"


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
        row(told, "share", float(found.clients[wave]), wave=wave, what=what)
        for wave, s in scored.items()
        for what, told in ((SCORE, s.score), (REFERENCE, s.reference), (SKILL, s.skill))
    ]
    table = found.pooled.table
    categories = []
    for k, own in enumerate(table.to_dict("records")):
        n, events = float(found.clients[""]), float(found.counts[k])
        gap = Estimate(float(own["difference"]), float(own["low"]), float(own["high"]), "share", int(n))
        told: dict[str, Estimate | float] = {
            EXPECTED: float(own["expected"]),
            OBSERVED: float(own["observed"]),
            DIFFERENCE: gap,
        }
        categories += [row(v, "share", n, events, category=str(k), what=what) for what, v in told.items()]
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


def _forecast(parts: dict[str, Evidence]) -> Forecast:
    return Forecast(cast(Estimates, parts["waves"]).rows, cast(Estimates, parts["categories"]).rows)
