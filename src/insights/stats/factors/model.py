"""The model of items behind factors, and its maximum likelihood by Fisher scoring.

In group g the items have covariance L F L' + U and mean t + L k: loadings L (each item on one factor), factor
covariance F, unique variances U (diagonal), intercepts t, factor means k. What is held equal across groups is one
parameter. The scale is set in the first group (factor variances 1, means 0); in the others wherever loadings or
intercepts are their own.
"""

from dataclasses import dataclass

import numpy as np

from insights.stats.factors.moments import GroupMoments
from insights.stats.inputs import Floats, Ints

STEPS = 500
CLOSE = 1e-10
FIXED = -1


@dataclass(frozen=True)
class Layout:
    """Where each number of a group stands in the parameters (``FIXED``: it does not move), for G groups.

    ``loading``, ``unique``, ``intercept`` (G, p), ``cov`` (G, m, m), ``mean`` (G, m); ``start`` (q,).
    """

    factor: Ints
    loading: Ints
    unique: Ints
    intercept: Ints
    cov: Ints
    mean: Ints
    fixed_cov: Floats
    size: int


@dataclass(frozen=True)
class Group:
    """The numbers of one group."""

    loading: Floats
    unique: Floats
    intercept: Floats
    cov: Floats
    mean: Floats


@dataclass(frozen=True)
class Fit:
    """A fitted model: ``parameters`` (q,), ``discrepancy`` (G,) of each group, ``information`` (q, q) per row."""

    layout: Layout
    parameters: Floats
    discrepancy: Floats
    information: Floats
    sizes: Floats

    @property
    def chi2(self) -> float:
        """The likelihood ratio statistic against saturated moments."""
        return float(self.sizes @ self.discrepancy)

    def group(self, g: int) -> Group:
        """Return the numbers of a group."""
        return _group(self.layout, self.parameters, g)


def layout(factor: Ints, groups: int, *, equal_loadings: bool, equal_intercepts: bool, factors: bool = True) -> Layout:
    """Lay out the parameters; without ``factors`` items are independent (the baseline model)."""
    p, m = len(factor), int(factor.max()) + 1
    count = 0

    def take(n: int) -> Ints:
        nonlocal count
        count += n
        return np.arange(count - n, count)

    loading, unique, intercept = (np.full((groups, p), FIXED) for _ in range(3))
    cov, mean = np.full((groups, m, m), FIXED), np.full((groups, m), FIXED)
    upper = np.triu_indices(m, 1)
    for g in range(groups):
        if factors:
            loading[g] = loading[0] if g and equal_loadings else take(p)
            cov[g][upper] = take(len(upper[0]))
            cov[g].T[upper] = cov[g][upper]
            if g and equal_loadings:
                cov[g][np.arange(m), np.arange(m)] = take(m)
        unique[g] = take(p)
        intercept[g] = intercept[0] if g and equal_intercepts else take(p)
        if factors and g and equal_intercepts:
            mean[g] = take(m)
    fixed = np.broadcast_to(np.eye(m), (groups, m, m)).copy()
    return Layout(factor, loading, unique, intercept, cov, mean, fixed, count)


def fit(plan: Layout, moments: list[GroupMoments]) -> Fit | None:
    """Return the maximum of the likelihood; None where the search does not settle."""
    sizes = np.array([g.n for g in moments], dtype=float)
    share = sizes / sizes.sum()
    theta = _start(plan, moments)
    now = _losses(plan, theta, moments)
    for _ in range(STEPS):
        slope, curve = np.zeros(plan.size), np.zeros((plan.size, plan.size))
        for g, own in enumerate(moments):
            grad, jac, at = _derivatives(plan, theta, g, own)
            np.add.at(slope, at, share[g] * grad)
            np.add.at(curve, (at[:, None], at[None, :]), share[g] * (jac @ jac.T))
        try:
            step = np.linalg.solve(curve, -0.5 * slope)
        except np.linalg.LinAlgError:
            return None
        gain = float(-slope @ step)
        if gain < CLOSE:
            return Fit(plan, theta, now, curve, sizes)
        size = 1.0
        while True:
            new = _losses(plan, theta + size * step, moments)
            if np.isfinite(new).all() and share @ new <= share @ now - 1e-4 * size * gain:
                break
            size /= 2
            if size < 1e-8:
                return Fit(plan, theta, now, curve, sizes) if gain < 1e-6 else None
        theta, now = theta + size * step, new
    return None


def whitened(plan: Layout, found: Fit, g: int) -> tuple[Floats, Floats, Ints]:
    """Return R (p, p) with R S R' = 1, the Jacobian (q_g, p + p^2) of whitened means and covariances, its places."""
    _, jac, at = _derivatives(plan, found.parameters, g, None)
    return _root(_implied(found.group(g), plan.factor)[0]), jac, at


