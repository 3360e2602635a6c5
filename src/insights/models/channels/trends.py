"""Whether channels changed over time: monthly levels under a control chart with a stated interval of false alarms."""

import math
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.months import last_complete
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.channels.contacts import contacts
from insights.stats.monitoring import Ewma, Monitored, design_ewma, monitor, run_length

NEEDS = ("contacts.channel", "contacts.contacted_on")
WAIT, SETTLED = "wait", "settled"
BASELINE = 12
"""Months at the start that show what is normal."""
FEWEST_WATCHED = 6
FEWEST_CONTACTS, FEWEST_CLIENTS = 30, 20
"""A channel is watched if each month has so many contacts with the measure, of so many clients."""
SHIFT = 1.0
"""The chart is told by how soon it finds a change of so many standard deviations of a month."""
MORE_THAN_CHANCE = math.sqrt(19.675 / (BASELINE - 1))
"""The standard deviation of twelve normal scores that chance passes once in twenty times (chi-squared, 11 degrees)."""
SMOOTHING = 0.2
"""Weight of the newest month: smaller ones would rest on how exactly the first year is known more than on what came."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Trend:
    """One measure of one channel month by month.

    ``months``: month (ISO, its first day), value, level (the weighted mean that the chart judges; nan in the months
    that show what is normal), low and high (its limits), clients, contacts. Waiting times are geometric means (minutes;
    their logarithms are judged), settled is a share. ``began`` and ``ended`` are the first and last month of the latest
    run of alarms (None: there was none), ``up`` its direction, ``going_on`` whether it lasts.
    """

    channel: str
    measure: str
    months: pd.DataFrame = field(repr=False)
    usual: float
    now: float
    began: date | None
    ended: date | None
    up: bool
    going_on: bool


@dataclass(frozen=True)
class Trends:
    """``found`` by measure and channel; in ``every`` months there is at most one false alarm in all charts together.

    ``delay`` is the mean number of months up to the alarm after a change of ``SHIFT``.
    """

    found: tuple[Trend, ...]
    every: float
    delay: float


def trends(bank: Bank) -> Trends:
    """Return the charts of waiting time and of what is settled at once, made once per bank; needs ``NEEDS``."""
    return once(bank, "channel_trends", lambda: _made(bank))


def _made(bank: Bank) -> Trends:
    rows = contacts(bank).rows
    return watch(rows[rows["month"] <= last_complete(bank.as_of)], float(bank.settings.channels.false_alarm_months))


def watch(rows: pd.DataFrame, every: float) -> Trends:
    """Watch all channels of which enough is known in every month; rows as of ``contacts``."""
    asked = rows[rows["asked"] & rows["wait"].notna()]
    series = {
        (measure, str(channel)): _months(own)
        for measure, told in (
            (WAIT, asked.assign(y=np.log1p(asked["wait"]))),
            (SETTLED, rows[rows["resolved"].notna()].assign(y=rows["resolved"])),
        )
        for channel, own in told.groupby("channel", sort=True)
    }
    watched = {key: months for key, months in series.items() if _enough(months)}
    if not watched:
        return Trends((), every, float("nan"))
    # Each chart cries wolf more seldom, so that all together do it once in so many months.
    chart = design_ewma(every * len(watched), SHIFT, smoothing=SMOOTHING)
    found = [charted(channel, measure, months, chart) for (measure, channel), months in watched.items()]
    return Trends(tuple(found), every, run_length(chart, SHIFT / float(_wider(1 / BASELINE))))


def _wider(share: Floats | float) -> Floats:
    """Return by how much limits must be wider because the first year is known from so many times a month's contacts.

    Its error moves all months alike, and the weighted mean does not average it away as it does that of single months.
    """
    return np.sqrt(1 + np.asarray(share) * (2 - SMOOTHING) / SMOOTHING)


def _months(rows: pd.DataFrame) -> pd.DataFrame:
    """Return month, mean, sd, contacts, clients of every month from the first to the last."""
    by = rows.groupby("month")
    months = by["y"].agg(mean="mean", sd="std", contacts="size").assign(clients=by["client"].nunique())
    return (
        months.reindex(range(int(months.index.min()), int(months.index.max()) + 1)).rename_axis("month").reset_index()
    )


def _enough(months: pd.DataFrame) -> bool:
    known = (months["contacts"] >= FEWEST_CONTACTS) & (months["clients"] >= FEWEST_CLIENTS)
    return len(months) >= BASELINE + FEWEST_WATCHED and bool(known.all())


def charted(channel: str, measure: str, months: pd.DataFrame, chart: Ewma) -> Trend:
    """Judge monthly means (months in order: month, mean, sd, contacts, clients) by the chart.

    A month is held against the mean of the first ``BASELINE``, in its standard error; where these months vary more than
    by chance, in as much more. Limits allow for the error of that mean. The chart's weight is ``SMOOTHING``.
    """
    n, mean = months["contacts"].to_numpy(float), months["mean"].to_numpy(float)
    first = slice(0, BASELINE)
    usual = float(np.average(mean[first], weights=n[first]))
    spread = float(np.sqrt(np.average(months["sd"].to_numpy(float)[first] ** 2, weights=n[first])))
    error = spread / np.sqrt(n)
    z = np.divide(mean - usual, error, out=np.zeros(len(mean)), where=error > 0)
    spread_of = float(z[first].std(ddof=1))
    sd = spread_of if spread_of > MORE_THAN_CHANCE else 1.0
    wider = _wider(n / n[first].sum())
    judged = monitor(z / wider, chart, baseline=BASELINE, target=0.0, sd=sd)
    assert isinstance(judged, Monitored)  # target and sd are given
    return _told(channel, measure, months, usual, error * wider * sd, judged.table)


def _told(channel: str, measure: str, months: pd.DataFrame, usual: float, error: Floats, table: pd.DataFrame) -> Trend:
    """Return a chart in the units of the measure."""
    nothing = np.full(BASELINE, np.nan)
    level = usual + error * np.append(nothing, table["up"].to_numpy(float))
    limit = error * float(table["limit"].iloc[0])
    natural = (lambda v: np.maximum(np.expm1(v), 0.0)) if measure == WAIT else (lambda v: np.clip(v, 0.0, 1.0))
    when = [date(int(m) // 12, int(m) % 12 + 1, 1) for m in months["month"]]
    frame = pd.DataFrame(
        {
            "month": [d.isoformat() for d in when],
            "value": natural(months["mean"].to_numpy(float)),
            "level": natural(level),
            "low": natural(usual - limit),
            "high": natural(usual + limit),
            "clients": months["clients"].astype(int),
            "contacts": months["contacts"].astype(int),
        }
    )
    alarms = np.flatnonzero(table["alarm"].to_numpy(bool)) + BASELINE
    now = float(frame["level"].iloc[-1])
    at_first = float(natural(np.array(usual)))
    if not len(alarms):
        return Trend(channel, measure, frame, at_first, now, None, None, False, False)
    run = np.split(alarms, np.flatnonzero(np.diff(alarms) > 1) + 1)[-1]
    up = bool(table["up"].to_numpy(float)[run[0] - BASELINE] > 0)
    going_on = bool(run[-1] == len(months) - 1)
    return Trend(channel, measure, frame, at_first, now, when[run[0]], when[run[-1]], up, going_on)
