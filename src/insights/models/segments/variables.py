"""What segments are built from, month by month: assets, risk tolerance, experience. Nothing about the person himself.

Gender, age and region are no building variables, and neither is anything that stands for them.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.months import month_end
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.value.margins import Months, client_margins

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]

WEALTH, RISK, EXPERIENCE = "wealth", "risk", "experience"
COLUMNS = {RISK: "risk_tolerance", EXPERIENCE: "experience_years"}
NEEDS = ("balances.amount", "balances.month")
AVERAGED = 3
"""Assets are averaged over so many month ends: a salary that comes and goes is no change of wealth."""


@dataclass(frozen=True)
class Variables:
    """Clients (n rows, those of ``client_margins``) by calendar months (T columns).

    ``wealth`` (n, T) is the average of the assets at up to three month ends, in the reporting currency; ``risk`` and
    ``experience`` (n, T) are as known at the month's end, None where the bank does not deliver them. nan where not
    known and where the client was not there. ``refused``: of which variables only today's value may be used, and why;
    they are nan in all columns but the last.
    """

    months: Months
    wealth: Floats = field(repr=False)
    risk: Floats | None = field(repr=False)
    experience: Floats | None = field(repr=False)
    refused: dict[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """The variables there are, wealth first."""
        return tuple(n for n in (WEALTH, RISK, EXPERIENCE) if getattr(self, n) is not None)

    @property
    def there(self) -> Bools:
        """Who is a client at the end of each month (n, T)."""
        return present(self.months)

    def known(self, column: int) -> npt.NDArray[np.int64]:
        """Return how many of the variables are known of each client at a month's end (n)."""
        return np.sum([~np.isnan(getattr(self, name)[:, column]) for name in self.names], axis=0)


def present(months: Months) -> Bools:
    """Return who is a client at the end of each month (n, T)."""
    column = np.arange(months.count)
    return np.asarray((months.joined[:, None] <= column) & (months.left[:, None] > column))


def building_variables(bank: Bank) -> Variables:
    """Return the variables, made once per bank; check ``NEEDS`` first."""
    return once(bank, "segment_variables", lambda: _made(bank), on_disk=True)


def _made(bank: Bank) -> Variables:
    margins = client_margins(bank)
    assert margins is not None, "balances are delivered"
    found: dict[str, Floats | None] = {}
    refused = {}
    for name, column in COLUMNS.items():
        values, why = attribute_months(bank, column, margins.months)
        found[name] = None if values is None else values.astype(float)
        if why:
            refused[name] = why
    wealth = _wealth(margins.assets, margins.months)
    return Variables(margins.months, wealth, found[RISK], found[EXPERIENCE], refused)


def attribute_months(bank: Bank, name: str, months: Months) -> tuple[Objects | None, str]:
    """Return an attribute of clients as known at each month's end (n, T; nan where not), and why the past is refused.

    From the history where there is one; an attribute declared static holds always; of any other only today's value is
    known, and stands in the last column alone. None where the bank does not deliver it at all.
    """
    if not bank.has("clients", name) and not bank.has("client_history", name):
        return None, ""
    shape = (len(months.client_id), months.count)
    found = np.full(shape, np.nan, dtype=object)
    place = pd.Index(months.client_id)
    why = ""
    if bank.has("client_history", name):
        table = bank.table("client_history")
        rows = table.select("client_id", "valid_from", "known_on", value=table[name]).execute().dropna(subset=["value"])
        from_day = pd.concat([pd.to_datetime(rows["valid_from"]), pd.to_datetime(rows["known_on"])], axis=1).max(axis=1)
        rows = rows.assign(day=from_day).sort_values(["valid_from", "day"], kind="stable")
        at = place.get_indexer(rows["client_id"])
        column = (rows["day"].dt.year - months.opens.year) * 12 + rows["day"].dt.month - months.opens.month
        for i, c, value in zip(at, np.maximum(column.to_numpy(), 0), rows["value"], strict=True):
            if i >= 0 and c < months.count:
                found[i, c:] = value
    elif name in bank.settings.tables["clients"].static:
        found[:] = _current(bank, name, months)[:, None]
    else:
        why = f"clients.{name} has one current value only: deliver client_history.{name}, or declare it static"
    if bank.has("clients", name):
        now = _current(bank, name, months)
        known = pd.notna(now)
        found[known, -1] = now[known]
    found[~present(months)] = np.nan
    return found, why


def _current(bank: Bank, name: str, months: Months) -> Objects:
    table = bank.table("clients").select("client_id", name).execute().set_index("client_id")[name]
    return table.reindex(months.client_id).to_numpy(object)


def _wealth(assets: Floats, months: Months) -> Floats:
    """Return average assets over the last month ends at which the client was there and balances were delivered."""
    told = present(months) & (assets != 0).any(axis=0)
    sums = np.cumsum(np.where(told, assets, 0.0), axis=1)
    count = np.cumsum(told, axis=1)
    back = np.zeros((len(assets), AVERAGED))
    sums, count = np.concatenate([back, sums], axis=1), np.concatenate([back, count], axis=1)
    total, known = sums[:, AVERAGED:] - sums[:, :-AVERAGED], count[:, AVERAGED:] - count[:, :-AVERAGED]
    mean = np.divide(total, known, out=np.full(assets.shape, np.nan), where=known > 0)
    return np.where(present(months), mean, np.nan)


def last_day(months: Months, column: int) -> str:
    """Return the last day of a column's month (ISO)."""
    return month_end(months.month(column)).isoformat()
