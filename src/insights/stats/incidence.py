"""Cumulative incidence: the share that has had the event from each cause, by months (Aalen-Johansen)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.counts import count_risk, read_counts, whole_counts
from insights.stats.inputs import Band, Floats, check_level, read_rows
from insights.stats.intervals import EDGE, log_log, no_event_bound
from insights.stats.restricted import mean_lost, mean_survival
from insights.stats.results import Estimate, NotEstimable, Result
from insights.stats.steps import Steps, check_steps, make_steps, only_cause

SOURCE = "Aalen & Johansen (1978); Andersen, Borgan, Gill & Keiding (1993), ch. IV.4"


@dataclass(frozen=True, eq=False)
class IncidenceCurve(Result):
    """Incidence by group and cause.

    ``table``: group, time (months), cause, at_risk, events, incidence, low, high, se; one row per time and cause. A
    curve whose risk set empties ends there: the rows after it have no values, and ``checks`` says so.
    """

    level: float = 0.95
    causes: tuple[str, ...] = ()
    steps: Mapping[str, Steps] = field(default_factory=dict, repr=False)

    def at(
        self, months: Iterable[float], group: str = "", *, cause: str | None = None
    ) -> list[Estimate | NotEstimable]:
        """Return the share that has had the event from the cause by each of the months.

        NotEstimable beyond the last time at risk. ``n_events`` counts this cause's events up to that month, ``n`` the
        units of the group. The cause may be left out where there is only one. Raises ValueError for an unknown cause
        and below month 0.
        """
        steps = self.steps.get(group)
        if not steps:
            return [_nobody(group) for _ in months]
        cause = self._known(cause)
        band = incidence_band(steps, cause, self.level)
        return [self._at(month, steps, cause, band) for month in months]

    def restricted_mean(self, horizon: float, group: str = "") -> Estimate | NotEstimable:
        """Return the mean number of months without any event, counted up to the horizon (months)."""
        steps = self.steps.get(group)
        return mean_survival(steps, horizon, self.level) if steps else _nobody(group)

    def months_lost(self, cause: str, horizon: float, group: str = "") -> Estimate | NotEstimable:
        """Return the mean number of months, up to the horizon, that come after the event from this cause.

        It is the area under the incidence, the time spent in that state; the months lost to all causes and the
        restricted mean add up to the horizon. Raises ValueError for an unknown cause.

        Source: Andersen (2013), Decomposition of number of life years lost according to causes of death.
        """
        steps = self.steps.get(group)
        if not steps:
            return _nobody(group)
        return mean_lost(steps, self._known(cause), horizon, self.level)

    def naive(self, cause: str) -> "IncidenceCurve":
        """Return 1 - Kaplan-Meier of one cause, the other causes counted as censored.

        It answers what would happen if the other causes did not exist and nothing else changed, and overstates what
        does happen; it is here to be shown beside the incidence, never instead. Raises ValueError for an unknown cause.
        """
        cause = self._known(cause)
        return _curve([only_cause(steps, cause) for steps in self.steps.values()], (cause,), self.level)

    def _at(self, month: float, steps: Steps, cause: str, band: Band) -> Estimate | NotEstimable:
        place = steps.place(month)
        if isinstance(place, NotEstimable):
            return place
        own = steps.events[steps.causes.index(cause)]
        n, done = round(steps.units), round(float(own[: place + 1].sum()))
        if place < 0:
            high = 1 - float(no_event_bound(steps.at_risk[:1], self.level)[0]) if month > steps.start else 0.0
            return Estimate(0.0, 0.0, high, "share", n, done, self.level, se=0.0)
        value, low, high, se = (float(v[place]) for v in band)
        return Estimate(value, low, high, "share", n, done, self.level, se)

    def _known(self, cause: str | None) -> str:
        if cause is None and len(self.causes) == 1:
            return self.causes[0]
        if cause not in self.causes:
            raise ValueError(f"no cause is called {cause!r}; expected one of {', '.join(self.causes) or '(none)'}")
        return cause


def cumulative_incidence(
    time: npt.ArrayLike,
    cause: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = None,
    weight: npt.ArrayLike | None = None,
    group: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> IncidenceCurve:
    """Estimate the incidence of every cause from rows; parameters (length n) as in ``risk_table``.

    Ties are exact: units that leave in the same month, from whatever cause, leave the same risk set, and nothing is
    jittered. Without delayed entry the variance is the infinitesimal jackknife, which R's ``survfit`` prints. Under
    delayed entry it is the sum of the variances of the steps (counting-process theory), for which counts suffice;
    the jackknife has cross-products between months besides, whose expectation is zero, so R prints slightly different
    figures then. Interval: log(-log(1 - F)), so that with one cause it is that of Kaplan-Meier turned over; exact
    binomial where there is no event yet.

    Assumptions and what breaks them: as in ``kaplan_meier``, for all causes together. Nothing is assumed about how the
    causes depend on each other, and nothing is said about what would happen if one of them were removed.

    Raises ValueError as ``risk_table`` does.
    """
    check_level(level)
    causes, counts = count_risk(read_rows(time, cause, entry=entry, weight=weight, group=group))
    return _curve([make_steps(causes, c) for c in counts], causes, level)


def cumulative_incidence_from_counts(
    counts: pd.DataFrame, level: float = 0.95, *, units: dict[str, float] | None = None, blur: float = 0.0
) -> IncidenceCurve:
    """Estimate the incidence of every cause from counts as ``risk_table`` makes them.

    ``units`` (group: number ever at risk) fills ``n`` of the estimates; without it ``n`` is the largest number at risk
    at once. Rounded counts are taken as they are, except that events beyond the number at risk are scaled down to it
    (``checks`` says by how many); ``blur`` as in ``kaplan_meier_from_counts``.
    Assumptions as in ``cumulative_incidence``; raises ValueError as ``read_counts``.
    """
    check_level(level)
    causes, groups = read_counts(counts, units, blur)
    return _curve([make_steps(causes, c) for c in groups], causes, level)


def incidence_band(steps: Steps, cause: str, level: float) -> Band:
    """Return incidence, low, high and se of one cause by time (T); NaN where the curve has ended."""
    n = np.maximum(steps.at_risk, np.finfo(float).tiny)
    own, before = steps.events[steps.causes.index(cause)] / n, steps.before
    incidence = np.minimum(np.cumsum(before * own), 1.0)
    variance = _variance(steps.all_events, n, own, before, incidence) + (before * steps.hazard_blur) ** 2
    edge = (incidence <= EDGE) | (incidence >= 1 - EDGE)
    se = np.where(edge, 0.0, np.sqrt(np.maximum(variance, 0.0)))
    low, high = log_log(1 - incidence, se, steps.least_at_risk, level)
    low, high = 1 - high, 1 - low
    for column in (incidence, low, high, se):
        column[steps.shown :] = np.nan
    return incidence, np.minimum(low, incidence), np.maximum(high, incidence), se


def _variance(d: Floats, n: Floats, own: Floats, before: Floats, incidence: Floats) -> Floats:
    """Return the variance of the incidence at each time, by cumulative sums.

    A unit at risk at time l moves F(t) by [S(l-) (x - h) - (F(t) - F(l)) (y - H) / (1 - H)] / n: x and y are 1 for an
    event of the cause and for any event, h and H their rates. Its square, summed over the n units at risk, is a
    polynomial in F(t) whose coefficients are sums over l <= t. Where all leave (H = 1) nothing comes after, and the
    second part is 0.
    """
    odds = np.divide(d, n - d, out=np.zeros_like(n), where=n > d)
    here, ahead = before * own, incidence * odds
    constant = np.cumsum((before * here * (1 - own) + 2 * here * incidence + incidence * ahead) / n)
    linear = np.cumsum((here + ahead) / n)
    square = np.cumsum(odds / n)
    return np.asarray(constant - 2 * incidence * linear + incidence**2 * square)


def _curve(groups: list[Steps], causes: tuple[str, ...], level: float) -> IncidenceCurve:
    columns = ["group", "time", "cause", "at_risk", "events", "incidence", "low", "high", "se"]
    frames = []
    for g in groups:
        if not causes:
            continue
        bands = [incidence_band(g, cause, level) for cause in causes]
        by_time = [np.stack(values, axis=1).ravel() for values in zip(*bands, strict=True)]
        k = len(causes)
        labels = np.tile(np.array(causes, dtype=object), len(g.times))
        values = (np.repeat(g.times, k), labels, np.repeat(g.at_risk, k), g.events.T.ravel(), *by_time)
        frames.append(pd.DataFrame({"group": g.group} | dict(zip(columns[1:], values, strict=True))))
    table = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)
    return IncidenceCurve(whole_counts(table), check_steps(groups), SOURCE, level, causes, {g.group: g for g in groups})


def _nobody(group: str) -> NotEstimable:
    return NotEstimable(f"nobody is at risk in group {group!r}" if group else "nobody is at risk")
