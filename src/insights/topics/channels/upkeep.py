"""How relationships are kept up: visits, contacts, events, feedback and how fast it is settled, and reach by region."""

from dataclasses import dataclass
from typing import cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.channels.state import MONTHS
from insights.models.channels.upkeep import FEEDBACK_DAYS, FEEDBACK_MONTHS, NEEDS, told_of
from insights.models.channels.upkeep import upkeep as measured
from insights.topics.channels.refusals import refused
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.rows import estimates, line

ID = "channels.upkeep"
DIMS = ("division", "value_of", "measure")


@dataclass(frozen=True)
class UpkeepRows:
    """``rows``: division, value_of, measure (of regions: the channel), value, low, high, n."""

    rows: pd.DataFrame


def upkeep(bank: Bank) -> Answer | NotAvailable:
    """Tell how often clients are met and spoken to, who comes to events, how fast complaints are settled, and where."""
    if missing := bank.needs(*NEEDS):
        return NotAvailable(ID, missing)
    found = measured(bank)
    lines = [
        {"division": m.division, "value_of": m.value, "measure": m.measure} | line(m.found, m.clients, m.events)
        for m in told_of(found.measured)
    ]
    if not lines:
        return refused(ID, "too_few_clients")
    rows = estimates(lines, *DIMS, parts_of=("division", "measure"), named_by=("division", "value_of"))
    evidence: dict[str, Evidence] = {"rows": rows}
    facts = {
        "months": MONTHS,
        "feedback_months": FEEDBACK_MONTHS,
        "days": FEEDBACK_DAYS,
        "visits": list(bank.settings.channels.visits),
        "missing": {part: list(needs) for part, needs in found.missing.items()},
    }
    return Answer(ID, ID, evidence, _rows, facts)


def _rows(parts: dict[str, Evidence]) -> UpkeepRows:
    return UpkeepRows(cast(Estimates, parts["rows"]).rows)
