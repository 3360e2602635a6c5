"""What clients will hold and bring so many months ahead, given that they are still there then: learnt at landmarks.

At each past landmark a client's assets, income and costs some months later are set against what he had, among those who
were still clients at that time. So what leaving clients take out before they go is in the forecast as it was in the
past: it applies to those who stay, and must be multiplied by the chance to stay and by nothing else. The market is kept
apart: past amounts are divided by what it did to each client's assets, and future ones multiplied by what it may do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.exits.risk import one_each
from insights.models.exits.rows import ExitRows, exit_rows
from insights.models.value.money import MARGIN, Money, money
from insights.models.value.programmes import programme_starts
from insights.models.value.reactions import Reaction, displacements, reactions
from insights.models.value.standing import Standing, market_growth, standing
from insights.stats.inputs import Floats, Ints
from insights.stats.results import NotEstimable
from insights.stats.scaled import CAP, ScaledFit, scaled_regression

NODES = (3, 6, 9, 12)
"""Months ahead for which forecasts are learnt; between them they are interpolated."""

SECOND_YEAR = 24
"""Months ahead at which it is learnt how far differences in growth last."""

GROWTH_YEARS = 5
"""Years over which net new money is carried on as it was in the past: after them it adds nothing any more."""

YEAR = 12

AT_ONCE = 5_000
"""Clients worked on at once."""

LANDMARKS, STEP = 4, 3
"""Landmarks that a forecast is learnt at, and the months between them: a year of them, so that seasons count once."""

HISTORY = 6
"""Months that a landmark must have behind it."""

LARGE = 0.5
"""From which quantile of size on growth of assets is learnt from rates: by amounts the largest would decide it."""

WIDTH = 3
"""Amounts are averaged over so many months: some are booked by the quarter."""

What = Literal["assets", "cost"] | int
"""What is forecast: assets, costs, or a component of income by its place."""

ASSETS: Literal["assets"] = "assets"
COST: Literal["cost"] = "cost"


@dataclass(frozen=True)
class Forecast:
    """Fits by what is forecast and node (months ahead), as known at the landmark.

    ``reaction`` says how each component of income moves with markets; costs do not. ``lasting`` (0 to 1 each) are the
    parts of the differences in growth between clients that are still there in the second year, of what clients share
    with those of the same manager and of what is their own; what has lasted so long is taken to last. 0, and all grow
    like the book after the first year, where the past was too short to learn it (``persistence`` is None).
    ``persistence`` are the fits of one year and of two that it is learnt from, made at the same landmarks.
    """

    landmark: date
    fits: Mapping[tuple[What, int], ScaledFit] = field(repr=False)
    reaction: Mapping[What, Reaction]
    lasting: tuple[float, float]
    persistence: tuple[ScaledFit, ScaledFit] | None = field(repr=False)

    @property
    def persistence_known(self) -> bool:
        """Whether it was learnt how long differences in growth last."""
        return self.persistence is not None

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


@dataclass(frozen=True)
class Growth:
    """Log growth of assets by net new money in the first year: the book's (``mean``, () or (draws)) and how it differs.

    ``apart`` (n or (n, draws)) is by how much a client differs from the book, and ``of_manager`` what of it he shares
    with the other clients of his manager; both 0 for a client without assets.
    """

    mean: Floats
    apart: Floats
    of_manager: Floats

    def second(self, lasting: tuple[float, float] | tuple[Floats, Floats]) -> Floats:
        """Return by how much clients differ from the book in the second year."""
        return np.asarray(self.of_manager * lasting[0] + (self.apart - self.of_manager) * lasting[1])


def first_growth(start: Standing, coefficients: Floats, mean: Floats | None = None) -> Growth:
    """Return the growth that coefficients (p,) or (p, draws) foretell; ``mean`` is that of the whole book."""
    mean = mean_growth(start, coefficients) if mean is None else mean
    columns, held = columns_of(start, ASSETS, np.ones(start.n)), start.assets > 0
    held = held.reshape(-1, *[1] * (coefficients.ndim - 1))
    grown = np.nan_to_num(yearly_growth(columns @ coefficients, start.assets))
    # As if his manager's other clients had grown like all clients.
    usual = columns_of(replace(start, features=start.without_manager), ASSETS, np.ones(start.n))
    without = np.nan_to_num(yearly_growth(usual @ coefficients, start.assets))
    return Growth(mean, np.where(held, grown - mean, 0.0), np.where(held, grown - without, 0.0))


def mean_growth(start: Standing, coefficients: Floats) -> Floats:
    """Return the log growth of the book by net new money in the first year, by assets; () or (draws)."""
    weight, total = weights_of(start), np.zeros(coefficients.shape[1:])
    for k in range(0, start.n, AT_ONCE):
        part = start.take(np.arange(k, min(k + AT_ONCE, start.n)))
        grown = yearly_growth(columns_of(part, ASSETS, np.ones(part.n)) @ coefficients, part.assets)
        total = total + np.tensordot(weight[k : k + AT_ONCE], np.nan_to_num(grown), 1)
    return np.asarray(total / max(float(weight.sum()), 1e-300))


def weights_of(start: Standing) -> Floats:
    """Return by what clients count in the book's mean growth: by assets, none more than the 99th of a hundred."""
    return np.minimum(start.assets, np.quantile(start.assets, 0.99)) if start.n else start.assets


