"""Stated loyalty regressed on the factors: proportional odds with weights and clusters, its checks, and its effects."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.loyalty.answers import LOYALTY, answers
from insights.models.loyalty.worth import Worth, worth
from insights.stats.inputs import Floats, Ints
from insights.stats.measurement_error import CorrectedRegression, corrected_regression
from insights.stats.multiplicity import holm
from insights.stats.ordinal import OrderedFit, ordered_regression
from insights.stats.ordinal.bootstrap import WildScores, score_bootstrap
from insights.stats.ordinal.checks import ProportionalityTests, brant_test, nominal_effects
from insights.stats.ordinal.margins import MarginalEffects, marginal_effects
from insights.stats.ordinal.partial import PartialFit, partial_proportional_odds
from insights.stats.results import NotEstimable

MOST_CATEGORIES = 11
FEWEST_IN_CATEGORY = 30
"""A category at an end of the scale with fewer answers is put together with its neighbour."""
MANY_CLUSTERS = 50
"""From so many clusters on the corrected sandwich is used; below, the signs of the clusters' scores."""
LEVEL = 0.05
LOW, MIDDLE, HIGH = "low", "middle", "high"
TOP, BOTTOM = 0.85, 0.65
"""Loyal are those in the top 15 % of the scale, critical those in its lower 65 % (9 to 10, and 0 to 6, of 0 to 10)."""


@dataclass(frozen=True)
class Attitude:
    """The regression.

    ``p`` (by factor) tests that it has no effect: by the clusters' signs (``by_signs``) or Student's t. ``unequal`` are
    the factors whose effect changes over the scale; they have a slope per threshold in ``partial``. ``effects`` of one
    point more, on categories and on ``levels`` (name to categories). ``ranges`` (name to lowest and highest mark).
    ``corrected`` has the slopes in points of loyalty, free of measurement error and as they are.
    """

    fit: OrderedFit | NotEstimable
    p: dict[str, float]
    by_signs: bool
    nominal: ProportionalityTests | NotEstimable
    brant: ProportionalityTests | NotEstimable
    unequal: tuple[str, ...]
    partial: PartialFit | NotEstimable | None
    effects: MarginalEffects | NotEstimable
    corrected: CorrectedRegression | NotEstimable
    levels: dict[str, tuple[str, ...]]
    ranges: dict[str, tuple[float, float]]
    counts: dict[str, int] = field(default_factory=dict)


def attitude(bank: Bank) -> Attitude:
    """Return the regression, made once per bank; ask ``missing_for_answers`` first."""
    return once(bank, "survey_attitude", lambda: _made(bank))


def _made(bank: Bank) -> Attitude:
    found = worth(bank)
    scale = bank.settings.loyalty.outcome_scale
    survey = answers(bank)
    items = {f: survey.items(f).loc[found.rows.index] for f in found.factors}
    return regress(found, items, scale or (0.0, 10.0))


def regress(found: Worth, items: dict[str, pd.DataFrame], scale: tuple[float, float]) -> Attitude:
    """Regress loyalty of the rows on factors and controls; ``items`` are those of each factor, of the same rows."""
    rows, factors = found.rows, list(found.factors)
    codes, marks = categories(rows[LOYALTY].to_numpy(float), scale)
    levels, ranges = levels_of(marks, scale)
    columns = [*factors, *found.controls]
    nothing = NotEstimable("there is no regression")
    fit: OrderedFit | NotEstimable = NotEstimable(found.why_none)
    if len(rows) and factors:
        fit = ordered_regression(
            codes,
            rows[columns],
            categories=list(range(len(marks))),
            weight=rows["weight"],
            weights="probability",
            cluster={found.cluster: rows["cluster"]},
        )
    if isinstance(fit, NotEstimable) or fit.no_interval:
        why = fit if isinstance(fit, NotEstimable) else NotEstimable(fit.no_interval)
        return Attitude(why, {}, False, nothing, nothing, (), None, nothing, nothing, levels, ranges)
    p, by_signs = _p_values(fit, factors, next(iter(fit.clusters.values())))
    nominal = nominal_effects(fit, {f: [f] for f in factors})
    unequal = _unequal(nominal, factors)
    partial = partial_proportional_odds(fit, unequal) if unequal else None
    chosen = partial if isinstance(partial, PartialFit) else fit
    effects = marginal_effects(chosen, change=1.0, merged=levels)
    controls = rows[list(found.controls)] if found.controls else None
    corrected = corrected_regression(
        rows[LOYALTY], items, controls=controls, weight=rows["weight"], cluster=_enough(rows["cluster"])
    )
    counts = {name: int(np.isin(codes, [int(k) for k in own]).sum()) for name, own in levels.items()}
    brant = brant_test(fit, {f: [f] for f in factors})
    return Attitude(
        fit, p, by_signs, nominal, brant, unequal, partial, effects, corrected, levels, ranges, counts
    )  # fmt: skip


