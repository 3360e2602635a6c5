"""Ranks: a rank index of several measures, how much it hangs on the weights, and whether two measures rank alike."""

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from insights.stats.inputs import Floats, check_level, read_numbers
from insights.stats.intervals import normal_quantile
from insights.stats.results import Estimate, NotEstimable

SOURCE = "Saisana, Saltelli & Tarantola (2005), Uncertainty and sensitivity analysis of composite indicators"
SHIFT = 0.5
TOP = 0.1


def rank_index(measures: pd.DataFrame, weights: Mapping[str, float]) -> Floats:
    """Return the weighted mean (n) of the measures' ranks, from 0 (lowest) to 1; ties share their rank.

    ``measures`` (n, k) with a column for every weight; the more the better in all. ValueError for weights that name no
    column, are negative, or add up to nothing.
    """
    total = sum(weights.values())
    if not set(weights) <= set(measures.columns) or min(weights.values(), default=-1) < 0 or not total > 0:
        raise ValueError(f"weights {dict(weights)} do not fit columns {list(measures.columns)}; expected some above 0")
    n = len(measures)
    ranks = {name: (rankdata(measures[name]) - 1) / max(n - 1, 1) for name in weights}
    return np.asarray(sum(w * ranks[name] for name, w in weights.items()) / total)


def rank_stability(measures: pd.DataFrame, weights: Mapping[str, float], shift: float = SHIFT) -> pd.DataFrame:
    """Return how ranks change when one weight at a time is lowered and raised by a share ``shift`` of itself.

    Columns: weight, factor, correlation (Spearman, with the ranks under the weights given), kept (share of the highest
    tenth that stays in it). Rows in which the index is the same for all have nan.
    """
    base = rank_index(measures, weights)
    count = max(round(TOP * len(base)), 1)
    first = set(np.argsort(-base, kind="stable")[:count])
    rows = []
    for name in weights:
        for factor in (1 - shift, 1 + shift):
            other = rank_index(measures, {**weights, name: factor * weights[name]})
            kept = len(first & set(np.argsort(-other, kind="stable")[:count])) / count
            same = np.ptp(base) == 0 or np.ptp(other) == 0
            r = float("nan") if same else float(np.corrcoef(rankdata(base), rankdata(other))[0, 1])
            rows.append({"weight": name, "factor": factor, "correlation": r, "kept": kept})
    return pd.DataFrame(rows)


def rank_correlation(one: npt.ArrayLike, other: npt.ArrayLike, *, level: float = 0.95) -> Estimate | NotEstimable:
    """Return Spearman's correlation of two measures (n), ties sharing their rank, with Fisher's interval.

    The standard error of its arctangent is 1.03 / sqrt(n - 3) (Fieller, Hartley & Pearson 1957): good for correlations
    up to about 0.8 and few ties; with many ties the interval is a little narrow. NotEstimable below 20 pairs, or where
    one measure is the same for all. Raises ValueError for lengths that differ and missing values.
    """
    check_level(level)
    x = read_numbers(one, "one")
    y = read_numbers(other, "other", len(x))
    if len(x) < 20:
        return NotEstimable(f"{len(x)} pairs are too few for a correlation; 20 are needed")
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return NotEstimable("one measure is the same for all")
    r = float(np.clip(np.corrcoef(rankdata(x), rankdata(y))[0, 1], -1, 1))
    if abs(r) == 1:
        return Estimate(r, r, r, "correlation", len(x), level=level)
    half = normal_quantile(level) * 1.03 / math.sqrt(len(x) - 3)
    low, high = math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)
    return Estimate(r, low, high, "correlation", len(x), level=level)
