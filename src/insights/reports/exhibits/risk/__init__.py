"""Words, tables and figures of the risk report: one file per question."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Exhibit
from insights.reports.exhibits.risk.collateral import collateral
from insights.reports.exhibits.risk.compliance import compliance
from insights.reports.exhibits.risk.conduct import conduct
from insights.reports.exhibits.risk.credit import credit
from insights.reports.exhibits.risk.fraud import alerts_in_words, fraud
from insights.reports.exhibits.risk.liquidity import liquidity
from insights.reports.exhibits.risk.list_words import (
    by_manager_in_words,
    conduct_in_words,
    loan_watch_in_words,
    market_sample_in_words,
    register_in_words,
)
from insights.reports.exhibits.risk.market import market
from insights.reports.exhibits.risk.operational import operational
from insights.reports.exhibits.risk.overview import overview
from insights.reports.exhibits.risk.refusals import refused
from insights.reports.exhibits.risk.register import register
from insights.reports.exhibits.risk.reputation import reputation
from insights.reports.exhibits.risk.security import security
from insights.reports.exhibits.risk.service import complaints_in_words, service
from insights.reports.exhibits.risk.warnings import warnings
from insights.reports.wording import Wording
from insights.topics.evidence import Answer

WRITERS: dict[str, Callable[[Answer, Any, Bank], Exhibit]] = {
    "risk.collateral": collateral,
    "risk.compliance": compliance,
    "risk.conduct": conduct,
    "risk.credit": credit,
    "risk.liquidity": liquidity,
    "risk.fraud": fraud,
    "risk.market": market,
    "risk.operational": operational,
    "risk.overview": overview,
    "risk.refused": refused,
    "risk.register": register,
    "risk.reputation": reputation,
    "risk.security": security,
    "risk.service": service,
    "risk.warnings": warnings,
}

LISTS: dict[str, Callable[[pd.DataFrame, Bank, Wording], pd.DataFrame]] = {
    "fraud_alerts": alerts_in_words,
    "incidents_by_manager": by_manager_in_words,
    "likely_complaints": complaints_in_words,
    "loan_watch": loan_watch_in_words,
    "market_sample": market_sample_in_words,
    "risk_register": register_in_words,
    "staff_conduct": conduct_in_words,
}
"""How each restricted list of this report is put into words, by name."""
