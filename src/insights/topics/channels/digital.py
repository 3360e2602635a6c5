"""What channels without a person settle, when they are used, and what they save against what clients think of them."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.channels.digital import DIGITAL, NEEDS, SAVED, SHARE
from insights.models.channels.digital import digital as measured
from insights.models.channels.state import MONTHS
from insights.stats.results import Estimate, NotEstimable
from insights.topics.channels.refusals import refused
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.rows import estimates, line

ID = "channels.digital"


@dataclass(frozen=True)
class DigitalRows:
    """``rows``: division ("digital", "person"), measure, value, low, high, n, n_events."""

    rows: pd.DataFrame


def digital(bank: Bank) -> Answer | NotAvailable:
    """Tell how much is settled without a person, handed over, used outside opening hours, and what it saves."""
    if missing := bank.needs(*NEEDS):
        return NotAvailable(ID, missing)
    found = measured(bank)
    share = found.find(DIGITAL, SHARE)
    if share is None or not isinstance(share.found, Estimate) or not found.channels:
        return refused(ID, "no_digital")
    lines = [
        {"division": m.division, "measure": m.measure} | line(m.found, m.clients, m.events)
        for m in found.measured
        if isinstance(m.found, Estimate)
    ]
    saved = found.find(DIGITAL, SAVED)
    s = bank.settings.channels
    facts = {
        "months": MONTHS,
        "days": s.repeat_days,
        "hours": list(s.open_hours),
        "channels": list(found.channels),
        "missing": [
            str(need) for need in bank.needs("contacts.contacted_at", "contacts.cost", "contacts.satisfaction")
        ],
        "why": saved.found.reason if saved is not None and isinstance(saved.found, NotEstimable) else "",
    }
    told = [row for row in lines if not np.isnan(row["value"])]
    evidence: dict[str, Evidence] = {"rows": estimates(told, "division", "measure")}
    return Answer(ID, ID, evidence, _rows, facts)


def _rows(parts: dict[str, Evidence]) -> DigitalRows:
    return DigitalRows(cast(Estimates, parts["rows"]).rows)
