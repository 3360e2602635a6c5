"""Relative importance of correlated drivers: how the explained variance is shared out. It is not an effect."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import comb

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.centred import centre
from insights.stats.coefficients import EVENTS_PER_PARAMETER, FEWEST_EVENTS, dependent_message
from insights.stats.design import DesignLike, read_design
from insights.stats.inputs import Floats, check_level
from insights.stats.results import Estimate, NotEstimable, Result, TestResult

SOURCE = "Lindeman, Merenda & Gold (1980); Grömping (2006); Johnson (2000), A heuristic method for relative weights"
MOST_DRIVERS = 20
"""A driver more doubles the number of models; 20 have a million."""
DRAWS = 1000
BLOCK = 4_000_000
"""Numbers held at once by the recursion or the resampling."""


@dataclass(frozen=True, eq=False)
class Importance(Result):
    """Shares of the explained variance.

    ``table``: driver, lmg (share of the outcome's variance; they add up to ``r_squared``), lmg_low, lmg_high, share (of
    the explained variance), johnson, johnson_low, johnson_high, rank (by lmg), rank_low, rank_high, first (probability
    of rank 1 in the resamples), correlation with the outcome, vif.
    ``ranks`` (p, p): probability of driver i to have rank j + 1. ``draws`` (B, p): lmg by resample.
    """

    r_squared: Estimate = field(kw_only=True)
    ranks: pd.DataFrame = field(repr=False, kw_only=True)
    draws: Floats = field(repr=False, kw_only=True)
    level: float = 0.95

    def more_important(self, one: str, other: str) -> float:
        """Return the share of the resamples in which one driver's lmg is above the other's."""
        names = self.table["driver"].to_list()
        for name in (one, other):
            if name not in names:
                raise ValueError(f"no driver is called {name!r}; expected one of {', '.join(names)}")
        return float((self.draws[:, names.index(one)] > self.draws[:, names.index(other)]).mean())


def shapley_importance(
    outcome: npt.ArrayLike,
    drivers: DesignLike,
    *,
    weight: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    errors: npt.ArrayLike | None = None,
    draws: int = DRAWS,
    level: float = 0.95,
    seed: int = 1,
) -> Importance | NotEstimable:
    """Share out the R² of the outcome (n,) on the drivers (n, p) by the mean gain over all orders (LMG, Shapley).

    ``weight`` (n,) are probability weights; with ``cluster`` (n,) whole clusters are resampled. ``errors`` (n, p) are
    the rows' contributions to the error variance of each driver (``error_variance``; 0 for one without error): it is
    taken out, so that the shares are those of what the drivers measure. Intervals are percentiles of ``draws``
    resamples; their ranks say how sure the order is.

    Assumes a linear model. A driver without any effect still gets a share if it is correlated with one that has, and
    every share is a little above 0 by chance: importance says what goes with the outcome, not what would move it.

    NotEstimable below 50 rows or 10 per driver, for drivers that are combinations of others (named), and for an
    outcome without spread. Raises ValueError above 20 drivers.

    Cost: 2^p models by a recursion over one covariance matrix, for all resamples at once.
    """
    check_level(level)
    y = np.asarray(outcome, dtype=float)
    if y.ndim != 1 or not np.isfinite(y).all():
        raise ValueError(f"outcome has shape {y.shape}, some missing or infinite; expected (n,) numbers")
    columns = read_design(drivers, len(y))
    x, names = columns.values.astype(float), columns.names
    n, p = x.shape
    if not 0 < p <= MOST_DRIVERS:
        raise ValueError(f"there are {p} drivers; expected 1 to {MOST_DRIVERS}: group some, or leave weak ones out")
    noise = np.zeros((n, p)) if errors is None else np.asarray(errors, dtype=float)
    if noise.shape != (n, p) or not np.isfinite(noise).all():
        raise ValueError(f"errors have shape {noise.shape}; expected ({n}, {p}) numbers")
    if draws < 100:
        raise ValueError(f"{draws} resamples; expected at least 100 for intervals")
    if n < (needed := max(FEWEST_EVENTS, EVENTS_PER_PARAMETER * (p + 1))):
        return NotEstimable(f"{n} rows; {p} drivers need {needed}")
    w = _weights(weight, n)
    centred = centre(np.column_stack([x, y]), w)
    spread = centred.sd
    if spread[p] <= 1e-12 * np.abs(y).max():
        return NotEstimable("everybody has the same outcome")
    if found := centre(x, w).dependent:
        return dependent_message(names, found, "")
    w = w / w.mean()
    both, gram = centred.values, centred.gram
    both, noise = both / spread, noise / spread[:p] ** 2
    cov = gram / np.outer(spread, spread) / w.sum()
    cov[np.arange(p), np.arange(p)] -= w @ noise / w.sum()
    if np.linalg.eigvalsh(cov)[0] <= 1e-9:
        return NotEstimable("without their measurement error the drivers cannot be told apart: use fewer of them")
    lmg, johnson = lmg_shares(cov[None])[0], relative_weights(cov[None])[0]
    resampled = np.concatenate(list(_resampled(both, noise, w, cluster, draws, seed)))
    sound = np.isfinite(resampled).all(axis=(1, 2))
    resampled = resampled[sound]
    boot, boot_johnson = lmg_shares(resampled), relative_weights(resampled)
    table, ranks = _table(names, lmg, johnson, boot, boot_johnson, level)
    table["correlation"] = cov[:p, p] / np.sqrt(np.diag(cov)[:p] * cov[p, p])
    root = np.sqrt(np.diag(cov)[:p])
    table["vif"] = np.diag(np.linalg.inv(cov[:p, :p] / np.outer(root, root)))
    low, high = np.quantile(boot.sum(axis=1), [(1 - level) / 2, (1 + level) / 2])
    r_squared = Estimate(
        float(lmg.sum()), float(low), float(high), "share", n, None, level, float(boot.sum(axis=1).std())
    )
    checks = (
        []
        if sound.all()
        else [
            TestResult(
                "resamples",
                "every resample has a solution",
                float((~sound).sum()),
                reason=f"{int((~sound).sum())} of {draws} resamples had collinear drivers and are left out",
            )
        ]
    )
    return Importance(table, tuple(checks), SOURCE, r_squared=r_squared, ranks=ranks, draws=boot, level=level)


def lmg_shares(cov: Floats) -> Floats:
    """Return the LMG shares (b, p) of covariance matrices (b, p + 1, p + 1) whose last row is the outcome's."""
    b, q, _ = cov.shape
    p = q - 1
    weights = _shapley_weights(p)
    step = max(1, BLOCK >> p)
    parts = [
        (1 - _residual_variances(cov[i : i + step]) / cov[i : i + step, p, p]).T @ weights for i in range(0, b, step)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, p))


