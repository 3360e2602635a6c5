"""How good predictions were: Brier score and its skill, under censoring and competing risks."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.influence import Influenced, Rows, cluster_codes, total
from insights.stats.inputs import Floats, check_level
from insights.stats.results import Estimate, NotEstimable, Result
from insights.stats.scoring.weights import AtHorizon, Convention, follow

SOURCE = (
    "Graf, Schmoor, Sauerbrei & Schumacher (1999); competing risks: Schoop, Beyersmann, Schumacher & Binder (2011), "
    "Quantifying the predictive accuracy of time-to-event models in the presence of competing risks"
)


@dataclass(frozen=True, eq=False)
class BrierScores(Result):
    """Scores by horizon.

    ``table``: months, brier, low, high, se, null_brier, skill, skill_low, skill_high, skill_se, n, n_events, reason;
    one row per horizon. Skill is 1 - brier / null_brier: 1 is perfect, 0 no better than telling everybody the average.
    """

    months: Floats = field(default_factory=lambda: np.zeros(0))
    rows: Rows | None = field(default=None, repr=False)
    scores: tuple[Influenced | NotEstimable, ...] = field(default=(), repr=False)
    nulls: tuple[Influenced | NotEstimable, ...] = field(default=(), repr=False)
    events: tuple[int, ...] = field(default=(), repr=False)

    def at(self, months: float) -> Estimate | NotEstimable:
        """Return the Brier score at one of the horizons (0 is perfect)."""
        i = horizon_place(self.months, months)
        return self._told(self.scores[i], self.events[i], "squared error", "log")

    def skill(self, months: float) -> Estimate | NotEstimable:
        """Return the skill at one of the horizons; its interval knows that the null model comes from the same rows."""
        i = horizon_place(self.months, months)
        return self._told(_skill(self.scores[i], self.nulls[i]), self.events[i], "share", "plain")

    def integrated(self) -> Estimate | NotEstimable:
        """Return the mean Brier score from the first to the last horizon (trapezoidal rule)."""
        return self._told(self._integral(self.scores), self.events[-1], "squared error", "log")

    def integrated_null(self) -> Estimate | NotEstimable:
        """Return the mean Brier score of the null model from the first to the last horizon."""
        return self._told(self._integral(self.nulls), self.events[-1], "squared error", "log")

    def integrated_skill(self) -> Estimate | NotEstimable:
        """Return 1 less the ratio of the mean scores of the predictions and of the null model."""
        skill = _skill(self._integral(self.scores), self._integral(self.nulls))
        return self._told(skill, self.events[-1], "share", "plain")

    def difference(self, other: "BrierScores", months: float | None = None) -> Estimate | NotEstimable:
        """Return this score less the other one, both of the same rows, with the paired error; below 0 this is better.

        At one horizon, or integrated where ``months`` is left out. Raises ValueError for scores of other rows.
        """
        if months is None:
            mine, theirs, at = self._integral(self.scores), other._integral(other.scores), -1
        else:
            at = horizon_place(self.months, months)
            mine, theirs = self.scores[at], other.scores[horizon_place(other.months, months)]
        return self._told(paired(self.rows, other.rows, mine, theirs), self.events[at], "squared error", "plain")

    def _integral(self, parts: Sequence[Influenced | NotEstimable]) -> Influenced | NotEstimable:
        if len(parts) < 2:
            return NotEstimable("an integral needs two horizons or more")
        known = []
        for part in parts:
            if isinstance(part, NotEstimable):
                return part
            known.append(part)
        widths = np.diff(self.months)
        factors = np.concatenate([[0.0], widths]) + np.concatenate([widths, [0.0]])
        return total(known, factors / 2 / (self.months[-1] - self.months[0]))

    def _told(self, found: Influenced | NotEstimable, n_events: int, unit: str, scale: str) -> Estimate | NotEstimable:
        assert self.rows is not None
        return found if isinstance(found, NotEstimable) else found.estimate(self.rows, unit, n_events, scale)


def brier_score(
    time: npt.ArrayLike,
    cause: npt.ArrayLike,
    risk: npt.ArrayLike,
    horizons: Sequence[float],
    *,
    of: str | None = None,
    null: npt.ArrayLike | None = None,
    weight: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    strata: npt.ArrayLike | None = None,
    convention: Convention = "exact",
    level: float = 0.95,
) -> BrierScores:
    """Score predicted probabilities of having had the event by each of the horizons.

    What is given
    -------------
    time, cause : (n) months from the prediction to the end of observation, and why it ended, as in ``risk_table``. All
        rows are followed from month 0.
    risk : (n, H) or, for one horizon, (n) predicted probability of the event ``of`` by the horizon.
    horizons : H months, ascending.
    of : the cause that was predicted; may be left out where there is only one. Those who had another one count as not
        having had it, for good.
    null : (H) what everybody is told by the null model; without it, the incidence in these very rows, which favours
        the null model a little. Out of time, give the incidence of the training data.
    weight : (n) >= 0, what a row counts in the mean, such as an amount. It does not shape the censoring weights.
    cluster : (n) rows of one unit or group, for the errors.
    strata : (n) the censoring is estimated within each.
    convention : of events and censorings that share a time, see ``follow``.

    The squared errors of those whose outcome is known are weighted by one over the probability of being known, which
    Kaplan-Meier of the censoring gives (``follow``). Errors: infinitesimal jackknife, that of the censoring weights
    included. NotEstimable beyond the last time at which anybody is left, and below 20 rows or clusters.

    Assumption: censoring independent of event, and of prediction, within strata. Broken when observation ends for
    those at high risk first: see ``censoring_weights``.

    Raises ValueError for shapes that do not fit, probabilities outside 0 to 1, and horizons that do not ascend.
    """
    check_level(level)
    followed = follow(time, cause, of, strata, convention)
    months, n = read_horizons(horizons), len(followed.time)
    risks = read_predictions(risk, n, len(months), "risk")
    if ((risks < 0) | (risks > 1)).any():
        raise ValueError("some risks lie outside 0 to 1; expected probabilities")
    amount = read_weight(weight, n)
    rows = Rows(n, cluster_codes(cluster, n), level)
    told = None if null is None else np.asarray(null, dtype=float)
    if told is not None and told.shape != months.shape:
        raise ValueError(f"null has shape {told.shape}; expected {months.shape}, one incidence per horizon")
    scores: list[Influenced | NotEstimable] = []
    nulls: list[Influenced | NotEstimable] = []
    events = []
    for i, month in enumerate(months):
        known = followed.at(float(month))
        events.append(int(((followed.time <= month) & (followed.cause == followed.of)).sum()))
        if isinstance(known, NotEstimable):
            scores.append(known)
            nulls.append(known)
            continue
        scores.append(known_mean(known, (known.event - risks[:, i]) ** 2, amount))
        if told is None:
            share = known_mean(known, known.event.astype(float), amount)
            # The weighted squared error of the share itself is that of a Bernoulli variable.
            nulls.append(Influenced(share.value * (1 - share.value), (1 - 2 * share.value) * share.influence))
        else:
            nulls.append(known_mean(known, (known.event - told[i]) ** 2, amount))
    table = _table(months, scores, nulls, events, rows)
    return BrierScores(table, (), SOURCE, months, rows, tuple(scores), tuple(nulls), tuple(events))


def known_mean(known: AtHorizon, values: Floats, amount: Floats) -> Influenced:
    """Return the mean of the values (n) of those whose outcome is known, weighted for those whose is not."""
    scale = known.total(amount)
    mean = float((known.weight * amount) @ values) / scale
    if known.followed.convention == "exact":
        terms = amount * (values - mean)
        moved = known.weight * terms + known.through_weights(terms)
    else:
        terms = amount * values
        moved = known.weight * terms - amount * mean + known.through_weights(terms)
    return Influenced(mean, moved / scale)


def horizon_place(horizons: Floats, months: float) -> int:
    """Return which of the horizons it is; raises ValueError for any other month."""
    found = np.flatnonzero(horizons == months)
    if not len(found):
        raise ValueError(f"{months:g} is none of the horizons; expected one of those that were scored")
    return int(found[0])


def paired(
    rows: Rows | None, others: Rows | None, mine: Influenced | NotEstimable, theirs: Influenced | NotEstimable
) -> Influenced | NotEstimable:
    """Return mine less theirs, both of the same rows; raises ValueError for other rows."""
    if rows is None or others is None or rows.n != others.n:
        raise ValueError("the scores are of other rows; expected two scores of the same rows in one order")
    if isinstance(mine, NotEstimable):
        return mine
    return theirs if isinstance(theirs, NotEstimable) else mine - theirs


def read_horizons(horizons: Sequence[float]) -> Floats:
    """Return the horizons; raises ValueError unless they ascend from above 0."""
    months = np.asarray(horizons, dtype=float)
    if months.ndim != 1 or not len(months) or not (months > 0).all() or not (np.diff(months) > 0).all():
        raise ValueError("the horizons do not ascend from above 0; expected months such as (3, 6, 12)")
    return months


def read_predictions(values: npt.ArrayLike, n: int, horizons: int, name: str) -> Floats:
    """Return predictions as (n, H); one column serves all horizons of scores that only rank."""
    array = np.asarray(values, dtype=float)
    if array.ndim == 1 and horizons == 1:
        array = array[:, None]
    if array.shape != (n, horizons):
        raise ValueError(f"{name} has shape {array.shape}; expected ({n}, {horizons}), a column per horizon")
    if bad := int((~np.isfinite(array)).sum()):
        raise ValueError(f"{bad} values of {name} are missing or infinite; expected numbers")
    return array


def read_weight(weight: npt.ArrayLike | None, n: int) -> Floats:
    """Return what each row counts (n), 1 without weights; raises ValueError unless they are finite and >= 0."""
    if weight is None:
        return np.ones(n)
    array = np.asarray(weight, dtype=float)
    if array.shape != (n,):
        raise ValueError(f"weight has shape {array.shape}; expected ({n},)")
    if not (np.isfinite(array) & (array >= 0)).all() or not array.any():
        raise ValueError("some weights are missing, infinite or negative, or all are 0; expected numbers >= 0")
    return array


def _skill(score: Influenced | NotEstimable, null: Influenced | NotEstimable) -> Influenced | NotEstimable:
    if isinstance(score, NotEstimable):
        return score
    if isinstance(null, NotEstimable):
        return null
    if null.value <= 0:
        return NotEstimable("everybody or nobody had the event by then: the null model makes no error to improve on")
    return (score / null).scaled(-1.0, 1.0)


def _table(
    months: Floats,
    scores: list[Influenced | NotEstimable],
    nulls: list[Influenced | NotEstimable],
    events: list[int],
    rows: Rows,
) -> pd.DataFrame:
    lines = []
    for month, score, null, n_events in zip(months, scores, nulls, events, strict=True):
        line: dict[str, object] = {"months": month, "n": rows.n, "n_events": n_events, "reason": ""}
        for name, found, scale in (("", score, "log"), ("skill_", _skill(score, null), "plain")):
            told = found if isinstance(found, NotEstimable) else found.estimate(rows, "", n_events, scale)
            if isinstance(told, NotEstimable):
                line["reason"] = told.reason
                continue
            line |= {name.strip("_") or "brier": told.value}
            line |= {f"{name}low": told.low, f"{name}high": told.high, f"{name}se": told.se}
        if isinstance(null, Influenced):
            line["null_brier"] = null.value
        lines.append(line)
    columns = ["months", "brier", "low", "high", "se", "null_brier", "skill", "skill_low", "skill_high", "skill_se"]
    return pd.DataFrame(lines, columns=[*columns, "n", "n_events", "reason"])
