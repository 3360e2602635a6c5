"""Clients who took up a channel of their own accord, beside clients like them who did not: an association, with tests.

Whoever used the channel for the first time within a year is set beside those who did not use it by its end, by what
came in the year after that. Clients count by the chance of having been on the other side (overlap weights). The same
comparison is made for a year that lies before anybody took it up: what differs there no channel can have moved.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.channels.contacts import Contacts, contacts
from insights.models.channels.outcomes import ALL_CONTACTS, MARK, MONEY, complete_months, contact_sums
from insights.models.months import NEEDS as OF_MONTHS
from insights.models.months import SpellMonths, spell_months
from insights.stats.effects import OverlapComparison, overlap_comparison
from insights.stats.multiplicity import holm
from insights.stats.results import Estimate, NotEstimable

NEEDS = ("contacts.channel", "contacts.contacted_on", *OF_MONTHS)
YEAR = 12
OUTCOMES = (MONEY, MARK)
CUT = 1.0
ASSETS, FLOWS, TENURE, OFTEN, MARKED, HAD_MARK = "assets", "flows", "tenure", "often", "mark", "marked"


@dataclass(frozen=True)
class Adopted:
    """One channel and outcome: ``found`` like with like, and ``placebo``, the same for the year before anybody had it.

    ``adopters`` and ``others`` are clients compared. ``p_adjusted`` for all channels and outcomes (Holm).
    """

    channel: str
    outcome: str
    found: OverlapComparison | NotEstimable
    placebo: Estimate | NotEstimable
    adopters: int
    others: int
    p_adjusted: float = float("nan")


def adoption(bank: Bank) -> tuple[Adopted, ...]:
    """Return every digital channel that clients took up, by outcome, once per bank; needs ``NEEDS`` and a window."""
    return once(bank, "channel_adoption", lambda: _made(bank))


def _made(bank: Bank) -> tuple[Adopted, ...]:
    months = spell_months(bank)
    end = complete_months(bank, months)
    if end < 3 * YEAR:
        return ()
    sums = {name: contact_sums(bank, months, name) for name in (MARK, ALL_CONTACTS)}
    there = (months.first <= end - 3 * YEAR) & (months.last >= end - 1) & ~(months.left & (months.last < end))
    rows = np.flatnonzero(there)
    found = []
    every = contacts(bank)
    used = set(every.rows["channel"])
    for channel in (c for c in bank.settings.channels.digital if c in used):
        took, stayed = taken_up(every, months, rows, channel, end)
        for outcome in OUTCOMES:
            if outcome == MARK and sums[MARK] is None:
                continue
            found.append(_one(months, rows, took, stayed, sums, channel, outcome, end))
    p = [f.found.p_value() if isinstance(f.found, OverlapComparison) else np.nan for f in found]
    return tuple(replace(f, p_adjusted=float(q)) for f, q in zip(found, holm(np.array(p)) if p else [], strict=True))


def taken_up(
    every: Contacts, months: SpellMonths, rows: np.ndarray, channel: str, end: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return who took up a channel in the second year before ``end``, and who used it in neither of two (flags, m).

    ``rows`` (m): places of relationships. Both did not use it in the year before that.
    """
    opens = months.opens.year * 12 + months.opens.month - 1
    own = every.rows[(every.rows["channel"] == channel) & every.rows["asked"]]
    column = own["month"].to_numpy() - opens
    client = own["client_id"].to_numpy(object)
    who = pd.Index(months.spells["client_id"].to_numpy(object)[rows])

    def within(first: int, last: int) -> np.ndarray:
        return np.asarray(who.isin(client[(column >= first) & (column < last)]))

    before, during = within(end - 3 * YEAR, end - 2 * YEAR), within(end - 2 * YEAR, end - YEAR)
    return ~before & during, ~before & ~during


