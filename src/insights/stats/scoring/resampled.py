"""Scores of predicted risks, overall and by tenths, with intervals from one bootstrap of the clusters.

Everything is made of sums by cluster: a replicate is a product of its weights with them, so that hundreds of replicates
of all scores at once cost little more than the scores themselves.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.calibration import risk_groups
from insights.stats.inputs import Floats, Ints, check_level
from insights.stats.resampling import Replicates, bootstrap
from insights.stats.results import Estimate, NotEstimable, Result
from insights.stats.scoring.brier import read_horizons, read_predictions, read_weight
from insights.stats.scoring.weights import AtHorizon, follow

SOURCE = (
    "Efron & Tibshirani (1993), An introduction to the bootstrap, ch. 8 (clusters); scores as in brier_score, "
    "dynamic_auc, recalibration, calibration and capture"
)
MOST_RANKS = 400
"""Risks are put into at most so many groups of equal size for the AUC and the slope; where fewer differ, they stay."""

REPLICATES_AT_ONCE = 50

OVERALL = ("observed", "expected", "ratio", "brier", "null_brier", "skill", "auc", "slope", "capture", "lift")
BY_GROUP = ("observed", "expected", "ratio")
FEWEST = {"auc": 10, "slope": 50, "capture": 10, "lift": 10, "ratio": 10}
"""Events that a score needs; the AUC and the slope as many without the event."""


@dataclass(frozen=True, eq=False)
class ResampledScores(Result):
    """Scores at one horizon.

    ``table``: score, group (0: all; 1 has the lowest risks), value, low, high, se, n, n_events, reason. For all and by
    group: observed and expected share, and ratio (observed / expected). For all: brier, null_brier, skill (1 - brier /
    null_brier), auc, slope (of a logistic recalibration), capture (share of the events that happen to the tenth of the
    rows with the highest risks, ties sharing the last places) and lift (the rate of the highest group / that of all).
    ``replicates`` holds the parts in that order.
    """

    replicates: Replicates | None = field(default=None, repr=False)

    def at(self, score: str, group: int = 0) -> Estimate | NotEstimable:
        """Return one of the scores; raises ValueError for a score or group that there is not."""
        i = self._place(score, group)
        row = self.table.iloc[i]
        if row["reason"]:
            return NotEstimable(str(row["reason"]))
        value, low, high, se = (float(row[c]) for c in ("value", "low", "high", "se"))
        return Estimate(value, low, high, unit_of(score), int(row["n"]), int(row["n_events"]), se=se)

    def less(self, other: "ResampledScores", score: str, group: int = 0) -> Estimate | NotEstimable:
        """Return this score less that of other predictions for the same rows, with its paired interval."""
        mine, theirs = self.at(score, group), other.at(score, group)
        for told in (mine, theirs):
            if isinstance(told, NotEstimable):
                return told
        assert self.replicates is not None
        assert other.replicates is not None
        assert isinstance(mine, Estimate)
        i, j = self._place(score, group), other._place(score, group)
        gap = _part(self.replicates, i) - _part(other.replicates, j)
        return gap.estimate(unit=mine.unit, n_events=mine.n_events)

    def _place(self, score: str, group: int) -> int:
        found = np.flatnonzero((self.table["score"] == score) & (self.table["group"] == group))
        if not len(found):
            raise ValueError(f"there is no score {score!r} of group {group}; expected one of the table's")
        return int(found[0])


def resampled_scores(
    time: npt.ArrayLike,
    cause: npt.ArrayLike,
    risk: npt.ArrayLike,
    horizon: float,
    *,
    cluster: npt.ArrayLike,
    null: npt.ArrayLike,
    of: str | None = None,
    amount: npt.ArrayLike | None = None,
    within: npt.ArrayLike | None = None,
    groups: int = 10,
    seed: str = "scores",
    replicates: int = 400,
    level: float = 0.95,
) -> ResampledScores | NotEstimable:
    """Score predicted probabilities of the event by the horizon (months), all and by group, with bootstrap intervals.

    ``time``, ``cause``, ``risk`` (n), ``of`` as in ``brier_score``. ``cluster`` (n) names what is drawn together.
    ``null`` (one, or n) is the incidence that the null model tells everybody, from data before the predictions.
    ``amount`` (n) >= 0 is what a row counts, such as money. ``within`` (n): ranks, groups, pairs of the AUC and the
    censoring weights are made within each of these strata, such as the date of the prediction, and then put together.

    Those lost before the horizon are made up for by inverse probability of censoring; the weights, the ranks and the
    cuts between groups are those of the data themselves in every replicate (the threshold of capture is not). AUC and
    slope see at most 400 ranks by stratum, which costs them less than 1e-3.

    NotEstimable where all who are left are lost before the horizon; a score whose events are too few has a reason in
    its row, and so have all with fewer than 20 clusters. Raises ValueError as ``brier_score``, and for fewer than 400
    replicates.
    """
    check_level(level)
    months = float(read_horizons([horizon])[0])
    strata = np.zeros(len(np.asarray(time)), dtype=int) if within is None else pd.factorize(np.asarray(within))[0]
    followed = follow(time, cause, of, strata.astype(str))
    n = len(followed.time)
    risks = read_predictions(risk, n, 1, "risk")[:, 0]
    base = np.broadcast_to(np.asarray(null, dtype=float), (n,))
    if ((risks < 0) | (risks > 1)).any() or not ((base >= 0) & (base <= 1)).all():
        raise ValueError("some risks lie outside 0 to 1; expected probabilities")
    known = followed.at(months)
    if isinstance(known, NotEstimable):
        return known
    sample = _Sample(known, risks, base, read_weight(amount, n), strata, groups)
    unit, units = pd.factorize(np.asarray(cluster))
    table = sample.sums(unit, len(units))
    drawn = bootstrap(
        lambda weights: sample.scores(np.asarray(weights @ table)),
        units,
        seed=seed,
        replicates=replicates,
        at_once=REPLICATES_AT_ONCE,
    )
    drawn = replace(drawn, n=n)
    names = [(score, 0) for score in OVERALL] + [(s, g) for g in range(1, groups + 1) for s in BY_GROUP]
    lines = [_line(drawn, i, score, group, sample, level) for i, (score, group) in enumerate(names)]
    columns = ["score", "group", "value", "low", "high", "se", "n", "n_events", "reason"]
    return ResampledScores(pd.DataFrame(lines, columns=columns), (), SOURCE, drawn)


@dataclass(frozen=True)
class _Sample:
    """Rows at one horizon and where they stand; ``rank`` and ``place`` (n) are made once."""

    known: AtHorizon
    risk: Floats
    null: Floats
    amount: Floats
    strata: Ints
    groups: int
    rank: Ints = field(init=False)
    place: Ints = field(init=False)
    logit: Floats = field(init=False)

    def __post_init__(self) -> None:
        rank, place = np.zeros(len(self.risk), dtype=np.int64), np.zeros(len(self.risk), dtype=np.int64)
        for s in np.unique(self.strata):
            at = np.flatnonzero(self.strata == s)
            rank[at] = s * MOST_RANKS + _ranks(self.risk[at])
            place[at] = risk_groups(self.risk[at], self.groups) - 1
        size = np.maximum(np.bincount(rank, minlength=self.ranks), 1)
        inside = np.clip(self.risk, 1e-12, 1 - 1e-12)
        x = np.bincount(rank, np.log(inside) - np.log1p(-inside), self.ranks) / size
        for name, value in (("rank", rank), ("place", place), ("logit", x)):
            object.__setattr__(self, name, value)

    @property
    def ranks(self) -> int:
        return (int(self.strata.max(initial=0)) + 1) * MOST_RANKS

    @property
    def event(self) -> npt.NDArray[np.bool_]:
        return self.known.event & (self.known.weight > 0) & (self.amount > 0)

    def counted(self, group: int) -> tuple[int, int, int]:
        """Return rows, events and rows known without the event, of one group or of all (0)."""
        own = np.ones(len(self.risk), dtype=bool) if group == 0 else self.place == group - 1
        others = (self.known.weight > 0) & (self.amount > 0) & ~self.event
        return int((own & (self.amount > 0)).sum()), int((own & self.event).sum()), int((own & others).sum())

    def sums(self, unit: Ints, units: int) -> Any:
        """Return the sums by unit (units, 3 ranks + 3 + 4 groups), sparse."""
        from scipy.sparse import csr_array

        weight, y = self.known.weight * self.amount, self.event.astype(float)
        first = 3 * self.ranks
        parts = [
            (self.rank + self.ranks * self.event, weight),
            (self.rank + 2 * self.ranks, np.ones(len(y))),
            (np.full(len(y), first), weight * (y - self.risk) ** 2),
            (np.full(len(y), first + 1), weight * (y - self.null) ** 2),
            (np.full(len(y), first + 2), weight),
        ]
        of_group = (weight * y, weight, self.amount * self.risk, self.amount)
        parts += [(first + 3 + 4 * self.place + k, values) for k, values in enumerate(of_group)]
        columns = np.concatenate([at for at, _ in parts])
        values = np.concatenate([v for _, v in parts])
        shape = (units, first + 3 + 4 * self.groups)
        return csr_array((values, (np.tile(unit, len(parts)), columns)), shape=shape)

    def scores(self, s: Floats) -> Floats:
        """Return all scores (r, m) from the sums of replicates (r, columns of ``sums``); nan where one fails."""
        k, first, r = self.ranks, 3 * self.ranks, len(s)
        control, case, size = (s[:, at : at + k].reshape(r, -1, MOST_RANKS) for at in (0, k, 2 * k))
        brier, null = s[:, first] / s[:, first + 2], s[:, first + 1] / s[:, first + 2]
        happened, weight, expected, amount = s[:, first + 3 :].reshape(r, self.groups, 4).transpose(2, 0, 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            observed, told = happened / weight, expected / amount
            share, mean = happened.sum(axis=1) / weight.sum(axis=1), expected.sum(axis=1) / amount.sum(axis=1)
            top = _top(size, 1 / self.groups)
            overall = [
                share,
                mean,
                share / mean,
                brier,
                null,
                1 - brier / null,
                _area(case, control),
                _slope(self.logit, case.reshape(r, -1), control.reshape(r, -1)),
                (top * case).sum(axis=(1, 2)) / case.sum(axis=(1, 2)),
                observed[:, -1] / share,
            ]
            by_group = np.stack([observed, told, observed / told], axis=2)
        return np.concatenate([np.stack(overall, axis=1), by_group.reshape(r, -1)], axis=1)


def _ranks(risk: Floats) -> Ints:
    """Return the rank group (n) of each risk, from 0: that of its distinct value where these are few enough."""
    values, place = np.unique(risk, return_inverse=True)
    return place if len(values) <= MOST_RANKS else risk_groups(risk, MOST_RANKS) - 1


def _area(case: Floats, control: Floats) -> Floats:
    """Return the AUC (r) over pairs of the same stratum; (r, S, ranks) each; nan where there is no pair."""
    below = np.cumsum(control, axis=2) - control / 2
    pairs = (case.sum(axis=2) * control.sum(axis=2)).sum(axis=1)
    return np.where(pairs > 0, (case * below).sum(axis=(1, 2)) / pairs, np.nan)


def _top(size: Floats, share: float) -> Floats:
    """Return what part (r, S, ranks) of each rank is among the share of its stratum's rows with the highest risks."""
    above = size[..., ::-1].cumsum(axis=2)[..., ::-1] - size
    room = share * size.sum(axis=2, keepdims=True) - above
    return np.clip(np.divide(room, size, out=np.zeros_like(size), where=size > 0), 0.0, 1.0)


