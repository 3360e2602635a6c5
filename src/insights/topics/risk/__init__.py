"""Risk: what is burning, smouldering, gone out; facts, incidents, reputation, loans, markets, liquidity; register."""

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.risk.register import register as register_rows
from insights.topics.risk.compliance import compliance
from insights.topics.risk.credit import credit
from insights.topics.risk.liquidity import liquidity
from insights.topics.risk.market import market
from insights.topics.risk.operational import operational
from insights.topics.risk.overview import overview
from insights.topics.risk.register import register
from insights.topics.risk.reputation import reputation

QUESTIONS = ("overview", "compliance", "credit", "market", "liquidity", "operational", "reputation", "register")
"""What the report asks, in its order."""

__all__ = [
    "QUESTIONS",
    "compliance",
    "credit",
    "liquidity",
    "lists",
    "market",
    "operational",
    "overview",
    "register",
    "reputation",
]


def lists(bank: Bank) -> dict[str, pd.DataFrame]:
    """Return the restricted lists of this report by name; a list that cannot be made is not there."""
    found = register_rows(bank)
    return {} if found is None else {"risk_register": found}
