"""Least squares with standardised slopes, variance inflation, and errors that allow for what rows have in common."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.centred import centre
from insights.stats.clustering import ClusterLike, Way, cluster_covariance, read_clusters
from insights.stats.coefficients import (
    EVENTS_PER_PARAMETER,
    FEWEST_EVENTS,
    Coefficients,
    coefficient_table,
    dependent_message,
)
from insights.stats.design import DesignLike, read_design
from insights.stats.inputs import Floats, check_level
from insights.stats.results import NotEstimable, TestResult

SOURCE = "White (1980); MacKinnon & White (1985); Bell & McCaffrey (2002); Pustejovsky & Tipton (2018)"
CONSTANT = "constant"
Errors = Literal["classical", "hc1", "hc2", "hc3"]


@dataclass(frozen=True, eq=False)
class LinearFit(Coefficients):
    """``table``: name, estimate, se, low, high, p, standardised, vif; the constant comes first and has neither.

    ``standardised`` is the slope in sd of the outcome for one sd of the column. ``vif`` is by how much correlation with
    the other columns multiplies the variance of the slope. ``residual_sd`` is in units of the outcome.
    """

    r_squared: float = float("nan")
    residual_sd: float = float("nan")
    fitted: Floats = field(default_factory=lambda: np.zeros(0), repr=False)


def least_squares(
    outcome: npt.ArrayLike,
    design: DesignLike,
    *,
    weight: npt.ArrayLike | None = None,
    errors: Errors = "hc3",
    cluster: ClusterLike | None = None,
    small_sample: bool = True,
    level: float = 0.95,
    unit: str = "outcome",
) -> LinearFit | NotEstimable:
    """Regress an outcome (n,) on columns (n, p) and a constant.

    ``weight`` (n,) are probability weights (rows of weight 0 are left out). Errors: ``"hc3"`` allows for any spread of
    the residuals and is right down to few rows, ``"hc2"`` and ``"hc1"`` less so, ``"classical"`` assumes one spread for
    all. ``cluster`` (labels, or two clusterings) replaces them by errors that allow for anything within a cluster, with
    the small-sample correction CR2 and Satterthwaite's degrees of freedom; without ``small_sample`` there is no
    interval below 20 clusters.

    Assumes that the mean is linear in the columns, and that rows (clusters) are independent.
    NotEstimable below 50 rows or 10 per parameter, where a column is constant or a combination of others, and for an
    outcome without spread. Raises ValueError for missing values.
    """
    check_level(level)
    if errors not in ("classical", "hc1", "hc2", "hc3"):
        raise ValueError(f"errors is {errors!r}; expected 'classical', 'hc1', 'hc2' or 'hc3'")
    y = np.asarray(outcome, dtype=float)
    if y.ndim != 1 or not np.isfinite(y).all():
        raise ValueError(f"outcome has shape {y.shape}, some missing or infinite; expected (n,) numbers")
    columns = read_design(design, len(y))
    ways = None if cluster is None else read_clusters(cluster, len(y))
    x, w = columns.values.astype(float), _weights(weight, len(y))
    if not (used := w > 0).all():
        x, y, w = x[used], y[used], w[used]
        ways = None if ways is None else tuple(way.used(used).take(np.flatnonzero(used)) for way in ways)
    n, p = x.shape
    if n < (needed := max(FEWEST_EVENTS, EVENTS_PER_PARAMETER * (p + 1))):
        return NotEstimable(f"{n} rows are too few for {p + 1} parameters: {needed} are needed")
    w = w / w.mean()
    centred = centre(x, w)
    if centred.dependent:
        return dependent_message(columns.names, centred.dependent, "")
    y_middle = float(w @ y) / n
    z = y - y_middle
    total = float(w @ z**2)
    if total <= 1e-18 * max(float(w @ y**2), 1e-300):
        return NotEstimable("everybody has the same outcome")
    # All is computed for columns of mean 0 and sd 1, and taken back at the end.
    spread = centred.sd
    scaled = centred.values / spread
    gram = centred.gram / np.outer(spread, spread)
    inner = np.linalg.inv(gram)
    slope = np.linalg.solve(gram, scaled.T @ (w * z))
    fitted = y_middle + scaled @ slope
    rest = y - fitted
    back = np.diag(np.append(1.0, 1 / spread))
    back[0, 1:] = -centred.mean / spread
    values = back @ np.append(y_middle, slope)
    full = np.column_stack([np.ones(n), scaled])
    bread = np.block([[np.eye(1) / n, np.zeros((1, p))], [np.zeros((p, 1)), inner]])
    weighted = full * w[:, None]
    no_interval, influence = "", None
    checks: tuple[TestResult, ...] = ()
    sizes: dict[str, int] = {}
    df = np.full(p + 1, float(n - p - 1))
    if ways is None:
        covariance = back @ _row_covariance(errors, bread, full, weighted, rest, w) @ back.T
    else:
        clustered = cluster_covariance(
            bread,
            ways,
            lambda way: _sums(way, weighted * rest[:, None]),
            lambda way: _sums(way, (weighted[:, :, None] * full[:, None, :]).reshape(n, -1)).reshape(-1, p + 1, p + 1),
            back,
            small_sample=small_sample,
        )
        covariance, df = clustered.covariance, clustered.df
        no_interval, checks = clustered.no_interval, clustered.checks
        influence = pd.DataFrame(clustered.influence, index=list(ways[0].labels), columns=[CONSTANT, *columns.names])
        sizes = {way.name: way.size for way in ways}
    names = (CONSTANT, *columns.names)
    table = coefficient_table(names, values, covariance, df, level, interval=not no_interval)
    table["standardised"] = np.append(np.nan, slope * np.sqrt(n / total))
    table["vif"] = np.append(np.nan, np.diag(inner) * np.diag(gram))
    square = float(w @ rest**2)
    return LinearFit(
        table,
        (*checks, *_inflated(table)),
        SOURCE,
        names=names,
        covariance=covariance,
        df=df,
        n=n,
        n_events=n,
        level=level,
        unit=unit,
        no_interval=no_interval,
        clusters=sizes,
        influence=influence,
        r_squared=1 - square / total,
        residual_sd=float(np.sqrt(square / (n - p - 1))),
        fitted=fitted,
    )


def variance_inflation(design: DesignLike) -> pd.Series | NotEstimable:
    """Return by how much correlation with the others multiplies the variance of each column's slope."""
    columns = read_design(design)
    x = columns.values.astype(float)
    centred = centre(x, np.ones(len(x)))
    if centred.dependent:
        return dependent_message(columns.names, centred.dependent, "")
    corr = centred.gram / np.outer(centred.sd, centred.sd) / len(x)
    return pd.Series(np.diag(np.linalg.inv(corr)), index=list(columns.names), name="vif")


