"""The clock: worked examples, and agreement of the columns in the engine with the dates in Python."""

from datetime import date

import ibis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.data import months
from insights.data.months import add_months, duration_of, entry_of, exit_of, month_end

DAYS = st.dates(date(1990, 1, 1), date(2030, 12, 31))


@pytest.mark.parametrize(
    ("start", "end", "left", "expected"),
    [
        (date(2020, 1, 31), date(2020, 2, 1), True, 1.0),  # calendar months, not days
        (date(2020, 1, 1), date(2020, 1, 31), True, 0.5),
        (date(2020, 1, 1), date(2020, 1, 31), False, 0.0),  # in force: nothing has happened yet
        (date(2019, 11, 15), date(2021, 2, 1), True, 15.0),
    ],
)
def test_exit_in_calendar_months(start: date, end: date, left: bool, expected: float) -> None:
    assert exit_of(start, end, left, "months") == expected


def test_exit_in_days() -> None:
    assert exit_of(date(2020, 1, 1), date(2020, 1, 1), True, "days") == 0.5 / 30.4375
    assert exit_of(date(2020, 1, 1), date(2020, 1, 1), False, "days") == 0
    assert duration_of(date(2000, 1, 1), date(2004, 1, 1), "days") == 48  # four years with a leap day


def test_entry_is_late_only_for_those_who_joined_before_the_window() -> None:
    opens = date(2020, 3, 1)
    assert entry_of(date(2020, 2, 29), opens, "months") == 0.5
    assert entry_of(date(2019, 3, 15), opens, "months") == 11.5
    assert entry_of(date(2020, 3, 1), opens, "months") == 0
    assert entry_of(date(2020, 5, 1), opens, "months") == 0
    assert entry_of(date(2020, 2, 29), opens, "days") == 0.5 / 30.4375
    assert entry_of(date(2020, 3, 1), opens, "days") == 0


@pytest.mark.parametrize("clock", ["months", "days"])
@given(joined=DAYS, later=st.integers(0, 8000))
def test_who_leaves_in_the_window_is_at_risk_when_he_leaves(clock: months.Clock, joined: date, later: int) -> None:
    opens = date(2010, 6, 1)
    left = date.fromordinal(max(joined, opens).toordinal() + later)
    assert entry_of(joined, opens, clock) < exit_of(joined, left, True, clock)


def test_who_left_before_the_window_is_not_at_risk_in_it() -> None:
    opens = date(2010, 6, 1)
    for clock in ("months", "days"):
        assert exit_of(date(2009, 1, 5), date(2010, 5, 31), True, clock) <= entry_of(date(2009, 1, 5), opens, clock)


@pytest.mark.parametrize("clock", ["months", "days"])
def test_engine_and_python_agree(clock: months.Clock) -> None:
    opens = date(2010, 6, 1)
    starts = [date.fromordinal(date(2008, 1, 1).toordinal() + 37 * i) for i in range(60)]
    ends = [date.fromordinal(start.toordinal() + (31 * i) % 97) for i, start in enumerate(starts)]
    table = ibis.memtable({"a": starts, "b": ends, "left": [i % 3 > 0 for i in range(60)]})
    table = table.mutate(a=table.a.cast("date"), b=table.b.cast("date"))
    found = table.mutate(
        duration=months.duration_months(table.a, table.b, clock),
        exit=months.exit_months(table.a, table.b, table.left, clock),
        entry=months.entry_months(table.a, opens, clock),
        month=months.month_of(table.a),
    ).execute()
    for start, end, row in zip(starts, ends, found.itertuples(), strict=True):
        assert row.duration == duration_of(start, end, clock)
        assert row.exit == exit_of(start, end, row.left, clock)
        assert row.entry == entry_of(start, opens, clock)
        assert row.month.date() == start.replace(day=1)


@given(day=DAYS, forth=st.integers(-400, 400))
def test_adding_months_moves_the_calendar_month(day: date, forth: int) -> None:
    assert duration_of(day, add_months(day, forth), "months") == forth
    assert month_end(day).month == day.month
    assert date.fromordinal(month_end(day).toordinal() + 1).day == 1
