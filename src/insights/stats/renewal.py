"""Contracts that are renewed or not, period by period: the shifted beta-geometric model."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import chdtrc

from insights.stats.inputs import Floats, check_level
from insights.stats.intervals import normal_quantile
from insights.stats.results import Estimate, NotEstimable, Result, TestResult
from insights.stats.transactions.maximum import best_start
from insights.stats.transactions.model import describe

SOURCE = (
    "Fader & Hardie (2007), How to Project Customer Retention; (2010) Customer-Base Valuation in a Contractual Setting"
)
FEWEST = 50
"""The fewest losses a fit rests on."""
BOUND = 12.0
DIFFERENCE = 1e-4


@dataclass(frozen=True, eq=False)
class ShiftedBetaGeometric(Result):
    """A fitted shifted beta-geometric model; time is counted in renewals (periods of one contract).

    ``table``, one row per renewal with units at risk: period, at_risk, lost, retention (observed share that renews),
    expected_retention, survival (observed share still there, product of retentions), expected_survival, low, high.
    ``parameters``: alpha and beta, on the natural scale with ``covariance``. ``at_bound`` names parameters without an
    inner maximum: then units do not differ, retention is the same at every renewal, and neither has an error. ``n`` is
    the largest number at risk, ``n_events`` counts the losses.
    """

    parameters: Mapping[str, Estimate] = field(default_factory=dict)
    covariance: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    loglik: float = float("nan")
    n: int = 0
    n_events: int = 0
    level: float = 0.95
    at_bound: tuple[str, ...] = ()
    theta: Floats = field(default_factory=lambda: np.zeros(0), repr=False)
    theta_covariance: Floats = field(default_factory=lambda: np.zeros((0, 0)), repr=False)

    def survival(self, periods: Iterable[int]) -> list[Estimate]:
        """Return the share of new units still there after so many renewals, each with an interval (log-odds scale)."""
        after = _whole(periods)
        return self._shares(lambda theta: _survival(theta, int(after.max(initial=0)))[after])

    def retention(self, periods: Iterable[int]) -> list[Estimate]:
        """Return the share that renews at the k-th renewal (1, 2, …) of those who are there to decide.

        It grows with k although nobody's own does: those who are likely to leave leave first.
        """
        k = _whole(periods)
        if (k < 1).any():
            raise ValueError("a renewal is numbered 0 or less; the first one is 1")
        return self._shares(lambda theta: _retention(theta, int(k.max(initial=0)))[k - 1])

    def expected_renewals(self, horizon: int, *, renewed: int = 0, discount_rate: float = 0.0) -> Estimate:
        """Return the expected number of further renewals, within ``horizon`` periods, after ``renewed`` ones.

        ``discount_rate`` is per period; the next renewal is one period away and is discounted once.
        """
        ahead, done = int(_whole([horizon])[0]), int(_whole([renewed])[0])
        if not discount_rate > -1:
            raise ValueError(f"the discount rate is {discount_rate}; expected a rate per period, such as 0.1")
        factor = (1 + discount_rate) ** -np.arange(1.0, ahead + 1)

        def renewals(theta: Floats) -> Floats:
            return np.array([np.cumprod(_retention(theta, done + ahead)[done:]) @ factor])

        value, error = (float(v[0]) for v in self._errors(renewals))
        spread = float(np.exp(normal_quantile(self.level) * error / value)) if value > 0 else 1.0
        return Estimate(
            value,
            value / spread,
            min(value * spread, float(factor.sum())),
            "renewals",
            *self._counts,
            self.level,
            error,
        )

    @property
    def _counts(self) -> tuple[int, int]:
        return self.n, self.n_events

    def _shares(self, share: Callable[[Floats], Floats]) -> list[Estimate]:
        values, errors = self._errors(share)
        low, high = _log_odds_interval(values, errors, self.level)
        rows = zip(*(v.tolist() for v in (values, low, high, errors)), strict=True)
        return [Estimate(v, lo, hi, "share", *self._counts, self.level, se) for v, lo, hi, se in rows]

    def _errors(self, of: Callable[[Floats], Floats]) -> tuple[Floats, Floats]:
        return _delta(of, self.theta, self.theta_covariance)


def shifted_beta_geometric(
    at_risk: npt.ArrayLike, lost: npt.ArrayLike, *, level: float = 0.95
) -> ShiftedBetaGeometric | NotEstimable:
    """Fit the model by maximum likelihood to counts by renewal.

    at_risk, lost (length K): how many units came to their 1st, 2nd, … K-th renewal, and how many of them did not renew
    (see ``renewal_counts``). Counts, not shares: 100 per cent of unknown how many have no likelihood.

    Each unit has its own constant probability not to renew, drawn from Beta(alpha, beta). What breaks it: units whose
    own probability changes with time, calendar effects, cohorts that differ. Units that came late or have not come to
    their last renewal yet count where they were at risk, provided that this says nothing of their probability.
    Standard errors are those of the analytic Hessian; intervals of the parameters are symmetric in their logarithms.

    NotEstimable with fewer than 50 losses, fewer than two renewals, and where the search does not converge. Raises
    ValueError for counts that are negative, or of which more are lost than at risk.
    """
    check_level(level)
    risk, gone = _counts(at_risk, lost)
    if gone.sum() < FEWEST:
        return NotEstimable(f"{gone.sum():g} units did not renew; at least {FEWEST} are needed")
    if int((risk > 0).sum()) < 2:
        return NotEstimable("units came to one renewal only; at least two are needed to see how retention changes")
    objective, bounds = _Likelihood(risk, gone), np.full(2, BOUND)
    rate = gone.sum() / risk.sum()
    starts = [np.log([size * rate, size * (1 - rate) + 1e-6]) for size in (1.0, 4.0, 50.0)]
    found = best_start(objective, starts, -bounds, bounds)
    if not found.converged:
        return NotEstimable(f"the search for the maximum of the likelihood did not converge in {found.steps} steps")
    counts = round(float(risk.max())), round(float(gone.sum()))
    told = describe(found, found.at, found.covariance, ["alpha", "beta"], ["number", "number"], 2, counts, level)
    return ShiftedBetaGeometric(
        _table(risk, gone, found.at, found.covariance, level),
        (*told.checks, _fit_test(risk, gone, found.at)),
        SOURCE,
        told.parameters,
        told.covariance,
        found.value,
        *counts,
        level,
        told.at_bound,
        found.at,
        found.covariance,
    )


def renewal_counts(
    periods: npt.ArrayLike,
    left: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = None,
    weight: npt.ArrayLike | None = None,
) -> pd.DataFrame:
    """Return period, at_risk, lost by renewal, from rows.

    periods (n, whole, >= 0): number of the last renewal a unit came to; left (n): whether it did not renew there
    (False: it did, and its next renewal is not yet due). entry (n): renewals it had behind it when first seen. weight
    (n): how many units a row stands for. Raises ValueError for rows that cannot be.
    """
    last = _whole(periods)
    out = np.asarray(left, dtype=bool)
    first = np.zeros(len(last), dtype=np.int64) if entry is None else _whole(entry)
    weights = np.ones(len(last)) if weight is None else np.asarray(weight, dtype=float)
    if not len(last) == len(out) == len(first) == len(weights):
        raise ValueError("periods, left, entry and weight differ in length; expected one row per unit")
    if bad := int((out & (last <= first)).sum()):
        raise ValueError(
            f"{bad} units left at no renewal that was seen; expected periods above entry where left is true"
        )
    if bad := int((last < first).sum()):
        raise ValueError(f"{bad} units have fewer periods than at entry; expected periods >= entry")
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise ValueError("weights are negative, missing or infinite; expected frequencies >= 0")
    size = int(last.max(initial=0)) + 1
    came, ended = (np.bincount(v, weights=weights, minlength=size)[:size] for v in (first, last))
    at_risk = np.cumsum(came)[:-1] - np.cumsum(ended)[:-1]
    lost = np.bincount(last[out], weights=weights[out], minlength=size)[1:]
    return pd.DataFrame({"period": np.arange(1, size), "at_risk": np.round(at_risk, 9), "lost": lost})


class _Likelihood:
    """Log-likelihood of (log alpha, log beta): at renewal k the share alpha / (alpha + beta + k - 1) is lost."""

    def __init__(self, at_risk: Floats, lost: Floats) -> None:
        self.at_risk, self.lost, self.k = at_risk, lost, np.arange(len(lost), dtype=float)

    def __call__(self, theta: Floats) -> tuple[float, Floats, Floats]:
        alpha, beta = (float(v) for v in np.exp(theta))
        kept, whole, rest = self.at_risk - self.lost, alpha + beta + self.k, beta + self.k
        losses = float(self.lost.sum())
        # log(rest / whole) and log(alpha / whole), each without a difference of large logarithms.
        value = -float(kept @ np.log1p(alpha / rest) + self.lost @ np.log1p(rest / alpha))
        share, own = self.at_risk / whole, kept / rest
        by_alpha, by_beta = losses - alpha * float(share.sum()), beta * float((own - share).sum())
        bend = float((share / whole).sum())
        hessian = np.array(
            [
                [alpha * alpha * bend - alpha * float(share.sum()), alpha * beta * bend],
                [alpha * beta * bend, by_beta + beta * beta * (bend - float((own / rest).sum()))],
            ]
        )
        return value, np.array([by_alpha, by_beta]), hessian


def _retention(theta: Floats, periods: int) -> Floats:
    alpha, beta = np.exp(theta)
    return np.asarray(1 / (1 + alpha / (beta + np.arange(periods))))


def _survival(theta: Floats, periods: int) -> Floats:
    return np.concatenate([[1.0], np.cumprod(_retention(theta, periods))])


def _delta(of: Callable[[Floats], Floats], theta: Floats, covariance: Floats) -> tuple[Floats, Floats]:
    """Return values and their standard errors, derivatives by central differences."""
    steps = DIFFERENCE * np.eye(len(theta))
    slope = np.stack([(of(theta + step) - of(theta - step)) / (2 * DIFFERENCE) for step in steps])
    return of(theta), np.sqrt(np.maximum(np.einsum("kn,kl,ln->n", slope, covariance, slope), 0))


def _log_odds_interval(values: Floats, errors: Floats, level: float) -> tuple[Floats, Floats]:
    """Return an interval of shares within 0 and 1; certain where a share is 0 or 1."""
    inside = (values > 0) & (values < 1)
    safe = np.where(inside, values, 0.5)
    half = normal_quantile(level) * np.where(inside, errors, 0) / (safe * (1 - safe))
    centre = np.log(safe) - np.log1p(-safe)
    low, high = (np.exp(-np.logaddexp(0, -(centre + side * half))) for side in (-1, 1))
    return np.where(inside, low, values), np.where(inside, high, values)


def _table(risk: Floats, gone: Floats, theta: Floats, covariance: Floats, level: float) -> pd.DataFrame:
    periods = len(risk)
    values, errors = _delta(lambda at: _survival(at, periods)[1:], theta, covariance)
    low, high = _log_odds_interval(values, errors, level)
    kept = np.divide(risk - gone, risk, out=np.full(periods, np.nan), where=risk > 0)
    table = pd.DataFrame(
        {
            "period": np.arange(1, periods + 1),
            "at_risk": risk,
            "lost": gone,
            "retention": kept,
            "expected_retention": _retention(theta, periods),
            "survival": np.cumprod(kept),
            "expected_survival": values,
            "low": low,
            "high": high,
        }
    )
    return table[risk > 0].reset_index(drop=True)


def _fit_test(risk: Floats, gone: Floats, theta: Floats) -> TestResult:
    """Compare losses with those expected, over the renewals at which 5 losses and 5 renewals are expected."""
    name, null = "retention by renewal", "the share that renews at each renewal is that of the model"
    share = 1 - _retention(theta, len(risk))
    expected = risk * share
    used = (expected >= 5) & (risk - expected >= 5)
    df = int(used.sum()) - 2
    if df < 1:
        return TestResult(name, null, reason="fewer than three renewals with 5 losses and 5 renewals expected")
    squares = (gone - expected)[used] ** 2 / (expected * (1 - share))[used]
    statistic = float(squares.sum())
    return TestResult(name, null, statistic=statistic, df=df, p_value=float(chdtrc(df, statistic)))


def _counts(at_risk: npt.ArrayLike, lost: npt.ArrayLike) -> tuple[Floats, Floats]:
    risk, gone = np.asarray(at_risk, dtype=float), np.asarray(lost, dtype=float)
    if risk.ndim != 1 or risk.shape != gone.shape:
        raise ValueError(f"at_risk has shape {risk.shape}, lost {gone.shape}; expected one count of each per renewal")
    if not (np.isfinite(risk) & np.isfinite(gone)).all():
        raise ValueError("counts are missing or infinite; expected numbers")
    if bad := int(((gone < 0) | (gone > risk)).sum()):
        raise ValueError(f"{bad} renewals have fewer than no losses or more losses than units at risk")
    return risk, gone


def _whole(values: Any) -> npt.NDArray[np.int64]:
    array = np.asarray(list(values) if not isinstance(values, np.ndarray) else values, dtype=float)
    if array.ndim != 1 or not np.isfinite(array).all() or (array < 0).any() or (array != np.floor(array)).any():
        raise ValueError("periods are negative, missing or no whole numbers; expected 0, 1, 2, …")
    return array.astype(np.int64)
