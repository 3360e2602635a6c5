"""Who gains from a treatment drawn by lot: a cross-fitted doubly robust learner, and honest effects of groups.

Each unit gets a score whose mean, over any group that was formed without looking at its outcome, is the effect on that
group. A learner then predicts the scores of units it has not seen. Whether the predictions mean anything is tested;
effects of groups come from the scores, never from the predictions.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.clustering import read_labels
from insights.stats.design import DesignLike
from insights.stats.inputs import Floats, Ints, check_level
from insights.stats.multiplicity import holm
from insights.stats.results import Estimate, NotEstimable, Result

SOURCE = (
    "Kennedy (2023), Towards optimal doubly robust estimation of heterogeneous causal effects; groups and calibration "
    "of the predictions: Chernozhukov, Demirer, Duflo & Fernández-Val (2025), Fisher-Schultz lecture"
)
FOLDS = 5
FEWEST_EVENTS = 50
"""Units with either value of a yes-or-no outcome, in each arm; units in each arm for other outcomes."""
FEWEST_CLUSTERS = 20
FEWEST_IN_GROUP = 50
PENALTIES = tuple(10.0**k for k in range(-1, 6))
QUARTERS = 4

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Gains(Result):
    """Effects of the treatment by unit.

    ``table``: the average effect ("all"), and that of the quarters of units by predicted effect (1: the lowest, 4: the
    highest): group, n, effect, low, high, se, p, p_holm (over the quarters), reason. ``slope`` calibrates the
    predictions: 1 where differences predicted are differences seen, 0 where they are noise. ``spread`` is the effect of
    the fourth quarter less that of the first. ``scores`` and ``predicted`` (n) are out of fold, ``quarter`` (n) from 1.
    """

    average: Estimate | NotEstimable = field(default_factory=lambda: NotEstimable(""))
    slope: Estimate | NotEstimable = field(default_factory=lambda: NotEstimable(""))
    spread: Estimate | NotEstimable = field(default_factory=lambda: NotEstimable(""))
    scores: Floats = field(default_factory=lambda: np.zeros(0), repr=False)
    predicted: Floats = field(default_factory=lambda: np.zeros(0), repr=False)
    quarter: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64), repr=False)
    clusters: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64), repr=False)
    models: tuple["_Line", ...] = field(default=(), repr=False)
    level: float = 0.95
    unit: str = ""

    @property
    def differs(self) -> bool:
        """Whether the predictions tell who gains more: the slope's interval lies above 0."""
        return isinstance(self.slope, Estimate) and self.slope.low > 0

    def predict(self, design: DesignLike) -> Floats:
        """Return the predicted effect (n) of other units, the mean over the folds; columns as in the fit."""
        columns = _columns(design)
        return np.asarray(np.mean([model(columns) for model in self.models], axis=0))


