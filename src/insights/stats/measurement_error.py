"""Regression on scores that are measured with error, corrected by what the items tell of that error."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import Floats, check_level
from insights.stats.reliability import MIN_ROWS, MIN_SHARE, error_variance, item_values
from insights.stats.results import Estimate, NotEstimable, Result, TestResult

SOURCE = "Fuller (1987), Measurement Error Models, ch. 2 and 3"
PER_PARAMETER = 10
MIN_CLUSTERS = 20


@dataclass(frozen=True, eq=False)
class CorrectedRegression(Result):
    """Slopes on what the items measure, not on their noisy means.

    ``table``: factor, reliability, slope, se, low, high (in units of the outcome for one of the factor), standardised
    (sd of the outcome for one sd of the true factor), standardised_se, standardised_low, standardised_high, p_value,
    uncorrected and uncorrected_standardised (least squares on the scores as they are).
    ``influence`` (C, p) is each row's (cluster's) share in the error of the standardised slopes.
    """

    n: int = 0
    level: float = 0.95
    df: float = np.inf
    influence: Floats = field(repr=False, kw_only=True)
    bootstrap: Floats | None = field(default=None, repr=False, kw_only=True)

    def relative(self) -> list[Estimate | NotEstimable]:
        """Return each standardised slope's share in the sum of all; NotEstimable where that sum may be 0."""
        beta = self.table["standardised"].to_numpy(float)
        total = beta.sum()
        spread = _se(self.influence.sum(axis=1)[:, None])[0]
        if abs(total) < 4 * spread:
            return [NotEstimable("the slopes add up to nothing that is clear of 0; they have no shares")] * len(beta)
        share = beta / total
        se = _se((self.influence - self.influence.sum(axis=1)[:, None] * share) / total)
        half = _quantile(self.df, self.level) * se
        return [
            Estimate(float(s), float(s - h), float(s + h), "share", self.n, None, self.level, float(e))
            for s, h, e in zip(share, half, se, strict=True)
        ]


def corrected_regression(
    outcome: pd.Series | pd.DataFrame,
    factors: Mapping[str, pd.DataFrame],
    *,
    controls: pd.DataFrame | None = None,
    method: Literal["alpha", "omega"] = "alpha",
    weight: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
    bootstrap: int = 0,
    seed: int = 1,
) -> CorrectedRegression | NotEstimable:
    """Regress an outcome (n,) on the factors behind items, each a frame (n, k) of the same rows.

    The variance of each score's error comes from how its items differ within rows (``error_variance``), and is taken
    out of the scores' covariance. The standard errors (sandwich) have its estimation in them. An outcome that is a
    frame of items is scored too; its error does not move the slopes, but standardised slopes then refer to the true
    outcome. ``controls`` (n, q) are measured without error. ``weight``: probability weights. ``cluster``: errors by
    cluster, with t of C - 1 degrees of freedom. ``bootstrap`` > 0: percentile intervals of so many draws of rows
    (clusters), which are right where slopes are far from normal.

    A row counts if its outcome and controls are there and of every factor two items and half of them are answered.

    Assumptions: errors of different items are independent of each other, of the factors and of the outcome. A mood
    that colours all answers of a day breaks this, and no correction from the same survey can tell; an outcome from
    elsewhere avoids half of it. Effects are linear in the factors; items of one factor have the same loading
    (``method="omega"`` lets them differ).

    NotEstimable below 50 rows, 10 rows per slope or 20 clusters; where a factor's items cannot be judged; and where
    after correction two factors cannot be told apart (smallest eigenvalue within two standard errors of 0).
    """
    check_level(level)
    read = _read(outcome, factors, controls, method, weight)
    if isinstance(read, NotEstimable):
        return read
    scores, errors, y, y_error, w, used, names = read
    n, p = scores.shape
    if n < max(MIN_ROWS, PER_PARAMETER * (p + 1)):
        return NotEstimable(f"{n} rows can be used; {p} slopes need {max(MIN_ROWS, PER_PARAMETER * (p + 1))}")
    code = _clusters(cluster, used, n)
    count = n if code is None else int(code.max()) + 1
    if code is not None and count < MIN_CLUSTERS:
        return NotEstimable(f"{count} clusters; {MIN_CLUSTERS} are needed for errors by cluster")
    w = w / w.mean()
    moments = _Moments(w @ scores / n, float(w @ y) / n)
    x, z = scores - moments.x, y - moments.y
    cov = (x * w[:, None]).T @ x / n
    noise = w @ errors / n
    true = cov - np.diag(noise)
    if reason := _indistinct(true, cov, x, errors, w, names):
        return NotEstimable(reason)
    cross = x.T @ (w * z) / n
    slope = np.linalg.solve(true, cross)
    plain = np.linalg.solve(cov, cross)
    y_var = float(w @ (z**2 - y_error)) / n
    if y_var <= 0:
        return NotEstimable("the outcome's items have no common part; or everybody has the same outcome")
    score = w[:, None] * (x * (z - x @ slope)[:, None] + errors * slope)
    influence = np.linalg.solve(true, score.T).T
    var = np.diag(true)
    scale = np.sqrt(var / y_var)
    of_var = w[:, None] * (x**2 - errors - var)
    of_y = w * (z**2 - y_error - y_var)
    standard = influence * scale + slope * scale * 0.5 * (of_var / var - (of_y / y_var)[:, None])
    df = float("inf") if code is None else float(count - 1)
    by_row, by_standard = (_sum(v, code, count) / n for v in (influence, standard))
    se, standard_se = _se(by_row, code is not None), _se(by_standard, code is not None)
    t = _quantile(df, level)
    table = pd.DataFrame(
        {
            "factor": names,
            "reliability": var / np.diag(cov),
            "slope": slope,
            "se": se,
            "low": slope - t * se,
            "high": slope + t * se,
            "standardised": slope * scale,
            "standardised_se": standard_se,
            "standardised_low": slope * scale - t * standard_se,
            "standardised_high": slope * scale + t * standard_se,
            "p_value": _p_value(slope / se, df),
            "uncorrected": plain,
            "uncorrected_standardised": plain * np.sqrt(np.diag(cov) / float(w @ z**2 / n)),
        }
    )
    draws = None
    if bootstrap:
        draws = _bootstrap(x, z, errors, y_error, w, code, count, bootstrap, seed)
        ends = np.nanquantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
        table[["low", "high"]] = ends[:, :p].T
        table[["standardised_low", "standardised_high"]] = ends[:, p:].T
    checks = _checks(used, draws)
    correction = np.sqrt(count / (count - 1)) if code is not None else 1.0
    return CorrectedRegression(table, checks, SOURCE, n, level, df, influence=by_standard * correction, bootstrap=draws)


