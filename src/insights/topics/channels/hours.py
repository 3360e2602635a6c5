"""Moving staff time between channels: what an hour may be expected to settle more, and where the hours should go."""

from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.channels.hours import MARK, NEEDS, SETTLED, moves
from insights.models.channels.state import MONTHS
from insights.stats.results import Estimate, NotEstimable
from insights.topics.channels.refusals import refused
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.rows import estimates, line, plain

ID = "channels.hours"
GIVEN = "given"


@dataclass(frozen=True)
class HourRows:
    """``rows``: channel, to, measure (settled_per_hour, mark, given: hours), value, low, high, n."""

    rows: pd.DataFrame


def hours(bank: Bank) -> Answer | NotAvailable:
    """Tell what an hour of staff moved from one channel to another may change, and what cannot be told."""
    if missing := bank.needs(*NEEDS):
        return NotAvailable(ID, missing)
    found = moves(bank)
    if not any(isinstance(m.settled, Estimate) for m in found):
        return refused(ID, found[0].settled.reason if found and isinstance(found[0].settled, NotEstimable) else "one")
    lines: list[dict[str, Any]] = []
    for m in found:
        if isinstance(m.settled, NotEstimable):
            continue
        head = {"channel": m.channel, "to": m.to}
        lines.append(head | {"measure": SETTLED} | line(m.settled, m.clients, m.contacts))
        if isinstance(m.mark, Estimate):
            lines.append(head | {"measure": MARK} | line(m.mark, m.clients, m.contacts))
        lines.append(head | {"measure": GIVEN} | plain(m.given, "hours", m.clients, m.contacts))
    evidence: dict[str, Evidence] = {"rows": estimates(lines, "channel", "to", "measure")}
    facts = {
        "months": MONTHS,
        "capacity": bank.settings.channels.effort_hours,
        "untold": [(m.channel, m.to) for m in found if isinstance(m.settled, NotEstimable)],
    }
    return Answer(ID, ID, evidence, _rows, facts)


def _rows(parts: dict[str, Evidence]) -> HourRows:
    return HourRows(cast(Estimates, parts["rows"]).rows)