def who_gains(
    outcome: npt.ArrayLike,
    treated: npt.ArrayLike,
    design: DesignLike,
    *,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
    unit: str = "share",
    seed: str = "who gains",
) -> Gains | NotEstimable:
    """Estimate the effect of a treatment drawn by lot on every unit, given its columns before the lot was drawn.

    ``outcome``, ``treated`` (n, flags); ``design`` (n, p) may have missing values (nan). ``cluster`` (n): units
    that are alike; a cluster is never split over folds, and errors are by cluster.

    In each of five folds the outcome of either arm is predicted by boosted trees that have not seen the fold, and the
    score is the difference of the predictions plus the weighted residual of the arm the unit was in, with the share
    treated as the known chance of treatment. The final learner is a ridge line, fitted to the scores of the other
    folds, which have been made without the fold too. Folds follow from ``seed`` and the names of the clusters.

    Assumes that the lot did not depend on the columns, that units do not affect each other, and that outcomes are
    complete. NotEstimable below 50 units (of either value, for a yes-or-no outcome) in an arm and below 20 clusters.
    Raises ValueError for shapes that differ and outcomes that are missing.
    """
    check_level(level)
    y, told = np.asarray(outcome, dtype=float), np.asarray(treated)
    if y.ndim != 1 or not np.isfinite(y).all():
        raise ValueError(f"outcome has shape {y.shape}, some missing or infinite; expected (n,) numbers")
    if told.shape != y.shape or not np.isin(told, (0, 1)).all():
        raise ValueError(f"treated has shape {told.shape}; expected {y.shape} flags")
    x = _columns(design)
    if len(x) != len(y):
        raise ValueError(f"the design has {len(x)} rows; expected {len(y)}")
    arm = told.astype(bool)
    if (refusal := _too_few(y, arm)) is not None:
        return refusal
    way = read_labels(np.arange(len(y)) if cluster is None else cluster, "cluster", len(y))
    if way.size < FEWEST_CLUSTERS:
        return NotEstimable(f"{way.size} clusters are too few: {FEWEST_CLUSTERS} are needed")
    fold = _folds(way.labels, seed)[way.codes]
    scores, predicted, models = _crossed(y, arm, x, fold)
    found = Gains(
        pd.DataFrame(), (), SOURCE, scores=scores, predicted=predicted, clusters=way.codes, level=level, unit=unit
    )
    quarter = _quarters(predicted, fold)
    groups = group_effects(found, np.array([str(q) for q in range(1, QUARTERS + 1)])[quarter])
    average = _mean(found, np.ones(len(y), dtype=bool))
    table = pd.concat([_row("all", average), groups], ignore_index=True)
    spread = _contrast(found, quarter == QUARTERS - 1, quarter == 0)
    return Gains(
        table,
        (),
        SOURCE,
        average=average,
        slope=_slope(found, fold),
        spread=spread,
        scores=scores,
        predicted=predicted,
        quarter=quarter + 1,
        clusters=way.codes,
        models=models,
        level=level,
        unit=unit,
    )


def group_effects(gains: Gains, groups: npt.ArrayLike) -> pd.DataFrame:
    """Return the effect on each of several groups, from the scores, with p-values for all of them together (Holm).

    ``groups`` (n) are labels known before the lot was drawn; "" is no group. Columns: group, n, effect, low, high, se,
    p (no effect in the group), p_holm, reason (fewer than 50 units, or 20 clusters).
    """
    labels = np.asarray(groups, dtype=object).astype(str)
    if labels.shape != gains.scores.shape:
        raise ValueError(f"groups has shape {labels.shape}; expected {gains.scores.shape}")
    rows = [_row(name, _mean(gains, labels == name)) for name in sorted(set(labels) - {""})]
    table = pd.concat(rows, ignore_index=True) if rows else _row("", NotEstimable("")).iloc[:0]
    return table.assign(p_holm=holm(table["p"].to_numpy(float)))


def group_difference(gains: Gains, one: npt.ArrayLike, other: npt.ArrayLike) -> Estimate | NotEstimable:
    """Return the effect on one group less that on another (flags, n), with errors by cluster."""
    return _contrast(gains, np.asarray(one, dtype=bool), np.asarray(other, dtype=bool))


def _too_few(y: Floats, arm: Bools) -> NotEstimable | None:
    binary = bool(np.isin(y, (0, 1)).all())
    for side, name in ((arm, "treated"), (~arm, "control")):
        counts = [int((y[side] == v).sum()) for v in (0, 1)] if binary else [int(side.sum())]
        if min(counts) < FEWEST_EVENTS:
            what = "with either outcome" if binary else "units"
            return NotEstimable(f"{min(counts)} {name} {what} are too few: {FEWEST_EVENTS} are needed")
    return None


def _columns(design: DesignLike) -> Floats:
    """Return columns (n, p) with nan where missing; the reader of other regressions refuses those."""
    found: npt.ArrayLike = design[1] if isinstance(design, tuple) else design
    values = np.asarray(found, dtype=float)
    if values.ndim != 2:
        raise ValueError(f"the design has shape {values.shape}; expected (n, p)")
    return values


