"""Do predicted probabilities mean what they say? Observed against expected, by group of risk; the share captured."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.counts import count_risk
from insights.stats.incidence import incidence_band
from insights.stats.influence import Influenced, Rows, cluster_codes
from insights.stats.inputs import Floats, Ints, check_level, read_rows
from insights.stats.intervals import no_event_bound
from insights.stats.results import Estimate, NotEstimable, Result, TestResult
from insights.stats.scoring import known_mean, read_horizons, read_predictions, read_weight
from insights.stats.scoring.weights import AtHorizon, Followed, follow
from insights.stats.steps import make_steps

SOURCE = (
    "Demler, Paynter & Cook (2015), Tests of calibration and goodness-of-fit in the survival setting; van Calster et "
    "al. (2019), Calibration: the Achilles heel of predictive analytics"
)
FEWEST_PER_GROUP = 10
FEWEST_EVENTS = 10


@dataclass(frozen=True, eq=False)
class Calibration(Result):
    """Observed against expected share at one horizon.

    ``table``: group (1 has the lowest risks), n, n_events, expected, observed, low, high, se, ratio, ratio_low,
    ratio_high, reason. ``overall`` is observed divided by expected for all. ``checks`` holds the test that all groups
    are as predicted.
    """

    overall: Estimate | NotEstimable = field(default_factory=lambda: NotEstimable("there are no rows"))
    months: float = 0.0


def calibration(
    time: npt.ArrayLike,
    cause: npt.ArrayLike,
    risk: npt.ArrayLike,
    horizon: float,
    *,
    of: str | None = None,
    groups: int = 10,
    weight: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> Calibration:
    """Compare the observed share with the event by the horizon with the mean prediction, overall and by risk.

    Parameters as in ``brier_score``; ``risk`` (n) is the predicted probability by the horizon (months). The rows are
    cut into groups of equal size by their risk, equal risks staying together. Within each group the observed share is
    the Aalen-Johansen incidence, so that those lost on the way are accounted for by their own kind; with ``weight`` it
    is the share of the amounts, by inverse probability of censoring within the group.

    Intervals: those of the incidence, the predictions taken as fixed; with ``weight`` or ``cluster`` those of the
    infinitesimal jackknife (logit scale; the ratio on the log scale), which need 20 clusters and an event.

    The test adds up (observed - expected)^2 / variance over the groups, those with fewer than 10 events joined to a
    neighbour, and has one degree of freedom per group: it holds for predictions that were made without these rows, and
    not for those that were fitted to them.

    Raises ValueError as ``brier_score`` does, and for fewer than two groups.
    """
    check_level(level)
    months = read_horizons([horizon])[0]
    followed = follow(time, cause, of)
    n = len(followed.time)
    told = read_predictions(risk, n, 1, "risk")[:, 0]
    if ((told < 0) | (told > 1)).any():
        raise ValueError("some risks lie outside 0 to 1; expected probabilities")
    if groups < 2:
        raise ValueError(f"there are {groups} groups; expected two or more")
    amount = None if weight is None else read_weight(weight, n)
    own = cluster_codes(cluster, n)
    sample = _Sample(followed, told, amount, own, float(months), level)
    place = risk_groups(told, groups)
    lines = [{"group": int(g)} | sample.line(np.flatnonzero(place == g)) for g in np.unique(place)]
    columns = ["group", "n", "n_events", "expected", "observed", "low", "high", "se"]
    table = pd.DataFrame(lines, columns=[*columns, "ratio", "ratio_low", "ratio_high", "reason"])
    return Calibration(table, (_test(sample, place),), SOURCE, _overall(sample), float(months))


def risk_groups(risk: Floats, groups: int) -> Ints:
    """Return the group (n), 1 to ``groups``, of each risk by its rank; equal risks are in the same group."""
    values, place, size = np.unique(risk, return_inverse=True, return_counts=True)
    middle = np.cumsum(size) - size / 2
    cut = np.minimum((middle * groups / len(risk)).astype(np.int64), groups - 1) + 1
    return np.asarray(cut[place]) if len(values) else np.zeros(0, dtype=np.int64)


def capture(
    time: npt.ArrayLike,
    cause: npt.ArrayLike,
    risk: npt.ArrayLike,
    horizon: float,
    *,
    share: float = 0.1,
    of: str | None = None,
    weight: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate | NotEstimable:
    """Return the share of all events by the horizon that happen to the ``share`` of rows with the highest risk.

    Parameters as in ``brier_score``; with ``weight`` it is the share of the amounts of those who have the event. Rows
    that tie at the threshold share the places that are left. Those lost on the way are made up for by inverse
    probability of censoring. Interval: logit scale, infinitesimal jackknife with the uncertainty of the threshold,
    whose event rate is taken from the rows around it. NotEstimable below 10 events. Without skill it is ``share``.
    """
    check_level(level)
    if not 0 < share < 1:
        raise ValueError(f"the share is {share}; expected a number between 0 and 1, such as 0.1")
    months = float(read_horizons([horizon])[0])
    followed = follow(time, cause, of)
    n = len(followed.time)
    told = read_predictions(risk, n, 1, "risk")[:, 0]
    amount = read_weight(weight, n)
    rows = Rows(n, cluster_codes(cluster, n), level)
    known = followed.at(months)
    if isinstance(known, NotEstimable):
        return known
    seen = int((known.event & (amount > 0)).sum())
    if seen < FEWEST_EVENTS:
        return NotEstimable(f"{seen} events by {months:g} months are too few; it needs {FEWEST_EVENTS}")
    top, rate = _top(told, share, known, amount)
    happened = amount * known.event
    all_of = float(known.weight @ happened)
    value = float(known.weight @ (happened * top)) / all_of
    terms = happened * (top - value)
    moved = (known.weight * terms + known.through_weights(terms) - rate * (top - share)) / all_of
    return Influenced(value, moved).estimate(rows, "share", seen, "logit")


@dataclass(frozen=True)
class _Sample:
    followed: Followed
    risk: Floats
    amount: Floats | None
    cluster: Ints | None
    months: float
    level: float

    @property
    def simple(self) -> bool:
        """Every row counts once and on its own, so that the incidence itself answers."""
        return self.amount is None and self.cluster is None

    def observed(self, rows: Ints) -> Estimate | NotEstimable:
        """Return the observed share of some rows."""
        if self.simple:
            return _incidence(self.followed.time[rows], self.codes(rows), self.months, self.level)
        found = self.share(rows)
        if isinstance(found, NotEstimable):
            return found
        influenced, _, events = found
        return influenced.estimate(self._rows(rows), "share", events, "logit")

    def share(self, rows: Ints) -> tuple[Influenced, Influenced, int] | NotEstimable:
        """Return the observed and the expected share of some rows, with their influences, and the events."""
        codes = self.codes(rows)
        if not (codes == 1).any():
            return NotEstimable("there is no event")
        part = follow(self.followed.time[rows], codes, "1")
        known = part.at(self.months)
        if isinstance(known, NotEstimable):
            return known
        amount = np.ones(len(rows)) if self.amount is None else self.amount[rows]
        if not amount.any():
            return NotEstimable("all rows have weight 0")
        expected = float(amount @ self.risk[rows] / amount.sum())
        moved = amount * (self.risk[rows] - expected) / amount.sum()
        return known_mean(known, known.event.astype(float), amount), Influenced(expected, moved), int(known.event.sum())

    def line(self, rows: Ints) -> dict[str, object]:
        """Return the row of the table for some rows."""
        f = self.followed
        events = int(((f.cause[rows] == f.of) & (f.time[rows] <= self.months)).sum())
        amount = np.ones(len(rows)) if self.amount is None else self.amount[rows]
        expected = float(amount @ self.risk[rows] / amount.sum()) if amount.any() else float("nan")
        line: dict[str, object] = {"n": len(rows), "n_events": events, "expected": expected}
        found = self.observed(rows)
        if isinstance(found, NotEstimable):
            return line | {"reason": found.reason}
        line |= {"observed": found.value, "low": found.low, "high": found.high, "se": found.se, "reason": ""}
        ratio = self.ratio(rows, found, expected)
        if isinstance(ratio, NotEstimable):
            return line | {"reason": ratio.reason}
        return line | {"ratio": ratio.value, "ratio_low": ratio.low, "ratio_high": ratio.high}

    def ratio(self, rows: Ints, observed: Estimate, expected: float) -> Estimate | NotEstimable:
        """Return observed divided by expected."""
        if not expected > 0:
            return NotEstimable("the mean prediction is 0: nothing can be divided by it")
        if self.simple:
            value, low, high = (x / expected for x in (observed.value, observed.low, observed.high))
            se = None if observed.se is None else observed.se / expected
            return Estimate(value, low, high, "ratio", observed.n, observed.n_events, self.level, se)
        found = self.share(rows)
        if isinstance(found, NotEstimable):
            return found
        share, mean, events = found
        return (share / mean).estimate(self._rows(rows), "ratio", events, "log")

    def codes(self, rows: Ints) -> Ints:
        """Return 1 for the event meant, 2 for any other, 0 for censored."""
        cause = self.followed.cause[rows]
        return np.where(cause == self.followed.of, 1, np.where(cause > 0, 2, 0))

    def _rows(self, rows: Ints) -> Rows:
        cluster = None if self.cluster is None else np.unique(self.cluster[rows], return_inverse=True)[1]
        return Rows(len(rows), cluster, self.level)


def _incidence(time: Floats, codes: Ints, month: float, level: float) -> Estimate | NotEstimable:
    """Return the incidence of cause 1 by the month, as ``cumulative_incidence`` does, without its tables."""
    causes, counts = count_risk(read_rows(time, codes))
    steps = make_steps(causes, counts[0])
    place = steps.place(month)
    if isinstance(place, NotEstimable):
        return place
    if place < 0 or "1" not in causes:
        left = steps.at_risk[:1] if place < 0 else steps.least_at_risk[place : place + 1]
        return Estimate(0.0, 0.0, 1 - float(no_event_bound(left, level)[0]), "share", len(time), 0, level, 0.0)
    value, low, high, se = (float(v[place]) for v in incidence_band(steps, "1", level))
    done = round(float(steps.events[causes.index("1"), : place + 1].sum()))
    return Estimate(value, low, high, "share", len(time), done, level, se)


def _overall(sample: _Sample) -> Estimate | NotEstimable:
    rows = np.arange(len(sample.risk))
    observed = sample.observed(rows)
    if isinstance(observed, NotEstimable):
        return observed
    amount = np.ones(len(rows)) if sample.amount is None else sample.amount
    return sample.ratio(rows, observed, float(amount @ sample.risk / amount.sum()))


def _test(sample: _Sample, place: Ints) -> TestResult:
    name, null = "observed as expected", "in every group of risk, the share with the event is the mean prediction"
    f = sample.followed
    had = (f.cause == f.of) & (f.time <= sample.months)
    labels, index = np.unique(place, return_inverse=True)
    events = np.bincount(index, had, len(labels))
    if events.sum() < 2 * FEWEST_PER_GROUP:
        return TestResult(name, null, reason=f"{int(events.sum())} events are too few for two groups of risk")
    joined = _join(events.astype(float))
    statistic, df = 0.0, 0
    for g in np.unique(joined):
        rows = np.flatnonzero(joined[index] == g)
        found = sample.observed(rows)
        if isinstance(found, NotEstimable) or not found.se:
            reason = found.reason if isinstance(found, NotEstimable) else "a group has no error"
            return TestResult(name, null, reason=reason)
        amount = np.ones(len(rows)) if sample.amount is None else sample.amount[rows]
        expected = float(amount @ sample.risk[rows] / amount.sum())
        # The variance at the expected share: the one at the observed share is small where that share happens to be.
        seen, told = (p * (1 - p) for p in (found.value, expected))
        scale = told / seen if seen > 0 and told > 0 else 1.0
        statistic += (found.value - expected) ** 2 / (found.se**2 * scale)
        df += 1
    from scipy.special import chdtrc

    return TestResult(name, null, statistic, float(df), float(chdtrc(df, statistic)))


def _join(events: Floats) -> Ints:
    """Return new labels that join neighbours until each has ten events, from the highest risk down."""
    labels, label, held = np.zeros(len(events), dtype=np.int64), 0, 0.0
    for g in range(len(events) - 1, -1, -1):
        labels[g] = label
        held += events[g]
        if held >= FEWEST_PER_GROUP and events[:g].sum() >= FEWEST_PER_GROUP:
            label, held = label + 1, 0.0
    return labels


def _top(risk: Floats, share: float, known: AtHorizon, amount: Floats) -> tuple[Floats, float]:
    """Return what part of each row is in the top share (n), and the events per row around the threshold."""
    n = len(risk)
    _, place, size = np.unique(risk, return_inverse=True, return_counts=True)
    above = n - np.cumsum(size)
    part = np.clip((share * n - above) / size, 0.0, 1.0)[place]
    order = np.argsort(-risk, kind="stable")
    middle, half = round(share * n), max(10, int(n**0.8 / 4))
    window = order[max(0, middle - half) : middle + half]
    # All rows that tie at the threshold stand in for each other.
    tied = (part > 0) & (part < 1)
    near = np.flatnonzero(tied) if tied.sum() > len(window) else window
    rate = float((known.weight * amount * known.event)[near].mean())
    return np.asarray(part), rate
