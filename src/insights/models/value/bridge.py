"""The bridge between the book's values at two dates: who came and went, and why the others are worth what they are.

Both values are those that could be told at their dates, each over the same number of years ahead. Clients in force at
both dates differ in six respects: what they hold, by their own moves and by the market; what they bring on it; what is
known of them that tells how long they will stay; the discount rate; and what has been learnt since. Each of these is
put in in all possible orders, and its part is the mean of what it adds (``stats.orders``): no order is the right one,
and with a single one the same cause would be worth more or less by its place.

Intervals hold what is not known of the models, at both dates together: the later fit knows what the earlier one knew,
and more. What happened between the dates (who left, what markets did) is known and has no error.
"""

from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pandas as pd

from insights.data.months import add_months, month_end
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.exits.hazards import fit_exit_hazards
from insights.models.exits.risk import in_force
from insights.models.exits.rows import ExitRows
from insights.models.value.changed import (
    CAUSES,
    DISCOUNT,
    MARGIN,
    MARKET,
    MODEL,
    MOVED,
    RETENTION,
    Changed,
    Worth,
    moved_by,
)
from insights.models.value.draws import SEED, Drawn, Worlds, drawn_values, worlds
from insights.models.value.lifetime import LEVEL, Ground, LifetimeValues, ground, lifetime_values, tilt_of
from insights.models.value.market import Markets
from insights.models.value.money import MARGIN as IN_MARGIN
from insights.models.value.money import Money, money
from insights.models.value.standing import market_growth
from insights.models.value.survival import drawn_factors, intensities
from insights.models.value.worths import Inputs, doublings, values
from insights.stats.inputs import Floats
from insights.stats.orders import mean_over_orders, order_weights
from insights.stats.results import NotEstimable
from insights.stats.sampling import systematic_sample

LOST, NEW = "lost", "new"
PARTS = (LOST, NEW, MOVED, MARKET, MARGIN, RETENTION, DISCOUNT, MODEL)
SAMPLE = 100
"""Clients that intervals are drawn for: their cost does not grow with the book."""


@dataclass(frozen=True)
class Outlook:
    """What was expected at a date, of n clients, as shares of assets.

    ``growth`` by net new money in the first year; ``market``: what markets would add in a year, None where nothing
    tells.
    """

    growth: float
    market: float | None
    n: int


