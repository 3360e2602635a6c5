"""Each stage by its own goal: introduction satisfied, growth loyal, maturity with untapped potential, decline kept."""

from typing import Any, cast

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.attributes import CONTROL
from insights.models.months import SpellMonths, spell_rows
from insights.models.stages import (
    DECLINE,
    DORMANT,
    GONE,
    GROWTH,
    INTRODUCTION,
    MATURITY,
    STAGES,
    WINDOW,
    Stages,
    shown_stages,
    stage_needs,
)
from insights.stats.ratios import difference_of, ratio_of_sums
from insights.stats.restricted import restricted_mean_difference
from insights.stats.results import Estimate, NotEstimable
from insights.stats.survival import kaplan_meier
from insights.topics.evidence import Answer, Estimates, NotAvailable
from insights.topics.lifecycle.refusals import WINDOW as NARROW
from insights.topics.lifecycle.refusals import refused

YEAR = 12
FEWEST_LEFT = 20
OTHERS = "others"
DIFFERENCE = "difference"
PROMOTER, DETRACTOR = 9, 6
"""Marks out of 10 for recommending the bank: at least, at most (Reichheld 2003)."""

GOALS = {
    "satisfaction": STAGES[INTRODUCTION - 1],
    "recommendation": STAGES[GROWTH - 1],
    "untapped": STAGES[MATURITY - 1],
    "kept": STAGES[DECLINE - 1],
    "gained": STAGES[DECLINE - 1],
}
"""What each stage is judged by."""


def stage_goals(bank: Bank) -> Answer | NotAvailable:
    """Judge each stage by its own goal, beside all other clients where they can be set beside."""
    if missing := stage_needs(bank):
        return NotAvailable("lifecycle.stage_goals", missing)
    found, _ = shown_stages(bank)
    if found.months.months <= WINDOW + YEAR:
        return refused("lifecycle.stage_goals", NARROW, WINDOW + YEAR + 1)
    asked = {
        "satisfaction": _satisfaction(bank, found),
        "recommendation": _recommendation(bank, found),
        "untapped": _untapped(bank, found),
        "kept": _kept(found),
        "gained": _gained(bank, found),
    }
    rows: list[tuple[Any, ...]] = []
    untold: dict[str, str] = {}
    for goal, (made, why) in asked.items():
        untold |= {goal: why} if why else {}
        for who, e in made.items():
            if isinstance(e, Estimate):
                events = np.nan if e.n_events is None else float(e.n_events)
                rows.append((goal, who, e.value, e.low, e.high, e.unit, float(e.n), events))
            else:
                untold.setdefault(goal, e.reason)
    columns = ["goal", "who", "value", "low", "high", "unit", "n", "n_events"]
    return Answer(
        id="lifecycle.stage_goals",
        kind="lifecycle.stage_goals",
        evidence={"goals": Estimates(pd.DataFrame(rows, columns=columns), ("goal", "who"))},
        estimate=lambda evidence: cast(Estimates, evidence["goals"]).rows,
        facts={"refused": untold, "asked": _asked(bank)},
    )


Found = tuple[dict[str, Estimate | NotEstimable], str]
"""Estimates of the stage, of the others and of the difference; or why there are none."""


def _asked(bank: Bank) -> str:
    """Return where satisfaction is measured: in surveys, else after contacts."""
    if bank.has("surveys", "item_satisfaction"):
        return "surveys"
    return "contacts" if bank.has("contacts", "satisfaction") else ""


def _satisfaction(bank: Bank, found: Stages) -> Found:
    where = _asked(bank)
    if not where:
        return {}, "needs surveys.item_satisfaction or contacts.satisfaction"
    rows = bank.table(where)
    if where == "surveys":
        given = rows.filter(rows.item_satisfaction.notnull() & rows.answered_on.notnull())
        given = given.select("client_id", day=given.answered_on, value=given.item_satisfaction.cast("float64"))
    else:
        given = rows.filter(rows.satisfaction.notnull())
        given = given.select("client_id", day=given.contacted_on, value=given.satisfaction.cast("float64"))
    return _compared(bank, found, given, INTRODUCTION, lambda v: v, "points"), ""


def _recommendation(bank: Bank, found: Stages) -> Found:
    if not bank.has("surveys", "item_recommend"):
        return {}, "needs surveys.item_recommend"
    rows = bank.table("surveys")
    rows = rows.filter(rows.item_recommend.notnull() & rows.answered_on.notnull())
    given = rows.select("client_id", day=rows.answered_on, value=rows.item_recommend.cast("float64"))
    net = _compared(
        bank, found, given, GROWTH, lambda v: (v >= PROMOTER).astype(float) - (v <= DETRACTOR).astype(float), "share"
    )
    return net, ""


