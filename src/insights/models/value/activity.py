"""How active clients are, quarter by quarter, beside what they bring in and hold."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.months import NEEDS, spell_months
from insights.models.value.margins import INCOME, OTHER, client_margins

Floats = npt.NDArray[np.float64]
QUARTER = 3


@dataclass(frozen=True)
class Quarters:
    """Clients (n rows) by quarters of three months (T columns), the last one ending with the last month.

    ``active`` months (0 to 3) in the quarter, ``income`` (before costs, currency) and ``assets`` (average of the month
    ends); nan where the client was not there for the whole quarter. ``year`` (n): active months of the last twelve; nan
    for who is not in force or joined within them. ``year_income`` (n) is that of the same months.
    """

    active: Floats
    income: Floats
    assets: Floats
    year: Floats
    year_income: Floats


def missing(bank: Bank) -> tuple[str, ...]:
    """Return what the bank would have to deliver."""
    needs = bank.needs("revenue.amount", "revenue.month", "clients.joined_on", *NEEDS)
    return needs if bank.window_from else (*needs, "[window] complete_from")


def activity_quarters(bank: Bank) -> Quarters | None:
    """Return the quarters, made once per bank; None where nothing tells what clients do. Check ``missing`` first.

    A client is active in a month in which he did something: a booking that is not the bank's own, a contact that he
    took part in, a visit online. Each counts in the month in which it was known.
    """
    return once(bank, "activity_quarters", lambda: _made(bank))


def _made(bank: Bank) -> Quarters | None:
    months, margins = spell_months(bank), client_margins(bank)
    if months.active is None or margins is None:
        return None
    own = margins.months
    row = {c: k for k, c in enumerate(own.client_id)}
    at = np.array([row[c] for c in months.spells["client_id"]])
    shift = (own.opens.year - months.opens.year) * 12 + own.opens.month - months.opens.month
    active = np.full((len(own.client_id), own.count), np.nan)
    seen = months.active[:, shift : shift + own.count].astype(float)
    columns = np.arange(own.count)
    there = (columns > own.joined[:, None]) & (columns < own.left[:, None])
    summed = np.zeros_like(active)
    np.add.at(summed, at, np.pad(seen, ((0, 0), (0, own.count - seen.shape[1]))))
    complete = columns >= max(months.active_from - shift, 0)
    active = np.where(there & complete, np.minimum(summed, 1.0), np.nan)
    income = sum((margins.components[n] for n in (*INCOME, OTHER) if n in margins.components), np.zeros_like(active))
    income = np.where(there, income, np.nan)
    assets = np.where(there, margins.assets, np.nan)
    start = own.count % QUARTER
    shape = (len(own.client_id), own.count // QUARTER, QUARTER)
    quarters = [m[:, start:].reshape(shape) for m in (active, income, assets)]
    last = slice(max(own.count - 12, 0), own.count)
    return Quarters(
        quarters[0].sum(axis=2),
        quarters[1].sum(axis=2),
        quarters[2].mean(axis=2),
        active[:, last].sum(axis=1),
        income[:, last].sum(axis=1),
    )
