"""What the markets did to the clients' assets, how much each of them moves with it, and what may come."""

from dataclasses import dataclass, field

import numpy as np

from insights.models.value.money import Money
from insights.stats.inputs import Floats, Ints
from insights.stats.paths import Paths, block_paths
from insights.stats.results import NotEstimable

YEAR = 12
EXPOSED_OVER = 24
"""Months over which a client's exposure is taken."""
PRIOR_MONTHS = 6.0
"""A client's exposure weighs as much as the book's (1) where it was seen for so many usual months."""
WIDEST = 3.0
QUARTER = 3
PRIOR_VARIANCE = 0.25


@dataclass(frozen=True)
class Markets:
    """The book's own market return: what it was, what is expected of it, and paths (draws).

    ``past`` (T) by month; ``expected`` a month, and whether it is the bank's own view (``given``). ``drift`` (draws) is
    what it may be, the same as ``expected`` where that is given; ``swings`` (draws, months) is the deviation of a month
    from it, shared by all clients, and ``flows`` (draws, months) that of the book's net new money over its assets.
    """

    past: Floats
    expected: float
    given: bool
    drift: Floats = field(repr=False)
    swings: Floats = field(repr=False)
    flows: Floats = field(repr=False)


def book_returns(money: Money, upto: int) -> tuple[Floats, Floats]:
    """Return the book's market return, and its net new money over assets, in the columns 1 to ``upto`` (T, T).

    Of clients with assets at both ends of a month: joining and leaving is neither.
    """
    before, after = (money.assets[:, k : upto + k] for k in (0, 1))
    growth = np.ones_like(after) if money.growth is None else money.growth[:, 1 : upto + 1]
    both = (before > 0) & (after > 0)
    base = np.where(both, before, 0.0)
    total = np.maximum(base.sum(axis=0), 1e-300)
    moved = (base * growth).sum(axis=0)
    flows = (np.where(both, after, 0.0).sum(axis=0) - moved) / np.maximum(moved, 1e-300)
    return moved / total - 1, flows


def markets(
    money: Money, upto: int, months: int, draws: int, rng: np.random.Generator, view: float | None
) -> Markets | NotEstimable:
    """Return the paths of the book's market for so many months after the column ``upto``.

    ``view`` is the return a year that the bank expects; without one the mean of the past is expected, with the error of
    a mean of so few years. Blocks of a year on average: volatile months stay together. NotEstimable below 24 months.
    """
    past, flows = book_returns(money, upto)
    # A steady trend of the flows is in the forecasts: what is left shakes them.
    trend = np.polyval(np.polyfit(np.arange(len(flows)), flows, 1), np.arange(len(flows))) if len(flows) > 2 else flows
    paths = block_paths(np.stack([past, flows - trend], axis=1), months, draws, block=YEAR, rng=rng)
    if not isinstance(paths, Paths):
        return paths
    expected = float(paths.mean[0]) if view is None else (1 + view) ** (1 / YEAR) - 1
    drift = paths.means[:, 0] if view is None else np.full(draws, expected)
    return Markets(past, expected, view is not None, drift, paths.swings[:, :, 0], paths.swings[:, :, 1])


def elasticity(money: Money, amount: Floats, upto: int) -> float:
    """Return by how much an income (n, T) moves, relative to the assets it comes from, when markets move these.

    Fees on funds fall by more than the assets of a client who also holds cash, interest on that cash not at all. Least
    squares of the log growth of the book's income from quarter to quarter on that of its market, of clients there in
    both, over the columns up to ``upto``; drawn to 1 as far as it is not known (standard deviation 0.5), from 0 to 2.
    """
    past, _ = book_returns(money, upto)
    index = np.cumprod(np.append(1.0, 1 + past))
    x, y = [], []
    for end in range(2 * QUARTER - 1, upto + 1):
        now, before = slice(end - QUARTER + 1, end + 1), slice(end - 2 * QUARTER + 1, end - QUARTER + 1)
        both = (money.assets[:, end] > 0) & (money.assets[:, before.start] > 0)
        sums = [float(amount[both, part].sum()) for part in (now, before)]
        if min(sums) > 0:
            x.append(float(np.log(index[now].mean() / index[before].mean())))
            y.append(float(np.log(sums[0] / sums[1])))
    if len(x) < 2 * YEAR:
        return 1.0
    market, grown = np.array(x) - np.mean(x), np.array(y) - np.mean(y)
    square = float(market @ market)
    if square == 0:
        return 1.0
    slope = float(market @ grown) / square
    rest = grown - slope * market
    # Quarters overlap: about a third of them are independent.
    error = QUARTER * float(rest @ rest) / (len(x) - 2) / square
    return float(np.clip(1 + (slope - 1) / (1 + error / PRIOR_VARIANCE), 0.0, 2.0))


def exposures(money: Money, client: Ints, at: int) -> Floats:
    """Return by how much each client's assets (n) move when the book's move by one, over the two years up to ``at``.

    Least squares through the origin, drawn to 1 where little was seen of him; from 0 to 3.
    """
    if money.growth is None or at < 1:
        return np.ones(len(client))
    first = max(at - EXPOSED_OVER, 0)
    book, _ = book_returns(money, at)
    book = book[first:]
    own = money.growth[client, first + 1 : at + 1] - 1
    held = money.assets[client, first:at] > 0
    square = np.where(held, book**2, 0.0).sum(axis=1)
    prior = PRIOR_MONTHS * float(np.mean(book**2))
    if prior == 0:
        return np.ones(len(client))
    found = ((own * book * held).sum(axis=1) + prior) / (square + prior)
    return np.clip(found, 0.0, WIDEST)
