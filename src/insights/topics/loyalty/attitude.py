"""Which factors go with stated loyalty, by how much, and whether alike over the whole scale."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.loyalty.answers import missing_for_answers
from insights.models.loyalty.attitude import Attitude
from insights.models.loyalty.attitude import attitude as regression
from insights.models.loyalty.worth import worth
from insights.stats.measurement_error import CorrectedRegression
from insights.stats.multiplicity import holm
from insights.stats.ordinal import OrderedFit
from insights.stats.ordinal.checks import ALL, ProportionalityTests
from insights.stats.ordinal.margins import MarginalEffects
from insights.stats.ordinal.partial import PartialFit
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.loyalty.refusals import refused

ID = "loyalty.attitude"
NAN = float("nan")
CORRECTED, PLAIN, ODDS = "corrected", "uncorrected", "odds"
LEVEL = 0.05


@dataclass(frozen=True)
class AttitudeRows:
    """``effects``: factor, level (value: change of its share); ``slopes``: factor, what; ``tests``: factor, test (p).

    What of ``slopes``: points of loyalty "corrected" for measurement error and "uncorrected", "odds" (ratio). Tests:
    "effect" (none), "nominal" and "brant" (the same over the scale). ``clear`` factors are those with an effect, by
    Holm.
    """

    effects: pd.DataFrame
    slopes: pd.DataFrame
    tests: pd.DataFrame


def attitude(bank: Bank) -> Answer | NotAvailable:
    """Regress stated loyalty on the factors and tell what one point more goes with."""
    if missing := missing_for_answers(bank):
        return NotAvailable(ID, missing)
    found, used = regression(bank), worth(bank)
    if isinstance(found.fit, NotEstimable):
        return refused(ID, found.fit.reason)
    if isinstance(found.effects, NotEstimable):
        return refused(ID, found.effects.reason)
    n, answered = float(used.rows["client_id"].nunique()), float(len(used.rows))
    adjusted = holm(list(found.p.values()))
    evidence: dict[str, Evidence] = {
        "effects": Estimates(_effects(found, found.effects, used.factors, n), ("factor", "level")),
        "slopes": Estimates(_slopes(found, found.fit, used.factors, n, answered), ("factor", "what")),
        "tests": Estimates(_tests(found, used.factors, n, answered), ("factor", "test")),
    }
    facts = {
        "ranges": found.ranges,
        "clear": [f for f, p in zip(found.p, adjusted, strict=True) if p < LEVEL],
        "unequal": list(found.unequal),
        "partial": isinstance(found.partial, PartialFit),
        "by_signs": found.by_signs,
        "weighted": bool(used.rows["weight"].nunique() > 1),
        "repeated": len(used.rows) > used.rows["client_id"].nunique(),
        "cluster": used.cluster,
        "clusters": next(iter(found.fit.clusters.values())),
        "controls": list(used.controls),
        "brant": _brant(found),
    }
    return Answer(ID, ID, evidence, _rows, facts)


def _effects(found: Attitude, effects: MarginalEffects, factors: tuple[str, ...], n: float) -> pd.DataFrame:
    table = effects.table[effects.table["column"].isin(factors) & effects.table["category"].isin(list(found.levels))]
    rows = table.rename(columns={"column": "factor", "category": "level", "effect": "value"})
    rows = rows[["factor", "level", "value", "low", "high"]].reset_index(drop=True)
    return rows.assign(unit="share", n=n, n_events=rows["level"].map(found.counts).astype(float))


def _slopes(found: Attitude, fit: OrderedFit, factors: tuple[str, ...], n: float, answered: float) -> pd.DataFrame:
    odds = fit.table.set_index("name")
    corrected = found.corrected.table.set_index("factor") if isinstance(found.corrected, CorrectedRegression) else None
    lines = []
    for factor in factors:
        own = odds.loc[factor]
        ends = [float(own[c]) for c in ("odds_ratio", "odds_ratio_low", "odds_ratio_high")]
        lines.append((factor, ODDS, *ends, "odds ratio"))
        if corrected is not None:
            told = corrected.loc[factor]
            lines.append((factor, CORRECTED, *(float(told[c]) for c in ("slope", "low", "high")), "points"))
            lines.append((factor, PLAIN, float(told["uncorrected"]), NAN, NAN, "points"))
    rows = pd.DataFrame(lines, columns=["factor", "what", "value", "low", "high", "unit"])
    return rows.assign(n=n, n_events=answered)


def _tests(found: Attitude, factors: tuple[str, ...], n: float, answered: float) -> pd.DataFrame:
    lines = [(f, "effect", p) for f, p in found.p.items()]
    for name, tests in (("nominal", found.nominal), ("brant", found.brant)):
        if isinstance(tests, ProportionalityTests):
            own = tests.table.set_index("column")["p"]
            lines += [(f, name, float(own[f])) for f in factors if np.isfinite(own[f])]
    rows = pd.DataFrame(lines, columns=["factor", "test", "value"])
    return rows.assign(low=NAN, high=NAN, unit="p", n=n, n_events=answered)


def _brant(found: Attitude) -> float | None:
    """Return the p-value of Brant's test of all columns together, None where it is refused."""
    if not isinstance(found.brant, ProportionalityTests):
        return None
    return found.brant.test(ALL).p_value


def _rows(parts: dict[str, Evidence]) -> AttitudeRows:
    return AttitudeRows(*(cast(Estimates, parts[name]).rows for name in ("effects", "slopes", "tests")))
