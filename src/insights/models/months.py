"""The client-months of a bank as matrices, one row per relationship and one column per calendar month.

What a rule does month after month is then one pass over the columns for all clients at once. The engine joins and sums;
only numbers leave it.
"""

from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.months import add_months, first_of_month, month_of
from insights.data.panel import panel, spells
from insights.data.snapshot import Bank
from insights.errors import SnapshotError
from insights.models.cache import once
from insights.models.outflows import with_outflows

Floats32 = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]

NEEDS = ("balances.amount", "balances.month", "transactions.amount", "transactions.booked_on")
BANKS_OWN = ("fee", "interest")
"""Bookings that the bank makes by itself: they do not show that the client is active."""


@dataclass(frozen=True)
class SpellMonths:
    """Relationships (n rows) by calendar months (T columns; column 0 is the month in which the window opens).

    ``spells``: client_id, spell, joined_on, left_on, leave_reason. ``first`` and ``last`` are the first and last column
    in which the relationship is observed; ``tenure`` the months since joining at ``first`` (0: observed from the
    start); ``left`` whether it ended in ``last``. Matrices are nan outside that and where nothing is known: ``assets``
    (month end), ``flows`` (net money in during the month), ``revenue`` and ``net_share`` (see ``with_outflows``) as
    known by the as-of date; ``assets_known`` and ``flows_known`` as known by the end of each month. ``active`` says
    whether the client was seen to do anything in the month, and is None where nothing tells; it is complete from column
    ``active_from`` on. Money is in the reporting currency, single precision: for rules and means, not for the books.
    """

    spells: pd.DataFrame
    opens: date
    first: Places
    last: Places
    tenure: Places
    left: npt.NDArray[np.bool_]
    assets: Floats32
    flows: Floats32
    revenue: Floats32 | None
    net_share: Floats32
    assets_known: Floats32
    flows_known: Floats32
    active: npt.NDArray[np.bool_] | None
    active_from: int

    @property
    def months(self) -> int:
        """Number of columns."""
        return self.assets.shape[1]

    def month(self, column: int) -> date:
        """Return the first day of the month of a column."""
        return add_months(self.opens, column)

    @property
    def observed(self) -> npt.NDArray[np.bool_]:
        """Whether the relationship is in force during the month, that of leaving included (n, T)."""
        columns = np.arange(self.months)
        return np.asarray((columns >= self.first[:, None]) & (columns <= self.last[:, None]))


def spell_months(bank: Bank) -> SpellMonths:
    """Return the matrices, made once per bank; needs ``NEEDS`` and [window] complete_from (SnapshotError without)."""
    if bank.window_from is None or bank.needs(*NEEDS):
        raise SnapshotError(
            "months of clients cannot be laid out",
            expected=f"[window] complete_from, and {', '.join(NEEDS)}",
            todo="ask bank.needs(...) first",
        )
    return once(bank, "spell_months", lambda: _made(bank), on_disk=True)


def spell_rows(bank: Bank) -> ir.Table:
    """Return client_id, spell and ``row``, its place in the matrices of ``spell_months``, as a table of the engine."""
    return once(bank, "spell_rows", lambda: _numbered(bank, spell_months(bank).spells))


def _numbered(bank: Bank, units: pd.DataFrame) -> ir.Table:
    rows = units[["client_id", "spell"]].assign(row=np.arange(len(units), dtype=np.int32))
    return bank.con.create_table("spell_rows", rows, temp=True, overwrite=True)


def _made(bank: Bank) -> SpellMonths:
    assert bank.window_from is not None
    opens = first_of_month(bank.window_from)
    units = spells(bank).order_by("client_id", "spell").execute()
    joined, end = _column(units["joined_on"], opens), _column(pd.Series([bank.as_of]), opens)[0]
    left = units["left_on"].notna().to_numpy()
    last = np.where(left, _column(units["left_on"].where(left, pd.Timestamp(bank.as_of)), opens), end)
    first = np.maximum(joined, 0)
    keep = first <= last
    units, joined, left, first, last = (
        units[keep].reset_index(drop=True),
        joined[keep],
        left[keep],
        first[keep],
        last[keep],
    )
    shape = (len(units), int(end) + 1)
    numbers = _numbered(bank, units)
    found = _measures(bank, numbers, opens, shape)
    known = {m: _shifted(found[f"{m}_lag1"]) for m in ("assets", "flows")}
    known["flows"][:, -1] = found["flows"][:, -1]
    before = known["assets"][:, -2] if shape[1] > 1 else known["assets"][:, -1]
    known["assets"][:, -1] = np.where(np.isnan(found["assets"][:, -1]), before, found["assets"][:, -1])
    active, active_from = _activity(bank, numbers, opens, shape)
    return SpellMonths(
        units,
        opens,
        first,
        last,
        first - joined,
        left,
        found["assets"],
        found["flows"],
        found.get("revenue"),
        found["net_share"],
        known["assets"],
        known["flows"],
        active,
        active_from,
    )