def _row_covariance(errors: Errors, bread: Floats, full: Floats, weighted: Floats, rest: Floats, w: Floats) -> Floats:
    n, q = full.shape
    if errors == "classical":
        return bread * float(w @ rest**2) / (n - q)
    scale = np.full(n, n / (n - q))
    if errors != "hc1":
        leverage = np.einsum("ij,jk,ik->i", weighted, bread, full)
        scale = (1 / np.maximum(1 - leverage, 1e-12)) ** (1 if errors == "hc2" else 2)
    scores = weighted * (rest * np.sqrt(scale))[:, None]
    return np.asarray(bread @ (scores.T @ scores) @ bread)


def _sums(way: Way, rows: Floats) -> Floats:
    total = np.zeros((way.size, rows.shape[1]))
    np.add.at(total, way.codes, rows)
    return total


def _inflated(table: pd.DataFrame) -> tuple[TestResult, ...]:
    worst = table.iloc[1:].nlargest(1, "vif")
    if worst.empty:
        return ()
    value, name = float(worst["vif"].iloc[0]), worst["name"].iloc[0]
    reason = f"correlation with the other columns multiplies the variance of {name} by {value:.1f}" if value > 5 else ""
    return (TestResult("variance inflation", "columns are uncorrelated", value, reason=reason),)


def _weights(weight: npt.ArrayLike | None, n: int) -> Floats:
    w = np.ones(n) if weight is None else np.asarray(weight, dtype=float)
    if w.shape != (n,) or not np.isfinite(w).all() or (w < 0).any() or not w.any():
        raise ValueError(f"weight has shape {w.shape}; expected ({n},) numbers >= 0, not all 0")
    return w
