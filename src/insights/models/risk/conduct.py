"""Conduct of staff: access, bookings and changes on file unlike a manager's peers and past, and failed checks.

What it finds is a reason to look, not a verdict, and goes to internal control alone.
"""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from insights.data.months import last_complete
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.risk.bookings import CHANGE_NEEDS, CHANGED, PAID_OUT, TRADES, WHO
from insights.models.risk.bookings import NEEDS as BOOKING_NEEDS
from insights.models.risk.bookings import by_manager as booked
from insights.models.risk.clients import in_force
from insights.models.risk.desk import LOT, drawn
from insights.stats.results import NotEstimable
from insights.stats.unusual_counts import unusual_counts

NEEDS = ("access.accessed_on", "access.rm_id", "access.client_id", "clients.rm_id")
CHECK_NEEDS = ("access.identity_check",)
STRANGERS, REPEATED, FAILED, IDENTITY = "strangers", "repeated", "failed", "identity"
READ_RULES, CHECK_RULES = (STRANGERS, REPEATED), (FAILED, IDENTITY)
BOOKED_RULES = (TRADES, PAID_OUT, CHANGED)
RULES = (*READ_RULES, *CHECK_RULES, *BOOKED_RULES)
RULE_NEEDS: dict[str, tuple[str, ...]] = dict.fromkeys(READ_RULES, NEEDS) | dict.fromkeys(
    CHECK_RULES, (*NEEDS, *CHECK_NEEDS)
)
RULE_NEEDS |= {TRADES: BOOKING_NEEDS, PAID_OUT: BOOKING_NEEDS, CHANGED: CHANGE_NEEDS}
CHANCE = 0.01
"""Of a false alarm by one rule, over all members of staff and months on record."""
YEAR, LOT_MONTHS = 12, 3


@dataclass(frozen=True)
class Conduct:
    """``alerts``: rule, rm_id (None of ``IDENTITY``), client_id (None but of it), month (from year 0), count, expected.

    ``reads``: accesses by month in the last twelve (None where access is not recorded), ``failed`` and ``unchecked``
    accesses among them (None where checks are not recorded); ``last`` is the month of the as-of date; ``refused``: why
    a rule could not be applied. ``lacking``: the rules whose tables are lacking.
    """

    alerts: pd.DataFrame = field(repr=False)
    reads: int | None
    failed: int | None
    unchecked: int | None
    last: int
    refused: dict[str, str]
    lacking: tuple[str, ...]


def told_of(bank: Bank) -> tuple[str, ...]:
    """Return the rules that the bank's tables can tell of."""
    may = [rule for rule in RULES if not bank.needs(*RULE_NEEDS[rule])]
    who = [c for c in WHO if bank.has("client_history", c)]
    return tuple(rule for rule in may if rule != CHANGED or who)


def conduct(bank: Bank) -> Conduct | NotEstimable:
    """Return conduct unlike peers and past, made once per bank; check ``told_of`` first.

    Each manager and month is held against peers and the manager's own past by counts: clients looked at who never were
    his, times the same client was looked at, failed checks of identity, trades and payments out of his clients' money,
    and his clients whose identity or address on file was changed. And each client and month by failed checks, whoever
    made them. NotEstimable where nothing can be held against anything, as nobody looked at or booked anything.
    """
    return once(bank, "risk_conduct", lambda: _made(bank), on_disk=True)


