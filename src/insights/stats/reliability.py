"""How reliably items measure what they are meant to: Cronbach's alpha and McDonald's omega, scores, error variance."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import Floats, check_level
from insights.stats.intervals import normal_quantile
from insights.stats.results import Estimate, NotEstimable

SOURCE = (
    "Cronbach (1951); McDonald (1999); Maydeu-Olivares, Coffman & Hartmann (2007), asymptotically distribution-free"
)
MIN_ROWS = 50
IMPROPER = "the items have no proper one-factor solution"
MIN_SHARE = 0.5
"""Share of the items that must be answered for a score."""


def scale_scores(items: pd.DataFrame, min_share: float = MIN_SHARE) -> pd.Series:
    """Return the mean of each row's answered items; NaN where fewer than ``min_share`` of them are answered.

    ``items`` (n, k): numbers, NaN where not answered, all in one direction and on one scale.
    """
    values = item_values(items, complete=False)
    answered = np.isfinite(values).sum(axis=1)
    enough = (answered > 0) & (answered >= min_share * values.shape[1] - 1e-9)
    total = np.where(np.isfinite(values), values, 0.0).sum(axis=1)
    return pd.Series(np.where(enough, total / np.maximum(answered, 1), np.nan), index=items.index)


def cronbach_alpha(items: pd.DataFrame, level: float = 0.95) -> Estimate | NotEstimable:
    """Return the reliability of the sum of k items (n, k) if all have the same loading; else a lower bound of it.

    Rows with a missing item are left out. The interval is distribution-free (delta method on log(1 - alpha)), so it
    holds for five-point items too. Assumes independent rows and errors that are independent between items; errors that
    go together (one mood, one page) make it too high. NotEstimable below 50 complete rows or 2 items, and where an
    item has one answer only.
    """
    return _reliability(items, _alpha, 2, level)


def mcdonald_omega(items: pd.DataFrame, level: float = 0.95) -> Estimate | NotEstimable:
    """Return the reliability of the sum of k items (n, k) with loadings of their own on one factor (omega total).

    Maximum likelihood of the one-factor model; interval, rows left out and refusals as in ``cronbach_alpha``, but at
    least 3 items. NotEstimable where no proper one-factor solution exists (an item without error of its own).
    """
    return _reliability(items, _omega, 3, level)


def item_rest_correlations(items: pd.DataFrame) -> pd.Series:
    """Return each item's correlation with the sum of the others; below 0 it is probably coded the other way round."""
    values = item_values(items)
    total = values.sum(axis=1)
    found = [_correlation(values[:, j], total - values[:, j]) for j in range(values.shape[1])]
    return pd.Series(found, index=items.columns, name="item_rest_correlation")


@dataclass(frozen=True)
class ErrorVariance:
    """Variance of the error of a mean of items, and each row's contribution to it (n,), whose mean it is."""

    value: float
    contributions: Floats


def error_variance(
    items: pd.DataFrame, method: Literal["alpha", "omega"] = "alpha", weight: npt.ArrayLike | None = None
) -> ErrorVariance | NotEstimable:
    """Return the error variance of the mean of the items (n, k) of each row, and the rows' contributions to it.

    ``"alpha"``: what differs within a row once each item's mean is taken out; unbiased if the items have the same
    loading, and too large otherwise. A row counts if two items and ``MIN_SHARE`` of them are answered; contributions
    of other rows are NaN. ``"omega"``: the unique variances of the one-factor model, loadings free; complete rows only.
    ``weight`` (n,) are probability weights. Refusals as in ``mcdonald_omega`` and ``cronbach_alpha``.
    """
    if method not in ("alpha", "omega"):
        raise ValueError(f"method is {method!r}; expected 'alpha' or 'omega'")
    if reason := _refused(items, 3 if method == "omega" else 2):
        return NotEstimable(reason)
    values = item_values(items, complete=False)
    known = np.isfinite(values)
    w = np.ones(len(values)) if weight is None else np.asarray(weight, dtype=float)
    k = values.shape[1]
    if method == "alpha":
        filled = np.where(known, values, 0.0)
        away = np.where(known, values - (w @ filled) / (w @ known), 0.0)
        m = known.sum(axis=1)
        used = (m >= 2) & (m >= MIN_SHARE * k - 1e-9)
        m = np.maximum(m, 2)
        within = (away**2).sum(axis=1) - away.sum(axis=1) ** 2 / m
        contributions = np.where(used, within / (m * (m - 1)), np.nan)
        return ErrorVariance(float(w[used] @ contributions[used] / w[used].sum()), contributions)
    used = known.all(axis=1)
    away, w = values[used] - w[used] @ values[used] / w[used].sum(), w[used]
    cov = (away * w[:, None]).T @ away / w.sum()
    value = _omega_error(cov)
    if not np.isfinite(value):
        return NotEstimable(IMPROPER)
    contributions = np.full(len(values), np.nan)
    contributions[used] = value + _influence(away, cov, _omega_error)
    return ErrorVariance(value, contributions)


