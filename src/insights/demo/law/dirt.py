"""What is wrong with the extracts, in known numbers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DirtLaw:
    """Planted faults, per 1,000 clients (rounded up): enough to be found in a small bank, few enough to be counted."""

    exact_duplicates: float = 6.0
    near_duplicates: float = 4.0
    impossible_dates: float = 3.0
    exits_before_joining: float = 1.0
    absurd_money: float = 1.0
    absurd_amount: str = "9876543210987,00"
    """Rows delivered twice, the same or with a value missing; rows with a 31st of February; leavers before joining; and
    bookings of an absurd amount, as it is written."""
    unknown_codes: float = 3.0
    missing_birth_years: float = 8.0
    phone_numbers: float = 3.0
    other_encoding: float = 4.0
    """Codes that no list has; birth years left empty; telephone numbers in a text; lines in the bank's old encoding."""
    late_bookings: float = 10.0
    late_exits: float = 2.0
    late_days: tuple[int, int] = (20, 75)
    late_rows_end: int = 4
    """Days by which late rows are late (from, below), and how many months before the last one they end, so that all of
    them are known by the last day."""
    broken_ledger: float = 2.0
    """Balances whose stated market change is off, so that they do not follow from the month before and the bookings."""
    broken_by: tuple[float, float] = (50.0, 5_000.0)
    """By how much (currency units, from and below), up or down."""
    without_consent: float = 5.0
    """Prospects who have not consented."""
    careless_managers: int = 2
    """Managers who leave the occupation of about half of their clients empty."""
    careless_share: float = 0.5
    ledger_difference: float = 1_250_000.0
    ledger_months_back: int = 8
    """The general ledger is off by this much in one month; adjustments.csv says who, why and by whom approved."""
