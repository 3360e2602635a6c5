"""Ratios of one group beside what they would be in another, for the same mix of strata."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtrit

from insights.stats.inputs import check_level
from insights.stats.results import Estimate, NotEstimable

SOURCE = "Direct standardisation (Keiding & Clayton 2014); linearised, by cluster: Cochran (1977), ch. 6 and 9A"
FEWEST_OF_STRATUM, FEWEST_CLUSTERS = 20, 20
LEAST_COVERED = 0.8


@dataclass(frozen=True)
class Standardised:
    """Two ratios for one mix of strata.

    ``own`` is the ratio of one group, ``other`` that of the other for the strata of the first, ``difference`` the other
    less the own. ``covered``: the share of the first group's rows whose stratum both have often enough.
    """

    own: float
    other: float
    difference: Estimate
    covered: float


def standardised_ratios(
    numerator: npt.ArrayLike,
    denominator: npt.ArrayLike,
    one: npt.ArrayLike,
    stratum: npt.ArrayLike,
    cluster: npt.ArrayLike,
    *,
    unit: str = "",
    level: float = 0.95,
) -> Standardised | NotEstimable:
    """Compare sum(numerator) / sum(denominator) of the rows of one group (flags, n) with those of the other.

    The other group's means by stratum (n labels) are added up as often as the first group has rows of it: a ratio for
    the same mix. Of means take a denominator of 1. Standard error: linearised, added up by cluster (n), so that rows of
    one cluster may depend, across groups too; the first group's mix counts as known. Interval: Student's t.

    Assumes that rows of one stratum are alike in all that matters but the group. NotEstimable where strata that both
    groups have 20 rows of cover less than four fifths of the first, with fewer than 20 clusters on a side, and for
    denominators that add up to 0. Raises ValueError for lengths that differ and values that are missing.
    """
    check_level(level)
    y, x = np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float)
    flag = np.asarray(one).astype(bool)
    if not (y.shape == x.shape == flag.shape) or y.ndim != 1:
        raise ValueError(f"shapes {y.shape}, {x.shape} and {flag.shape}; expected three arrays of one length")
    if not (np.isfinite(y).all() and np.isfinite(x).all()):
        raise ValueError("values are missing or infinite; expected numbers: leave out what is not known")
    kind, unit_of = pd.factorize(np.asarray(stratum))[0], pd.factorize(np.asarray(cluster))[0]
    size = np.stack([np.bincount(kind, side, minlength=kind.max() + 1 if len(kind) else 1) for side in (flag, ~flag)])
    both = np.asarray((size >= FEWEST_OF_STRATUM).all(axis=0))
    covered = float(size[0][both].sum() / max(size[0].sum(), 1))
    if covered < LEAST_COVERED:
        return NotEstimable(f"strata that both groups have cover {covered:.0%} of the first; 80 % are needed")
    used = both[kind]
    y, x, flag, kind, unit_of = (v[used] for v in (y, x, flag, kind, unit_of))
    clusters = [len(np.unique(unit_of[side])) for side in (flag, ~flag)]
    if min(clusters) < FEWEST_CLUSTERS:
        return NotEstimable(f"{min(clusters)} clusters in one of the groups; {FEWEST_CLUSTERS} are needed")
    weight = np.where(flag, 1.0, (size[0] / np.maximum(size[1], 1))[kind])
    mine, theirs = weight * flag, weight * ~flag
    totals = float(mine @ x), float(theirs @ x)
    if min(totals) <= 0:
        return NotEstimable("a denominator adds up to 0")
    own, other = float(mine @ y) / totals[0], float(theirs @ y) / totals[1]
    # The mix is given: of the other group only what rows differ by from their stratum is chance.
    rest = y - other * x
    mean = np.bincount(kind, rest * ~flag) / np.maximum(np.bincount(kind, ~flag), 1)
    away = theirs * (rest - mean[kind]) / totals[1] - mine * (y - own * x) / totals[0]
    by = np.bincount(unit_of, away)
    count = len(np.unique(unit_of))
    se = math.sqrt(count / (count - 1) * float((by**2).sum()))
    half = float(stdtrit(min(clusters) - 1, (1 + level) / 2)) * se
    value = other - own
    told = Estimate(value, value - half, value + half, unit, count, None, level, se)
    return Standardised(own, other, told, covered)
