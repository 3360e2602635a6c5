"""Whether waiting times and what is settled at once changed, by charts with a stated interval of false alarms."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.channels.trends import BASELINE, NEEDS, WAIT, Trend
from insights.models.channels.trends import trends as watched
from insights.topics.channels.refusals import refused
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.rows import estimates, plain

ID = "channels.trends"
USUAL, NOW = "usual", "now"
DIMS = ("channel", "measure", "when", "since", "until", "direction")


@dataclass(frozen=True)
class TrendRows:
    """``rows``: channel, measure, when ("usual", "now", or of waiting times a month, ISO), value, low, high (limits).

    Of "now": since, until (ISO months of the latest run of alarms; until is "" while it lasts), direction ("up",
    "down"); all "" where there was no alarm.
    """

    rows: pd.DataFrame


def trends(bank: Bank) -> Answer | NotAvailable:
    """Tell in which channels waiting and settling changed beyond chance, since when, and in which direction."""
    if missing := bank.needs(*NEEDS):
        return NotAvailable(ID, missing)
    found = watched(bank)
    if not found.found:
        return refused(ID, "too_few_months")
    lines = [row for trend in found.found for row in _lines(trend)]
    facts = {"every": found.every, "delay": found.delay, "charts": len(found.found), "baseline": BASELINE}
    return Answer(ID, ID, {"rows": estimates(lines, *DIMS)}, _rows, facts)


def _lines(trend: Trend) -> Iterator[dict[str, Any]]:
    months, unit = trend.months, "minutes" if trend.measure == WAIT else "share"
    head = {"channel": trend.channel, "measure": trend.measure}
    none = {"since": "", "until": "", "direction": ""}
    clients, contacts = float(months["clients"].min()), float(months["contacts"].min())
    yield head | {"when": USUAL} | none | plain(trend.usual, unit, clients, contacts)
    alarm = none
    if trend.began is not None and trend.ended is not None:
        until = "" if trend.going_on else trend.ended.isoformat()
        alarm = {"since": trend.began.isoformat(), "until": until, "direction": "up" if trend.up else "down"}
    yield head | {"when": NOW} | alarm | plain(trend.now, unit, clients, contacts)
    if trend.measure == WAIT:
        for m in months[months["level"].notna()].to_dict("records"):
            row = head | {"when": str(m["month"])} | none | plain(m["level"], unit, m["clients"], m["contacts"])
            yield row | {"low": float(m["low"]), "high": float(m["high"])}


def _rows(parts: dict[str, Evidence]) -> TrendRows:
    return TrendRows(cast(Estimates, parts["rows"]).rows)
