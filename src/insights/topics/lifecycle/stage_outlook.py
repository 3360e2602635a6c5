"""What to expect of a client by his stage: time in each stage, leaving, and revenue; and whether his past matters."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.stage_moves import months_in, moves_since, moves_since_joining, stage_spells
from insights.models.stages import DECLINE, GONE, LEFT, STAGES, UNASSIGNED, WINDOW, Stages, shown_stages, stage_needs
from insights.stats.multistate import StateOccupation, state_occupation_from_counts
from insights.stats.multistate.markov import markov_test
from insights.stats.ratios import ratio_of_sums, weighted_sum
from insights.stats.results import Estimate, NotEstimable
from insights.topics.evidence import Answer, Estimates, NotAvailable
from insights.topics.lifecycle.refusals import NOBODY, refused
from insights.topics.lifecycle.refusals import WINDOW as NARROW
from insights.topics.lifecycle.stages import in_force

OTHER = "other_stages"
ALL = "all"
HORIZONS = (12, 36)
AHEAD = (12, 24, 36, 60, 120)
LEVEL = 0.95
THIN = "thin risk sets"
"""The check of a multistate curve that finds shares resting on few units."""
VALUES = ("value", "low", "high", "unit", "n", "n_events", "largest", "second", "absolute")


def stage_outlook(bank: Bank) -> Answer | NotAvailable:
    """Estimate what to expect of a client by his stage: months in each stage, leaving and revenue, in 1 and 3 years."""
    if missing := stage_needs(bank):
        return NotAvailable("lifecycle.stage_outlook", missing)
    found, apart = shown_stages(bank)
    last = found.months.months - 1
    horizons = [h for h in HORIZONS if last - h >= WINDOW]
    if not horizons:
        return refused("lifecycle.stage_outlook", NARROW, WINDOW + 12 + 1)
    least = bank.settings.disclosure.min_clients
    rows = [row for h in horizons for row in _outlook_rows(found, h, least, bank.settings.bank.currency)]
    if not rows:
        return refused("lifecycle.stage_outlook", NOBODY)
    return Answer(
        id="lifecycle.stage_outlook",
        kind="lifecycle.stage_outlook",
        evidence={"outlook": Estimates(pd.DataFrame(rows), ("stage", "measure", "state", "months"))},
        estimate=lambda evidence: cast(Estimates, evidence["outlook"]).rows,
        facts={
            "horizons": tuple(horizons),
            "refused": tuple(h for h in HORIZONS if h not in horizons),
            "revenue": found.months.revenue is not None,
            "apart": apart,
        },
    )


def stage_life(bank: Bank) -> Answer | NotAvailable:
    """Estimate where a new client is by years since joining, and whether the next move depends on the past."""
    if missing := stage_needs(bank):
        return NotAvailable("lifecycle.stage_life", missing)
    found, apart = shown_stages(bank)
    counts = moves_since_joining(found)
    if counts.empty:
        return refused("lifecycle.stage_life", NARROW, WINDOW + 2)
    units = {"": float(len(np.unique(np.nonzero(found.before())[0])))}
    curve = state_occupation_from_counts(counts, initial=STAGES[0], states=found.names, units=units)
    rows = []
    for state in found.names[1:]:
        for months, e in zip(AHEAD, curve.at(AHEAD, state), strict=True):
            if isinstance(e, Estimate) and (e.n_events or e.value > 0):
                rows.append(_row(("share", state, "", float(months)), e))
    tests = markov_test(stage_spells(found))
    columns = ["measure", "state", "to", "months", *VALUES]
    return Answer(
        id="lifecycle.stage_life",
        kind="lifecycle.stage_life",
        evidence={
            "occupation": Estimates(pd.DataFrame(rows, columns=columns), ("measure", "state", "to", "months")),
            "memory": Estimates(_memory(tests.table, found), ("measure", "from", "to", "test")),
        },
        estimate=lambda evidence: {name: cast(Estimates, part).rows for name, part in evidence.items()},
        facts={"thin": any(c.name == THIN and c.reason for c in curve.checks), "apart": apart},
    )


def _row(dims: tuple[Any, ...], e: Estimate, sizes: tuple[float, float, float] | None = None) -> tuple[Any, ...]:
    events = np.nan if e.n_events is None else float(e.n_events)
    return (*dims, e.value, e.low, e.high, e.unit, float(e.n), events, *(sizes or (np.nan,) * 3))


def _outlook_rows(found: Stages, horizon: int, least: int, currency: str) -> Iterator[dict[str, Any]]:
    """Yield the expectations of those who were in each stage so many months ago, and the sum over the clients of today.

    What became of the clients of each stage is followed from one day on, so that nothing is assumed about how the next
    move depends on the past; it is a forecast if the coming months are like those.
    """
    names = ("stage", "measure", "state", "months", *VALUES)
    last = found.months.months - 1
    start = last - horizon
    now = in_force(found, last)
    parts: list[tuple[float, Estimate]] = []
    size: list[list[float]] = []
    for code, stage in enumerate(STAGES, start=1):
        counts = moves_since(found, start, code, horizon)
        if counts.empty:
            continue
        n = int((found.code[:, start] == code).sum())
        curve = state_occupation_from_counts(counts, initial=stage, states=found.names, units={"": float(n)})
        for state, e in _times(curve, months_in(found, start, code, horizon), horizon, least):
            yield dict(zip(names, _row((stage, "time", state, horizon), e), strict=True))
        gone = curve.at([horizon], LEFT)[0]
        if isinstance(gone, Estimate):
            yield dict(zip(names, _row((stage, "left", LEFT, horizon), gone), strict=True))
        earned = _revenue(found, curve, start, code, horizon, currency)
        if earned is None:
            continue
        e, sizes = earned
        yield dict(zip(names, _row((stage, "revenue", "", horizon), e, sizes), strict=True))
        parts.append((float(now[stage]), e))
        size.append([now[stage] / n * s for s in sizes])
    if size:
        # It speaks of the clients of today, whom the revenue of those followed is carried over to.
        sum_of_all = replace(weighted_sum(parts, LEVEL), n=int(sum(people for people, _ in parts)))
        first, second = sorted((s for part in size for s in part[:2]), reverse=True)[:2]
        sizes = (first, second, sum(part[2] for part in size))
        yield dict(zip(names, _row((ALL, "revenue", "", horizon), sum_of_all, sizes), strict=True))


def _times(curve: StateOccupation, clients: np.ndarray, horizon: int, least: int) -> list[tuple[str, Estimate]]:
    """Return the expected months by state; states that too few came to are taken together with the next smallest.

    The months add up to the horizon, so that one that is withheld would be told by the others.
    """
    found = []
    for code, state in enumerate(curve.states, start=1):
        e = curve.expected_time(state, horizon)
        if isinstance(e, Estimate) and clients[code]:
            found.append((int(clients[code]), state, e))
    found.sort(key=lambda part: part[0])
    joined: list[tuple[int, str, Estimate]] = []
    while found and (found[0][0] < least or (joined and sum(j[0] for j in joined) < least)):
        joined.append(found.pop(0))
    told = [(state, Estimate(e.value, e.low, e.high, e.unit, e.n, n, e.level, e.se)) for n, state, e in found]
    if joined:
        together = sum(e.value for _, _, e in joined)
        n = sum(count for count, _, _ in joined)
        # The error of a sum is at most the sum of the errors.
        half = sum(e.high - e.low for _, _, e in joined) / 2
        low, high = max(0.0, together - half), min(float(horizon), together + half)
        told.append((OTHER, Estimate(together, low, high, "months", joined[0][2].n, n)))
    return told


def _revenue(
    found: Stages, curve: StateOccupation, start: int, code: int, horizon: int, currency: str
) -> tuple[Estimate, tuple[float, float, float]] | None:
    """Return the expected revenue of a client in the stage up to the horizon, and the largest contributions to it."""
    if found.months.revenue is None:
        return None
    own = np.flatnonzero(found.code[:, start] == code)
    span = slice(start + 1, start + horizon + 1)
    earned = found.months.revenue[own, span].astype(float)
    inside = found.code[own, start : start + horizon]
    known = np.isfinite(earned) & (inside > UNASSIGNED) & (inside < GONE)
    if not known.any():
        return None
    rewards, errors = {}, {}
    for k, state in enumerate(STAGES, start=1):
        here = known & (inside == k)
        if not here.any():
            continue
        rate = ratio_of_sums(np.where(here, earned, 0.0).sum(axis=1), here.sum(axis=1).astype(float))
        rewards[state] = float(earned[here].mean())
        errors[state] = (rate.se or 0.0) if isinstance(rate, Estimate) else 0.0
    e = curve.expected_reward(rewards, horizon, reward_se=errors, unit=currency)
    if isinstance(e, NotEstimable):
        return None
    each = np.sort(np.abs(np.where(known, earned, 0.0).sum(axis=1)))[::-1]
    largest, second = (float(v) for v in np.append(each, 0.0)[:2])
    return replace(e, n_events=None), (largest, second, float(each.sum()))


def _memory(table: pd.DataFrame, found: Stages) -> pd.DataFrame:
    """Return the tests of the Markov assumption that could be made, and what the shortcut would cost, as evidence."""
    rows = [*_shortcut(found)]
    for row in table[table["reason"] == ""].to_dict("records"):
        dims = (row["from"], row["to"], row["test"])
        counted = ("", row["n"], row["n_events"], np.nan, np.nan, np.nan)
        rows.append(("p", *dims, row["p_holm"], np.nan, np.nan, *counted))
        if row["test"] == "month of entry":
            rows.append(("hazard_ratio_12m", *dims, row["hazard_ratio_12m"], np.nan, np.nan, *counted))
    return pd.DataFrame(rows, columns=["measure", "from", "to", "test", *VALUES])


def _shortcut(found: Stages) -> Iterator[tuple[Any, ...]]:
    """Yield the share still in decline after a year: as it was, and as monthly rates, multiplied up, would have it.

    Who multiplies the rates takes every client in a stage for equal, however long he has been in it.
    """
    start, decline = found.months.months - 1 - 12, STAGES[DECLINE - 1]
    if start < WINDOW:
        return
    for name, code in (("stays", DECLINE), ("stays_by_rates", None)):
        counts = moves_since(found, start, code, 12)
        if (counts["from"] == decline).any():
            curve = state_occupation_from_counts(counts, initial=decline, states=found.names)
            e = curve.at([12], decline)[0]
            if isinstance(e, Estimate):
                yield _row((name, decline, decline, ""), e)
