"""The restricted list of this report in words: headings and codes in the bank's own language."""

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Message
from insights.reports.exhibits.value.resources import STAGES
from insights.reports.wording import Wording

_HEADS = {
    "client_id": Message("Client"),
    "rm_id": Message("Relationship manager"),
    "rank": Message("Rank"),
    "tier": Message("Tier"),
    "stage": Message("Stage of the relationship"),
    "value": Message("Margin of twelve months ({currency})"),
    "worth": Message("Worth today over all years counted ({currency})"),
    "leave_pct": Message("Risk of leaving by choice within twelve months (%)"),
    "stake": Message("Value at stake in a year ({currency})"),
    "hours": Message("Hours in twelve months"),
    "stake_per_hour": Message("At stake per hour ({currency})"),
}


def value_at_stake_in_words(rows: pd.DataFrame, bank: Bank, wording: Wording) -> pd.DataFrame:
    """Return the list of clients by value at stake as its reader sees it."""
    stage = [wording.text(STAGES[code]) if code in STAGES else str(code) for code in rows["stage"]]
    named = {"currency": bank.settings.bank.currency}
    heads = {name: wording.heading(Message(head.id, named)) for name, head in _HEADS.items()}
    return rows.assign(stage=stage).rename(columns=heads)
