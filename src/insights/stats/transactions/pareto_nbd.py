"""Pareto/NBD: repeat transactions of units that may stop, unseen, at any time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from insights.stats.inputs import Floats, check_level
from insights.stats.results import NotEstimable, TestResult
from insights.stats.transactions.fitting import Data, fields, read_data, search
from insights.stats.transactions.histories import Histories
from insights.stats.transactions.independence import independence_of_rates
from insights.stats.transactions.model import RateModel
from insights.stats.transactions.pareto_likelihood import NODES, ParetoNbdLikelihood, quiet_time

SOURCE = "Schmittlein, Morrison & Colombo (1987); Fader & Hardie (2005), a note on deriving the Pareto/NBD model"
FINEST = 9 * NODES
ACCURACY = 1e-7
"""What the quadrature may add to the log-likelihood in all."""
LOOKED_AT = 5_000
ROWS = 2_048


@dataclass(frozen=True, eq=False)
class ParetoNbd(RateModel):
    """A fitted Pareto/NBD model; parameters r, alpha (a time), s, beta (a time)."""

    def _alive(self, theta: Floats, x: Floats, t_x: Floats, T: Floats, effect: Floats) -> Floats:
        return np.exp(-np.logaddexp(0, _odds(theta, x, t_x, T)))

    def _expected(self, theta: Floats, horizon: Floats, x: Floats, t_x: Floats, T: Floats, effect: Floats) -> Floats:
        r, alpha = np.exp(theta[:2])
        rate = (r + x) / (alpha + T)
        return self._alive(theta, x, t_x, T, effect) * rate * _time_active(theta, horizon, T)

    def _path(self, theta: Floats, horizons: Floats, x: Floats, t_x: Floats, T: Floats, effect: Floats) -> Floats:
        r, alpha = np.exp(theta[:2])
        now = self._alive(theta, x, t_x, T, effect) * (r + x) / (alpha + T)
        return np.asarray(now[:, None] * _time_active(theta, horizons, T[:, None]))

    def _square(self, theta: Floats, horizon: Floats, x: Floats, t_x: Floats, T: Floats, effect: Floats) -> Floats:
        """N is a Poisson count over the time active: E N^2 = E lambda E time + E lambda^2 E time^2."""
        r, alpha = np.exp(theta[:2])
        rate = (r + x) / (alpha + T)
        squares = rate * (r + x + 1) / (alpha + T) * _square_time_active(theta, horizon, T)
        return self._alive(theta, x, t_x, T, effect) * (rate * _time_active(theta, horizon, T) + squares)

    def _new(self, theta: Floats, horizons: Floats, effect: Floats) -> Floats:
        return np.exp(theta[0] - theta[1]) * _time_active(theta, horizons, np.zeros(1))


def pareto_nbd(
    x: npt.ArrayLike,
    t_x: npt.ArrayLike,
    T: npt.ArrayLike,
    *,
    weight: npt.ArrayLike | None = None,
    time_unit: str = "months",
    level: float = 0.95,
) -> ParetoNbd | NotEstimable:
    """Fit Pareto/NBD by maximum likelihood; parameters of this function as in ``bg_nbd``.

    While active, a unit transacts at random at its own rate lambda ~ Gamma(r, rate alpha); it stops at its own rate
    mu ~ Gamma(s, rate beta), also before any repeat; lambda and mu are independent. What breaks it: as for BG/NBD. s
    and beta are known far less well than their ratio, and with few long-quiet units hardly at all: see ``covariance``.

    The likelihood is an integral over the time of stopping, by Gauss and Legendre with as many nodes as it takes for
    the log-likelihood to be exact to 1e-7. NotEstimable and ValueError as ``bg_nbd``.
    """
    check_level(level)
    data = read_data(x, t_x, T, weight)
    if isinstance(data, NotEstimable):
        return data
    nodes, starts = NODES, _starts(data.rate)
    found = search(ParetoNbdLikelihood, data, starts)
    while nodes < FINEST and _inaccuracy(data, found.at, nodes) > ACCURACY:
        nodes *= 3
        found = search(partial(ParetoNbdLikelihood, nodes=nodes), data, [found.at, *starts])
    told = fields(found, data, ("r", "alpha", "s", "beta"), (1, 3), time_unit, level)
    if isinstance(told, NotEstimable):
        return told
    told["checks"] += (_independence(data, found.at, bool(told["at_bound"])),)
    return ParetoNbd(source=SOURCE, **told)


def _independence(data: Data, theta: Floats, at_bound: bool) -> TestResult:
    """Test it with e^-(lambda r / alpha) and e^-(mu s / beta), which make alpha and beta larger."""
    faster, stopping = np.zeros(4), np.zeros(4)
    faster[1], stopping[3] = np.log1p(np.exp(-theta[[0, 2]]))
    return independence_of_rates(_row_loglik, data.histories, theta, faster, stopping, at_bound)


def _row_loglik(rows: Histories) -> Callable[[Floats], Floats]:
    """Return the log-likelihood of each row, up to what does not depend on the parameters."""
    x, t_x, T = rows.x, rows.t_x, rows.T

    def loglik(theta: Floats) -> Floats:
        r, alpha, s, beta = np.exp(theta)
        active = gammaln(r + x) - gammaln(r) - x * theta[1] - (r + x) * np.log1p(T / alpha) - s * np.log1p(T / beta)
        return active + np.logaddexp(0, _odds(theta, x, t_x, T, NODES))

    return loglik


def _starts(rate: float) -> Sequence[Floats]:
    """Return starts, given the repeats per scaled time: little and much stopping, units alike and unlike."""
    return [np.log([r, r / rate, s, beta]) for r, s, beta in ((0.5, 0.6, 0.5), (1.0, 0.5, 5.0), (2.0, 2.0, 2.0))]


def _inaccuracy(data: Data, theta: Floats, nodes: int) -> float:
    """Return about how far the log-likelihood is off, seen from three times as many nodes and a sample of rows."""
    rows = data.histories.sample(LOOKED_AT)
    history = rows.x, rows.t_x, rows.T, theta
    few, many = (np.logaddexp(0, quiet_time(*history, k).odds) for k in (nodes, 3 * nodes))
    return float(rows.weight @ np.abs(few - many)) * len(data.histories.x) / len(rows.x)


def _odds(theta: Floats, x: Floats, t_x: Floats, T: Floats, nodes: int = 3 * NODES) -> Floats:
    """Return the log odds (n) that a unit has stopped."""
    parts = [slice(begin, begin + ROWS) for begin in range(0, len(x), ROWS)]
    found = [quiet_time(x[part], t_x[part], T[part], theta, nodes).odds for part in parts]
    return np.concatenate(found) if found else np.zeros(0)


def _time_active(theta: Floats, horizon: Floats, T: Floats) -> Floats:
    """Return the expected time within a horizon that a unit active at T stays so.

    It is (beta + T) / (s - 1) * (1 - ((beta + T) / (beta + T + horizon))^(s - 1)), with its limit at s = 1.
    """
    s, beta = np.exp(theta[2:4])
    return np.asarray((beta + T) * _growth(1 - s, np.log1p(horizon / (beta + T))))


def _square_time_active(theta: Floats, horizon: Floats, T: Floats) -> Floats:
    """Return the expected square of that time: the integral of 2 t P(active at t) over the horizon.

    With u = t / (beta + T) and L = log(1 + u), it is 2 (beta + T)^2 times the integral of (e^L - 1) e^((1 - s) L) dL,
    in which each exponential is an integral like that of ``_time_active``.
    """
    s, beta = np.exp(theta[2:4])
    length = np.log1p(horizon / (beta + T))
    return np.asarray(2 * (beta + T) ** 2 * (_growth(2 - s, length) - _growth(1 - s, length)))


def _growth(rate: float, length: Floats) -> Floats:
    """Return the integral of e^(rate L) from 0 to ``length``."""
    power = rate * length
    safe = np.where(np.abs(power) < 1e-9, 1.0, power)
    return np.asarray(length * np.where(safe == power, np.expm1(safe) / safe, 1 + power / 2))
