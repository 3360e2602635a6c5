"""What one more of a column does to the probability of each category: average marginal effects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from insights.stats.design import DesignLike, matched
from insights.stats.inputs import Floats
from insights.stats.ordinal.model import OrderedFit, density, distribution
from insights.stats.ordinal.newton import Link
from insights.stats.ordinal.partial import PartialFit
from insights.stats.results import Estimate, NotEstimable, Result

MEAN = "mean"
"""Name of the row of the mean category, where categories are numbers."""


@dataclass(frozen=True, eq=False)
class MarginalEffects(Result):
    """``table``: column, change (by how much the column was moved), category, effect, se, low, high.

    ``effect`` is in share of rows; that of category ``mean`` (where categories are numbers) in points of the outcome.
    """

    n: int = 0
    level: float = 0.95

    def effect(self, column: str, category: str) -> Estimate:
        """Return one effect. Raises ValueError for names that are not in the table."""
        found = self.table[(self.table["column"] == column) & (self.table["category"] == category)]
        if found.empty:
            raise ValueError(f"no effect of {column!r} on {category!r}; expected columns and categories of the table")
        row = found.iloc[0]
        value, low, high, se = (float(row[c]) for c in ("effect", "low", "high", "se"))
        return Estimate(value, low, high, "points" if category == MEAN else "share", self.n, None, self.level, se)


def marginal_effects(
    fit: OrderedFit | PartialFit,
    design: DesignLike | None = None,
    *,
    change: float | Mapping[str, float] | None = 1.0,
    groups: Mapping[str, Sequence[str]] | None = None,
    merged: Mapping[str, Sequence[str]] | None = None,
) -> MarginalEffects | NotEstimable:
    """Return by how much the categories' shares change if a column rises by ``change`` for everybody.

    ``change`` may differ by column; None is the derivative (the effect of a small change, per unit). A column of 0 and
    1 is set from 0 to 1 instead. ``groups`` names the columns that are levels of one factor: where one of them is set,
    the others of its group are 0, so that the comparison is with the reference level. Means over the rows of ``design``
    (n, p), by default those of the fit with their weights. ``merged`` names sets of categories whose sum has a row too.

    Errors by the delta method from the fit's covariance, so robust or clustered where that is; they take the rows as
    given. Assumes what the fit does; nothing here makes the effect one of moving the column.
    """
    if fit.no_interval:
        return NotEstimable(fit.no_interval)
    if design is None:
        if fit.rows is None:
            return NotEstimable("the fit does not carry its rows; give a design")
        x, weight = fit.rows.x, fit.rows.weight
    else:
        x = matched(design, fit.names).values.astype(float)
        weight = np.ones(len(x))
    if len(x) == 0:
        return NotEstimable("there is no row to average over")
    weight = weight / weight.sum()
    labels, sums = _sums(fit.categories, merged or {})
    line = _Line.of(fit)
    quantile = _quantile(line.df, fit.level)
    rows = []
    for j, name in enumerate(fit.names):
        low, high, by = _moved(fit, x, j, _change(change, name), groups)
        (before, slope_before), (after, slope_after) = (line.mean_shares(side, weight) for side in (low, high))
        effect, slope = sums @ (after - before), sums @ (slope_after - slope_before)
        scale = 1.0 if by is not None else 2 * _small(x, j)
        se = np.sqrt(np.einsum("ki,ij,kj->k", slope, line.joint, slope)) / scale
        for label, e, s in zip(labels, effect / scale, se, strict=True):
            rows.append((name, 1.0 if by is None else by, label, e, s, e - quantile * s, e + quantile * s))
    table = pd.DataFrame(rows, columns=["column", "change", "category", "effect", "se", "low", "high"])
    return MarginalEffects(table, fit.checks, fit.source, n=fit.n, level=fit.level)


@dataclass(frozen=True)
class _Line:
    """Either fit in one form: ``cuts`` (c,), ``slopes`` (c, p) by cut, and ``expand`` from the parameters to them."""

    cuts: Floats
    slopes: Floats
    expand: Floats
    joint: Floats
    df: float
    link: Link

    @classmethod
    def of(cls, fit: OrderedFit | PartialFit) -> "_Line":
        if isinstance(fit, PartialFit):
            return cls(fit.thresholds, fit.slopes, fit.expand, fit.joint, fit.df, fit.link)
        c, p = len(fit.categories) - 1, len(fit.names)
        expand = np.zeros((c * (1 + p), c + p))
        expand[:c, :c] = np.eye(c)
        expand[c:, c:] = np.tile(np.eye(p), (c, 1))
        slopes = np.tile(fit.parameters[c:], (c, 1))
        return cls(fit.parameters[:c], slopes, expand, fit.joint, float(fit.df.min()), fit.link)

    def mean_shares(self, x: Floats, weight: Floats) -> tuple[Floats, Floats]:
        """Return the mean share of every category (K,) and its slope by the parameters (K, q)."""
        c, p = self.slopes.shape
        points = self.cuts - x @ self.slopes.T
        f = density(points, self.link) * weight[:, None]
        below = np.zeros((c + 2, c * (1 + p)))  # slope of the mean share up to each cut
        places = np.arange(c)
        below[places + 1, places] = f.sum(axis=0)
        moved = -(f.T @ x)
        for k in range(c):
            below[k + 1, c + k * p : c + (k + 1) * p] = moved[k]
        up_to = np.concatenate([[0.0], weight @ distribution(points, self.link), [1.0]])
        return np.diff(up_to), np.diff(below @ self.expand, axis=0)


def _sums(categories: tuple[str, ...], merged: Mapping[str, Sequence[str]]) -> tuple[list[str], Floats]:
    """Return labels of the rows, and the matrix (rows, K) that makes them of the categories' shares."""
    labels, lines = list(categories), [np.eye(len(categories))]
    for name, parts in merged.items():
        if unknown := sorted(set(parts) - set(categories)):
            raise ValueError(f"{name} merges {', '.join(unknown)}; expected some of {', '.join(categories)}")
        labels.append(name)
        lines.append(np.isin(categories, list(parts)).astype(float)[None])
    values = _numbers(categories)
    if values is not None:
        labels.append(MEAN)
        lines.append(values[None])
    return labels, np.concatenate(lines)