def categories(loyalty: Floats, scale: tuple[float, float]) -> tuple[Ints, list[tuple[float, float]]]:
    """Return the category (n,) of each answer, from 0, and the lowest and highest mark of each category.

    A scale of more than eleven marks is cut into eleven parts of one width; means of several items go to the nearest
    mark. Categories at the ends with few answers are put together with their neighbours.
    """
    low, high = scale
    steps = int(min(round(high - low), MOST_CATEGORIES - 1)) or 1
    width = (high - low) / steps
    place = np.clip(np.rint((loyalty - low) / width), 0, steps).astype(np.int64)
    counts = np.bincount(place, minlength=steps + 1)
    first, last = 0, steps
    while first < last and counts[: first + 1].sum() < FEWEST_IN_CATEGORY:
        first += 1
    while last > first and counts[last:].sum() < FEWEST_IN_CATEGORY:
        last -= 1
    place = np.clip(place, first, last)
    used = np.unique(place)
    marks = [
        (low if k == first else low + width * k, high if k == last else low + width * k) for k in (int(u) for u in used)
    ]
    return np.searchsorted(used, place).astype(np.int64), marks


def levels_of(
    marks: list[tuple[float, float]], scale: tuple[float, float]
) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[float, float]]]:
    """Return the categories of each level, and the marks it reaches from and to; a level without any is left out."""
    low, high = scale
    middle = [(a + b) / 2 if k else b for k, (a, b) in enumerate(marks)]  # the lowest category by its upper mark
    share = [(m - low) / (high - low) for m in middle]
    level = [HIGH if s > TOP - 1e-9 else LOW if s < BOTTOM + 1e-9 else MIDDLE for s in share]
    levels = {n: tuple(str(k) for k, own in enumerate(level) if own == n) for n in (LOW, MIDDLE, HIGH)}
    levels = {n: own for n, own in levels.items() if own}
    return levels, {n: (marks[int(own[0])][0], marks[int(own[-1])][1]) for n, own in levels.items()}


def _p_values(fit: OrderedFit, factors: list[str], clusters: int) -> tuple[dict[str, float], bool]:
    if clusters < MANY_CLUSTERS:
        found = score_bootstrap(fit, intervals=False)
        if isinstance(found, WildScores):
            table = found.table.set_index("name")["p"]
            return {f: float(table[f]) for f in factors}, True
    own = dict(zip(fit.table["name"], fit.table["p"].astype(float), strict=True))
    return {f: own[f] for f in factors}, False


def _unequal(nominal: ProportionalityTests | NotEstimable, factors: list[str]) -> tuple[str, ...]:
    if isinstance(nominal, NotEstimable):
        return ()
    table = nominal.table.set_index("column")
    p = holm([float(table.loc[f, "p"]) for f in factors])  # type: ignore[arg-type]
    return tuple(f for f, value in zip(factors, p, strict=True) if value < LEVEL)


def _enough(cluster: pd.Series) -> pd.Series | None:
    return cluster if cluster.nunique() >= 20 else None