def _one(
    months: SpellMonths,
    rows: np.ndarray,
    took: np.ndarray,
    stayed: np.ndarray,
    sums: dict[str, tuple[np.ndarray, np.ndarray] | None],
    channel: str,
    outcome: str,
    end: int,
) -> Adopted:
    compared = took | stayed
    own, flag = rows[compared], took[compared]

    def made(known_at: int, first: int) -> tuple[OverlapComparison | NotEstimable, np.ndarray]:
        traits = traits_of(months, own, sums, known_at)
        y = outcome_of(months, own, sums, outcome, known_at, first)
        usable = np.isfinite(y) & np.isfinite(traits.to_numpy(float)).all(axis=1)
        design = traits[usable].reset_index(drop=True)
        design = design.loc[:, design.std() > 1e-9]
        return overlap_comparison(y[usable], flag[usable], design, unit=_unit(outcome)), usable

    found, usable = made(end - 2 * YEAR, end - YEAR)
    placebo: Estimate | NotEstimable = NotEstimable("no year before anybody took it up is known")
    if end >= 4 * YEAR:
        earlier, _ = made(end - 3 * YEAR, end - 3 * YEAR)
        placebo = earlier.effect if isinstance(earlier, OverlapComparison) else earlier
    return Adopted(channel, outcome, found, placebo, int(flag[usable].sum()), int((~flag[usable]).sum()))


def _unit(outcome: str) -> str:
    return "share of assets" if outcome == MONEY else "points"


def traits_of(
    months: SpellMonths, rows: np.ndarray, sums: dict[str, tuple[np.ndarray, np.ndarray] | None], at: int
) -> pd.DataFrame:
    """Return what was known of relationships (m) at the start of month ``at``, from the year before it."""
    year = slice(at - YEAR, at)
    held = _held(months, rows, at)
    with np.errstate(divide="ignore", invalid="ignore"):
        columns = {ASSETS: np.where(held > 0, np.log(held), np.nan)}
    columns[FLOWS] = _flows(months, rows, year, held)
    columns[TENURE] = np.log1p(np.maximum(at - months.first[rows] + months.tenure[rows], 0) / 12)
    often = sums[ALL_CONTACTS]
    if often is not None:
        columns[OFTEN] = np.log1p(often[1][rows, year].sum(axis=1))
    marks = sums[MARK]
    if marks is not None:
        mean = _mean(*(v[rows, year].sum(axis=1) for v in marks))
        some = ~np.isnan(mean)
        columns[MARKED] = np.where(some, mean - (mean[some].mean() if some.any() else 0.0), 0.0)
        columns[HAD_MARK] = some.astype(float)
    return pd.DataFrame(columns)


def outcome_of(
    months: SpellMonths,
    rows: np.ndarray,
    sums: dict[str, tuple[np.ndarray, np.ndarray] | None],
    outcome: str,
    known_at: int,
    first: int,
) -> np.ndarray:
    """Return an outcome (m) of the year from month ``first`` on; money over what was held before ``known_at``."""
    year = slice(first, first + YEAR)
    if outcome == MONEY:
        return _flows(months, rows, year, _held(months, rows, known_at))
    marks = sums[MARK]
    assert marks is not None  # asked before
    return _mean(*(v[rows, year].sum(axis=1) for v in marks))


def _flows(months: SpellMonths, rows: np.ndarray, year: slice, held: np.ndarray) -> np.ndarray:
    """Return net new money (m) of a year over what was held, cut to -1 and 1; nan where nothing was."""
    flows = np.nan_to_num(months.flows[rows, year]).astype(float).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(held > 0, np.clip(flows / held, -CUT, CUT), np.nan)


def _held(months: SpellMonths, rows: np.ndarray, at: int) -> np.ndarray:
    """Return mean assets (m) of the month ends of the year before month ``at``."""
    own = months.assets[rows, at - YEAR : at].astype(float)
    return _mean(np.nan_to_num(own).sum(axis=1), (~np.isnan(own)).sum(axis=1))


def _mean(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    return np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
