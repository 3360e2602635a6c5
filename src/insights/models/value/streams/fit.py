"""Which model of repeat bookings foretells best, shown on months it has not seen, and the same model on all months.

The candidates are fitted to what was known at the beginning of the holdout and held against what came then, client by
client, beside two forecasts that need no model. The model that came nearest (mean squared error of a client) is fitted
again to everything and speaks of the future.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from insights.data.months import add_months
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.value.streams.covariates import known_at_start
from insights.models.value.streams.log import StreamLog, stream_log
from insights.stats.inputs import Floats
from insights.stats.results import NotEstimable
from insights.stats.transactions import (
    EventSummary,
    GammaGamma,
    Rivals,
    Tracking,
    bg_nbd,
    compare_forecasts,
    gamma_gamma,
    pareto_nbd,
    summarise_events,
    track,
)
from insights.stats.transactions.histories import FEWEST
from insights.stats.transactions.model import RateModel
from insights.stats.transactions.summaries import DAYS

BG, PARETO, WITH = "bg_nbd", "pareto_nbd", "bg_nbd_covariates"
SAME, MEAN = "own_rate", "mean_rate"
"""Forecasts without a model: each client goes on at his own rate so far; everybody goes on at the rate of all."""
SHORTEST, LONGEST = 6, 12
"""Months of record that a forecast and its test need together, and the longest default holdout."""


NONE, EARLY, SHORT, LONG, FEW, NO_FIT = "none", "early", "short", "long", "few", "no_fit"


@dataclass(frozen=True)
class Untold(NotEstimable):
    """Why a stream has no model: ``why`` is one of the words above, the reason says it in a sentence."""

    why: str = ""


@dataclass(frozen=True)
class Candidate:
    """A model at the beginning of the holdout: its fit and how it did, or why there is none."""

    fit: RateModel | NotEstimable
    tracking: Tracking | None = None


@dataclass(frozen=True)
class StreamFit:
    """What is known of a stream.

    ``before`` summarises what was known on ``split``, with the holdout after it; ``now`` everything up to the as-of
    date. ``candidates`` by name (fitted to ``before``); ``rivals`` compares them and ``chosen`` names the best.
    ``model`` is the chosen one fitted to ``now`` with ``covariates`` (n, k) where it has some; ``spend`` the amounts.
    ``zeros`` clients whose repeats were all for nothing are left out of ``spend``. ``refused`` covariates with reasons.
    """

    log: StreamLog
    split: date
    before: EventSummary
    now: EventSummary
    candidates: dict[str, Candidate]
    rivals: Rivals
    chosen: str
    model: RateModel
    covariates: Floats | None
    spend: GammaGamma | NotEstimable
    spend_before: GammaGamma | NotEstimable
    zeros: int
    refused: dict[str, str] = field(default_factory=dict)


def stream_fit(bank: Bank, name: str) -> StreamFit | Untold:
    """Return the models of a stream of the settings, made once, or why there are none."""
    return once(bank, ("stream_fit", name), lambda: _fitted(bank, name))


def split_day(first: date, as_of: date, months: int | None) -> date | Untold:
    """Return the last day before the holdout: ``months`` before the as-of date, or half of the record (at most 12)."""
    record = (as_of.year - first.year) * 12 + as_of.month - first.month + (as_of.day >= first.day)
    if record < SHORTEST:
        return Untold(f"the record has {record} months; at least {SHORTEST} are needed, part of them for a test", SHORT)
    length = min(record // 2, LONGEST) if months is None else months
    if length >= record:
        return Untold(f"the holdout of {length} months is as long as the record; expected a shorter one", LONG)
    return months_back(as_of, length)


def month_ends(summary: EventSummary, as_of: date) -> Floats:
    """Return the ends of the months that end like the as-of date, in time units from the first booking."""
    origin = pd.Timestamp(summary.origin).date()
    ends: list[float] = []
    while not ends or ends[-1] > 0:
        ends.append((months_back(as_of, len(ends)) - origin).days / DAYS[summary.time_unit])
    return np.array(ends[-2::-1])


def spend_history(summary: EventSummary) -> tuple[Floats, Floats, int]:
    """Return numbers and mean amounts of repeats for a model of amounts, and how many units only had repeats of 0."""
    x = summary.table["x"].to_numpy(dtype=float)
    mean = summary.table["mean_amount"].to_numpy(dtype=float)
    zero = (x > 0) & (mean <= 0)
    return np.where(zero, 0.0, x), np.where(zero, np.nan, mean), int(zero.sum())


def months_back(as_of: date, months: int) -> date:
    """Return the day so many months before: a month end stays one (30 June less nine months is 30 September)."""
    after = as_of + pd.Timedelta(days=1)
    if after.day == 1:
        return add_months(after, -months) - pd.Timedelta(days=1)
    first = add_months(as_of.replace(day=1), -months)
    last = add_months(first, 1) - pd.Timedelta(days=1)
    return first.replace(day=min(as_of.day, last.day))


def _fitted(bank: Bank, name: str) -> StreamFit | Untold:
    log = stream_log(bank, name)
    if log is None:
        return Untold("no booking of this kind is on record", NONE)
    if log.days.empty:
        return Untold("no client's bookings are on record from his first one", EARLY)
    rules = bank.settings.value.streams[name]
    first = pd.Timestamp(log.days["day"].min()).date()
    split = split_day(first, bank.as_of, rules.holdout_months)
    if isinstance(split, Untold):
        return split
    until = log.units["left_on"].dropna()
    columns = log.days["unit"], pd.to_datetime(log.days["day"]), log.days["amount"]
    before = summarise_events(*columns, end=split, holdout_end=bank.as_of, until=until)
    now = summarise_events(*columns, end=bank.as_of, until=until)
    makers: dict[str, Callable[[EventSummary, Floats | None], RateModel | NotEstimable]] = {
        BG: lambda s, _: bg_nbd(*s.history),
        PARETO: lambda s, _: pareto_nbd(*s.history),
    }
    refused: dict[str, str] = {}
    features: dict[str, Floats] = {}
    if rules.covariates:
        frames = [known_at_start(bank, s, rules.covariates) for s in (before, now)]
        refused = frames[1][1]
        shared = [c for c in frames[0][0].columns if c in frames[1][0].columns]
        if shared:
            features = {"before": frames[0][0][shared].to_numpy(float), "now": frames[1][0][shared].to_numpy(float)}
            makers[WITH] = lambda s, z: bg_nbd(*s.history, covariates=pd.DataFrame(z, columns=shared))
    ends = month_ends(before, bank.as_of)
    candidates = {
        key: _tried(make, before, ends, features.get("before") if key == WITH else None) for key, make in makers.items()
    }
    told = {key: c.tracking.each for key, c in candidates.items() if c.tracking is not None}
    if not told:
        reason = next(c.fit.reason for c in candidates.values() if isinstance(c.fit, NotEstimable))
        return Untold(reason, FEW if int((before.table["x"] > 0).sum()) < FEWEST else NO_FIT)
    held = before.table["holdout_x"].to_numpy(dtype=float)
    rivals = compare_forecasts(told | _without_model(before), held)
    if isinstance(rivals, NotEstimable):
        return Untold(rivals.reason, FEW)
    chosen = next(str(key) for key in rivals.table["forecast"] if key in told)
    covariates = features.get("now") if chosen == WITH else None
    model = makers[chosen](now, covariates)
    if isinstance(model, NotEstimable):
        return Untold(model.reason, NO_FIT)
    x, mean, zeros = spend_history(now)
    currency = bank.settings.bank.currency
    return StreamFit(
        log,
        split,
        before,
        now,
        candidates,
        rivals,
        chosen,
        model,
        covariates,
        gamma_gamma(x, mean, unit=currency),
        gamma_gamma(*spend_history(before)[:2], unit=currency),
        zeros,
        refused,
    )


def _tried(
    make: Callable[[EventSummary, Floats | None], RateModel | NotEstimable],
    before: EventSummary,
    ends: Floats,
    z: Floats | None,
) -> Candidate:
    fit = make(before, z)
    return (
        Candidate(fit) if isinstance(fit, NotEstimable) else Candidate(fit, track(fit, before, ends=ends, covariates=z))
    )


def _without_model(before: EventSummary) -> dict[str, Floats]:
    x, _, watched = before.history
    ahead = before.table["ahead"].to_numpy(dtype=float)
    own = np.divide(x, watched, out=np.zeros(len(x)), where=watched > 0) * ahead
    return {SAME: own, MEAN: float(x.sum() / watched.sum()) * ahead if watched.sum() > 0 else np.zeros(len(x))}
