"""Fitting a model of repeat transactions: from rows to the pieces of a result."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import Floats
from insights.stats.results import NotEstimable
from insights.stats.transactions.histories import Histories, read_histories, too_few
from insights.stats.transactions.maximum import Maximum, Objective, best_start, maximise
from insights.stats.transactions.model import describe

BOUND = 12.0
"""Parameters in scaled time are looked for between e^-12 and e^12; beyond, units do not differ (or all do)."""
COEFFICIENT = 20.0
"""Coefficients of standardised covariates are looked for between -20 and 20."""
COARSE, FINE = 2_000, 40_000
"""Rows of the samples in which the start is looked for and brought closer."""


def fit_rates(
    likelihood: Callable[[Histories], Objective],
    starts: Callable[[float], Sequence[Floats]],
    names: tuple[str, ...],
    times: tuple[int, ...],
    x: npt.ArrayLike,
    t_x: npt.ArrayLike,
    T: npt.ArrayLike,
    weight: npt.ArrayLike | None,
    covariates: npt.ArrayLike | pd.DataFrame | None,
    time_unit: str,
    level: float,
) -> dict[str, Any] | NotEstimable:
    """Return the fields of a ``RateModel``; ``times`` are the places of parameters that are times."""
    labels = _labels(covariates)
    histories = read_histories(x, t_x, T, weight, covariates)
    if reason := too_few(histories, len(names) + len(labels)):
        return reason
    histories, centre, spread = _standardised(histories)
    found = search(likelihood, histories, starts(histories.repeats / float(histories.T @ histories.weight)))
    if not found.converged:
        return NotEstimable(f"the likelihood search did not converge in {found.steps} steps")
    back = np.eye(len(found.at))
    back[len(names) :, len(names) :] = np.diag(1 / spread)
    back[1, len(names) :] = centre / spread
    theta, covariance = back @ found.at, back @ found.covariance @ back.T
    theta[list(times)] += np.log(histories.scale)
    units = [time_unit if k in times else "number" for k in range(len(names))] + ["log rate"] * len(labels)
    counts = round(histories.n), round(histories.repeats)
    told = describe(found, theta, covariance, [*names, *labels], units, len(names), counts, level)
    return {
        "table": told.table,
        "checks": told.checks,
        "parameters": told.parameters,
        "covariance": told.covariance,
        "loglik": found.value - histories.repeats * float(np.log(histories.scale)),
        "n": counts[0],
        "n_events": counts[1],
        "time_unit": time_unit,
        "level": level,
        "at_bound": told.at_bound,
        "covariates": tuple(labels),
        "theta": theta,
        "theta_covariance": covariance,
    }


def search(likelihood: Callable[[Histories], Objective], histories: Histories, starts: Sequence[Floats]) -> Maximum:
    """Return the maximum, looked for in ever larger samples so that few steps are left to all rows."""
    k = histories.covariates.shape[1]
    high = np.concatenate([np.full(len(starts[0]), BOUND), np.full(k, COEFFICIENT)])
    padded = [np.concatenate([start, np.zeros(k)]) for start in starts]
    at = best_start(likelihood(histories.sample(COARSE)), padded, -high, high)
    if len(histories.x) > 4 * FINE:
        at = maximise(likelihood(histories.sample(FINE)), at, -high, high).at
    return maximise(likelihood(histories), at, -high, high)


def _labels(covariates: npt.ArrayLike | pd.DataFrame | None) -> list[str]:
    if covariates is None:
        return []
    if isinstance(covariates, pd.DataFrame):
        return [str(c) for c in covariates.columns]
    shape = np.shape(covariates)
    return [f"z{k + 1}" for k in range(shape[1] if len(shape) > 1 else 1)]


def _standardised(histories: Histories) -> tuple[Histories, Floats, Floats]:
    """Return the histories with covariates of mean 0 and variance 1, the means and the standard deviations."""
    z, weight = histories.covariates, histories.weight
    if not z.shape[1]:
        return histories, np.zeros(0), np.ones(0)
    centre = weight @ z / weight.sum()
    spread = np.sqrt(weight @ (z - centre) ** 2 / weight.sum())
    if (spread <= 1e-12 * np.abs(z).max(axis=0)).any():
        raise ValueError("a covariate is the same for all units; leave it out")
    z = (z - centre) / spread
    if np.linalg.eigvalsh((z * weight[:, None]).T @ z / weight.sum())[0] < 1e-10:
        raise ValueError("the covariates follow from each other; leave one of them out")
    return _with(histories, z), centre, spread


def _with(histories: Histories, covariates: Floats) -> Histories:
    from dataclasses import replace

    return replace(histories, covariates=covariates)
