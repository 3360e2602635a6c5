"""Rows of a finding: the same shape for every number that is published."""

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Message
from insights.reports.wording.labels import code_label
from insights.stats.results import Estimate, NotEstimable, TestResult
from insights.topics.evidence import Need

SHOWN, SUPPRESSED, NOT_ESTIMABLE = "shown", "suppressed", "not_estimable"


def estimate_row(
    name: str, result: Estimate | NotEstimable, *, group: dict[str, str] | None = None, months: int | None = None
) -> dict[str, Any]:
    """Return the row of one estimate; where there is none its value is null and the status says so."""
    head = {"name": name, "group": group or {}, "months": months}
    if isinstance(result, NotEstimable):
        empty: dict[str, Any] = dict.fromkeys(("value", "low", "high", "level", "unit", "n", "n_events"))
        return head | empty | {"status": NOT_ESTIMABLE}
    return head | {
        "value": result.value,
        "low": result.low,
        "high": result.high,
        "level": result.level,
        "unit": result.unit,
        "n": result.n,
        "n_events": result.n_events,
        "status": SHOWN,
    }


def count_row(name: str, value: float | None, *, unit: str, group: dict[str, str] | None = None) -> dict[str, Any]:
    """Return the row of a count or a sum, which has no interval; a missing value is one that was suppressed."""
    shown = value is not None and not pd.isna(value)
    head = {
        "name": name,
        "group": group or {},
        "months": None,
        "value": float(value) if shown and value is not None else None,
    }
    empty: dict[str, Any] = dict.fromkeys(("low", "high", "level", "n", "n_events"))
    return head | empty | {"unit": unit, "status": SHOWN if shown else SUPPRESSED}


def number(value: Any) -> float | None:
    """Return a value of a frame as a cell; a missing one is None (shown as withheld)."""
    return None if pd.isna(value) else float(value)


def check_row(test: TestResult) -> dict[str, Any]:
    """Return a test as a finding keeps it."""
    return {
        "name": test.name,
        "null": test.null,
        "statistic": test.statistic,
        "df": test.df,
        "p_value": test.p_value,
        "reason": test.reason,
    }


def interval(result: Estimate | NotEstimable, kind: str) -> Message | None:
    """Return an estimate with its interval as one cell of a table; None (shown as withheld) where there is none."""
    if isinstance(result, NotEstimable):
        return Message("not estimable")
    values = {"value": result.value, "low": result.low, "high": result.high}
    if math.isinf(result.high):
        return Message("{value:number} ({low:number} or more)", values)
    if kind == "percent":
        return Message("{value:percent} ({low:bare_percent} to {high:bare_percent})", values)
    if kind == "tenths":
        return Message("{value:tenths} ({low:tenths} to {high:tenths})", values)
    return Message("{value:number} ({low:number} to {high:number})", values)


def needed(needs: Iterable[Need]) -> Message:
    """Say what a question would need: all of it, and of alternatives any one."""
    every = [need if not isinstance(need, str) else _IN_WORDS.get(need, need) for need in needs]
    any_one = Message("either {names:either}") if len(every) > 1 else Message("{names:either}")
    parts = [need if isinstance(need, str | Message) else Message(any_one.id, {"names": list(need)}) for need in every]
    return Message("not available: needs {needs}", {"needs": parts})


_IN_WORDS = {
    message.id: message
    for message in (
        Message("a pack of all clients"),
        Message("what the run of an earlier pack remembers"),
    )
}
"""What may be needed beside columns and settings."""


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame as dicts, in their order; a missing value is None."""
    return [{str(k): None if pd.isna(v) else v for k, v in row.items()} for row in frame.to_dict("records")]


def by_choice(bank: Bank) -> tuple[Message, ...]:
    """Say which reasons of leaving are not counted as the client's choice, where reasons are recorded."""
    if not (bank.has("clients", "leave_reason") or bank.has("relationships", "leave_reason")):
        return ()
    labels = bank.settings.labels
    reasons = [code_label("leave_reason", code, labels) for code in bank.settings.lifecycle.not_by_choice]
    return (Message("By choice: for any reason but {reasons}.", {"reasons": reasons}),) if reasons else ()


def dated(bank: Bank, *more: Message) -> tuple[Message, ...]:
    """Return what an exhibit rests on that counts no leavers: the as-of date, after what is its own."""
    return (*more, Message("As of {as_of:date}.", {"as_of": bank.as_of.isoformat()}))


def basis(bank: Bank, *more: Message) -> tuple[Message, ...]:
    """Return what an exhibit rests on: the as-of date and the window, after what is its own."""
    lines = [*dated(bank, *more)]
    if bank.window_from:
        lines.append(
            Message("Leavers are completely recorded from {start:date}.", {"start": bank.window_from.isoformat()})
        )
    return tuple(lines)
