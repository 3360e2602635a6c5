"""Values in draws of all that is uncertain: what is not known, what markets may do, and the chance of each client.

A draw is one state of the world: one set of coefficients (of leaving and of the forecasts), one market, and for each
client one lot that says when he leaves. The same number of a draw is the same world for all clients, so that sums over
any of them, and differences between two dates, keep what they share.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from insights.models.exits.draws import DRAWS
from insights.models.value.forecast import (
    ASSETS,
    COST,
    NODES,
    YEAR,
    Forecast,
    What,
    columns_of,
    first_growth,
    growth_ratio,
    lasting,
    mean_growth,
)
from insights.models.value.market import Markets
from insights.models.value.money import MARGIN
from insights.models.value.reactions import worn
from insights.models.value.standing import Standing
from insights.models.value.worths import Inputs, growth_years, values
from insights.stats.inputs import Floats, Ints
from insights.stats.scaled import ScaledFit

Singles = npt.NDArray[np.float32]
SEED = 19_970_105
BLOCK = 1_000
"""Cluster labels whose lots are drawn together."""


@dataclass(frozen=True)
class Worlds:
    """What all clients share in each draw.

    ``coefficients`` by fit (p, draws), the ``growth`` of the book (draws) that follows from them, how long differences
    last (``lasting``, draws), the ``powers`` (draws) with which each income moves with markets, and the log of what
    multiplies its ``rates`` (draws) a year on. ``market`` is None where nothing tells how markets move. ``years``
    (draws, years) multiplies the intensities of leaving of each coming year: some are worse than others, with mean 1.
    """

    coefficients: dict[tuple[What, int], Floats] = field(repr=False)
    growth: Floats = field(repr=False)
    lasting: tuple[Floats, Floats] = field(repr=False)
    powers: dict[What, Floats] = field(repr=False)
    rates: dict[What, Floats] = field(repr=False)
    market: Markets | None = field(repr=False)
    years: Floats = field(repr=False)


@dataclass(frozen=True)
class Drawn:
    """Values of n clients (n, draws each): ``expected`` given the coefficients, and what they really bring.

    ``expected`` varies by what is not known (coefficients, the drift of the market) and has the client's value as its
    mean; ``realised`` varies also by what markets, years and chance do.
    """

    expected: Singles = field(repr=False)
    realised: Singles = field(repr=False)


def worlds(fitted: Forecast, start: Standing, market: Markets | None, years: Floats) -> Worlds:
    """Draw the coefficients of the forecasts; a cluster has the same lots in all fits, and at all landmarks."""
    rng = np.random.default_rng([SEED, 1])  # lots of its own, the same at all landmarks
    found: dict[tuple[What, int], Floats] = {}
    kept: dict[tuple[int, ...], Floats] = {}

    def drawn(fit: ScaledFit) -> Floats:
        name = (len(fit.labels), int(fit.labels[0]), int(fit.labels[-1]), int(fit.labels.sum()))
        if name not in kept:
            kept.clear()
            kept[name] = _lots(fit.labels)
        return fit.drawn(kept[name])

    for key, fit in fitted.fits.items():
        found[key] = drawn(fit)
    lasts = np.zeros(DRAWS), np.zeros(DRAWS)
    if fitted.persistence is not None:
        one, two = (drawn(fit) for fit in fitted.persistence)
        lasts = lasting(start, one, two)
    powers = {
        what: np.clip(reaction.power + reaction.error * rng.standard_normal(DRAWS), 0.0, 2.0)
        for what, reaction in fitted.reaction.items()
    }
    rates = {what: reaction.drift * rng.standard_normal(DRAWS) for what, reaction in fitted.reaction.items()}
    return Worlds(found, mean_growth(start, found[ASSETS, YEAR]), lasts, powers, rates, market, years)


def drawn_values(
    inputs: Inputs, factors: Floats, shared: Worlds, rng: np.random.Generator, *, chance: bool = True
) -> Drawn:
    """Return the draws of some clients' values. ``factors`` (n, draws) multiply their intensities of leaving.

    Months are put together into spans (a quarter, later half a year and a year), at whose middle everything is
    evaluated; the expected draws are moved to the exact value. Without ``chance`` what is realised is not drawn, and
    is empty.
    """
    n = inputs.start.n
    own = _Given(inputs, shared)
    cumulative = np.cumsum(inputs.intensity, axis=1)
    expected, realised = np.zeros((n, DRAWS), np.float32), np.zeros((n, DRAWS if chance else 0), np.float32)
    lot = rng.standard_exponential((n, DRAWS), dtype=np.float32) if chance else realised
    walk, before, factor32 = np.zeros((n, DRAWS), np.float32), 0, factors.astype(np.float32)
    for first, last in spans(inputs.months):
        middle = (first + last + 1) // 2
        weight = np.float32(inputs.discount[first - 1 : last].sum())
        hazard = factor32 * cumulative[:, middle - 1].astype(np.float32)[:, None]
        parts, cost = own.amounts(middle)
        drift = own.drift(middle)
        expected += weight * np.exp(-hazard) * (own.moved(parts, drift, middle) + cost)
        if not chance:
            continue
        sd = np.sqrt(own.variance(middle) - own.variance(before))
        walk += sd * rng.standard_normal((n, DRAWS), dtype=np.float32)
        noise = np.exp(walk - own.variance(middle) / 2)
        bad = own.badness(middle)
        realised += weight * (hazard * bad < lot) * (own.moved(parts, own.path(middle), middle) * noise + cost)
        before = middle
    exact = values(inputs)
    expected += (exact - expected.mean(axis=1)).astype(np.float32)[:, None]
    return Drawn(expected, realised)


def spans(months: int) -> list[tuple[int, int]]:
    """Return the spans (first and last month, from 1) in which months are put together."""
    found, first = [], 1
    while first <= months:
        last = min(first + (3 if first <= YEAR else 6 if first <= 5 * YEAR else YEAR) - 1, months)
        found.append((first, last))
        first = last + 1
    return found


@dataclass(frozen=True)
class Moved:
    """Log growth of assets in each draw (n, draws), and what of it income has not come back from yet."""

    grown: Singles
    displaced: Singles


def _fading(swings: Floats, fades: float) -> Floats:
    """Return what is left of the swings up to each month (draws, months)."""
    found, left = np.empty(swings.shape), np.zeros(len(swings))
    for k in range(swings.shape[1]):
        left = (1 - fades) * left + swings[:, k]
        found[:, k] = left
    return found


class _Given:
    """What clients bring in each draw, given that they are there."""

    def __init__(self, inputs: Inputs, shared: Worlds) -> None:
        self.inputs, self.shared = inputs, shared
        start = inputs.start
        self.what: tuple[What, ...] = tuple(range(start.income.shape[1])) if inputs.measure == MARGIN else (ASSETS,)
        ones = np.ones(start.n)
        wanted: tuple[What, ...] = (ASSETS, COST, *self.what) if inputs.measure == MARGIN else (ASSETS,)
        self.columns = {what: columns_of(start, what, ones) for what in wanted}
        self.ratio: dict[int, Floats] = {}
        self.node: tuple[int, dict[What, Singles], Singles] | None = None
        first = first_growth(start, shared.coefficients[ASSETS, YEAR], shared.growth)
        self.growth = (first.mean + first.second(shared.lasting)).astype(np.float32)
        self.shrinking = np.minimum(self.growth, np.float32(0))
        self.year_one, self.later = noise_of(inputs)
        paths = shared.market
        self.fades = next((r.fades for r in inputs.forecast.reaction.values()), 0.0)
        self.swings = None if paths is None else np.cumsum(paths.swings, axis=1)
        self.flows = None if paths is None else np.cumsum(paths.flows, axis=1)
        self.squares = None if paths is None else np.cumsum(paths.swings**2, axis=1)
        self.left = None if paths is None else _fading(paths.swings, self.fades)

    def amounts(self, month: int) -> tuple[dict[What, Singles], Singles | float]:
        """Return what moves with the market, as if it stood still, by what it is; and costs (n, draws each)."""
        parts, cost = self._at_node(next((k for k in NODES if k >= month), NODES[-1]))
        factors: dict[What, Singles] = {}
        for what, drift in self.shared.rates.items():
            if what in parts:
                factors[what] = np.exp(drift * min(month, YEAR) / YEAR).astype(np.float32)
        if month > YEAR:
            later, last = growth_years(YEAR, np.array([month]))[0, 1:].astype(np.float32)
            grown = np.exp(self.growth * later + self.shrinking * last if last else self.growth * later)
            factors = {what: grown * factors[what] if what in factors else grown for what in parts}
        parts = {what: own * factors[what] if what in factors else own for what, own in parts.items()}
        if self.inputs.measure != MARGIN:
            return {ASSETS: np.asarray(np.maximum(parts[ASSETS], 0) / 12, dtype=np.float32)}, 0.0
        return parts, cost

    def _at_node(self, node: int) -> tuple[dict[What, Singles], Singles]:
        """Return what is forecast for a node, and costs there; that of the last node asked for is kept."""
        if self.node is None or self.node[0] != node:
            parts = {what: self._linear(what, node).astype(np.float32) for what in self.what}
            nothing = np.zeros((1, 1), np.float32)
            cost = self._linear(COST, node).astype(np.float32) if self.inputs.measure == MARGIN else nothing
            self.node = node, parts, cost
        return self.node[1], self.node[2]

    def moved(self, parts: dict[What, Singles], log: Moved | None, month: int) -> Singles:
        """Return the sum of the parts, each moved by the market; ``log`` is its log growth less the mean.

        Over the draws the mean growth is the expected one, so that each client keeps the value that he was given.
        """
        inputs = self.inputs
        total = np.zeros((inputs.start.n, DRAWS), np.float32)
        monthly = np.log1p(inputs.exposure * inputs.expected)
        # What is displaced today comes back, and the expected growth displaces something itself.
        ahead = inputs.start.displaced * ((1 - self.fades) ** month - 1) + monthly * worn(np.array(month), self.fades)
        for what, amounts in parts.items():
            level = np.exp(monthly * month)
            if what != ASSETS:
                level = level * inputs.forecast.reaction[what].beyond(ahead)
            level = level.astype(np.float32)[:, None]
            if log is not None:
                apart = log.grown
                if what != ASSETS:
                    apart = apart + (self.shared.powers[what] - 1).astype(np.float32) * log.displaced
                growth = np.exp(apart)
                level = growth * (level / growth.mean(axis=1, keepdims=True))
            total += amounts * level
        return total

    def drift(self, month: int) -> Moved | None:
        """Return by how much the drift of each draw moves assets from what is expected (n, draws)."""
        paths = self.shared.market
        if paths is None:
            return None
        apart = (paths.drift - self.inputs.expected).astype(np.float32)
        one = self.inputs.exposure[:, None].astype(np.float32) * apart[None, :]
        return Moved(one * np.float32(month), one * np.float32(worn(np.array(month), self.fades)))

    def path(self, month: int) -> Moved | None:
        """Return by how much the market and the flows of all, on the path of each draw, move assets (n, draws)."""
        drift = self.drift(month)
        if drift is None or self.swings is None or self.squares is None or self.flows is None or self.left is None:
            return None
        exposure = self.inputs.exposure[:, None].astype(np.float32)
        swings, squares, flows, left = (
            m[:, month - 1].astype(np.float32) for m in (self.swings, self.squares, self.flows, self.left)
        )
        # Flows bring money at the client's own mix: they displace nothing.
        grown = drift.grown + exposure * swings - exposure**2 / 2 * squares + flows
        return Moved(np.asarray(grown), np.asarray(drift.displaced + exposure * left))

    def badness(self, month: int) -> Singles:
        """Return by what the years up to the month multiply all that has been at risk (draws)."""
        years = self.shared.years
        whole, part = divmod(month, YEAR)
        total = years[:, :whole].sum(axis=1) * YEAR + (years[:, whole] * part if part else 0.0)
        return np.asarray(total / month, dtype=np.float32)

    def variance(self, month: int) -> Singles:
        """Return the variance of the log of each client's own amount (n, 1), so many months ahead."""
        found = self.year_one * min(month, YEAR) / YEAR + self.later * max(month - YEAR, 0) / YEAR
        return np.asarray(found[:, None], dtype=np.float32)

    def _linear(self, what: What, node: int) -> Floats:
        if what in (ASSETS, COST):
            return self.columns[what] @ self.shared.coefficients[what, node]
        if node not in self.ratio:
            self.ratio = {node: growth_ratio(self._linear(ASSETS, node), self.inputs.start)}
        beta = self.shared.coefficients[what, node]
        return self.ratio[node] * (self.columns[what][:, :-1] @ beta[:-1]) + self.columns[what][:, -1:] * beta[-1]


