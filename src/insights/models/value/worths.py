"""From the chance to stay and the forecasts to what each client is expected to bring, and to its value today."""

from dataclasses import dataclass, field, replace

import numpy as np

from insights.models.value.forecast import (
    ASSETS,
    COST,
    GROWTH_YEARS,
    NODES,
    YEAR,
    Forecast,
    Growth,
    What,
    columns_of,
    first_growth,
    growth_ratio,
)
from insights.models.value.money import MARGIN
from insights.models.value.reactions import worn
from insights.models.value.standing import Standing
from insights.stats.inputs import Floats, Ints

MOST_DOUBLINGS = 4.0
Lasting = tuple[float, float] | tuple[Floats, Floats]


@dataclass(frozen=True)
class Inputs:
    """What values are made of, for n clients: how they stand, how they leave, how their assets move, what is learnt.

    ``intensity`` (n, H) of leaving in each of the H months counted; ``exposure`` (n) to the book's market;
    ``expected`` market return a month; ``discount`` (H) what a unit of each month is worth today; ``growth`` is that
    of the whole book (see ``mean_growth``), also where these are some of its clients.
    """

    measure: str
    start: Standing
    intensity: Floats = field(repr=False)
    exposure: Floats = field(repr=False)
    forecast: Forecast
    expected: float
    discount: Floats = field(repr=False)
    growth: Floats

    @property
    def months(self) -> int:
        """Number of months that are counted."""
        return len(self.discount)

    def take(self, rows: Ints) -> "Inputs":
        """Return those of some of the clients."""
        return replace(self, start=self.start.take(rows), intensity=self.intensity[rows], exposure=self.exposure[rows])


@dataclass(frozen=True)
class Ahead:
    """Expected course of n clients over H months: chance to be there (n, H), and what they hold and bring if so.

    ``grown`` are the assets without the market.
    """

    alive: Floats
    assets: Floats
    grown: Floats
    income: Floats
    cost: Floats

    def brought(self, measure: str) -> Floats:
        """Return what each client is expected to bring in each month (n, H), leaving counted in."""
        return self.alive * (self.income + self.cost if measure == MARGIN else self.assets / 12)


def discounts(rate: float, months: int) -> Floats:
    """Return what a unit at the end of each of the coming months is worth today, at a rate a year."""
    return np.asarray((1 + rate) ** (-np.arange(1, months + 1) / 12))


def course(inputs: Inputs, *, assets: bool = True) -> Ahead:
    """Return the expected course of the clients, where markets do what is expected of them.

    Without ``assets``, and where values are margins, what they hold is left out (zeros): it is not needed for a value.
    """
    alive = np.exp(-np.cumsum(inputs.intensity, axis=1))
    market = expected_market(inputs)
    if inputs.measure != MARGIN:
        zeros = np.zeros_like(alive)
        held, grown = (_path(inputs, ASSETS, m) for m in (market, np.ones_like(market)))
        return Ahead(alive, held, grown, zeros, zeros)
    zeros = np.zeros((1, inputs.months))
    held, grown = (_path(inputs, ASSETS, m) for m in (market, np.ones_like(market))) if assets else (zeros, zeros)
    income = sum(
        (expected_income(inputs, k, market) for k in range(inputs.start.income.shape[1])), np.zeros_like(alive)
    )
    return Ahead(alive, held, grown, income, _path(inputs, COST, market))


def expected_market(inputs: Inputs) -> Floats:
    """Return by what markets are expected to multiply each client's assets by the end of each month (n, H)."""
    return np.asarray((1 + inputs.exposure[:, None] * inputs.expected) ** np.arange(1, inputs.months + 1))


def expected_income(inputs: Inputs, component: int, market: Floats) -> Floats:
    """Return what a component of income is expected to be, given that the client is there (n, H)."""
    reaction, months = inputs.forecast.reaction[component], np.arange(1, inputs.months + 1)
    if reaction.power != 1:
        # What is displaced today comes back, and the expected growth displaces something itself.
        back = inputs.start.displaced[:, None] * ((1 - reaction.fades) ** months - 1)
        monthly = np.log1p(inputs.exposure * inputs.expected)[:, None]
        market = market * reaction.beyond(back + monthly * worn(months, reaction.fades))
    return _path(inputs, component, market)


