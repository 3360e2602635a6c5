"""Rates by two factors whose effects multiply, from the events of each level and the exposure of each cell alone."""

import numpy as np
import numpy.typing as npt

from insights.stats.inputs import Floats
from insights.stats.intervals import normal_quantile
from insights.stats.results import Estimate, NotEstimable, TestResult

SOURCE = "Deming & Stephan (1940); log-linear rates: Holford (1980), Laird & Olivier (1981)"
STEPS, CLOSE = 1_000, 1e-10
FEWEST = 10.0


def multiplied_rates(
    exposure: npt.ArrayLike, rows: npt.ArrayLike, columns: npt.ArrayLike, *, unit: str = "per year", level: float = 0.95
) -> list[list[Estimate | None]] | NotEstimable:
    """Return the rate of each cell (K, L) under rate = a_k x b_l, the maximum of the Poisson likelihood.

    exposure (K, L) >= 0: time at risk in each cell; rows (K) and columns (L): events of each level, over all levels of
    the other. These are all that the fit needs: the rates are those whose expected events add up to the events of
    every level. A cell without exposure has None. ``n`` is the exposure, ``n_events`` the expected events, rounded.
    Where rows and columns do not add up to the same (because both are rounded), columns are scaled to the rows.
    Intervals are normal on the log scale.

    Assumes that the effects multiply: what is special to one combination is smoothed away (``interaction_test``).
    NotEstimable where a level with exposure has fewer than ten events. Raises ValueError for shapes that do not fit.
    """
    time, one, other = np.asarray(exposure, float), np.asarray(rows, float), np.asarray(columns, float)
    if time.shape != (len(one), len(other)) or not (time >= 0).all():
        raise ValueError(f"exposure has shape {time.shape}; expected ({len(one)}, {len(other)}) of times >= 0")
    for events, own in ((one, time.sum(axis=1)), (other, time.sum(axis=0))):
        if not np.isfinite(events).all() or (events[own > 0] < FEWEST).any():
            return NotEstimable(f"a level has fewer than {FEWEST:g} events")
    if not time.any():
        return NotEstimable("nobody is at risk")
    expected = fitted_events(time, one, other)
    se = _errors(expected)
    z = normal_quantile(level)
    made: list[list[Estimate | None]] = []
    for k in range(len(one)):
        line: list[Estimate | None] = []
        for j in range(len(other)):
            value = expected[k, j] / time[k, j] if time[k, j] > 0 else np.nan
            spread = float(np.exp(z * se[k, j]))
            ends = (value / spread, value * spread)
            n, count = int(np.rint(time[k, j])), int(np.rint(expected[k, j]))
            line.append(
                Estimate(float(value), *ends, unit, n, count, level, float(value * se[k, j])) if value > 0 else None
            )
        made.append(line)
    return made


def fitted_events(exposure: Floats, rows: Floats, columns: Floats) -> Floats:
    """Return the expected events (K, L) by proportional fitting of the exposures to the events of each level."""
    columns = columns * rows.sum() / columns.sum()
    found = exposure.copy()
    for _ in range(STEPS):
        before = found
        sums = found.sum(axis=1)
        found = found * np.divide(rows, sums, out=np.zeros_like(rows), where=sums > 0)[:, None]
        sums = found.sum(axis=0)
        found = found * np.divide(columns, sums, out=np.zeros_like(columns), where=sums > 0)
        if np.abs(found - before).max() < CLOSE * rows.sum():
            break
    return found


def interaction_test(exposure: npt.ArrayLike, events: npt.ArrayLike) -> TestResult:
    """Test that the effects multiply: the deviance of the events of each cell (K, L) from ``multiplied_rates``.

    Chi-squared with (K - 1)(L - 1) degrees of freedom, fewer for cells without exposure; an approximation where cells
    have few events.
    """
    time, seen = np.asarray(exposure, dtype=float), np.asarray(events, dtype=float)
    null = "the effects of both factors multiply"
    filled = time > 0
    df = int(filled.sum()) - sum(time.shape) + 1
    if df < 1 or not seen.any():
        return TestResult("effects multiply", null, reason="there are too few cells or no events")
    expected = fitted_events(time, seen.sum(axis=1), seen.sum(axis=0))
    some = seen > 0
    log = np.log(np.where(some, seen, 1.0) / np.where(some & (expected > 0), expected, 1.0))
    statistic = float(2 * (seen * log - (seen - expected))[filled].sum())
    from scipy.special import chdtrc  # half a second that those who test nothing need not wait

    return TestResult("effects multiply", null, statistic, float(df), float(chdtrc(df, max(statistic, 0.0))))


def _errors(expected: Floats) -> Floats:
    """Return the standard errors of the logs of the rates (K, L)."""
    k, j = expected.shape
    design = np.zeros((k, j, k + j))
    design[np.arange(k), :, np.arange(k)] = 1.0
    design[:, np.arange(j), k + np.arange(j)] = 1.0
    flat = design.reshape(k * j, k + j)
    covariance = np.linalg.pinv(flat.T @ (flat * expected.ravel()[:, None]))
    return np.sqrt(np.maximum(np.einsum("cp,pq,cq->c", flat, covariance, flat), 0.0)).reshape(k, j)
