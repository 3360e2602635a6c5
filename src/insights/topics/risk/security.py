"""Information security of client data: who may read which list, the last audit, and findings of access checks."""

from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import pandas as pd

from insights.data.months import add_months
from insights.data.snapshot import Bank
from insights.models.risk.conduct import CHECK_RULES, READ_RULES, Conduct, told_of
from insights.models.risk.conduct import conduct as measured
from insights.topics.evidence import Answer, Evidence, Facts
from insights.topics.risk.conduct import conduct_evidence, conduct_rows

ID = "risk.security"


@dataclass(frozen=True)
class Security:
    """``lists``: list, recipient, group, by_manager (flag). ``alerts``: rule, clients; ``reads``: what, rows."""

    lists: pd.DataFrame
    alerts: pd.DataFrame
    reads: pd.DataFrame


def security(bank: Bank) -> Answer:
    """State who may read which restricted list, when that was last audited, and what checks of access found."""
    evidence, facts = security_evidence(bank)
    return Answer(ID, ID, evidence, security_rows, facts)


def security_evidence(bank: Bank) -> tuple[dict[str, Evidence], dict[str, Any]]:
    """Return settings as facts, and the alerts about access as evidence where access is on record."""
    rows = [
        {"list": name, "recipient": who, "group": may.group, "by_manager": name in may.by_manager}
        for who, may in sorted(bank.settings.lists.recipients.items())
        for name in may.lists
    ]
    table = pd.DataFrame(rows, columns=["list", "recipient", "group", "by_manager"])
    evidence: dict[str, Evidence] = {"lists": Facts(table.sort_values(["list", "recipient"], ignore_index=True))}
    facts: dict[str, Any] = audit(bank) | {"months": None}
    may_tell = set(told_of(bank)) & {*READ_RULES, *CHECK_RULES}
    if may_tell and isinstance(found := measured(bank), Conduct) and found.reads is not None:
        told, about = conduct_evidence(bank, found)
        evidence |= {name: told[name] for name in ("reads", "alerts") if name in told}
        facts["months"] = about["months"]
    return evidence, facts


def audit(bank: Bank) -> dict[str, Any]:
    """Return audit (ISO date, or None), due (by when the next one is), overdue (flag), owner (code, or None)."""
    rules = bank.settings.risk.security
    last = rules.last_audit if rules.last_audit and rules.last_audit <= bank.as_of else None
    due: date | None = None if last is None else add_months(last, rules.every_months)
    overdue = due is None or due < bank.as_of
    told = {"audit": None if last is None else last.isoformat(), "due": None if due is None else due.isoformat()}
    return told | {"overdue": overdue, "owner": rules.owner, "every": rules.every_months}


def security_rows(parts: dict[str, Evidence]) -> Security:
    """Return the settings and (protected) alerts."""
    lists = cast(Facts, parts["lists"]).table
    if "reads" not in parts:
        return Security(lists, pd.DataFrame({"rule": [], "clients": []}), pd.DataFrame({"what": [], "rows": []}))
    told = conduct_rows(parts)
    alerts = told.alerts[told.alerts["rule"].isin((*READ_RULES, *CHECK_RULES))].reset_index(drop=True)
    return Security(lists, alerts, told.reads)


__all__ = ["Security", "audit", "security", "security_evidence", "security_rows"]
