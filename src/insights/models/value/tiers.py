"""The tier of every client at the end of every month: by his value, and slow to change."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from insights.data.settings_value import TiersSection
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.value.margins import MARGIN, ClientMargins, Months, client_margins

Places = npt.NDArray[np.int8]
YEAR = 12
SETTLED = 6
"""Months a client must have been there before he has a tier."""
NO_TIER = -1


@dataclass(frozen=True)
class TierMonths:
    """``tier`` (n clients, T months): the place of the tier among ``names``, -1 for clients who have none.

    None has who was not a client at the end of the month, or for fewer than six months; and nobody before the twelfth
    month. Clients and months are those of ``client_margins``.
    """

    tier: Places
    names: tuple[str, ...]
    months: Months

    def at(self, column: int) -> npt.NDArray[np.object_]:
        """Return the names of the tiers (n) at a month's end, "" for clients without one."""
        place = self.tier[:, column]
        return np.where(place < 0, "", np.array(self.names, dtype=object)[np.maximum(place, 0)])


def client_tiers(bank: Bank) -> TierMonths | None:
    """Return the tiers by the margin of twelve months (average assets without revenue); None without either.

    Of clients who joined within the year the months since then count as a year's part. The bounds between tiers are
    placed anew each month, such that each tier would hold its share of the clients (``[value.tiers]``).
    """
    return once(bank, "client_tiers", lambda: _made(bank))


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
    months, rules = margins.months, bank.settings.value.tiers
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
    return TierMonths(tier, rules.names, months)


def _there(months: Months, column: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """Return who has been a client for six months at the end of a month (n), and for how many of the last twelve."""
    present = np.clip(column - np.maximum(months.joined, 0) + 1, 0, YEAR)
    return (months.left > column) & (column - months.joined + 1 >= SETTLED), present
