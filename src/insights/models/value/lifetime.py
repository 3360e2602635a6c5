"""Lifetime value: what the clients in force at a landmark are expected to bring while they stay, worth today.

The sum, over the months counted, of the chance to be still there, what the client brings if he is, and what a unit of
that month is worth today. The chance is that of the hazards of leaving for all reasons (``models.exits``); what he
brings is forecast for those who stay (``models.value.forecast``), so that money that leaves before the client does is
counted once. The market is shared: it moves all clients of a draw alike.
"""

from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.exits.draws import DRAWS
from insights.models.exits.hazards import ExitHazards, fit_exit_hazards
from insights.models.exits.risk import in_force
from insights.models.exits.rows import ExitRows, exit_rows
from insights.models.exits.totals import VARIES
from insights.models.value.draws import SEED, Drawn, Worlds, drawn_values, worlds
from insights.models.value.forecast import ASSETS, AT_ONCE, YEAR, Forecast, forecast, mean_growth
from insights.models.value.indices import longer_past
from insights.models.value.market import Markets, book_returns, exposures, markets
from insights.models.value.money import MARGIN, Money, money
from insights.models.value.programmes import programme_starts
from insights.models.value.reactions import displacements
from insights.models.value.standing import standing
from insights.models.value.survival import Tilt, drawn_factors, intensities, size_tilt
from insights.models.value.worths import Ahead, Inputs, course, discounts, doublings
from insights.stats.heterogeneity import Variation, common_variation
from insights.stats.inputs import Floats
from insights.stats.results import NotEstimable

FIVE_YEARS = 60
LEVEL = 0.95


@dataclass(frozen=True)
class LifetimeValues:
    """Values of the clients in force at the landmark (n), in the order of ``in_force``.

    ``measure`` says what they are told in: "margin", or assets held ("assets", "paid_in"), in currency times years.
    ``clients``: client_id, manager (None), assets, margin_12m (what he brought in the last twelve months), value,
    value_5y (of the first five years), value_undiscounted, years (expected to stay, of those counted), tenure_months.
    ``drawn`` are the draws (n, draws) of the values. ``yearly`` is the expected course of the book by year: year (1, 2,
    ...), there (clients at its end), assets (at its end), assets_without_market, brought (in the year), value,
    learnt (whether forecasts of the year were learnt from the past; what is not is extrapolation).
    ``market`` is what was taken of it, None where nothing tells. ``n_events`` exits are behind the hazards.
    """

    landmark: date
    months: int
    measure: str
    rate: float
    clients: pd.DataFrame = field(repr=False)
    drawn: Drawn = field(repr=False)
    yearly: pd.DataFrame = field(repr=False)
    inputs: Inputs = field(repr=False)
    factors: Floats = field(repr=False)
    shared: Worlds = field(repr=False)
    market: Markets | None
    n_events: int

    @property
    def value(self) -> Floats:
        """Each client's value (n)."""
        return self.clients["value"].to_numpy(float)

    def course(self) -> Ahead:
        """Return the expected course of each client, month by month."""
        return course(self.inputs)


def lifetime_values(
    bank: Bank, landmark: date | None = None, *, months: int | None = None, rate: float | None = None
) -> LifetimeValues | NotEstimable:
    """Return the values of all clients in force at the landmark (default: the as-of date). Computed once.

    As they could be known then. ``months`` counted and the yearly discount ``rate`` default to the settings. Values are
    sums over months to come; the landmark's own month is over. NotEstimable where the bank delivers no money, where
    nobody has left yet, and where there is too little history to forecast from. Needs what ``fit_exit_hazards`` needs.

    Assumptions: clients leave independently of each other, given the hazards and how bad a year is; what is known of a
    client today says the same of the future as it did in the past; net new money goes on for five years at most (see
    ``forecast``). Markets beyond what the past has seen, and clients who come, are not counted.
    """
    landmark = bank.as_of if landmark is None else landmark
    rules = bank.settings.value
    months = 12 * rules.horizon_years if months is None else months
    rate = rules.annual_discount_rate if rate is None else rate
    key = ("lifetime_values", landmark, months, rate)
    return once(bank, key, lambda: _valued(bank, landmark, months, rate), on_disk=True)


