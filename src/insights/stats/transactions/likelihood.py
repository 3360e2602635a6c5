"""The likelihood of BG/NBD with its gradient and Hessian, in logarithms of the parameters."""

import numpy as np

from insights.stats.inputs import Floats
from insights.stats.transactions.histories import Histories

CHUNK = 16_384
"""Rows at once: few enough that what is computed on the way stays in the processor's cache."""


class BgNbdLikelihood:
    """Log-likelihood of theta = (log r, log alpha, log a, log b, coefficients of the covariates).

    With covariates z the mean rate of a unit is proportional to exp(z @ coefficients), that is log alpha is lowered by
    z @ coefficients. alpha is in the histories' scaled time.

    Every sum over rows is a sum of logarithms: (1 + T/alpha)^-(r+x) is taken out, and what remains of the two ways to
    have been quiet since t_x (still active, or gone at t_x) is log(1 + e^u). No gamma function is needed: for whole x,
    log Gamma(r+x) - log Gamma(r) is a sum of log(r+k), and over all rows a sum over k with the number of units that
    have more than k repeats. That is as exact for r = 10^5 as for r = 0.1.
    """

    def __init__(self, histories: Histories) -> None:
        self.rows = histories
        self.k = np.arange(len(histories.more), dtype=float)

    def __call__(self, theta: Floats) -> tuple[float, Floats, Floats]:
        """Return value, gradient (4 + covariates) and Hessian."""
        r, a, b = (float(v) for v in np.exp(theta[[0, 2, 3]]))
        total = _Sum(len(theta))
        self._gamma_terms(total, r, a, b)
        for begin in range(0, len(self.rows.x), CHUNK):
            self._chunk(total, slice(begin, begin + CHUNK), theta, r, a, b)
        return total.value, total.gradient, total.full_hessian()

    def _gamma_terms(self, total: "_Sum", r: float, a: float, b: float) -> None:
        """Add log Gamma(r+x)/Gamma(r) and log Gamma(a+b) Gamma(b+x) / (Gamma(b) Gamma(a+b+x)), summed over rows."""
        k, more = self.k, self.rows.more
        total.value += float(more @ (np.log(r + k) - np.log1p(a / (b + k))))
        ratio, at_b, at_ab = r / (r + k), 1 / (b + k), 1 / (a + b + k)
        total.gradient[0] += more @ ratio
        total.hessian[0, 0] += more @ (ratio * k / (r + k))
        # d/da and d/db of log(b+k) - log(a+b+k); the second one's difference is written as a product.
        by_a, by_b = float(-(more @ at_ab)), float(more @ (a * at_b * at_ab))
        total.gradient[2] += a * by_a
        total.gradient[3] += b * by_b
        square = float(more @ at_ab**2)
        total.hessian[2, 2] += a * a * square + a * by_a
        total.hessian[2, 3] += a * b * square
        total.hessian[3, 3] += b * by_b - b * b * float(more @ (a * at_b * at_ab * (at_b + at_ab)))

    def _chunk(self, total: "_Sum", part: slice, theta: Floats, r: float, a: float, b: float) -> None:
        rows = self.rows
        x, t_x, T, weight, z = (v[part] for v in (rows.x, rows.t_x, rows.T, rows.weight, rows.covariates))
        eta = theta[1] - z @ theta[4:] if z.shape[1] else theta[1]
        alpha = np.exp(eta)
        left, log_left = alpha / (alpha + T), np.log1p(T / alpha)
        power, own = r + x, weight * log_left
        total.value -= float(power @ own + (weight * x) @ np.broadcast_to(eta, x.shape))
        total.add(0, weight, -r * log_left, -r * log_left)
        total.add_eta(weight * (r - power * left), weight * r * (1 - left), -weight * power * left * (1 - left), z)

        skip = max(0, rows.n_once - part.start)
        if skip >= len(x):
            return
        some = slice(skip, None)
        x, t_x, T, weight, z, left, power = (v[some] for v in (x, t_x, T, weight, z, left, power))
        alpha = alpha[some] if isinstance(alpha, np.ndarray) and alpha.ndim else alpha
        quiet, before = np.log1p((T - t_x) / (alpha + t_x)), alpha / (alpha + t_x)
        share = b / (b + x - 1)
        u = power * quiet + (np.log(a) - np.log(b + x - 1))
        small = np.exp(-np.abs(u))
        gone = np.where(u > 0, 1.0, small) / (1 + small)
        total.value += float(weight @ (np.maximum(u, 0) + np.log1p(small)))
        first, mixed = weight * gone, weight * gone * (1 - gone)
        by_r, by_eta = r * quiet, power * (left - before)
        bend = power * (left * (1 - left) - before * (1 - before))
        total.add(0, first, by_r, by_r)
        total.add(2, first, 1.0, 0.0)
        total.add(3, first, -share, -share * (1 - share))
        total.add_eta(first * by_eta, first * r * (left - before), first * bend, z)
        total.add_products(mixed, by_r, by_eta, -share, z)


class _Sum:
    """Value, gradient and the upper half of the Hessian while the rows are added."""

    def __init__(self, k: int) -> None:
        self.value, self.gradient, self.hessian = 0.0, np.zeros(k), np.zeros((k, k))

    def add(self, place: int, weight: Floats, first: Floats | float, second: Floats | float) -> None:
        """Add sums of first and pure second derivatives."""
        self.gradient[place] += (weight * first).sum()
        self.hessian[place, place] += (weight * second).sum()

    def add_eta(self, first: Floats, with_r: Floats, second: Floats, z: Floats) -> None:
        """Add derivatives by log alpha of each row, and through it by the covariates."""
        self.gradient[1] += first.sum()
        self.hessian[0, 1] += with_r.sum()
        self.hessian[1, 1] += second.sum()
        if z.shape[1]:
            self.gradient[4:] -= first @ z
            self.hessian[0, 4:] -= with_r @ z
            self.hessian[1, 4:] -= second @ z
            self.hessian[4:, 4:] += (z * second[:, None]).T @ z

    def add_products(self, weight: Floats, by_r: Floats, by_eta: Floats, by_b: Floats, z: Floats) -> None:
        """Add the products of first derivatives of u (that by log a is 1)."""
        columns = np.stack([by_r, by_eta, np.ones_like(by_r), by_b])
        if z.shape[1]:
            columns = np.concatenate([columns, -by_eta * z.T])
        self.hessian += (columns * weight) @ columns.T

    def full_hessian(self) -> Floats:
        """Return the Hessian with its lower half (products came in full, the rest above the diagonal)."""
        upper = np.triu(self.hessian)
        return np.asarray(upper + np.triu(self.hessian, 1).T)
