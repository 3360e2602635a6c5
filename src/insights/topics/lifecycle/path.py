"""The path of prospects: who goes on from awareness to consideration and to joining, from which source, how fast."""

from typing import cast

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from insights.data.months import exit_months
from insights.data.snapshot import Bank
from insights.models.groups import NOT_RECORDED
from insights.stats.counts import risk_table
from insights.stats.incidence import IncidenceCurve, cumulative_incidence_from_counts
from insights.stats.results import Estimate, NotEstimable
from insights.stats.survival import kaplan_meier
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable, RiskCounts
from insights.topics.lifecycle.refusals import ONLY_JOINED, refused

AWARE, CONSIDERS, WHOLE, AGAINST = "awareness", "consideration", "path", "against"
ON = "on"
"""The one event of all curves: to have gone on to the next step (``AGAINST``: to have declined)."""
HORIZONS = (3, 6, 12, 24)
YEAR = 12
APART = 5
"""Those who declined have a curve of their own if they are this many times the least number that is shown."""
NEEDS = ("prospects.aware_on", "prospects.decided_on", "prospects.client_id")


def path(bank: Bank) -> Answer | NotAvailable:
    """Estimate the share of prospects who go on from each step of the path, by months in it, and the time in it."""
    if missing := bank.needs(*NEEDS):
        return NotAvailable("lifecycle.path", missing)
    if _only_joined(bank):
        return refused("lifecycle.path", ONLY_JOINED)
    rows = _prospects(bank)
    considered = rows.filter(rows.considered_on.notnull())
    steps = {WHOLE: (rows, rows.aware_on, rows.joined_on)}
    if int(considered.count().execute()):
        steps |= {
            AWARE: (rows, rows.aware_on, rows.considered_on),
            CONSIDERS: (considered, considered.considered_on, considered.joined_on),
        }
    declined = int(rows.declined_on.notnull().sum().execute())
    if declined >= APART * bank.settings.disclosure.min_clients:
        steps[AGAINST] = (rows, rows.aware_on, rows.declined_on)
    timed = [_timed(bank, table, ibis.literal(name), start, end) for name, (table, start, end) in steps.items()]
    over = {
        AWARE: (rows, rows.aware_on, ibis.coalesce(rows.considered_on, rows.joined_on, rows.declined_on)),
        CONSIDERS: (considered, considered.considered_on, ibis.coalesce(considered.joined_on, considered.declined_on)),
    }
    over = {name: step for name, step in over.items() if name in steps}
    answer = _answer(bank, "lifecycle.path", ibis.union(*timed), None)
    answer.evidence["time"] = Estimates(_months_in_steps(bank, over), ("step", "months"))
    return answer


def conversion(bank: Bank) -> Answer | NotAvailable:
    """Estimate the share of prospects who have joined by months since their first contact, by acquisition source."""
    if missing := bank.needs(*NEEDS, "prospects.acquisition_source"):
        return NotAvailable("lifecycle.conversion", missing)
    if _only_joined(bank):
        return refused("lifecycle.conversion", ONLY_JOINED)
    rows = _prospects(bank)
    source = ibis.coalesce(rows.acquisition_source.cast("string"), NOT_RECORDED)
    timed = _timed(bank, rows, source, rows.aware_on, rows.joined_on)
    return _answer(bank, "lifecycle.conversion", timed, "acquisition_source")


def _only_joined(bank: Bank) -> bool:
    """Return whether only prospects who became clients are recorded, so that a rate would be 100 % by construction."""
    return not bool(bank.table("prospects").client_id.isnull().any().execute())


def _prospects(bank: Bank) -> ir.Table:
    """Return the prospects with the days on which they considered, joined or declined; of the last two at most one."""
    rows = bank.table("prospects")
    if "considered_on" not in rows.columns:
        rows = rows.mutate(considered_on=ibis.null("date"))
    joined = rows.client_id.notnull()
    rows = rows.mutate(
        joined_on=joined.ifelse(rows.decided_on, ibis.null("date")),
        declined_on=joined.ifelse(ibis.null("date"), rows.decided_on),
    )
    # Who decides before he is noted to consider has not been through consideration as a step.
    passed = rows.considered_on <= ibis.coalesce(rows.decided_on, rows.considered_on)
    return rows.mutate(considered_on=ibis.coalesce(passed, False).ifelse(rows.considered_on, ibis.null("date")))


def _timed(bank: Bank, rows: ir.Table, group: ir.StringValue, start: ir.DateValue, end: ir.DateValue) -> ir.Table:
    """Return group, months, and whether the event came, of each prospect.

    Observation of every prospect ends at the as-of date and for no other reason. So one who took another way (declined)
    simply stays where the event does not come to him until that day, and 1 - Kaplan-Meier is the incidence with that
    way as a competing outcome (Fine & Gray 1999, complete data on censoring).
    """
    until = ibis.coalesce(end, ibis.literal(bank.as_of))
    return rows.select(
        group=group, time=exit_months(start, until, end.notnull(), bank.settings.window.clock), on=end.notnull()
    )


def _months_in_steps(bank: Bank, steps: dict[str, tuple[ir.Table, ir.DateValue, ir.DateValue]]) -> pd.DataFrame:
    """Return the mean months of the first year spent in each step, by those who come to it, whichever way they end."""
    rows = []
    for name, (table, start, end) in steps.items():
        cells = _cells(_timed(bank, table, ibis.literal(name), start, end))
        e: Estimate | NotEstimable = NotEstimable("nobody came to this step")
        if len(cells):
            curve = kaplan_meier(cells["time"], cells["on"].to_numpy(bool), weight=cells["n"])
            e = curve.restricted_mean(YEAR)
        if isinstance(e, Estimate):
            rows.append((name, YEAR, e.value, e.low, e.high, e.unit, float(e.n), float(e.n_events or 0)))
    return pd.DataFrame(rows, columns=["step", "months", "value", "low", "high", "unit", "n", "n_events"])


def _cells(rows: ir.Table) -> pd.DataFrame:
    rows = rows.filter(rows.time > 0)
    cells = rows.group_by("group", "time", "on").agg(n=rows.count()).execute()
    return cells.sort_values(["group", "time", "on"], ignore_index=True)


def _answer(bank: Bank, name: str, rows: ir.Table, by: str | None) -> Answer:
    cells = _cells(rows)
    counts = risk_table(
        cells["time"].to_numpy(float),
        np.where(cells["on"].to_numpy(bool), ON, ""),
        weight=cells["n"].to_numpy(float),
        group=cells["group"].to_numpy(str),
    )
    units = cells.groupby("group", as_index=False).agg(units=("n", "sum"))
    return Answer(
        id=name,
        kind=name,
        evidence={"exits": RiskCounts(counts, units)},
        estimate=_incidence,
        facts={"by": by, "consent": bank.settings.tables["prospects"].consent_column is not None},
    )


def _incidence(evidence: dict[str, Evidence]) -> IncidenceCurve:
    exits = cast(RiskCounts, evidence["exits"])
    units = exits.units.dropna(subset=["units"])
    known = {str(g): float(n) for g, n in zip(units["group"], units["units"], strict=True)}
    return cumulative_incidence_from_counts(exits.counts, units=known, blur=exits.blur)
