"""Reconciliation: do the tables agree with the totals of the general ledger, and who adjusted what by hand."""

import csv
import io
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from insights.data.kept import kept
from insights.data.months import first_of_month, month_end
from insights.data.panel import spells
from insights.data.snapshot import Bank
from insights.data.tables import TABLES
from insights.errors import SourceError

ADJUSTMENTS = "adjustments.csv"
FIELDS = ("month", "measure", "amount", "made_by", "reason", "approved_by")
COLUMNS = ("month", "measure", "general_ledger", "delivered", "adjustment", "difference")
SUMS = {"assets": "balances", "revenue": "revenue"}


def reconcile(bank: Bank) -> pd.DataFrame:
    """Return one row per month and measure of ``control_totals`` known as of the date.

    ``general_ledger`` is its total, ``delivered`` what the tables add up to (null without the table): assets the sum of
    balances, revenue the sum of revenue and costs, clients those in force at the month's end. ``adjustment`` is the sum
    of the adjustments made by hand, ``difference`` = general_ledger - delivered - adjustment: what remains unexplained.
    The frame is empty if the bank delivers no control totals. Amounts are exact (float of cents), for this side of
    disclosure control only.
    """
    if not bank.has("control_totals"):
        return pd.DataFrame(columns=list(COLUMNS))
    totals = bank.table("control_totals").select("month", "measure", general_ledger="amount").execute()
    totals = totals.sort_values(["month", "measure"], ignore_index=True)
    totals["month"] = pd.to_datetime(totals["month"])
    delivered = kept(bank, "delivered totals", lambda: _totals(bank, totals))
    merged = totals.merge(delivered, on=["month", "measure"], how="left")
    by_hand = adjustments(bank).groupby(["month", "measure"])["amount"].sum().rename("adjustment").reset_index()
    merged = merged.merge(by_hand, on=["month", "measure"], how="left")
    merged["adjustment"] = merged["adjustment"].astype("float64").fillna(0.0)
    merged["general_ledger"] = merged["general_ledger"].astype("float64")
    merged["difference"] = (merged["general_ledger"] - merged["delivered"] - merged["adjustment"]).round(2)
    return merged[list(COLUMNS)]


def adjustments(bank: Bank) -> pd.DataFrame:
    """Return the adjustments made by hand up to the as-of date: month, measure, amount, made_by, reason, approved_by.

    They stand in ``adjustments.csv`` beside the extracts (UTF-8, ISO dates, decimal point); without the file there are
    none. Raises SourceError for a file that cannot be read completely: a line left out would be a difference explained
    wrongly.
    """
    path = bank.settings.raw / ADJUSTMENTS
    lines = []
    if path.is_file():
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            raise _unreadable("it is not text in UTF-8") from None
        reader = csv.DictReader(io.StringIO(text, newline=""))
        if missing := [field for field in FIELDS if field not in (reader.fieldnames or ())]:
            raise _unreadable(f"it has no column {missing[0]!r}")
        lines = [_adjustment(number, line) for number, line in enumerate(reader, start=1)]
    lines = [line for line in lines if line["month"] <= bank.as_of]
    frame = pd.DataFrame(lines, columns=list(FIELDS)).astype({"amount": "float64"})
    frame["month"] = pd.to_datetime(frame["month"])
    return frame.sort_values(["month", "measure", "made_by"], kind="stable", ignore_index=True)


def contributions(bank: Bank, measure: str) -> ir.Table:
    """Return what each client contributes to a sum, per month: client_id, month, amount (``assets`` or ``revenue``)."""
    rows = bank.table(SUMS[measure])
    return rows.group_by("client_id", "month").agg(amount=rows.amount.sum())


def _totals(bank: Bank, wanted: pd.DataFrame) -> pd.DataFrame:
    """Return what the tables add up to, for every measure and its months."""
    parts = [_delivered(bank, measure, wanted["month"]) for measure in sorted(set(wanted["measure"]))]
    return pd.concat(parts, ignore_index=True)


def _delivered(bank: Bank, measure: str, months: pd.Series) -> pd.DataFrame:
    if measure == "clients":
        sums = _in_force(bank, [stamp.date() for stamp in sorted(set(months))])
    elif bank.has(SUMS[measure]):
        per_client = contributions(bank, measure)
        sums = per_client.group_by("month").agg(delivered=per_client.amount.sum().cast("float64")).execute()
    else:
        sums = pd.DataFrame({"month": [], "delivered": []})
    sums["month"] = pd.to_datetime(sums["month"])
    return sums.assign(measure=measure, delivered=sums["delivered"].astype("float64"))


def _in_force(bank: Bank, months: list[date]) -> pd.DataFrame:
    """Count the clients in force at the end of each month."""
    known = spells(bank).select("client_id", "joined_on", "left_on").execute()
    client = pd.factorize(known["client_id"])[0]
    joined, left = (known[c].to_numpy("datetime64[D]") for c in ("joined_on", "left_on"))
    ends = [np.datetime64(month_end(first_of_month(month))) for month in months]
    counts = [len(np.unique(client[(joined <= end) & ~(left <= end)])) for end in ends]
    return pd.DataFrame({"month": months, "delivered": [float(n) for n in counts]})


def _adjustment(number: int, line: dict[str, str | None]) -> dict[str, Any]:
    """Return one line with its values typed. No line may leave out who made it, why, and who approved it."""
    known = TABLES["control_totals"].column("measure")
    codes = known.codes if known is not None and known.codes is not None else {}
    empty = [field for field in FIELDS if not (line[field] or "").strip()]
    if empty:
        raise _unreadable(f"line {number} has no {empty[0]}")
    if line["measure"] not in codes:
        raise _unreadable(f"line {number} adjusts an unknown measure; known are {', '.join(codes)}")
    try:
        month = first_of_month(date.fromisoformat(str(line["month"]).strip()))
        amount = Decimal(str(line["amount"]).strip())
    except (ValueError, InvalidOperation):
        raise _unreadable(f"line {number} has an unreadable month or amount") from None
    return {**{field: str(line[field]).strip() for field in FIELDS}, "month": month, "amount": amount}


def _unreadable(why: str) -> SourceError:
    return SourceError(
        f"{ADJUSTMENTS} cannot be used: {why}",
        expected=f"columns {', '.join(FIELDS)}; months like 2026-10-01, amounts like -1250.00",
        todo="correct the file: every adjustment needs its reason and its approval",
    )
