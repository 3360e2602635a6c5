"""Regression within units: every unit has its own level, so only what differs inside a unit is compared."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtr, stdtrit

from insights.stats.inputs import Floats, check_level
from insights.stats.results import Estimate, NotEstimable, Result, TestResult

SOURCE = (
    "Wooldridge (2010), Econometric Analysis of Cross Section and Panel Data, ch. 10; clusters: Liang & Zeger (1986)"
)
FEWEST_UNITS = 50


@dataclass(frozen=True, eq=False)
class AbsorbedFit(Result):
    """``table``: name, estimate, se, low, high (units of the outcome), p; of ``n`` rows of ``units`` units.

    ``covariance`` (p, p) is in the order of the table. ``alone`` rows were the only one of their unit.
    """

    covariance: Floats = field(default_factory=lambda: np.zeros((0, 0)), repr=False)
    units: int = 0
    n: int = 0
    alone: int = 0
    level: float = 0.95
    unit: str = "outcome"

    def combination(self, weights: Mapping[str, float]) -> Estimate:
        """Return a weighted sum of coefficients with its interval; a name that is not there is the level left out.

        That level has the coefficient 0, so a contrast of levels can name all of them.
        """
        names = self.table["name"].tolist()
        c = np.array([weights.get(name, 0.0) for name in names])
        value = float(c @ self.table["estimate"].to_numpy(float))
        se = float(np.sqrt(max(float(c @ self.covariance @ c), 0.0)))
        half = float(stdtrit(self.units - 1, (1 + self.level) / 2)) * se
        return Estimate(value, value - half, value + half, self.unit, self.units, None, self.level, se)


def absorbed_regression(
    outcome: npt.ArrayLike,
    columns: pd.DataFrame,
    cluster: npt.ArrayLike,
    *,
    absorb: bool = True,
    weight: npt.ArrayLike | None = None,
    level: float = 0.95,
    unit: str = "outcome",
) -> AbsorbedFit | NotEstimable:
    """Regress an outcome (n,) on columns (n, p) within units.

    ``cluster`` (n) names the unit of each row. With ``absorb`` every unit has a constant of its own (exactly: all is
    taken about the unit's weighted mean), and units with one row tell nothing; without it there is one constant for
    all, which is the naive comparison. ``weight`` (n) are probability weights, 0 leaves a row out. Errors: anything
    within a unit may depend, times G / (G - 1), with Student's t of G - 1 degrees of freedom.

    With ``absorb`` whatever is fixed about a unit is gone. Assumes that what changes within a unit beside the columns
    does not go with them. NotEstimable below 50 units (with ``absorb``: seen twice or more), below 10 rows per column,
    and where a column does not move within units or follows from the others. Raises ValueError for missing values.
    """
    check_level(level)
    y, x = np.asarray(outcome, dtype=float), columns.to_numpy(dtype=float)
    n, p = x.shape
    w = np.ones(n) if weight is None else np.asarray(weight, dtype=float)
    if y.shape != (n,) or w.shape != (n,) or not (np.isfinite(y).all() and np.isfinite(x).all()) or (w < 0).any():
        raise ValueError(
            f"outcome has shape {y.shape}, columns {x.shape}, or values are missing; expected (n,), (n, p)"
        )
    used = w > 0
    code = np.unique(np.asarray(cluster)[used], return_inverse=True)[1]
    y, x, w = y[used], x[used], w[used]
    alone = 0
    if absorb:
        twice = np.bincount(code)[code] > 1
        alone = int((~twice).sum())
        y, x, w, code = y[twice], x[twice], w[twice], np.unique(code[twice], return_inverse=True)[1]
    units = int(code.max()) + 1 if len(code) else 0
    if units < FEWEST_UNITS or len(y) < 10 * (p + 1):
        seen = " seen twice or more" if absorb else ""
        return NotEstimable(
            f"{units} units{seen} with {len(y)} rows; {FEWEST_UNITS} units and {10 * (p + 1)} are needed"
        )
    groups = code if absorb else np.zeros(len(y), dtype=np.int64)
    total = np.bincount(groups, w)
    z = y - (np.bincount(groups, w * y) / total)[groups]
    middle = np.stack([np.bincount(groups, w * x[:, k]) / total for k in range(p)], axis=1)
    rest = x - middle[groups]
    spread = np.sqrt((w[:, None] * (x - np.average(x, axis=0, weights=w)) ** 2).sum(axis=0))
    scale = np.where(spread > 0, spread, 1.0)
    gram = (rest * w[:, None]).T @ rest / np.outer(scale, scale)
    if (np.diag(gram) <= 1e-9).any() or np.linalg.cond(gram) > 1e12:
        return NotEstimable("a column does not move within units, or follows from the others")
    bread = np.linalg.inv(gram) / np.outer(scale, scale)
    beta = bread @ ((rest * w[:, None]).T @ z)
    scores = rest * (w * (z - rest @ beta))[:, None]
    by_unit = np.stack([np.bincount(code, scores[:, k]) for k in range(p)], axis=1)
    covariance = units / (units - 1) * bread @ (by_unit.T @ by_unit) @ bread
    return AbsorbedFit(
        _table(list(columns.columns), beta, np.sqrt(np.diag(covariance)), units - 1, level),
        (_alone(alone),) if absorb else (),
        SOURCE,
        covariance=covariance,
        units=units,
        n=len(y),
        alone=alone,
        level=level,
        unit=unit,
    )


def _alone(alone: int) -> TestResult:
    return TestResult(
        "rows used",
        "every row has another of its unit to be compared with",
        float(alone),
        reason=f"{alone} rows are the only one of their unit" if alone else "",
    )


def _table(names: list[str], beta: Floats, se: Floats, df: int, level: float) -> pd.DataFrame:
    half = float(stdtrit(df, (1 + level) / 2)) * se
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * stdtr(df, -np.abs(beta / se))
    return pd.DataFrame({"name": names, "estimate": beta, "se": se, "low": beta - half, "high": beta + half, "p": p})
