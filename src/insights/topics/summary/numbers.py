"""Every number that two packs tell, beside each other: compared in the best way there is for it, or why it is not.

None is left out in silence: each is compared client by client, by both published intervals, or as a count of clients;
or it belongs to a kind that is not judged, and the kind says why.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from insights.stats.changes import change_within, changed
from insights.stats.intervals import normal_quantile
from insights.stats.paired import normal_p
from insights.stats.results import Estimate
from insights.topics.summary.pack import NAN, OWN, Findings, Row

LEVEL = 0.95
PAIRED, INTERVALS, CLIENTS = "paired", "intervals", "clients"
JUDGED = (PAIRED, INTERVALS, CLIENTS)
"""Client by client; by both published intervals, whatever goes between them; as counts of clients."""
ONE_PACK, WITHHELD, DELIVERED, KIND, RECORDS, TESTS, TOTALS, BOUNDS, COPIES = (
    "one_pack",
    "withheld",
    "delivered",
    "other_kind",
    "records",
    "tests",
    "totals",
    "bounds",
    "copies",
)
UNJUDGED = (ONE_PACK, WITHHELD, DELIVERED, KIND, RECORDS, TESTS, TOTALS, BOUNDS, COPIES)
"""Why a number is not judged: see ``reasons`` in the words of the exhibit."""
EVERY = ("*",)
OF_ANOTHER_KIND: dict[str, tuple[str, ...]] = {
    "clients.risk": ("mean_volatility", "rank_correlation_volatility"),
    "lifecycle.backtest": ("expected",),
    "needs.offers": ("clients",),
    "risk.market": ("clients_over_tolerance",),
    "risk.overview": ("clients_over_tolerance",),
    "value.bridge": ("part", "change"),
    "value.stream_worth": ("active", "leaving"),
    "value.stream_activity": ("active", "ahead"),
    "value.stream_checks": EVERY,
    "channels.overview": ("change_whole",),
    "channels.changes": ("change_whole",),
    "channels.rollout": ("change_whole",),
}
"""Numbers of findings (of all their subjects) that are not judged: their intervals do not speak of another month.