@dataclass(frozen=True)
class Bridge:
    """Why the value of the clients in force changed from ``before`` to ``now`` (two landmarks).

    ``clients``: client_id, was, now (values at the two dates; 0 where not in force) and one column for each of
    ``PARTS``: they add up to now - was. ``drawn`` (parts, draws) is by what the sums of the parts may be off. Amounts
    in the reporting currency, in the ``measure`` of ``LifetimeValues``. ``rates`` are the discount rates of the dates.
    ``brought`` (n) is what each client in force at the first date brought in between the two. ``outlook`` is what was
    expected at each of the two. ``n_events`` exits are behind the hazards.
    """

    before: date
    now: date
    measure: str
    rates: tuple[float, float]
    clients: pd.DataFrame = field(repr=False)
    drawn: Floats = field(repr=False)
    brought: Floats = field(repr=False)
    outlook: tuple[Outlook, Outlook]
    n_events: int

    def cents(self) -> dict[str, int]:
        """Return the two values ("was", "now") and the parts in hundredths: was and all parts add up to now, exactly.

        Each is rounded; what rounding leaves is in the largest part.
        """
        sums = {name: float(self.clients[name].sum()) for name in ("was", *PARTS, "now")}
        found = {name: round(100 * amount) for name, amount in sums.items()}
        largest = max(PARTS, key=lambda name: abs(found[name]))
        found[largest] += found["now"] - found["was"] - sum(found[name] for name in PARTS)
        return found

    def interval(self, parts: tuple[str, ...]) -> tuple[float, float, float]:
        """Return the sum of some parts with its interval (level ``LEVEL``)."""
        value = float(self.clients[list(parts)].to_numpy().sum())
        off = self.drawn[[PARTS.index(name) for name in parts]].sum(axis=0)
        low, high = (value + float(q) for q in np.quantile(off, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
        return value, min(low, value), max(high, value)


def bridge(bank: Bank, before: date | None = None, now: date | None = None) -> Bridge | NotEstimable:
    """Return the bridge from ``before`` to ``now`` (default: the as-of date, and the settings' months before it).

    Computed once. The settings also give the discount rate of the earlier date, where it was another. NotEstimable
    where values cannot be told at one of the dates. ValueError where ``before`` is not the earlier one.
    """
    now = bank.as_of if now is None else now
    before = earlier_date(bank, now) if before is None else before
    if before >= now:
        raise ValueError(f"the bridge begins on {before} and ends on {now}; expected an earlier beginning")
    return once(bank, ("value_bridge", before, now), lambda: _bridged(bank, before, now))


def earlier_date(bank: Bank, now: date | None = None) -> date:
    """Return the date that a day (default: the as-of date) is compared with: the settings' months before it."""
    day = bank.as_of if now is None else now
    found = add_months(day, -bank.settings.value.bridge.months)
    return month_end(found) if day == month_end(day) else found


def earlier_ground(bank: Bank, before: date, later: LifetimeValues) -> tuple[Ground | NotEstimable, float]:
    """Return what values at an earlier date are computed from, over as many months, and the discount rate of then."""
    before_rate = bank.settings.value.bridge.discount_rate_before
    rate = later.rate if before_rate is None else before_rate
    key = ("value_ground", before, later.months, rate)
    own = np.random.default_rng(SEED)
    return once(bank, key, lambda: ground(bank, before, later.months, rate, own, inference=False)), rate


def factors_before(factors: Floats, later: int, earlier: int) -> Floats:
    """Return by what the hazards of an earlier date may be off (n, draws), given by what those of a later one may be.

    The later fit, of ``later`` exits, has all the ``earlier`` ones, and is efficient: so their difference does not go
    with its own error, and the earlier one's is the sum of the two (Hausman, 1978, Specification tests in
    econometrics).
    """
    log = np.log(np.maximum(factors, 1e-300))
    more = np.exp(log + _extra(later, earlier) * _other(log))
    return np.asarray(more / more.mean(axis=1, keepdims=True))


def _bridged(bank: Bank, before: date, now: date) -> Bridge | NotEstimable:
    later = lifetime_values(bank, now)
    if isinstance(later, NotEstimable):
        return later
    earlier, rate = earlier_ground(bank, before, later)
    book = money(bank)
    if isinstance(earlier, NotEstimable):
        return NotEstimable(f"at the earlier date: {earlier.reason}")
    assert book is not None, "there are values"
    pair = _Pair(bank, book, earlier, later)
    own = pair.parts((rate, later.rate))
    drawn = pair.drawn(own)
    start = earlier.inputs.start
    between = book.brought[start.client, start.at + 1 : later.inputs.start.at + 1]
    seen = _outlook(earlier.inputs, earlier.market), _outlook(later.inputs, later.market)
    return Bridge(before, now, later.measure, (rate, later.rate), own, drawn, between.sum(axis=1), seen, later.n_events)


def _outlook(inputs: Inputs, market: Markets | None) -> Outlook:
    yearly = None if market is None and not inputs.expected else float((1 + inputs.expected) ** 12 - 1)
    return Outlook(float(np.expm1(inputs.growth)), yearly, inputs.start.n)


class _Pair:
    """The clients at two dates."""

    def __init__(self, bank: Bank, book: Money, earlier: Ground, later: LifetimeValues) -> None:
        self.earlier, self.later = earlier, later
        self.labels = np.array(earlier.rows.clients, dtype=object)
        was, now = earlier.inputs.start.client, later.inputs.start.client
        self.lost, self.new = (np.flatnonzero(~np.isin(*pair)) for pair in ((was, now), (now, was)))
        _, self.stayed, self.still = np.intersect1d(was, now, return_indices=True)
        self.hazards = fit_exit_hazards(bank, later.landmark)
        self.market_told = book.growth is not None
        in_later = in_force(bank, later.landmark)
        self.rows = earlier.rows.take(self.stayed), in_later.take(self.still)
        self.level = in_later
        self.tilt = tilt_of(bank, self.hazards)
        self.both = self._both(bank, book)
        self.causes: tuple[str, ...] = CAUSES

    def parts(self, rates: tuple[float, float]) -> pd.DataFrame:
        """Return ``Bridge.clients``."""
        idle = {DISCOUNT} if rates[0] == rates[1] else set()
        idle |= set() if self.later.measure == IN_MARGIN else {MARGIN}
        idle |= set() if self.market_told else {MARKET}
        self.causes = tuple(name for name in CAUSES if name not in idle)
        was, now = values(self.earlier.inputs), self.later.value
        found = mean_over_orders(Worth(self.both, self.causes), len(self.causes))
        code = np.concatenate([self.earlier.inputs.start.client, self.later.inputs.start.client[self.new]])
        frame = pd.DataFrame({"client_id": self.labels[code], "was": 0.0, "now": 0.0} | dict.fromkeys(PARTS, 0.0))
        first = len(was)
        frame.loc[: first - 1, "was"] = was
        frame.loc[self.stayed, "now"] = now[self.still]
        frame.loc[first:, "now"] = now[self.new]
        frame.loc[self.lost, LOST] = -was[self.lost]
        frame.loc[first:, NEW] = now[self.new]
        for name, part in zip(self.causes, found, strict=True):
            frame.loc[self.stayed, name] = part
        return frame

    def drawn(self, told: pd.DataFrame) -> Floats:
        """Return by what the sums of the parts may be off (parts, draws), told by a sample of the clients."""
        size = told[["was", "now", *PARTS]].abs().sum(axis=1).to_numpy(float)
        shared = {True: self.later.shared, False: self._worlds_before()}
        found = {name: np.zeros(shared[True].growth.shape) for name in PARTS}
        new = self.later.drawn.expected[self.new].sum(axis=0, dtype=float)
        found[NEW] = new - new.mean() if len(self.new) else found[NEW]
        rng = np.random.default_rng(SEED)
        rows, weight = systematic_sample(size[self.lost], SAMPLE)
        if len(rows):
            own = self.earlier.inputs.take(self.lost[rows])
            factor = self._factors_before(self._factors(self.earlier.rows.take(self.lost[rows])))
            off = _off(drawn_values(own, factor, shared[False], rng, chance=False), weight)
            found[LOST] = -off
        rows, weight = systematic_sample(size[self.stayed], SAMPLE)
        if len(rows):
            some = self.both.take(rows)
            # What is known of a client moves him by other coefficients than what was known of him then.
            then = self._factors(self.rows[0].take(rows))
            known = {False: then, True: self.later.factors[self.still[rows]]}
            factors = {(state, True): own for state, own in known.items()}
            factors |= {(state, False): self._factors_before(own) for state, own in known.items()}
            worth = Worth(some, self.causes)
            for flags, weights in order_weights(len(self.causes)).items():
                put = worth.put(flags)
                model = put[MODEL]
                own_factors = factors[put[RETENTION], model]
                off = _off(drawn_values(some.inputs(put), own_factors, shared[model], rng, chance=False), weight)
                for name, part in zip(self.causes, weights, strict=True):
                    found[name] = found[name] + part * off
        return np.stack([found[name] for name in PARTS])

    def _both(self, bank: Bank, book: Money) -> Changed:
        a, b = self.earlier.inputs.take(self.stayed), self.later.inputs.take(self.still)
        market = market_growth(book, b.start.client, a.start.at, b.start.at)
        months = self.later.months
        rows = self.rows
        return Changed(
            before=a,
            now=b,
            market=market,
            moved=moved_by(a.start, b.start, market),
            intensity={
                (False, False): a.intensity,
                (True, True): b.intensity,
                (False, True): intensities(self.hazards, rows[0], months, doublings(a), self.tilt),
                (True, False): intensities(
                    self.earlier.hazards, rows[1], months, doublings(b), tilt_of(bank, self.earlier.hazards)
                ),
            },
            medians=(
                float(np.median(self.earlier.inputs.start.assets)),
                float(np.median(self.later.inputs.start.assets)),
            ),
        )

    def _factors(self, rows: ExitRows) -> Floats:
        """Return by what the later hazards of clients as they were may be off, in the draws of the later values."""
        return drawn_factors(self.hazards, rows, np.random.default_rng(SEED), self.tilt, self.level)

    def _factors_before(self, factors: Floats) -> Floats:
        return factors_before(factors, self.later.n_events, self.earlier.n_events)

    def _worlds_before(self) -> Worlds:
        """Return what clients share in each draw as of the earlier date; clusters have the lots of the later one."""
        inputs, own, later = self.earlier.inputs, self.earlier.market, self.later.market
        market: Markets | None = None
        if own is not None and later is not None:
            apart = later.drift - later.expected
            more = _extra(len(later.past), len(own.past)) * _other(apart)
            drift = np.full(len(apart), own.expected) if own.given else own.expected + apart + more
            market = replace(own, drift=drift)
        return worlds(inputs.forecast, inputs.start, market, self.later.shared.years)


def _off(told: Drawn, weight: Floats) -> Floats:
    """Return by what a weighted sum of expected values is off its mean (draws)."""
    total = weight @ told.expected.astype(np.float64)
    return np.asarray(total - total.mean())


def _extra(later: int, earlier: int) -> float:
    """Return how much larger the error is that the earlier of two fits has beside that of the later one."""
    return float(np.sqrt(max(later / max(earlier, 1) - 1, 0.0)))


def _other(lots: Floats) -> Floats:
    """Return the lots (..., draws) of other draws: independent of the first, with the same law."""
    return np.roll(lots, lots.shape[-1] // 2, axis=-1)
