"""The watch list of loans after they were granted: since when, how bad, what nothing covers, and what to do next.

Beside loans on watch it holds those whose review saves most, and a few by lot.
"""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.risk.clients import in_force
from insights.models.risk.credit import credit
from insights.models.risk.desk import LOT, RULE, SCORE, Chosen, chosen
from insights.models.risk.loans import DEFAULT, NEEDS, PERFORMING, UNCOVERED, loans
from insights.models.risk.register import credit_step

RECENT = 3
"""Months over which the change of a loan is told."""
REVIEW, REVIEW_DAYS = "review_loan", 30


def reviewed(bank: Bank) -> Chosen:
    """Return which of today's loans are reviewed though they are not on watch; check ``NEEDS`` first."""
    today = credit(bank).today
    stake = today["loss"].where(today["state"] == PERFORMING)
    found = chosen(today["client_id"], stake, bank.settings.risk.desks.loans, "loans")
    return Chosen(found.case, found.lot & (today["state"] == PERFORMING).to_numpy(), found.bound_by, found.least)


def loan_watch(bank: Bank) -> pd.DataFrame | None:
    """Return one row per loan that is late, in default or near its collateral; None where loans are not told.

    And those that are reviewed all the same. Columns: client_id, rm_id, rank (loans in default first, then those on
    watch, the largest expected loss first), drawn_by ("rule", "score" or "lot"), state, since (first of the month, ISO,
    from which it has been watched without a break; of a default, its month; "" of one that is not watched), drawn,
    collateral, uncovered (currency), late (days), ltv, ltv_change (over three months, nan where it is younger), chance
    (of default in twelve months, nan), loss (expected, nan), step (code), due_on (ISO date).
    """
    if bank.needs(*NEEDS):
        return None
    today, rows, last = credit(bank).today, loans(bank).rows, loans(bank).last
    also = reviewed(bank)
    by = np.select([today["state"] != PERFORMING, also.case, also.lot], [RULE, SCORE, LOT], "")
    own = today.assign(drawn_by=by)[by != ""].reset_index(drop=True)
    since = _since(rows, last).reindex(own["client_id"]).to_numpy(float)
    since = np.where(own["state"] == DEFAULT, own["default"].to_numpy(float), since)
    before = (
        rows[rows["month"] == last - RECENT].set_index("client_id")["ltv"].reindex(own["client_id"]).to_numpy(float)
    )
    found = own[["client_id", "drawn_by", "state", "drawn", "collateral", "late", "ltv"]].assign(
        since=["" if np.isnan(m) else _day(int(m)) for m in since],
        uncovered=own[f"cover_{UNCOVERED}"],
        ltv_change=own["ltv"].to_numpy(float) - before,
        chance=own["pd"],
        loss=own["loss"],
    )
    steps = [(REVIEW, REVIEW_DAYS) if state == PERFORMING else credit_step(state) for state in found["state"]]
    found = found.assign(
        step=[step for step, _ in steps],
        due_on=[(bank.as_of + timedelta(days=days)).isoformat() for _, days in steps],
        worst=found["drawn_by"].map({RULE: 1, SCORE: 2, LOT: 3}).where(found["state"] != DEFAULT, 0),
    )
    found = found.merge(in_force(bank), on="client_id", how="left")
    found = found.sort_values(["worst", "loss", "drawn", "client_id"], ascending=[True, False, False, True])
    found["rank"] = np.arange(1, len(found) + 1)
    columns = [
        "client_id",
        "rm_id",
        "rank",
        "drawn_by",
        "state",
        "since",
        "drawn",
        "collateral",
        "uncovered",
        "late",
        "ltv",
    ]
    return found[[*columns, "ltv_change", "chance", "loss", "step", "due_on"]].reset_index(drop=True)


def _since(rows: pd.DataFrame, last: int) -> pd.Series:
    """Return by client the first month from which his loan has been watched in every month up to the last."""
    watched = rows[rows["watched"]]
    # Months that follow on each other differ from their place by the same number.
    place = watched.groupby("client_id").cumcount()
    run = watched["month"] - place
    first = watched.assign(run=run).groupby(["client_id", "run"])["month"].agg(["min", "max"]).reset_index()
    return first[first["max"] == last].set_index("client_id")["min"]


def _day(month: int) -> str:
    return date(month // 12, month % 12 + 1, 1).isoformat()