def relative_weights(cov: Floats) -> Floats:
    """Return Johnson's relative weights (b, p) of covariance matrices (b, p + 1, p + 1), the outcome's row last."""
    scale = np.sqrt(np.diagonal(cov, axis1=1, axis2=2))
    corr = cov / scale[:, :, None] / scale[:, None, :]
    values, vectors = np.linalg.eigh(corr[:, :-1, :-1])
    root = np.sqrt(np.maximum(values, 1e-12))
    to_drivers = np.einsum("bij,bj,bkj->bik", vectors, root, vectors)
    slopes = np.einsum("bij,bj,bkj,bk->bi", vectors, 1 / root, vectors, corr[:, :-1, -1])
    return np.asarray(np.einsum("bij,bj->bi", to_drivers**2, slopes**2))


def _residual_variances(cov: Floats) -> Floats:
    """Return the outcome's residual variance (2^p, b) on every subset of drivers; bit j of the place: driver j is in.

    One driver after the other: the covariance of the drivers yet to come and the outcome, given each subset of those
    before, is kept as it is (driver out) or reduced by the driver (in, a Schur complement). The subsets and resamples
    lie along the last axes, so that every operation is a long vector.
    """
    q = cov.shape[1]
    left = {(i, j): cov[None, :, i, j] for i in range(q) for j in range(i, q)}
    for k in range(q - 1):
        pivot = left[k, k]
        into = {j: left[k, j] / pivot for j in range(k + 1, q)}
        left = {
            (i, j): np.concatenate([left[i, j], left[i, j] - into[i] * left[k, j]])
            for i in range(k + 1, q)
            for j in range(i, q)
        }
    return left[q - 1, q - 1]


