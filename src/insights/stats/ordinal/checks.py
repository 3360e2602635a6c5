"""Whether a column moves all thresholds of an ordered regression alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from insights.stats.ordinal.model import OrderedFit, distribution, fit_ordered
from insights.stats.ordinal.rows import OrderedRows
from insights.stats.results import NotEstimable, Result, TestResult

NULL = "the column moves all thresholds alike"
ALL = "all columns"


@dataclass(frozen=True, eq=False)
class ProportionalityTests(Result):
    """``table``: column (or name of a group of columns), statistic (chi-squared), df, p, reason (why there is none)."""

    def test(self, column: str) -> TestResult:
        """Return the test of one column or group. Raises ValueError for a name that is not in the table."""
        found = self.table[self.table["column"] == column]
        if found.empty:
            raise ValueError(f"no test of {column!r}; expected one of {', '.join(self.table['column'])}")
        row = found.iloc[0]
        if row["reason"]:
            return TestResult("proportional odds", NULL, reason=str(row["reason"]))
        return TestResult("proportional odds", NULL, float(row["statistic"]), float(row["df"]), float(row["p"]))


def nominal_effects(
    fit: OrderedFit, groups: Mapping[str, Sequence[str]] | None = None
) -> ProportionalityTests | NotEstimable:
    """Test each column, or group of columns such as the levels of a factor, by a likelihood ratio.

    The model is fitted again with a coefficient per threshold for the columns tested, the others as they are. Without
    ``groups`` every column is tested alone. The likelihood must be one: with probability weights or clusters it is
    not, and the result is NotEstimable; ``brant_test`` with those is not offered either.

    Source: Peterson & Harrell (1990), Partial proportional odds models for ordinal response variables.
    """
    if (refused := _refused(fit)) is not None:
        return refused
    rows = fit.rows
    assert rows is not None
    table = []
    for name, columns in _groups(fit, groups).items():
        chosen = [fit.names.index(c) for c in columns]
        found = fit_ordered(rows, fit.link, chosen)
        if isinstance(found, NotEstimable):
            table.append((name, np.nan, np.nan, np.nan, found.reason))
            continue
        statistic = max(2 * (found[0].loglik - fit.loglik), 0.0)
        df = len(chosen) * (len(fit.categories) - 2)
        table.append((name, statistic, df, _chi2(statistic, df), ""))
    return ProportionalityTests(_table(table), source="Peterson & Harrell (1990)")


def brant_test(
    fit: OrderedFit, groups: Mapping[str, Sequence[str]] | None = None
) -> ProportionalityTests | NotEstimable:
    """Test by comparing the coefficients of separate binary regressions, one per threshold (logit link only).

    The first row is the test of all columns together, then each column or group.

    Source: Brant (1990), Assessing proportionality in the proportional odds model.
    """
    if (refused := _refused(fit)) is not None:
        return refused
    if fit.link != "logit":
        return NotEstimable("Brant's test is made for the logit link; nominal_effects tests a probit")
    rows = fit.rows
    assert rows is not None
    cuts, p = len(fit.categories) - 1, len(fit.names)
    full = np.column_stack([np.ones(len(rows.x)), rows.x])
    slopes, shares, breads = [], [], []
    for k in range(cuts):
        found = fit_ordered(_above(rows, k), "logit")
        if isinstance(found, NotEstimable):
            return NotEstimable(f"above {fit.categories[k]}: {found.reason}")
        parameters = found[1] @ found[0].parameters
        above = distribution(full @ np.concatenate([[-parameters[0]], parameters[1:]]), "logit")
        slopes.append(parameters[1:])
        shares.append(above)
        breads.append(np.linalg.inv((full * (rows.weight * above * (1 - above))[:, None]).T @ full))
    covariance = np.zeros((cuts * p, cuts * p))
    for j in range(cuts):
        for k in range(j, cuts):
            # Being above the higher cut implies being above the lower.
            joint = rows.weight * shares[k] * (1 - shares[j])
            block = (breads[j] @ ((full * joint[:, None]).T @ full) @ breads[k])[1:, 1:]
            covariance[j * p : (j + 1) * p, k * p : (k + 1) * p] = block
            covariance[k * p : (k + 1) * p, j * p : (j + 1) * p] = block.T
    estimates = np.concatenate(slopes)
    table: list[tuple[str, float, float, float, str]] = []
    for name, columns in ({ALL: fit.names} | dict(_groups(fit, groups))).items():
        chosen = [fit.names.index(c) for c in columns]
        contrast = np.zeros(((cuts - 1) * len(chosen), cuts * p))
        for i, (k, j) in enumerate((k, j) for k in range(1, cuts) for j in chosen):
            contrast[i, j], contrast[i, k * p + j] = 1, -1
        away = contrast @ estimates
        statistic = float(away @ np.linalg.solve(contrast @ covariance @ contrast.T, away))
        table.append((name, statistic, len(away), _chi2(statistic, len(away)), ""))
    return ProportionalityTests(_table(table), source="Brant (1990)")


def _refused(fit: OrderedFit) -> NotEstimable | None:
    if fit.rows is None:
        return NotEstimable("the fit does not carry its rows")
    if len(fit.categories) < 3:
        return NotEstimable("there is one threshold; a column cannot move thresholds differently")
    if fit.rows.ways is not None or not fit.rows.counted:
        return NotEstimable("with clusters or probability weights the likelihood is not that of the rows")
    return None


def _groups(fit: OrderedFit, groups: Mapping[str, Sequence[str]] | None) -> Mapping[str, Sequence[str]]:
    found = {name: [name] for name in fit.names} if groups is None else groups
    if unknown := sorted({c for columns in found.values() for c in columns} - set(fit.names)):
        raise ValueError(
            f"the columns {', '.join(unknown)} are not in the fit; expected some of {', '.join(fit.names)}"
        )
    if empty := [name for name, columns in found.items() if not len(columns)]:
        raise ValueError(f"the group {empty[0]} has no column; expected at least one")
    return found


def _above(rows: OrderedRows, cut: int) -> OrderedRows:
    return replace(rows, category=(rows.category > cut).astype(np.int64), labels=("below", "above"))


def _chi2(statistic: float, df: int) -> float:
    from scipy.special import chdtrc  # half a second that those who only draw curves need not wait

    return float(chdtrc(df, statistic))


def _table(rows: list[tuple[str, float, float, float, str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["column", "statistic", "df", "p", "reason"])
