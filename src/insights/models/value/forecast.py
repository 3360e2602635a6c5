"""What clients will hold and bring so many months ahead, given that they are still there then: learnt at landmarks.

At each past landmark a client's assets, income and costs some months later are set against what he had, among those who
were still clients at that time. So what leaving clients take out before they go is in the forecast as it was in the
past: it applies to those who stay, and must be multiplied by the chance to stay and by nothing else. The market is kept
apart: past amounts are divided by what it did to each client's assets, and future ones multiplied by what it may do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.exits.risk import one_each
from insights.models.exits.rows import ExitRows, exit_rows
from insights.models.value.market import elasticity
from insights.models.value.money import MARGIN, Money, money
from insights.models.value.standing import Standing, market_growth, standing
from insights.stats.inputs import Floats, Ints
from insights.stats.results import NotEstimable
from insights.stats.scaled import ScaledFit, scaled_regression

NODES = (3, 6, 9, 12)
"""Months ahead for which forecasts are learnt; between them they are interpolated."""

SECOND_YEAR = 24
"""Months ahead at which it is learnt how far differences in growth last."""

GROWTH_YEARS = 5
"""Years over which net new money is carried on as it was in the past: after them it adds nothing any more."""

YEAR = 12

LANDMARKS, STEP = 4, 3
"""Landmarks that a forecast is learnt at, and the months between them: a year of them, so that seasons count once."""

HISTORY = 6
"""Months that a landmark must have behind it."""

WIDTH = 3
"""Amounts are averaged over so many months: some are booked by the quarter."""

What = Literal["assets", "cost"] | int
"""What is forecast: assets, costs, or a component of income by its place."""

ASSETS: Literal["assets"] = "assets"
COST: Literal["cost"] = "cost"


@dataclass(frozen=True)
class Forecast:
    """Fits by what is forecast and node (months ahead), as known at the landmark.

    ``elasticity`` is the power of the market's growth that each moves with. ``lasting`` (0 to 1) is the part of the
    differences in growth between clients that is still there a year later: they fade by it from year to year, and never
    widen; 0, and all grow like the book after the first year, where the past was too short to learn it
    (``persistence_known``).
    """

    landmark: date
    fits: Mapping[tuple[What, int], ScaledFit] = field(repr=False)
    elasticity: Mapping[What, float]
    lasting: float
    persistence_known: bool

    @property
    def n(self) -> int:
        """Client-landmarks that the forecast of a year's growth rests on."""
        return self.fits[ASSETS, YEAR].n


def forecast(bank: Bank, landmark: date) -> Forecast | NotEstimable:
    """Learn the forecasts from what was known at the landmark. Computed once.

    NotEstimable where a node of the first year has fewer than 200 client-landmarks in 20 clusters.
    """
    return once(bank, ("value_forecast", landmark), lambda: _learnt(bank, landmark))


def columns_of(
    start: Standing, what: What, market: npt.NDArray[np.floating], grown: npt.NDArray[np.floating] | None = None
) -> Floats:
    """Return the columns (n, p) that a forecast is linear in; ``market`` (n) multiplies what moves with it.

    Assets: a client's own, alone and times each feature. Income: what he would bring at his own rate and at the book's,
    on the assets forecast for him, so that unusual rates may return to the book's; ``grown`` (n) is what these are
    forecast to be, without the market, over what they are. Costs: his own, and the book's. And the same amount for
    everybody, for those who have nothing yet.
    """
    assets, income, cost = start.means
    if what == COST:
        return np.stack([start.cost, np.full(start.n, cost)], axis=1)
    if what == ASSETS:
        own = start.assets * market
        return np.concatenate([own[:, None], own[:, None] * start.features, np.full((start.n, 1), assets)], axis=1)
    moved = market if grown is None else market * grown
    own, usual = start.income[:, int(what)] * moved, start.assets * moved * (income[int(what)] / max(assets, 1e-300))
    return np.stack([own, own * start.size, usual, np.full(start.n, income[int(what)])], axis=1)


def growth_ratio(grown: npt.NDArray[np.floating], start: Standing) -> Floats:
    """Return forecast assets (n, ...) over those of today, between a quarter and fourfold; 1 where there are none."""
    base = start.assets.reshape(-1, *[1] * (grown.ndim - 1))
    return np.clip(np.divide(grown, base, out=np.ones(grown.shape), where=base > 0), 0.25, 4.0)


def yearly_growth(grown: npt.NDArray[np.floating], assets: npt.NDArray[np.floating]) -> Floats:
    """Return the log growth of assets by net new money in the first year, cut at a halving and a doubling.

    ``grown`` (n, ...) are the assets forecast for its end without the market, ``assets`` (n) those of today; nan for a
    client who has none.
    """
    base = assets.reshape(-1, *[1] * (grown.ndim - 1))
    ratio = np.divide(grown, base, out=np.full(grown.shape, np.nan), where=base > 0)
    return np.asarray(np.log(np.clip(ratio, 0.5, 2.0)))


