"""What fitted models of repeat transactions have in common: parameters with errors, and expectations with intervals."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import Floats, read_numbers
from insights.stats.intervals import normal_quantile
from insights.stats.results import Estimate, Result, TestResult
from insights.stats.transactions.histories import check_history, read_covariates
from insights.stats.transactions.maximum import Maximum

INF = float("inf")
LOOSE = 12.0
"""A parameter whose logarithm has a larger standard error may be anything from nothing to a hundred thousand times."""
DIFFERENCE = 1e-4
"""Step of the central differences (log parameters) that carry errors over to an expectation; exact to about 1e-8."""


@dataclass(frozen=True, eq=False)
class RateModel(Result):
    """A fitted model of repeat transactions of units that may silently stop.

    ``table``: parameter, value, low, high, se, unit, n, n_events; n counts units, n_events repeat transactions.
    ``parameters`` holds the same as estimates; ``covariance`` is that of their values (natural scale). All times, here
    and in the methods, are in ``time_unit``. ``loglik`` is the logarithm of a density in time: with times in days
    instead of weeks it is lower by log 7 per repeat transaction. ``at_bound`` names parameters that have no inner
    maximum (units hardly differ there): no parameter then has a standard error, but expectations have.
    """

    parameters: Mapping[str, Estimate] = field(default_factory=dict)
    covariance: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    loglik: float = float("nan")
    n: int = 0
    n_events: int = 0
    time_unit: str = ""
    level: float = 0.95
    at_bound: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()
    theta: Floats = field(default_factory=lambda: np.zeros(0), repr=False)
    theta_covariance: Floats = field(default_factory=lambda: np.zeros((0, 0)), repr=False)

    def probability_alive(
        self, x: npt.ArrayLike, t_x: npt.ArrayLike, T: npt.ArrayLike, *, covariates: npt.ArrayLike | None = None
    ) -> Floats:
        """Return the probability (n) that each unit is still active at the end of its T, given its history.

        Raises ValueError for rows that cannot be, and where covariates are missing that the model was fitted with.
        """
        count, last, watched = check_history(x, t_x, T)
        return self._alive(self.theta, count, last, watched, self._effect(self.theta, covariates, len(count)))

    def expected_transactions(
        self,
        horizon: float,
        x: npt.ArrayLike,
        t_x: npt.ArrayLike,
        T: npt.ArrayLike,
        *,
        covariates: npt.ArrayLike | None = None,
    ) -> Floats:
        """Return the expected number of transactions (n) of each unit in the ``horizon`` after its T.

        Raises ValueError as ``probability_alive``, and for a horizon below 0.
        """
        rows = check_history(x, t_x, T)
        effect = self._effect(self.theta, covariates, len(rows[0]))
        return self._expected(self.theta, check_horizon(horizon), *rows, effect)

    def expected_total(
        self,
        horizon: float,
        x: npt.ArrayLike,
        t_x: npt.ArrayLike,
        T: npt.ArrayLike,
        *,
        weight: npt.ArrayLike | None = None,
        covariates: npt.ArrayLike | None = None,
    ) -> Estimate:
        """Return the expected number of transactions of all these units together in the ``horizon`` after their T.

        The interval is that of the expectation (uncertain parameters, delta method on the log scale), not of the count.
        """
        rows = check_history(x, t_x, T)
        n = len(rows[0])
        weights = np.ones(n) if weight is None else read_numbers(weight, "weight", n)
        ahead = check_horizon(horizon)

        def total(theta: Floats) -> Floats:
            return np.array([weights @ self._expected(theta, ahead, *rows, self._effect(theta, covariates, n))])

        return self._estimates(total, round(float(weights.sum())))[0]

    def expected_of_new_unit(
        self, horizons: Iterable[float], *, covariates: npt.ArrayLike | None = None
    ) -> list[Estimate]:
        """Return the expected number of repeat transactions of a unit within each horizon after its first transaction.

        ``covariates`` (k) are those of the unit; 0 where they are left out.
        """
        times = np.array([check_horizon(h) for h in horizons])
        given = np.zeros(len(self.covariates)) if covariates is None else np.asarray(covariates, dtype=float)
        each = np.tile(given, (len(times), 1)) if self.covariates else None

        def fresh(theta: Floats) -> Floats:
            return self._new(theta, times, self._effect(theta, each, len(times)))

        return self._estimates(fresh, self.n)

    @abstractmethod
    def _alive(self, theta: Floats, x: Floats, t_x: Floats, T: Floats, effect: Floats) -> Floats: ...

    @abstractmethod
    def _expected(self, theta: Floats, horizon: float, x: Floats, t_x: Floats, T: Floats, effect: Floats) -> Floats: ...

    @abstractmethod
    def _new(self, theta: Floats, horizons: Floats, effect: Floats) -> Floats: ...

    def _effect(self, theta: Floats, covariates: npt.ArrayLike | None, n: int) -> Floats:
        """Return the logarithm of each unit's rate over the rate at covariates 0 (n, or 1 without covariates)."""
        if not self.covariates:
            if covariates is not None:
                raise ValueError("covariates were given, but the model was fitted without; leave them out")
            return np.zeros(1)
        if covariates is None:
            raise ValueError(f"the model was fitted with covariates; expected values of {', '.join(self.covariates)}")
        array = read_covariates(covariates, n)
        if array.shape[1] != len(self.covariates):
            raise ValueError(f"{array.shape[1]} covariates were given; expected {', '.join(self.covariates)}")
        return np.asarray(array @ theta[-len(self.covariates) :])

    def _estimates(self, expectation: Callable[[Floats], Floats], n: int) -> list[Estimate]:
        """Return expectations (above 0) with delta-method intervals on the log scale."""
        values, variance = expectation(self.theta), 0.0
        gradient = np.zeros((len(self.theta), len(values)))
        for place in np.flatnonzero(self.theta_covariance.any(axis=1)):
            step = np.zeros(len(self.theta))
            step[place] = DIFFERENCE
            gradient[place] = (expectation(self.theta + step) - expectation(self.theta - step)) / (2 * DIFFERENCE)
        variance = np.einsum("kn,kl,ln->n", gradient, self.theta_covariance, gradient)
        z = normal_quantile(self.level)
        found = []
        for value, se in zip(values.tolist(), np.sqrt(np.maximum(variance, 0)).tolist(), strict=True):
            factor = float(np.exp(min(z * se / value, 700.0))) if value > 0 else 1.0
            found.append(
                Estimate(value, value / factor, value * factor, "transactions", n, self.n_events, self.level, se)
            )
        return found