def _compared(bank: Bank, found: Stages, given: ir.Table, stage: int, score: Any, unit: str) -> dict[str, Any]:
    """Return the mean score given in the last year while in the stage, by the others, and the difference."""
    row, column, value = _placed(bank, found.months, given)
    recent = column >= found.months.months - YEAR
    before = found.before()[row, column]
    told = recent & (before >= INTRODUCTION) & (before < GONE)
    who, own, marks = row[told], before[told] == stage, np.asarray(score(value[told]), dtype=float)
    groups = {STAGES[stage - 1]: own, OTHERS: ~own}
    means = {
        name: ratio_of_sums(marks[at], np.ones(int(at.sum())), cluster=who[at], unit=unit)
        for name, at in groups.items()
    }
    one, other = means.values()
    if isinstance(one, Estimate) and isinstance(other, Estimate):
        means[DIFFERENCE] = difference_of(one, other)
    return means


def _placed(bank: Bank, months: SpellMonths, given: ir.Table) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return row, column and value of what was given while the relationship was observed."""
    rows = spell_rows(bank)
    opens = months.opens
    column = ((given.day.year() - opens.year) * 12 + given.day.month() - opens.month).cast("int32")
    joined = given.mutate(column=column).inner_join(rows, "client_id").select("row", "column", "value")
    read = bank.con.to_pyarrow(joined.order_by("row", "column", "value"))
    row, at, value = (read[name].to_numpy() for name in ("row", "column", "value"))
    inside = (at >= months.first[row]) & (at <= months.last[row])
    return row[inside], at[inside], value[inside]


def _untapped(bank: Bank, found: Stages) -> Found:
    """Return the share of the wealth of clients in maturity that is held elsewhere, as far as it is known."""
    if not bank.has("clients", "external_wealth"):
        return {}, "needs clients.external_wealth"
    clients = bank.table("clients")
    told = clients.filter(clients.external_wealth.notnull()).select(
        "client_id", value=clients.external_wealth.cast("float64"), day=ibis.literal(bank.as_of)
    )
    row, column, value = _placed(bank, found.months, told)
    now = found.code[row, column]
    held = found.months.assets_known[row, -1].astype(float)
    known = np.isfinite(held) & (now >= INTRODUCTION) & (now < GONE)
    groups = {STAGES[MATURITY - 1]: known & (now == MATURITY), OTHERS: known & (now != MATURITY)}
    shares: dict[str, Estimate | NotEstimable] = {
        name: ratio_of_sums(value[at], value[at] + np.maximum(held[at], 0.0), unit="share")
        for name, at in groups.items()
    }
    one, other = shares.values()
    if isinstance(one, Estimate) and isinstance(other, Estimate):
        shares[DIFFERENCE] = difference_of(one, other)
    return shares, ""


def _kept(found: Stages) -> Found:
    """Return the share of those in decline a year ago who are still clients, and that of all the others."""
    start = found.months.months - 1 - YEAR
    then = found.code[:, start]
    there = np.flatnonzero((then >= INTRODUCTION) & (then < GONE))
    low = np.isin(then[there], (DECLINE, DORMANT))
    time, left = _followed(found.months, there, start)
    stage = STAGES[DECLINE - 1]
    curve = kaplan_meier(time, left, group=np.where(low, stage, OTHERS))
    made = {name: curve.at([YEAR], name)[0] for name in (stage, OTHERS)}
    one, other = made.values()
    if isinstance(one, Estimate) and isinstance(other, Estimate):
        made[DIFFERENCE] = difference_of(one, other)
    return made, ""


def _gained(bank: Bank, found: Stages) -> Found:
    """Return by how many months of the first year the retention programme kept those in decline longer."""
    name = bank.settings.lifecycle.retention_programme
    if name is None or bank.needs("programmes.client_id", "programmes.arm", "programmes.randomised"):
        return {}, "needs [lifecycle] retention_programme, drawn by lot among clients"
    drawn = bank.table("programmes")
    drawn = drawn.filter((drawn.programme == name) & drawn.client_id.notnull() & drawn.randomised & drawn.arm.notnull())
    row, column, treated = _placed(
        bank,
        found.months,
        drawn.select("client_id", day=drawn.started_on, value=(drawn.arm != CONTROL).cast("float64")),
    )
    begun = column > 0
    row, column, treated = row[begun], column[begun], treated[begun]
    low = np.isin(found.code[row, column - 1], (DECLINE, DORMANT))
    if not low.any():
        return {}, "nobody is known to have been in decline when the programme began"
    months = found.months
    time = np.minimum(months.last[row] - column + 1, YEAR).astype(float)[low]
    left = (months.left[row] & (months.last[row] - column + 1 <= YEAR))[low]
    if left.sum() < FEWEST_LEFT:
        return {}, f"fewer than {FEWEST_LEFT} of those in decline left within the year"
    curve = kaplan_meier(time, left, group=np.where(treated[low] > 0, "treated", "control"))
    return {DIFFERENCE: restricted_mean_difference(curve, "treated", "control", YEAR)}, ""


def _followed(months: SpellMonths, rows: np.ndarray, start: int) -> tuple[np.ndarray, np.ndarray]:
    """Return months followed after a column's month, at most a year, and whether the client left within them."""
    since = months.last[rows] - start
    return np.minimum(since, YEAR).astype(float), months.left[rows] & (since <= YEAR)
