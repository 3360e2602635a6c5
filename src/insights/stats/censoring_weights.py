"""Incidence when those at high risk are lost first: weights that let those who stay stand in for those like them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.influence import Influenced, cluster_codes
from insights.stats.influence import Rows as Pieces
from insights.stats.inputs import CENSORED, Floats, Ints, check_level, read_rows
from insights.stats.results import Estimate, NotEstimable, Result, TestResult
from insights.stats.scoring import read_horizons

SOURCE = (
    "Robins & Finkelstein (2000), Correcting for noncompliance and dependent censoring with inverse probability of "
    "censoring weighted log-rank tests; Cole & Hernan (2008), Constructing inverse probability weights"
)
NO_WEIGHT = 1e-6
ENOUGH, OFF = 100, 0.15
"""A month with so many at risk in which their weights are off by so much is reported."""


@dataclass(frozen=True, eq=False)
class CensoringWeights(Result):
    """Weights by row and month.

    ``table``: months, at_risk, mean, largest, effective, represented, one row per month of the grid: the mean and the
    largest weight of those at risk; the number of rows without weights that would be worth as much (Kish); and how
    many rows the uncut weights stand for, relative to those that would be left had nobody been lost, which is 1 if the
    model of the losses fits. ``weights`` (n, M) is 0 from the month after the exit. ``checks``: whether the model fits,
    how many weights were cut.
    """

    months: Floats = field(default_factory=lambda: np.zeros(0))
    weights: Floats = field(default_factory=lambda: np.zeros((0, 0)), repr=False)
    time: Floats = field(default_factory=lambda: np.zeros(0), repr=False)
    cause: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64), repr=False)
    causes: tuple[str, ...] = ()


def censoring_weights(
    time: npt.ArrayLike,
    cause: npt.ArrayLike,
    kept: npt.ArrayLike,
    months: Sequence[float],
    *,
    stabilised: bool = True,
    truncate: float | None = 0.99,
) -> CensoringWeights:
    """Turn estimated probabilities of not being lost into weights of those at risk.

    ``time``, ``cause`` (n) as in ``risk_table``, all followed from month 0; ``kept`` (n, M) is the estimated
    probability that the row is not lost by the end of each of the ``months`` (M, ascending, every exit among them),
    given what was known of it until then: the running product of 1 - hazard of loss, from any model. In a month a row
    weighs one over its probability of not having been lost in the months before; events come before losses.

    ``stabilised``: times the share of all that was not lost (Kaplan-Meier). Being common to a month it changes no
    incidence, but keeps late months from being the first to be cut. ``truncate``: larger weights than this quantile of
    all months at risk are cut to it, which trades bias for variance; None cuts nothing.

    Assumption: given what the model knows, losses do not depend on what would have happened, and nobody is certain to
    be lost. Raises ValueError for shapes that do not fit, probabilities outside 0 to 1 or rising, and exits at other
    times than the months.
    """
    rows, grid = read_rows(time, cause), read_horizons(months)
    share = np.asarray(kept, dtype=float)
    n = len(rows.time)
    if share.shape != (n, len(grid)):
        raise ValueError(
            f"kept has shape {share.shape}; expected ({n}, {len(grid)}), a row per row and a column a month"
        )
    place = np.searchsorted(grid, rows.time)
    if off := int((grid[np.minimum(place, len(grid) - 1)] != rows.time).sum()):
        raise ValueError(f"{off} exits are at none of the months; expected the grid to hold every time")
    inside = np.arange(len(grid)) <= place[:, None]
    if not ((share >= 0) & (share <= 1))[inside].all():
        raise ValueError("some probabilities of being kept are missing or outside 0 to 1; expected them while at risk")
    if (np.diff(share, axis=1) > 1e-9)[inside[:, 1:]].any():
        raise ValueError("some probabilities of being kept rise with time; expected running products of 1 - hazard")
    before = np.concatenate([np.ones((n, 1)), share[:, :-1]], axis=1)
    if certain := int((inside & (before < NO_WEIGHT)).any(axis=1).sum()):
        raise ValueError(
            f"{certain} rows are still there though they were certain to be lost (probability below {NO_WEIGHT:g}); "
            "expected a model that leaves everybody a chance: smooth it, or start from a coarser one"
        )
    weights = np.divide(1.0, before, out=np.zeros_like(before), where=inside)
    at_risk, represented = inside.sum(axis=0), _represented(weights, place, rows.cause != CENSORED)
    if stabilised:
        weights *= _overall(rows.cause == CENSORED, place, at_risk)
    cut = 0
    if truncate is not None:
        if not 0 < truncate <= 1:
            raise ValueError(f"truncate is {truncate}; expected a quantile such as 0.99, or None")
        limit = float(np.quantile(weights[inside], truncate))
        cut = int((weights > limit).sum())
        weights = np.minimum(weights, limit)
    total, squares = weights.sum(axis=0), (weights**2).sum(axis=0)
    none = np.zeros(len(grid))
    table = pd.DataFrame(
        {
            "months": grid,
            "at_risk": at_risk,
            "mean": np.divide(total, at_risk, out=none + np.nan, where=at_risk > 0),
            "largest": weights.max(axis=0),
            "effective": np.divide(total**2, squares, out=none.copy(), where=squares > 0),
            "represented": represented,
        }
    )
    checks = (_fit(table), _cut(cut, int(inside.sum())))
    return CensoringWeights(table, checks, SOURCE, grid, weights, rows.time, rows.cause, rows.causes)


@dataclass(frozen=True, eq=False)
class WeightedIncidence(Result):
    """Incidence with weights: ``table``: cause, months, incidence, low, high, se, unweighted, n, n_events, reason."""

    estimates: dict[tuple[str, float], Estimate | NotEstimable] = field(default_factory=dict, repr=False)

    def at(self, months: float, cause: str) -> Estimate | NotEstimable:
        """Return the incidence of the cause by one of the horizons; raises ValueError for another one."""
        if (cause, months) not in self.estimates:
            raise ValueError(f"there is no estimate for {cause!r} by {months:g} months; see the table")
        return self.estimates[cause, months]


def weighted_incidence(
    weights: CensoringWeights,
    horizons: Sequence[float],
    *,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> WeightedIncidence:
    """Estimate the incidence of every cause with the weights (Aalen-Johansen of the weighted risk sets).

    The column ``unweighted`` is the same estimate without weights. Error: infinitesimal jackknife by row or ``cluster``
    (n), the weights taken as known, which in general is a little too wide; to account for how they were estimated,
    repeat everything by ``bootstrap``. Interval: logit. NotEstimable beyond the last month at risk, and below 20 rows
    or clusters.
    """
    check_level(level)
    n = len(weights.time)
    pieces = Pieces(n, cluster_codes(cluster, n), level)
    plain = (weights.weights > 0).astype(float)
    estimates: dict[tuple[str, float], Estimate | NotEstimable] = {}
    lines = []
    for code, name in enumerate(weights.causes, start=1):
        for month in read_horizons(horizons):
            done = int(((weights.cause == code) & (weights.time <= month)).sum())
            line: dict[str, object] = {"cause": name, "months": month, "n": n, "n_events": done, "reason": ""}
            found: Estimate | NotEstimable
            if month > weights.time.max(initial=0.0):
                found = NotEstimable(f"nobody is at risk beyond {weights.time.max(initial=0.0):g} months")
            else:
                found = _weighted(weights, weights.weights, code, float(month)).estimate(pieces, "share", done, "logit")
                line["unweighted"] = _weighted(weights, plain, code, float(month)).value
            if isinstance(found, NotEstimable):
                line["reason"] = found.reason
            else:
                line |= {"incidence": found.value, "low": found.low, "high": found.high, "se": found.se}
            estimates[name, float(month)] = found
            lines.append(line)
    columns = ["cause", "months", "incidence", "low", "high", "se", "unweighted", "n", "n_events", "reason"]
    return WeightedIncidence(pd.DataFrame(lines, columns=columns), weights.checks, SOURCE, estimates)


def _weighted(rows: CensoringWeights, weight: Floats, code: int, month: float) -> Influenced:
    steps = int(np.searchsorted(rows.months, month, side="right"))
    own, event = rows.cause == code, rows.cause != CENSORED
    now = rows.time[:, None] == rows.months[:steps]
    w = weight[:, :steps]
    total = w.sum(axis=0)
    total = np.where(total > 0, total, 1.0)
    meant, gone = ((w * now)[some].sum(axis=0) / total for some in (own, event))
    before = np.concatenate([[1.0], np.cumprod(1 - gone)[:-1]]) if steps else np.zeros(0)
    ahead = np.zeros(steps + 1)
    for i in range(steps - 1, -1, -1):
        ahead[i] = meant[i] + (1 - gone[i]) * ahead[i + 1]
    # At each month a row moves the incidence by what lies ahead of it, less what lies ahead of the average row.
    influence = np.zeros(len(rows.time))
    for i in range(steps):
        outcome = np.where(now[:, i] & event, own.astype(float), ahead[i + 1])
        influence += before[i] * w[:, i] / total[i] * (outcome - ahead[i])
    return Influenced(float(ahead[0]) if steps else 0.0, influence)


def _overall(censored: npt.NDArray[np.bool_], place: Ints, at_risk: Ints) -> Floats:
    """Return the share not lost before each month, whoever it is (Kaplan-Meier, events first)."""
    lost = np.bincount(place[censored], minlength=len(at_risk))
    left = np.bincount(place[~censored], minlength=len(at_risk))
    hazard = np.divide(lost, at_risk - left, out=np.zeros(len(at_risk)), where=at_risk > left)
    return np.concatenate([[1.0], np.cumprod(1 - hazard)[:-1]])


def _represented(weights: Floats, place: Ints, event: npt.NDArray[np.bool_]) -> Floats:
    """Return the sum of the weights by month, relative to the weighted share that has had no event before it."""
    total = weights.sum(axis=0)
    gone = np.bincount(place[event], weights[event, place[event]], weights.shape[1])
    hazard = np.divide(gone, total, out=np.zeros_like(total), where=total > 0)
    left = len(place) * np.concatenate([[1.0], np.cumprod(1 - hazard)[:-1]])
    return np.divide(total, left, out=np.full_like(total, np.nan), where=left > 1e-9)


def _fit(table: pd.DataFrame) -> TestResult:
    name, null = "losses as modelled", "in every month, those at risk stand for all who would be left without losses"
    watched = table[table["at_risk"] >= ENOUGH]
    if watched.empty:
        return TestResult(name, null, reason=f"no month has {ENOUGH} rows at risk")
    worst = watched.loc[(watched["represented"] - 1).abs().idxmax()]
    why = f"at {worst['months']:g} months they stand for {worst['represented']:.0%} of them: the model does not fit"
    found = float(worst["represented"])
    return TestResult(name, null, statistic=found, reason=why if abs(found - 1) > OFF else "")


def _cut(cut: int, total: int) -> TestResult:
    share = round(cut / total, 3) if total else 0.0  # a share: the exact number of months would tell one leaver
    why = f"{share:.1%} of the months at risk had their weight cut" if cut else ""
    return TestResult("weights cut", "no weight is so large that it had to be cut", statistic=share, reason=why)