def _folds(labels: tuple[str, ...], seed: str) -> Ints:
    """Return the fold of each cluster: in the order of a lot drawn from its name, so that folds are of one size."""
    lot = [blake2b(f"{seed}\n{label}".encode(), digest_size=8).digest() for label in labels]
    order = sorted(range(len(labels)), key=lambda k: (lot[k], labels[k]))
    fold = np.empty(len(labels), dtype=np.int64)
    fold[order] = np.arange(len(labels)) % FOLDS
    return fold


def _crossed(y: Floats, arm: Bools, x: Floats, fold: Ints) -> tuple[Floats, Floats, tuple["_Line", ...]]:
    """Return scores and predicted effects (n) out of fold, and the final learner of each fold.

    Trees are fitted without each pair of folds. A unit of fold j is scored for the learner of fold k by the trees that
    have seen neither; its own score is the mean over k.
    """
    share = float(arm.mean())
    scored = np.full((FOLDS, len(y)), np.nan)
    for j in range(FOLDS):
        for k in range(j + 1, FOLDS):
            out = (fold != j) & (fold != k)
            one, other = (_trees(x[out & side], y[out & side]) for side in (arm, ~arm))
            both = np.flatnonzero(~out)
            up, down = one(x[both]), other(x[both])
            rest = np.where(arm[both], (y[both] - up) / share, -(y[both] - down) / (1 - share))
            scores = up - down + rest
            mine = fold[both] == j
            scored[k, both[mine]], scored[j, both[~mine]] = scores[mine], scores[~mine]
    predicted, models = np.zeros(len(y)), []
    for k in range(FOLDS):
        inside = fold == k
        models.append(_line(x[~inside], scored[k, ~inside]))
        predicted[inside] = models[-1](x[inside])
    return np.nanmean(scored, axis=0), predicted, tuple(models)


def _trees(x: Floats, y: Floats) -> Callable[[Floats], Floats]:
    """Fit small boosted trees, the same on every run, on one thread."""
    from sklearn.ensemble import HistGradientBoostingRegressor  # type: ignore[import-untyped]
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    low, high = float(y.min()), float(y.max())
    model = HistGradientBoostingRegressor(
        max_iter=60, learning_rate=0.06, max_depth=3, min_samples_leaf=25, early_stopping=False, random_state=0
    )
    with threadpool_limits(limits=1):
        model.fit(x, y)

    def predict(rows: Floats) -> Floats:
        with threadpool_limits(limits=1):
            return np.clip(model.predict(rows), low, high)

    return predict


@dataclass(frozen=True)
class _Line:
    """A linear prediction of columns filled by ``fill`` where missing, less ``middle``, over ``scale`` (all p)."""

    fill: Floats
    middle: Floats
    scale: Floats
    slope: Floats
    constant: float

    def __call__(self, x: Floats) -> Floats:
        filled = np.where(np.isnan(x), self.fill, x)
        return np.asarray(self.constant + (filled - self.middle) / self.scale @ self.slope)


def _line(x: Floats, y: Floats) -> _Line:
    """Fit a ridge line, its penalty chosen by the error of leaving one unit out."""
    with np.errstate(all="ignore"):
        known = ~np.isnan(x)
        fill = np.array([float(np.median(c[k])) if k.any() else 0.0 for c, k in zip(x.T, known.T, strict=True)])
    filled = np.where(known, x, fill)
    middle, scale = filled.mean(axis=0), filled.std(axis=0)
    scale = np.where(scale > 1e-12, scale, np.inf)
    z = (filled - middle) / scale
    constant = float(y.mean())
    values, vectors = np.linalg.eigh(z.T @ z)
    values = np.maximum(values, 0.0)
    turned = z @ vectors
    aim = turned.T @ (y - constant)
    best, slope = np.inf, np.zeros(x.shape[1])
    for penalty in (*PENALTIES, np.inf):
        along = np.zeros_like(aim) if np.isinf(penalty) else aim / (values + penalty)
        pull = np.zeros(len(y)) if np.isinf(penalty) else (turned**2) @ (1 / (values + penalty))
        left = (y - constant - turned @ along) / (1 - 1 / len(y) - pull)
        if (error := float(left @ left)) < best:
            best, slope = error, vectors @ along
    return _Line(fill, middle, scale, slope, constant)


