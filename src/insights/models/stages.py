"""The stage of every relationship at every month end: introduction, growth, maturity, decline, dormant.

The rules look backward only, at what was known by the end of the month, and have hysteresis: a client who hovers about
a bound does not change stage every month. They run over the months once, for all clients together.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from insights.data.settings_lifecycle import StagesSection
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.months import NEEDS, Floats32, SpellMonths, spell_months

__all__ = [
    "LEFT",
    "NEEDS",
    "STAGES",
    "UNASSIGNED",
    "Stages",
    "assign_stages",
    "shown_stages",
    "stage_matrix",
    "stage_needs",
]

Codes = npt.NDArray[np.int8]

STAGES = ("introduction", "growth", "maturity", "decline", "dormant")
LEFT = "left"
UNASSIGNED = 0
INTRODUCTION, GROWTH, MATURITY, DECLINE, DORMANT = range(1, 6)
GONE = 6
"""Codes: 0 not assigned (or not observed), 1 to 5 the ``STAGES``, 6 has left."""

NEVER = -1_000
APART = 5
"""Dormant clients are a line of their own if they are this many times the least number that is shown."""
WINDOW = 12
"""Net new money is counted over a year, so that the time of the year makes no stage."""


@dataclass(frozen=True)
class Stages:
    """``code`` (n, T): the stage at the end of each month, rows and columns as in ``months``."""

    months: SpellMonths = field(repr=False)
    code: Codes = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The states by code, from 1 on: the stages and ``left``."""
        return (*STAGES, LEFT)

    def before(self) -> Codes:
        """Return the stage in which each relationship goes into each month (n, T).

        That is the stage at the end of the month before; whoever joins in the month goes into it as introduction.
        """
        earlier = np.zeros_like(self.code)
        earlier[:, 1:] = self.code[:, :-1]
        begun = np.flatnonzero(self.months.tenure == 0)
        earlier[begun, self.months.first[begun]] = INTRODUCTION
        return earlier


def assign_stages(bank: Bank) -> Stages:
    """Return the stages of all relationships by the rules of ``[lifecycle.stages]``, made once per bank.

    Raises SnapshotError as ``spell_months`` does.
    """
    return once(bank, "stages", lambda: _assigned(spell_months(bank), bank.settings.lifecycle.stages, bank))


def _assigned(months: SpellMonths, rules: StagesSection, bank: Bank) -> Stages:
    return Stages(months, stage_matrix(months, rules, trailing=bank.settings.lifecycle.trailing_months))


def stage_needs(bank: Bank) -> tuple[str, ...]:
    """Return what the stages lack to be assigned."""
    missing = bank.needs("clients.joined_on", *NEEDS)
    return missing if bank.window_from else (*missing, "[window] complete_from")


def shown_stages(bank: Bank) -> tuple[Stages, bool]:
    """Return the stages, and whether dormant is one of its own; where it has too few clients they count as decline."""
    found = assign_stages(bank)
    least = bank.settings.disclosure.min_clients if bank.settings.disclosure.mode == "bank" else 1
    last = found.months.months - 1
    for column in {last, max(last - 12, 0)}:
        if (found.code[:, column] == DORMANT).sum() < APART * least:
            return Stages(found.months, np.where(found.code == DORMANT, DECLINE, found.code).astype(np.int8)), False
    return found, True


