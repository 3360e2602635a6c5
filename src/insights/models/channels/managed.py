"""What programmes did to income and activity, by the designs that judge what they did to net new money.

In steps: group-time effects against relationships that the programme has not reached. By lot: both arms as they were
drawn. Never a trend: what moves everybody moves both sides.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.channels.lots import MONTHS, compare, money
from insights.models.channels.outcomes import (
    MONEY,
    NO_MONEY,
    Floats,
    Outcome,
    Rollout,
    adjusted,
    complete_months,
    scaled,
)
from insights.models.channels.programmes import Reach, reach
from insights.models.channels.rollout import Panel, controls_of, lay_out, outcome_values, rollout
from insights.models.channels.stated import stated
from insights.models.months import SpellMonths, spell_months
from insights.stats.effects import att_gt
from insights.stats.results import NotEstimable

INCOME, ACTIVITY = "income", "activity"


def managed(bank: Bank, name: str) -> Rollout:
    """Return what a programme did as by ``rollout``, with income, activity and what clients say where the bank tells.

    Income is told a year, as a share of what was held before; activity as the share of months with any sign of it. Made
    once per bank. p-values are adjusted for all outcomes that are not the primary one.
    Assumptions: those of ``models.channels.rollout`` (reached and others would have moved alike) and of ``lots``.
    """
    return once(bank, ("programme_managed", name), lambda: _made(bank, name))


def _made(bank: Bank, name: str) -> Rollout:
    told, found = rollout(bank, name), reach(bank, name)
    if isinstance(found, str) or told.why:
        return told
    said = stated(bank, name)
    outcomes = [*told.outcomes, *_beside(bank, found), *(said.outcomes if said else ())]
    through = said.through if said else None
    return replace(told, outcomes=adjusted(outcomes, bank.settings.channels.primary), through=through)


def _beside(bank: Bank, found: Reach) -> Iterator[Outcome]:
    months = spell_months(bank)
    for outcome, told in ((INCOME, months.revenue), (ACTIVITY, months.active)):
        if told is not None:
            end = complete_months(bank, months)
            yield _one(bank, replace(months, flows=told.astype(np.float32)), found, end, outcome)


def _one(bank: Bank, months: SpellMonths, found: Reach, end: int, outcome: str) -> Outcome:
    """Estimate one outcome, which stands in the place of the flows."""
    if found.by_lot:
        return by_lot(months, found, end, outcome, bank.settings.bank.currency)
    panel = lay_out(months, found, end)
    if outcome == ACTIVITY:
        panel = replace(panel, held=np.where(np.isnan(panel.start), np.nan, float(panel.length)))
    values = outcome_values(bank, months, panel, MONEY)
    assert values is not None  # flows always are
    if outcome == ACTIVITY and months.active_from > panel.first:
        values[:, : -(-(months.active_from - panel.first) // panel.length)] = np.nan
    return in_steps(outcome, values, panel)


def in_steps(name: str, values: Floats, panel: Panel) -> Outcome:
    """Return the effect of a programme that came in steps on outcome ``name``; ``values`` as by ``outcome_values``."""
    used = ~np.isnan(panel.start) & ~np.isnan(panel.held)
    row, period = np.nonzero(~np.isnan(values) & used[:, None])
    start, cluster = panel.start[row], panel.clusters[row]
    controls, others = controls_of(panel, used)
    weight = panel.held[row] if name == INCOME else None
    unit = "share of assets" if name == INCOME else "share"
    effects = att_gt(
        row, period, values[row, period], start, controls=controls, weight=weight, cluster=cluster, outcome_unit=unit
    )
    if isinstance(effects, NotEstimable):
        return Outcome(name, effects, controls=controls, reached=int(used.sum()), others=others)
    mean = scaled(effects.overall(), 12 / panel.length if name == INCOME else 1.0)
    p = effects.no_effect().p_value
    return Outcome(
        name,
        mean,
        effects=effects,
        p=float("nan") if p is None or isinstance(mean, NotEstimable) else p,
        controls=controls,
        reached=int(effects.parts.units.sum()),
        others=others,
        held=float(panel.held[_seen_before(values, panel, used)].sum()),
    )


def _seen_before(values: Floats, panel: Panel, used: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return whom (n) the programme reached after the outcome had been seen just before: whom the effect is of."""
    own = used & np.isfinite(panel.start) & (panel.start >= 1)
    own[own] = ~np.isnan(values[own, panel.start[own].astype(np.int64) - 1])
    return own


def by_lot(months: SpellMonths, found: Reach, end: int, outcome: str, currency: str) -> Outcome:
    """Return the effect of a programme drawn by lot within twelve months; who left earns nothing and is not active."""
    drawn = ~np.isnan(found.day) & (found.day + MONTHS <= end) & (found.day > 0)
    arms = np.isfinite(found.start[drawn])
    if not arms.any() or arms.all():
        return Outcome(outcome, NotEstimable("nobody was drawn long enough ago"), controls="lot")
    if outcome == INCOME:
        # Its sum is no net new money: only the share is told.
        told = money(months, found, drawn, currency)
        return replace(told, name=INCOME, whole=NO_MONEY)
    after, before = (_active(months, found.day, *span)[drawn] for span in ((0, MONTHS), (-MONTHS, 0)))
    return compare(ACTIVITY, after, before, arms, found.manager[drawn], "share")


def _active(months: SpellMonths, day: Floats, first: int, end: int) -> Floats:
    """Return the share of the months from ``first`` to before ``end`` (n), counted from each one's own, with activity.

    Before the first record of activity nothing is known.
    """
    columns = np.arange(months.months)
    inside = (columns >= (day + first)[:, None]) & (columns < (day + end)[:, None]) & (columns >= months.active_from)
    count = inside.sum(axis=1)
    seen = (np.nan_to_num(months.flows) * inside).sum(axis=1)
    return np.divide(seen, count, out=np.full(len(count), np.nan), where=count > 0)
