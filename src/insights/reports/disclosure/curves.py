"""Counts for curves under disclosure control: groups withheld, rare reasons merged, exits counted in fives."""

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.settings import DisclosureSection
from insights.reports.disclosure.counts import MonthlyCounts, monthly
from insights.reports.disclosure.rounding import Floats, Ints, apportion, batches
from insights.reports.disclosure.steps import at_risk_of_steps
from insights.topics.evidence import RiskCounts

OTHER, ANY = "other_reasons", "any"
"""What merged causes are called: those that are too rare to be shown each, and all of them."""

GROUP_WEIGHT = 0.5
"""A batch of a cause goes to the group furthest ahead in it, counting its lead over all causes by half: by simulation
this keeps both its incidence and its survival near the exact ones, which either lead alone does not."""

Bools = npt.NDArray[np.bool_]


def protect_curves(evidence: RiskCounts, rules: DisclosureSection) -> RiskCounts:
    """Return counts from which the curves that may be shown can be computed as from exact ones.

    Groups that may not be shown have no counts, and their units are nan. All numbers are multiples of
    ``rules.round_to``; every shown group has a row for every cause and every month of its curve.
    """
    exact = monthly(evidence)
    start, end = exact.reach(rules.min_clients)
    inside = (np.arange(len(exact.times)) >= start[:, None]) & (np.arange(len(exact.times)) < end[:, None])
    exits = np.round(np.where(inside[:, :, None], exact.homes_events, 0).sum(axis=1), 4)
    shown = _shown_groups(exact, exits.sum(axis=1), rules.min_clients)
    if not shown.any():
        units = pd.DataFrame({"group": list(exact.groups), "units": math.nan})
        return RiskCounts(evidence.counts.iloc[:0].copy(), units)
    first, second = _merged_causes(exact, exits[shown], rules.min_clients)
    events, causes = _in_batches(exact, first, second, rules.round_to)
    at_risk = _rounded_at_risk(exact, events.sum(axis=2), rules)
    # A curve that begins late keeps the month before, with nobody at risk: it is conditional on getting that far.
    for g in np.flatnonzero(start > 0):
        inside[g, start[g] - 1], at_risk[g, start[g] - 1] = bool(shown[g]), 0
    frames = [
        pd.DataFrame(
            {
                "group": exact.groups[g],
                "time": np.repeat(exact.times[inside[g]], len(causes)),
                "cause": np.tile(np.array(causes, dtype=object), int(inside[g].sum())),
                "at_risk": np.repeat(at_risk[g, inside[g]], len(causes)),
                "events": events[g, inside[g]].ravel(),
            }
        )
        for g in np.flatnonzero(shown)
    ]
    units = pd.DataFrame(
        {"group": list(exact.groups), "units": np.where(shown, apportion(exact.units, rules.round_to), math.nan)}
    )
    blur = rules.round_to / math.sqrt(3)  # the error of a group or a reason lies within about one base either way
    return RiskCounts(pd.concat(frames, ignore_index=True), units, blur)


def _shown_groups(exact: MonthlyCounts, exits: Floats, least: int) -> Bools:
    """Return which groups may be shown.

    A group is withheld with fewer than ``least`` households or exits of such. Whatever is withheld is at least two
    groups with that many of both together: all clients less the groups shown then is not a small group.
    """
    hidden = (exact.homes < least) | (exits < least)
    for g in sorted(range(len(hidden)), key=lambda g: (exact.units[g], exact.groups[g])):
        together = (hidden.sum() > 1, exact.homes[hidden].sum() >= least, exits[hidden].sum() >= least)
        if not hidden.any() or all(together):
            break
        hidden[g] = True
    return ~hidden


def _merged_causes(exact: MonthlyCounts, exits: Floats, least: int) -> tuple[Bools, Bools]:
    """Return which causes are merged where there are no groups, and which here.

    Everything merged without groups is merged in the groups too, so one view less the other never isolates it.
    """
    everybody = exact.events.sum(axis=(0, 1))
    none = np.zeros(len(everybody), dtype=bool)
    together = _all_clients(exact).reach(least)
    span = slice(int(together[0][0]), int(together[1][0]))
    exits_of_all = np.round(exact.homes_events.sum(axis=0)[span].sum(axis=0)[None, :], 4)
    alone = _merge(none, exits_of_all, everybody, exact.causes, least)
    return alone, _merge(alone, exits, everybody, exact.causes, least)