@dataclass(frozen=True)
class _Moments:
    x: Floats
    y: float


_Read = tuple[Floats, Floats, Floats, Floats, Floats, npt.NDArray[np.bool_], list[str]]


def _read(
    outcome: pd.Series | pd.DataFrame,
    factors: Mapping[str, pd.DataFrame],
    controls: pd.DataFrame | None,
    method: Literal["alpha", "omega"],
    weight: npt.ArrayLike | None,
) -> _Read | NotEstimable:
    """Return scores and their errors' contributions (m, p), outcome and its error (m,), weights, rows used, names."""
    if not factors:
        raise ValueError("there is no factor; expected at least one frame of items")
    n = len(outcome)
    w = np.ones(n) if weight is None else np.asarray(weight, dtype=float)
    if len(w) != n or not np.isfinite(w).all() or (w < 0).any() or not w.any():
        raise ValueError(f"weight has {len(w)} values; expected {n} numbers >= 0, not all 0")
    frames = {str(name): items for name, items in factors.items()}
    columns, errors = [], []
    for name, items in frames.items():
        if len(items) != n:
            raise ValueError(f"the items of {name} have {len(items)} rows; expected {n} as the outcome has")
        found = _score(items, method, w)
        if isinstance(found, NotEstimable):
            return NotEstimable(f"{name}: {found.reason}")
        columns.append(found[0])
        errors.append(found[1])
    for name in [] if controls is None else controls.columns:
        columns.append(controls[name].to_numpy(dtype=float))  # type: ignore[index]
        errors.append(np.zeros(n))
        if len(columns[-1]) != n:
            raise ValueError(f"controls have {len(columns[-1])} rows; expected {n}")
    if isinstance(outcome, pd.DataFrame):
        scored = _score(outcome, method, w)
        if isinstance(scored, NotEstimable):
            return NotEstimable(f"outcome: {scored.reason}")
        y, y_error = scored
    else:
        y, y_error = outcome.to_numpy(dtype=float), np.zeros(n)
    x, e = np.column_stack(columns), np.column_stack(errors)
    used = np.isfinite(x).all(axis=1) & np.isfinite(e).all(axis=1) & np.isfinite(y) & np.isfinite(y_error) & (w > 0)
    if not used.any():
        return NotEstimable("no row has the outcome and enough items of every factor")
    if np.ptp(y[used]) == 0:
        return NotEstimable("everybody has the same outcome")
    names = [*frames, *([] if controls is None else map(str, controls.columns))]
    return x[used], e[used], y[used], y_error[used], w[used], used, names


def _score(items: pd.DataFrame, method: Literal["alpha", "omega"], w: Floats) -> tuple[Floats, Floats] | NotEstimable:
    """Return the mean of each row's answered items, each less its own mean, and the contributions to its error."""
    found = error_variance(items, method, w)
    if isinstance(found, NotEstimable):
        return found
    values = item_values(items, complete=False)
    known = np.isfinite(values)
    middle = (w @ np.where(known, values, 0.0)) / (w @ known)
    away = np.where(known, values - middle, 0.0)
    answered = known.sum(axis=1)
    enough = answered >= max(2, MIN_SHARE * values.shape[1] - 1e-9)
    return np.where(enough, away.sum(axis=1) / np.maximum(answered, 1), np.nan), found.contributions


