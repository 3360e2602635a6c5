"""What a programme moved, outcome by outcome, however it came: in steps or by lot; and what both ways look at."""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from insights.data.months import last_complete
from insights.data.snapshot import Bank
from insights.models.channels.contacts import by_month
from insights.models.months import SpellMonths
from insights.stats.effects import ComplierEffect, GroupTimeEffects
from insights.stats.multiplicity import holm
from insights.stats.results import Estimate, NotEstimable, TestResult

MONEY, MARK, WAIT, SETTLED = "money", "mark", "wait", "settled"
OUTCOMES = (MONEY, MARK, WAIT, SETTLED)
ALL_CONTACTS = "contacts"
"""Not an outcome: how many contacts there were."""
QUARTER = 3
LARGEST = 0.01
"""Share of relationships, the largest before the start, left out of money: one of them would decide it."""
BEFORE_MONTHS = 12
"""Assets before the start are the mean of so many month ends before it, or of those there are."""

NO_TAKERS = NotEstimable("who took part is not recorded")
NO_MONEY, NO_EFFECT = NotEstimable("this outcome is no money"), NotEstimable("there is no effect")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """One outcome of a programme.

    ``mean`` is the mean effect on those reached (money: a year, as a share of what they held before); ``whole`` its sum
    in currency (money only): since the start, or where the lot decided within the months followed.
    ``alike``: the mean against others of like assets and years with the bank (doubly robust; money only).
    ``effects`` are the group-time effects (None: refused), ``p`` that of the mean, ``p_adjusted`` for all outcomes that
    are not the primary one. ``untrended``: the mean if a straight trend of before had gone on. ``usual``: two-way fixed
    effects, and ``against`` the sum of its negative weights. ``controls``: "never" or "not_yet". ``reached``,
    ``others``: relationships, of "not_yet" the others are all reached later than the first, or never; ``events``: the
    fewer who left of the two arms; ``sizes``: largest, second largest and sum of what those reached moved, for
    dominance. ``before`` is a test that both sides moved alike before, where there are no group-time effects.
    ``early``: the mean if clients acted a period before the start. ``took``: what taking part did to those whom the lot
    moved to do so.
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
    alike: Estimate | NotEstimable = NO_EFFECT
    against: float = 0.0
    controls: str = "never"
    reached: int = 0
    others: int = 0
    held: float = float("nan")
    events: float = float("nan")
    sizes: tuple[float, float, float] = (float("nan"), float("nan"), float("nan"))
    before: TestResult | None = None
    early: Estimate | NotEstimable = NO_EFFECT
    took: ComplierEffect | NotEstimable = NO_TAKERS

    @property
    def pretrend(self) -> TestResult | None:
        """The test that treated and controls moved in parallel before."""
        return self.before if self.effects is None else self.effects.pretrend


@dataclass(frozen=True)
class Through:
    """Net new money of a year over assets, among ``clients`` who answered before and after; ``reached`` were reached.

    ``whole`` is the effect in them, ``loyal`` the part of it that runs through stated loyalty, ``share`` its share.
    """

    whole: Estimate | NotEstimable
    loyal: Estimate | NotEstimable
    share: Estimate | NotEstimable
    clients: int = 0
    reached: int = 0


@dataclass(frozen=True)
class Leaving:
    """How many of one side left a year since the start: ``left`` of ``clients``. Their money is in no effect."""

    a_year: Estimate | NotEstimable
    clients: int
    left: int


@dataclass(frozen=True)
class Rollout:
    """What one programme did: its outcomes, the primary one first; or ``why`` nothing can be told.

    ``starts`` are the months (columns of ``spell_months``) in which it started, ``length`` months make a period.
    ``months`` are those followed where the lot decided; 0 where all since the start are. ``leaving`` of those reached
    and of the others, where the lot did not decide. ``through`` loyalty: None where the bank asks nobody.
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
    leaving: tuple[Leaving, Leaving] | None = None
    through: Through | None = None

    def find(self, name: str) -> Outcome | None:
        """Return an outcome; None where it was not looked at."""
        return next((o for o in self.outcomes if o.name == name), None)


def adjusted(outcomes: list[Outcome], primary: str) -> tuple[Outcome, ...]:
    """Return the outcomes with p adjusted for their number (Holm); that of the primary one stays as it is."""
    rest = [o.p for o in outcomes if o.name != primary]
    told = iter(holm(np.array(rest)).tolist() if rest else [])
    return tuple(replace(o, p_adjusted=o.p if o.name == primary else next(told)) for o in outcomes)


def complete_months(bank: Bank, months: SpellMonths) -> int:
    """Return the number of complete months: that of the as-of date counts only if it is a month end."""
    return last_complete(bank.as_of) - (months.opens.year * 12 + months.opens.month - 1) + 1


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


def contact_sums(bank: Bank, months: SpellMonths, outcome: str) -> tuple[Floats, Floats] | None:
    """Return sum and number (n, T each) of a measure of contacts by relationship and month; None where not told.

    Every relationship of a client has all of his contacts; which months are its own is for the caller to say.
    """
    if bank.needs("contacts.channel", "contacts.contacted_on"):
        return None
    name = {MARK: "mark", WAIT: "wait", SETTLED: "resolved", ALL_CONTACTS: "contacts"}[outcome]
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


def scaled(found: Estimate | NotEstimable, factor: float, unit: str | None = None) -> Estimate | NotEstimable:
    """Return an estimate times a factor above 0, in another unit if one is named."""
    if isinstance(found, NotEstimable):
        return found
    value, low, high = (factor * v for v in (found.value, found.low, found.high))
    se = None if found.se is None else factor * found.se
    return replace(found, value=value, low=low, high=high, se=se, unit=unit or found.unit)
