"""Whether two factors are two: correlations between the items of different factors, beside those within."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.factors.moments import read_sample
from insights.stats.inputs import Floats, Ints
from insights.stats.resampling import bootstrap
from insights.stats.results import Estimate, NotEstimable, Result

SOURCE = "Henseler, Ringle & Sarstedt (2015), heterotrait-monotrait ratio"
APART = 0.85
REPLICATES = 400


def heterotrait_ratios(
    items: pd.DataFrame,
    factors: Mapping[str, Sequence[str]],
    *,
    cluster: npt.ArrayLike | None = None,
    seed: str = "heterotrait",
) -> Result | NotEstimable:
    """Return the heterotrait-monotrait ratio (HTMT) of every pair of factors with bootstrap intervals.

    ``table``: one, other, ratio, low, high (95 %), apart (the interval lies below 0.85). The ratio is the mean absolute
    correlation between items of the two factors over the geometric mean of those within each: an estimate of the
    correlation of the factors themselves. Assumes items of one factor load about alike. Complete rows (n, p) only;
    clusters (n,) are resampled whole. NotEstimable as in ``confirmatory``, and without two factors of two items.
    """
    several = {name: own for name, own in factors.items() if len(own) > 1}
    if len(several) < 2:
        return NotEstimable(f"{len(several)} factors have two items or more; a ratio needs two")
    sample = read_sample(items, several, None, cluster)
    if isinstance(sample, str):
        return NotEstimable(sample)
    pairs = list(combinations(range(len(sample.factors)), 2))
    x, p = sample.values - sample.values.mean(axis=0), sample.values.shape[1]
    upper = np.triu_indices(p)
    count = int(sample.cluster.max()) + 1
    pieces = np.zeros((count, 1 + p + len(upper[0])))
    np.add.at(
        pieces, sample.cluster, np.concatenate([np.ones((len(x), 1)), x, x[:, upper[0]] * x[:, upper[1]]], axis=1)
    )

    def ratios(weight: Floats) -> Floats:
        total = weight @ pieces
        mean = total[1 : p + 1] / total[0]
        second = np.zeros((p, p))
        second[upper] = second.T[upper] = total[p + 1 :] / total[0]
        return _ratios(second - np.outer(mean, mean), sample.factor, pairs)

    drawn = bootstrap(ratios, np.arange(count), seed=seed, replicates=REPLICATES)
    rows = []
    for k, (f, g) in enumerate(pairs):
        found = drawn.estimate(k, unit="ratio")
        low, high = (found.low, found.high) if isinstance(found, Estimate) else (np.nan, np.nan)
        rows.append((sample.factors[f], sample.factors[g], float(drawn.value[k]), low, high, bool(high < APART)))
    return Result(pd.DataFrame(rows, columns=["one", "other", "ratio", "low", "high", "apart"]), (), SOURCE)


def _ratios(cov: Floats, factor: Ints, pairs: list[tuple[int, int]]) -> Floats:
    spread = np.sqrt(np.diag(cov))
    corr = np.abs(cov / np.outer(spread, spread))
    within = []
    for f in range(int(factor.max()) + 1):
        own = corr[np.ix_(factor == f, factor == f)]
        within.append(own[np.triu_indices(len(own), 1)].mean())
    found = [corr[np.ix_(factor == f, factor == g)].mean() / np.sqrt(within[f] * within[g]) for f, g in pairs]
    return np.array(found)
