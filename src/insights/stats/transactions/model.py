"""What fitted models of repeat transactions have in common: parameters with errors, and expectations with intervals."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import Floats, Ints, read_numbers
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
        horizon: float | Floats,
        x: npt.ArrayLike,
        t_x: npt.ArrayLike,
        T: npt.ArrayLike,
        *,
        covariates: npt.ArrayLike | None = None,
    ) -> Floats:
        """Return the expected number of transactions (n) of each unit in the ``horizon`` after its T.

        ``horizon`` is a time for all, or one for each unit (n). Raises ValueError as ``probability_alive``, and for a
        horizon below 0.
        """
        rows = check_history(x, t_x, T)
        effect = self._effect(self.theta, covariates, len(rows[0]))
        return self._expected(self.theta, check_horizons(horizon, len(rows[0])), *rows, effect)

    def expected_total(
        self,
        horizon: float | Floats,
        x: npt.ArrayLike,
        t_x: npt.ArrayLike,
        T: npt.ArrayLike,
        *,
        weight: npt.ArrayLike | None = None,
        covariates: npt.ArrayLike | None = None,
        counts: bool = False,
    ) -> Estimate:
        """Return the expected number of transactions of all these units together in the ``horizon`` after their T.

        The interval is that of the expectation (uncertain parameters, delta method on the log scale); with ``counts``
        it is that of the number that will be counted, to which chance adds the variance of each unit's own number, the
        units being independent. ``weight`` (n) is how many units a row stands for.
        """
        rows = check_history(x, t_x, T)
        n = len(rows[0])
        weights = np.ones(n) if weight is None else read_numbers(weight, "weight", n)
        ahead = check_horizons(horizon, n)

        def total(theta: Floats) -> Floats:
            return np.array([weights @ self._expected(theta, ahead, *rows, self._effect(theta, covariates, n))])

        chance = 0.0
        if counts:
            effect = self._effect(self.theta, covariates, n)
            each = self._expected(self.theta, ahead, *rows, effect)
            chance = float(weights @ np.maximum(self._square(self.theta, ahead, *rows, effect) - each**2, 0))
        return self._estimates(total, round(float(weights.sum())), chance=chance)[0]

    def expected_alive(
        self,
        x: npt.ArrayLike,
        t_x: npt.ArrayLike,
        T: npt.ArrayLike,
        *,
        group: npt.ArrayLike | None = None,
        covariates: npt.ArrayLike | None = None,
    ) -> list[Estimate]:
        """Return the expected share of the units that are still active at the end of their T, by group.

        ``group`` (n) numbers the groups from 0 (default: all are one). Intervals as those of ``expected_total``.
        """
        rows = check_history(x, t_x, T)
        n, place, sizes = self._groups(len(rows[0]), group)

        def share(theta: Floats) -> Floats:
            alive = self._alive(theta, *rows, self._effect(theta, covariates, n))
            return np.bincount(place, alive, len(sizes)) / np.maximum(sizes, 1)

        found = self._estimates(share, n, unit="share")
        return [replace(e, high=min(e.high, 1.0), n=int(size)) for e, size in zip(found, sizes, strict=True)]

    def expected_periods(
        self,
        ends: npt.ArrayLike,
        x: npt.ArrayLike,
        t_x: npt.ArrayLike,
        T: npt.ArrayLike,
        *,
        covariates: npt.ArrayLike | None = None,
    ) -> Floats:
        """Return the expected transactions of each unit in each period (n, K).

        ``ends`` (K, growing): the ends of the periods after T, the first of which begins at T.
        """
        return self._periods(self.theta, _ends(ends), check_history(x, t_x, T), covariates)

    def expected_sums(
        self,
        ends: npt.ArrayLike,
        units: Floats,
        periods: Floats,
        x: npt.ArrayLike,
        t_x: npt.ArrayLike,
        T: npt.ArrayLike,
        *,
        covariates: npt.ArrayLike | None = None,
    ) -> list[Estimate]:
        """Return sums of expected transactions, weighted by unit and by period, such as discounted amounts.

        ``ends`` (K) as in ``expected_periods``; ``units`` (n, m) and ``periods`` (K, q): what a transaction of a unit,
        and one in a period, counts for (0 or more). The answer has m x q estimates: all periods' weights of the first
        column of ``units``, then of the second. Intervals as those of ``expected_total``.
        """
        rows, stops = check_history(x, t_x, T), _ends(ends)

        def sums(theta: Floats) -> Floats:
            return np.asarray(units.T @ self._periods(theta, stops, rows, covariates) @ periods).ravel()

        return self._estimates(sums, len(rows[0]))

    def _periods(
        self, theta: Floats, ends: Floats, rows: tuple[Floats, Floats, Floats], covariates: npt.ArrayLike | None
    ) -> Floats:
        reached = self._path(theta, ends, *rows, self._effect(theta, covariates, len(rows[0])))
        return np.diff(reached, axis=1, prepend=0.0)

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
    def _expected(
        self, theta: Floats, horizon: Floats, x: Floats, t_x: Floats, T: Floats, effect: Floats
    ) -> Floats: ...

    @abstractmethod
    def _path(self, theta: Floats, horizons: Floats, x: Floats, t_x: Floats, T: Floats, effect: Floats) -> Floats:
        """Return the expected numbers within several horizons (n, K)."""

    @abstractmethod
    def _square(self, theta: Floats, horizon: Floats, x: Floats, t_x: Floats, T: Floats, effect: Floats) -> Floats:
        """Return the expected square of the number of transactions within the horizon."""

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

    @staticmethod
    def _groups(n: int, group: npt.ArrayLike | None) -> tuple[int, Ints, Floats]:
        place = np.zeros(n, dtype=np.int64) if group is None else np.asarray(group, dtype=np.int64)
        if len(place) != n or (place < 0).any():
            raise ValueError(f"group has {len(place)} values for {n} rows; expected a number from 0 for each")
        return n, place, np.bincount(place).astype(float)

    def _estimates(
        self,
        expectation: Callable[[Floats], Floats],
        n: int,
        *,
        chance: float = 0.0,
        unit: str = "transactions",
    ) -> list[Estimate]:
        """Return expectations (0 or more) with delta-method intervals on the log scale; ``chance`` adds a variance."""
        values, variance = expectation(self.theta), 0.0
        gradient = np.zeros((len(self.theta), len(values)))
        for place in np.flatnonzero(self.theta_covariance.any(axis=1)):
            step = np.zeros(len(self.theta))
            step[place] = DIFFERENCE
            gradient[place] = (expectation(self.theta + step) - expectation(self.theta - step)) / (2 * DIFFERENCE)
        variance = np.einsum("kn,kl,ln->n", gradient, self.theta_covariance, gradient)
        z = normal_quantile(self.level)
        found = []
        for value, se in zip(values.tolist(), np.sqrt(np.maximum(variance, 0) + chance).tolist(), strict=True):
            factor = float(np.exp(min(z * se / value, 700.0))) if value > 0 else 1.0
            found.append(Estimate(value, value / factor, value * factor, unit, n, self.n_events, self.level, se))
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


def _ends(ends: npt.ArrayLike) -> Floats:
    stops = read_numbers(np.asarray(ends, dtype=float), "ends")
    if (np.diff(stops, prepend=0.0) <= 0).any():
        raise ValueError("the ends of the periods do not grow; expected times above 0 in order")
    return stops


def check_horizons(horizon: float | Floats, n: int) -> Floats:
    """Return one horizon for all (1), or one for each of n units, or raise ValueError below 0."""
    times = np.atleast_1d(np.asarray(horizon, dtype=float))
    if times.shape not in ((1,), (n,)):
        raise ValueError(f"the horizon has shape {times.shape}; expected one time, or one for each of {n} units")
    if not ((times >= 0) & (times < INF)).all():
        raise ValueError(f"the horizon is {times.min()}; expected a time of 0 or more")
    return times


def _checks(found: Maximum, at_bound: tuple[str, ...]) -> tuple[TestResult, TestResult]:
    ended = TestResult("convergence", "one more step would not raise the log-likelihood", statistic=found.gain)
    grow = f"the likelihood has no inner maximum, or a flat one: {', '.join(at_bound)} may be beyond any bound"
    inner = TestResult(
        "inner maximum", "every parameter is estimable", statistic=float(len(at_bound)), reason=grow if at_bound else ""
    )
    return ended, inner
