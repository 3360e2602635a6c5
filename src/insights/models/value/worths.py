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
    What,
    columns_of,
    growth_ratio,
    yearly_growth,
)
from insights.models.value.money import MARGIN
from insights.models.value.standing import Standing
from insights.stats.inputs import Floats, Ints

AT_ONCE = 5_000
"""Clients worked on at once."""


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


def course(inputs: Inputs, market: Floats | None = None, *, assets: bool = True) -> Ahead:
    """Return the expected course of the clients.

    ``market`` (n, H) multiplies each client's assets by the end of each month; default: what is expected. Without
    ``assets``, and where values are margins, what they hold is left out (zeros): it is not needed for a value.
    """
    months = inputs.months
    if market is None:
        market = (1 + inputs.exposure[:, None] * inputs.expected) ** np.arange(1, months + 1)
    still = np.ones((inputs.start.n, months))
    alive = np.exp(-np.cumsum(inputs.intensity, axis=1))
    if inputs.measure != MARGIN:
        zeros = np.zeros_like(alive)
        held, grown = (_path(inputs, ASSETS, m) for m in (market, still))
        return Ahead(alive, held, grown, zeros, zeros)
    zeros = np.zeros((1, months))
    held, grown = (_path(inputs, ASSETS, m) for m in (market, still)) if assets else (zeros, zeros)
    income = sum((_path(inputs, k, market) for k in range(inputs.start.income.shape[1])), np.zeros_like(alive))
    return Ahead(alive, held, grown, income, _path(inputs, COST, market))


def values(inputs: Inputs) -> Floats:
    """Return each client's expected value (n): the discounted sum of what he is expected to bring."""
    return np.asarray(course(inputs, assets=False).brought(inputs.measure) @ inputs.discount)


def _path(inputs: Inputs, what: What, market: Floats) -> Floats:
    """Return expected assets, income or costs given that the client is there (n, H), the market included."""
    months, start = inputs.months, inputs.start
    power = inputs.forecast.elasticity[what]
    market = market if power == 1 else market**power
    nodes = np.array([n if what == ASSETS else n - 1 for n in NODES])
    last = int(nodes[-1])
    known, ones = [], np.ones(start.n)
    for node, month in zip(NODES, nodes, strict=True):
        moved = market[:, month - 1] if month <= months else (1 + inputs.exposure * inputs.expected) ** (power * month)
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
            learnt = inputs.forecast.fits[ASSETS, YEAR].coefficients
            first = yearly_growth(columns_of(start, ASSETS, np.ones(start.n)) @ learnt, start.assets)
            growth = np.exp(log_growth(inputs, first, inputs.growth, last, np.arange(last + 1, months + 1)))
            found[:, last:] *= growth * market[:, last:] / market[:, last - 1 : last]
    return found


def mean_growth(start: Standing, coefficients: Floats) -> Floats:
    """Return the log growth of the book by net new money in the first year, by assets; () or (draws)."""
    weight = np.minimum(start.assets, np.quantile(start.assets, 0.99)) if start.n else start.assets
    total = np.zeros(coefficients.shape[1:])
    for k in range(0, start.n, AT_ONCE):
        part = start.take(np.arange(k, min(k + AT_ONCE, start.n)))
        grown = yearly_growth(columns_of(part, ASSETS, np.ones(part.n)) @ coefficients, part.assets)
        total = total + np.tensordot(weight[k : k + AT_ONCE], np.nan_to_num(grown), 1)
    return np.asarray(total / max(float(weight.sum()), 1e-300))


def log_growth(inputs: Inputs, first: Floats, mean: Floats, since: int, at: Ints) -> Floats:
    """Return the log growth by net new money from the month ``since`` (of the first year) to the months ``at``.

    ``first`` (n,) or (n, draws) is that of the first year, nan for a client without assets, who grows like the book
    (``mean``). Result (n, months) or (n, draws, months). See ``Forecast.lasting`` and ``GROWTH_YEARS``.
    """
    filled = np.nan_to_num(first)
    apart = np.where(np.isnan(first), 0.0, filled - mean)
    part = inputs.forecast.lasting ** np.arange(GROWTH_YEARS)
    begin = YEAR * np.arange(GROWTH_YEARS + 1)
    spans = np.diff(np.append(begin, np.inf))
    within = np.clip(np.append(at, since)[:, None] - begin, 0, spans) / YEAR
    within = within[:-1] - within[-1]  # years of each kind (months, kinds)
    known, late = within[:, :-1].sum(axis=1), within[:, -1]
    found = apart[..., None] * (within[:, :-1] @ part) + (mean + np.zeros(first.shape))[..., None] * known
    if late.any():
        found += np.minimum(mean + apart * part[-1], 0.0)[..., None] * late
    return np.asarray(found)
