"""Whether units that transact more often also stop sooner or later: a score test of what the models assume away."""

from collections.abc import Callable
from statistics import NormalDist

import numpy as np

from insights.stats.inputs import Floats
from insights.stats.results import TestResult
from insights.stats.transactions.histories import Histories

Rows = Callable[[Floats], Floats]
"""Takes parameters and returns the log-likelihood of each row (n)."""

LOOKED_AT = 10_000
"""The test looks at so many rows at most: enough to find a correlation of 0.2 or 0.3."""
DIFFERENCE = 1e-4
NAME, NULL = (
    "independence of rate and stopping",
    "a unit's rate of transactions and its readiness to stop are independent",
)


def independence_of_rates(
    likelihood: Callable[[Histories], Rows],
    histories: Histories,
    theta: Floats,
    faster: Floats,
    stopping: Floats,
    at_bound: bool,
) -> TestResult:
    """Test whether the two hidden numbers of a unit are independent, at the maximum ``theta``.

    The alternative is Sarmanov's family: the joint density of the two is multiplied by 1 + rho (f - E f) (g - E g),
    with f and g functions of one each whose product with the density is of the same kind again. ``faster`` and
    ``stopping`` are the changes of theta that these products amount to, so that the score for rho of a unit with
    likelihood L is L(both) / L - L(faster) / L - L(stopping) / L + 1, up to a constant. What the estimated parameters
    explain of it is taken out by regression on their scores. The statistic is standard normal under the null; its sign
    is that of rho. Other faults of the model can show here too.

    Sarmanov (1966); Lee (1996), Properties and applications of the Sarmanov family; Rao (1948).
    """
    if at_bound:
        return TestResult(
            NAME, NULL, reason="units hardly differ in one of the two, so that the two cannot go together"
        )
    rows = histories.sample(LOOKED_AT)
    at = likelihood(rows)
    base = at(theta)
    both, one, other = (np.exp(at(theta + change) - base) for change in (faster + stopping, faster, stopping))
    score = both - one - other + 1
    steps = DIFFERENCE * np.eye(len(theta))
    scores = np.stack([(at(theta + step) - at(theta - step)) / (2 * DIFFERENCE) for step in steps])
    weighted = scores * rows.weight
    share, *_ = np.linalg.lstsq(weighted @ scores.T, weighted @ score, rcond=None)
    rest = score - share @ scores
    variance = float(rows.weight @ rest**2)
    if not variance > 0:
        return TestResult(NAME, NULL, reason="no history says anything of how the two go together")
    z = float(rows.weight @ rest) / variance**0.5
    return TestResult(NAME, NULL, statistic=z, p_value=2 * NormalDist().cdf(-abs(z)))
