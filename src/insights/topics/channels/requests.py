"""How long requests take, where they get stuck, where clients give up, and what is done without staff."""

from dataclasses import dataclass
from typing import cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.channels.requests import MONTHS, NEEDS
from insights.models.channels.requests import requests as measured
from insights.stats.results import Estimate
from insights.topics.channels.refusals import refused
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable, RowCounts
from insights.topics.rows import estimates, line

ID = "channels.requests"
DIMS = ("division", "value_of", "measure")


@dataclass(frozen=True)
class RequestRows:
    """``rows``: division, value_of, measure, value, low, high, n. ``volume``: kind, requests, open (nan: withheld)."""

    rows: pd.DataFrame
    volume: pd.DataFrame


def requests(bank: Bank) -> Answer | NotAvailable:
    """Tell how long requests take by kind, step and whether staff took part, and how many are given up."""
    if missing := bank.needs(*NEEDS):
        return NotAvailable(ID, missing)
    found = measured(bank)
    lines = [
        {"division": m.division, "value_of": m.value, "measure": m.measure} | line(m.found, m.clients, m.events)
        for m in found.measured
        if isinstance(m.found, Estimate)
    ]
    if not lines:
        return refused(ID, "too_few_requests")
    evidence: dict[str, Evidence] = {
        "rows": estimates(lines, *DIMS),
        "volume": RowCounts(found.volume, ("kind",), ("requests", "open")),
    }
    return Answer(ID, ID, evidence, _rows, {"months": MONTHS, "steps": list(found.steps)})


def _rows(parts: dict[str, Evidence]) -> RequestRows:
    return RequestRows(cast(Estimates, parts["rows"]).rows, cast(RowCounts, parts["volume"]).cells)
