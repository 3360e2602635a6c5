"""Where to move effort: what programmes and sources bring for what they cost, and what goes where within the means."""

from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.channels.effort import effort as ranked
from insights.models.channels.effort import missing_for_effort
from insights.stats.results import Estimate, NotEstimable
from insights.topics.channels.refusals import refused
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.rows import estimates, line, plain

ID = "channels.effort"
BRINGS, COST, GIVEN = "brings", "cost", "given"


@dataclass(frozen=True)
class EffortRows:
    """``rows``: kind, name, measure ("brings" a year for each unit of cost, "cost" and "given", both currency)."""

    rows: pd.DataFrame


def effort(bank: Bank) -> Answer | NotAvailable:
    """Rank what costs money by the lower end of what it brings for it, and share out what can be moved."""
    if missing := missing_for_effort(bank):
        return NotAvailable(ID, missing)
    found = ranked(bank)
    if not any(isinstance(o.brings, Estimate) for o in found):
        return refused(ID, "no_yield")
    lines: list[dict[str, Any]] = []
    for o in found:
        if not isinstance(o.brings, Estimate):
            continue
        head = {"kind": o.kind, "name": o.name}
        lines.append(head | {"measure": BRINGS} | line(o.brings, o.clients, o.events, o.sizes))
        for measure, amount in ((COST, o.cost), (GIVEN, o.given)):
            lines.append(head | {"measure": measure} | plain(amount, "money", o.clients, o.events))
    evidence: dict[str, Evidence] = {"rows": estimates(lines, "kind", "name", "measure")}
    facts = {
        "capacity": bank.settings.channels.effort,
        "untold": [(o.kind, o.name, o.brings.reason) for o in found if isinstance(o.brings, NotEstimable)],
    }
    return Answer(ID, ID, evidence, _rows, facts)


def _rows(parts: dict[str, Evidence]) -> EffortRows:
    return EffortRows(cast(Estimates, parts["rows"]).rows)