def implied(found: Fit, g: int) -> tuple[Floats, Floats]:
    """Return covariance (p, p) and mean (p,) that the model gives a group."""
    return _implied(found.group(g), found.layout.factor)


def _group(plan: Layout, theta: Floats, g: int) -> Group:
    def read(at: Ints, fixed: Floats | float) -> Floats:
        return np.where(at >= 0, theta[np.maximum(at, 0)], fixed)

    return Group(
        read(plan.loading[g], 0.0),
        read(plan.unique[g], 0.0),
        read(plan.intercept[g], 0.0),
        read(plan.cov[g], plan.fixed_cov[g]),
        read(plan.mean[g], 0.0),
    )


def _implied(own: Group, factor: Ints) -> tuple[Floats, Floats]:
    cov = own.loading[:, None] * own.cov[np.ix_(factor, factor)] * own.loading[None, :]
    return cov + np.diag(own.unique), own.intercept + own.loading * own.mean[factor]


def _start(plan: Layout, moments: list[GroupMoments]) -> Floats:
    theta = np.zeros(plan.size)
    for g in reversed(range(len(moments))):  # what is shared starts from the first group
        spread = np.diag(moments[g].cov)
        for at, value in ((plan.loading[g], np.sqrt(spread / 2)), (plan.unique[g], spread / 2)):
            theta[at[at >= 0]] = value[at >= 0]
        theta[plan.intercept[g]] = moments[g].mean
        diagonal = np.diag(plan.cov[g])
        theta[diagonal[diagonal >= 0]] = 1.0
        off = plan.cov[g][np.triu_indices(len(diagonal), 1)]
        theta[off[off >= 0]] = 0.3
    return theta


def _losses(plan: Layout, theta: Floats, moments: list[GroupMoments]) -> Floats:
    """Return each group's discrepancy: log|C| + tr(S C^-1) - log|S| - p + (m - u)' C^-1 (m - u); inf if C is bad."""
    found = np.full(len(moments), np.inf)
    for g, own in enumerate(moments):
        cov, mean = _implied(_group(plan, theta, g), plan.factor)
        try:
            half = np.linalg.cholesky(cov)
        except np.linalg.LinAlgError:
            continue
        away = own.mean - mean
        inside = np.linalg.solve(half, own.cov + np.outer(away, away))
        trace = float(np.trace(np.linalg.solve(half, inside.T)))
        sign, log_own = np.linalg.slogdet(own.cov)
        found[g] = 2 * np.log(np.diag(half)).sum() + trace - log_own - len(mean) if sign > 0 else np.inf
    return found


def _root(cov: Floats) -> Floats:
    values, vectors = np.linalg.eigh(cov)
    return vectors / np.sqrt(values) @ vectors.T


def _derivatives(plan: Layout, theta: Floats, g: int, own: GroupMoments | None) -> tuple[Floats, Floats, Ints]:
    """Return gradient of the discrepancy (q_g,), Jacobian of whitened moments (q_g, p + p^2), and their places.

    Whitened means R u and covariances R C R' / sqrt 2: the expected information per row is half of J J', twice over.
    """
    numbers = _group(plan, theta, g)
    cov, mean = _implied(numbers, plan.factor)
    root, p, m = _root(cov), len(mean), plan.cov.shape[1]
    by_factor = np.zeros((p, m))
    by_factor[np.arange(p), plan.factor] = numbers.loading
    d_cov: list[Floats] = []
    d_mean: list[Floats] = []
    at: list[int] = []

    def add(place: int, change: Floats, shift: Floats) -> None:
        if place >= 0:
            at.append(int(place))
            d_cov.append(root @ change @ root)
            d_mean.append(root @ shift)

    none, unit = np.zeros(p), np.eye(p)
    for a in range(p):
        f = plan.factor[a]
        along = by_factor @ numbers.cov[:, f]
        add(plan.loading[g, a], np.outer(unit[a], along) + np.outer(along, unit[a]), unit[a] * numbers.mean[f])
        add(plan.unique[g, a], np.outer(unit[a], unit[a]), none)
        add(plan.intercept[g, a], np.zeros((p, p)), unit[a])
    for f in range(m):
        add(plan.mean[g, f], np.zeros((p, p)), by_factor[:, f])
        for h in range(f, m):
            change = np.outer(by_factor[:, f], by_factor[:, h])
            add(plan.cov[g, f, h], change + change.T if h > f else change, none)
    whole = np.concatenate([np.array(d_mean), np.array(d_cov).reshape(len(at), -1) / np.sqrt(2)], axis=1)
    if own is None:
        return np.zeros(len(at)), whole, np.array(at)
    away = root @ (own.mean - mean)
    gap = root @ own.cov @ root + np.outer(away, away) - np.eye(p)
    target = np.concatenate([away, gap.ravel() / np.sqrt(2)])
    return -2 * whole @ target, whole, np.array(at)