def lasting(start: Standing, one: Floats, two: Floats) -> tuple[Floats, Floats]:
    """Return how much of the differences in the first year's growth is found in the second (0 to 1).

    Of what clients share with those of the same manager, and of what is their own: least squares, by assets, of the
    second year's growth on both. ``one`` and ``two`` are coefficients (p,) or (p, draws) of the assets after one year
    and after two, learnt from the same landmarks; the results are numbers or (draws).
    """
    weight = weights_of(start) / max(float(weights_of(start).sum()), 1e-300)
    mean = mean_growth(start, one)
    means, products = np.zeros(()), np.zeros(())
    for k in range(0, start.n, AT_ONCE):
        part = start.take(np.arange(k, min(k + AT_ONCE, start.n)))
        first = first_growth(part, one, mean)
        columns = columns_of(part, ASSETS, np.ones(part.n))
        both = np.nan_to_num(yearly_growth(columns @ two, part.assets) - yearly_growth(columns @ one, part.assets))
        three = np.stack([first.of_manager, first.apart - first.of_manager, both])
        own = weight[k : k + AT_ONCE]
        means = means + np.einsum("i,ai...->a...", own, three)
        products = products + np.einsum("i,ai...,bi...->ab...", own, three, three)
    spread = np.asarray(products - means[:, None] * means[None, :])
    # Where one of the two says nothing of its own, it has no part in what lasts.
    a, b, c, p, q = spread[0, 0] + 1e-9, spread[0, 1], spread[1, 1] + 1e-9, spread[0, 2], spread[1, 2]
    whole = a * c - b * b
    return np.clip((c * p - b * q) / whole, 0.0, 1.0), np.clip((a * q - b * p) / whole, 0.0, 1.0)


def _learnt(bank: Bank, landmark: date) -> Forecast | NotEstimable:
    book = money(bank)
    assert book is not None, "ask money(bank) first"
    final = book.column(landmark, bank)
    own = reactions(book, list(book.income.values()), final)
    reaction: dict[What, Reaction] = {}
    reaction |= dict(enumerate(own))
    rows = exit_rows(bank).until(landmark)
    past = _Past(book, rows, final, reaction, programme_starts(bank, rows, landmark))
    wanted: tuple[What, ...] = (ASSETS, COST, *range(len(book.income))) if book.measure == MARGIN else (ASSETS,)
    fits: dict[tuple[What, int], ScaledFit] = {}
    for node in NODES:
        found = past.fits(node, wanted)
        if isinstance(found, NotEstimable):
            return found
        fits |= {(what, node): fit for what, fit in found.items()}
    pair = [past.fits(node, (ASSETS,), after=SECOND_YEAR) for node in (YEAR, SECOND_YEAR)]
    known = [found[ASSETS] for found in pair if not isinstance(found, NotEstimable)]
    if len(known) < 2:
        return Forecast(landmark, fits, reaction, (0.0, 0.0), None)
    now = past.standing(past.final - 1)[0]
    shared, alone = (float(part) for part in lasting(now, known[0].coefficients, known[1].coefficients))
    return Forecast(landmark, fits, reaction, (shared, alone), (known[0], known[1]))


class _Past:
    """The client-months known at a landmark, whose last known column is ``final``."""

    def __init__(
        self, book: Money, rows: ExitRows, final: int, reaction: Mapping[What, Reaction], programmes: Ints
    ) -> None:
        self.programmes = programmes
        self.book, self.rows, self.final, self.reaction = book, rows, final, reaction
        self.own = tuple(reaction[k] for k in range(len(book.income)))
        self.left = displacements(book, self.own)
        self.gone = _last_months(rows)
        self.kept: dict[int, tuple[Standing, Ints]] = {}

    def standing(self, at: int) -> tuple[Standing, Ints]:
        """Return how all clients stood after a column, and the month (from year 0) in which each left."""
        if at not in self.kept:
            here = np.flatnonzero(self.rows.month == self.book.first + at + 1)
            here = here[one_each(self.rows.client[here], self.rows.tenure[here])]
            every = standing(self.book, self.rows.take(here), at, self.own, self.left, self.programmes)
            self.kept[at] = every, self.gone[here]
        return self.kept[at]

    def fits(
        self, node: int, wanted: tuple[What, ...], after: int | None = None
    ) -> dict[What, ScaledFit] | NotEstimable:
        """Fit what is wanted so many months ahead, at the last landmarks that have ``after`` months after them.

        Default: as many as are looked ahead.
        """
        starts = []
        for k in range(LANDMARKS):
            at = self.final - (node if after is None else after) - STEP * k
            if at < HISTORY - 1:
                break
            every, gone = self.standing(at)
            starts.append(every.take(gone > self.book.first + at + node))
        if not starts:
            return NotEstimable("no past landmark has half a year before it and the months to forecast after it")
        found: dict[What, ScaledFit] = {}
        for what in wanted:  # Assets first: income grows with what is forecast of them.
            parts = [self._rows(start, what, node, found.get(ASSETS)) for start in starts]
            columns = [np.concatenate([p[j] for p in parts]) for j in range(4)]
            fit = scaled_regression(*columns, cap=LARGE if what == ASSETS else CAP)
            if isinstance(fit, NotEstimable):
                return fit
            found[what] = fit
        return found

    def _rows(
        self, start: Standing, what: What, node: int, grown: ScaledFit | None
    ) -> tuple[Floats, Floats, Floats, Ints]:
        at = start.at
        end = at + node if what == ASSETS else at + node - (WIDTH - 1) // 2
        market = market_growth(self.book, start.client, at, end)
        ratio = None
        if what not in (ASSETS, COST):
            market = market * self.reaction[what].beyond(self.left[start.client, end] - start.displaced)
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