def noise_of(inputs: Inputs) -> tuple[Floats, float]:
    """Return the variance of the log of a client's own amount after one year (n), and what each later year adds.

    All that a client brings moves with what he holds; what a component of his income has beyond that is its own, and
    counts by the square of its part in his income: what goes wrong with one does not go wrong with the others.
    """
    noise = {what: min(fit.noise, 2.0) ** 2 for (what, node), fit in inputs.forecast.fits.items() if node == YEAR}
    held, start = noise[ASSETS], inputs.start
    found = np.full(start.n, held)
    if inputs.measure == MARGIN and start.income.shape[1]:
        income = np.abs(start.income)
        total = income.sum(axis=1, keepdims=True)
        usual = np.abs(start.means[1]) / max(float(np.abs(start.means[1]).sum()), 1e-300)
        share = np.where(total > 0, income / np.maximum(total, 1e-300), usual)
        beyond = np.array([max(noise[k] - held, 0.0) for k in range(start.income.shape[1])])
        found = found + share**2 @ beyond
    return np.log1p(found), float(np.log1p(held))


def _lots(labels: Ints) -> Floats:
    """Return standard normal lots (labels, draws): a label has the same ones whatever the others are."""
    found = np.empty((len(labels), DRAWS))
    for block in np.unique(labels // BLOCK):
        own = labels // BLOCK == block
        lots = np.random.default_rng([SEED, int(block)]).standard_normal((BLOCK, DRAWS))
        found[own] = lots[labels[own] % BLOCK]
    return found
