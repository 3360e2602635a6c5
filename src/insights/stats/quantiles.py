"""Durations of which some are still going on: their quantiles and curve, with errors for what rows have in common."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from insights.stats.inputs import Floats, check_level
from insights.stats.results import Estimate, NotEstimable

SOURCE = (
    "Kaplan & Meier (1958); infinitesimal jackknife by cluster: Efron (1982); intervals by inversion: Woodruff (1952), "
    "Brookmeyer & Crowley (1982)"
)
FEWEST = 20


def duration_quantiles(
    time: npt.ArrayLike,
    ended: npt.ArrayLike,
    probabilities: Sequence[float],
    *,
    cluster: npt.ArrayLike | None = None,
    unit: str = "minutes",
    level: float = 0.95,
) -> tuple[Estimate | NotEstimable, ...]:
    """Return the times by which these shares of the durations have ended.

    time (n): how long each has lasted; ended (n) flags: false where it still goes on (it is then known only to be
    longer). cluster (n): rows of one cluster may depend in any way; without it every row is on its own.

    The quantile is the first time at which the Kaplan-Meier curve is at or below 1 - p. Its interval holds the times at
    which the curve lies within t standard errors of that (Woodruff), the error being the infinitesimal jackknife of the
    curve added up by cluster, times G / (G - 1), with Student's t of G - 1 degrees of freedom. An end that the data do
    not bound is infinite. ``n`` counts the clusters, ``n_events`` the durations that ended.

    Assumes that how long one still goes on has nothing to do with when it was looked at (censoring by the calendar).
    NotEstimable below 20 rows or clusters, and where the curve stays above 1 - p. Raises ValueError for missing or
    negative times, and probabilities outside 0 to 1.
    """
    check_level(level)
    if not all(0 < p < 1 for p in probabilities):
        raise ValueError(f"probabilities are {list(probabilities)}; expected shares between 0 and 1")
    made = _curve(time, ended, cluster)
    if isinstance(made, NotEstimable):
        return tuple(made for _ in probabilities)
    axis, curve, clusters = made.axis, made.curve, made.clusters
    found: list[Estimate | NotEstimable] = []
    for p in probabilities:
        reached = np.flatnonzero(curve <= 1 - p + 1e-12)
        if len(reached) == 0:
            found.append(NotEstimable(f"fewer than {p:.0%} have ended by the longest time seen"))
            continue
        k = int(reached[0])
        half = made.half(k, level)
        low, high = _crossing(axis, curve, 1 - p + half, 0.0), _crossing(axis, curve, 1 - p - half, np.inf)
        found.append(Estimate(float(axis[k]), low, high, unit, clusters, int(made.done.sum()), level))
    return tuple(found)


def still_going(
    time: npt.ArrayLike,
    ended: npt.ArrayLike,
    at: Sequence[float],
    *,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> tuple[Estimate | NotEstimable, ...]:
    """Return the share of durations that go on beyond each of the times ``at``, by the Kaplan-Meier curve.

    Arguments, errors and assumptions as for ``duration_quantiles``, of which this is the other reading. An interval is
    cut at 0 and 1; where none or all have ended by then, its other end is the exact bound for so many clusters of which
    none did otherwise. ``n_events`` counts those that ended by then. NotEstimable below 20 rows or clusters, and for
    times after the longest that is seen if that one still goes on. Raises ValueError as there, and for negative times.
    """
    check_level(level)
    if not all(a >= 0 for a in at):
        raise ValueError(f"times are {list(at)}; expected numbers >= 0")
    made = _curve(time, ended, cluster)
    if isinstance(made, NotEstimable):
        return tuple(made for _ in at)
    unseen = 1 - (1 - level) ** (1 / made.clusters)
    found: list[Estimate | NotEstimable] = []
    for a in at:
        k = int(np.searchsorted(made.axis, a, side="right")) - 1
        value = float(made.curve[k]) if k >= 0 else 1.0
        if a > made.axis[-1] and value > 0:
            found.append(NotEstimable(f"nobody was followed for {a:g}"))
            continue
        half = made.half(k, level) if 0 < value < 1 else 0.0
        low = 1 - unseen if value >= 1 else max(value - half, 0.0)
        high = unseen if value <= 0 else min(value + half, 1.0)
        done = int((made.done & (made.place <= k)).sum())
        found.append(Estimate(value, low, high, "share", made.clusters, done, level))
    return tuple(found)


@dataclass(frozen=True)
class _Curve:
    """The Kaplan-Meier ``curve`` at the times of ``axis`` (k each), and of each row (n) its time, end and cluster."""

    axis: Floats
    place: npt.NDArray[np.int64]
    done: npt.NDArray[np.bool_]
    code: npt.NDArray[np.int64]
    clusters: int
    events: Floats
    at_risk: Floats
    curve: Floats

    def half(self, k: int, level: float) -> float:
        """Return half the length of the interval of the curve at the k-th time."""
        rows = _influence(self.place, self.done, self.events, self.at_risk, self.curve, k)
        moved = np.bincount(self.code, rows, minlength=self.clusters)
        se = float(np.sqrt(self.clusters / (self.clusters - 1) * (moved**2).sum()))
        return float(stdtrit(self.clusters - 1, (1 + level) / 2)) * se


def _curve(time: npt.ArrayLike, ended: npt.ArrayLike, cluster: npt.ArrayLike | None) -> _Curve | NotEstimable:
    t, done = np.asarray(time, dtype=float), np.asarray(ended, dtype=bool)
    if t.ndim != 1 or done.shape != t.shape or not np.isfinite(t).all() or (t < 0).any():
        raise ValueError(f"time has shape {t.shape} and ended {done.shape}; expected (n,) each, times >= 0 and known")
    code = np.arange(len(t)) if cluster is None else np.unique(np.asarray(cluster), return_inverse=True)[1]
    clusters = int(code.max()) + 1 if len(code) else 0
    if min(len(t), clusters) < FEWEST:
        return NotEstimable(f"{len(t)} durations of {clusters} clusters are too few; {FEWEST} are needed")
    axis, place = np.unique(t, return_inverse=True)
    events = np.bincount(place[done], minlength=len(axis)).astype(float)
    at_risk = len(t) - np.append(0.0, np.cumsum(np.bincount(place, minlength=len(axis)))[:-1])
    return _Curve(axis, place, done, code, clusters, events, at_risk, np.cumprod(1 - events / at_risk))


def _influence(
    place: npt.NDArray[np.int64],
    done: npt.NDArray[np.bool_],
    events: Floats,
    at_risk: Floats,
    curve: Floats,
    k: int,
) -> Floats:
    """Return by how much each row moves the curve at the k-th time: its derivative in the row's weight."""
    if curve[k] <= 0:
        # Everything has ended: near the end the curve moves like the share that is left.
        return np.where(place <= k, -1.0, 0.0) / len(place) + (place <= k).mean() / len(place)
    some = events[: k + 1] > 0
    kept = np.zeros(k + 1)
    kept[some] = (events / (at_risk * np.maximum(at_risk - events, 1)))[: k + 1][some]
    kept = np.cumsum(kept)
    here = np.minimum(place, k)
    inside = done & (place <= k)
    before = np.append(0.0, kept)[here]
    moved = np.where(inside, before - 1 / at_risk[here], kept[here])
    return np.asarray(curve[k] * moved)


def _crossing(axis: Floats, curve: Floats, level: float, otherwise: float) -> float:
    """Return the first time at which the curve is at or below a level; ``otherwise`` where that is never so."""
    if level >= 1:
        return float(axis[0]) if otherwise == 0.0 else otherwise
    below = np.flatnonzero(curve <= level)
    return float(axis[below[0]]) if len(below) else np.inf