The market moves volatilities, and whom it may cost more than he accepts, for all clients at once; what a model
foretells at past dates moves when it is fitted again; which kinds of product have just been offered moves with every
campaign; a bridge is a comparison already; what a change brought until now grows with every month; which model tells
who is still active is chosen anew in every pack. Each of them would be a change in every pack.
"""
TOGETHER = "others"
"""The group of all that cannot be told by themselves: in each pack others."""
ARE_CLIENTS = ("clients", "people")
ARE_RECORDS = (
    *("rows", "contacts", "requests", "offers", "bookings", "entries", "events", "transactions", "loans", "incidents"),
    *("values", "exits", "tests", "files"),
)
"""Units of counts: of clients, each of whom counts once, and of records, of which one client may have many."""
OF_TESTS = ("p", "statistic")
COLUMNS = ["finding", "name", "group", "months", "unit", "value", "before", "low", "high", "p_value", "how"]


def numbers(
    now: Findings,
    before: Findings,
    errors: pd.DataFrame | None,
    least: float = 0.0,
    round_to: float = 0.0,
    not_judged: tuple[str, ...] = (),
) -> pd.DataFrame:
    """Return every number of the findings of either pack, with its change and how that was judged (``COLUMNS``).

    ``errors`` are the (protected) errors of paired changes by ``measure`` ("finding name") and ``group`` ("key=value").
    That of a count of clients is at least as large as ``least`` movers make it: fewer are not to be told. ``round_to``
    is the base of rounding; ``not_judged`` are reports whose tables were delivered otherwise. low, high and p_value are
    nan for what is not judged.
    """
    found = {} if errors is None else _errors(errors, least)
    rows = [*_compared(now, before, found, round_to, not_judged), *_gone(now, before)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _errors(errors: pd.DataFrame, least: float) -> dict[tuple[str, str], float]:
    floor = np.sqrt(least) / errors["n"].to_numpy(float) * errors["n_events"].notna().to_numpy(float)
    value = np.fmax(errors["value"].to_numpy(float), floor)
    return dict(zip(zip(errors["measure"], errors["group"], strict=True), value, strict=True))


def _compared(
    now: Findings,
    before: Findings,
    errors: Mapping[tuple[str, str], float],
    round_to: float,
    not_judged: tuple[str, ...],
) -> Iterator[dict[str, Any]]:
    for id in now.by_id:
        then = {_key(row, before.as_of): row for row in before.rows(id)}
        for row in now.rows(id):
            old = then.get(_key(row, now.as_of))
            line = _line(row, old)
            how = _why_not(row, old, not_judged)
            if how or old is None:
                yield line | {"how": how}
                continue
            key = (f"{id} {row.name}", ",".join(f"{k}={v}" for k, v in row.group.items()))
            error = errors.get(key, NAN)
            if not math.isnan(error):
                yield line | _paired(row.value - old.value, error, row)
            elif row.interval and old.interval:
                yield line | _by_intervals(row, old)
            elif row.unit in ARE_CLIENTS:
                yield line | _by_counts(row.value, old.value, round_to)
            else:
                yield line | {"how": _no_interval(row)}


def _gone(now: Findings, before: Findings) -> Iterator[dict[str, Any]]:
    """Yield what only the earlier pack tells."""
    for id in before.by_id:
        there = {_key(row, now.as_of) for row in now.rows(id)}
        for row in before.rows(id):
            if _key(row, before.as_of) not in there:
                yield _line(row, None) | {"value": NAN, "before": row.value, "how": ONE_PACK}


def _why_not(row: Row, old: Row | None, not_judged: tuple[str, ...]) -> str:
    """Return why a number is not judged whatever it is like; "" where it may be."""
    report, _, _ = row.finding.partition(".")
    kinds = OF_ANOTHER_KIND.get(".".join(row.finding.split(".")[:2]), ())
    if report == OWN:
        return COPIES
    if old is None:
        return ONE_PACK
    if not (row.told and old.told):
        return WITHHELD
    if report in not_judged:
        return DELIVERED
    if kinds == EVERY or row.name in kinds or TOGETHER in row.group.values():
        return KIND
    if row.unit in OF_TESTS or row.name.startswith(("p_", "se_")):
        return TESTS
    if (row.interval and old.interval) and row.level != old.level:
        return BOUNDS
    return ""


def _no_interval(row: Row) -> str:
    if not math.isnan(row.low) or not math.isnan(row.high):
        return BOUNDS  # one end is open
    return RECORDS if row.unit in ARE_RECORDS else TOTALS


def _line(row: Row, old: Row | None) -> dict[str, Any]:
    head = {"finding": row.finding, "name": row.name, "group": dict(row.group), "months": row.months, "unit": row.unit}
    numbers = {"value": row.value, "before": NAN if old is None else old.value}
    return head | numbers | {"low": NAN, "high": NAN, "p_value": NAN}


def _paired(change: float, error: float, row: Row) -> dict[str, Any]:
    """Return the change with its error and what three digits leave open."""
    digits = 10.0 ** (math.floor(math.log10(abs(row.value))) - 2) / math.sqrt(6) if row.value else 0.0
    return _normal(change, math.hypot(error, digits)) | {"how": PAIRED}


def _by_intervals(row: Row, old: Row) -> dict[str, Any]:
    one, other = (Estimate(r.value, r.low, r.high, r.unit, 0, level=r.level) for r in (row, old))
    change = change_within(one, other)
    p = changed(change).p_value
    return {"low": change.low, "high": change.high, "p_value": NAN if p is None else p, "how": INTERVALS}


def _by_counts(value: float, before: float, round_to: float) -> dict[str, Any]:
    """Return the change of a count of clients, each counted or not: its error is at most that of both counts."""
    error = math.sqrt(max(value, 0.0)) + math.sqrt(max(before, 0.0))
    return _normal(value - before, math.hypot(error, round_to / math.sqrt(6))) | {"how": CLIENTS}


def _normal(change: float, error: float) -> dict[str, Any]:
    half = normal_quantile(LEVEL) * error
    return {"low": change - half, "high": change + half, "p_value": float(normal_p([change], [error])[0])}


def _key(row: Row, as_of: str) -> tuple[object, ...]:
    """Return what a number is of; the day of its own pack is "now" in both."""
    group = tuple(sorted((k, "now" if v in (as_of, as_of[:7]) else v) for k, v in row.group.items()))
    return row.name, group, row.months, row.unit