def _learnt(bank: Bank, landmark: date) -> Forecast | NotEstimable:
    book = money(bank)
    assert book is not None, "ask money(bank) first"
    final = book.column(landmark, bank)
    power: dict[What, float] = {ASSETS: 1.0, COST: 0.0}
    power |= {k: elasticity(book, amount, final) for k, amount in enumerate(book.income.values())}
    past = _Past(book, exit_rows(bank).until(landmark), final, power)
    wanted: tuple[What, ...] = (ASSETS, COST, *range(len(book.income))) if book.measure == MARGIN else (ASSETS,)
    fits: dict[tuple[What, int], ScaledFit] = {}
    for node in NODES:
        found = past.fits(node, wanted)
        if isinstance(found, NotEstimable):
            return found
        fits |= {(what, node): fit for what, fit in found.items()}
    later = past.fits(SECOND_YEAR, (ASSETS,))
    if isinstance(later, NotEstimable):
        return Forecast(landmark, fits, power, 0.0, False)
    now = past.standing(past.final - 1)[0]
    return Forecast(landmark, fits, power, _lasting(now, fits[ASSETS, YEAR], later[ASSETS]), True)


def _lasting(start: Standing, first: ScaledFit, both: ScaledFit) -> float:
    """Return how much of the spread of the first year's growth is found in the second, of clients as they stand now."""
    held = start.assets > 0
    columns = columns_of(start, ASSETS, np.ones(start.n))
    one, two = (yearly_growth(columns @ fit.coefficients, start.assets)[held] for fit in (first, both))
    weight = np.minimum(start.assets[held], np.quantile(start.assets[held], 0.99)) if held.any() else np.zeros(0)
    if not weight.sum():
        return 0.0
    apart = one - weight @ one / weight.sum()
    spread = float(weight @ apart**2)
    return float(np.clip(weight @ (apart * (two - one)) / spread, 0.0, 1.0)) if spread > 1e-12 else 0.0


class _Past:
    """The client-months known at a landmark, whose last known column is ``final``."""

    def __init__(self, book: Money, rows: ExitRows, final: int, power: Mapping[What, float]) -> None:
        self.book, self.rows, self.final, self.power = book, rows, final, power
        self.gone = _last_months(rows)
        self.kept: dict[int, tuple[Standing, Ints]] = {}

    def standing(self, at: int) -> tuple[Standing, Ints]:
        """Return how all clients stood after a column, and the month (from year 0) in which each left."""
        if at not in self.kept:
            here = np.flatnonzero(self.rows.month == self.book.first + at + 1)
            here = here[one_each(self.rows.client[here], self.rows.tenure[here])]
            powers = tuple(self.power[k] for k in range(len(self.book.income)))
            self.kept[at] = standing(self.book, self.rows.take(here), at, powers), self.gone[here]
        return self.kept[at]

    def fits(self, node: int, wanted: tuple[What, ...]) -> dict[What, ScaledFit] | NotEstimable:
        """Fit what is wanted so many months ahead, at the last landmarks that have as many months after them."""
        starts = []
        for k in range(LANDMARKS):
            at = self.final - node - STEP * k
            if at < HISTORY - 1:
                break
            every, gone = self.standing(at)
            starts.append(every.take(gone > self.book.first + at + node))
        if not starts:
            return NotEstimable("no past landmark has half a year before it and the months to forecast after it")
        found: dict[What, ScaledFit] = {}
        for what in wanted:  # Assets first: income grows with what is forecast of them.
            parts = [self._rows(start, what, node, found.get(ASSETS)) for start in starts]
            fit = scaled_regression(*(np.concatenate([p[j] for p in parts]) for j in range(4)))
            if isinstance(fit, NotEstimable):
                return fit
            found[what] = fit
        return found

    def _rows(
        self, start: Standing, what: What, node: int, grown: ScaledFit | None
    ) -> tuple[Floats, Floats, Floats, Ints]:
        at = start.at
        end = at + node if what == ASSETS else at + node - (WIDTH - 1) // 2
        market = market_growth(self.book, start.client, at, end) ** self.power[what]
        ratio = None
        if grown is not None and what not in (ASSETS, COST):
            ratio = growth_ratio(columns_of(start, ASSETS, np.ones(start.n)) @ grown.coefficients, start)
        columns = columns_of(start, what, market, ratio)
        return _outcome(self.book, start, what, at + node), columns, _size(columns), start.cluster


def _outcome(book: Money, start: Standing, what: What, end: int) -> Floats:
    if what == ASSETS:
        return np.maximum(book.assets[start.client, end], 0.0)
    matrix = book.cost if what == COST else list(book.income.values())[int(what)]
    return np.asarray(matrix[start.client, end - WIDTH + 1 : end + 1].mean(axis=1))


def _size(columns: Floats) -> Floats:
    """Return what amounts are measured by: a client's own, at least a tenth of the average."""
    return np.asarray(np.maximum(np.abs(columns[:, 0]), 0.1 * np.abs(columns[:, -1])) + 1e-6)


def _last_months(rows: ExitRows) -> Ints:
    """Return, for each row, the month in which its relationship ended; while it is in force one that never comes."""
    if not rows.n:
        return np.zeros(0, dtype=np.int64)
    ends = np.flatnonzero(np.append((np.diff(rows.client) != 0) | (np.diff(rows.spell) != 0), True))
    month = np.where(rows.cause[ends] > 0, rows.month[ends], np.iinfo(np.int32).max).astype(np.int64)
    return np.repeat(month, np.diff(ends, prepend=-1))
