"""Streams without a contract: who is still active, what is to come, how the forecast did, and what it rests on.

Where the bank sees its clients leave, the worth of a relationship is a matter of survival, and a stream is a part of
it whose end nobody announces. Where no closure is seen, streams are all there is.
"""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.value.streams.fit import StreamFit, Untold, spend_history, stream_fit
from insights.models.value.streams.log import NEEDS, closures_seen
from insights.models.value.streams.worth import MOST_VAGUE, StreamWorth, classes_of, sizes, stream_worth
from insights.stats.results import Estimate, NotEstimable, TestResult
from insights.stats.transactions import GammaGamma
from insights.stats.transactions.model import RateModel
from insights.stats.transactions.summaries import DAYS
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable

WORTH, ACTIVITY, HOLDOUT, CHECKS = (
    "value.stream_worth",
    "value.stream_activity",
    "value.stream_holdout",
    "value.stream_checks",
)
SETTING = "[value.streams]"
ACTUAL = "actual"
NOT_SIZED = dict.fromkeys(("largest", "second", "absolute"), np.nan)
RATES, AMOUNTS = "rates", "amounts"


@dataclass(frozen=True)
class StreamRows:
    """Rows of an exhibit on one stream, by name, as a reader may see them: each like those of ``Estimates``."""

    rows: dict[str, pd.DataFrame]

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.rows[name]


def streams(bank: Bank) -> list[Answer | NotAvailable]:
    """Return the answers for every stream of the settings, or what is needed to have one."""
    if missing := bank.needs(*NEEDS):
        return [NotAvailable("value.streams", missing)]
    names = sorted(bank.settings.value.streams)
    if not names:
        return [NotAvailable("value.streams", (SETTING,))]
    return [answer for name in names for answer in _of_stream(bank, name)]


def stream(bank: Bank, name: str, kind: str) -> Answer | NotAvailable:
    """Return one answer (``WORTH``, ``ACTIVITY``, ``HOLDOUT`` or ``CHECKS``) for one stream of the settings."""
    return next(a for a in streams(bank) if a.id == f"{kind}.{name}")


def _of_stream(bank: Bank, name: str) -> list[Answer]:
    fit, worth = stream_fit(bank, name), stream_worth(bank, name)
    if isinstance(fit, Untold):
        return [_refused(name, fit)]
    told: list[Answer] = (
        [_refused(name, worth)]
        if isinstance(worth, Untold)
        else [
            _worth(bank, name, fit, worth),
            _activity(name, fit, worth),
        ]
    )
    return [*told, _holdout(bank, name, fit), _checks(name, fit)]


def _refused(name: str, why: Untold) -> Answer:
    return Answer(f"{WORTH}.{name}", "value.stream_refused", {}, lambda evidence: why.why, {"stream": name})


def _answer(kind: str, name: str, evidence: dict[str, Evidence], facts: dict[str, Any]) -> Answer:
    return Answer(f"{kind}.{name}", kind, evidence, _rows, {"stream": name, **facts})


def _rows(evidence: dict[str, Evidence]) -> StreamRows:
    return StreamRows({name: cast(Estimates, part).rows for name, part in evidence.items()})


def _worth(bank: Bank, name: str, fit: StreamFit, worth: StreamWorth) -> Answer:
    lines = [_line(measure="active", months=0, e=worth.active, n=worth.clients)]
    if worth.leaving is not None:
        lines.append(_line(measure="leaving", months=0, e=worth.leaving))
    if len(fit.log.early):
        key = {"measure": "early", "months": 0}
        lines.append(_row(key, fit.log.early_share, n=len(fit.log.early), unit="share", **sizes(fit.log.early)))
    rows = pd.concat([worth.sums, pd.DataFrame(lines)], ignore_index=True)
    rules = bank.settings.value
    facts = {
        "closures": closures_seen(bank),
        "model": fit.chosen,
        "horizon": worth.horizon,
        "rate": rules.annual_discount_rate,
        "fee_share": rules.streams[name].fee_share,
        "fee_least": rules.streams[name].fee_least,
        "refunds": fit.log.refunds > 0,
        "early": len(fit.log.early) > 0,
        "spend": isinstance(fit.spend, GammaGamma),
        "missed": _missed(fit),
    }
    return _answer(WORTH, name, {"sums": Estimates(rows, ("measure", "months"))}, facts)


def _activity(name: str, fit: StreamFit, worth: StreamWorth) -> Answer:
    active = pd.DataFrame([_line(repeats="all", measure="active", e=worth.active, n=worth.clients)])
    rows = pd.concat([active, worth.classes], ignore_index=True)
    facts = {"model": fit.chosen, "closures": fit.log.closures}
    return _answer(ACTIVITY, name, {"classes": Estimates(rows, ("repeats", "measure"))}, facts)


