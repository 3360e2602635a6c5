"""Whether a column moves all thresholds of an ordered regression alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from insights.stats.centred import centre
from insights.stats.clustering import Way
from insights.stats.inputs import Floats
from insights.stats.ordinal.bootstrap import DRAWS, cluster_signs, wild_p
from insights.stats.ordinal.model import OrderedFit, distribution, fit_ordered, row_terms
from insights.stats.ordinal.rows import OrderedRows
from insights.stats.results import NotEstimable, Result, TestResult

NULL = "the column moves all thresholds alike"
ALL = "all columns"
SCORES = "Peterson & Harrell (1990); Rotnitzky & Jewell (1990); Kline & Santos (2012)"


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

    Source: Peterson & Harrell (1990), Partial proportional odds models for ordinal response variables; Rotnitzky &
    Jewell (1990) and Kline & Santos (2012) for weights and clusters.
    """
    if (refused := _refused(fit)) is not None:
        return refused
    rows = fit.rows
    assert rows is not None
    if rows.ways is not None or not rows.counted:
        return ProportionalityTests(_table(_score_tests(fit, rows, _groups(fit, groups))), source=SCORES)
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

    The first row is the test of all columns together, then each column or group. With probability weights or clusters
    the covariance of the coefficients is the sandwich; with G clusters the statistic is referred to Hotelling's
    distribution, (G - df) / ((G - 1) df) times it to F of df and G - df, and refused where df is over half of G.

    Source: Brant (1990), Assessing proportionality in the proportional odds model; Williams (2006) for the sandwich.
    """
    if (refused := _refused(fit)) is not None:
        return refused
    if fit.link != "logit":
        return NotEstimable("Brant's test is made for the logit link; nominal_effects tests a probit")
    rows = fit.rows
    assert rows is not None
    cuts, p = len(fit.categories) - 1, len(fit.names)
    full = np.column_stack([np.ones(len(rows.x)), rows.x])
    slopes, shares = list[Floats](), list[Floats]()
    breads: list[Floats] = []
    for k in range(cuts):
        found = fit_ordered(_above(rows, k), "logit")
        if isinstance(found, NotEstimable):
            return NotEstimable(f"above {fit.categories[k]}: {found.reason}")
        parameters = found[1] @ found[0].parameters
        above = distribution(full @ np.concatenate([[-parameters[0]], parameters[1:]]), "logit")
        slopes.append(parameters[1:])
        shares.append(above)
        breads.append(np.linalg.inv((full * (rows.weight * above * (1 - above))[:, None]).T @ full).astype(float))
    covariance = np.zeros((cuts * p, cuts * p))
    way = rows.ways[0] if rows.ways is not None else None
    if way is not None or not rows.counted:
        covariance = _sandwich(rows, full, shares, breads, way)
    for j in range(cuts if way is None and rows.counted else 0):
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
        away, df = contrast @ estimates, len(contrast)
        if way is not None and 2 * df > way.size:
            table.append((name, np.nan, np.nan, np.nan, _few_clusters(df, way)))
            continue
        statistic = float(away @ np.linalg.solve(contrast @ covariance @ contrast.T, away))
        p_value = _chi2(statistic, df) if way is None else _hotelling(statistic, df, way.size)
        table.append((name, statistic, df, p_value, ""))
    return ProportionalityTests(_table(table), source="Brant (1990)")


def _refused(fit: OrderedFit) -> NotEstimable | None:
    if fit.rows is None:
        return NotEstimable("the fit does not carry its rows")
    if len(fit.categories) < 3:
        return NotEstimable("there is one threshold; a column cannot move thresholds differently")
    return None


def _score_tests(
    fit: OrderedFit, rows: OrderedRows, groups: Mapping[str, Sequence[str]]
) -> list[tuple[str, float, float, float, str]]:
    """Test by the score that each threshold's own coefficients have where they are still all the same.

    A coefficient of its own at cut c moves the cut point there by -x, so that its score is -x times the threshold's.
    """
    cuts = len(fit.categories) - 1
    centred = centre(rows.x, rows.weight)
    scaled = replace(rows, x=centred.values / centred.sd)
    shift = np.tile(centred.mean @ fit.parameters[cuts:], cuts)
    parameters = np.concatenate([fit.parameters[:cuts] - shift, fit.parameters[cuts:] * centred.sd])
    scores, terms = row_terms(scaled, parameters, fit.link)
    way = rows.ways[0] if rows.ways is not None else None
    signs = cluster_signs(way, DRAWS, "nominal effects") if way is not None else None
    table = []
    for name, columns in groups.items():
        chosen = [fit.names.index(c) for c in columns]
        df = len(chosen) * (cuts - 1)
        if way is not None and 2 * df > way.size:
            table.append((name, np.nan, np.nan, np.nan, _few_clusters(df, way)))
            continue

        def own(vectors: Floats, chosen: list[int] = chosen) -> Floats:
            return np.column_stack([-scaled.x[:, [j]] * vectors[:, 1:cuts] for j in chosen])

        common = sum((v * w[:, None]).T @ v for v, w in terms)
        cross = sum((v * w[:, None]).T @ own(v) for v, w in terms)
        parts = own(scores) - scores @ np.linalg.solve(common, cross)
        if way is None or signs is None:
            statistic = float(parts.sum(axis=0) @ np.linalg.solve(parts.T @ parts, parts.sum(axis=0)))
            table.append((name, statistic, df, _chi2(statistic, df), ""))
            continue
        total = np.zeros((way.size, df))
        np.add.at(total, way.codes, parts)
        statistic, p_value = wild_p(total, signs)
        table.append((name, statistic, df, p_value, ""))
    return table


def _sandwich(rows: OrderedRows, full: Floats, shares: list[Floats], breads: list[Floats], way: Way | None) -> Floats:
    """Return the covariance of all binary regressions' slopes, from rows or clusters that are independent."""
    by_cut = [
        (full * (rows.weight * ((rows.category > k) - share))[:, None] @ bread)[:, 1:]
        for k, (share, bread) in enumerate(zip(shares, breads, strict=True))
    ]
    influence = np.column_stack(by_cut)
    if way is None:
        return np.asarray(influence.T @ influence)
    total = np.zeros((way.size, influence.shape[1]))
    np.add.at(total, way.codes, influence)
    return np.asarray(way.size / (way.size - 1) * total.T @ total)


def _few_clusters(df: int, way: Way) -> str:
    return f"{way.size} clusters ({way.name}) cannot carry a test of {df} coefficients: {2 * df} are needed"


def _hotelling(statistic: float, df: int, clusters: int) -> float:
    from scipy.special import fdtrc  # half a second that those who only draw curves need not wait

    return float(fdtrc(df, clusters - df, statistic * (clusters - df) / ((clusters - 1) * df)))


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