def _slope(x: Floats, case: Floats, control: Floats) -> Floats:
    """Return the slopes (r) of logistic regressions of the event on the logit (ranks) of its risk; nan for none."""
    found = np.full(len(case), np.nan)
    used = (case + control > 0).any(axis=0)
    x, case, size = x[used], case[:, used], (case + control)[:, used]
    some = size > 0
    spread_of_x = np.where(some, x, -np.inf).max(axis=1, initial=-np.inf) - np.where(some, x, np.inf).min(
        axis=1, initial=np.inf
    )
    left = np.flatnonzero(spread_of_x >= 1e-9)  # the replicates under way
    case, size, longest_x = case[left], size[left], spread_of_x[left]
    # Intercept and slope then hardly pull at each other.
    z = x - (size @ x / size.sum(axis=1))[:, None]
    share = np.clip(case.sum(axis=1) / size.sum(axis=1), 1e-12, 1 - 1e-12)
    a, b = np.log(share / (1 - share)), np.ones(len(left))
    for _ in range(60):
        p = 1 / (1 + np.exp(-np.clip(a[:, None] + b[:, None] * z, -35, 35)))
        rest, spread = case - size * p, size * p * (1 - p)
        s0, s1, s2 = spread.sum(axis=1), (spread * z).sum(axis=1), (spread * z * z).sum(axis=1)
        u0, u1 = rest.sum(axis=1), (rest * z).sum(axis=1)
        scale = s0 * s2 - s1 * s1
        da, db = (s2 * u0 - s1 * u1) / scale, (s0 * u1 - s1 * u0) / scale
        # A step beyond this is one out of the region where the likelihood is nearly quadratic.
        longest = np.maximum(np.abs(da), np.abs(db) * longest_x / 4)
        step = np.minimum(1.0, np.divide(2.0, longest, out=np.ones_like(longest), where=longest > 0))
        a, b = a + step * da, b + step * db
        done = (scale > 0) & (np.abs(da) + np.abs(db) < 1e-9)
        found[left[done]] = b[done]
        on = (scale > 0) & ~done
        if not on.any():
            break
        left, z, case, size, longest_x, a, b = (v[on] for v in (left, z, case, size, longest_x, a, b))
    return found


