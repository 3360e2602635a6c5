"""The likelihood of Pareto/NBD with its gradient and Hessian, in logarithms of the parameters."""

from dataclasses import dataclass

import numpy as np

from insights.stats.inputs import Floats
from insights.stats.transactions.histories import Histories

CHUNK = 1_024
"""Rows at once, each with all its nodes: few enough for the processor's cache."""
NODES = 16
STRETCH = 10.0
"""How slowly the nodes of the quadrature thin out, see ``Quiet``."""


@dataclass(frozen=True)
class Quiet:
    """How the time since the last event may have passed, unit by unit (n), as an integral over when it stopped.

    ``odds``: logarithm of the odds that the unit has stopped. ``share`` (nodes, n) sums to 1 over the nodes and is the
    distribution of the time tau of stopping, if it has stopped; ``before`` and ``at`` (nodes, n) are log((alpha + T) /
    (alpha + tau)) and alpha / (alpha + tau), ``before_s`` and ``at_s`` the same with beta.

    The integral is that of (alpha + tau)^-(r + x) (beta + tau)^-(s + 1) over tau from t_x to T. In w = log((alpha +
    tau) / (alpha + t_x)) it falls off at first like exp(-m w) with m = r + x + s (alpha + t_x) / (beta + t_x). Nodes
    are Gauss-Legendre in exp(-m w / 10), which suits units with one transaction and with ten thousand. The usual
    hypergeometric form has two terms that cancel where T is close to t_x.
    """

    odds: Floats
    share: Floats
    before: Floats
    at: Floats
    before_s: Floats
    at_s: Floats


def quiet_time(x: Floats, t_x: Floats, T: Floats, theta: Floats, nodes: int = NODES) -> Quiet:
    """Integrate over the time of stopping, for theta = (log r, log alpha, log s, log beta)."""
    r, alpha, s, beta = (float(v) for v in np.exp(theta))
    y, weight = (v[:, None] for v in _rule(nodes))
    whole, whole_s = np.log1p((T - t_x) / (alpha + t_x)), np.log1p((T - t_x) / (beta + t_x))
    ratio = (alpha + t_x) / (beta + t_x)
    slow = (r + x + s * ratio) / STRETCH
    fall = -np.expm1(-slow * whole)
    rho = 1 - y * fall
    w = np.log(rho) / -slow
    up = np.expm1(w)
    back_s = 1 / (1 + ratio * up)
    w_s = -np.log(back_s)
    up += 1
    size = np.exp(-(r + x) * w - s * w_s)
    size *= weight * up * back_s / rho
    total = size.sum(axis=0)
    with np.errstate(divide="ignore"):  # no time since the last event: it has not stopped, log 0
        odds = theta[2] + (r + x) * whole + s * whole_s + np.log(ratio * fall / slow * total)
    size /= total
    return Quiet(odds, size, whole - w, alpha / (alpha + t_x) / up, whole_s - w_s, beta / (beta + t_x) * back_s)


class ParetoNbdLikelihood:
    """Log-likelihood of theta = (log r, log alpha, log s, log beta), times scaled as in the histories.

    As in BG/NBD everything is a sum of logarithms, with log(1 + e^u) for the two ways to have been quiet since t_x
    (still active, or stopped since then). u is the log of an integral, and its derivatives are means and covariances
    of those of the log integrand.
    """

    def __init__(self, histories: Histories, nodes: int = NODES) -> None:
        self.rows, self.nodes = histories, nodes
        self.k = np.arange(len(histories.more), dtype=float)

    def __call__(self, theta: Floats) -> tuple[float, Floats, Floats]:
        """Return value, gradient (4) and Hessian."""
        r = float(np.exp(theta[0]))
        k, more = self.k, self.rows.more
        ratio = r / (r + k)
        value, gradient, hessian = float(more @ np.log(r + k)), np.zeros(4), np.zeros((4, 4))
        gradient[0] = more @ ratio
        hessian[0, 0] = more @ (ratio * k / (r + k))
        for begin in range(0, len(self.rows.x), CHUNK):
            part = self._chunk(slice(begin, begin + CHUNK), theta)
            value, gradient, hessian = value + part[0], gradient + part[1], hessian + part[2]
        return value, gradient, np.asarray(np.triu(hessian) + np.triu(hessian, 1).T)

    def _chunk(self, part: slice, theta: Floats) -> tuple[float, Floats, Floats]:
        """Return value, gradient and Hessian (its upper half) of some rows, without their gamma function."""
        rows = self.rows
        x, t_x, T, weight = rows.x[part], rows.t_x[part], rows.T[part], rows.weight[part]
        r, alpha, s, beta = (float(v) for v in np.exp(theta))
        end, end_s = alpha / (alpha + T), beta / (beta + T)
        log_end, log_end_s, power = np.log1p(T / alpha), np.log1p(T / beta), r + x
        value = -float(weight @ (power * log_end + x * theta[1] + s * log_end_s))
        gradient = np.array(
            [-r * (weight @ log_end), weight @ (r - power * end), -s * (weight @ log_end_s), s * (weight @ (1 - end_s))]
        )
        hessian = np.diag(
            [gradient[0], -(weight * power) @ (end * (1 - end)), gradient[2], -s * (weight @ (end_s * (1 - end_s)))]
        )
        hessian[0, 1], hessian[2, 3] = r * (weight @ (1 - end)), gradient[3]

        quiet = quiet_time(x, t_x, T, theta, self.nodes)
        small = np.exp(-np.abs(quiet.odds))
        gone = np.where(quiet.odds > 0, 1.0, small) / (1 + small)
        value += float(weight @ (np.maximum(quiet.odds, 0) + np.log1p(small)))
        first = weight * gone
        # The log integrand depends on theta through these; what is the same for all nodes has no covariance.
        features = np.stack([r * quiet.before, -power * quiet.at, s * quiet.before_s, -(s + 1) * quiet.at_s])
        weighted = features * (first * quiet.share)
        flat = (4, -1)
        means = np.einsum("fkn,kn->fn", features, quiet.share)
        hessian += weighted.reshape(flat) @ features.reshape(flat).T - (means * first) @ means.T
        square, square_s = -np.vdot(weighted[1], quiet.at), -np.vdot(weighted[3], quiet.at_s)
        slopes = means + np.stack([np.zeros_like(x), power * end, np.ones_like(x), s * end_s])
        hessian += (slopes * (first * (1 - gone))) @ slopes.T
        gradient += slopes @ first
        hessian[0, 0] += first @ means[0]
        hessian[2, 2] += first @ means[2]
        hessian[0, 1] += r * (first @ (slopes[1] / power))
        hessian[1, 1] += first @ (power * end * (1 - end) + means[1]) + square
        hessian[2, 3] += s * (first @ (end_s + means[3] / (s + 1)))
        hessian[3, 3] += first @ (s * end_s * (1 - end_s) + means[3]) + square_s
        return value, gradient, hessian


def _rule(nodes: int) -> tuple[Floats, Floats]:
    """Return nodes and weights of Gauss and Legendre on (0, 1)."""
    y, weight = np.polynomial.legendre.leggauss(nodes)
    return (y + 1) / 2, weight / 2
