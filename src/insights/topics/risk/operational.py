"""Operational risk: incidents by process, with those that have happened and are not reported yet."""

from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.risk.incidents import NEEDS, SPAN, YEAR, by_kind, incidents, yearly_rates
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer, Estimates, Evidence, MoneySums, NotAvailable, RowCounts, money_sums
from insights.topics.risk.lines import estimates, plain, told
from insights.topics.risk.refusals import refused

ID = "risk.operational"
TOTAL, RATE, KNOWN, BEFORE, SINCE = "incidents", "rate", "known_share", "incidents_before", "reported_since"
OTHER = "other"


@dataclass(frozen=True)
class Operational:
    """``rows``: kind ("" for all), measure, value, low, high. ``reported``: kind, reported. ``loss``: kind, amount."""

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
    rows = [told(rate, kind=kind, measure=RATE) for kind, rate in yearly_rates(found).items()]
    clients = float(found.clients[-YEAR:].mean())
    if not isinstance(found.year, NotEstimable):
        rows.append(told(found.year.total, kind="", measure=TOTAL) | {"n": clients})
        rows.append(plain(found.year.known_share, "share", clients, found.year.reported, kind="", measure=KNOWN))
    if not isinstance(found.before, NotEstimable):
        rows.append(told(found.before.total, kind="", measure=BEFORE) | {"n": clients})
        rows.append(plain(found.since, "incidents", clients, found.since, kind="", measure=SINCE))
    kinds = by_kind(found)
    reported = kinds[["kind", "reported"]]
    evidence: dict[str, Evidence] = {
        "rates": estimates(rows, "kind", "measure"),
        "reported": RowCounts(reported, ("kind",), ("reported",)),
    }
    recent = found.rows[found.rows["month"] > found.last - SPAN]
    if recent["loss"].notna().any():
        evidence["loss"] = money_sums(recent, ("kind",), "loss", rest=OTHER)
    unknown = float(recent["loss"].isna().mean()) if len(recent) else 0.0
    return evidence, {"months": YEAR, "span": SPAN, "loss_known": round(1 - unknown, 2)}


def operational_rows(parts: dict[str, Evidence]) -> Operational:
    """Return the incidents from (protected) evidence."""
    loss = cast(MoneySums, parts["loss"]).cells if "loss" in parts else None
    return Operational(cast(Estimates, parts["rates"]).rows, cast(RowCounts, parts["reported"]).cells, loss)
