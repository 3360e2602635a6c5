"""What the model told of the coming year a year ago, and what came: lifetime value put to months it had not seen."""

from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import numpy.typing as npt

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.exits.hazards import fit_exit_hazards
from insights.models.value.bridge import earlier_date, earlier_ground, factors_before
from insights.models.value.draws import SEED, worlds
from insights.models.value.lifetime import LEVEL, LifetimeValues, drawn_of, lifetime_values, tilt_of, told_of
from insights.models.value.money import money
from insights.models.value.survival import drawn_factors
from insights.stats.inputs import Floats
from insights.stats.results import NotEstimable

YEAR = 12
NEAR = 1e-6
"""Amounts no further apart than this part of them are the same."""


@dataclass(frozen=True)
class Hindsight:
    """n clients in force at an earlier date: what they were expected to bring up to ``until``, and what they brought.

    ``values`` are those that could be told at the earlier date, undiscounted, of the months between. ``came`` (n) is
    what each client brought in them, nothing after he had left; ``again`` (n) what he would have brought had each month
    been like the average one of those before (twelve, or as many as he had been there). ``low`` and ``high`` (n) are
    the interval, of level ``LEVEL``, of what each of them will really bring.
    """

    values: LifetimeValues
    until: date
    came: Floats = field(repr=False)
    again: Floats = field(repr=False)
    low: Floats = field(repr=False)
    high: Floats = field(repr=False)

    @property
    def told(self) -> Floats:
        """What each client was expected to bring (n)."""
        return self.values.value

    @property
    def held(self) -> npt.NDArray[np.bool_]:
        """Whether what came lies in the client's own interval (n).

        Draws have seven digits: who holds what never moves, such as a premium paid once, and stays brings the very end
        of his interval.
        """
        near = NEAR * np.abs(self.came)
        return np.asarray((self.low - near <= self.came) & (self.came <= self.high + near))


def hindsight(bank: Bank) -> Hindsight | NotEstimable:
    """Return what was told at the earlier date of the bridge of the months since. Computed once.

    Money, leaving and markets are those known at the earlier date. How uncertain the coefficients were is told by
    today's fit, made wider as it had seen less by then (see ``factors_before``); how much worse some years are than
    others is that of all years. Both say how wide intervals are, not what is expected. NotEstimable as for
    ``lifetime_values``, today or then.
    """
    return once(bank, ("value_hindsight",), lambda: _looked_back(bank))


def _looked_back(bank: Bank) -> Hindsight | NotEstimable:
    now, before = lifetime_values(bank), earlier_date(bank)
    if isinstance(now, NotEstimable):
        return now
    book, rng = money(bank), np.random.default_rng(SEED)
    assert book is not None, "there are values"
    found, _ = earlier_ground(bank, before, now)
    if isinstance(found, NotEstimable):
        return NotEstimable(f"at the earlier date: {found.reason}")
    start = found.inputs.start
    months = now.inputs.start.at - start.at
    # Nothing is discounted, and what lies further ahead has not come yet.
    near = replace(found.inputs, intensity=found.inputs.intensity[:, :months], discount=np.ones(months))
    found = replace(found, inputs=near)
    hazards = fit_exit_hazards(bank)
    factors = drawn_factors(hazards, found.rows, np.random.default_rng(SEED), tilt_of(bank, hazards))
    factors = factors_before(factors, now.n_events, found.n_events)
    shared = worlds(found.inputs.forecast, start, found.market, now.shared.years[:, : months // YEAR + 2])
    drawn = drawn_of(found.inputs, factors, shared, rng)
    values = told_of(bank, found, factors, shared, drawn, before, 0.0)
    low, high = np.quantile(drawn.realised, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=1)
    first, last = start.at + 1, now.inputs.start.at
    came = book.brought[start.client, first : last + 1].sum(axis=1)
    there = np.clip(found.rows.tenure.astype(float), 1.0, min(YEAR, start.at + 1))
    again = values.clients["margin_12m"].to_numpy(float) / there * months
    return Hindsight(values, now.landmark, came, again, low.astype(float), high.astype(float))
