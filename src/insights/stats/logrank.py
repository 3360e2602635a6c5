"""The log-rank test: whether groups leave at the same rate, month by month."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.counts import Counts, count_risk, read_counts
from insights.stats.inputs import Floats, read_rows
from insights.stats.results import TestResult

NAME = "log-rank"
NULL = "at every month, all groups have the same hazard"


def logrank(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    group: npt.ArrayLike,
    entry: npt.ArrayLike | None = None,
    weight: npt.ArrayLike | None = None,
) -> TestResult:
    """Test whether k groups have the same hazard; parameters (length n) as in ``risk_table``.

    The statistic is chi-squared with k - 1 degrees of freedom (fewer where groups are never at risk at the same time),
    with the hypergeometric variance, which is exact under ties. With weights (frequencies) a row counts that many
    times. It has most power against proportional hazards and may miss curves that cross; it assumes independent
    censoring and entry within each group, and large samples: with few events the p-value is approximate. Where groups
    are never compared, there is no statistic and ``reason`` says so.

    Source: Mantel (1966); Peto & Peto (1972); Andersen, Borgan, Gill & Keiding (1993), ch. V.
    """
    _, counts = count_risk(read_rows(time, event, entry=entry, weight=weight, group=group))
    return _test(counts)


def logrank_from_counts(counts: pd.DataFrame) -> TestResult:
    """Test whether the groups of the counts have the same hazard, the events of all causes added up.

    The counts must hold the number at risk of every group at every event of any group, as ``risk_table`` gives them: a
    row that is missing between two rows of a group is filled from the next; before its first and after its last row a
    group counts as not at risk. Raises ValueError as ``read_counts`` does.
    """
    return _test(read_counts(counts)[1])


def observed_expected(counts: list[Counts]) -> tuple[Floats, Floats, Floats]:
    """Return observed events by group (k), expected ones (k), and the covariance of their difference (k, k)."""
    axis = np.unique(np.concatenate([c.times[c.events.sum(axis=0) > 0] for c in counts]))
    n, d = np.zeros((2, len(counts), len(axis)))
    for g, c in enumerate(counts):
        place = np.searchsorted(c.times, axis)
        within = (place < len(c.times)) & (axis >= c.times[0])
        n[g, within] = c.at_risk[place[within]]
        exact = np.flatnonzero(within)[c.times[place[within]] == axis[within]]
        # Rounded counts may show more events than units at risk.
        d[g, exact] = np.minimum(c.events.sum(axis=0)[place[exact]], n[g, exact])
    total, events = n.sum(axis=0), d.sum(axis=0)
    some = total > 1
    n, d, total, events = n[:, some], d[:, some], total[some], events[some]
    share = n / total
    spread = events * (total - events) / (total - 1)
    covariance = np.diag((share * spread).sum(axis=1)) - (share * spread) @ share.T
    return d.sum(axis=1), (share * events).sum(axis=1), covariance


def _test(counts: list[Counts]) -> TestResult:
    counts = [c for c in counts if len(c.times)]
    if len(counts) < 2:
        return TestResult(NAME, NULL, reason="fewer than two groups have somebody at risk")
    if not any(c.events.sum() for c in counts):
        return TestResult(NAME, NULL, reason="there is no event")
    observed, expected, covariance = observed_expected(counts)
    # Groups never at risk together add no degree of freedom; the tolerance is relative to the largest variance.
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 1e-9 * max(values.max(initial=0.0), 1e-300)
    if not kept.any():
        return TestResult(NAME, NULL, reason="no two groups are at risk when an event happens")
    along = vectors[:, kept].T @ (observed - expected)
    statistic, df = float((along**2 / values[kept]).sum()), int(kept.sum())
    from scipy.special import chdtrc  # half a second that those who only draw curves need not wait

    return TestResult(NAME, NULL, statistic, float(df), float(chdtrc(df, statistic)))
