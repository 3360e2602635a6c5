"""The test of parallel trends before the start. That it does not reject is no proof of what comes after."""

import numpy as np

from insights.stats.effects.aggregate import Parts, by_event_time
from insights.stats.effects.inference import covariance
from insights.stats.inputs import Floats
from insights.stats.results import TestResult

NAME = "parallel trends before the start"
NULL = "before the start, the outcomes of treated and controls move in parallel"
PER_EFFECT = 3
"""Clusters (units where there are none) for each effect tested at once; below, only the latest periods are tested."""


def pretrend_test(parts: Parts, cov: Floats, anticipation: int = 0) -> TestResult:
    """Test that all effects before the start are 0 (Wald).

    Chi-squared where units are independent. With clusters it is Hotelling's F, on the effects by time before the start
    where there are too many by cohort, and on the latest of those where there still are; the name says so.

    Source: Callaway & Sant'Anna (2021), section 4; Hotelling (1931).
    """
    early = np.flatnonzero(parts.time < parts.cohort - anticipation)
    early = early[np.diag(cov)[early] > 0]
    if len(early) == 0:
        return TestResult(NAME, NULL, reason="no cohort has two periods before its start")
    free = parts.clusters.count - len(np.unique(parts.clusters.arm))
    most = max(free // PER_EFFECT, 1)
    effects, tested, name = parts.effect[early], cov[np.ix_(early, early)], NAME
    if len(early) > most:
        found = by_event_time(parts, -np.inf, -anticipation - 1e-9)
        kept = np.argsort(found.values)[-most:]
        effects, tested = found.effects[kept], covariance(found.influence[:, kept], parts.clusters)
        name = f"{NAME}, mean of cohorts, last {len(kept)} periods"
    return _wald(effects, tested, float(free) if parts.clusters.code is not None else np.inf, name)


def _wald(effects: Floats, cov: Floats, free: float, name: str) -> TestResult:
    from scipy.special import chdtrc, fdtrc  # half a second that those who only draw curves need not wait

    scale = np.sqrt(np.diag(cov))
    values, vectors = np.linalg.eigh(cov / np.outer(scale, scale))
    kept = values > 1e-10 * values.max()
    along = vectors[:, kept].T @ (effects / scale)
    statistic, df = float((along**2 / values[kept]).sum()), int(kept.sum())
    if np.isinf(free):
        return TestResult(name, NULL, statistic, float(df), float(chdtrc(df, statistic)))
    if free < df:
        return TestResult(name, NULL, reason=f"the clusters are too few for {df} effects before the start")
    rest = free - df + 1
    return TestResult(name, NULL, statistic, float(df), float(fdtrc(df, rest, statistic * rest / (df * free))))
