"""Ordered logit against statsmodels (BFGS), in one run; statsmodels is not among the dependencies and may be absent."""

import importlib.util
import sys
import time
from statistics import median

import numpy as np
import pandas as pd

from insights.stats.ordinal import OrderedFit, ordered_regression

CATEGORIES, COLUMNS = 11, 10


def main(large: bool) -> None:
    """Print seconds and ratios; ``large`` lets statsmodels too fit 100,000 rows."""
    print(f"{'work':<58}{'statsmodels':>13}{'ours':>11}{'ratio':>9}   difference")
    _line(10**4, theirs=True)
    _line(10**5, theirs=large)
    _line(10**6, theirs=False)


def _line(n: int, *, theirs: bool) -> None:
    y, x = _answers(n)
    seconds, found = [], None
    for _ in range(5):
        start = time.perf_counter()
        found = ordered_regression(y, x)
        seconds.append(time.perf_counter() - start)
    assert isinstance(found, OrderedFit)
    ours = median(seconds)
    work = f"ordered logit, {CATEGORIES} categories, {COLUMNS} columns, {n:,} rows"
    if theirs and importlib.util.find_spec("statsmodels"):
        spent, slopes = _statsmodels(y, x)
        gap = float(np.abs(slopes - found.table["estimate"].to_numpy()).max())
        print(f"{work:<58}{spent:>11.2f} s{ours:>9.3f} s{spent / ours:>8.0f}x   {gap:.1e} of a slope", flush=True)
        return
    why = "not installed" if theirs else "not run (--large)"
    print(f"{work:<58}{why:>13}{ours:>9.3f} s", flush=True)


def _statsmodels(y: np.ndarray, x: pd.DataFrame) -> tuple[float, np.ndarray]:
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    start = time.perf_counter()
    fit = OrderedModel(y, x, distr="logit").fit(method="bfgs", disp=False)
    return time.perf_counter() - start, np.asarray(fit.params)[:COLUMNS]


def _answers(n: int) -> tuple[np.ndarray, pd.DataFrame]:
    """Return answers from 0 to 10 and correlated scores, as a recommendation on ten drivers would be."""
    rng = np.random.default_rng(1)
    x = pd.DataFrame(rng.normal(size=(n, COLUMNS)) + 0.7 * rng.normal(size=(n, 1))).add_prefix("driver_")
    latent = x.to_numpy() @ np.linspace(0.5, -0.1, COLUMNS) + rng.logistic(size=n)
    return np.digitize(latent, np.linspace(-4, 3, CATEGORIES - 1)), x


if __name__ == "__main__":
    main("--large" in sys.argv[1:])
