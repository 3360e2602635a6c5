"""Survival: the share that has not yet had the event, by months (Kaplan-Meier)."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.counts import count_risk, read_counts, whole_counts
from insights.stats.inputs import Band, Floats, check_level, read_rows
from insights.stats.intervals import EDGE, log_log, no_event_bound
from insights.stats.restricted import mean_survival
from insights.stats.results import Estimate, NotEstimable, Result
from insights.stats.steps import Steps, check_steps, make_steps

SOURCE = "Kaplan & Meier (1958); delayed entry: Andersen, Borgan, Gill & Keiding (1993), ch. IV"


@dataclass(frozen=True, eq=False)
class SurvivalCurve(Result):
    """Survival by group.

    ``table``: group, time (months), at_risk, events, survival, low, high, se; one row per time of the counts. A curve
    whose risk set empties ends there: the rows after it have no values, and ``checks`` says so.
    """

    level: float = 0.95
    steps: Mapping[str, Steps] = field(default_factory=dict, repr=False)

    def at(self, months: Iterable[float], group: str = "") -> list[Estimate | NotEstimable]:
        """Return the share without the event at each of the months; NotEstimable beyond the last time at risk.

        ``n_events`` counts the events up to that month, ``n`` the units of the group. Raises ValueError below month 0.
        """
        steps = self.steps.get(group)
        if not steps:
            return [_nobody(group) for _ in months]
        band = survival_band(steps, self.level)
        return [self._at(month, steps, band) for month in months]

    def restricted_mean(self, horizon: float, group: str = "") -> Estimate | NotEstimable:
        """Return the mean number of months without the event, counted up to the horizon (months).

        It is the area under the curve and extrapolates nothing: beyond the last time at risk it is NotEstimable.
        Variance: Greenwood's, carried to the area; interval: normal, cut at 0 and the horizon.

        Source: Royston & Parmar (2013), Restricted mean survival time.
        """
        steps = self.steps.get(group)
        return mean_survival(steps, horizon, self.level) if steps else _nobody(group)

    def median(self, group: str = "") -> Estimate | NotEstimable:
        """Return the first month at which the survival is one half or less.

        The interval holds the months at which the curve's own interval covers one half (Brookmeyer & Crowley, 1982);
        its high end is infinite where the data do not bound it. NotEstimable where the curve stays above one half.
        """
        steps = self.steps.get(group)
        if not steps:
            return _nobody(group)
        survival, low, high, _ = survival_band(steps, self.level)
        half = _first_half(steps, survival)
        if not math.isfinite(half):
            return NotEstimable(f"the survival stays above one half up to {steps.end:g} months: {steps.why}")
        early, late = _first_half(steps, low), _first_half(steps, high)
        n_events = round(float(steps.events.sum()))
        return Estimate(half, early, late, "months", round(steps.units), n_events, self.level)

    def _at(self, month: float, steps: Steps, band: Band) -> Estimate | NotEstimable:
        place = steps.place(month)
        if isinstance(place, NotEstimable):
            return place
        n, done = round(steps.units), round(float(steps.events[:, : place + 1].sum()))
        if place < 0:
            low = float(no_event_bound(steps.at_risk[:1], self.level)[0]) if month > steps.start else 1.0
            return Estimate(1.0, low, 1.0, "share", n, done, self.level, se=0.0)
        value, low, high, se = (float(v[place]) for v in band)
        return Estimate(value, low, high, "share", n, done, self.level, se)


def kaplan_meier(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = None,
    weight: npt.ArrayLike | None = None,
    group: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> SurvivalCurve:
    """Estimate survival from rows; parameters (length n) as in ``risk_table``, ``event`` like its ``cause``.

    Ties are exact: all that happens in a month happens to the risk set of that month, exits counting as at risk in it.
    Standard error: Greenwood (1926). Interval: log(-log S), exact binomial where nobody or everybody has had the event.

    Assumptions, and what breaks them
    ---------------------------------
    - Independent censoring: at the same month, those who drop out of observation would have gone on like those who
      stay. Broken when observation ends because of what is about to happen.
    - Quasi-independent entry: those who enter late are like those of the same age who were there before. Broken when
      the record of a unit depends on its prospects. The curve is conditional on reaching the earliest entry.
    - Frequency weights: the standard errors are wrong for sampling weights.
    - Rows are independent: repeated rows of one unit make intervals too narrow.

    Raises ValueError as ``risk_table`` does.
    """
    check_level(level)
    flags = np.asarray(event)
    # What the event is called does not matter here, so flags and numbers need no labels.
    happened = flags != 0 if flags.dtype.kind in "iu" else event
    causes, counts = count_risk(read_rows(time, happened, entry=entry, weight=weight, group=group))
    return _curve([make_steps(causes, c) for c in counts], level)


def kaplan_meier_from_counts(
    counts: pd.DataFrame, level: float = 0.95, *, units: dict[str, float] | None = None, blur: float = 0.0
) -> SurvivalCurve:
    """Estimate survival from counts as ``risk_table`` makes them, the events of all causes added up.

    ``units`` (group: number ever at risk) fills ``n`` of the estimates; without it ``n`` is the largest number at risk
    at once. Rounded counts are taken as they are, except that events beyond the number at risk are left out
    (``checks`` says how many); ``blur``, the standard deviation of what rounding adds to a cumulative number of events,
    widens the intervals accordingly. Assumptions as in ``kaplan_meier``; raises ValueError as ``read_counts`` does.
    """
    check_level(level)
    causes, groups = read_counts(counts, units, blur)
    return _curve([make_steps(causes, c) for c in groups], level)


def survival_band(steps: Steps, level: float) -> Band:
    """Return survival, low, high and se by time (T); NaN where the curve has ended."""
    n, d, survival = steps.at_risk, steps.all_events, steps.survival.copy()
    greenwood = np.cumsum(np.divide(d, n * (n - d), out=np.zeros_like(n), where=n > d))
    se = survival * np.sqrt(greenwood + steps.hazard_blur**2)
    low, high = log_log(survival, se, steps.least_at_risk, level)
    for column in (survival, low, high, se):
        column[steps.shown :] = np.nan
    return survival, low, high, se


def _curve(groups: list[Steps], level: float) -> SurvivalCurve:
    columns = ["group", "time", "at_risk", "events", "survival", "low", "high", "se"]
    frames = []
    for g in groups:
        values = (g.times, g.at_risk, g.all_events, *survival_band(g, level))
        frames.append(pd.DataFrame({"group": g.group} | dict(zip(columns[1:], values, strict=True))))
    table = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)
    return SurvivalCurve(whole_counts(table), check_steps(groups), SOURCE, level, {g.group: g for g in groups})


def _first_half(steps: Steps, values: Floats) -> float:
    """Return the first time at which the values are one half or less (NaN compares as above)."""
    found = np.flatnonzero(values <= 0.5 + EDGE)
    return float(steps.times[found[0]]) if len(found) else math.inf


def _nobody(group: str) -> NotEstimable:
    return NotEstimable(f"nobody is at risk in group {group!r}" if group else "nobody is at risk")
