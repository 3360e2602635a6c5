"""Gamma-gamma: what a unit's transactions are worth on average, from the few that were seen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import betainc, betaincc, betaln, polygamma, psi

from insights.stats.inputs import Floats, check_level, read_numbers
from insights.stats.intervals import normal_quantile
from insights.stats.results import Estimate, NotEstimable, Result, TestResult
from insights.stats.transactions.histories import FEWEST
from insights.stats.transactions.maximum import Maximum, best_start, maximise
from insights.stats.transactions.model import DIFFERENCE, describe

SOURCE = "Fader & Hardie (2013), The Gamma-Gamma Model of Monetary Value; Fader, Hardie & Lee (2005b)"
BOUNDS = np.array([12.0, 12.0, 30.0])
"""log p, log q and log gamma (of amounts with mean 1) are looked for between minus and plus these."""
SAMPLE = 2_000
NAMES = ["p", "q", "gamma"]


@dataclass(frozen=True, eq=False)
class GammaGamma(Result):
    """A fitted gamma-gamma model; amounts, and gamma, are in the unit of the amounts.

    ``table``: parameter, value, low, high, se, unit, n, n_events (transactions with an amount). ``covariance`` is on
    the natural scale. ``loglik`` is that of the mean amounts: counted in cents it is lower by log 100 per unit.
    ``population_mean``: mean amount of a transaction of a unit of which nothing is known. ``correlation``: Pearson's,
    between number and mean amount; the model takes it to be 0. ``n_left_out`` units had no transaction.
    """

    parameters: Mapping[str, Estimate] = field(default_factory=dict)
    covariance: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    loglik: float = float("nan")
    population_mean: Estimate | NotEstimable | None = None
    correlation: float = float("nan")
    n: int = 0
    n_events: int = 0
    n_left_out: int = 0
    level: float = 0.95
    at_bound: tuple[str, ...] = ()
    theta: Floats = field(default_factory=lambda: np.zeros(0), repr=False)
    theta_covariance: Floats = field(default_factory=lambda: np.zeros((0, 0)), repr=False)

    def expected_value(self, x: npt.ArrayLike, mean_amount: npt.ArrayLike) -> Floats:
        """Return the expected mean amount (n) of a unit's transactions, given the mean of the x that were seen.

        It is between that mean and the mean of the population, and nearer to the former the larger x. Where x is 0 the
        mean is not looked at and may be missing. It is infinite where x = 0 and q <= 1.
        """
        count = _count(x)
        return _expected(self.theta, count, _amounts(count, np.asarray(mean_amount, dtype=float)))

    def expected_charge(self, x: npt.ArrayLike, mean_amount: npt.ArrayLike, share: float, least: float = 0.0) -> Floats:
        """Return the expected charge (n) for one transaction: ``share`` of its amount, but at least ``least``.

        Given what was seen of a unit, its next amount Z is such that Z / (gamma + x mean + Z) is Beta(p, q + p x), so
        that the mean of the larger of the two is exact: where most amounts are small the least charge is most of it.
        Raises ValueError for a share or a least charge below 0.
        """
        count = _count(x)
        return _charge(self.theta, count, _amounts(count, np.asarray(mean_amount, dtype=float)), share, least)

    def weighted_sums(
        self,
        weight: npt.ArrayLike,
        x: npt.ArrayLike,
        mean_amount: npt.ArrayLike,
        *,
        charge: tuple[float, float] | None = None,
        unit: str = "amount",
    ) -> list[Estimate] | NotEstimable:
        """Return sums of weight x expected amount (or charge: a share and the least) over units, with intervals.

        ``weight`` (n, m; 0 or more) is known: the intervals are those of the parameters of the amounts (delta method on
        the log scale). NotEstimable where a unit's expected amount is infinite.
        """
        count = _count(x)
        amount = _amounts(count, np.asarray(mean_amount, dtype=float))
        weights = np.asarray(weight, dtype=float)

        def totals(theta: Floats) -> Floats:
            each = _expected(theta, count, amount) if charge is None else _charge(theta, count, amount, *charge)
            return np.asarray(each @ weights)

        values = totals(self.theta)
        if not np.isfinite(values).all():
            return NotEstimable("amounts differ so much between units that their expected mean is infinite (q <= 1)")
        steps = DIFFERENCE * np.eye(3)
        slope = np.stack([(totals(self.theta + s) - totals(self.theta - s)) / (2 * DIFFERENCE) for s in steps])
        errors = np.sqrt(np.maximum(np.einsum("km,kl,lm->m", slope, self.theta_covariance, slope), 0.0))
        found = []
        for value, se in zip(values.tolist(), errors.tolist(), strict=True):
            factor = float(np.exp(min(normal_quantile(self.level) * se / value, 700.0))) if value > 0 else 1.0
            found.append(
                Estimate(value, value / factor, value * factor, unit, len(count), self.n_events, self.level, se)
            )
        return found


def gamma_gamma(
    x: npt.ArrayLike,
    mean_amount: npt.ArrayLike,
    *,
    weight: npt.ArrayLike | None = None,
    unit: str = "amount",
    level: float = 0.95,
) -> GammaGamma | NotEstimable:
    """Fit the gamma-gamma model by maximum likelihood.

    x, mean_amount (length n): number of transactions with an amount (whole) and their mean, which is not looked at
    where x = 0; such rows are left out and counted. ``weight`` (n): how many units a row stands for. ``unit`` names the
    currency.

    A unit's amounts are Gamma(p, rate nu) with nu ~ Gamma(q, rate gamma) of its own; amounts are independent of how
    often the unit transacts. What breaks it: amounts that grow with their number (``checks`` tests the correlation),
    refunds and zeros, a trend in prices, units that differ in spread and not in mean. Errors are those of the analytic
    Hessian.

    NotEstimable with fewer than 50 units that have an amount, with equal mean amounts throughout, and where the search
    does not converge. Raises ValueError for amounts that are not above 0, with their number, and for counts x that are
    negative or no whole numbers.
    """
    check_level(level)
    count = _count(x)
    weights = np.ones(len(count)) if weight is None else read_numbers(weight, "weight", len(count))
    if (weights < 0).any():
        raise ValueError(f"{int((weights < 0).sum())} weights are negative; expected frequencies >= 0")
    amount = _amounts(count, np.asarray(mean_amount, dtype=float))
    used = (count > 0) & (weights > 0)
    left_out = round(float(weights[~used].sum()))
    count, amount, weights = count[used], amount[used], weights[used]
    units = float(weights.sum())
    if units < FEWEST:
        return NotEstimable(f"{units:g} units have a transaction with an amount; at least {FEWEST} are needed")
    if amount.max() - amount.min() <= 1e-9 * amount.max():
        return NotEstimable(
            f"the mean amounts of all {units:g} units are the same, which says nothing of how they differ"
        )
    scale = float(weights @ amount / units)
    found = _search(count, amount / scale, weights)
    if not found.converged:
        return NotEstimable(f"the likelihood search did not converge in {found.steps} steps")
    theta = found.at + np.array([0, 0, np.log(scale)])
    counts = round(units), round(float(weights @ count))
    told = describe(found, theta, found.covariance, NAMES, ["number", "number", unit], 3, counts, level)
    correlation, independence = _independence(count, amount, weights)
    return GammaGamma(
        told.table,
        (*told.checks, independence),
        SOURCE,
        told.parameters,
        told.covariance,
        found.value - units * float(np.log(scale)),
        _population_mean(theta, found.covariance, unit, counts, level),
        correlation,
        *counts,
        left_out,
        level,
        told.at_bound,
        theta,
        found.covariance,
    )


def _expected(theta: Floats, count: Floats, amount: Floats) -> Floats:
    """Return the expected mean amounts of units with these counts and means; infinite where there is no mean."""
    p, q, gamma = np.exp(theta)
    rest = p * count + q - 1
    value = p * (gamma + count * amount) / np.where(rest > 0, rest, 1.0)
    return np.where(rest > 0, value, np.inf)


def _charge(theta: Floats, count: Floats, amount: Floats, share: float, least: float) -> Floats:
    if not (share >= 0 and least >= 0):
        raise ValueError(f"the charge is {share} of an amount and at least {least}; expected numbers of 0 or more")
    mean = _expected(theta, count, amount)
    if share == 0 or least == 0:
        return np.full(len(count), least) if share == 0 else share * mean
    p, q, gamma = np.exp(theta)
    above, scale = q + p * count, gamma + count * amount
    place = least / share / (scale + least / share)
    finite = above > 1
    beyond = betaincc(p + 1, np.where(finite, above - 1, 1.0), place)
    return np.where(finite, least * betainc(p, above, place) + share * np.where(finite, mean, 0.0) * beyond, np.inf)


class _Likelihood:
    """Log-likelihood of (log p, log q, log gamma): with s = x * mean, s / (gamma + s) is Beta(p x, q)."""

    def __init__(self, x: Floats, amount: Floats, weight: Floats) -> None:
        self.weight, self.weight_x, self.sum = weight, weight * x, x * amount
        self.log_sum = np.log(self.sum)
        self.constant = float(weight @ np.log(amount))
        code, self.x = pd.factorize(x)
        self.units = np.bincount(code, weights=weight)

    def __call__(self, theta: Floats) -> tuple[float, Floats, Floats]:
        p, q, gamma = np.exp(theta)
        x, units = self.x, self.units
        rest = np.log1p(gamma / self.sum)
        share = self.sum / (gamma + self.sum)
        own, all_x = float(self.weight.sum()), float(self.weight_x.sum())
        down, down_x = float(self.weight @ rest), float(self.weight_x @ rest)
        up = down + float(self.weight @ self.log_sum) - own * float(theta[2])
        shares, shares_x = float(self.weight @ share), float(self.weight_x @ share)
        bend = share * (1 - share)
        bend_all = p * float(self.weight_x @ bend) + q * float(self.weight @ bend)

        both, first = psi(p * x + q), psi(p * x)
        both_2, first_2 = polygamma(1, p * x + q), polygamma(1, p * x)
        value = -float(units @ betaln(p * x, q)) - p * down_x - q * up - self.constant
        by_p = float((units * x) @ (both - first)) - down_x
        by_q = float(units @ (both - psi(q))) - up
        gradient = np.array([p * by_p, q * by_q, p * shares_x + q * shares - p * all_x])
        hessian = np.empty((3, 3))
        hessian[0, 0] = p * p * float((units * x * x) @ (both_2 - first_2)) + p * by_p
        hessian[1, 1] = q * q * float(units @ (both_2 - polygamma(1, q))) + q * by_q
        hessian[2, 2] = -bend_all
        hessian[0, 1] = hessian[1, 0] = p * q * float((units * x) @ both_2)
        hessian[0, 2] = hessian[2, 0] = p * (shares_x - all_x)
        hessian[1, 2] = hessian[2, 1] = q * shares
        return value, gradient, hessian


def _search(x: Floats, amount: Floats, weight: Floats) -> Maximum:
    """Return the maximum for amounts with mean 1, the start from a sample."""
    starts = [np.log([p, q, (q - 1) / p]) for p, q in ((1.0, 3.0), (6.0, 4.0), (30.0, 2.0))]
    rows = np.linspace(0, len(x) - 1, min(len(x), SAMPLE)).astype(np.int64)
    sample = _Likelihood(x[rows], amount[rows], weight[rows])
    return maximise(_Likelihood(x, amount, weight), best_start(sample, starts, -BOUNDS, BOUNDS).at, -BOUNDS, BOUNDS)


def _population_mean(
    theta: Floats, covariance: Floats, unit: str, counts: tuple[int, int], level: float
) -> Estimate | NotEstimable:
    """Return p gamma / (q - 1) with the delta-method interval of its logarithm."""
    p, q, gamma = (float(v) for v in np.exp(theta))
    if q <= 1:
        return NotEstimable(f"the mean of the population is infinite: q is {q:.3g}, at most 1")
    value, slope = p * gamma / (q - 1), np.array([1, -q / (q - 1), 1])
    error = float(np.sqrt(max(slope @ covariance @ slope, 0.0)))
    factor = float(np.exp(min(normal_quantile(level) * error, 700.0)))
    return Estimate(value, value / factor, value * factor, unit, *counts, level, value * error)


def _independence(x: Floats, amount: Floats, weight: Floats) -> tuple[float, TestResult]:
    """Return the correlation of number and mean amount, and its test, in which the spread may depend on the number."""
    name, null = "independence of amount and number", "number and mean amount of a unit's transactions are uncorrelated"
    from_x, from_amount = (v - weight @ v / weight.sum() for v in (x, amount))
    product, squares = from_x * from_amount, float((weight @ from_x**2) * (weight @ from_amount**2))
    if squares <= 0 or np.ptp(x) == 0:
        return float("nan"), TestResult(name, null, reason="all units have the same number of transactions")
    total = float(weight @ product)
    z = total / float(np.sqrt(weight @ product**2))
    return total / squares**0.5, TestResult(name, null, statistic=z, p_value=2 * NormalDist().cdf(-abs(z)))


def _count(x: npt.ArrayLike) -> Floats:
    count = read_numbers(x, "x")
    if bad := int(((count < 0) | (count != np.floor(count))).sum()):
        raise ValueError(f"{bad} counts x are negative or no whole numbers; expected 0, 1, 2, …")
    return count


def _amounts(count: Floats, amount: Floats) -> Floats:
    """Return mean amounts, 0 where there is no transaction."""
    if amount.shape != count.shape:
        raise ValueError(f"mean_amount has shape {amount.shape}; expected {count.shape}")
    amount = np.where(count > 0, amount, 0.0)
    if bad := int((~np.isfinite(amount)).sum()):
        raise ValueError(f"{bad} mean amounts are missing or infinite; expected numbers where x > 0")
    if zero := int(((amount <= 0) & (count > 0)).sum()):
        raise ValueError(
            f"{zero} of {int((count > 0).sum())} mean amounts are zero or negative; expected amounts above 0: "
            "leave such units out (x = 0) and say how many they are, or take the amounts before refunds"
        )
    return amount