def _moved(
    fit: OrderedFit | PartialFit, x: Floats, j: int, change: float | None, groups: Mapping[str, Sequence[str]] | None
) -> tuple[Floats, Floats, float | None]:
    """Return the rows before and after the move, and by how much (None: a small step either way)."""
    low, high = x.copy(), x.copy()
    own = next((set(g) for g in (groups or {}).values() if fit.names[j] in g), set())
    for other in own - {fit.names[j]}:
        if other not in fit.names:
            raise ValueError(f"the column {other} of a group is not in the fit; expected {', '.join(fit.names)}")
        low[:, fit.names.index(other)] = high[:, fit.names.index(other)] = 0
    if own or np.isin(x[:, j], (0, 1)).all():
        low[:, j], high[:, j] = 0, 1
        return low, high, 1.0
    if change is not None:
        high[:, j] += change
        return low, high, change
    low[:, j] -= _small(x, j)
    high[:, j] += _small(x, j)
    return low, high, None


def _small(x: Floats, j: int) -> float:
    return 1e-5 * (float(x[:, j].std()) or 1.0)


def _change(change: float | Mapping[str, float] | None, name: str) -> float | None:
    found = change.get(name, 1.0) if isinstance(change, Mapping) else change
    if found is not None and not np.isfinite(found):
        raise ValueError(f"the change of {name} is {found}; expected a number")
    return found


def _numbers(categories: tuple[str, ...]) -> Floats | None:
    try:
        return np.array([float(c) for c in categories])
    except ValueError:
        return None


def _quantile(df: float, level: float) -> float:
    from scipy.special import ndtri, stdtrit  # half a second that those who only draw curves need not wait

    tail = (1 + level) / 2
    return float(stdtrit(df, tail) if np.isfinite(df) else ndtri(tail))
