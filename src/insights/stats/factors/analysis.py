"""Confirmatory factor analysis: how the assumed structure fits the answers, and what each item carries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.factors.model import Fit, fit, implied, layout, whitened
from insights.stats.factors.moments import Sample, read_sample
from insights.stats.inputs import Floats
from insights.stats.results import NotEstimable, Result, TestResult

SOURCE = (
    "Jöreskog (1969, 1971); Satorra & Bentler (1994), scaled statistic; Brosseau-Liard & Savalei (2014), robust CFI "
    "and RMSEA"
)
NOT_SETTLED = "the likelihood of the factor model has no maximum that the search could find"
IMPROPER = "the factor model has no proper solution: {what}"


@dataclass(frozen=True, eq=False)
class FactorAnalysis(Result):
    """A fitted factor model.

    ``table``: group, item, factor, loading (standardised), se, unique (share of the item's variance that is its own).
    ``correlations`` (m, m) of the factors in the first group; ``variance_extracted`` (m,): mean squared standardised
    loading (AVE). ``chi2``, ``df``, ``p_value`` are of the likelihood ratio against saturated moments; ``scaling`` is
    the factor by which it is too large for answers that are not normal or not independent (Satorra-Bentler), ``scaled``
    the statistic divided by it. ``cfi`` and ``rmsea`` are the plain ones, ``robust_cfi`` and ``robust_rmsea`` allow for
    the scaling. ``srmr`` is the root mean square of the residual correlations (and of the means, with several groups).
    """

    n: int = 0
    groups: tuple[str, ...] = ()
    dropped: int = 0
    chi2: float = 0.0
    df: int = 0
    scaling: float = 1.0
    cfi: float = 0.0
    rmsea: float = 0.0
    robust_cfi: float = 0.0
    robust_rmsea: float = 0.0
    srmr: float = 0.0
    correlations: pd.DataFrame = field(repr=False, kw_only=True)
    variance_extracted: pd.Series = field(repr=False, kw_only=True)
    factor_means: pd.DataFrame = field(repr=False, kw_only=True)

    @property
    def scaled(self) -> float:
        """The scaled statistic."""
        return self.chi2 / self.scaling

    @property
    def p_value(self) -> float:
        """P-value of the scaled statistic."""
        return chi2_p(self.scaled, self.df)


def confirmatory(
    items: pd.DataFrame,
    factors: Mapping[str, Sequence[str]],
    *,
    group: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    equal_loadings: bool = False,
    equal_intercepts: bool = False,
) -> FactorAnalysis | NotEstimable:
    """Fit the model in which each item (n, p columns named in ``factors``) measures one of m correlated factors.

    Maximum likelihood with means, in all groups at once; ``equal_loadings`` and ``equal_intercepts`` hold them equal
    across groups. Complete rows only. ``cluster`` (n,): rows that are not independent (several answers of one person);
    they enter the scaling of the statistic. Errors of the loadings are those of normal theory.

    Assumes that items go together only through their factors, and that answers missing at random are few. Five-mark
    items are treated as numbers: loadings come out a little low, the scaling takes care of the statistic.

    NotEstimable below 100 complete rows or 5 per item (in each of several groups 50 or 5 per item), for an item with
    one answer only, and where there is no proper solution (a unique variance at or below 0, factors that correlate
    beyond 1). A factor of one or two items needs others to be identified: a model with fewer than 1 degree of freedom
    is refused. Raises ValueError for items that belong to two factors.
    """
    sample = read_sample(items, factors, group, cluster)
    if isinstance(sample, str):
        return NotEstimable(sample)
    if reason := _unidentified(sample):
        return NotEstimable(reason)
    moments, groups = sample.moments(), len(sample.labels)
    equal = {"equal_loadings": equal_loadings or equal_intercepts, "equal_intercepts": equal_intercepts}
    plan = layout(sample.factor, groups, **equal)
    found = fit(plan, moments)
    if found is None:
        return NotEstimable(NOT_SETTLED)
    if reason := _improper(found, sample):
        return NotEstimable(IMPROPER.format(what=reason))
    p = len(sample.items)
    df = groups * (p * (p + 1) // 2 + p) - plan.size
    base_plan = layout(sample.factor, groups, equal_loadings=False, equal_intercepts=False, factors=False)
    base = fit(base_plan, moments)
    assert base is not None  # its maximum is the items' variances
    base_df = groups * p * (p - 1) // 2
    scaling, base_scaling = _scaling(found, sample, df), _scaling(base, sample, base_df)
    n = len(sample.values)
    check = TestResult(
        "factor model",
        "the items go together only through their factors",
        found.chi2 / scaling,
        df,
        chi2_p(found.chi2 / scaling, df),
    )
    return FactorAnalysis(
        _table(found, sample),
        (check,),
        SOURCE,
        n=n,
        groups=sample.labels,
        dropped=sample.dropped,
        chi2=found.chi2,
        df=df,
        scaling=scaling,
        cfi=_cfi(found.chi2, df, base.chi2, base_df),
        rmsea=_rmsea(found.chi2, df, n, groups),
        robust_cfi=_cfi(found.chi2, scaling * df, base.chi2, base_scaling * base_df),
        robust_rmsea=_rmsea(found.chi2, df, n, groups, scaling),
        srmr=_srmr(found, sample, means=groups > 1),
        correlations=_correlations(found, sample),
        variance_extracted=_extracted(found, sample),
        factor_means=pd.DataFrame(
            [found.group(g).mean for g in range(groups)], index=list(sample.labels), columns=list(sample.factors)
        ),
    )


def chi2_p(statistic: float, df: float) -> float:
    """Return the p-value of a chi-squared statistic."""
    from scipy.special import chdtrc  # half a second that those who only draw curves need not wait

    return float(chdtrc(df, statistic)) if df > 0 else float("nan")


def _unidentified(sample: Sample) -> str:
    sizes = np.bincount(sample.factor)
    if len(sizes) == 1 and sizes[0] < 4:
        return (
            f"one factor with {sizes[0]} items has nothing that could be tested; it needs 4 items, or a second factor"
        )
    if (small := np.flatnonzero(sizes < 2)).size:
        return f"the factor {sample.factors[small[0]]} has one item; its error cannot be told from it"
    return ""


def _improper(found: Fit, sample: Sample) -> str:
    for g in range(len(sample.labels)):
        own = found.group(g)
        if (bad := np.flatnonzero(own.unique <= 1e-8)).size:
            return f"nothing of {sample.items[bad[0]]} is its own"
        spread = np.sqrt(np.abs(np.diag(own.cov)))
        corr = own.cov / np.outer(spread, spread)
        if (np.diag(own.cov) <= 0).any() or np.linalg.eigvalsh(own.cov)[0] <= 1e-8:
            np.fill_diagonal(corr, 0)
            i, j = np.unravel_index(np.abs(corr).argmax(), corr.shape)
            return f"{sample.factors[i]} and {sample.factors[j]} cannot be told apart"
    return ""


def _scaling(found: Fit, sample: Sample, df: int) -> float:
    """Return tr(U G) / df: G is the covariance of the moments by cluster, U what the model leaves of the weights."""
    n = len(sample.values)
    count = int(sample.cluster.max()) + 1
    total = 0.0
    pulled = np.zeros((count, found.layout.size))
    for g in range(len(sample.labels)):
        own = sample.group == g
        root, jac, at = whitened(found.layout, found, g)
        x = sample.values[own]
        white = (x - x.mean(axis=0)) @ root
        second = (white[:, :, None] * white[:, None, :]).reshape(len(x), -1) / np.sqrt(2)
        rows = np.concatenate([white, second - second.mean(axis=0)], axis=1)
        codes = sample.cluster[own]
        if len(np.unique(codes)) < len(codes):
            sums = np.zeros((count, rows.shape[1]))
            np.add.at(sums, codes, rows)
            rows, codes = sums, np.arange(count)
        # Rows enter the mean of their group with 1/n_g, groups the whole with n_g/n: together 1/n.
        total += float((rows**2).sum()) / len(x)
        pulled[np.ix_(codes, at)] += rows @ jac.T / n
    solved = np.linalg.solve(found.information, pulled.T)
    return float((total - n * (pulled.T * solved).sum()) / df)


def _cfi(chi2: float, df: float, base: float, base_df: float) -> float:
    off = max(chi2 - df, 0.0)
    worst = max(base - base_df, off, 1e-12)
    return 1 - off / worst


def _rmsea(chi2: float, df: int, n: int, groups: int, scaling: float = 1.0) -> float:
    return float(np.sqrt(groups * max(chi2 - scaling * df, 0.0) / (df * n)))


def _srmr(found: Fit, sample: Sample, *, means: bool) -> float:
    """Return the root mean square residual, standardised by the observed spreads, averaged over groups by size."""
    parts = []
    for g, own in enumerate(sample.moments()):
        cov, mean = implied(found, g)
        spread = np.sqrt(np.diag(own.cov))
        gap = (own.cov - cov) / np.outer(spread, spread)
        squares = gap[np.triu_indices(len(spread))] ** 2
        if means:
            squares = np.concatenate([squares, ((own.mean - mean) / spread) ** 2])
        parts.append((own.n, float(np.sqrt(squares.mean()))))
    return sum(n * v for n, v in parts) / sum(n for n, _ in parts)


def _table(found: Fit, sample: Sample) -> pd.DataFrame:
    """Return standardised loadings of every group with the errors of normal theory (delta method)."""
    covariance = np.linalg.inv(found.information) / len(sample.values)
    rows = []
    for g, label in enumerate(sample.labels):
        own, plan, spread = found.group(g), found.layout, np.sqrt(np.diag(found.group(g).cov))
        for j, item in enumerate(sample.items):
            f = sample.factor[j]
            load, size, unique = own.loading[j], spread[f], own.unique[j]
            whole = load**2 * size**2 + unique
            standard = load * size / np.sqrt(whole)
            slopes = np.array([size * unique, -load * size / 2, load * unique / (2 * size)]) / whole**1.5
            at = np.array([plan.loading[g, j], plan.unique[g, j], plan.cov[g, f, f]])
            slopes, at = slopes[at >= 0], at[at >= 0]
            se = float(np.sqrt(slopes @ covariance[np.ix_(at, at)] @ slopes))
            rows.append((label, item, sample.factors[f], standard, se, 1 - standard**2))
    return pd.DataFrame(rows, columns=["group", "item", "factor", "loading", "se", "unique"])


def _correlations(found: Fit, sample: Sample) -> pd.DataFrame:
    cov = found.group(0).cov
    spread = np.sqrt(np.diag(cov))
    return pd.DataFrame(cov / np.outer(spread, spread), index=list(sample.factors), columns=list(sample.factors))


def _extracted(found: Fit, sample: Sample) -> pd.Series:
    own = found.group(0)
    whole = np.diag(implied(found, 0)[0])
    squared: Floats = own.loading**2 * np.diag(own.cov)[sample.factor] / whole
    means = np.bincount(sample.factor, squared) / np.bincount(sample.factor)
    return pd.Series(means, index=list(sample.factors), name="variance_extracted")