def _all_clients(exact: MonthlyCounts) -> MonthlyCounts:
    at_risk, events, homes_at_risk, homes_events = (
        x.sum(axis=0, keepdims=True) for x in (exact.at_risk, exact.events, exact.homes_at_risk, exact.homes_events)
    )
    units, homes = exact.units.sum(keepdims=True), exact.homes.sum(keepdims=True)
    homes_at_risk = np.round(homes_at_risk, 4)
    return MonthlyCounts(("",), exact.causes, exact.times, at_risk, events, units, homes_at_risk, homes_events, homes)


def _merge(
    merged: Bools,
    exits: Floats,
    everybody: Floats,
    causes: tuple[str, ...],
    least: int,
) -> Bools:
    """Merge the causes with fewer than ``least`` exits in any group (G, C), and then the next rarest while needed."""
    merged = merged | (exits < least).any(axis=0)
    if merged.any() and OTHER in causes:
        merged[causes.index(OTHER)] = True
    for c in sorted(range(len(causes)), key=lambda c: (everybody[c], causes[c])):
        if not merged.any() or (exits[:, merged].sum(axis=1) >= least).all():
            break
        merged[c] = True
    return merged


def _in_batches(exact: MonthlyCounts, first: Bools, second: Bools, base: int) -> tuple[Ints, tuple[str, ...]]:
    """Return the events (G, K, causes) counted in batches of ``base``, and the names of the causes.

    The batches of all clients are made first, exactly as where there are no groups, and then handed to the groups. So
    the groups always add up to all clients, and subtracting one exhibit from the other gives multiples of ``base``.
    """
    alone, _ = _columns(exact, first)
    label, names = _columns(exact, second)
    outer = np.array([label[np.flatnonzero(alone == a)[0]] for a in range(alone.max() + 1)])
    total = _summed(exact.events.sum(axis=0), alone)
    cells = np.stack([_summed(e, label) for e in exact.events])
    counted = np.zeros(cells.shape, dtype=np.int64)
    ahead, group_ahead, seen = np.zeros(cells.shape[::2]), np.zeros(len(cells)), 0
    for time, kind in batches(total, base):
        ahead += cells[:, seen : time + 1].sum(axis=1)
        group_ahead += cells[:, seen : time + 1].sum(axis=(1, 2))
        seen = time + 1
        cause = outer[kind]
        g = int((ahead[:, cause] + GROUP_WEIGHT * group_ahead).argmax())
        ahead[g, cause] -= base
        group_ahead[g] -= base
        counted[g, time, cause] += base
    return counted, names


def _rounded_at_risk(exact: MonthlyCounts, counted: Ints, rules: DisclosureSection) -> Ints:
    """Return the numbers at risk (G, K) as multiples of the base: where a curve steps, of its batch."""
    by_time = [apportion(n, rules.round_to) for n in exact.at_risk.T]
    at_risk = np.array(by_time, dtype=np.int64).T.copy()
    for g, batch in enumerate(counted):
        events = exact.events[g].sum(axis=1)
        places, told = at_risk_of_steps(exact.at_risk[g], events, batch, rules.round_to, rules.min_clients)
        at_risk[g, places] = told
    return at_risk


def _columns(exact: MonthlyCounts, merged: Bools) -> tuple[Ints, tuple[str, ...]]:
    """Return for each cause its column after merging, and the names of the columns."""
    if merged.all():
        return np.zeros(len(merged), dtype=np.int64), (ANY,)
    names = [OTHER if m else c for c, m in zip(exact.causes, merged, strict=True)]
    columns = sorted(set(names))
    return np.array([columns.index(n) for n in names], dtype=np.int64), tuple(columns)


def _summed(events: Floats, column: Ints) -> Floats:
    """Add up the causes (K, C) that share a column."""
    told = np.zeros((len(events), int(column.max()) + 1))
    np.add.at(told.T, column, events.T)
    return told
