"""The client's path: what contacts about one matter end in, which loops cost most, and where it hurts most."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.channels.contacts import YEARS
from insights.models.channels.paths import LATER, LOW_MARK, NEEDS, Step
from insights.models.channels.paths import paths as followed
from insights.stats.results import Estimate
from insights.topics.channels.refusals import refused
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable, RowCounts
from insights.topics.rows import estimates, line

ID = "channels.paths"


@dataclass(frozen=True)
class PathRows:
    """``steps``: path ("" for all), measure; ``pains``: topic, channel, measure; both: value, low, high, n.

    ``volume``: path, matters; ``hits``: topic, channel, matters (nan: withheld).
    """

    steps: pd.DataFrame
    pains: pd.DataFrame
    volume: pd.DataFrame
    hits: pd.DataFrame


def paths(bank: Bank) -> Answer | NotAvailable:
    """Tell which ways contacts about one matter take, what they end in and cost, and what hurts whom most."""
    if missing := bank.needs(*NEEDS):
        return NotAvailable(ID, missing)
    found = followed(bank)
    if not any(isinstance(s.found, Estimate) for s in found.steps):
        return refused(ID, "too_few_matters")
    evidence: dict[str, Evidence] = {
        "steps": estimates(_lines(found.steps, ("path",)), "path", "measure"),
        "pains": estimates(_lines(found.pains, ("topic", "channel")), "topic", "channel", "measure"),
        "volume": RowCounts(found.volume, ("path",), ("matters",)),
        "hits": RowCounts(found.hits, ("topic", "channel"), ("matters",)),
    }
    facts = {"days": found.days, "years": YEARS, "basis": found.basis, "mark": LOW_MARK, "later": LATER}
    return Answer(ID, ID, evidence, _rows, facts)


def _lines(steps: Iterable[Step], dims: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        dict(zip(dims, s.of, strict=True)) | {"measure": s.measure} | line(s.found, s.clients, s.matters, s.sizes)
        for s in steps
        if isinstance(s.found, Estimate)
    ]


def _rows(parts: dict[str, Evidence]) -> PathRows:
    steps, pains = (cast(Estimates, parts[name]).rows for name in ("steps", "pains"))
    return PathRows(steps, pains, *(cast(RowCounts, parts[name]).cells for name in ("volume", "hits")))