@dataclass(frozen=True)
class FittedParameters:
    """Parameters as a result shows them."""

    table: pd.DataFrame
    parameters: dict[str, Estimate]
    covariance: pd.DataFrame
    at_bound: tuple[str, ...]
    checks: tuple[TestResult, TestResult]


def describe(
    found: Maximum,
    theta: Floats,
    covariance: Floats,
    names: list[str],
    units: list[str],
    logs: int,
    counts: tuple[int, int],
    level: float,
) -> FittedParameters:
    """Return the parameters of a maximum, the first ``logs`` of which are logarithms, with errors by the delta method.

    ``theta`` and ``covariance`` are on the scale the user sees; intervals are symmetric on the scale of theta. If any
    parameter ran to a bound, or might as well be there (an error of its logarithm above ``LOOSE``), those with a
    logarithm have no error and an interval without ends: which of several that grow together stops first is chance.
    """
    loose = np.sqrt(np.diag(covariance)) > LOOSE
    loose[logs:] = False
    at_bound = tuple(name for name, open_ in zip(names, found.fixed | loose, strict=True) if open_)
    z = normal_quantile(level)
    slope = np.concatenate([np.exp(theta[:logs]), np.ones(len(theta) - logs)])
    parameters = {}
    for k, name in enumerate(names):
        error = float(np.sqrt(covariance[k, k]))
        known = not (at_bound and k < logs)
        ends = [float(theta[k] + sign * z * error) for sign in (-1, 1)]
        low, high = (float(np.exp(min(e, 700.0))) for e in ends) if k < logs else ends
        value = float(np.exp(theta[k])) if k < logs else float(theta[k])
        se = float(slope[k] * error) if known else None
        ends = [low, high] if known else [0.0, INF]
        parameters[name] = Estimate(value, ends[0], ends[1], units[k], *counts, level, se)
    rows = [
        {"parameter": p, "value": e.value, "low": e.low, "high": e.high, "se": np.nan if e.se is None else e.se}
        | {"unit": e.unit, "n": e.n, "n_events": e.n_events}
        for p, e in parameters.items()
    ]
    natural = pd.DataFrame(covariance * np.outer(slope, slope), index=names, columns=names)
    if at_bound:
        natural.iloc[:logs, :logs] = np.nan
    return FittedParameters(pd.DataFrame(rows), parameters, natural, at_bound, _checks(found, at_bound))


def check_horizon(horizon: float) -> float:
    """Return the horizon as a number, or raise ValueError below 0."""
    if not 0 <= horizon < INF:
        raise ValueError(f"the horizon is {horizon}; expected a time of 0 or more")
    return float(horizon)


def _checks(found: Maximum, at_bound: tuple[str, ...]) -> tuple[TestResult, TestResult]:
    ended = TestResult("convergence", "one more step would not raise the log-likelihood", statistic=found.gain)
    grow = f"the likelihood has no inner maximum, or a flat one: {', '.join(at_bound)} may be beyond any bound"
    inner = TestResult(
        "inner maximum", "every parameter is estimable", statistic=float(len(at_bound)), reason=grow if at_bound else ""
    )
    return ended, inner
