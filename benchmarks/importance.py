"""Shapley importance against a loop over all subsets and pingouin; both may be absent."""

import importlib.util
import sys
import time
from itertools import combinations
from math import comb
from statistics import median

import numpy as np
import pandas as pd

from insights.stats.importance import Importance, shapley_importance

DRIVERS, RESAMPLES = 12, 1000


def main(large: bool) -> None:
    """Print seconds; ``large`` adds the loop over all 4,096 models at 10,000 rows, one fit of it."""
    print(f"{'work':<72}{'seconds':>11}   difference")
    y, x = _drivers(10**4)
    ours, found = _ours(y, x)
    _row(f"ours: {DRIVERS} drivers, 10,000 rows, {RESAMPLES:,} resamples", ours)
    y, x = _drivers(10**3)
    small, exact = _ours(y, x)
    _row(f"ours: {DRIVERS} drivers, 1,000 rows, {RESAMPLES:,} resamples", small)
    if importlib.util.find_spec("pingouin"):
        spent, shares = _pingouin(y, x)
        _row(f"pingouin: {DRIVERS} drivers, 1,000 rows, one fit", spent, np.abs(shares - exact.table["lmg"]).max())
    else:
        _row("pingouin", None)
    if not importlib.util.find_spec("statsmodels"):
        _row("statsmodels, a loop over all models", None)
    elif large:
        y, x = _drivers(10**4)
        spent, shares = _loop(y, x)
        gap = np.abs(shares - found.table["lmg"]).max()
        _row(f"statsmodels, a loop over all models: {DRIVERS} drivers, 10,000 rows, one fit", spent, gap)


def _ours(y: np.ndarray, x: pd.DataFrame) -> tuple[float, Importance]:
    seconds, found = [], None
    for _ in range(5):
        start = time.perf_counter()
        found = shapley_importance(y, x, draws=RESAMPLES)
        seconds.append(time.perf_counter() - start)
    assert isinstance(found, Importance)
    return median(seconds), found


def _pingouin(y: np.ndarray, x: pd.DataFrame) -> tuple[float, np.ndarray]:
    import pingouin

    start = time.perf_counter()
    fit = pingouin.linear_regression(x, y, relimp=True)
    return time.perf_counter() - start, fit["relimp"].to_numpy()[1:]


def _loop(y: np.ndarray, x: pd.DataFrame) -> tuple[float, np.ndarray]:
    import statsmodels.api as sm

    start = time.perf_counter()
    values, p = x.to_numpy(), x.shape[1]
    explained = {
        some: sm.OLS(y, sm.add_constant(values[:, list(some)])).fit().rsquared if some else 0.0
        for size in range(p + 1)
        for some in combinations(range(p), size)
    }
    shares = np.zeros(p)
    for some, value in explained.items():
        for j in set(range(p)) - set(some):
            joined = tuple(sorted((*some, j)))
            shares[j] += (explained[joined] - value) / (p * comb(p - 1, len(some)))
    return time.perf_counter() - start, shares


def _drivers(n: int) -> tuple[np.ndarray, pd.DataFrame]:
    rng = np.random.default_rng(1)
    x = pd.DataFrame(rng.normal(size=(n, DRIVERS)) + rng.normal(size=(n, 1))).add_prefix("driver_")
    return x.to_numpy() @ np.linspace(1, 0, DRIVERS) + 3 * rng.normal(size=n), x


def _row(work: str, seconds: float | None, gap: float | None = None) -> None:
    told = "" if gap is None else f"   {gap:.1e} of a share"
    print(f"{work:<72}{'not installed' if seconds is None else f'{seconds:.3f} s':>13}{told}", flush=True)


if __name__ == "__main__":
    main("--large" in sys.argv[1:])