def _missed(fit: StreamFit) -> str:
    """Return whether the number foretold for the holdout was "more" or "less" than chance allows, or neither ("")."""
    tracking = fit.candidates[fit.chosen].tracking
    assert tracking is not None
    assert isinstance(tracking.holdout_count, Estimate)
    count, actual = tracking.holdout_count, float(tracking.holdout_actual or 0)
    return "less" if actual > count.high else "more" if actual < count.low else ""


def _holdout(bank: Bank, name: str, fit: StreamFit) -> Answer:
    before, held = fit.before, fit.before.table["holdout_x"].to_numpy(dtype=float)
    watched = before.table["ahead"].to_numpy(dtype=float) > 0
    n, repeats = int(watched.sum()), float(held.sum())
    totals = [_row({"forecast": ACTUAL, "measure": "total"}, repeats, n=n, unit="bookings", **sizes(held))]
    for row in fit.rivals.table.to_dict("records"):
        key = {"forecast": str(row["forecast"])}
        candidate = fit.candidates.get(key["forecast"])
        count = candidate.tracking.holdout_count if candidate and candidate.tracking else None
        # An interval that reaches anywhere says nothing, and is not told.
        told = isinstance(count, Estimate) and count.high <= MOST_VAGUE * max(count.value, 1.0)
        ends = (count.low, count.high) if told and isinstance(count, Estimate) else (np.nan, np.nan)
        totals.append(_row(key | {"measure": "total"}, row["expected"], *ends, n=n, unit="bookings"))
        for measure in ("squared", "absolute"):
            totals.append(_row(key | {"measure": measure}, row[measure], n=n, unit="bookings"))
        gap = row["difference"], row["low"], row["high"]
        totals.append(_row(key | {"measure": "difference"}, *gap, n=n, unit="bookings"))
    evidence: dict[str, Evidence] = {
        "totals": Estimates(pd.DataFrame(totals), ("forecast", "measure")),
        "months": Estimates(_by_month(fit), ("month", "series")),
        "classes": Estimates(_by_class(fit, watched, bank.settings.disclosure.min_clients), ("repeats", "measure")),
    }
    money = _money(fit, watched, bank.settings.bank.currency)
    if money is not None:
        evidence["money"] = Estimates(money, ("measure",))
    facts = {
        "split": fit.split.isoformat(),
        "chosen": fit.chosen,
        "best": fit.rivals.best,
        "models": [k for k, c in fit.candidates.items() if c.tracking is not None],
        "failed": [k for k, c in fit.candidates.items() if c.tracking is None],
        "missed": _missed(fit),
    }
    return _answer(HOLDOUT, name, evidence, facts)


def _by_month(fit: StreamFit) -> pd.DataFrame:
    """Return repeats by month, actual and expected by each model from its parameters alone."""
    tracked = {k: c.tracking for k, c in fit.candidates.items() if c.tracking is not None}
    times = next(iter(tracked.values())).table["time"].to_numpy(dtype=float)
    origin = pd.Timestamp(fit.before.origin)
    days = pd.to_datetime(fit.log.days["day"])
    first = days.groupby(fit.log.days["unit"]).transform("min")
    cohort = first <= pd.Timestamp(fit.split)
    repeat = cohort & (days > first)
    elapsed = (days[repeat] - origin).dt.days.to_numpy(dtype=float) / DAYS[fit.before.time_unit]
    place = np.minimum(np.searchsorted(times * (1 + 1e-12), elapsed, side="left"), len(times) - 1)
    units = fit.log.days.loc[repeat, "unit"].to_numpy()
    counts = pd.DataFrame({"place": place, "unit": units}).value_counts().reset_index(name="count")
    begun = fit.before.table["first"].to_numpy(dtype=float) / DAYS[fit.before.time_unit]
    over = fit.before.table["until"].to_numpy(dtype=float) / DAYS[fit.before.time_unit]
    lines = []
    for k, end in enumerate(times):
        month = (origin + pd.Timedelta(days=round(end * DAYS[fit.before.time_unit]))).date().isoformat()
        mine = counts.loc[counts["place"] == k, "count"].to_numpy(dtype=float)
        part = sizes(mine)
        lines.append(_row({"month": month, "series": ACTUAL}, float(mine.sum()), n=len(mine), unit="bookings", **part))
        start = times[k - 1] if k else 0.0
        n = int(((begun < end) & (over > start)).sum())
        for name, tracking in tracked.items():
            lines.append(
                _row({"month": month, "series": name}, float(tracking.table["expected"].iloc[k]), n=n, unit="bookings")
            )
    return pd.DataFrame(lines)


