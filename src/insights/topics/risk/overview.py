"""Page one: what is burning, what is smouldering, what went out, and how good past warnings were."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from insights.data.months import add_months
from insights.data.snapshot import Bank
from insights.models.risk.charts import NEEDS as CHARTS
from insights.models.risk.collateral import NEEDS as COLLATERAL
from insights.models.risk.collateral import Revalued, revalued
from insights.models.risk.credit import credit as measured
from insights.models.risk.fraud import NEEDS as PAYMENTS
from insights.models.risk.fraud import fraud
from insights.models.risk.incidents import NEEDS as INCIDENTS
from insights.models.risk.incidents import incidents
from insights.models.risk.liquidity import NEEDS as LIQUIDITY
from insights.models.risk.liquidity import liquidity
from insights.models.risk.loans import NEEDS as LOANS
from insights.models.risk.market import NEEDS as MARKET
from insights.models.risk.market import market
from insights.models.risk.quarter import MONTHS
from insights.models.risk.register import asked
from insights.models.risk.warned import Warned, warned
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer, Evidence, NotAvailable
from insights.topics.risk.collateral import Cover, collateral_evidence, collateral_rows
from insights.topics.risk.compliance import Compliance, compliance_evidence, compliance_rows
from insights.topics.risk.credit import Credit, credit_evidence, credit_rows
from insights.topics.risk.fraud import Screening, fraud_evidence, fraud_rows
from insights.topics.risk.liquidity import Outflows, liquidity_evidence, liquidity_rows
from insights.topics.risk.market import Losses, market_evidence, market_rows
from insights.topics.risk.operational import Operational, operational_evidence, operational_rows
from insights.topics.risk.register import quarter_evidence, quarter_rows
from insights.topics.risk.reputation import Reputation, reputation_evidence, reputation_rows
from insights.topics.risk.security import audit
from insights.topics.risk.warnings import Warnings, warnings_evidence, warnings_rows

ID = "risk.overview"


@dataclass(frozen=True)
class Overview:
    """The answers of the other questions, None where one cannot be told."""

    compliance: Compliance | None
    credit: Credit | None
    collateral: Cover | None
    market: Losses | None
    liquidity: Outflows | None
    operational: Operational | None
    reputation: Reputation | None
    fraud: Screening | None
    quarter: pd.DataFrame | None
    warnings: Warnings | None


def overview(bank: Bank) -> Answer | NotAvailable:
    """Tell what is burning, smouldering and gone out, from all that the bank's tables can tell."""
    parts: dict[str, dict[str, Evidence]] = {}
    facts: dict[str, Any] = {}
    found, facts["compliance"] = compliance_evidence(bank)
    parts["compliance"] = found
    if not bank.needs(*LOANS) and not measured(bank).today.empty:
        parts["credit"], facts["credit"] = credit_evidence(bank)
        if not bank.needs(*COLLATERAL) and isinstance(covered := revalued(bank), Revalued) and len(covered.rows):
            parts["collateral"], facts["collateral"] = collateral_evidence(bank, covered)
    if not bank.needs(*MARKET) and not isinstance(market(bank), NotEstimable):
        parts["market"], facts["market"] = market_evidence(bank)
    if not bank.needs(*LIQUIDITY) and not isinstance(liquidity(bank), NotEstimable):
        parts["liquidity"], facts["liquidity"] = liquidity_evidence(bank)
    if not bank.needs(*INCIDENTS) and not isinstance(incidents(bank).year, NotEstimable):
        parts["operational"], facts["operational"] = operational_evidence(bank)
    if not bank.needs(*PAYMENTS) and not isinstance(fraud(bank), NotEstimable):
        parts["fraud"], facts["fraud"] = fraud_evidence(bank)
    parts["quarter"] = quarter_evidence(bank)
    if parts["quarter"]:
        facts["day"] = add_months(bank.as_of, -MONTHS).isoformat()
    if asked(bank) and isinstance(was := warned(bank), Warned):
        parts["warnings"], facts["warnings"] = warnings_evidence(bank, was)
    parts["reputation"], facts["reputation"] = reputation_evidence(bank)
    evidence = {f"{name}/{key}": part for name, own in parts.items() for key, part in own.items()}
    if not evidence:
        return NotAvailable(ID, (("clients.kyc_expires_on", *LOANS, *INCIDENTS, *CHARTS["complaints"]),))
    return Answer(ID, ID, evidence, _overview, facts | {"since": _year_before(bank), "audit": audit(bank)})


def _year_before(bank: Bank) -> str:
    return (pd.Timestamp(bank.as_of) - pd.DateOffset(years=1)).date().isoformat()


def _overview(evidence: dict[str, Evidence]) -> Overview:
    def of(name: str) -> dict[str, Evidence]:
        return {k.partition("/")[2]: part for k, part in evidence.items() if k.startswith(f"{name}/")}

    def made(name: str, make: Any) -> Any:
        return make(of(name)) if of(name) else None

    return Overview(
        made("compliance", compliance_rows),
        made("credit", credit_rows),
        made("collateral", collateral_rows),
        made("market", market_rows),
        made("liquidity", liquidity_rows),
        made("operational", operational_rows),
        made("reputation", reputation_rows),
        made("fraud", fraud_rows),
        made("quarter", quarter_rows),
        made("warnings", warnings_rows),
    )
