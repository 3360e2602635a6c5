"""What a programme that starts at different times did, by group-time effects: money, marks and waiting times.

Every cohort is compared, quarter by quarter, with those the programme has not reached, by how far both have moved since
the quarter before the start. Money is net new money over what the client held before the programme began anywhere, and
clients count by that: an effect on this outcome times what they held is an effect in currency.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.channels.contacts import by_month
from insights.models.channels.programmes import Reach, reach
from insights.models.months import SpellMonths, spell_months
from insights.stats.effects import (
    GroupTimeEffects,
    att_gt,
    negative_weights,
    total_effect,
    two_way_fixed_effects,
    without_trend,
)
from insights.stats.effects.group_time import Controls
from insights.stats.multiplicity import holm
from insights.stats.results import Estimate, NotEstimable, TestResult

MONEY, MARK, WAIT, SETTLED = "money", "mark", "wait", "settled"
OUTCOMES = (MONEY, MARK, WAIT, SETTLED)
QUARTER = 3
LARGEST = 0.01
"""Share of relationships, the largest before the start, left out of money: one of them would decide it."""
BEFORE_MONTHS = 12
"""Assets before the start are the mean of so many month ends before it, or of those there are."""
FEWEST_CLUSTERS = 5

NO_MONEY, NO_EFFECT = NotEstimable("this outcome is no money"), NotEstimable("there is no effect")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Panel:
    """Relationships (n rows of ``spell_months``) by periods (T) of ``length`` months, from column ``first`` on.

    ``start`` (n): the period in which the programme reached them (infinite: never), nan for who is left out. ``held``
    (n): assets before it began anywhere, nan where there are none or he is among the largest.
    """

    start: Floats
    held: Floats
    cluster: npt.NDArray[np.object_]
    length: int
    first: int
    periods: int


@dataclass(frozen=True)
class Outcome:
    """One outcome of a programme.

    ``mean`` is the mean effect on those reached (money: a year, as a share of what they held before); ``whole`` its sum
    in currency (money only): since the start, or where the lot decided within the months followed.
    ``effects`` are the group-time effects (None: refused), ``p`` that of the mean, ``p_adjusted`` for all outcomes that
    are not the primary one. ``untrended``: the mean if a straight trend of before had gone on. ``usual``: two-way fixed
    effects, and ``against`` the sum of its negative weights. ``controls``: "never" or "not_yet". ``reached``,
    ``others``: relationships; ``events``: the fewer who left of the two arms; ``sizes``: largest, second largest and
    sum of what those reached moved, for dominance.
    """

    name: str
    mean: Estimate | NotEstimable
    whole: Estimate | NotEstimable = NO_MONEY
    effects: GroupTimeEffects | None = field(default=None, repr=False)
    p: float = float("nan")
    p_adjusted: float = float("nan")
    untrended: Estimate | NotEstimable = NO_EFFECT
    usual: Estimate | NotEstimable = NO_EFFECT
    other_controls: Estimate | NotEstimable = NO_EFFECT
    against: float = 0.0
    controls: str = "never"
    reached: int = 0
    others: int = 0
    held: float = float("nan")
    events: float = float("nan")
    sizes: tuple[float, float, float] = (float("nan"), float("nan"), float("nan"))

    @property
    def pretrend(self) -> TestResult | None:
        """The test that treated and controls moved in parallel before."""
        return None if self.effects is None else self.effects.pretrend


@dataclass(frozen=True)
class Rollout:
    """What one programme did: its outcomes, the primary one first; or ``why`` nothing can be told.

    ``starts`` are the months (columns of ``spell_months``) in which it started, ``length`` months make a period.
    ``months`` are those followed where the lot decided; 0 where all since the start are.
    """

    name: str
    outcomes: tuple[Outcome, ...] = ()
    starts: tuple[int, ...] = ()
    length: int = QUARTER
    by_manager: bool = False
    by_lot: bool = False
    clusters: int = 0
    months: int = 0
    why: str = ""

    def find(self, name: str) -> Outcome | None:
        """Return an outcome; None where it was not looked at."""
        return next((o for o in self.outcomes if o.name == name), None)


def rollout(bank: Bank, name: str) -> Rollout:
    """Return what a programme did, made once per bank; needs ``programmes.NEEDS`` and a window."""
    return once(bank, ("programme_rollout", name), lambda: _made(bank, name))


def _made(bank: Bank, name: str) -> Rollout:
    found = reach(bank, name)
    if isinstance(found, str):
        return Rollout(name, why=found)
    months = spell_months(bank)
    panel = lay_out(months, found, complete_months(bank, months))
    head = Rollout(name, (), found.starts, panel.length, found.by_manager, found.by_lot)
    if found.by_lot:
        from insights.models.channels.lots import by_lot  # it is made of what stands here

        return by_lot(bank, months, found)
    if not found.starts:
        return replace(head, why="nobody whom the programme reached was with the bank before")
    primary = bank.settings.channels.primary
    outcomes = []
    for outcome in sorted(OUTCOMES, key=lambda o: o != primary):
        values = outcome_values(bank, months, panel, outcome)
        if values is not None:
            outcomes.append(measure(outcome, values, panel, currency=bank.settings.bank.currency))
    clusters = len(set(panel.cluster[~np.isnan(panel.start)]))
    return replace(head, outcomes=adjusted(outcomes, primary), clusters=clusters)


def adjusted(outcomes: list[Outcome], primary: str) -> tuple[Outcome, ...]:
    """Return the outcomes with p adjusted for their number (Holm); that of the primary one stays as it is."""
    rest = [o.p for o in outcomes if o.name != primary]
    told = iter(holm(np.array(rest)).tolist() if rest else [])
    return tuple(replace(o, p_adjusted=o.p if o.name == primary else next(told)) for o in outcomes)


def complete_months(bank: Bank, months: SpellMonths) -> int:
    """Return the number of complete months: that of the as-of date counts only if it is a month end."""
    over = (pd.Timestamp(bank.as_of) + pd.Timedelta(days=1)).day == 1
    return months.months if over else months.months - 1


def lay_out(months: SpellMonths, found: Reach, end: int) -> Panel:
    """Return the panel of the months before ``end``: quarters on the grid of the first start, else months.

    Quarters only if every start lies on their grid: otherwise a period would be half before and half after.
    """
    starts = found.starts
    length = QUARTER if starts and all((s - starts[0]) % QUARTER == 0 for s in starts) else 1
    first = starts[0] % length if starts else 0
    begins = np.where(np.isfinite(found.start), np.floor((found.start - first) / length), found.start)
    held = held_before(months, starts[0] if starts else months.months)
    counted = ~np.isnan(found.start) & (held > 0)
    if counted.any():
        held = np.where(counted & (held <= np.nanquantile(held[counted], 1 - LARGEST)), held, np.nan)
    return Panel(begins, held, found.manager, length, first, (end - first) // length)


def held_before(months: SpellMonths, start: int) -> Floats:
    """Return mean assets (n) over a year of month ends before the programme began, or at first sight if he came later.

    The month of joining does not count: the first deposit may not all be there.
    """
    columns = np.arange(months.months)
    opened = np.where(months.tenure > 0, months.first, months.first + 1)
    inside = (columns >= np.maximum(start - BEFORE_MONTHS, opened[:, None])) & (columns < start)
    late = ~inside.any(axis=1)
    inside[late] = columns == opened[late][:, None]
    seen = inside & ~np.isnan(months.assets)
    count = seen.sum(axis=1)
    summed = np.where(seen, months.assets, 0.0).astype(float).sum(axis=1)
    return np.divide(summed, count, out=np.full(len(count), np.nan), where=count > 0)


def outcome_values(bank: Bank, months: SpellMonths, panel: Panel, outcome: str) -> Floats | None:
    """Return an outcome by relationship and period (n, T), nan where not seen; None where the bank does not tell it.

    A period counts where he was with the bank in all its months, that of joining and that of leaving left out.
    """
    columns = np.arange(panel.periods * panel.length) + panel.first
    opened = np.where(months.tenure > 0, months.first, months.first + 1)
    last = np.where(months.left, months.last - 1, months.last)
    there = (columns >= opened[:, None]) & (columns <= last[:, None])
    whole = there.reshape(len(there), panel.periods, panel.length).all(axis=2)
    if outcome == MONEY:
        # A month without flows is one that the bookings do not cover: nothing is known of it.
        flows = months.flows[:, columns].astype(float)
        summed = flows.reshape(len(flows), panel.periods, panel.length).sum(axis=2)
        return np.where(whole, summed / panel.held[:, None], np.nan)
    sums = contact_sums(bank, months, outcome)
    if sums is None:
        return None
    total, count = (s[:, columns].reshape(len(s), panel.periods, panel.length).sum(axis=2) for s in sums)
    mean = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return np.where(whole, mean, np.nan)


def contact_sums(bank: Bank, months: SpellMonths, outcome: str) -> tuple[Floats, Floats] | None:
    """Return sum and number (n, T each) of a measure of contacts by relationship and month; None where not told.

    Every relationship of a client has all of his contacts; which months are its own is for the caller to say.
    """
    if bank.needs("contacts.channel", "contacts.contacted_on"):
        return None
    name = {MARK: "mark", WAIT: "wait", SETTLED: "resolved"}[outcome]
    told = by_month(bank)
    opens = months.opens.year * 12 + months.opens.month - 1
    told = told.assign(column=told["month"] - opens)
    told = told[(told[f"{name}_count"] > 0) & (told["column"] >= 0) & (told["column"] < months.months)]
    if told.empty:
        return None
    told = told.merge(months.spells[["client_id"]].assign(row=np.arange(len(months.spells))), on="client_id")
    shape = (len(months.spells), months.months)
    cell = (told["row"] * shape[1] + told["column"]).to_numpy(np.int64)
    total, count = (
        np.bincount(cell, told[f"{name}_{what}"].astype(float), shape[0] * shape[1]) for what in ("sum", "count")
    )
    return total.astype(float).reshape(shape), count.astype(float).reshape(shape)


def measure(name: str, values: Floats, panel: Panel, *, currency: str = "") -> Outcome:
    """Estimate one outcome (n, T) of a programme by group-time effects, with what is shown beside it."""
    money = name == MONEY
    used = ~np.isnan(panel.start) & ~np.isnan(values).all(axis=1) & (~np.isnan(panel.held) if money else True)
    row, period = np.nonzero(~np.isnan(values) & used[:, None])
    unit = {MONEY: "share of assets", MARK: "points", WAIT: "minutes", SETTLED: "share"}[name]
    start = panel.start[row]
    reached, others = int((used & np.isfinite(panel.start)).sum()), int((used & np.isinf(panel.start)).sum())
    never = len(set(panel.cluster[used & np.isinf(panel.start)]))
    controls: Controls = "never" if never >= FEWEST_CLUSTERS else "not_yet"
    weight = panel.held[row] if money else None
    outcome = values[row, period]
    cluster = panel.cluster[row].astype(str)

    def effects(which: Controls) -> GroupTimeEffects | NotEstimable:
        return att_gt(row, period, outcome, start, controls=which, weight=weight, cluster=cluster, outcome_unit=unit)

    found = effects(controls)
    if isinstance(found, NotEstimable):
        return Outcome(name, found, controls=controls, reached=reached, others=others)
    mean = found.overall()
    # Who was not seen just before the start, such as those who had left, was not reached.
    reached = int(found.parts.units.sum())
    a_year = 12 / panel.length if money else 1.0
    made = Outcome(name, scaled(mean, a_year), effects=found, controls=controls, reached=reached, others=others)
    if isinstance(mean, NotEstimable):
        return made
    made = replace(made, p=found.no_effect().p_value or 0.0, untrended=scaled(without_trend(found), a_year))
    usual = two_way_fixed_effects(row, period, outcome, start, cluster=cluster, outcome_unit=unit)
    made = replace(made, usual=scaled(usual, a_year), against=negative_weights(row, period, outcome, start)[0])
    if controls == "never" and len(np.unique(panel.start[used & np.isfinite(panel.start)])) > 1:
        beside = effects("not_yet")
        told = beside if isinstance(beside, NotEstimable) else beside.overall()
        made = replace(made, other_controls=scaled(told, a_year))
    if not money:
        return made
    amounts, moved = _amounts(values, panel, used)
    return replace(
        made,
        whole=total_effect(found, amounts, unit=currency),
        held=float(panel.held[used & np.isfinite(panel.start)].sum()),
        sizes=moved,
    )


def scaled(found: Estimate | NotEstimable, factor: float, unit: str | None = None) -> Estimate | NotEstimable:
    """Return an estimate times a factor above 0, in another unit if one is named."""
    if isinstance(found, NotEstimable):
        return found
    value, low, high = (factor * v for v in (found.value, found.low, found.high))
    se = None if found.se is None else factor * found.se
    return replace(found, value=value, low=low, high=high, se=se, unit=unit or found.unit)


def _amounts(
    values: Floats, panel: Panel, used: npt.NDArray[np.bool_]
) -> tuple[dict[tuple[float, float], float], tuple[float, float, float]]:
    """Return what those reached held who were seen in a period and before their start, by cohort and period.

    And the largest, second largest and sum of what each of them moved after the start, all without sign.
    """
    amounts: dict[tuple[float, float], float] = {}
    moved = np.zeros(len(values))
    for g in np.unique(panel.start[used & np.isfinite(panel.start)]):
        own = used & (panel.start == g)
        if g < 1:
            continue
        seen = own[:, None] & ~np.isnan(values) & ~np.isnan(values[:, int(g) - 1])[:, None]
        for t in range(int(g), panel.periods):
            amounts[float(g), float(t)] = float(panel.held[seen[:, t]].sum())
        after = np.where(seen[:, int(g) :], values[:, int(g) :], 0.0).sum(axis=1)
        moved[own] = np.abs(after[own] * panel.held[own])
    size = np.sort(moved)[::-1]
    return amounts, (float(size[0]), float(size[1]) if len(size) > 1 else 0.0, float(size.sum()))
