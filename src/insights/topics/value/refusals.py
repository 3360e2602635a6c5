"""Questions that this bank's data cannot answer: refused with a reason that a reader understands."""

from typing import Any

from insights.data.snapshot import Bank
from insights.models.value.margins import ASSETS, ClientMargins, client_margins
from insights.topics.evidence import Answer, NotAvailable

YEAR = 12
SHORT, FEW, NO_VALUE = "short", "few", "no_value"
"""Why: fewer months are delivered than it takes; there are too few clients, or one of them dominates;
lifetime values cannot be estimated."""


def refused(id: str, why: str, **facts: Any) -> Answer:
    """Return the answer that says why there is none."""
    return Answer(id, "value.refused", {}, lambda evidence: why, {"why": why, **facts})


def margins_of(
    bank: Bank, id: str, months: int = YEAR, *, income: bool = False
) -> ClientMargins | Answer | NotAvailable:
    """Return the margins of the clients, or the answer that says why there are none.

    ``months`` is how many are needed; with ``income`` a bank that delivers assets alone has none.
    """
    found = client_margins(bank)
    if found is None:
        return NotAvailable(id, (("revenue.amount", "balances.amount"),))
    if income and found.basis == ASSETS:
        return NotAvailable(id, bank.needs("revenue.amount", "revenue.month"))
    if found.months.count < months:
        return refused(id, SHORT, months=months)
    return found
