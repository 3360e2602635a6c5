"""What the markets did to the clients' assets, how much each of them moves with it, and what may come."""

from dataclasses import dataclass, field

import numpy as np

from insights.models.market_returns import book_returns as returns_of
from insights.models.value.indices import LongerPast
from insights.models.value.money import Money
from insights.stats.inputs import Floats, Ints
from insights.stats.paths import Paths, block_paths
from insights.stats.results import NotEstimable
from insights.stats.slopes import drawn_slopes

YEAR = 12
EXPOSED_OVER = 24
"""Months over which a client's exposure is taken."""
PRIOR_MONTHS = 6.0
"""A client's own exposure weighs as much as the book's where it was seen for so many usual months."""
WIDEST = 3.0


@dataclass(frozen=True)
class Markets:
    """The book's own market return: what it was, what is expected of it, and paths (draws).

    ``past`` (T) by month, of which the first ``told`` are those of indices; ``expected`` a month, and whether it is the
    bank's own view (``given``). ``drift`` (draws) is what it may be, the same as ``expected`` where that is given;
    ``swings`` (draws, months) is the deviation of a month from it, shared by all clients, and ``flows`` (draws, months)
    that of the book's net new money over its assets.
    """

    past: Floats
    told: int
    expected: float
    given: bool
    drift: Floats = field(repr=False)
    swings: Floats = field(repr=False)
    flows: Floats = field(repr=False)


def book_returns(money: Money, upto: int) -> tuple[Floats, Floats]:
    """Return the book's market return, and its net new money over assets, in the columns 1 to ``upto`` (T, T).

    See ``models.market_returns``; none of either in a month in which nobody held anything at both ends.
    """
    returns = np.zeros_like(money.assets) if money.growth is None else money.growth - 1
    own, flows = returns_of(money.assets[:, : upto + 1], returns[:, : upto + 1])
    return np.nan_to_num(own), np.nan_to_num(flows)


def markets(
    money: Money,
    upto: int,
    months: int,
    draws: int,
    rng: np.random.Generator,
    view: float | None,
    longer: LongerPast | None = None,
) -> Markets | NotEstimable:
    """Return the paths of the book's market for so many months after the column ``upto``.

    ``view`` is the return a year that the bank expects; without one the mean of the past is expected, with the error of
    a mean of so few years. ``longer`` is what is known of the years before. Blocks of a year on average: volatile
    months stay together; those of net new money go with the market where both are known for the same months.
    NotEstimable below 24 months.
    """
    own, flows = book_returns(money, upto)
    # A steady trend of the flows is in the forecasts: what is left shakes them.
    trend = np.polyval(np.polyfit(np.arange(len(flows)), flows, 1), np.arange(len(flows))) if len(flows) > 2 else flows
    paths = block_paths(np.stack([own, flows - trend], axis=1), months, draws, block=YEAR, rng=rng)
    if not isinstance(paths, Paths):
        return paths
    past, told, means, swings = own, 0, paths.means[:, 0], paths.swings[:, :, 0]
    if longer is not None:
        past, told = np.concatenate([longer.returns, own]), len(longer.returns)
        whole = block_paths(past, months, draws, block=YEAR, rng=rng)
        assert isinstance(whole, Paths), "longer than what was long enough"
        unsure = longer.error * told / len(past) * rng.standard_normal(draws)
        means, swings = whole.means[:, 0] + unsure, whole.swings[:, :, 0]
    expected = float(past.mean()) if view is None else (1 + view) ** (1 / YEAR) - 1
    drift = means if view is None else np.full(draws, expected)
    return Markets(past, told, expected, view is not None, drift, swings, paths.swings[:, :, 1])


def exposures(money: Money, client: Ints, at: int) -> Floats:
    """Return by how much each client's assets (n) move when the book's move by one, over the two years up to ``at``.

    Least squares through the origin, drawn to 1 where little was seen of him; from 0 to 3.
    """
    if money.growth is None or at < 1:
        return np.ones(len(client))
    first = max(at - EXPOSED_OVER, 0)
    book, _ = book_returns(money, at)
    book = book[first:]
    own = np.where(money.assets[client, first:at] > 0, money.growth[client, first + 1 : at + 1] - 1, np.nan)
    return np.clip(drawn_slopes(own, book[:, None], np.ones(1), PRIOR_MONTHS)[:, 0], 0.0, WIDEST)
