"""The register of risks and the watch list of loans in words: headings and codes in the bank's own language."""

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.risk.desk import LOT
from insights.reports.exhibits.base import Message
from insights.reports.exhibits.risk.conduct import RULES
from insights.reports.exhibits.risk.words import (
    CHANGES,
    CONSEQUENCES,
    DRAWN_BY,
    LEVELS,
    LOANS,
    OWNERS,
    REASONS,
    RISKS,
    STEPS,
    WARNINGS,
    kind_label,
)
from insights.reports.wording import Wording

_HEADS = {
    "client_id": Message("Client"),
    "rm_id": Message("Relationship manager"),
    "rank": Message("Rank"),
    "level": Message("Level"),
    "change": Message("Change"),
    "risks": Message("Risks"),
    "reasons": Message("Reason"),
    "consequences": Message("Possible consequence"),
    "steps": Message("Next step"),
    "owners": Message("Who takes it"),
    "warnings": Message("Warning to the client"),
    "amount": Message("Amount concerned ({currency})"),
    "due_on": Message("Due on"),
}
_CODES = {"risks": RISKS, "reasons": REASONS, "consequences": CONSEQUENCES, "steps": STEPS, "owners": OWNERS}
_CODES |= {"level": LEVELS, "change": CHANGES, "warnings": WARNINGS}


def register_in_words(rows: pd.DataFrame, bank: Bank, wording: Wording) -> pd.DataFrame:
    """Return the register as its reader sees it, with the warning that belongs to each reason."""
    rows = rows.assign(warnings=rows["reasons"])
    words = {
        name: ["; ".join(wording.text(labels[code]) for code in str(codes).split(",")) for codes in rows[name]]
        for name, labels in _CODES.items()
    }
    named = {"currency": bank.settings.bank.currency}
    heads = {name: wording.heading(Message(head.id, named)) for name, head in _HEADS.items()}
    return rows.assign(**words, amount=rows["amount"].round(0)).rename(columns=heads)


_MANAGER_HEADS = {
    "rm_id": Message("Relationship manager"),
    "client_months": Message("Client months in three years"),
    "incidents": Message("Incidents"),
    "expected": Message("Expected for as many client months"),
    "process": Message("Process with more than that explains"),
    "factor": Message("Times as many as expected, chance taken out"),
    "low": Message("At least (95 of 100)"),
    "high": Message("At most (95 of 100)"),
    "unusual": Message("More than chance"),
}


def by_manager_in_words(rows: pd.DataFrame, bank: Bank, wording: Wording) -> pd.DataFrame:
    """Return the incidents of each manager as internal control sees them."""
    yes, no = wording.text(Message("yes")), wording.text(Message("no"))
    numbers = {name: rows[name].round(2) for name in ("expected", "factor", "low", "high")}
    told = rows.assign(unusual=[yes if flag else no for flag in rows["unusual"]], **numbers)
    labels = [kind_label(str(code), bank) if code else "" for code in rows["process"]]
    told = told.assign(process=[label if isinstance(label, str) else wording.text(label) for label in labels])
    return told.rename(columns={name: wording.heading(message) for name, message in _MANAGER_HEADS.items()})


_CONDUCT_HEADS = {
    "rule": Message("Unlike peers and past"),
    "rm_id": Message("Member of staff"),
    "client_id": Message("Client"),
    "month": Message("Month"),
    "count": Message("How often"),
    "expected": Message("To be expected"),
}


def conduct_in_words(rows: pd.DataFrame, bank: Bank, wording: Wording) -> pd.DataFrame:
    """Return the alerts on conduct as internal control sees them."""
    rules = RULES | {LOT: Message("no alert: drawn by lot")}
    told = rows.assign(rule=[wording.text(rules[rule]) for rule in rows["rule"]], expected=rows["expected"].round(2))
    return told.rename(columns={name: wording.heading(message) for name, message in _CONDUCT_HEADS.items()})


_LOAN_HEADS = {
    "client_id": Message("Client"),
    "rm_id": Message("Relationship manager"),
    "rank": Message("Rank"),
    "drawn_by": Message("On the list by"),
    "state": Message("State of the loan"),
    "since": Message("On watch since"),
    "drawn": Message("Drawn ({currency})"),
    "collateral": Message("Collateral ({currency})"),
    "uncovered": Message("Covered by nothing ({currency})"),
    "late": Message("Days late"),
    "ltv": Message("Drawn over collateral"),
    "ltv_change": Message("Change of it in three months"),
    "chance": Message("Chance of default in twelve months"),
    "loss": Message("Expected loss ({currency})"),
    "step": Message("Next step"),
    "due_on": Message("Due on"),
}


def loan_watch_in_words(rows: pd.DataFrame, bank: Bank, wording: Wording) -> pd.DataFrame:
    """Return the watch list of loans as its reader sees it."""
    told = rows.assign(
        drawn_by=[wording.text(DRAWN_BY[code]) for code in rows["drawn_by"]],
        state=[wording.text(LOANS[state]) for state in rows["state"]],
        step=[wording.text(STEPS[step]) for step in rows["step"]],
        **{name: rows[name].round(0) for name in ("drawn", "collateral", "uncovered", "late", "loss")},
        **{name: rows[name].round(3) for name in ("ltv", "ltv_change", "chance")},
    )
    named = {"currency": bank.settings.bank.currency}
    return told.rename(columns={name: wording.heading(Message(m.id, named)) for name, m in _LOAN_HEADS.items()})


_SAMPLE_HEADS = {
    "client_id": Message("Client"),
    "rm_id": Message("Relationship manager"),
    "stated": Message("Stated tolerance"),
    "loss_pct": Message("Loss in one year of twenty (%)"),
    "allowed_pct": Message("May lose in a year (%)"),
    "amount": Message("Assets ({currency})"),
}


def market_sample_in_words(rows: pd.DataFrame, bank: Bank, wording: Wording) -> pd.DataFrame:
    """Return the drawn clients within their tolerance as its reader sees them."""
    named = {"currency": bank.settings.bank.currency}
    return rows.rename(columns={name: wording.heading(Message(m.id, named)) for name, m in _SAMPLE_HEADS.items()})
