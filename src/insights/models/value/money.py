"""What each client held and brought, month by month, as matrices: the ground that lifetime values are learnt on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from insights.data.flows import FLOW_KINDS
from insights.data.months import last_complete, month_of
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.exits.rows import exit_rows
from insights.models.market_returns import client_returns
from insights.models.value.margins import ASSETS, INCOME, MARGIN, OTHER, client_margins
from insights.stats.inputs import Floats, Ints

PAID_IN = "paid_in"
"""Values are told in the margin; without revenue in assets; without these in what was paid in."""
LEAST_GROWTH = 0.01
"""By what a month multiplies assets at the least, whatever is booked as a change by markets."""


@dataclass(frozen=True)
class Money:
    """Money of n clients (the codes of ``exit_rows``) in T months, in the reporting currency.

    ``first`` is the month of column 0 (year * 12 + month - 1). ``measure`` says what values are told in: "margin",
    "assets" or "paid_in". ``income`` (n, T) by component, and ``cost`` (n, T; negative), are what margins are made of;
    there are none where values are not margins.
    ``assets`` (n, T) are those of the month's end, 0 where the client has none, or what he had paid in by then.
    ``growth`` (n, T) is 1 + the return of the month on the assets before it that no booking explains; 1 where there
    were none; None where the bank does not tell it, and all change of assets then counts as net new money.
    """

    measure: str
    first: int
    assets: Floats = field(repr=False)
    income: Mapping[str, Floats] = field(repr=False)
    cost: Floats = field(repr=False)
    growth: Floats | None = field(repr=False)

    @property
    def months(self) -> int:
        """Number of columns."""
        return self.assets.shape[1]

    @property
    def brought(self) -> Floats:
        """What a client is valued by in each month (n, T): his margin, or else a twelfth of his assets."""
        return sum(self.income.values(), self.cost) if self.measure == MARGIN else self.assets / 12

    def column(self, day: date, bank: Bank) -> int:
        """Return the column of the last month whose figures were known at the end of the day."""
        late = 1 if bank.settings.window.reporting_delay_days else 0
        return min(last_complete(day) - late - self.first, self.months - 1)


def measure_of(bank: Bank) -> str | None:
    """Return what values of this bank are told in; None where it delivers no money at all."""
    for measure, needs in ((MARGIN, "revenue.amount"), (ASSETS, "balances.amount"), (PAID_IN, "transactions.amount")):
        if not bank.needs(needs):
            return measure
    return None


def money(bank: Bank) -> Money | None:
    """Return the matrices as known by the as-of date, computed once; None where the bank delivers no money at all.

    A correction booked since changes earlier months too: what a past landmark knew may have differed by it.
    """
    return once(bank, ("value_money",), lambda: _made(bank))


def _made(bank: Bank) -> Money | None:
    margins = client_margins(bank)
    if margins is None:
        return None if bank.needs("transactions.amount") else _paid_in(bank)
    months = margins.months
    first, ids = months.opens.year * 12 + months.opens.month - 1, months.client_id
    # The month of the as-of date is not over: nothing of it counts.
    count = min(months.count, last_complete(bank.as_of) - first + 1)
    place = pd.Index(ids).get_indexer(pd.Index(exit_rows(bank).clients))

    def own(values: Floats) -> Floats:
        return np.where(place[:, None] >= 0, values[place, :count], 0.0)

    cost = np.zeros((len(place), count))
    income: dict[str, Floats] = {}
    if margins.basis == MARGIN:
        income = {name: own(margins.components[name]) for name in (*INCOME, OTHER) if name in margins.components}
        parts = [own(v) for name, v in margins.components.items() if name not in income]
        cost = np.sum(parts, axis=0) if parts else cost
    growth = None
    if not bank.needs("balances.market_change"):
        growth = np.maximum(1 + np.nan_to_num(own(client_returns(bank))), LEAST_GROWTH)
    return Money(margins.basis, first, own(margins.assets), income, cost, growth)


def _paid_in(bank: Bank) -> Money:
    """Return what each client had paid in, less what he had taken out, by the end of each month."""
    table = bank.table("transactions")
    rows = table.filter(table.kind.isin(FLOW_KINDS)).select("client_id", "amount", month=month_of(table.booked_on))
    start = pd.Timestamp(rows.month.min().execute()).date()
    first = start.year * 12 + start.month - 1
    shape = (len(exit_rows(bank).clients), last_complete(bank.as_of) - first + 1)
    held = np.maximum(np.cumsum(_sums(rows, bank, first, shape), axis=1), 0.0)
    # Whoever leaves takes it with him, whether or not that is booked.
    held[np.arange(shape[1]) >= (_left(bank) - first)[:, None]] = 0.0
    return Money(PAID_IN, first, held, {}, np.zeros(shape), None)


def _left(bank: Bank) -> Ints:
    """Return the month (from year 0) in which each client (n, codes of ``exit_rows``) left; of others one too late."""
    rows = exit_rows(bank)
    found = np.full(len(rows.clients), np.iinfo(np.int32).max, dtype=np.int64)
    last = np.flatnonzero(np.append(np.diff(rows.client) != 0, True)) if rows.n else np.zeros(0, dtype=np.int64)
    gone = last[rows.cause[last] > 0]
    found[rows.client[gone]] = rows.month[gone]
    return found


def _sums(rows: ir.Table, bank: Bank, first: int, shape: tuple[int, int]) -> Floats:
    """Return the sums of amounts by client and month (n, T)."""
    number = rows.month.year() * 12 + rows.month.month() - 1 - first
    sums = rows.group_by("client_id", column=number.cast("int32")).agg(amount=rows.amount.sum().cast("float64"))
    told = bank.con.to_pyarrow(sums.filter((sums["column"] >= 0) & (sums["column"] < shape[1])))
    at = pd.Index(exit_rows(bank).clients).get_indexer(told["client_id"].to_pandas())
    found, known = np.zeros(shape), at >= 0
    found[at[known], told["column"].to_numpy()[known]] = np.nan_to_num(told["amount"].to_numpy())[known]
    return found


__all__ = ["ASSETS", "MARGIN", "PAID_IN", "Money", "money"]
