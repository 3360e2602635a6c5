"""The contacts of the last three years as rows of plain columns, read once for all questions about channels."""

from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.months import add_months, first_of_month
from insights.data.panel import spells
from insights.data.snapshot import Bank
from insights.models.cache import once

YEARS = 3
NEEDS = ("contacts.channel", "contacts.contacted_on")
INBOUND = "inbound"
UNKNOWN = "not recorded"
FIELDS = ("topic", "direction", "contacted_at", "wait", "handling", "resolved")
"""What a contact's record should hold; of these, those that the bank delivers at all are looked at."""


@dataclass(frozen=True)
class Contacts:
    """One row per contact, by client and day.

    ``rows``: client (code from 0), client_id, day (datetime64), month (calendar months from year 0), channel, topic and
    direction ("not recorded" where empty), wait and handling (minutes), resolved (0 or 1), mark, cost (currency), all
    nan where not recorded; asked (the client began it, or it is not recorded who did); open (the client still waits for
    an answer on the as-of date: nothing of the wait, the work or the outcome is recorded) with waited (minutes so far);
    hour (of the day, nan). ``delivered`` are those of ``FIELDS`` that the bank delivers. ``first`` is the month in
    which they begin, counted like ``month``; ``last`` that of the as-of date.
    """

    rows: pd.DataFrame = field(repr=False)
    delivered: tuple[str, ...]
    first: int
    last: int

    def since(self, months: int) -> pd.DataFrame:
        """Return the rows of the last so many months, that of the as-of date included."""
        return self.rows[self.rows["month"] > self.last - months]


def contacts(bank: Bank) -> Contacts:
    """Return the contacts, made once per bank; needs ``NEEDS``."""
    return once(bank, "channel_contacts", lambda: _made(bank))


def _made(bank: Bank) -> Contacts:
    told = bank.table("contacts")
    opens = add_months(first_of_month(bank.as_of), 1 - 12 * YEARS)
    told = told.filter(told.contacted_on >= ibis.literal(opens))
    ids = ["contacts_id"] if "contacts_id" in told.columns else []
    rows = told.order_by("client_id", "contacted_on", *ids).select(
        "client_id",
        "channel",
        day=told.contacted_on,
        topic=_text(told, "topic"),
        direction=_text(told, "direction"),
        at=told.contacted_at if "contacted_at" in told.columns else ibis.null("timestamp"),
        wait=_number(told, "wait_minutes"),
        handling=_number(told, "handling_minutes"),
        resolved=_number(told, "resolved"),
        mark=_number(told, "satisfaction"),
        cost=_number(told, "cost"),
    )
    frame = bank.con.to_pyarrow(rows).to_pandas()
    frame["day"] = pd.to_datetime(frame["day"])
    frame["at"] = pd.to_datetime(frame["at"])
    for name in ("wait", "handling", "resolved", "mark", "cost"):
        frame[name] = frame[name].astype(float)
    frame["client"] = pd.factorize(frame["client_id"])[0]
    frame["month"] = frame["day"].dt.year * 12 + frame["day"].dt.month - 1
    frame["asked"] = frame["direction"].isin((INBOUND, UNKNOWN))
    frame["hour"] = frame["at"].dt.hour.astype(float)
    delivered = tuple(f for f in FIELDS if bank.has("contacts", _COLUMNS[f]))
    frame["open"] = _still_open(frame, delivered)
    end = pd.Timestamp(bank.as_of) + pd.Timedelta(days=1)
    frame["waited"] = (end - frame["at"].fillna(frame["day"])).dt.total_seconds() / 60
    last = bank.as_of.year * 12 + bank.as_of.month - 1
    return Contacts(frame, delivered, last - 12 * YEARS + 1, last)


_COLUMNS = {
    "topic": "topic",
    "direction": "direction",
    "contacted_at": "contacted_at",
    "wait": "wait_minutes",
    "handling": "handling_minutes",
    "resolved": "resolved",
}


def by_month(bank: Bank) -> pd.DataFrame:
    """Return what the contacts of each client and month add up to, of all years, counted by the engine.

    Columns: client_id, month (calendar months from year 0), and for contacts (1 each), mark, wait (minutes, of contacts
    that the client began) and resolved their ``<name>_sum`` and ``<name>_count``, 0 where not recorded.
    """
    return once(bank, "channel_contact_months", lambda: _by_month(bank))


def _by_month(bank: Bank) -> pd.DataFrame:
    told = bank.table("contacts")
    asked = ibis.coalesce(told.direction == INBOUND, True) if "direction" in told.columns else ibis.literal(True)
    values = {
        "contacts": ibis.literal(1.0),
        "mark": _number(told, "satisfaction"),
        "wait": asked.ifelse(_number(told, "wait_minutes"), ibis.null("float64")),
        "resolved": _number(told, "resolved"),
    }
    rows = told.select("client_id", month=told.contacted_on.year() * 12 + told.contacted_on.month() - 1, **values)
    sums = {f"{n}_sum": ibis.coalesce(rows[n].sum(), 0.0) for n in values}
    counts = {f"{n}_count": rows[n].count() for n in values}
    found = rows.group_by("client_id", "month").agg(**sums, **counts).order_by("client_id", "month")
    return bank.con.to_pyarrow(found).to_pandas()


def gone(bank: Bank) -> pd.Series:
    """Return the day on which each client left the bank (NaT: he is here), by client id."""
    told = spells(bank)
    found = told.group_by("client_id").agg(here=told.left_on.isnull().any(), left_on=told.left_on.max()).execute()
    return pd.to_datetime(found["left_on"]).where(~found["here"]).set_axis(found["client_id"])


def complete(rows: pd.DataFrame, delivered: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Return which contacts (n) have all that the bank records of contacts; whoever still waits has no more yet."""
    told = np.ones(len(rows), dtype=bool)
    for name in delivered:
        column = {"contacted_at": "at"}.get(name, name)
        known = rows[column].notna() if name not in ("topic", "direction") else rows[column] != UNKNOWN
        told &= known.to_numpy() | (rows["open"].to_numpy() & (name in ("wait", "handling", "resolved")))
    return told


def _still_open(frame: pd.DataFrame, delivered: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Return who still waits: he asked, and of wait, work and outcome nothing is recorded."""
    told = [name for name in ("wait", "handling", "resolved") if name in delivered]
    if "wait" not in told or len(told) < 2:
        return np.zeros(len(frame), dtype=bool)
    return np.asarray(frame["asked"] & frame[told].isna().all(axis=1))


def _text(table: ir.Table, name: str) -> ir.StringValue:
    return ibis.coalesce(table[name], UNKNOWN) if name in table.columns else ibis.literal(UNKNOWN)


def _number(table: ir.Table, name: str) -> ir.FloatingValue:
    return table[name].cast("float64") if name in table.columns else ibis.null("float64")
