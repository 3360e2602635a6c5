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
from insights.models.channels.lots import by_lot
from insights.models.channels.outcomes import (
    LARGEST,
    MARK,
    MONEY,
    OUTCOMES,
    QUARTER,
    SETTLED,
    WAIT,
    Floats,
    Leaving,
    Outcome,
    Rollout,
    adjusted,
    complete_months,
    contact_sums,
    held_before,
    scaled,
)
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
from insights.stats.ratios import ratio_of_sums
from insights.stats.results import Estimate, NotEstimable

FEWEST_CLUSTERS = 5
NOBODY = "no comparison can be made; "
"""How the statistic begins where it refuses every comparison."""


@dataclass(frozen=True)
class Panel:
    """Relationships (n rows of ``spell_months``) by periods (T) of ``length`` months, from column ``first`` on.

    ``start`` (n): the period in which the programme reached them (infinite: never), nan for who is left out. ``held``
    (n): assets before it began anywhere, nan where there are none or he is among the largest. ``traits`` (n rows) are
    what clients are compared by with those like them: log assets and log years with the bank before it began.
    """

    start: Floats
    held: Floats
    cluster: npt.NDArray[np.object_]
    length: int
    first: int
    periods: int
    traits: pd.DataFrame | None = field(default=None, repr=False)

    @property
    def clusters(self) -> npt.NDArray[np.int64]:
        """The clusters (n) as numbers."""
        return pd.factorize(self.cluster)[0]


def rollout(bank: Bank, name: str) -> Rollout:
    """Return what a programme did, made once per bank; needs ``programmes.NEEDS`` and a window."""
    return once(bank, ("programme_rollout", name), lambda: _made(bank, name))