def item_values(items: pd.DataFrame, *, complete: bool = True) -> Floats:
    """Return the items as numbers (n, k); only complete rows, unless asked otherwise. Raises ValueError for text."""
    if items.ndim != 2 or items.shape[1] == 0:
        raise ValueError(f"items have shape {items.shape}; expected one row per answer and one column per item")
    try:
        values = items.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError("some items hold text; expected numbers, missing where not answered") from error
    if np.isinf(values).any():
        raise ValueError(f"{int(np.isinf(values).sum())} items are infinite; expected numbers")
    return values[np.isfinite(values).all(axis=1)] if complete else values


def _reliability(
    items: pd.DataFrame, of: Callable[[Floats], float], fewest: int, level: float
) -> Estimate | NotEstimable:
    check_level(level)
    if reason := _refused(items, fewest):
        return NotEstimable(reason)
    values = item_values(items)
    n = len(values)
    away = values - values.mean(axis=0)
    cov = away.T @ away / n
    value = of(cov)
    if not np.isfinite(value):
        return NotEstimable(IMPROPER)
    if value >= 1 - 1e-9:
        return NotEstimable("all items have the same answers; there is one item, not several")
    se = float(np.sqrt((_influence(away, cov, of) ** 2).sum())) / n
    factor = float(np.exp(normal_quantile(level) * se / (1 - value)))
    return Estimate(value, 1 - (1 - value) * factor, 1 - (1 - value) / factor, "reliability", n, None, level, se)


def _refused(items: pd.DataFrame, fewest: int) -> str:
    """Say why the items cannot be judged, or ""."""
    values = item_values(items)
    n, k = values.shape
    if k < fewest:
        return f"{k} item(s); at least {fewest} are needed"
    if n < MIN_ROWS:
        return f"{n} rows have all {k} items; at least {MIN_ROWS} are needed"
    if flat := [str(c) for c, v in zip(items.columns, np.ptp(values, axis=0), strict=True) if v == 0]:
        return f"everybody gave the same answer to {', '.join(flat)}"
    if np.ptp(values.sum(axis=1)) == 0:
        return "the items of every row add up to the same"
    return ""


def _alpha(cov: Floats) -> float:
    k = len(cov)
    return float(k / (k - 1) * (1 - np.trace(cov) / cov.sum()))


def _omega(cov: Floats) -> float:
    fit = one_factor(cov)
    if fit is None:
        return float("nan")
    loading, unique = fit
    common = loading.sum() ** 2
    return float(common / (common + unique.sum()))


def _omega_error(cov: Floats) -> float:
    fit = one_factor(cov)
    return float("nan") if fit is None else float(fit[1].sum() / len(cov) ** 2)


def one_factor(cov: Floats) -> tuple[Floats, Floats] | None:
    """Return loadings (k,) and unique variances (k,) of the one-factor model by maximum likelihood.

    None where the maximum lies at a unique variance of 0 (Heywood case).

    Source: Jöreskog (1967), Some contributions to maximum likelihood factor analysis.
    """
    from scipy.optimize import minimize  # half a second that those who only draw curves need not wait

    scale = np.sqrt(np.diag(cov))
    corr = cov / np.outer(scale, scale)

    def loss(log_unique: Floats) -> tuple[float, Floats]:
        root = np.exp(-log_unique / 2)
        values, vectors = np.linalg.eigh(corr * np.outer(root, root))
        rest = np.maximum(values[:-1], 1e-12)
        # The fitted first eigenvalue takes what it finds; the others should be 1.
        f = float((rest - np.log(rest) - 1).sum())
        slope = ((1 - rest) * vectors[:, :-1] ** 2).sum(axis=1)
        return f, slope

    start = np.log(np.clip(1 / np.diag(np.linalg.pinv(corr)), 0.05, 0.95))
    found = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(np.log(1e-3), 0.0)] * len(cov),
        options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 500},
    )
    unique = np.exp(found.x)
    if unique.min() <= 1.01e-3:
        return None
    root = np.sqrt(unique)
    values, vectors = np.linalg.eigh(corr / np.outer(root, root))
    loading = root * vectors[:, -1] * np.sqrt(max(values[-1] - 1, 0.0))
    loading *= np.sign(loading.sum()) or 1.0
    return loading * scale, unique * scale**2


def _influence(away: Floats, cov: Floats, of: Callable[[Floats], float]) -> Floats:
    """Return the influence (n,) of each row on a function of the covariance matrix, by central differences."""
    k = len(cov)
    scale = np.sqrt(np.diag(cov))
    result = np.zeros(len(away))
    for i in range(k):
        for j in range(i, k):
            step = np.zeros((k, k))
            step[i, j] = step[j, i] = 1e-4 * scale[i] * scale[j]
            slope = (of(cov + step) - of(cov - step)) / (2e-4 * scale[i] * scale[j])
            result += slope * (away[:, i] * away[:, j] - cov[i, j])
    return result


def _correlation(x: Floats, y: Floats) -> float:
    x, y = x - x.mean(), y - y.mean()
    spread = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / spread) if spread > 0 else float("nan")
