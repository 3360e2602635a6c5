"""Many tests at once: p-values that account for how many were made (Holm, Benjamini-Hochberg)."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import Floats
from insights.stats.results import Result, TestResult

SOURCE = "Holm (1979); Benjamini & Hochberg (1995)"


def adjust_tests(tests: Sequence[TestResult]) -> Result:
    """List all tests with their adjusted p-values.

    ``table``: name, null, statistic, df, p_value, p_holm, p_bh, reason; one row per test, in the order given. Tests
    without a p-value stay in the list with their reason, and do not count as made.
    """
    p = np.array([np.nan if t.p_value is None else t.p_value for t in tests], dtype=float)
    table = pd.DataFrame(
        {
            "name": [t.name for t in tests],
            "null": [t.null for t in tests],
            "statistic": [t.statistic for t in tests],
            "df": [t.df for t in tests],
            "p_value": p,
            "p_holm": holm(p),
            "p_bh": benjamini_hochberg(p),
            "reason": [t.reason for t in tests],
        }
    )
    return Result(table.astype({"statistic": float, "df": float}), source=SOURCE)


def holm(p_values: npt.ArrayLike) -> Floats:
    """Return Holm's adjusted p-values (n); rejecting those up to alpha makes any false rejection with at most alpha.

    It holds for tests that depend on each other in any way. Missing values stay missing and do not count.
    Raises ValueError for values outside 0 to 1.
    """
    p, known = _read(p_values)
    return _adjusted(p, known, lambda ranked: np.maximum.accumulate(ranked * np.arange(len(ranked), 0, -1)))


def benjamini_hochberg(p_values: npt.ArrayLike) -> Floats:
    """Return Benjamini and Hochberg's adjusted p-values (n).

    Rejecting those up to q keeps the expected share of false ones among the rejected at q or less, for independent
    tests and for those that depend on each other positively. Missing values stay missing and do not count.
    Raises ValueError for values outside 0 to 1.
    """
    p, known = _read(p_values)

    def step_up(ranked: Floats) -> Floats:
        m = len(ranked)
        return np.asarray(np.minimum.accumulate((ranked * m / np.arange(1, m + 1))[::-1])[::-1])

    return _adjusted(p, known, step_up)


def _read(p_values: npt.ArrayLike) -> tuple[Floats, npt.NDArray[np.bool_]]:
    p = np.asarray(p_values, dtype=float)
    if p.ndim != 1:
        raise ValueError(f"the p-values have shape {p.shape}; expected one dimension")
    known = ~np.isnan(p)
    if wrong := int((known & ~((p >= 0) & (p <= 1))).sum()):
        raise ValueError(f"{wrong} p-values lie outside 0 to 1; expected probabilities, missing where there is no test")
    return p, known


def _adjusted(p: Floats, known: npt.NDArray[np.bool_], rule: Callable[[Floats], Floats]) -> Floats:
    result = np.full(len(p), np.nan)
    place = np.flatnonzero(known)
    order = place[np.argsort(p[place], kind="stable")]
    result[order] = np.clip(rule(p[order]), p[order], 1.0)
    return result
