"""What comes back about the same topic, where it goes, and whether channels contradict each other."""

from dataclasses import dataclass, replace
from typing import Any, cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.channels.contacts import YEARS
from insights.models.channels.matters import AGAIN, EXCESS, NEEDS, ORDINARY
from insights.models.channels.matters import matters as followed
from insights.stats.results import Estimate
from insights.topics.channels.refusals import refused
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable, RowCounts
from insights.topics.rows import estimates, line

ID = "channels.matters"
DIMS = ("channel", "measure")
PER = 100.0
"""Further contacts are told per so many contacts."""


@dataclass(frozen=True)
class MatterRows:
    """``rows``: channel ("" for all), measure, value, low, high, n. ``moves``: channel, to, pairs (nan: withheld)."""

    rows: pd.DataFrame
    moves: pd.DataFrame


def matters(bank: Bank) -> Answer | NotAvailable:
    """Tell how often the same client comes back about the same topic, by which channel, and how consistent they are."""
    if missing := bank.needs(*NEEDS):
        return NotAvailable(ID, missing)
    found = followed(bank)
    told = [m for m in (*found.measured, *found.spread) if isinstance(m.found, Estimate)]
    if not any(m.measure == EXCESS for m in told):
        return refused(ID, "too_few_matters")
    lines: list[dict[str, Any]] = []
    for m in told:
        estimate = cast(Estimate, m.found)
        if m.measure in (AGAIN, ORDINARY, EXCESS):
            value, low, high = (PER * v for v in (estimate.value, estimate.low, estimate.high))
            estimate = replace(estimate, value=value, low=low, high=high, unit="per 100 contacts")
        lines.append({"channel": m.channel, "measure": m.measure} | line(estimate, m.clients, m.contacts))
    evidence: dict[str, Evidence] = {
        "rows": estimates(lines, *DIMS),
        "moves": RowCounts(found.moves, ("channel", "to"), ("pairs",)),
    }
    facts = {"days": found.days, "years": YEARS, "digital": list(bank.settings.channels.digital)}
    return Answer(ID, ID, evidence, _rows, facts)


def _rows(parts: dict[str, Evidence]) -> MatterRows:
    return MatterRows(cast(Estimates, parts["rows"]).rows, cast(RowCounts, parts["moves"]).cells)
