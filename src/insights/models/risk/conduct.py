"""Conduct of staff: access to client data unlike a manager's peers and past, and checks of identity that failed.

What it finds is a reason to look, not a verdict, and goes to internal control alone.
"""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.stats.results import NotEstimable
from insights.stats.unusual_counts import unusual_counts

NEEDS = ("access.accessed_on", "access.rm_id", "access.client_id", "clients.rm_id")
CHECK_NEEDS = ("access.identity_check",)
STRANGERS, REPEATED, FAILED, IDENTITY = "strangers", "repeated", "failed", "identity"
RULES = (STRANGERS, REPEATED, FAILED, IDENTITY)
CHANCE = 0.01
"""Of a false alarm by one rule, over all members of staff and months on record."""
YEAR = 12


@dataclass(frozen=True)
class Conduct:
    """``alerts``: rule, rm_id (None of ``IDENTITY``), client_id (None but of it), month (from year 0), count, expected.

    ``reads``: accesses by month in the last twelve, ``clients`` whose data were looked at in them, ``failed`` and
    ``unchecked`` accesses among them (None where checks are not recorded); ``last`` is the month of the as-of date;
    ``refused``: why a rule could not be applied.
    """

    alerts: pd.DataFrame = field(repr=False)
    reads: int
    clients: int
    failed: int | None
    unchecked: int | None
    last: int
    refused: dict[str, str]


def conduct(bank: Bank) -> Conduct | NotEstimable:
    """Return access unlike peers and past, made once per bank; check ``NEEDS`` first.

    Each manager and month is held against peers and the manager's own past by three counts: clients looked at who never
    were his, times the same client was looked at, and failed checks of identity. And each client and month by failed
    checks, whoever made them. NotEstimable where nobody looked at anything.
    """
    return once(bank, "risk_conduct", lambda: _made(bank))


def _made(bank: Bank) -> Conduct | NotEstimable:
    table = bank.table("access")
    number = table.accessed_on.year() * 12 + table.accessed_on.month() - 1
    checked = not bank.needs(*CHECK_NEEDS)
    sums = {"n": lambda t: t.count()}
    if checked:
        check = table.identity_check
        sums |= {"failed": lambda t: (check == "failed").sum(), "none": lambda t: (check == "none").sum()}
    rows = table.group_by("rm_id", "client_id", month=number).agg(**sums).order_by("rm_id", "month", "client_id")
    told = rows.execute()
    if told.empty:
        return NotEstimable("nobody looked at client data")
    told["mine"] = _his(bank, told)
    last = bank.as_of.year * 12 + bank.as_of.month - 1
    year = told[told["month"] > last - YEAR]
    months = _by_manager(told, checked)
    refused: dict[str, str] = {}
    parts = []
    for rule in RULES[:3] if checked else RULES[:2]:
        exposure = months["n"] if rule == FAILED else None
        found = unusual_counts(months[rule], months["rm_id"], months["month"], exposure, chance=CHANCE)
        if isinstance(found, NotEstimable):
            refused[rule] = found.reason
            continue
        alert = months[found["unusual"].to_numpy()]
        parts.append(
            pd.DataFrame({"rule": rule, "rm_id": alert["rm_id"], "client_id": None, "month": alert["month"]}).assign(
                count=alert[rule].astype(float), expected=found.loc[found["unusual"], "expected"].to_numpy()
            )
        )
    if checked:
        parts.append(_identity(told))
    columns = ["rule", "rm_id", "client_id", "month", "count", "expected"]
    some = [part for part in parts if len(part)]
    alerts = pd.concat(some, ignore_index=True)[columns] if some else pd.DataFrame(columns=columns)
    alerts = alerts.sort_values(["month", "rule", "rm_id", "client_id"], ascending=[False, True, True, True])
    return Conduct(
        alerts.reset_index(drop=True),
        int(year["n"].sum()),
        int(year["client_id"].nunique()),
        int(year["failed"].sum()) if checked else None,
        int(year["none"].sum()) if checked else None,
        last,
        refused,
    )


def _his(bank: Bank, told: pd.DataFrame) -> np.ndarray:
    """Return whether the client of each row is, or ever was, one of the manager's own (n)."""
    pairs = [bank.table("clients").select("client_id", "rm_id")]
    if bank.has("client_history", "rm_id"):
        pairs.append(bank.table("client_history").select("client_id", "rm_id").distinct())
    own = pd.concat([p.execute() for p in pairs], ignore_index=True).dropna().drop_duplicates()
    both = told[["client_id", "rm_id"]].merge(own.assign(mine=True), on=["client_id", "rm_id"], how="left")
    return both["mine"].notna().to_numpy()


def _by_manager(told: pd.DataFrame, checked: bool) -> pd.DataFrame:
    """Return rm_id, month, n, and the counts of the rules, of every manager and month with any access."""
    rows = told.assign(strange=~told["mine"])
    by = rows.groupby(["rm_id", "month"], sort=True)
    found = by.agg(n=("n", "sum"), strangers=("strange", "sum"), repeated=("n", "max")).reset_index()
    return found.assign(failed=by["failed"].sum().to_numpy()) if checked else found


def _identity(told: pd.DataFrame) -> pd.DataFrame:
    """Return the clients and months with more failed checks than chance gives anybody, whoever made them."""
    months = told.groupby(["client_id", "month"], sort=True)[["failed", "n"]].sum().reset_index()
    rate = float(months["failed"].sum() / max(months["n"].sum(), 1))
    from scipy.special import bdtrc  # half a second that those who check nothing need not wait

    failed, n = months["failed"].to_numpy(np.int64), months["n"].to_numpy(np.int64)
    p = np.where(failed > 0, bdtrc(np.maximum(failed - 1, 0), n, rate), 1.0) if rate > 0 else np.ones(len(months))
    # One failed check is none too many, however rare: people mistype.
    alert = months[(p * len(months) < CHANCE) & (failed > 1)]
    return pd.DataFrame(
        {"rule": IDENTITY, "rm_id": None, "client_id": alert["client_id"], "month": alert["month"]}
    ).assign(count=alert["failed"].astype(float), expected=rate * alert["n"])


def conduct_list(bank: Bank) -> pd.DataFrame | None:
    """Return the alerts for internal control, the newest first; None where access is not recorded.

    Columns: rule (code), rm_id, client_id, month (ISO date of its first day), count, expected.
    """
    if bank.needs(*NEEDS):
        return None
    found = conduct(bank)
    if isinstance(found, NotEstimable):
        return None
    months = [date(int(m) // 12, int(m) % 12 + 1, 1).isoformat() for m in found.alerts["month"]]
    return found.alerts.assign(month=months)