@dataclass(frozen=True)
class Ground:
    """What values at a landmark are computed from: the clients in force (n ``rows``), how they leave and stand."""

    rows: ExitRows = field(repr=False)
    hazards: ExitHazards = field(repr=False)
    inputs: Inputs = field(repr=False)
    market: Markets | None = field(repr=False)

    @property
    def n_events(self) -> int:
        """Number of exits that the hazards rest on."""
        return sum(model.events for model in self.hazards.models.values())


def ground(
    bank: Bank, landmark: date, months: int, rate: float, rng: np.random.Generator, *, inference: bool = True
) -> Ground | NotEstimable:
    """Return what values at a landmark are computed from; NotEstimable as for ``lifetime_values``.

    ``inference``: False where no draws of the hazards are wanted, which is cheaper at past landmarks.
    """
    book = money(bank)
    if book is None:
        return NotEstimable("neither revenue nor assets are delivered")
    hazards = fit_exit_hazards(bank, landmark, inference=inference)
    if not hazards.models:
        return NotEstimable("nobody has left yet, so nothing tells how long clients stay")
    at = book.column(landmark, bank)
    learnt = forecast(bank, landmark) if at > 0 else NotEstimable("no month of money was known by then")
    if isinstance(learnt, NotEstimable):
        return learnt
    rows = in_force(bank, landmark)
    if not rows.n:
        return NotEstimable("no client is in force")
    own = tuple(learnt.reaction[k] for k in range(len(book.income)))
    starts = programme_starts(bank, exit_rows(bank).until(landmark), landmark)
    start = standing(book, rows, at, own, displacements(book, own), starts)
    paths = _markets(bank, landmark, book, at, months, rng)
    inputs = Inputs(
        measure=book.measure,
        start=start,
        intensity=np.zeros((rows.n, months)),
        exposure=exposures(book, start.client, at),
        forecast=learnt,
        expected=_expected(bank, book) if paths is None else paths.expected,
        discount=discounts(rate, months),
        growth=mean_growth(start, learnt.fits[ASSETS, YEAR].coefficients),
    )
    own_leaving = intensities(hazards, rows, months, doublings(inputs), tilt_of(bank, hazards))
    return Ground(rows, hazards, replace(inputs, intensity=own_leaving), paths)


def tilt_of(bank: Bank, hazards: ExitHazards) -> Tilt:
    """Return how the hazards must be tilted by size, as known at their landmark; see ``size_tilt``. Computed once."""
    key = ("size_tilt", hazards.landmark)
    return once(bank, key, lambda: size_tilt(hazards, exit_rows(bank).until(hazards.landmark)))


def _valued(bank: Bank, landmark: date, months: int, rate: float) -> LifetimeValues | NotEstimable:
    rng = np.random.default_rng(SEED)
    found = ground(bank, landmark, months, rate, rng)
    if isinstance(found, NotEstimable):
        return found
    inputs = found.inputs
    shared = worlds(inputs.forecast, inputs.start, found.market, _years(found.hazards, inputs.intensity, months, rng))
    factors = drawn_factors(found.hazards, found.rows, np.random.default_rng(SEED), tilt_of(bank, found.hazards))
    return told_of(bank, found, factors, shared, drawn_of(inputs, factors, shared, rng), landmark, rate)


