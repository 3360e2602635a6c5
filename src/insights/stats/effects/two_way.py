"""Two-way fixed effects: the usual regression, here to be shown beside group-time effects, never instead."""

import numpy as np
import numpy.typing as npt

from insights.stats.effects.inference import covariance, degrees_of_freedom, make_clusters, pointwise, sum_clusters
from insights.stats.effects.panel import read_panel
from insights.stats.inputs import Floats, check_level
from insights.stats.results import Estimate, NotEstimable


def two_way_fixed_effects(
    unit: npt.ArrayLike,
    time: npt.ArrayLike,
    outcome: npt.ArrayLike,
    first_treated: npt.ArrayLike,
    *,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
    outcome_unit: str = "outcome",
) -> Estimate | NotEstimable:
    """Regress the outcome on "treated by now", a constant per unit and a constant per period.

    Rows as in ``att_gt``; exact for unbalanced panels too. Errors by unit or cluster. Where effects differ by cohort
    or grow with time this is not their mean: units treated earlier serve as controls for later ones, and some effects
    count with a negative weight (``negative_weights``).

    Source: Goodman-Bacon (2021), Difference-in-differences with variation in treatment timing.
    Raises ValueError as ``att_gt`` does.
    """
    check_level(level)
    panel = read_panel(unit, time, outcome, first_treated, cluster=cluster)
    seen = np.isfinite(panel.outcome)
    on = (panel.periods[None, :] >= panel.start[:, None]).astype(float)
    rest, total = two_way_residual(on, seen), seen.sum()
    square = float((rest**2).sum())
    if len(panel.periods) < 2 or square < 1e-9 * max(total, 1):
        return NotEstimable("whether a unit is treated follows from its name and the period alone")
    y = two_way_residual(np.where(seen, panel.outcome, 0.0), seen)
    effect = float((rest * y).sum() / square)
    cohort = np.searchsorted(panel.cohorts, panel.start)
    clusters = make_clusters(panel.cluster, cohort)
    n = len(panel.start)
    score = (rest * (y - effect * rest)).sum(axis=1)[:, None] * n / square
    summed = sum_clusters(score, clusters)
    se = float(np.sqrt(covariance(summed, clusters)[0, 0]))
    half = float(pointwise(degrees_of_freedom(summed, clusters), level)[0]) * se
    return Estimate(
        effect, effect - half, effect + half, outcome_unit, n, int(np.isfinite(panel.start).sum()), level, se
    )


def negative_weights(
    unit: npt.ArrayLike, time: npt.ArrayLike, outcome: npt.ArrayLike, first_treated: npt.ArrayLike
) -> tuple[float, float]:
    """Return the sum of the negative weights with which two-way fixed effects count treated cells, and their share.

    The weights of all treated cells add up to 1. (0, 0) says that no effect is counted against itself.

    Source: de Chaisemartin & D'Haultfœuille (2020), Two-way fixed effects estimators with heterogeneous effects.
    """
    panel = read_panel(unit, time, outcome, first_treated)
    seen = np.isfinite(panel.outcome)
    on = (panel.periods[None, :] >= panel.start[:, None]).astype(float)
    rest = two_way_residual(on, seen)[(on > 0) & seen]
    if len(rest) == 0 or abs(rest.sum()) < 1e-12:
        return 0.0, 0.0
    weights = rest / rest.sum()
    bad = weights < -1e-12
    return float(weights[bad].sum()), float(bad.mean())


def two_way_residual(values: Floats, seen: npt.NDArray[np.bool_]) -> Floats:
    """Return the residuals (n, T) of the values on unit and period, 0 where not seen; exact for any pattern."""
    count = np.maximum(seen.sum(axis=1), 1)
    within = np.where(seen, values - (np.where(seen, values, 0).sum(axis=1) / count)[:, None], 0.0)
    share = seen / count[:, None]
    gram = np.diag(seen.sum(axis=0).astype(float)) - seen.T.astype(float) @ share
    by_period = np.linalg.lstsq(gram, within.sum(axis=0), rcond=1e-10)[0]
    fitted = by_period[None, :] - (seen @ by_period / count)[:, None]
    return np.where(seen, within - fitted, 0.0)
