"""Risk: what burns, smoulders, went out; facts, loans, markets, liquidity, incidents, fraud, complaints; register."""

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.risk.conduct import conduct_list
from insights.models.risk.incidents_by_manager import manager_list
from insights.models.risk.loan_watch import loan_watch
from insights.topics.risk.collateral import collateral
from insights.topics.risk.compliance import compliance
from insights.topics.risk.conduct import conduct
from insights.topics.risk.credit import credit
from insights.topics.risk.foretold import foretold
from insights.topics.risk.fraud import LIST, fraud, fraud_alerts
from insights.topics.risk.liquidity import liquidity
from insights.topics.risk.market import market, market_sample
from insights.topics.risk.operational import operational
from insights.topics.risk.overview import overview
from insights.topics.risk.register import register, register_list
from insights.topics.risk.reputation import reputation
from insights.topics.risk.security import security
from insights.topics.risk.service import LIST as COMPLAINTS
from insights.topics.risk.service import likely_complaints, service
from insights.topics.risk.warnings import warnings

QUESTIONS = (
    "overview",
    "compliance",
    "credit",
    "collateral",
    "market",
    "liquidity",
    "operational",
    "conduct",
    "fraud",
    "reputation",
    "service",
    "register",
    "warnings",
    "security",
)
"""What the report asks, in its order."""

__all__ = [
    "QUESTIONS",
    "collateral",
    "compliance",
    "conduct",
    "credit",
    "foretold",
    "fraud",
    "liquidity",
    "lists",
    "market",
    "operational",
    "overview",
    "register",
    "reputation",
    "security",
    "service",
    "warnings",
]


def lists(bank: Bank) -> dict[str, pd.DataFrame]:
    """Return the restricted lists of this report by name; a list that cannot be made is not there."""
    made = {"risk_register": register_list(bank), LIST: fraud_alerts(bank), COMPLAINTS: likely_complaints(bank)}
    made |= {"loan_watch": loan_watch(bank), "incidents_by_manager": manager_list(bank)}
    made |= {"staff_conduct": conduct_list(bank), "market_sample": market_sample(bank)}
    return {name: rows for name, rows in made.items() if rows is not None}