def unit_of(score: str) -> str:
    """Return the unit of a score."""
    if score in ("ratio", "lift", "slope"):
        return "ratio"
    return "squared error" if "brier" in score else "share"


def _part(drawn: Replicates, i: int) -> Replicates:
    return replace(drawn, value=drawn.value[i : i + 1], values=drawn.values[:, i : i + 1])


def _line(drawn: Replicates, i: int, score: str, group: int, sample: _Sample, level: float) -> dict[str, object]:
    n, events, others = sample.counted(group)
    line: dict[str, object] = {"score": score, "group": group, "n": n, "n_events": events}
    told: Estimate | NotEstimable | None = _refused(score, group, events, others, sample)
    if told is None:
        told = drawn.estimate(i, level=level, n_events=events)
    if isinstance(told, NotEstimable):
        return line | {"reason": told.reason}
    return line | {"value": told.value, "low": told.low, "high": told.high, "se": told.se, "reason": ""}


def _refused(score: str, group: int, events: int, others: int, sample: _Sample) -> NotEstimable | None:
    """Return the reason why a score is not told."""
    if score == "lift" and not sample.counted(sample.groups)[0]:
        return NotEstimable("too many risks are equal: there is no highest group")
    if group and not sample.counted(group)[0]:
        return NotEstimable("too many risks are equal: the group is empty")
    least = FEWEST.get(score, 0) if score != "ratio" or group == 0 else 1
    if events < least:
        return NotEstimable(f"{events} with the event are too few; it needs {least}")
    if score in ("auc", "slope") and others < least:
        return NotEstimable(f"{others} without the event are too few; it needs {least}")
    return None
