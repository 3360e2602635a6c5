"""The state of each channel: volume, reach, waiting and handling, what is settled at once, cost, how complete it is."""

from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.channels.contacts import NEEDS, contacts
from insights.models.channels.state import MONTHS
from insights.models.channels.state import state as measured
from insights.stats.results import Estimate
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable, RowCounts
from insights.topics.rows import estimates, line

ID = "channels.state"
DIMS = ("channel", "measure")


@dataclass(frozen=True)
class StateRows:
    """``volume``: channel, contacts, before (nan: withheld). ``rows``: channel, measure, value, low, high, n."""

    volume: pd.DataFrame
    rows: pd.DataFrame


def state(bank: Bank) -> Answer | NotAvailable:
    """Tell what each channel carried in the last twelve months, how long it took, and what came of it."""
    if missing := bank.needs(*NEEDS):
        return NotAvailable(ID, missing)
    evidence, facts = state_evidence(bank)
    return Answer(ID, ID, evidence, state_rows, facts)


def state_evidence(bank: Bank) -> tuple[dict[str, Evidence], dict[str, Any]]:
    """Return the state of the channels as evidence, and the facts that go with it."""
    found = measured(bank)
    lines = [
        {"channel": m.channel, "measure": m.measure} | line(m.found, m.clients, m.contacts)
        for m in found.measured
        if isinstance(m.found, Estimate)
    ]
    evidence: dict[str, Evidence] = {
        "volume": RowCounts(found.volume, ("channel",), ("contacts", "before", "open")),
        "measures": estimates(lines, *DIMS),
    }
    return evidence, {"months": MONTHS, "delivered": list(contacts(bank).delivered)}


def state_rows(parts: dict[str, Evidence]) -> StateRows:
    """Return the state of the channels from (protected) evidence."""
    return StateRows(cast(RowCounts, parts["volume"]).cells, cast(Estimates, parts["measures"]).rows)
