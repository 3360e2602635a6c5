"""The restricted lists of this report in words: headings, reasons and suggested steps in the bank's own language."""

import math
import re
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Message
from insights.reports.exhibits.lifecycle.driver_words import event_label, feature_label
from insights.reports.wording import Wording
from insights.reports.wording.labels import code_label
from insights.topics.lifecycle.contacts import (
    ASK_BETTER,
    ASK_MONEY,
    CALL,
    PERSONAL,
    SETTLE,
    TOGETHER,
    UNSEEN,
)

REASONS_SHOWN = 3

_STEPS = {
    SETTLE: Message("Settle the complaint, then call"),
    ASK_MONEY: Message("Ask where the money went and what would bring it back"),
    ASK_BETTER: Message("Visit and ask what should be better"),
    CALL: Message("Call: there was little contact"),
    UNSEEN: Message("Call: the client has not been seen online"),
    TOGETHER: Message("Visit together with an experienced colleague"),
    PERSONAL: Message("Review the relationship in a personal talk"),
}

_HEADS = {
    "client_id": Message("Client"),
    "rm_id": Message("Relationship manager"),
    "rank": Message("Rank"),
    "suggested_step": Message("Suggested step"),
    "why": Message("Why (percentage points above or below the average risk)"),
    "assets_at_risk": Message("Assets at risk ({currency})"),
    "assets": Message("Assets ({currency})"),
    "income_12m": Message("Income of the last twelve months ({currency})"),
    "expected_gain": Message("Expected gain ({currency})"),
    "effect_pct": Message("Fall of the risk by the programme (points)"),
    "in_programme": Message("In the programme"),
    "average_pct": Message("Average risk (%)"),
    "risk_pct": Message("Risk of this client (%)"),
    "region": Message("Region"),
    "joined_on": Message("Joined on"),
    "left_on": Message("Left on"),
    "leave_reason": Message("Reason for leaving"),
    "months_away": Message("Months since leaving"),
    "return_pct": Message("Chance of return within a year (%)"),
}
_CODES = ("leave_reason", "region")
_RISK = re.compile(r"risk_(.+)_(\d+)m_pct")
_BECAUSE = "because_"


def contacts_in_words(rows: pd.DataFrame, bank: Bank, wording: Wording) -> pd.DataFrame:
    """Return the list of contacts as its reader sees it: the step and the strongest reasons in words, then numbers."""
    features = [c.removeprefix(_BECAUSE) for c in rows.columns if c.startswith(_BECAUSE)]
    programme = bank.settings.lifecycle.retention_programme
    steps = [
        _step(str(step), bool(offer), programme, wording)
        for step, offer in zip(rows["suggested_step"], rows["offer_programme"], strict=True)
    ]
    why = [_why(features, own, wording) for own in rows[[_BECAUSE + f for f in features]].to_numpy(float)]
    told = rows.drop(columns="offer_programme").assign(suggested_step=steps)
    told.insert(int(told.columns.get_loc("suggested_step")) + 1, "why", why)  # type: ignore[arg-type]
    yes, no = (wording.text(m) for m in (Message("yes"), Message("no")))
    return in_words(told.assign(in_programme=[yes if inside else no for inside in rows["in_programme"]]), bank, wording)


def in_words(rows: pd.DataFrame, bank: Bank, wording: Wording) -> pd.DataFrame:
    """Return a list with its headings and codes in words."""
    codes = {
        c: [
            code if not isinstance(code, str) else wording.text(code_label(c, code, bank.settings.labels))
            for code in rows[c]
        ]
        for c in _CODES
        if c in rows
    }
    told = rows.assign(**codes)
    told.columns = pd.Index([wording.heading(_head(str(c), bank)) for c in rows.columns])
    return told


def _head(column: str, bank: Bank) -> Message | str:
    if column in _HEADS:
        return Message(_HEADS[column].id, {"currency": bank.settings.bank.currency})
    if found := _RISK.fullmatch(column):
        values = {"reason": event_label(found[1], bank), "months": int(found[2])}
        return Message("Risk within {months:months} (%): {reason}", values)
    if column.startswith(_BECAUSE):
        return Message("Because of: {feature} (points)", {"feature": feature_label(column.removeprefix(_BECAUSE))})
    return column


def _step(step: str, offer: bool, programme: str | None, wording: Wording) -> str:
    talk = _STEPS[step]
    if offer:
        talk = Message("Offer the programme “{programme}”. {step}", {"programme": programme, "step": talk})
    return wording.text(talk)


def _why(features: list[str], points: Any, wording: Wording) -> str:
    """Return the strongest reasons with what each adds to or takes from the average risk, in percentage points."""
    order = sorted(range(len(features)), key=lambda k: (-abs(points[k]), k))[:REASONS_SHOWN]
    said = [
        Message(
            "{feature} +{size:tenths}" if points[k] > 0 else "{feature} −{size:tenths}",
            {"feature": feature_label(features[k]), "size": abs(float(points[k]))},
        )
        for k in order
        if not math.isnan(points[k]) and round(abs(points[k]), 1) > 0
    ]
    return wording.formats.listed([wording.text(m) for m in said])