def _made(bank: Bank) -> Conduct | NotEstimable:
    may = told_of(bank)
    last = bank.as_of.year * 12 + bank.as_of.month - 1
    refused: dict[str, str] = {}
    parts: list[pd.DataFrame] = []
    reads = _reads(bank, FAILED in may) if STRANGERS in may else None
    checked = FAILED in may and reads is not None
    if reads is not None:
        months = _by_manager(reads, checked)
        for rule in (*READ_RULES, FAILED) if checked else READ_RULES:
            own = months.rename(columns={rule: "count"}).assign(exposure=months["n"] if rule == FAILED else 1.0)
            parts.append(_unlike(rule, own, refused))
        if checked:
            parts.append(_identity(reads))
    made = booked(bank, last_complete(bank.as_of)) if set(may) & set(BOOKED_RULES) else {}
    for rule, rows in made.items():
        parts.append(_unlike(rule, rows, refused))
    if reads is None and not any(len(rows) for rows in made.values()):
        return NotEstimable("nobody looked at client data")
    columns = ["rule", "rm_id", "client_id", "month", "count", "expected"]
    some = [part for part in parts if len(part)]
    alerts = pd.concat(some, ignore_index=True)[columns] if some else pd.DataFrame(columns=columns)
    alerts = alerts.sort_values(["month", "rule", "rm_id", "client_id"], ascending=[False, True, True, True])
    year = None if reads is None else reads[reads["month"] > last - YEAR]
    return Conduct(
        alerts.reset_index(drop=True),
        None if year is None else int(year["n"].sum()),
        int(year["failed"].sum()) if checked and year is not None else None,
        int(year["none"].sum()) if checked and year is not None else None,
        last,
        refused,
        tuple(rule for rule in RULES if rule not in may),
    )


def _reads(bank: Bank, checked: bool) -> pd.DataFrame | None:
    """Return rm_id, client_id, month, n, mine and, where checks are told, failed and none; None where nobody looked."""
    table = bank.table("access")
    number = table.accessed_on.year() * 12 + table.accessed_on.month() - 1
    sums = {"n": lambda t: t.count()}
    if checked:
        check = table.identity_check
        sums |= {"failed": lambda t: (check == "failed").sum(), "none": lambda t: (check == "none").sum()}
    rows = table.group_by("rm_id", "client_id", month=number).agg(**sums).order_by("rm_id", "month", "client_id")
    told = rows.execute()
    return told.assign(mine=_his(bank, told)) if len(told) else None


def _unlike(rule: str, rows: pd.DataFrame, refused: dict[str, str]) -> pd.DataFrame:
    """Return the alerts of a rule among rm_id, month, count, exposure; ``refused`` takes why it cannot be applied."""
    found = unusual_counts(rows["count"], rows["rm_id"], rows["month"], rows["exposure"], chance=CHANCE)
    if isinstance(found, NotEstimable):
        refused[rule] = found.reason
        return pd.DataFrame()
    unusual = found["unusual"].to_numpy()
    alert = rows[unusual]
    told = pd.DataFrame({"rule": rule, "rm_id": alert["rm_id"], "client_id": None, "month": alert["month"]})
    return told.assign(count=alert["count"].astype(float), expected=found.loc[unusual, "expected"].to_numpy())


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
    """Return the alerts for internal control, the newest first, then months drawn by lot; None without any record.

    Columns: rule (code, "lot" of those that raised no alert), rm_id, client_id, month (ISO date of its first day),
    count, expected (nan of those by lot). The lot draws among the last three whole months of all managers with clients.
    """
    if not told_of(bank):
        return None
    found = conduct(bank)
    if isinstance(found, NotEstimable):
        return None
    rows = pd.concat([p for p in (found.alerts, _by_lot(bank, found)) if len(p)] or [found.alerts], ignore_index=True)
    months = [date(int(m) // 12, int(m) % 12 + 1, 1).isoformat() for m in rows["month"]]
    return rows.assign(month=months)


def _by_lot(bank: Bank, found: Conduct) -> pd.DataFrame:
    if bank.needs("clients.rm_id"):
        return found.alerts.iloc[:0]
    last = last_complete(bank.as_of)
    managers = sorted({str(m) for m in in_force(bank)["rm_id"].dropna()})
    rows = pd.DataFrame([(m, last - k) for k in range(LOT_MONTHS) for m in managers], columns=["rm_id", "month"])
    alarmed = set(zip(found.alerts["rm_id"], found.alerts["month"], strict=True))
    fresh = [pair not in alarmed for pair in zip(rows["rm_id"], rows["month"], strict=True)]
    names = [f"{m}|{month}" for m, month in zip(rows["rm_id"], rows["month"], strict=True)]
    lot = drawn(names, bank.settings.risk.desks.staff_share, "staff")
    rows = rows[lot & np.array(fresh, dtype=bool)]
    return rows.assign(rule=LOT, client_id=None, count=np.nan, expected=np.nan)[list(found.alerts.columns)]
