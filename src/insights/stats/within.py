"""What goes with a change within a unit: regressions with a constant for every unit and every period."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtr, stdtrit

from insights.stats.effects.two_way import two_way_residual
from insights.stats.inputs import Floats, check_level
from insights.stats.results import Estimate, NotEstimable, Result

SOURCE = (
    "Wooldridge (2010), Econometric Analysis of Cross Section and Panel Data, ch. 10; clusters: Liang & Zeger (1986)"
)
FEWEST_UNITS = 50


@dataclass(frozen=True, eq=False)
class WithinFit(Result):
    """``table``: name, estimate, se, low, high (units of the outcome), p; they rest on ``n`` cells of ``units``."""

    units: int = 0
    n: int = 0
    level: float = 0.95

    def coefficient(self, name: str, unit: str = "outcome") -> Estimate:
        """Return one coefficient with its interval; KeyError for a name that is not there."""
        row = self.table.set_index("name").loc[name]
        value, low, high, se = (float(row[c]) for c in ("estimate", "low", "high", "se"))
        return Estimate(value, low, high, unit, self.units, None, self.level, se)


def within_regression(
    outcome: npt.ArrayLike, columns: Mapping[str, npt.ArrayLike], *, level: float = 0.95
) -> WithinFit | NotEstimable:
    """Regress an outcome (n units, T periods) on columns (n, T each), a constant per unit and one per period.

    A cell in which anything is nan is left out; exact for any pattern of what is seen. Only what changes within a unit,
    beyond what changes for all, tells: whatever sets units apart for good is gone. Errors by unit: anything within a
    unit may depend, with the factor G / (G - 1), Student's t with G - 1 degrees of freedom.

    Assumes that periods before and after do not drive the columns by the outcome (strict exogeneity): put a lead of the
    column in and see that nothing goes with it. NotEstimable below 50 units seen at least twice, and where a column
    does not move within units. Raises ValueError for shapes that differ.
    """
    check_level(level)
    y = np.asarray(outcome, dtype=float)
    x = [np.asarray(v, dtype=float) for v in columns.values()]
    if y.ndim != 2 or any(v.shape != y.shape for v in x):
        raise ValueError("outcome and columns have different shapes; expected units by periods in all of them")
    seen = np.isfinite(y)
    for v in x:
        seen &= np.isfinite(v)
    seen &= (seen.sum(axis=1) > 1)[:, None]
    kept = seen.any(axis=1)
    y, x, seen = y[kept], [v[kept] for v in x], seen[kept]
    units = int(kept.sum())
    if units < FEWEST_UNITS:
        return NotEstimable(f"{units} units are seen twice or more; {FEWEST_UNITS} are needed")
    rest = [two_way_residual(np.where(seen, v, 0.0), seen) for v in x]
    target = two_way_residual(np.where(seen, y, 0.0), seen)
    gram = np.array([[float((a * b).sum()) for b in rest] for a in rest])
    spread = np.array([float((np.where(seen, v - v[seen].mean(), 0.0) ** 2).sum()) for v in x])
    if (np.diag(gram) <= 1e-9 * np.maximum(spread, 1e-300)).any() or np.linalg.cond(gram) > 1e12:
        return NotEstimable("a column does not move within units, or follows from the others")
    bread = np.linalg.inv(gram)
    beta = bread @ np.array([float((a * target).sum()) for a in rest])
    left = target - sum(b * a for b, a in zip(beta, rest, strict=True))
    scores = np.stack([(a * left).sum(axis=1) for a in rest], axis=1)
    covariance = units / (units - 1) * bread @ (scores.T @ scores) @ bread
    return WithinFit(
        _table(list(columns), beta, np.sqrt(np.diag(covariance)), units - 1, level),
        source=SOURCE,
        units=units,
        n=int(seen.sum()),
        level=level,
    )


def _table(names: list[str], beta: Floats, se: Floats, df: int, level: float) -> pd.DataFrame:
    half = float(stdtrit(df, (1 + level) / 2)) * se
    p = 2 * stdtr(df, -np.abs(beta / se))
    return pd.DataFrame({"name": names, "estimate": beta, "se": se, "low": beta - half, "high": beta + half, "p": p})