def _by_class(fit: StreamFit, watched: np.ndarray, least: int) -> pd.DataFrame:
    """Return repeats per client in the holdout by number of repeats before, actual and as the chosen model expected."""
    tracking = fit.candidates[fit.chosen].tracking
    assert tracking is not None
    place, names = classes_of(fit.before.table["x"].to_numpy(dtype=float)[watched], least)
    held, each = fit.before.table["holdout_x"].to_numpy(dtype=float)[watched], tracking.each[watched]
    lines = []
    for k in np.unique(place):
        for measure, values in ((ACTUAL, held[place == k]), ("expected", each[place == k])):
            key = {"repeats": names[k], "measure": measure}
            lines.append(_row(key, float(values.mean()), n=len(values), unit="bookings", **sizes(values)))
    return pd.DataFrame(lines)


def _money(fit: StreamFit, watched: np.ndarray, currency: str) -> pd.DataFrame | None:
    """Return the turnover of the repeats in the holdout, actual and expected, refunds aside."""
    if isinstance(fit.spend_before, NotEstimable):
        return None
    tracking = fit.candidates[fit.chosen].tracking
    assert tracking is not None
    x, mean, _ = spend_history(fit.before)
    expected = fit.spend_before.expected_value(x, mean) * tracking.each
    if not np.isfinite(expected).all():
        return None
    actual = fit.before.table["holdout_amount"].to_numpy(dtype=float)
    n = int(watched.sum())
    return pd.DataFrame(
        [
            _row({"measure": measure}, float(values.sum()), n=n, unit=currency, **sizes(values))
            for measure, values in ((ACTUAL, actual), ("expected", expected))
        ]
    )


def _checks(name: str, fit: StreamFit) -> Answer:
    lines = _parameters(RATES, fit.model)
    tests = {"rates": _test(fit.model, "independence of rate and stopping")}
    if isinstance(fit.spend, GammaGamma):
        lines += _parameters(AMOUNTS, fit.spend)
        tests["amounts"] = _test(fit.spend, "independence of amount and number")
        correlation = fit.spend.correlation
        if np.isfinite(correlation):
            key = {"part": AMOUNTS, "parameter": "correlation", "measure": "value"}
            lines.append(_row(key, correlation, n=fit.spend.n, unit="number"))
    for part, test in tests.items():
        n = fit.model.n if part == "rates" else cast(GammaGamma, fit.spend).n
        for measure, value in (("statistic", test.statistic), ("p", test.p_value)):
            if value is not None:
                key = {"part": part, "parameter": "independence", "measure": measure}
                lines.append(_row(key, float(value), n=n, unit="number"))
    facts = {
        "model": fit.chosen,
        "covariates": list(fit.model.covariates),
        "refused": fit.refused,
        "at_bound": list(fit.model.at_bound),
        "spend": isinstance(fit.spend, GammaGamma),
        "zeros": fit.zeros > 0,
        "frauds": fit.log.frauds > 0,
        "same_day": fit.now.n_same_day > 0,
        "infinite": isinstance(fit.spend, GammaGamma) and isinstance(fit.spend.population_mean, NotEstimable),
    }
    return _answer(
        CHECKS, name, {"parameters": Estimates(pd.DataFrame(lines), ("part", "parameter", "measure"))}, facts
    )


def _parameters(part: str, fit: RateModel | GammaGamma) -> list[dict[str, Any]]:
    lines = []
    for name, e in fit.parameters.items():
        key = {"part": part, "parameter": name}
        ends = (e.low, e.high) if e.se is not None else (np.nan, np.nan)
        more: dict[str, Any] = {"n": e.n, "n_events": e.n_events, "unit": e.unit}
        lines.append(_row(key | {"measure": "value"}, e.value, *ends, **more))
        if e.se is not None:
            lines.append(_row(key | {"measure": "se"}, e.se, **more))
    return lines


def _test(fit: RateModel | GammaGamma, name: str) -> TestResult:
    return next(check for check in fit.checks if check.name == name)


def _line(*, e: Estimate, n: int | None = None, **key: Any) -> dict[str, Any]:
    events = np.nan if e.n_events is None else e.n_events
    return _row(key, e.value, e.low, e.high, n=e.n if n is None else n, n_events=events, unit=e.unit)


def _row(
    key: dict[str, Any],
    value: float,
    low: float = np.nan,
    high: float = np.nan,
    *,
    n: int,
    unit: str,
    n_events: float | None = np.nan,
    **size: float,
) -> dict[str, Any]:
    head = key | {"value": float(value), "low": float(low), "high": float(high), "unit": unit, "n": n}
    return head | {"n_events": np.nan if n_events is None else n_events} | (size or NOT_SIZED)
