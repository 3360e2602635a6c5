"""The file of a client in words: what each line is called, values as people read them, and what changed."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Message
from insights.reports.exhibits.clients.stages import stage_label
from insights.reports.exhibits.clients.words import segment_label
from insights.reports.wording import Wording
from insights.reports.wording.labels import code_label, column_label

_SECTIONS = {
    "person": Message("Person and relationship"),
    "money": Message("Money"),
    "risk": Message("Risk"),
    "service": Message("Service and talks"),
}
_ITEMS = {
    "segment": Message("segment"),
    "stage": Message("stage of the relationship"),
    "tier": Message("tier"),
    "assets": Message("assets at month end"),
    "green": Message("in green and social products"),
    "margin": Message("margin of twelve months"),
    "drawn": Message("drawn on loans"),
    "taken": Message("level of risk taken, 1 to 5"),
    "above": Message("in products above what he accepts"),
    "volatility": Message("ups and downs in a year"),
    "contacts": Message("contacts in three months"),
    "complaints": Message("complaints in three months"),
    "offers": Message("offers in three months"),
    "events": Message("invitations in three months"),
    "last_contact": Message("last contact"),
}
_HEADS = {
    "section": Message("Part"),
    "item": Message("What"),
    "now": Message("Now"),
    "before": Message("Three months ago"),
    "change": Message("Change"),
}
NUMBERS = ("money", "count", "tenths", "percent", "year")
_TOPIC = Message("spoke of {topic}")
_KIND = Message("in {kind}")
_CHANGED = Message("changed")


def client_file_in_words(rows: pd.DataFrame, bank: Bank, wording: Wording) -> pd.DataFrame:
    """Return the file as its reader sees it, with what changed in a column of its own."""
    told = []
    section = ""
    for row in rows.to_dict("records"):
        kind = str(row["kind"])
        now, before = (_value(row[name], kind) for name in ("now", "before"))
        line = {"section": wording.heading(_SECTIONS[str(row["section"])]) if row["section"] != section else ""}
        section = str(row["section"])
        line["item"] = wording.heading(_item(str(row["item"]), bank))
        line["now"], line["before"] = (_written(v, kind, str(row["item"]), bank, wording) for v in (now, before))
        line["change"] = _change(now, before, kind, wording)
        told.append(line)
    return pd.DataFrame(told, columns=list(_HEADS)).rename(
        columns={name: wording.heading(head) for name, head in _HEADS.items()}
    )


def _item(item: str, bank: Bank) -> Message | str:
    if item.startswith("category:"):
        return code_label("category", item.partition(":")[2], bank.settings.labels)
    if item.startswith("kind:"):
        return Message(_KIND.id, {"kind": code_label("category", item.partition(":")[2], bank.settings.labels)})
    if item.startswith("topic:"):
        return Message(_TOPIC.id, {"topic": code_label("topic", item.partition(":")[2], bank.settings.labels)})
    return _ITEMS.get(item) or column_label("clients", item)


def _written(value: Any, kind: str, item: str, bank: Bank, wording: Wording) -> str:
    if value is None:
        return ""
    if kind == "segment":
        return wording.heading(segment_label(str(value), bank))
    if kind == "stage":
        return wording.heading(stage_label(str(value)))
    if kind == "code":
        return wording.heading(code_label(item, str(value), bank.settings.labels))
    if kind == "codes":
        parts = [code_label(item, part.strip(), bank.settings.labels) for part in str(value).split(";") if part.strip()]
        return wording.heading(Message("{parts}", {"parts": parts}))
    if kind in ("text", "id"):
        return str(value)
    if kind == "year":
        return str(int(value))
    return wording.value(value, kind)


def _change(now: Any, before: Any, kind: str, wording: Wording) -> str:
    """Return the difference of numbers, or that something else has changed; nothing where nothing did."""
    if before is None or now is None or now == before:
        return ""
    if kind in ("money", "count", "tenths"):
        sign = "+" if now > before else ""
        return sign + wording.value(now - before, kind)
    return wording.text(_CHANGED)


def _value(value: Any, kind: str) -> Any:
    """Return what a line of the file holds: a number where it is one, None where there is nothing."""
    if not isinstance(value, str):
        return None
    return float(value) if kind in NUMBERS else value
