"""Fitting a model of repeat transactions: from rows to the pieces of a result."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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
COARSE, FINE = 1_000, 20_000
"""Rows of the samples in which the start is looked for and brought closer."""
COARSE_STEPS = 15

Likelihood = Callable[[Histories], Objective]


@dataclass(frozen=True)
class Data:
    """Histories ready to fit: covariates are standardised, ``labels`` name them, ``back`` undoes it (k, k)."""

    histories: Histories
    labels: tuple[str, ...]
    back: Floats

    @property
    def rate(self) -> float:
        """Repeats per unit of scaled time."""
        return self.histories.repeats / float(self.histories.T @ self.histories.weight)


def read_data(
    x: npt.ArrayLike,
    t_x: npt.ArrayLike,
    T: npt.ArrayLike,
    weight: npt.ArrayLike | None,
    covariates: npt.ArrayLike | pd.DataFrame | None = None,
    parameters: int = 4,
) -> Data | NotEstimable:
    """Return what a fit of so many parameters (besides those of the covariates) needs, or why there is too little."""
    labels = _labels(covariates)
    histories = read_histories(x, t_x, T, weight, covariates)
    reason = too_few(histories, parameters + len(labels))
    if reason is not None:
        return reason
    histories, centre, spread = _standardised(histories)
    back = np.eye(parameters + len(labels))
    back[parameters:, parameters:] = np.diag(1 / spread)
    back[1, parameters:] = centre / spread  # log alpha is that of a unit whose covariates are 0
    return Data(histories, labels, back)


def search(likelihood: Likelihood, data: Data, starts: Sequence[Floats]) -> Maximum:
    """Return the maximum, looked for in ever larger samples so that few steps are left to all rows.

    A search that ends at a bound or nowhere is made again, from every start.
    """
    rows, k = data.histories, len(data.labels)
    high = np.concatenate([np.full(len(starts[0]), BOUND), np.full(k, COEFFICIENT)])
    padded = [np.concatenate([start, np.zeros(k)]) for start in starts]
    at = best_start(likelihood(rows.sample(COARSE)), padded, -high, high, COARSE_STEPS).at
    if len(rows.x) > 4 * FINE:
        at = maximise(likelihood(rows.sample(FINE)), at, -high, high, COARSE_STEPS).at
    objective = likelihood(rows)
    found = maximise(objective, at, -high, high)
    if found.converged and not found.fixed.any():
        return found
    again = maximise(objective, best_start(likelihood(rows.sample(FINE)), padded, -high, high).at, -high, high)
    return max(found, again, key=lambda end: (end.converged, end.value))


def fields(
    found: Maximum, data: Data, names: Sequence[str], times: Sequence[int], time_unit: str, level: float
) -> dict[str, Any] | NotEstimable:
    """Return the fields of a ``RateModel``; ``times`` are the places of the parameters that are times."""
    if not found.converged:
        return NotEstimable(f"the search for the maximum of the likelihood did not converge in {found.steps} steps")
    rows, logs = data.histories, len(names)
    theta, covariance = data.back @ found.at, data.back @ found.covariance @ data.back.T
    theta[list(times)] += np.log(rows.scale)
    units = [time_unit if k in times else "number" for k in range(logs)] + ["log rate"] * len(data.labels)
    counts = round(rows.n), round(rows.repeats)
    told = describe(found, theta, covariance, [*names, *data.labels], units, logs, counts, level)
    return {
        "table": told.table,
        "checks": told.checks,
        "parameters": told.parameters,
        "covariance": told.covariance,
        "loglik": found.value - rows.repeats * float(np.log(rows.scale)),
        "n": counts[0],
        "n_events": counts[1],
        "time_unit": time_unit,
        "level": level,
        "at_bound": told.at_bound,
        "covariates": data.labels,
        "theta": theta,
        "theta_covariance": covariance,
    }


def _labels(covariates: npt.ArrayLike | pd.DataFrame | None) -> tuple[str, ...]:
    if covariates is None:
        return ()
    if isinstance(covariates, pd.DataFrame):
        return tuple(str(c) for c in covariates.columns)
    shape = np.shape(covariates)
    return tuple(f"z{k + 1}" for k in range(shape[1] if len(shape) > 1 else 1))


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
    return replace(histories, covariates=z), centre, spread
