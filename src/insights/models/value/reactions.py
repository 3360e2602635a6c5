"""How income reacts to markets: by more or less than the assets it comes from, and how that fades."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from insights.models.value.market import book_returns
from insights.models.value.money import Money
from insights.stats.inputs import Floats, Ints

YEAR, QUARTER = 12, 3
PRIOR_VARIANCE = 0.25
FADES = (0.02, 0.03, 0.05, 0.08, 0.12, 0.2)
"""Shares of what is displaced that may be lost a month."""


@dataclass(frozen=True)
class Reaction:
    """By how much an amount moves when markets move the assets it comes from: log amount over log assets.

    ``power`` at once, with the standard error ``error``; what that is more or less than 1 is lost by ``fades`` a month
    (0 to 1), as clients bring what they hold back to the mix that they want. ``drift`` is the standard deviation, from
    year to year, of the log change of the amount over assets that no market explains: all clients share it, and the
    year in which rates were learnt says so much less about others.
    """

    power: float
    fades: float = 0.0
    error: float = 0.0
    drift: float = 0.0

    def beyond(self, displaced: Floats) -> Floats:
        """Return by what the amount is multiplied more than the assets when so much more (log) is displaced."""
        return np.asarray(np.exp((self.power - 1) * displaced))


def displaced(growth: Floats, fades: float) -> Floats:
    """Return what is left, after each column (n, T), of the log growth up to it, of which ``fades`` is lost a month.

    ``growth`` (n, T) multiplies assets.
    """
    log, found, left = np.log(growth), np.empty(growth.shape), np.zeros(len(growth))
    for k in range(growth.shape[1]):
        left = (1 - fades) * left + log[:, k]
        found[:, k] = left
    return found


def worn(months: Ints, fades: float) -> Floats:
    """Return what is displaced after so many months of a steady growth by one a month, of which ``fades`` is lost."""
    return np.asarray(months, dtype=float) if fades == 0 else np.asarray((1 - (1 - fades) ** months) / fades)


def displacements(money: Money, reactions: Sequence[Reaction]) -> Floats:
    """Return what is displaced for each client after each column (n, T); see ``displaced``."""
    if money.growth is None or not reactions:
        return np.zeros_like(money.assets)
    return displaced(money.growth, reactions[0].fades)


def reactions(money: Money, amounts: Sequence[Floats], upto: int) -> list[Reaction]:
    """Return how each of some incomes (n, T each) reacts to markets; what fades does so alike for all of them.

    Fees on funds fall by more than the assets of a client who also holds cash, interest on that cash not at all, until
    both are brought back to what they were of the whole. Least squares of the log growth of the book's income from
    quarter to quarter, less that of its market, on the growth of what is still displaced, of clients there in both
    quarters, over the columns up to ``upto``. How fast it fades is taken from ``FADES``, by the fit to all incomes. The
    power is drawn to 1 as far as it is not known (standard deviation 0.5), from 0 to 2.
    """
    past, _ = book_returns(money, upto)
    growth = np.append(1.0, 1 + past)
    index = np.cumprod(growth)
    told = [_quarters(money, amount, index, upto) for amount in amounts]
    best: tuple[float, list[Reaction]] | None = None
    for fades in FADES:
        left = displaced(growth[None, :], fades)[0]
        found, misfit = [], 0.0
        for rest, ends in told:
            reaction, unexplained = _reaction(rest, ends, left, fades)
            found.append(reaction)
            misfit += unexplained
        if best is None or misfit < best[0] - 1e-12:
            best = misfit, found
    return [
        replace(found, drift=_drift(money, amount, found, upto))
        for amount, found in zip(amounts, [] if best is None else best[1], strict=True)
    ]


def _drift(money: Money, amount: Floats, reaction: Reaction, upto: int) -> float:
    """Return the standard deviation of yearly changes of income over assets beyond the reaction; 0 below two years."""
    growth = np.append(1.0, 1 + book_returns(money, upto)[0])
    left, found = displaced(growth[None, :], reaction.fades)[0], []
    for end in range(YEAR + QUARTER - 1, upto + 1):
        now, before = slice(end - QUARTER + 1, end + 1), slice(end - YEAR - QUARTER + 1, end - YEAR + 1)
        both = (money.assets[:, end] > 0) & (money.assets[:, before.start] > 0)
        rates = [float(amount[both, part].sum()) / float(money.assets[both, part].sum()) for part in (now, before)]
        if min(rates) > 0:
            explained = (reaction.power - 1) * (left[now].mean() - left[before].mean())
            found.append(float(np.log(rates[0] / rates[1])) - explained)
    return float(np.std(found, ddof=1)) if len(found) >= YEAR else 0.0


def _quarters(money: Money, amount: Floats, index: Floats, upto: int) -> tuple[Floats, Ints]:
    """Return the log growth of an income from quarter to quarter, less that of the market, by last column."""
    rest, ends = [], []
    for end in range(2 * QUARTER - 1, upto + 1):
        now, before = slice(end - QUARTER + 1, end + 1), slice(end - 2 * QUARTER + 1, end - QUARTER + 1)
        both = (money.assets[:, end] > 0) & (money.assets[:, before.start] > 0)
        sums = [float(amount[both, part].sum()) for part in (now, before)]
        if min(sums) > 0:
            ends.append(end)
            rest.append(float(np.log(sums[0] / sums[1]) - np.log(index[now].mean() / index[before].mean())))
    return np.array(rest), np.array(ends, dtype=np.int64)


def _reaction(rest: Floats, ends: Ints, left: Floats, fades: float) -> tuple[Reaction, float]:
    """Return the reaction, and the part of the variance of the income's own growth that it leaves unexplained."""
    if len(rest) < 2 * YEAR:
        return Reaction(1.0, fades, float(np.sqrt(PRIOR_VARIANCE))), 0.0
    moved = np.array(
        [left[e - QUARTER + 1 : e + 1].mean() - left[e - 2 * QUARTER + 1 : e - QUARTER + 1].mean() for e in ends]
    )
    x, y = moved - moved.mean(), rest - rest.mean()
    square, whole = float(x @ x), float(y @ y)
    if square == 0 or whole == 0:
        return Reaction(1.0, fades), 0.0
    slope = float(x @ y) / square
    misfit = y - slope * x
    # Quarters overlap: about a third of them are independent.
    error = QUARTER * float(misfit @ misfit) / (len(x) - 2) / square
    kept = 1 / (1 + error / PRIOR_VARIANCE)
    return Reaction(float(np.clip(1 + slope * kept, 0.0, 2.0)), fades, float(np.sqrt(error * kept))), float(
        misfit @ misfit
    ) / whole
