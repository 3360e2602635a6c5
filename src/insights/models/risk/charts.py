"""Complaints and bad mentions week by week, watched by charts with a stated interval of false alarms."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.risk.clients import number_in_force
from insights.stats.count_scores import count_scores, score_of_rise
from insights.stats.monitoring import (
    Cusum,
    Ewma,
    Monitored,
    alarm_within,
    design_cusum,
    design_ewma,
    monitor,
    run_length,
)
from insights.stats.results import NotEstimable

COMPLAINTS, MENTIONS = "complaints", "mentions"
NEEDS = {COMPLAINTS: ("complaints.filed_on",), MENTIONS: ("mentions.day", "mentions.negative")}
BASELINE = 52
"""Weeks at the start of the record that show what is normal."""
QUIET = 4
"""Weeks without an alarm after which an outbreak is over."""
SMOOTHING = 0.2
"""Weight of the newest week in the weighted mean that stands beside the sum."""
WEEKS_PER_MONTH = 365.25 / 7 / 12


@dataclass(frozen=True)
class Outbreak:
    """Weeks (their last days): when the rise began by the chart, its first and last alarm; ``count`` in these weeks.

    ``second`` is the first alarm of the other chart for the same rise; None without one.
    """

    began: date
    alarm: date
    last: date
    count: int
    expected: float
    second: date | None = None


@dataclass(frozen=True)
class Charted:
    """A series under watch: ``weeks`` (week: its last day, count, expected), the chart, and the outbreaks, in order.

    ``delay`` is the mean number of weeks up to the alarm after a rise by the factor of the settings, ``delay_most``
    that within which 95 of 100 such rises are found; ``every`` the mean weeks to a false alarm. The chart is a
    cumulative sum; a weighted mean designed for the same ``every`` stands beside it: ``mean`` and its ``mean_delay``.
    ``mean_only`` are the outbreaks that it alone found: together the two cry wolf up to twice as often as each.
    """

    series: str
    weeks: pd.DataFrame = field(repr=False)
    found: Monitored
    outbreaks: tuple[Outbreak, ...]
    rise: float
    every: float
    delay: float
    delay_most: int
    mean: Monitored
    mean_delay: float
    mean_only: tuple[Outbreak, ...]

    def burning(self) -> Outbreak | None:
        """Return the outbreak that is still going on, if there is one."""
        return self.outbreaks[-1] if self.outbreaks and not _over(self.outbreaks[-1], self.weeks) else None


def charted(bank: Bank, series: str) -> Charted | NotEstimable:
    """Return the chart of complaints or of bad mentions, made once per bank; check ``NEEDS`` first."""
    return once(bank, ("risk_chart", series), lambda: _made(bank, series))


def _made(bank: Bank, series: str) -> Charted | NotEstimable:
    weeks = _weeks(bank, series)
    rules = bank.settings.risk
    return watch(series, weeks, rules.rise, rules.false_alarm_months * WEEKS_PER_MONTH)


def watch(series: str, weeks: pd.DataFrame, rise: float, every: float) -> Charted | NotEstimable:
    """Run the chart over weekly counts; ``weeks`` has week, count, exposure (what the count is in proportion to).

    Counts become normal scores about their expectation: the rate of the first year times the exposure. Their sd is
    taken as 1, or as that of the first year where it is larger: counts that vary more than by chance widen the limits
    instead of crying wolf. As counts are whole numbers, false alarms come up to a fifth more seldom than stated.
    NotEstimable for less than two years.
    """
    if len(weeks) < 2 * BASELINE:
        return NotEstimable(f"{len(weeks)} weeks on record; two years are needed")
    count, exposure = weeks["count"].to_numpy(float), weeks["exposure"].to_numpy(float)
    if not count[:BASELINE].sum() >= BASELINE:
        return NotEstimable("fewer than one a week in the first year: too few to tell a rise from chance")
    expected = exposure * count[:BASELINE].sum() / exposure[:BASELINE].sum()
    scaled = count_scores(count, expected)
    sd = max(1.0, float(scaled[:BASELINE].std(ddof=1)))
    shift = score_of_rise(float(expected.mean()), rise) / sd
    chart, beside, delays, most = _designed(every, shift)
    found = monitor(scaled, chart, baseline=BASELINE, target=0.0, sd=sd)
    mean = monitor(scaled, beside, baseline=BASELINE, target=0.0, sd=sd)
    assert isinstance(found, Monitored)  # target and sd are given, and sd is at least 1
    assert isinstance(mean, Monitored)
    told = weeks.assign(expected=expected)
    outbreaks, only = _both(_outbreaks(told, found.table), _outbreaks(told, mean.table))
    return Charted(series, told, found, outbreaks, rise, every, delays[0], most, mean, delays[1], only)


@cache
def _designed(every: float, shift: float) -> tuple[Cusum, Ewma, tuple[float, float], int]:
    """Return both charts, their mean delays, and within how many weeks the sum finds 95 of 100 rises."""
    chart, beside = design_cusum(every, shift, "up"), design_ewma(every, shift, "up", SMOOTHING)
    return chart, beside, (run_length(chart, shift), run_length(beside, shift)), alarm_within(chart, 0.95, shift)


def _both(
    outbreaks: tuple[Outbreak, ...], others: tuple[Outbreak, ...]
) -> tuple[tuple[Outbreak, ...], tuple[Outbreak, ...]]:
    """Return the outbreaks with the first alarm of the other chart for each, and those that it alone found."""
    near = timedelta(weeks=1)

    def same(one: Outbreak, other: Outbreak) -> bool:
        return one.began - near <= other.last and other.began <= one.last + near

    firsts = [min((o.alarm for o in others if same(own, o)), default=None) for own in outbreaks]
    told = tuple(replace(own, second=first) for own, first in zip(outbreaks, firsts, strict=True))
    return told, tuple(o for o in others if not any(same(own, o) for own in outbreaks))


def _outbreaks(weeks: pd.DataFrame, table: pd.DataFrame) -> tuple[Outbreak, ...]:
    """Return the outbreaks: alarms with fewer than ``QUIET`` weeks between belong together."""
    alarms = np.flatnonzero(table["alarm"].to_numpy())
    if not len(alarms):
        return ()
    quiet = table["up"].to_numpy() <= 0
    found = []
    for own in np.split(alarms, np.flatnonzero(np.diff(alarms) > QUIET) + 1):
        # The rise began after the last week in which the sum was at zero; a sum starts anew after an alarm.
        zeros = np.flatnonzero(quiet[: own[0]])
        before = alarms[alarms < own[0]]
        start = max(zeros[-1] + 1 if len(zeros) else 0, before[-1] + 1 if len(before) else 0)
        places = BASELINE + np.array([start, own[0], own[-1]])
        span = weeks.iloc[places[0] : places[2] + 1]
        days = [pd.Timestamp(weeks["week"].iloc[k]).date() for k in places]
        found.append(Outbreak(days[0], days[1], days[2], int(span["count"].sum()), float(span["expected"].sum())))
    return tuple(found)


def _over(outbreak: Outbreak, weeks: pd.DataFrame) -> bool:
    return pd.Timestamp(weeks["week"].iloc[-1]).date() - outbreak.last > timedelta(weeks=QUIET)


def _weeks(bank: Bank, series: str) -> pd.DataFrame:
    """Return week (its last day), count, exposure of every whole week up to the as-of date, the oldest first."""
    if series == MENTIONS:
        table = bank.table("mentions")
        days = table.group_by("day").agg(n=table.negative.sum().cast("float64")).execute()
    else:
        table = bank.table("complaints")
        days = table.group_by(day=table.filed_on).agg(n=table.count().cast("float64")).execute()
    if days.empty:
        return pd.DataFrame({"week": [], "count": [], "exposure": []})
    day, n = pd.to_datetime(days["day"]), days["n"].fillna(0).to_numpy()
    first = day.min() if bank.window_from is None else max(day.min(), pd.Timestamp(bank.window_from))
    age = (pd.Timestamp(bank.as_of) - day).dt.days.to_numpy() // 7
    count = ((pd.Timestamp(bank.as_of) - first).days + 1) // 7
    inside = (age >= 0) & (age < count)
    sums = np.bincount(age[inside], n[inside], count)[::-1]
    week = pd.Timestamp(bank.as_of) - pd.to_timedelta(7 * np.arange(count)[::-1], unit="D")
    exposure = np.ones(count) if series == MENTIONS else np.maximum(number_in_force(bank, week), 1.0)
    return pd.DataFrame({"week": week, "count": sums, "exposure": exposure})
