"""The register of risks in words: headings and codes in the bank's own language."""

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Message
from insights.reports.exhibits.risk.words import CHANGES, CONSEQUENCES, LEVELS, OWNERS, REASONS, RISKS, STEPS, WARNINGS
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