def _measures(bank: Bank, numbers: ir.Table, opens: date, shape: tuple[int, int]) -> dict[str, Floats32]:
    """Return the panel's measures as matrices."""
    rows = panel(bank, happened=("assets", "flows", "revenue"), known=("assets", "flows"))
    rows = with_outflows(bank, rows)
    names = [n for n in ("assets", "flows", "revenue", "net_share", "assets_lag1", "flows_lag1") if n in rows.columns]
    values = {n: rows[n].cast("float32") for n in names}
    rows = rows.select("client_id", "spell", column=_engine_column(rows.month, opens), **values)
    rows = rows.inner_join(numbers, ["client_id", "spell"]).select("row", "column", *names)
    read = bank.con.to_pyarrow(rows)
    at = read["row"].to_numpy(), read["column"].to_numpy()
    found = {}
    for name in names:
        found[name] = np.full(shape, np.nan, dtype=np.float32)
        found[name][at] = read[name].to_numpy()
    return found


def _shifted(lagged: Floats32) -> Floats32:
    """Return what was known at the end of each month: what the next month's row says of it."""
    known = np.full_like(lagged, np.nan)
    known[:, :-1] = lagged[:, 1:]
    return known


def _activity(
    bank: Bank, numbers: ir.Table, opens: date, shape: tuple[int, int]
) -> tuple[npt.NDArray[np.bool_] | None, int]:
    """Return who was seen to be active when, by the month in which it was known, and the column it is complete from."""
    seen = [t for t in (_bookings(bank), _contacts(bank), _visits(bank)) if t is not None]
    seen = [t.select("client_id", column=_engine_column(t.day, opens)).distinct() for t in seen]
    starts = [s["column"].min().execute() for s in seen]
    if not starts or any(s is None or pd.isna(s) for s in starts):
        return None, 0
    together = ibis.union(*seen, distinct=True) if len(seen) > 1 else seen[0]
    rows = together.filter((together["column"] >= 0) & (together["column"] < shape[1])).inner_join(numbers, "client_id")
    read = bank.con.to_pyarrow(rows.select("row", "column"))
    active = np.zeros(shape, dtype=bool)
    active[read["row"].to_numpy(), read["column"].to_numpy()] = True
    return active, max(0, *(int(s) for s in starts))


def _bookings(bank: Bank) -> ir.Table | None:
    rows = bank.table("transactions")
    rows = rows.filter(rows.kind.notin(BANKS_OWN))
    return rows.select("client_id", day=ibis.greatest(rows.booked_on, rows.known_on))


def _contacts(bank: Bank) -> ir.Table | None:
    """Return the contacts in which the client took part: a message of the bank counts only if it was opened."""
    if not bank.has("contacts", "contacted_on"):
        return None
    rows = bank.table("contacts")
    if {"direction", "delivered_at", "opened_at"} <= set(rows.columns):
        unread = (rows.direction == "outbound") & rows.delivered_at.notnull() & rows.opened_at.isnull()
        rows = rows.filter(~ibis.coalesce(unread, False))
    return rows.select("client_id", day=ibis.greatest(rows.contacted_on, rows.known_on))


def _visits(bank: Bank) -> ir.Table | None:
    if not bank.has("behaviour", "day"):
        return None
    rows = bank.table("behaviour")
    return rows.select("client_id", day=ibis.greatest(rows.day, rows.known_on))


def _engine_column(day: ir.DateValue, opens: date) -> ir.IntegerValue:
    month = month_of(day)
    return ((month.year() - opens.year) * 12 + (month.month() - opens.month)).cast("int32")


def _column(days: pd.Series, opens: date) -> Places:
    days = pd.to_datetime(days)
    return np.asarray((days.dt.year - opens.year) * 12 + (days.dt.month - opens.month), dtype=np.int64)