def stage_matrix(months: SpellMonths, rules: StagesSection, trailing: int) -> Codes:
    """Return the stages (n, T).

    Introduction: the first ``introduction_months`` from joining, and until the money can be judged. Then the net new
    money of the last twelve months over the average assets of the ``trailing`` month ends before them (those that are
    known, at least one) decides: growth above ``growth``, decline below ``-decline``, maturity between. Growth and
    decline end only ``margin`` inside the bound, and no change comes within ``hold_months`` of the last one. Where the
    share is not known the stage stays. Whoever joined before the window is assigned once a year of him is observed.
    Dormant is who was not seen to do anything for ``dormant_months``, whatever his money does; when he stirs he is
    where his money puts him.
    """
    share = money_share(months, trailing)
    n, size = share.shape
    tenure = months.tenure[:, None] - months.first[:, None] + np.arange(size)
    introduced = months.observed & (tenure < rules.introduction_months)
    asleep = asleep_months(months, rules)
    fresh = months.tenure == 0
    code = np.zeros((n, size), dtype=np.int8)
    stage, changed = np.zeros(n, dtype=np.int8), np.full(n, NEVER)
    for t in range(size):
        here = months.observed[:, t] if t == 0 else (months.first <= t) & (t <= months.last)
        target = _target(share[:, t], stage, rules)
        waits = ((stage >= GROWTH) & (t - changed < rules.hold_months)) | np.isnan(share[:, t])
        after = np.where(waits, stage, target)
        after = np.where(introduced[:, t], INTRODUCTION, after)
        # His introduction is over, but nothing of his money is known: who came in the window goes on with it.
        after = np.where((after == INTRODUCTION) & ~introduced[:, t] & ~fresh, UNASSIGNED, after).astype(np.int8)
        after = np.where(here, after, UNASSIGNED).astype(np.int8)
        changed = np.where(after != stage, t, changed)
        stage = after
        code[:, t] = np.where(asleep[:, t] & here & ~introduced[:, t], DORMANT, stage)
    gone = np.flatnonzero(months.left)
    code[gone, months.last[gone]] = GONE
    return code


def money_share(months: SpellMonths, trailing: int) -> Floats32:
    """Return net new money of the last twelve months over the average assets before them, known at each month end.

    The money with which a relationship begins is its base, not new money: months up to and with the first observed one
    count as base only. Nan until a year is observed, where a month's flows are not known, and without assets before.
    """
    n, size = months.flows_known.shape
    found = np.full((n, size), np.nan, dtype=np.float32)
    flows, missing = _sums(np.nan_to_num(months.flows_known)), _sums(np.isnan(months.flows_known))
    assets, known = _sums(np.nan_to_num(months.assets_known)), _sums(~np.isnan(months.assets_known))
    for t in range(WINDOW, size):
        start = t - WINDOW
        begin = max(start - trailing + 1, 0)
        count = known[:, start + 1] - known[:, begin]
        base = np.divide(assets[:, start + 1] - assets[:, begin], count, out=np.zeros(n), where=count > 0)
        usable = (months.first <= start) & (months.last >= t) & (base > 0)
        usable &= missing[:, t + 1] == missing[:, start + 1]
        new = flows[:, t + 1] - flows[:, start + 1]
        found[:, t] = np.where(usable, np.divide(new, base, out=np.zeros(n), where=base > 0), np.nan)
    return found


def _target(share: Floats32, stage: Codes, rules: StagesSection) -> Codes:
    """Return where the share puts a client who is in the stage."""
    growth = share > np.where(stage == GROWTH, rules.growth - rules.margin, rules.growth)
    decline = share < np.where(stage == DECLINE, -(rules.decline - rules.margin), -rules.decline)
    return np.where(growth, GROWTH, np.where(decline, DECLINE, MATURITY)).astype(np.int8)


def asleep_months(months: SpellMonths, rules: StagesSection) -> npt.NDArray[np.bool_]:
    """Return who was not seen to do anything for ``dormant_months``, among those observed for as long (n, T)."""
    n, size = months.flows_known.shape
    asleep = np.zeros((n, size), dtype=bool)
    if months.active is None:
        return asleep
    seen, back = _sums(months.active), rules.dormant_months
    for t in range(back, size):
        asleep[:, t] = (seen[:, t + 1] == seen[:, t + 1 - back]) & (months.first <= t - back)
        asleep[:, t] &= months.active_from <= t - back
    return asleep


def _sums(values: npt.NDArray[np.float32] | npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return cumulative sums along the months, with a column of zeros before the first (n, T + 1)."""
    total = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, out=total[:, 1:])
    return total
