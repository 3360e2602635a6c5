"""The clock of a relationship: how long it has lasted, and from which tenure on it is observed.

``months`` (the default) counts calendar months, 12·Δyear + Δmonth, because banks deliver months: all exits of a month
are tied. An exit in the month of joining counts as 0.5, so that nobody leaves before having been at risk.
``days`` counts days / 30.4375, and an exit on the day of joining counts as half a day.

A relationship that began before the window enters late, at the tenure it had when the window opened. At risk means
entry < time <= exit. The window opens before its first month (day) begins, so exits of that first month (day) count:
entry is Δmonths - 0.5, or (Δdays - 0.5) / 30.4375. All others enter at 0. The window opens on the first of a month.

A relationship still in force as of a date has the plain duration up to that date, without the 0.5.

Each rule exists twice: for Ibis columns (evaluated in the engine) and for single dates in Python. A test holds the two
together.
"""

import calendar
from datetime import date
from typing import Literal

import ibis
import ibis.expr.types as ir

Clock = Literal["months", "days"]
DAYS_PER_MONTH = 30.4375  # 365.25 / 12
HALF = 0.5


def duration_months(start: ir.DateValue, end: ir.DateValue, clock: Clock) -> ir.FloatingValue:
    """Return the months from ``start`` to ``end`` by the clock, as a floating column (negative if end is earlier)."""
    if clock == "months":
        return _months_apart(start, end).cast("float64")
    return _days_apart(start, end).cast("float64") / DAYS_PER_MONTH


def exit_months(start: ir.DateValue, end: ir.DateValue, left: ir.BooleanValue, clock: Clock) -> ir.FloatingValue:
    """Return the months of tenure at ``end``: at least 0.5 (months) or half a day (days) where ``left`` is true."""
    least = HALF if clock == "months" else HALF / DAYS_PER_MONTH
    plain = duration_months(start, end, clock)
    return (left & (plain == 0)).ifelse(ibis.literal(least, "float64"), plain)


def entry_months(start: ir.DateValue, window_from: date, clock: Clock) -> ir.FloatingValue:
    """Return the months of tenure at which a relationship begun on ``start`` comes under observation."""
    opens = ibis.literal(window_from)
    if clock == "months":
        late = _months_apart(start, opens).cast("float64") - HALF
    else:
        late = (_days_apart(start, opens).cast("float64") - HALF) / DAYS_PER_MONTH
    return (late > 0).ifelse(late, ibis.literal(0.0, "float64"))


def duration_of(start: date, end: date, clock: Clock) -> float:
    """Return the months between two dates by the clock, in Python."""
    if clock == "months":
        return float(12 * (end.year - start.year) + end.month - start.month)
    return (end - start).days / DAYS_PER_MONTH


def exit_of(start: date, end: date, left: bool, clock: Clock) -> float:
    """Return the months of tenure at ``end``, in Python."""
    plain = duration_of(start, end, clock)
    if left and plain == 0:
        return HALF if clock == "months" else HALF / DAYS_PER_MONTH
    return plain


def entry_of(start: date, window_from: date, clock: Clock) -> float:
    """Return the months of tenure at which a relationship comes under observation, in Python."""
    if clock == "months":
        return max(0.0, duration_of(start, window_from, clock) - HALF)
    return max(0.0, ((window_from - start).days - HALF) / DAYS_PER_MONTH)


def month_of(day: ir.DateValue) -> ir.DateValue:
    """Return the first day of the month."""
    return day.truncate("M").cast("date")


def first_of_month(day: date) -> date:
    """Return the first day of the month, in Python."""
    return day.replace(day=1)


def add_months(day: date, months: int) -> date:
    """Return the same day ``months`` later (earlier if negative), or the last day of that month if it is shorter."""
    year, month = divmod(12 * day.year + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def month_end(day: date) -> date:
    """Return the last day of the month."""
    following = add_months(first_of_month(day), 1)
    return date.fromordinal(following.toordinal() - 1)


def month_number(day: date) -> int:
    """Return a calendar month as a number that rises by one from month to month."""
    return day.year * 12 + day.month - 1


def last_complete(day: date) -> int:
    """Return the last month that has ended with the day, in months from year 0: its own if the day is a month end."""
    own = month_number(day)
    return own if day == month_end(day) else own - 1


def _months_apart(start: ir.DateValue, end: ir.DateValue) -> ir.IntegerValue:
    return (end.year() - start.year()) * 12 + (end.month() - start.month())


def _days_apart(start: ir.DateValue, end: ir.DateValue) -> ir.IntegerValue:
    return end.delta(start, unit="day")
