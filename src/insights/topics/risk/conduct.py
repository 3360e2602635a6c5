"""Conduct of staff: how often access and bookings were unlike a manager's peers and past, and checks that failed."""

from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.risk.conduct import NEEDS, RULE_NEEDS, RULES, YEAR, Conduct, told_of
from insights.models.risk.conduct import conduct as measured
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer, ClientCounts, Evidence, NotAvailable, RowCounts
from insights.topics.risk.refusals import refused

ID = "risk.conduct"
READS, FAILED_READS, UNCHECKED = "reads", "failed_reads", "unchecked"


@dataclass(frozen=True)
class Access:
    """``alerts``: rule, clients (alerts of twelve months, nan where withheld). ``reads``: what, rows."""

    alerts: pd.DataFrame
    reads: pd.DataFrame


def conduct(bank: Bank) -> Answer | NotAvailable:
    """Tell how often access and bookings were unlike peers and past; who it was stands in a restricted list only."""
    if not told_of(bank):
        return NotAvailable(ID, bank.needs(*NEEDS))
    found = measured(bank)
    if isinstance(found, NotEstimable):
        return refused(ID, found.reason)
    evidence, facts = conduct_evidence(bank, found)
    return Answer(ID, ID, evidence, conduct_rows, facts)


def conduct_evidence(bank: Bank, found: Conduct) -> tuple[dict[str, Evidence], dict[str, Any]]:
    """Return the alerts as evidence: few of them are withheld as few clients are, since each is about somebody."""
    recent = found.alerts[found.alerts["month"] > found.last - YEAR]
    rules = [rule for rule in RULES if rule not in found.refused and rule not in found.lacking]
    alerts = pd.DataFrame({"rule": rules, "clients": [int((recent["rule"] == rule).sum()) for rule in rules]})
    reads = [(READS, found.reads), (FAILED_READS, found.failed), (UNCHECKED, found.unchecked)]
    rows = pd.DataFrame([{"what": what, "rows": n} for what, n in reads if n is not None])
    evidence: dict[str, Evidence] = {}
    if len(rows):
        evidence["reads"] = RowCounts(rows, ("what",), ("rows",))
    if rules:
        evidence["alerts"] = ClientCounts(alerts, ("rule",))
    listed = [name for name, who in sorted(bank.settings.lists.recipients.items()) if "staff_conduct" in who.lists]
    facts: dict[str, Any] = {"recipients": listed, "why": found.refused, "months": YEAR}
    missing = {rule: list(bank.needs(*RULE_NEEDS[rule])) or ["client_history.region"] for rule in found.lacking}
    return evidence, facts | {"missing": missing}


def conduct_rows(parts: dict[str, Evidence]) -> Access:
    """Return the alerts from (protected) evidence."""
    none = pd.DataFrame({"rule": [], "clients": []})
    alerts = cast(ClientCounts, parts["alerts"]).cells if "alerts" in parts else none
    reads = cast(RowCounts, parts["reads"]).cells if "reads" in parts else pd.DataFrame({"what": [], "rows": []})
    return Access(alerts, reads)
