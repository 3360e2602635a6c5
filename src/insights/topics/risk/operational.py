"""Operational risk: incidents by process, with those that have happened and are not reported yet."""

import math
from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.risk.incidents import NEEDS, SPAN, YEAR, Incidents, by_kind, incidents, losses, yearly_rates
from insights.models.risk.incidents_by_manager import NEEDS as MANAGER_NEEDS
from insights.models.risk.incidents_by_manager import by_manager
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer, Estimates, Evidence, MoneySums, NotAvailable, RowCounts, money_sums
from insights.topics.risk.refusals import refused
from insights.topics.rows import estimates, line, plain, summed, told

ID = "risk.operational"
TOTAL, RATE, KNOWN, BEFORE, SINCE = "incidents", "rate", "known_share", "incidents_before", "reported_since"
COST, COST_OF, SPREAD, P_MANAGERS, P_LOGS = "yearly_loss", "yearly_loss_limit", "manager_sd", "p_managers", "p_logs"
P_MIX = "p_mix"
PER_REPORTED = (TOTAL, RATE, BEFORE, SINCE)
"""Measures that are so many times a number of reported incidents: only the factor is evidence of its own."""
OTHER = "other"
DIMS = ("kind", "measure", "of")


@dataclass(frozen=True)
class Operational:
    """``rows``: kind ("" for all), measure, of (a probability), value, low, high.

    ``reported``: kind, reported. ``loss``: kind, amount.
    """

    rows: pd.DataFrame
    reported: pd.DataFrame
    loss: pd.DataFrame | None


def operational(bank: Bank) -> Answer | NotAvailable:
    """Tell how often each process fails, what has happened and is not reported yet, and how good that guess was."""
    if missing := bank.needs(*NEEDS):
        return NotAvailable(ID, missing)
    found = incidents(bank)
    if isinstance(found.year, NotEstimable):
        return refused(ID, found.year.reason)
    evidence, facts = operational_evidence(bank)
    return Answer(ID, ID, evidence, operational_rows, facts)


def operational_evidence(bank: Bank) -> tuple[dict[str, Evidence], dict[str, Any]]:
    """Return the incidents as evidence; check that they can be told first."""
    found = incidents(bank)
    kinds = by_kind(found)
    counts = [{"kind": kind, "measure": RATE, "reported": n} for kind, n in kinds[["kind", "reported"]].to_numpy()]
    rows = [told(rate, kind=kind, measure=RATE) for kind, rate in yearly_rates(found, _managers_add(bank)).items()]
    clients = float(found.clients[-YEAR:].mean())
    if not isinstance(found.year, NotEstimable):
        rows.append(told(found.year.total, kind="", measure=TOTAL) | {"n": clients})
        rows.append(plain(found.year.known_share, "share", clients, found.year.reported, kind="", measure=KNOWN))
        counts.append({"kind": "", "measure": TOTAL, "reported": found.year.reported})
    if not isinstance(found.before, NotEstimable):
        rows.append(told(found.before.total, kind="", measure=BEFORE) | {"n": clients})
        counts.append({"kind": "", "measure": BEFORE, "reported": found.before.reported})
        rows.append(plain(found.since, "incidents", clients, found.since, kind="", measure=SINCE))
        counts.append({"kind": "", "measure": SINCE, "reported": found.since})
    cost, why = _cost(found, clients)
    told_of, missing = _managers(bank, why)
    rows = [{"of": ""} | row for row in (*rows, *cost, *told_of)]
    counts = [row | {"of": ""} for row in counts]
    evidence: dict[str, Evidence] = {
        "factors": estimates(map(_per_reported, rows), *DIMS),
        "counts": RowCounts(pd.DataFrame(counts), DIMS, ("reported",)),
    }
    recent = found.rows[found.rows["month"] > found.last - SPAN]
    if recent["loss"].notna().any():
        evidence["loss"] = money_sums(recent, ("kind",), "loss", rest=OTHER)
    unknown = float(recent["loss"].isna().mean()) if len(recent) else 0.0
    facts = {"months": YEAR, "span": SPAN, "loss_known": round(1 - unknown, 2), "why": why, "missing": missing}
    return evidence, facts | {"together": any(row["measure"] == SPREAD for row in rows)}


def _managers_add(bank: Bank) -> float:
    """Return what the variation of managers adds to the variance of the logarithm of a rate; 0 where it is not told."""
    if bank.needs(*MANAGER_NEEDS) or isinstance(found := by_manager(bank), NotEstimable):
        return 0.0
    return max(found.kinds.log_var - 1 / float(found.rows["incidents"].sum()), 0.0)


def _cost(found: Incidents, clients: float) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return what a year of incidents may cost as rows, or why that is not told."""
    cost = losses(found)
    if isinstance(cost, NotEstimable):
        return [], {COST: cost.reason}
    known = found.rows.loc[found.rows["loss"] > 0, "loss"]
    sizes = {name: summed(known)[name] for name in ("largest", "second", "absolute")}
    rows = [{"kind": "", "measure": COST} | line(cost.expected, clients, len(known)) | sizes]
    for probability, limit in cost.quantiles.items():
        row = {"kind": "", "measure": COST_OF} | line(limit, clients, len(known)) | sizes
        rows.append(row | {"of": f"{probability:g}"})
    (test,) = cost.checks
    rows.append(plain(test.p_value or 0.0, "p", clients, len(known), kind="", measure=P_LOGS))
    return rows, {}


def _managers(bank: Bank, why: dict[str, str]) -> tuple[list[dict[str, Any]], list[Any]]:
    """Return how far managers differ as rows, and what is lacking for it; ``why`` takes a refusal."""
    if missing := bank.needs(*MANAGER_NEEDS):
        return [], list(missing)
    found = by_manager(bank)
    if isinstance(found, NotEstimable):
        why[SPREAD] = found.reason
        return [], []
    n, events = float(found.clients), float(found.rows["incidents"].sum())
    spread = plain(math.sqrt(found.found.variance), "sd", n, events, kind="", measure=SPREAD)
    p = found.found.test.p_value
    rows = [spread, plain(1.0 if p is None else p, "p", n, events, kind="", measure=P_MANAGERS)]
    mix = found.kinds.checks[1].p_value
    return [*rows, *([] if mix is None else [plain(mix, "p", n, events, kind="", measure=P_MIX)])], []


def operational_rows(parts: dict[str, Evidence]) -> Operational:
    """Return the incidents from (protected) evidence."""
    loss = cast(MoneySums, parts["loss"]).cells if "loss" in parts else None
    counts = cast(RowCounts, parts["counts"]).cells
    rows = cast(Estimates, parts["factors"]).rows
    times = rows[[*DIMS]].merge(counts, on=[*DIMS], how="left")["reported"]
    times = times.where(rows["measure"].isin(PER_REPORTED), 1.0)
    rows = rows.assign(**{name: rows[name] * times for name in ("value", "low", "high")})
    kinds = counts.loc[counts["measure"] == RATE, ["kind", "reported"]].reset_index(drop=True)
    return Operational(rows, kinds, loss)


def _per_reported(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row for each reported incident: the number of these is told rounded, and so is all that rests on it."""
    if row["measure"] not in PER_REPORTED or not row["n_events"]:
        return row
    return row | {name: row[name] / row["n_events"] for name in ("value", "low", "high")}
