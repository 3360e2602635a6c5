"""Months of the process: 0 is the first month of the burn-in, the last one is always October 2026."""

from dataclasses import dataclass
from datetime import date

import numpy as np

LAST_MONTH = np.datetime64("2026-10", "M")


@dataclass(frozen=True)
class Clock:
    """Counts ``burn_in`` months before the window and ``months`` months in it."""

    months: int
    burn_in: int

    @property
    def total(self) -> int:
        """Months of the process, burn-in included."""
        return self.burn_in + self.months

    @property
    def first(self) -> np.datetime64:
        """Calendar month of month 0."""
        return LAST_MONTH - (self.total - 1)

    def month_start(self, t: int | np.ndarray) -> np.ndarray:
        """Return the first day of month(s) ``t`` as datetime64[D]."""
        return np.asarray(self.first + np.asarray(t)).astype("datetime64[D]")

    def month_end(self, t: int | np.ndarray) -> np.ndarray:
        """Return the last day of month(s) ``t``."""
        return self.month_start(np.asarray(t) + 1) - 1

    def day(self, t: int | np.ndarray, part: np.ndarray) -> np.ndarray:
        """Return the day in month(s) ``t`` after ``part`` (0 <= part < 1) of it has passed."""
        start = self.month_start(t)
        length = (self.month_start(np.asarray(t) + 1) - start).astype(np.int64)
        return start + np.floor(part * length).astype(np.int64)

    def index(self, days: np.ndarray) -> np.ndarray:
        """Return the month of each day (datetime64[D]) as an index of this clock."""
        return (days.astype("datetime64[M]") - self.first).astype(np.int64)

    @property
    def window_from(self) -> date:
        """First day of the window."""
        first: date = self.month_start(self.burn_in).item()
        return first

    @property
    def last_day(self) -> date:
        """Last day of the window."""
        last: date = self.month_end(self.total - 1).item()
        return last