def _quarters(predicted: Floats, fold: Ints) -> Ints:
    """Return the quarter of each unit among the predictions of its own fold: learners of folds are not compared."""
    found = np.zeros(len(predicted), dtype=np.int64)
    for k in range(FOLDS):
        at = np.flatnonzero(fold == k)
        order = np.argsort(predicted[at], kind="stable")
        found[at[order]] = np.arange(len(at)) * QUARTERS // max(len(at), 1)
    return found


def _estimate(gains: Gains, value: float, influence: Floats, n: int) -> Estimate | NotEstimable:
    from scipy.special import stdtrit

    moved = np.bincount(gains.clusters, influence)
    used = np.unique(gains.clusters[influence != 0])
    g = len(used)
    if g < FEWEST_CLUSTERS:
        return NotEstimable(f"{g} clusters are too few: {FEWEST_CLUSTERS} are needed")
    se = float(np.sqrt(g / (g - 1) * (moved @ moved)))
    half = float(stdtrit(g - 1, (1 + gains.level) / 2)) * se
    return Estimate(value, value - half, value + half, gains.unit, n, None, gains.level, se)


def _mean(gains: Gains, some: Bools) -> Estimate | NotEstimable:
    n = int(some.sum())
    if n < FEWEST_IN_GROUP:
        return NotEstimable(f"{n} units are too few for an effect of their own: {FEWEST_IN_GROUP} are needed")
    value = float(gains.scores[some].mean())
    return _estimate(gains, value, np.where(some, (gains.scores - value) / n, 0.0), n)


def _contrast(gains: Gains, one: Bools, other: Bools) -> Estimate | NotEstimable:
    n, m = int(one.sum()), int(other.sum())
    if min(n, m) < FEWEST_IN_GROUP:
        return NotEstimable(f"{min(n, m)} units are too few for an effect of their own: {FEWEST_IN_GROUP} are needed")
    a, b = float(gains.scores[one].mean()), float(gains.scores[other].mean())
    influence = np.where(one, (gains.scores - a) / n, 0.0) - np.where(other, (gains.scores - b) / m, 0.0)
    return _estimate(gains, a - b, influence, n + m)


def _slope(gains: Gains, fold: Ints) -> Estimate | NotEstimable:
    """Return the slope of the scores on the predictions, within folds."""
    p, s = gains.predicted.copy(), gains.scores.copy()
    for k in range(FOLDS):
        inside = fold == k
        p[inside] -= p[inside].mean()
        s[inside] -= s[inside].mean()
    total = float(p @ p)
    if total <= 1e-18 * max(float(s @ s), 1e-300):
        return NotEstimable("the learner found no differences: it predicts the same effect for everybody")
    value = float(p @ s) / total
    found = _estimate(gains, value, p * (s - value * p) / total, len(p))
    return (
        found
        if isinstance(found, NotEstimable)
        else Estimate(found.value, found.low, found.high, "slope", found.n, None, found.level, found.se)
    )


def _row(name: str, found: Estimate | NotEstimable) -> pd.DataFrame:
    from scipy.special import ndtr

    if isinstance(found, NotEstimable):
        line: dict[str, object] = {"group": name, "n": 0, "reason": found.reason}
    else:
        p = float(2 * ndtr(-abs(found.value / found.se))) if found.se else 1.0
        line = {"group": name, "n": found.n, "effect": found.value, "low": found.low, "high": found.high}
        line |= {"se": found.se, "p": p, "reason": ""}
    columns = ["group", "n", "effect", "low", "high", "se", "p", "p_holm", "reason"]
    return pd.DataFrame([line], columns=columns)
