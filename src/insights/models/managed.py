"""What programmes did to income and activity, by the designs that the channels report judges them by.

In steps: group-time effects against relationships that the programme has not reached. By lot: both arms as they were
drawn. Never a trend: what moves everybody moves both sides.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.channels.lots import MONTHS, compare, money
from insights.models.channels.outcomes import MONEY, Floats, complete_months, scaled
from insights.models.channels.programmes import NEEDS, Reach, programmes, reach
from insights.models.channels.rollout import Panel, controls_of, lay_out, outcome_values
from insights.models.months import SpellMonths, spell_months
from insights.stats.effects import att_gt
from insights.stats.results import Estimate, NotEstimable

INCOME, ACTIVITY = "income", "activity"


@dataclass(frozen=True)
class Managed:
    """The effect of one programme on one outcome, on ``reached`` relationships beside ``others``.

    Income is told a year, as a share of what was held before; activity as the share of months with any sign of it.
    """

    programme: str
    outcome: str
    effect: Estimate | NotEstimable
    reached: int
    others: int


def missing_for_managed(bank: Bank) -> tuple[str, ...]:
    """Return what a bank lacks for any of it."""
    return (*bank.needs(*NEEDS), *(() if bank.window_from else ("[window] complete_from",)))


def managed(bank: Bank) -> tuple[Managed, ...]:
    """Return the effects of all programmes on income and activity, where the bank tells these; check what is missing.

    Assumptions: those of ``models.channels.rollout`` (reached and others would have moved alike) and of ``lots``.
    """
    return once(bank, "managed", lambda: tuple(_made(bank)), on_disk=True)


def _made(bank: Bank) -> Iterator[Managed]:
    months = spell_months(bank)
    end = complete_months(bank, months)
    for name in programmes(bank):
        found = reach(bank, name)
        if isinstance(found, str) or not found.starts:
            continue
        for outcome in (INCOME, ACTIVITY):
            told = months.revenue if outcome == INCOME else months.active
            if told is not None:
                yield _one(bank, replace(months, flows=told.astype(np.float32)), found, end, outcome)


def _one(bank: Bank, months: SpellMonths, found: Reach, end: int, outcome: str) -> Managed:
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
    return in_steps(found.name, values, panel, outcome)


def in_steps(name: str, values: Floats, panel: Panel, outcome: str) -> Managed:
    """Return the effect of a programme that came in steps; ``values`` (n, T) as by ``outcome_values``."""
    used = ~np.isnan(panel.start) & ~np.isnan(panel.held)
    row, period = np.nonzero(~np.isnan(values) & used[:, None])
    start, cluster = panel.start[row], panel.cluster[row].astype(str)
    controls, others = controls_of(panel, used)
    weight = panel.held[row] if outcome == INCOME else None
    unit = "share of assets" if outcome == INCOME else "share"
    effects = att_gt(
        row, period, values[row, period], start, controls=controls, weight=weight, cluster=cluster, outcome_unit=unit
    )
    if isinstance(effects, NotEstimable):
        return Managed(name, outcome, effects, 0, others)
    mean = scaled(effects.overall(), 12 / panel.length if outcome == INCOME else 1.0)
    return Managed(name, outcome, mean, int(effects.parts.units.sum()), others)


def by_lot(months: SpellMonths, found: Reach, end: int, outcome: str, currency: str) -> Managed:
    """Return the effect of a programme drawn by lot within twelve months; who left earns nothing and is not active."""
    drawn = ~np.isnan(found.day) & (found.day + MONTHS <= end) & (found.day > 0)
    arms = np.isfinite(found.start[drawn])
    if not arms.any() or arms.all():
        return Managed(found.name, outcome, NotEstimable("nobody was drawn long enough ago"), 0, 0)
    if outcome == INCOME:
        told = money(months, found, drawn, currency)
    else:
        after, before = (_active(months, found.day, *span)[drawn] for span in ((0, MONTHS), (-MONTHS, 0)))
        told = compare(ACTIVITY, after, before, arms, found.manager[drawn], "share")
    return Managed(found.name, outcome, told.mean, told.reached, told.others)


def _active(months: SpellMonths, day: Floats, first: int, end: int) -> Floats:
    """Return the share of the months from ``first`` to before ``end`` (n), counted from each one's own, with activity.

    Before the first record of activity nothing is known.
    """
    columns = np.arange(months.months)
    inside = (columns >= (day + first)[:, None]) & (columns < (day + end)[:, None]) & (columns >= months.active_from)
    count = inside.sum(axis=1)
    seen = (np.nan_to_num(months.flows) * inside).sum(axis=1)
    return np.divide(seen, count, out=np.full(len(count), np.nan), where=count > 0)
