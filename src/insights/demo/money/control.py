"""The general ledger: monthly totals that the other tables must agree with, and one that does not."""

import numpy as np

from insights.demo.clock import Clock
from insights.demo.law import Law
from insights.demo.process import Month
from insights.demo.rows import Rows, length

ASSETS, REVENUE, CLIENTS = range(3)
ADJUSTMENTS = "adjustments.csv"


class GeneralLedger:
    """Adds up every month as it passes, independently of what is later written to files."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.totals = np.zeros((clock.months, 3), np.int64)

    def add(self, month: Month, clients: int) -> None:
        """Take in a month; the number of clients is written with two places like the money (in hundredths)."""
        line = self.totals[month.t - self.clock.burn_in]
        line[ASSETS] = month.tables["balances"]["amount"].sum() if length(month.tables["balances"]) else 0
        line[REVENUE] = month.tables["revenue"]["amount"].sum() if length(month.tables["revenue"]) else 0
        line[CLIENTS] = 100 * clients

    def rows(self) -> Rows:
        """Return the rows of ``control_totals``."""
        n = self.clock.months
        return {
            "month": np.repeat(self.clock.month_start(np.arange(self.clock.burn_in, self.clock.total)), 3),
            "measure": np.tile(np.arange(3, dtype=np.int8), n),
            "amount": self.totals.ravel(),
        }


def plant_difference(law: Law, clock: Clock, totals: Rows) -> str:
    """Put the known difference into the assets of one month; return ``adjustments.csv``, which explains it."""
    back = min(law.dirt.ledger_months_back, clock.months - 1)
    month = clock.month_start(clock.total - 1 - back)
    line = np.flatnonzero((totals["month"] == month) & (totals["measure"] == ASSETS))
    totals["amount"][line] += round(100 * law.dirt.ledger_difference)
    return (
        "month,measure,amount,made_by,reason,approved_by\n"
        f"{month},assets,{law.dirt.ledger_difference:.2f},finance,"
        '"custody transfer booked in the general ledger a day before it reached the client accounts",head of finance\n'
    )
