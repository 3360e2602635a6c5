"""BG/NBD: repeat transactions of units that may stop, unseen, right after a transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import betaln, gammaln

from insights.stats.inputs import Floats, check_level
from insights.stats.results import NotEstimable, TestResult
from insights.stats.transactions.expectation import expected_by, expected_while_active, square_while_active
from insights.stats.transactions.fitting import Data, fields, read_data, search
from insights.stats.transactions.histories import Histories
from insights.stats.transactions.independence import independence_of_rates
from insights.stats.transactions.likelihood import BgNbdLikelihood
from insights.stats.transactions.model import RateModel

SOURCE = "Fader, Hardie & Lee (2005), 'Counting Your Customers' the Easy Way; covariates: Fader & Hardie (2007)"


@dataclass(frozen=True, eq=False)
class BgNbd(RateModel):
    """A fitted BG/NBD model; parameters r, alpha (a time), a, b, then one coefficient per covariate.

    A unit without a repeat has had no occasion to stop: its probability to be alive is 1.
    """

    def _alive(self, theta: Floats, x: Floats, t_x: Floats, T: Floats, effect: Floats) -> Floats:
        r, alpha, a, b = np.exp(theta[:4])
        alpha = alpha * np.exp(-effect)
        odds = (r + x) * np.log1p((T - t_x) / (alpha + t_x)) + np.log(a) - np.log(b + np.maximum(x, 1) - 1)
        return np.where(x == 0, 1.0, np.exp(-np.logaddexp(0, odds)))

    def _expected(self, theta: Floats, horizon: Floats, x: Floats, t_x: Floats, T: Floats, effect: Floats) -> Floats:
        r, alpha, a, b = np.exp(theta[:4])
        active = expected_while_active(horizon, x, T, r, alpha * np.exp(-effect), a, b)
        return self._alive(theta, x, t_x, T, effect) * active

    def _path(self, theta: Floats, horizons: Floats, x: Floats, t_x: Floats, T: Floats, effect: Floats) -> Floats:
        r, alpha, a, b = np.exp(theta[:4])
        active = expected_by(horizons, x, T, r, alpha * np.exp(-effect), a, b)
        return self._alive(theta, x, t_x, T, effect)[:, None] * active

    def _square(self, theta: Floats, horizon: Floats, x: Floats, t_x: Floats, T: Floats, effect: Floats) -> Floats:
        r, alpha, a, b = np.exp(theta[:4])
        active = square_while_active(horizon, x, T, r, alpha * np.exp(-effect), a, b)
        return self._alive(theta, x, t_x, T, effect) * active

    def _new(self, theta: Floats, horizons: Floats, effect: Floats) -> Floats:
        r, alpha, a, b = np.exp(theta[:4])
        zero = np.zeros(len(horizons))
        return expected_while_active(horizons, zero, zero, r, alpha * np.exp(-effect), a, b)


def bg_nbd(
    x: npt.ArrayLike,
    t_x: npt.ArrayLike,
    T: npt.ArrayLike,
    *,
    weight: npt.ArrayLike | None = None,
    covariates: npt.ArrayLike | pd.DataFrame | None = None,
    time_unit: str = "months",
    level: float = 0.95,
) -> BgNbd | NotEstimable:
    """Fit BG/NBD by maximum likelihood.

    x, t_x, T (length n): number of repeat transactions, time of the last one, time watched, both times from the unit's
    first transaction and in ``time_unit`` (see ``summarise_events``). ``weight`` (n): how many units a row stands for.
    ``covariates`` (n, k): a unit's mean rate is that of covariates 0 times exp(covariates @ coefficients).

    While active, a unit transacts at random at its own rate lambda ~ Gamma(r, rate alpha); after each repeat it stops
    with its own probability p ~ Beta(a, b); lambda and p are independent. What breaks it: regular spacing, seasons,
    rates that drift, stops that are announced (then use a survival model). Standard errors are those of the analytic
    Hessian; intervals are symmetric in log parameters. ``checks`` tests the independence.

    NotEstimable with fewer than 50 repeating units (or 10 per parameter, where that is more), where all units have the
    same history, and where the search does not converge. Raises ValueError for rows that cannot be, and for covariates
    that are constant or follow from each other.
    """
    check_level(level)
    data = read_data(x, t_x, T, weight, covariates)
    if isinstance(data, NotEstimable):
        return data
    found = search(BgNbdLikelihood, data, _starts(data.rate))
    told = fields(found, data, ("r", "alpha", "a", "b"), (1,), time_unit, level)
    if isinstance(told, NotEstimable):
        return told
    told["checks"] += (_independence(data, found.at, bool(told["at_bound"])),)
    return BgNbd(source=SOURCE, **told)


def _independence(data: Data, theta: Floats, at_bound: bool) -> TestResult:
    """Test it with e^-(lambda r / alpha), which makes alpha larger by alpha / r, and p, which makes a larger by 1."""
    faster, stopping = np.zeros_like(theta), np.zeros_like(theta)
    faster[1], stopping[2] = np.log1p(np.exp(-theta[0])), np.log1p(np.exp(-theta[2]))
    test = independence_of_rates(_row_loglik, data.histories, theta, faster, stopping, at_bound)
    # e^-lambda falls with the rate, p grows with the readiness to stop: turned round, the sign is that of both.
    return replace(test, statistic=None if test.statistic is None else -test.statistic)


def _row_loglik(rows: Histories) -> Callable[[Floats], Floats]:
    """Return the log-likelihood of each row, up to what does not depend on the parameters."""
    x, t_x, T = rows.x, rows.t_x, rows.T

    def loglik(theta: Floats) -> Floats:
        r, alpha, a, b = np.exp(theta[:4])
        alpha = alpha * np.exp(-(rows.covariates @ theta[4:]))
        gone = (r + x) * np.log1p((T - t_x) / (alpha + t_x)) + np.log(a) - np.log(b + np.maximum(x, 1) - 1)
        quiet = np.where(x == 0, 0.0, np.logaddexp(0, gone))
        shares = betaln(a, b + x) - betaln(a, b)
        return gammaln(r + x) - gammaln(r) - x * np.log(alpha) - (r + x) * np.log1p(T / alpha) + shares + quiet

    return loglik


def _starts(rate: float) -> Sequence[Floats]:
    """Return starts, given the repeats per scaled time: little and much stopping, units alike and unlike."""
    return [np.log([r, r / rate, a, b]) for r, a, b in ((0.3, 0.8, 2.5), (1.0, 0.5, 5.0), (2.0, 2.0, 2.0))]
