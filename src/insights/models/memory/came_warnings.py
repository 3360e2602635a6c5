"""What became of the warnings that past runs raised: settled or not, and whether what they warned of came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from insights.data.months import add_months
from insights.data.panel import spells
from insights.data.snapshot import Bank
from insights.models.memory.came import NOTHING_DUE, due, told_by
from insights.models.memory.store import Memory
from insights.models.memory.targets import ALERT
from insights.models.risk.loans import NEEDS as LOANS
from insights.models.risk.loans import loans
from insights.models.risk.register import asked, open_risks, risk_of
from insights.stats.results import NotEstimable

SETTLED_AFTER, FOLLOWED_WITHIN = 3, 12
"""Months that a warning has to be settled, and within which what it warned of counts as having followed."""
CREDIT = ("payment_late", "over_collateral", "near_collateral")
FOLLOWED = {"suitability": ("above_tolerance",), "credit": CREDIT}
"""Warnings by what they warn of: that the client leaves, that the loan defaults."""


@dataclass(frozen=True)
class Warned:
    """What became of the warnings of a past run.

    ``settled``: client_id, risk, outcome ("settled", "open"), of the run ``settled_day``; ``followed``: client_id,
    risk, warned ("warned", "others"), outcome ("followed", "not"), of the run ``followed_day`` (None: none is due).
    """

    settled: pd.DataFrame
    followed: pd.DataFrame | None
    settled_day: str = ""
    followed_day: str = ""


def came_of_warnings(bank: Bank, memories: Sequence[Memory]) -> Warned | NotEstimable:
    """Return what became of the warnings of the latest run that is old enough, a client counting once for each risk.

    A warning is settled when the register no longer holds that risk of that client, be it for the same reason or
    another; it holds clients in force, so whoever left counts as settled. What followed is compared with the clients of
    that day who were not warned of the same risk. Runs are not put together: one client may not stand for many.
    """
    memories = [m for m in memories if due(m, SETTLED_AFTER) <= bank.as_of]
    if not memories or not asked(bank):
        return NOTHING_DUE
    raised = [(m, told) for m in memories if len(told := told_by(m, lambda t: t.str.startswith(ALERT)))]
    if not raised:
        return NOTHING_DUE
    one = raised[0]
    other = next(((m, t) for m, t in raised if due(m, FOLLOWED_WITHIN) <= bank.as_of), None)
    settled = _settled(bank, one[1])
    followed = None if other is None else _followed(bank, date.fromisoformat(other[0].as_of), other[1])
    return Warned(settled, followed, one[0].as_of, "" if other is None or followed is None else other[0].as_of)


def _settled(bank: Bank, told: pd.DataFrame) -> pd.DataFrame:
    now = open_risks(bank)
    still = set(zip(now["client_id"].astype(str), now["risk"].astype(str), strict=True))
    there = set(spells(bank).select("client_id").distinct().execute()["client_id"].astype(str))
    own = told[told["client_id"].isin(there)]
    risk = own["target"].str.removeprefix(ALERT).map(risk_of)
    pairs = sorted(set(zip(own["client_id"], risk, strict=True)))
    is_open = [pair in still for pair in pairs]
    client, risks = ([pair[k] for pair in pairs] for k in (0, 1))
    return pd.DataFrame({"client_id": client, "risk": risks, "outcome": np.where(is_open, "open", "settled")})


def _followed(bank: Bank, day: date, told: pd.DataFrame) -> pd.DataFrame | None:
    until = add_months(day, FOLLOWED_WITHIN)
    parts = []
    for risk, reasons in FOLLOWED.items():
        warned = set(told.loc[told["target"].isin([ALERT + r for r in reasons]), "client_id"])
        ends = _ends(bank, day) if risk == "suitability" else _defaults(bank, day)
        if ends is None or not warned:
            continue
        sides = np.where(ends.index.isin(warned), "warned", "others")
        outcome = np.where(ends <= pd.Timestamp(until), "followed", "not")
        own = {"client_id": ends.index.to_numpy(), "risk": risk, "warned": sides, "outcome": outcome}
        parts.append(pd.DataFrame(own))
    return pd.concat(parts, ignore_index=True) if parts else None


def _ends(bank: Bank, day: date) -> pd.Series:
    """Return by client in force on a day when he left for good (NaT: he is there)."""
    rows = spells(bank).select("client_id", "joined_on", "left_on").execute()
    joined, left = (pd.to_datetime(rows[c]) for c in ("joined_on", "left_on"))
    here = (joined <= pd.Timestamp(day)) & (left.isna() | (left > pd.Timestamp(day)))
    own = pd.DataFrame({"client_id": rows["client_id"].astype(str), "left": left})[here]
    return own.assign(left=own["left"].fillna(pd.Timestamp.max)).groupby("client_id")["left"].max()


def _defaults(bank: Bank, day: date) -> pd.Series | None:
    """Return by client with a performing loan at the month's end when it defaulted (far away: it did not)."""
    if bank.needs(*LOANS):
        return None
    found = loans(bank)
    if not found.defaults_recorded:
        return None
    month = day.year * 12 + day.month - 1
    rows = found.rows[(found.rows["month"] == month) & found.rows["performing"] & (found.rows["drawn"] > 0)]
    if rows.empty:
        return None
    first = rows.groupby(rows["client_id"].astype(str))["default"].min()
    ends = [pd.Timestamp(int(m) // 12, int(m) % 12 + 1, 1) if m < 12 * 2200 else pd.Timestamp.max for m in first]
    return pd.Series(ends, index=first.index)
