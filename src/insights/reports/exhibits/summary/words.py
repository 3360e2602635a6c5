"""What the lines of the summary are called, and how their numbers and intervals are written in one cell."""

import math
from typing import Any

from insights.reports.exhibits.base import Message
from insights.reports.exhibits.told import cell
from insights.reports.wording.labels import REPORTS
from insights.stats.results import Estimate

LINES = {
    "clients": Message("clients"),
    "assets": Message("assets"),
    "net_new_money": Message("net new money, twelve months, of the assets before"),
    "margin": Message("margin of the last twelve months"),
    "profitability": Message("margin of a year, of average assets"),
    "value": Message("worth of the clients in force"),
    "attrition": Message("clients who left within the last twelve months"),
    "leavers": Message("clients expected to leave in the next twelve months"),
    "leaving_assets": Message("assets expected to go with them"),
    "loyalty": Message("stated loyalty, points"),
    "satisfaction": Message("satisfaction after a contact, mark"),
    "elsewhere": Message("wealth held elsewhere, clients in maturity"),
    "needs": Message("first purchases expected in three months"),
    "above_risk": Message("clients with a product above the risk they accept"),
    "open_risks": Message("clients with an open risk"),
    "credit_loss": Message("expected loss on loans in a year"),
}
_LEAST = {
    "count": Message("at least {goal:count}"),
    "money": Message("at least {goal:money}"),
    "percent": Message("at least {goal:percent}"),
    "basis_points": Message("at least {goal:basis_points}"),
    "number": Message("at least {goal:number}"),
}
_MOST = {
    "count": Message("at most {goal:count}"),
    "money": Message("at most {goal:money}"),
    "percent": Message("at most {goal:percent}"),
    "basis_points": Message("at most {goal:basis_points}"),
    "number": Message("at most {goal:number}"),
}
GOALS = {
    "met": Message("on track"),
    "missed": Message("off track"),
    "open": Message("cannot be told"),
}

FAULTS = {
    "damaged": Message("it was changed or cut off after it was made"),
    "removed": Message("it was taken away"),
    "other_rules": Message("it was made under other rules of disclosure, or grouped otherwise"),
}


def amount(value: Any, low: Any, high: Any, kind: str) -> Message | None:
    """Return a number, with its interval where it has one; None (shown as withheld) without a number."""
    if _missing(value):
        return None
    return cell(Estimate(float(value), float(low), float(high), "", 0), kind)


def target(row: dict[str, Any]) -> Message | str:
    """Return the goal of a line in words; empty where it has none."""
    if not _missing(row["at_least"]):
        return Message(_LEAST[row["kind"]].id, {"goal": row["at_least"]})
    if not _missing(row["at_most"]):
        return Message(_MOST[row["kind"]].id, {"goal": row["at_most"]})
    return ""


def absent(report: str) -> Message:
    """Say that a line is not told because its report is not in the pack."""
    if not report:
        return Message("not available")
    return Message("not available: no report “{report}”", {"report": REPORTS.get(report, report)})


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
