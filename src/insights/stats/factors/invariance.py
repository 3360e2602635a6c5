"""Whether items measure the same in every group: configural, metric and scalar invariance, and what each allows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy.typing as npt
import pandas as pd

from insights.stats.factors.analysis import FactorAnalysis, chi2_p, confirmatory
from insights.stats.results import NotEstimable, Result, TestResult

SOURCE = "Cheung & Rensvold (2002); Chen (2007); Satorra & Bentler (2001), scaled difference"
WORST_CFI, WORST_RMSEA = 0.90, 0.08
"""A structure that fits worse than this is not the same in the groups, because it holds in none of them."""
MOST_CFI_LOST, MOST_RMSEA_GAINED = 0.010, 0.015

Level = Literal["none", "configural", "metric", "scalar"]
LEVELS: tuple[Level, ...] = ("configural", "metric", "scalar")


@dataclass(frozen=True, eq=False)
class Invariance(Result):
    """How far the groups can be compared.

    ``table``: level (configural, metric, scalar), chi2 (scaled), df, cfi, rmsea (robust), srmr, cfi_lost,
    rmsea_gained, difference (scaled chi-squared against the level before), difference_df, p_value, holds.
    ``level`` is the highest that holds, all before it holding too: "configural" allows nothing to be compared but the
    structure, "metric" slopes and correlations, "scalar" means. ``groups`` are the labels, ``n`` complete rows.
    """

    level: Level = "none"
    groups: tuple[str, ...] = ()
    n: int = 0
    fits: tuple[FactorAnalysis, ...] = field(default=(), repr=False)


def measurement_invariance(
    items: pd.DataFrame,
    factors: Mapping[str, Sequence[str]],
    group: npt.ArrayLike,
    *,
    cluster: npt.ArrayLike | None = None,
) -> Invariance | NotEstimable:
    """Fit the factor model (see ``confirmatory``) with more and more held equal across the groups (n,).

    A level holds if CFI falls by no more than 0.010 and RMSEA rises by no more than 0.015 against the level before
    (both robust); the first one if its own CFI is at least 0.90 and its RMSEA at most 0.08. With many answers the
    chi-squared difference is significant for differences that do not matter; it is given and does not decide.

    NotEstimable as in ``confirmatory``, with fewer than two groups, and where one of the models has no proper solution.
    """
    fits: list[FactorAnalysis] = []
    if len(set(map(str, pd.Series(group).dropna()))) < 2:
        return NotEstimable("there is one group; two are needed for a comparison")
    for level in LEVELS:
        found = confirmatory(
            items,
            factors,
            group=group,
            cluster=cluster,
            equal_loadings=level != "configural",
            equal_intercepts=level == "scalar",
        )
        if isinstance(found, NotEstimable):
            return NotEstimable(found.reason)
        fits.append(found)
    rows: list[dict[str, object]] = []
    checks: list[TestResult] = []
    highest: Level = "none"
    held = True
    for k, (level, own) in enumerate(zip(LEVELS, fits, strict=True)):
        row: dict[str, object] = {"level": level, "chi2": own.scaled, "df": own.df, "cfi": own.robust_cfi}
        row |= {"rmsea": own.robust_rmsea, "srmr": own.srmr}
        if k == 0:
            held = own.robust_cfi >= WORST_CFI and own.robust_rmsea <= WORST_RMSEA
        else:
            before = fits[k - 1]
            test = scaled_difference(own, before, level)
            checks.append(test)
            lost, gained = before.robust_cfi - own.robust_cfi, own.robust_rmsea - before.robust_rmsea
            row |= {"cfi_lost": lost, "rmsea_gained": gained}
            row |= {"difference": test.statistic, "difference_df": test.df, "p_value": test.p_value}
            held = held and lost <= MOST_CFI_LOST and gained <= MOST_RMSEA_GAINED
        rows.append(row | {"holds": held})
        highest = level if held else highest
    order = ["level", "chi2", "df", "cfi", "rmsea", "srmr", "cfi_lost", "rmsea_gained"]
    table = pd.DataFrame(rows, columns=[*order, "difference", "difference_df", "p_value", "holds"])
    return Invariance(table, tuple(checks), SOURCE, level=highest, groups=fits[0].groups, n=fits[0].n, fits=tuple(fits))


def scaled_difference(restricted: FactorAnalysis, free: FactorAnalysis, level: str) -> TestResult:
    """Return the scaled chi-squared difference of two nested models."""
    null = {"metric": "loadings are the same in all groups", "scalar": "intercepts are the same in all groups"}
    df = restricted.df - free.df
    scaling = (restricted.df * restricted.scaling - free.df * free.scaling) / df
    name = f"{level} invariance"
    if scaling <= 0:
        return TestResult(name, null.get(level, "the restrictions hold"), df=df, reason="its scaling is not positive")
    statistic = (restricted.chi2 - free.chi2) / scaling
    return TestResult(name, null.get(level, "the restrictions hold"), statistic, df, chi2_p(statistic, df))
