"""Which sources bring clients, what each client won costs, and how soon he has earned it."""

from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.channels.sources import ASSETS, BACK, COST, MARGIN, NEEDS, PER, YEARS
from insights.models.channels.sources import sources as measured
from insights.stats.results import Estimate
from insights.topics.channels.refusals import refused
from insights.topics.evidence import Answer, ClientCounts, Estimates, Evidence, NotAvailable
from insights.topics.rows import NAN, estimates, line

ID = "channels.sources"
DIMS = ("source", "measure")


@dataclass(frozen=True)
class SourceRows:
    """``won``: source, clients (nan: withheld). ``rows``: source, measure, value, low, high."""

    won: pd.DataFrame
    rows: pd.DataFrame


def sources(bank: Bank) -> Answer | NotAvailable:
    """Tell what a client won costs by source, what he brings in his first year, and when the cost is earned."""
    if missing := bank.needs(*NEEDS):
        return NotAvailable(ID, missing)
    found = measured(bank)
    lines: list[dict[str, Any]] = []
    for s in found:
        for measure, told, n, events in (
            (COST, s.cost, s.won, s.won),
            (MARGIN, s.margin, s.followed, NAN),
            (BACK, s.back, s.followed, s.won),
            (ASSETS, s.assets, s.followed, NAN),
            (PER, s.per, s.followed, s.won),
        ):
            if isinstance(told, Estimate):
                sizes = {COST: (NAN, NAN, NAN), ASSETS: s.assets_sizes}.get(measure, s.sizes)
                lines.append({"source": s.source, "measure": measure} | line(told, n, events, sizes))
    if not lines:
        return refused(ID, "no_yield")
    won = pd.DataFrame({"source": [s.source for s in found], "clients": [s.won for s in found]})
    evidence: dict[str, Evidence] = {
        "won": ClientCounts(won, ("source",)),
        "rows": estimates(lines, *DIMS),
    }
    return Answer(ID, ID, evidence, _rows, {"years": YEARS, "unsure": [s.source for s in found if not s.back]})


def _rows(parts: dict[str, Evidence]) -> SourceRows:
    return SourceRows(cast(ClientCounts, parts["won"]).cells, cast(Estimates, parts["rows"]).rows)