def told_of(
    bank: Bank, found: Ground, factors: Floats, shared: Worlds, drawn: Drawn, landmark: date, rate: float
) -> LifetimeValues:
    """Return the values that follow from the ground they stand on, with their draws."""
    rows, inputs, book = found.rows, found.inputs, money(bank)
    assert book is not None, "there is a ground"
    start, at = inputs.start, inputs.start.at
    ahead = course(inputs)
    brought = ahead.brought(book.measure)
    first = max(at - YEAR + 1, 0)
    clients = pd.DataFrame(
        {
            "client_id": rows.of(rows.client, rows.clients),
            "manager": rows.of(rows.manager, rows.managers),
            "assets": start.assets,
            "margin_12m": book.brought[start.client, first : at + 1].sum(axis=1),
            "value": brought @ inputs.discount,
            "value_5y": brought[:, :FIVE_YEARS] @ inputs.discount[:FIVE_YEARS],
            "value_undiscounted": brought.sum(axis=1),
            "years": ahead.alive.sum(axis=1) / 12,
            "tenure_months": rows.tenure - 1.0,
        }
    )
    yearly = _yearly(ahead, brought, inputs, inputs.forecast)
    whole = inputs.months
    return LifetimeValues(
        landmark,
        whole,
        book.measure,
        rate,
        clients,
        drawn,
        yearly,
        inputs,
        factors,
        shared,
        found.market,
        found.n_events,
    )


def _markets(bank: Bank, landmark: date, book: Money, at: int, months: int, rng: np.random.Generator) -> Markets | None:
    if book.growth is None:
        return None
    longer = longer_past(bank, landmark, book_returns(book, at)[0], book.first + 1)
    found = markets(book, at, months, DRAWS, rng, bank.settings.value.market_return, longer)
    return None if isinstance(found, NotEstimable) else found


def _expected(bank: Bank, book: Money) -> float:
    """Return what markets add in a month where their past tells nothing: the bank's own view, or nothing."""
    view = bank.settings.value.market_return
    return 0.0 if view is None or book.growth is None else float((1 + view) ** (1 / YEAR) - 1)


def _years(hazards: ExitHazards, intensity: Floats, months: int, rng: np.random.Generator) -> Floats:
    """Return by what each coming year multiplies the intensities of leaving (draws, years): some are worse, mean 1."""
    years = -(-months // YEAR) + 1
    total, found = 0.0, np.zeros((DRAWS, years))
    for model in hazards.models.values():
        told = common_variation(model.yearly["observed"], model.yearly["expected"])
        varies = isinstance(told, Variation) and told.test.p_value is not None and told.test.p_value < VARIES
        sd = told.sd if isinstance(told, Variation) and varies else 0.0
        found += model.events * np.exp(sd * rng.standard_normal((DRAWS, years)) - sd**2 / 2)
        total += model.events
    return found / total


def drawn_of(inputs: Inputs, factors: Floats, shared: Worlds, rng: np.random.Generator) -> Drawn:
    """Return the draws of all clients' values, some of them at a time."""
    parts = []
    for k in range(0, inputs.start.n, AT_ONCE):
        at = np.arange(k, min(k + AT_ONCE, inputs.start.n))
        parts.append(drawn_values(inputs.take(at), factors[at], shared, rng))
    return Drawn(np.concatenate([p.expected for p in parts]), np.concatenate([p.realised for p in parts]))


def _yearly(ahead: Ahead, brought: Floats, inputs: Inputs, learnt: Forecast) -> pd.DataFrame:
    months, lines = inputs.months, []
    for first in range(0, months, YEAR):
        last = min(first + YEAR, months)
        own = brought[:, first:last]
        lines.append(
            {
                "year": first // YEAR + 1,
                "there": float(ahead.alive[:, last - 1].sum()),
                "assets": float((ahead.alive * ahead.assets)[:, last - 1].sum()),
                "assets_without_market": float((ahead.alive * ahead.grown)[:, last - 1].sum()),
                "brought": float(own.sum()),
                "value": float((own @ inputs.discount[first:last]).sum()),
                "learnt": first < (2 * YEAR if learnt.persistence_known else YEAR),
            }
        )
    return pd.DataFrame(lines)


__all__ = ["MARGIN", "LifetimeValues", "lifetime_values"]
