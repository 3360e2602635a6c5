"""Loans month by month and as they stand: covered by what, late, over their collateral, in default."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once

NEEDS = ("loans.drawn", "loans.collateral_value", "loans.days_past_due")
COVERS = ("guarantee", "insurance", "collateral")
"""What covers a loan, in the order in which it is drawn on."""
UNCOVERED = "uncovered"
PERFORMING, LATE, OVER, TIGHT, DEFAULT = "performing", "late", "over collateral", "near collateral", "in default"
MOST_LTV = 1.5
NEVER = 10**6


@dataclass(frozen=True)
class Loans:
    """One row per loan and month, by client and month.

    ``rows``: client_id, month (calendar months from year 0), drawn, collateral, guarantee, insurance (currency), ltv
    (drawn by collateral, at most 1.5), late (days), default (month of default, ``NEVER`` without), performing (no
    default by the month's end), watched (performing, and late or near its collateral), industry, kind (of collateral;
    None where it is not told). ``last`` is the last month on record; ``defaults_recorded`` says whether the bank
    delivers dates of default at all.
    """

    rows: pd.DataFrame = field(repr=False)
    last: int
    defaults_recorded: bool

    @property
    def today(self) -> pd.DataFrame:
        """The loans of the last month, with what covers them (``cover_*``, in turn) and the ``state`` of each."""
        rows = self.rows[self.rows["month"] == self.last].copy()
        left = rows["drawn"].to_numpy(float)
        for name in COVERS:
            covered = np.minimum(left, rows[name].to_numpy(float))
            rows[f"cover_{name}"], left = covered, left - covered
        rows[f"cover_{UNCOVERED}"] = left
        over, late = rows["drawn"] > rows["collateral"], rows["late"] > 0
        rows["state"] = np.select(
            [~rows["performing"], late, over, rows["watched"]], [DEFAULT, LATE, OVER, TIGHT], PERFORMING
        )
        return rows[rows["drawn"] > 0].reset_index(drop=True)


def loans(bank: Bank) -> Loans:
    """Return the loans, made once per bank; check ``NEEDS`` first."""
    return once(bank, "risk_loans", lambda: _made(bank))


def _made(bank: Bank) -> Loans:
    table = bank.table("loans")
    optional = [c for c in ("guarantee_value", "insured_value") if c in table.columns]
    texts = [c for c in ("industry", "collateral_kind") if c in table.columns]
    recorded = "defaulted_on" in table.columns
    day = {"defaulted_on": table.defaulted_on} if recorded else {}
    money = {c: table[c].cast("float64") for c in ("drawn", "collateral_value", "days_past_due", *optional)}
    told = table.select("client_id", "month", *texts, **money, **day).order_by("client_id", "month").execute()
    month = told["month"]
    number = (month.dt.year * 12 + month.dt.month - 1).to_numpy(np.int64)
    default = np.full(len(told), NEVER)
    if recorded:
        on = told["defaulted_on"]
        default = (on.dt.year * 12 + on.dt.month - 1).fillna(NEVER).to_numpy(np.int64)
        # A default is known of every month of the loan once it has happened.
        default = pd.Series(default).groupby(told["client_id"].to_numpy()).transform("min").to_numpy(np.int64)
    rows = pd.DataFrame({"client_id": told["client_id"], "month": number, "drawn": told["drawn"].fillna(0.0)})
    rows["collateral"] = told["collateral_value"].fillna(0.0)
    rows["guarantee"] = told["guarantee_value"].fillna(0.0) if "guarantee_value" in told else 0.0
    rows["insurance"] = told["insured_value"].fillna(0.0) if "insured_value" in told else 0.0
    drawn, collateral = rows["drawn"].to_numpy(float), rows["collateral"].to_numpy(float)
    ratio = np.divide(drawn, collateral, out=np.full(len(rows), MOST_LTV), where=collateral > 0)
    rows["ltv"] = np.minimum(ratio, MOST_LTV)
    rows["late"] = told["days_past_due"].fillna(0.0)
    rows["default"], rows["performing"] = default, default > number
    near = drawn > bank.settings.risk.watch_cover * collateral
    rows["watched"] = rows["performing"] & ((rows["late"] > 0) | near) & (drawn > 0)
    rows["industry"] = told["industry"].fillna("not recorded").astype(str) if "industry" in told else "not recorded"
    rows["kind"] = told.get("collateral_kind")
    return Loans(rows, int(number.max()) if len(number) else 0, recorded)