def _clusters(cluster: npt.ArrayLike | None, used: npt.NDArray[np.bool_], n: int) -> npt.NDArray[np.int64] | None:
    if cluster is None:
        return None
    labels = pd.Series(np.asarray(cluster), dtype=object)
    if len(labels) != len(used):
        raise ValueError(f"cluster has {len(labels)} names; expected {len(used)}")
    codes = pd.factorize(labels[used])[0]
    if (codes < 0).any():
        raise ValueError(f"{int((codes < 0).sum())} rows have no cluster; expected a name for every row")
    return np.asarray(codes, dtype=np.int64)


def _indistinct(true: Floats, cov: Floats, x: Floats, errors: Floats, w: Floats, names: list[str]) -> str:
    """Say which factors cannot be told apart once the error is taken out, or ""."""
    scale = 1 / np.sqrt(np.diag(cov))
    if not np.isfinite(scale).all():
        return f"everybody has the same {names[int(np.argmin(np.diag(cov)))]}"
    values, vectors = np.linalg.eigh(true * np.outer(scale, scale))
    along = vectors[:, 0] * scale
    parts = w * ((x @ along) ** 2 - errors @ along**2)
    se = float(np.sqrt(((parts - values[0]) ** 2).sum())) / len(x)
    if values[0] > 2 * se and values[0] > 1e-8:
        return ""
    loud = [names[j] for j in np.argsort(-np.abs(vectors[:, 0])) if abs(vectors[j, 0]) > 0.3]
    return (
        f"without their measurement error {', '.join(loud)} cannot be told apart in {len(x)} rows: "
        "use fewer factors, or more rows"
        if len(loud) > 1
        else f"the items of {loud[0]} measure next to nothing in common"
    )


def _bootstrap(
    x: Floats,
    z: Floats,
    errors: Floats,
    y_error: Floats,
    w: Floats,
    code: npt.NDArray[np.int64] | None,
    count: int,
    draws: int,
    seed: int,
) -> Floats:
    """Return slopes and standardised slopes (draws, 2p) of resampled rows or clusters; NaN where they fail."""
    n, p = x.shape
    full = np.column_stack([x, z])
    rows, cols = np.triu_indices(p + 1)
    pieces = np.column_stack([np.ones(n), full, full[:, rows] * full[:, cols], errors, y_error]) * w[:, None]
    pieces = _sum(pieces, code, count)
    rng = np.random.default_rng(seed)
    found = np.full((draws, 2 * p), np.nan)
    chunk = max(1, 4_000_000 // count)
    for start in range(0, draws, chunk):
        times = rng.multinomial(count, np.full(count, 1 / count), size=min(chunk, draws - start))
        for i, total in enumerate(times @ pieces):
            mean = total[1:] / total[0]
            middle, second, noise = mean[: p + 1], np.zeros((p + 1, p + 1)), mean[-p - 1 :]
            second[rows, cols] = second[cols, rows] = mean[p + 1 : -p - 1]
            true = second - np.outer(middle, middle) - np.diag(noise)
            inner = true[:p, :p]
            if np.linalg.eigvalsh(inner)[0] <= 0 or true[p, p] <= 0:
                continue
            slope = np.linalg.solve(inner, true[:p, p])
            found[start + i] = np.concatenate([slope, slope * np.sqrt(np.diag(inner) / true[p, p])])
    return found


def _checks(used: npt.NDArray[np.bool_], draws: Floats | None) -> tuple[TestResult, ...]:
    checks = []
    if left_out := int((~used).sum()):
        checks.append(
            TestResult(
                "rows used", "every row can be used", float(left_out), reason=f"{left_out} rows lack items or outcome"
            )
        )
    if draws is not None and (failed := int(np.isnan(draws[:, 0]).sum())):
        checks.append(
            TestResult(
                "bootstrap draws",
                "every draw has a solution",
                float(failed),
                reason=f"{failed} of {len(draws)} draws had none: the correction is near its limit",
            )
        )
    return tuple(checks)


def _sum(values: Floats, code: npt.NDArray[np.int64] | None, count: int) -> Floats:
    if code is None:
        return values
    total = np.zeros((count, values.shape[1]))
    np.add.at(total, code, values)
    return total


def _se(influence: Floats, clustered: bool = False) -> Floats:
    c = len(influence)
    return np.sqrt((influence**2).sum(axis=0) * (c / (c - 1) if clustered else 1.0))


def _quantile(df: float, level: float) -> float:
    from scipy.special import ndtri, stdtrit  # half a second that those who only draw curves need not wait

    tail = (1 + level) / 2
    return float(stdtrit(df, tail) if np.isfinite(df) else ndtri(tail))


def _p_value(t: Floats, df: float) -> Floats:
    from scipy.special import ndtr, stdtr

    return np.asarray(2 * (stdtr(df, -np.abs(t)) if np.isfinite(df) else ndtr(-np.abs(t))))