def _made(bank: Bank, name: str) -> Rollout:
    found = reach(bank, name)
    if isinstance(found, str):
        return Rollout(name, why=found)
    months = spell_months(bank)
    if found.by_lot:
        return by_lot(bank, months, found)
    panel = lay_out(months, found, complete_months(bank, months))
    head = Rollout(name, (), found.starts, panel.length, found.by_manager, found.by_lot)
    if not found.starts:
        return replace(head, why="nobody whom the programme reached was with the bank before")
    primary = bank.settings.channels.primary
    outcomes = []
    for outcome in sorted(OUTCOMES, key=lambda o: o != primary):
        values = outcome_values(bank, months, panel, outcome)
        if values is not None:
            shown = outcome == primary
            outcomes.append(measure(outcome, values, panel, currency=bank.settings.bank.currency, other_ways=shown))
    clusters = len(set(panel.cluster[~np.isnan(panel.start)]))
    gone = leaving(months, found)
    return replace(head, outcomes=adjusted(outcomes, primary), clusters=clusters, leaving=gone)


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
    since = (starts[0] if starts else months.months) - months.first + months.tenure
    years = np.log1p(np.maximum(since, 0) / 12)
    traits = pd.DataFrame({"assets": np.log(np.where(held > 0, held, np.nan)), "years": years})
    return Panel(begins, held, found.manager, length, first, (end - first) // length, traits)


def leaving(months: SpellMonths, found: Reach) -> tuple[Leaving, Leaving]:
    """Return how many of those reached left a year since their start, and of those never reached since the first."""
    told = []
    first = float(found.starts[0])
    for side in (np.isfinite(found.start), np.isinf(found.start)):
        begins = np.maximum(np.where(np.isfinite(found.start), found.start, first), months.first)
        years = np.maximum(months.last + 1 - begins, 0) / 12
        own = side & (years > 0)
        gone = months.left[own].astype(float)
        a_year = ratio_of_sums(gone, years[own], cluster=found.manager[own].astype(str), unit="share a year")
        told.append(Leaving(a_year, int(own.sum()), int(gone.sum())))
    return told[0], told[1]


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


def measure(name: str, values: Floats, panel: Panel, *, currency: str = "", other_ways: bool = True) -> Outcome:
    """Estimate one outcome (n, T) of a programme by group-time effects, and in other ways to be shown beside it."""
    money = name == MONEY
    used = ~np.isnan(panel.start) & ~np.isnan(values).all(axis=1) & (~np.isnan(panel.held) if money else True)
    row, period = np.nonzero(~np.isnan(values) & used[:, None])
    unit = {MONEY: "share of assets", MARK: "points", WAIT: "minutes", SETTLED: "share"}[name]
    start = panel.start[row]
    reached = int((used & np.isfinite(panel.start)).sum())
    controls, others = controls_of(panel, used)
    weight = panel.held[row] if money else None
    outcome = values[row, period]
    cluster = panel.clusters[row]

    def effects(
        which: Controls, like: pd.DataFrame | None = None, anticipation: int = 0
    ) -> GroupTimeEffects | NotEstimable:
        return att_gt(
            row,
            period,
            outcome,
            start,
            controls=which,
            covariates=like,
            weight=weight,
            cluster=cluster,
            anticipation=anticipation,
            outcome_unit=unit,
        )

    found = effects(controls)
    if isinstance(found, NotEstimable):
        return Outcome(name, found, controls=controls, reached=reached, others=others)
    alike: Estimate | NotEstimable = NotEstimable("only money is compared among those alike")
    if money and panel.traits is not None:  # it also says where nobody like those reached was left out
        # What is the same for everybody needs no comparison with those alike.
        traits = panel.traits.loc[:, panel.traits[used].std() > 1e-9]
        alike = _alike(found, effects(controls, traits.iloc[row].reset_index(drop=True)))
        if isinstance(alike, NotEstimable) and alike.reason.startswith(NOBODY) and "no overlap" in alike.reason:
            # Nobody like those reached was left out: the others do not show what would have come without it.
            return Outcome(name, alike, controls=controls, reached=reached, others=others)
    mean = found.overall()
    # Who was not seen just before the start, such as those who had left, was not reached.
    reached = int(found.parts.units.sum())
    a_year = 12 / panel.length if money else 1.0
    made = Outcome(name, scaled(mean, a_year), effects=found, controls=controls, reached=reached, others=others)
    if isinstance(mean, NotEstimable):
        return made
    made = replace(made, alike=scaled(alike, a_year))
    p = found.no_effect().p_value
    made = replace(made, p=float("nan") if p is None else p)
    if other_ways:
        usual = two_way_fixed_effects(row, period, outcome, start, cluster=cluster, outcome_unit=unit)
        made = replace(made, usual=scaled(usual, a_year), against=negative_weights(row, period, outcome, start)[0])
        made = replace(made, untrended=scaled(without_trend(found), a_year))
        if controls == "never" and len(np.unique(panel.start[used & np.isfinite(panel.start)])) > 1:
            beside = effects("not_yet")
            told = beside if isinstance(beside, NotEstimable) else beside.overall()
            made = replace(made, other_controls=scaled(told, a_year))
        early = effects(controls, anticipation=1)
        made = replace(made, early=scaled(early if isinstance(early, NotEstimable) else early.overall(), a_year))
    if not money:
        return made
    amounts, moved = _amounts(values, panel, used)
    return replace(
        made,
        whole=total_effect(found, amounts, unit=currency),
        held=float(panel.held[used & np.isfinite(panel.start)].sum()),
        sizes=moved,
    )


def controls_of(panel: Panel, used: npt.NDArray[np.bool_]) -> tuple[Controls, int]:
    """Return who shows what would have come without the programme, and how many of those ``used`` (n) they are.

    Those never reached, where they belong to enough clusters; else all who were reached later than the first.
    """
    never = used & np.isinf(panel.start)
    if len(set(panel.cluster[never])) >= FEWEST_CLUSTERS or not (used & np.isfinite(panel.start)).any():
        return "never", int(never.sum())
    return "not_yet", int((used & (panel.start > np.nanmin(panel.start[used]))).sum())


def _alike(plain: GroupTimeEffects, found: GroupTimeEffects | NotEstimable) -> Estimate | NotEstimable:
    """Return the mean effect against those alike, if it can be told for all that the plain one is told for."""
    if isinstance(found, NotEstimable):
        return found
    after = plain.table["event_time"] >= 0
    lost = after & (plain.table["reason"] == "") & (found.table["reason"] != "")
    if lost.any():
        reason = found.table.loc[lost, "reason"].iloc[0]
        return NotEstimable(f"no comparison can be made for all of them among those alike: {reason}")
    return found.overall()


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
