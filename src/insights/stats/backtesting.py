"""Whether a limit that should be broken with a given chance was broken as often, and not in runs."""

import numpy as np
import numpy.typing as npt

from insights.stats.results import TestResult

KUPIEC = "in every period the limit is exceeded with the chance it was made for"
CHRISTOFFERSEN = "an exceedance is as likely in the period after one as in any other"


def kupiec(exceptions: int, periods: int, p: float) -> TestResult:
    """Test whether the limit was exceeded as often as it should be (likelihood ratio, chi-squared with 1 df).

    ``exceptions`` of ``periods`` (days, months) with the chance ``p`` each. Assumes independent periods
    (``christoffersen`` looks at that).
    The p-value is asymptotic: below about 5 expected exceptions it is rough, and the test finds little.

    Source: Kupiec (1995), Techniques for verifying the accuracy of risk measurement models.
    """
    if not 0 < p < 1:
        raise ValueError(f"the chance of an exceedance is {p}; expected a share between 0 and 1, such as 0.01")
    if periods < 0 or not 0 <= exceptions <= periods:
        raise ValueError(
            f"{exceptions} exceedances in {periods} periods; expected no more than periods, and none negative"
        )
    if periods == 0:
        return TestResult("Kupiec", KUPIEC, reason="there is no period")
    x = exceptions
    statistic = 2 * (_loglik(x, periods - x, x / periods) - _loglik(x, periods - x, p))
    return TestResult("Kupiec", KUPIEC, max(statistic, 0.0), 1.0, _p(statistic))


def christoffersen(exceeded: npt.ArrayLike) -> TestResult:
    """Test whether exceedances (flags by period, in order) come independently of the period before (chi-squared, 1 df).

    Source: Christoffersen (1998), Evaluating interval forecasts.
    """
    hit = np.asarray(exceeded)
    if hit.ndim != 1 or not np.isin(hit, (0, 1)).all():
        raise ValueError("exceeded holds something other than flags; expected true or false by period")
    hit = hit.astype(bool)
    name = "Christoffersen"
    if hit.sum() < 2 or hit.all():
        return TestResult(name, CHRISTOFFERSEN, reason=f"{int(hit.sum())} exceedances do not tell whether they cluster")
    after, today = hit[:-1], hit[1:]
    n = np.array([[(~after & ~today).sum(), (~after & today).sum()], [(after & ~today).sum(), (after & today).sum()]])
    if n.sum(axis=1).min() == 0:
        return TestResult(name, CHRISTOFFERSEN, reason="no exceedance has a period after it")
    apart = sum(_loglik(int(row[1]), int(row[0]), row[1] / row.sum()) for row in n)
    together = _loglik(int(n[:, 1].sum()), int(n[:, 0].sum()), n[:, 1].sum() / n.sum())
    statistic = max(2 * (apart - together), 0.0)
    return TestResult(name, CHRISTOFFERSEN, statistic, 1.0, _p(statistic))


def _loglik(hits: int, misses: int, p: float) -> float:
    return (hits * float(np.log(p)) if hits else 0.0) + (misses * float(np.log1p(-p)) if misses else 0.0)


def _p(statistic: float) -> float:
    from scipy.special import chdtrc  # half a second that those who test nothing need not wait

    return float(chdtrc(1, max(statistic, 0.0)))