def _shapley_weights(p: int) -> Floats:
    """Return the weight (2^p, p) of each subset's R² in the share of each driver."""
    subsets = np.arange(1 << p)
    inside = (subsets[:, None] >> np.arange(p)) & 1
    size = inside.sum(axis=1)
    gain = np.array([1 / (p * comb(p - 1, s)) for s in range(p)] + [0.0])  # of joining s others
    return np.where(inside == 1, gain[size - 1][:, None], -gain[size][:, None])


def _resampled(
    both: Floats, noise: Floats, weight: Floats, cluster: npt.ArrayLike | None, draws: int, seed: int
) -> Iterator[Floats]:
    """Yield covariance matrices (b, p + 1, p + 1) of resampled rows or clusters; NaN where drivers are collinear.

    The products of all pairs of columns are made once; the sums over a resample are counts times products, one matrix
    product for all resamples.
    """
    n, q = both.shape
    p = q - 1
    rows, cols = np.triu_indices(q)
    pieces = np.concatenate([np.ones((n, 1)), both, both[:, rows] * both[:, cols], noise], axis=1) * weight[:, None]
    if cluster is not None:
        codes, labels = pd.factorize(pd.Series(np.asarray(cluster), dtype=object))
        if len(codes) != n or (codes < 0).any():
            raise ValueError(f"cluster has {len(codes)} names; expected {n}, none missing")
        if len(labels) < 2:
            raise ValueError("there is one cluster; expected several to resample")
        total = np.zeros((len(labels), pieces.shape[1]))
        np.add.at(total, codes, pieces)
        pieces, n = total, len(labels)
    rng = np.random.default_rng(seed)
    step = max(1, BLOCK // n)
    for start in range(0, draws, step):
        b = min(step, draws - start)
        counts = np.empty((b, n))
        for i in range(b):
            counts[i] = np.bincount(rng.integers(0, n, n, dtype=np.uint32), minlength=n)
        sums = counts @ pieces
        sums = sums[:, 1:] / sums[:, :1]
        cov = np.empty((b, q, q))
        cov[:, rows, cols] = cov[:, cols, rows] = sums[:, q : q + len(rows)]
        cov -= sums[:, :q, None] * sums[:, None, :q]
        cov[:, np.arange(p), np.arange(p)] -= sums[:, q + len(rows) :]
        cov[np.linalg.eigvalsh(cov)[:, 0] <= 1e-9] = np.nan
        yield cov


def _table(
    names: tuple[str, ...], lmg: Floats, johnson: Floats, boot: Floats, boot_johnson: Floats, level: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    ends = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(boot, ends, axis=0)
    johnson_low, johnson_high = np.quantile(boot_johnson, ends, axis=0)
    ranked = (-boot).argsort(axis=1, kind="stable").argsort(axis=1) + 1
    rank_low, rank_high = np.quantile(ranked, ends, axis=0, method="inverted_cdf")
    table = pd.DataFrame(
        {
            "driver": names,
            "lmg": lmg,
            "lmg_low": low,
            "lmg_high": high,
            "share": lmg / lmg.sum(),
            "johnson": johnson,
            "johnson_low": johnson_low,
            "johnson_high": johnson_high,
            "rank": (-lmg).argsort(kind="stable").argsort() + 1,
            "rank_low": rank_low.astype(int),
            "rank_high": rank_high.astype(int),
            "first": (ranked == 1).mean(axis=0),
        }
    )
    places = range(1, len(names) + 1)
    ranks = pd.DataFrame({k: (ranked == k).mean(axis=0) for k in places}, index=pd.Index(names, name="driver"))
    return table, ranks


def _weights(weight: npt.ArrayLike | None, n: int) -> Floats:
    w = np.ones(n) if weight is None else np.asarray(weight, dtype=float)
    if w.shape != (n,) or not np.isfinite(w).all() or (w < 0).any() or not w.any():
        raise ValueError(f"weight has shape {w.shape}; expected ({n},) numbers >= 0, not all 0")
    return w
