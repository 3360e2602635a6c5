"""The client-month table: what happened to each client in each month, and what was known about him before.

Built in the engine as one Ibis expression; only aggregates need ever leave it.
"""

from collections.abc import Collection

import ibis
import ibis.expr.types as ir

from insights.data.flows import attach_happened, attach_known_before
from insights.data.months import add_months, first_of_month, month_of
from insights.data.snapshot import Bank
from insights.errors import SnapshotError


def panel(
    bank: Bank,
    *,
    lag: int = 1,
    ahead: int = 0,
    happened: Collection[str] | None = None,
    known: Collection[str] | None = None,
) -> ir.Table:
    """Return one row per client, spell and calendar month under observation.

    A spell has a row for every month from the month of joining, or the first month of the window if that is later, to
    the month of leaving, or the month of the as-of date. A client who joined before the window enters late: his first
    row has the tenure he had by then, never month 0. The month of the as-of date is complete only if it is a month end.

    Columns (a column is there only if its table is):

    - ``client_id``, ``spell`` (1 unless the bank records spells), ``month`` (its first day), ``tenure_months``
      (calendar months since joining), ``entry`` (1 in the first row of a client who entered late), ``exit`` (1 in the
      month he left), ``leave_reason`` (in that month only);
    - what happened in the month, as known by the as-of date, money in the reporting currency: ``assets`` (balances at
      month end, null where there is none), ``market_change``, ``flows`` (money and securities in and out, + into the
      bank), ``revenue``, and the numbers of ``contacts``, ``complaints`` and online ``visits`` (0 where there is none);
    - the same measures with ``_lag{lag}``: what was known by the end of the month ``lag`` months before. Month tables
      arrive after their month, so a lagged balance or revenue is that of the latest month known by then; a lagged flow
      or number counts that month's own rows as far as they were known by its end. Only these may predict an exit.

    All measures are floats. ``lag`` is in months, at least 1. ``ahead`` adds so many months after the as-of date for
    those in force on it: nothing has happened in them, and their lagged measures are what may predict them.

    ``happened`` and ``known`` name the measures that are wanted of the month and with a lag (None: all). Each table
    that none of them needs saves a join of all rows.
    """
    if lag < 1:
        raise SnapshotError(
            f"lag of {lag} months", expected="1 or more", todo="a feature must be known before its month"
        )
    rows = _months_of(bank, spells(bank), ahead)
    measured = attach_known_before(bank, attach_happened(bank, rows, happened), lag, known)
    measures = [name for name in measured.columns if name not in rows.columns]
    return measured.mutate(**{name: measured[name].cast("float64") for name in measures})


def spells(bank: Bank) -> ir.Table:
    """Return client_id, spell, joined_on, left_on, leave_reason of every relationship known by the as-of date.

    A client for whom the bank records no spells (or none of whose spells is known) has one: that of ``clients``.
    """
    clients = _as_spells(bank.table("clients"))
    if not bank.has("relationships", "joined_on"):
        return clients
    told = _as_spells(bank.table("relationships"))
    return told.union(clients.anti_join(told, "client_id"))


def _as_spells(rows: ir.Table) -> ir.Table:
    return rows.select(
        client_id=rows.client_id,
        spell=(rows.spell if "spell" in rows.columns else ibis.literal(1)).cast("int64"),
        joined_on=rows.joined_on,
        left_on=rows.left_on if "left_on" in rows.columns else ibis.null("date"),
        leave_reason=rows.leave_reason if "leave_reason" in rows.columns else ibis.null("string"),
    )


def _months_of(bank: Bank, spells: ir.Table, ahead: int) -> ir.Table:
    """Return the months of each spell that lie in the window, with tenure, entry and exit."""
    joined = month_of(spells.joined_on)
    opens = ibis.literal(first_of_month(bank.window_from)) if bank.window_from else joined
    last = month_of(ibis.coalesce(spells.left_on, ibis.literal(add_months(bank.as_of, ahead))))
    first = ibis.greatest(joined, opens)
    spells = spells.mutate(joined_month=joined, first=first, last=last).filter(first <= last)
    dense = ibis.range(
        spells.first.cast("timestamp"),
        spells["last"].cast("timestamp") + ibis.interval(days=1),
        ibis.interval(months=1),
    )
    rows = spells.mutate(month=dense.unnest())
    rows = rows.mutate(month=rows.month.cast("date"))
    leaves = rows.left_on.notnull() & (rows.month == month_of(rows.left_on))
    years, months = rows.month.year() - rows.joined_on.year(), rows.month.month() - rows.joined_on.month()
    return rows.select(
        "client_id",
        "spell",
        "month",
        tenure_months=(years * 12 + months).cast("int32"),
        entry=((rows.month == rows["first"]) & (rows.joined_month < rows["first"])).cast("int8"),
        exit=leaves.cast("int8"),
        leave_reason=leaves.ifelse(rows.leave_reason, ibis.null("string")),
    )
