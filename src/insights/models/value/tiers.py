"""The tier of every client, month by month: by what he is worth over all years counted, and slow to change.

Where that cannot be told, by the value of twelve months.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.settings_value import TiersSection
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.exits.rows import exit_rows
from insights.models.value.book import YEAR, lifetimes
from insights.models.value.lifetime import LifetimeValues
from insights.models.value.margins import MARGIN, ClientMargins, Months, client_margins
from insights.models.value.past import past_worths

Places = npt.NDArray[np.int8]
WORTH = "worth"
HALF_YEAR = 6
SETTLED = 6
"""Months a client must have been there before he has a tier."""
NO_TIER = -1


@dataclass(frozen=True)
class TierMonths:
    """``tier`` (n clients, T months): the place of the tier among ``names``, -1 for clients who have none.

    None has who was not a client at the end of the month, or for fewer than six months; and nobody before the twelfth
    month. Clients and months are those of ``client_margins``. ``by`` says what tiers go by: "worth" (lifetime value,
    told each half-year and today; between, a client keeps the tier he had), "margin" or "assets" (of twelve months).
    """

    tier: Places
    names: tuple[str, ...]
    months: Months
    by: str

    def at(self, column: int) -> npt.NDArray[np.object_]:
        """Return the names of the tiers (n) at a month's end, "" for clients without one."""
        place = self.tier[:, column]
        return np.where(place < 0, "", np.array(self.names, dtype=object)[np.maximum(place, 0)])


def client_tiers(bank: Bank) -> TierMonths | None:
    """Return the tiers by lifetime value; by the margin of twelve months, or average assets, where there is none.

    None for a bank with neither revenue nor balances. The bounds between tiers are placed anew at each date, such that
    each tier would hold its share of the clients (``[value.tiers]``). Lifetime values of earlier dates are those of
    ``past_worths``, at the ends of June and December of the last two years and a year ago: runs of the same half-year
    share them, so that a client does not change tier from one run to the next because he is looked at anew. Of a year's
    value the months since joining count as its part.
    """
    return once(bank, "client_tiers", lambda: _made(bank), on_disk=True)


def with_tier(bank: Bank, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with a client_id with ``tier``: the one at the end of the last month, "" for who has none yet."""
    found = client_tiers(bank)
    assert found is not None, "there is a value"
    now = pd.Series(found.at(found.months.count - 1), index=found.months.client_id)
    return frame.assign(tier=now.reindex(frame["client_id"]).fillna("").to_numpy(object))


def yearly_value(margins: ClientMargins, column: int) -> npt.NDArray[np.float64]:
    """Return each client's value (n) of the year up to a column, a part of a year made up to a whole one; else nan.

    nan for who is not a client at the end of the month, or for fewer than six months.
    """
    there, present = _there(margins.months, column)
    first = max(column - YEAR + 1, 0)
    own = margins.margin if margins.basis == MARGIN else margins.assets
    total = own[:, first : column + 1].sum(axis=1)
    year = YEAR if margins.basis == MARGIN else 1
    return np.where(there, total / np.maximum(present, 1) * year, np.nan)


def place_in_tiers(
    value: npt.NDArray[np.float64], before: Places, held: npt.NDArray[np.int64], rules: TiersSection
) -> Places:
    """Return the tiers (n) of clients with these values: one step of the rule.

    ``before`` (n) are the tiers they had (-1: none), ``held`` (n) for how many months. nan values have no tier.
    """
    known = ~np.isnan(value)
    found = np.full(len(value), NO_TIER, dtype=np.int8)
    if not known.any():
        return found
    above = np.cumsum(list(rules.shares.values()))
    bounds = np.quantile(value[known], 1 - above)
    slack = rules.margin * np.abs(bounds)
    x = value[:, None]
    fresh = (x < bounds).sum(axis=1)
    up, down = (x < bounds + slack).sum(axis=1), (x < bounds - slack).sum(axis=1)
    moved = np.where(up < before, up, np.where(down > before, down, before))
    kept = np.where(held >= rules.hold_months, moved, before)
    found[known] = np.where(before < 0, fresh, kept)[known]
    return found


def _made(bank: Bank) -> TierMonths | None:
    margins = client_margins(bank)
    if margins is None:
        return None
    values = lifetimes(bank)
    return _of_a_year(margins, bank.settings.value.tiers) if values is None else _by_worth(bank, margins.months, values)


def tier_dates(months: Months) -> list[int]:
    """Return the columns at which lifetime values place clients in tiers; the last is that of today.

    The ends of half-years from two years before it on, and a year before it; none in the first eleven months.
    """
    last = months.count - 1
    first = next((c for c in range(last - 2 * YEAR, 0, -1) if months.month(c).month % HALF_YEAR == 0), 0)
    found = {c for c in range(max(first, YEAR - 1), last) if months.month(c).month % HALF_YEAR == 0}
    return sorted(found | {c for c in (last - YEAR, last) if c >= YEAR - 1})


def _by_worth(bank: Bank, months: Months, values: LifetimeValues) -> TierMonths:
    rules, n = bank.settings.value.tiers, len(months.client_id)
    tier = np.full((n, months.count), NO_TIER, dtype=np.int8)
    of_row = pd.Index(months.client_id)
    place = of_row.get_indexer(pd.Index(exit_rows(bank).clients))
    dates = tier_dates(months)
    before, since = np.full(n, NO_TIER, dtype=np.int8), np.zeros(n, dtype=np.int64)
    for column, until in zip(dates, [*dates[1:], months.count], strict=True):
        worth = np.full(n, np.nan)
        if column < min(values.inputs.start.at, months.count - 1):
            client, own = past_worths(bank, values, column)
            worth[place[client]] = own
        else:
            worth[of_row.get_indexer(pd.Index(values.clients["client_id"]))] = values.value
        there, _ = _there(months, column)
        now = place_in_tiers(np.where(there, worth, np.nan), before, column - since, rules)
        since = np.where(now == before, since, column)
        before = now
        columns = np.arange(column, until)
        tier[:, column:until] = np.where(months.left[:, None] > columns, now[:, None], NO_TIER)
    return TierMonths(tier, rules.names, months, WORTH)


def _of_a_year(margins: ClientMargins, rules: TiersSection) -> TierMonths:
    months = margins.months
    n = len(months.client_id)
    tier = np.full((n, months.count), NO_TIER, dtype=np.int8)
    own = margins.margin if margins.basis == MARGIN else margins.assets
    sums = np.concatenate([np.zeros((n, 1)), np.cumsum(own, axis=1)], axis=1)
    held = np.zeros(n, dtype=np.int64)
    last = np.full(n, NO_TIER, dtype=np.int8)
    for column in range(YEAR - 1, months.count):
        there, present = _there(months, column)
        year = (sums[:, column + 1] - sums[:, column + 1 - YEAR]) / np.maximum(present, 1)
        now = place_in_tiers(np.where(there, year, np.nan), last, held, rules)
        held = np.where(now == last, held + 1, 1)
        tier[:, column] = last = now
    return TierMonths(tier, rules.names, months, margins.basis)


def _there(months: Months, column: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """Return who has been a client for six months at the end of a month (n), and for how many of the last twelve."""
    present = np.clip(column - np.maximum(months.joined, 0) + 1, 0, YEAR)
    return (months.left > column) & (column - months.joined + 1 >= SETTLED), present