def doublings(inputs: Inputs) -> Floats:
    """Return by how many doublings assets are expected to have grown when each year begins (n, years); at most 4."""
    ends = np.arange(YEAR, inputs.months, YEAR)
    held = _path(inputs, ASSETS, expected_market(inputs))[:, ends - 1]
    today = inputs.start.assets[:, None]
    ratio = np.divide(held, today, out=np.ones_like(held), where=today > 0)
    found = np.clip(np.log2(np.clip(ratio, 1e-300, None)), -MOST_DOUBLINGS, MOST_DOUBLINGS)
    return np.concatenate([np.zeros_like(today), found], axis=1)


def values(inputs: Inputs) -> Floats:
    """Return each client's expected value (n): the discounted sum of what he is expected to bring."""
    return np.asarray(course(inputs, assets=False).brought(inputs.measure) @ inputs.discount)


def cost_values(inputs: Inputs, cost: Floats, mean: float) -> Floats:
    """Return what a part of the costs is worth (n, negative), where all costs are in ``inputs``.

    ``cost`` (n) is that part of ``Standing.cost`` and ``mean`` its mean over all clients of the landmark. Costs are
    forecast linearly in both, so that the parts add up to what all costs are worth.
    """
    assets, income, _ = inputs.start.means
    start = replace(inputs.start, cost=cost, means=(assets, income, mean))
    alive = np.exp(-np.cumsum(inputs.intensity, axis=1))
    return np.asarray((alive * _path(replace(inputs, start=start), COST, np.ones_like(alive))) @ inputs.discount)


def _path(inputs: Inputs, what: What, market: Floats) -> Floats:
    """Return assets, income or costs expected of who is there (n, H); ``market`` (n, H) moves what goes with it."""
    months, start = inputs.months, inputs.start
    nodes = np.array([n if what == ASSETS else n - 1 for n in NODES])
    last = int(nodes[-1])
    known, ones = [], np.ones(start.n)
    for node, month in zip(NODES, nodes, strict=True):
        # A node beyond the months that are counted only helps to find what is in between.
        beyond = max(int(month) - months, 0)
        moved = market[:, int(month) - beyond - 1] * (1 + inputs.exposure * inputs.expected) ** beyond
        ratio = None
        if what not in (ASSETS, COST):
            ratio = growth_ratio(
                columns_of(start, ASSETS, ones) @ inputs.forecast.fits[ASSETS, node].coefficients, start
            )
        known.append(columns_of(start, what, moved, ratio) @ inputs.forecast.fits[what, node].coefficients)
    own = start.assets if what == ASSETS else known[0]
    at, points = np.append(0, nodes), np.stack([own, *known], axis=1)
    found = np.empty((start.n, months))
    for h in range(1, min(last, months) + 1):
        k = int(np.searchsorted(at, h))
        part = (h - at[k - 1]) / (at[k] - at[k - 1])
        found[:, h - 1] = (1 - part) * points[:, k - 1] + part * points[:, k]
    if what == ASSETS:
        found = np.maximum(found, 0.0)
    if months > last:
        found[:, last:] = known[-1][:, None]
        if what != COST:
            first = first_growth(start, inputs.forecast.fits[ASSETS, YEAR].coefficients, inputs.growth)
            later = np.arange(last + 1, months + 1)
            growth = np.exp(log_growth(first, inputs.forecast.lasting, last, later))
            found[:, last:] *= growth * market[:, last:] / market[:, last - 1 : last]
    return found


def log_growth(first: Growth, lasting: Lasting, since: int, at: Ints) -> Floats:
    """Return the log growth by net new money from the month ``since`` (of the first year) to the months ``at``.

    Result (n, months) or (n, draws, months). See ``Forecast.lasting`` (numbers, or (draws) each) and ``GROWTH_YEARS``.
    """
    one, later = first.mean + first.apart, first.mean + first.second(lasting)
    years = growth_years(since, at)
    found = one[..., None] * years[:, 0] + later[..., None] * years[:, 1]
    if years[:, 2].any():
        found += np.minimum(later, 0.0)[..., None] * years[:, 2]
    return np.asarray(found)


def growth_years(since: int, at: Ints) -> Floats:
    """Return how many years of each kind lie between the month ``since`` and the months ``at`` (months, 3).

    The first year; those up to ``GROWTH_YEARS``, in which differences have lasted as far as they do; and those after
    them, in which who grows stays as he is and who shrinks goes on.
    """
    begin = YEAR * np.array([0, 1, GROWTH_YEARS])
    spans = np.diff(np.append(begin, np.inf))
    within = np.clip(np.append(at, since)[:, None] - begin, 0, spans) / YEAR
    return np.asarray(within[:-1] - within[-1])
