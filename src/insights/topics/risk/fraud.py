"""Fraud: payments screened, how often suspicion was right at what analysts can do, what it caught and may have missed.

Aggregates only. Which payments to look into stands in a list of its own, which nobody receives who hands lists to
relationship managers.
"""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.risk.fraud import NEEDS, Fraud, Trial, alert_day
from insights.models.risk.fraud import fraud as measured
from insights.models.risk.payments import RULES, rules_of
from insights.stats.proportions import proportion
from insights.stats.results import Estimate, NotEstimable
from insights.topics.evidence import (
    Answer,
    ClientCounts,
    Estimates,
    Evidence,
    MoneySums,
    NotAvailable,
    RowCounts,
    client_counts,
    money_sums,
)
from insights.topics.risk.refusals import refused
from insights.topics.rows import NAN, estimates, line, plain

ID = "risk.fraud"
SCREENED, OPEN, SAMPLED, ALERTS = "screened", "open", "sampled", "alerts"
CONFIRMED, OF_KNOWN, AREA, BASE, MISSED, PER_DAY, HITS, LATE = (
    "confirmed",
    "of_known",
    "pr_auc",
    "pr_auc_blind",
    "missed",
    "alerts_per_day",
    "rule_hits",
    "labelled_late",
)
CAUGHT, NOT = "caught", "not caught"
LIST = "fraud_alerts"


@dataclass(frozen=True)
class Screening:
    """``counts``: what, rows. ``rows``: measure, of (a rule, or ""), value, low, high; None without a test.

    ``money`` (caught, amount) and ``victims`` (caught, clients) of the frauds of the test; None without one.
    """

    counts: pd.DataFrame
    rows: pd.DataFrame | None
    money: pd.DataFrame | None
    victims: pd.DataFrame | None


def fraud(bank: Bank) -> Answer | NotAvailable:
    """Tell how many payments are screened, and how good the alerts of a past year would have been."""
    if missing := bank.needs(*NEEDS):
        return NotAvailable(ID, missing)
    found = measured(bank)
    if isinstance(found, NotEstimable):
        return refused(ID, found.reason)
    evidence, facts = fraud_evidence(bank)
    return Answer(ID, ID, evidence, fraud_rows, facts)


def fraud_evidence(bank: Bank) -> tuple[dict[str, Evidence], dict[str, Any]]:
    """Return the screening as evidence; check that there is one first."""
    found, rules = measured(bank), bank.settings.risk.fraud
    assert isinstance(found, Fraud)
    numbers = {SCREENED: found.screened, OPEN: len(found.open), SAMPLED: len(found.sample)}
    trial = found.trial
    evidence: dict[str, Evidence] = {}
    if isinstance(trial, Trial):
        numbers[ALERTS] = len(trial.alerts)
        evidence |= _tested(bank, found, trial)
    cells = pd.DataFrame({"what": list(numbers), "rows": list(numbers.values())})
    evidence["counts"] = RowCounts(cells, ("what",), ("rows",))
    why = {} if isinstance(trial, Trial) else {"trial": trial.reason}
    why |= {"learning": found.learning} if found.learning else {}
    if isinstance(trial, Trial) and isinstance(trial.missed, NotEstimable):
        why["missed"] = trial.missed.reason
    begins, ends = (alert_day(d) for d in (found.days.begins, found.days.ends))
    facts: dict[str, Any] = {"why": why, "capacity": found.capacity, "days": rules.maturation_days}
    facts |= {"begins": begins, "ends": ends, "sample": rules.sample_share, "open_days": rules.open_days}
    facts |= {"bound_by": found.bound_by, "case_cost": rules.case_cost, "recovered": rules.recovered}
    return evidence, facts | {"learned": isinstance(trial, Trial) and trial.learned}


def _tested(bank: Bank, found: Fraud, trial: Trial) -> dict[str, Evidence]:
    stolen = trial.frauds.assign(household=household_of(bank, trial.frauds["client_id"]))
    home = pd.Series(household_of(bank, trial.alerts["client_id"]))
    hit = stolen[stolen["caught"]]
    n, victims = home.nunique(), hit["household"].nunique()
    rows = [
        {"measure": CONFIRMED, "of": ""} | line(trial.confirmed, n, victims),
        {"measure": OF_KNOWN, "of": ""} | line(trial.of_known, n, victims),
        {"measure": AREA, "of": ""} | line(trial.area, found.clients, stolen["household"].nunique()),
        plain(trial.base, "share", found.clients, stolen["household"].nunique(), measure=BASE, of=""),
        plain(trial.per_day, "a day", n, measure=PER_DAY, of=""),
    ]
    if isinstance(trial.missed, Estimate):
        hits = trial.missed.n_events or NAN  # none at all is nobody
        rows.append({"measure": MISSED, "of": ""} | line(trial.missed, trial.missed.n, hits))
    if isinstance(found.late, Estimate):
        rows.append({"measure": LATE, "of": ""} | line(found.late, found.late.n, found.late.n_events or NAN))
    strikes = rules_of(stolen)
    for rule, struck, clients, frauds in found.rules[["rule", "n", "clients", "fraud"]].itertuples(index=False):
        if struck:
            own = stolen.loc[strikes[rule], "household"].nunique()
            rows.append({"measure": HITS, "of": str(rule)} | line(proportion(frauds, struck), clients, own or NAN))
    sums = stolen.assign(caught=np.where(stolen["caught"], CAUGHT, NOT))
    by = sums.groupby(["client_id", "household", "caught"])["amount"].sum().reset_index()
    each = by.sort_values("caught").drop_duplicates("client_id")  # who was robbed twice counts as caught if once
    return {
        "rows": estimates(rows, "measure", "of"),
        "money": money_sums(by, ("caught",), "amount"),
        "victims": client_counts(each, ("caught",)),
    }


def fraud_rows(parts: dict[str, Evidence]) -> Screening:
    """Return the screening from (protected) evidence."""
    counts = cast(RowCounts, parts["counts"]).cells
    if "rows" not in parts:
        return Screening(counts, None, None, None)
    money, victims = cast(MoneySums, parts["money"]).cells, cast(ClientCounts, parts["victims"]).cells
    return Screening(counts, cast(Estimates, parts["rows"]).rows, money, victims)


def fraud_alerts(bank: Bank) -> pd.DataFrame | None:
    """Return the payments to look into, the most suspicious first; None where payments are not screened.

    Columns: place, drawn_by ("score", or "lot" for the drawn sample), transactions_id, client_id, booked_on (ISO),
    amount, counterparty, rules (codes with commas between, "" where only the score is high).
    """
    if bank.needs(*NEEDS) or isinstance(found := measured(bank), NotEstimable):
        return None
    parts = [found.open.assign(drawn_by="score"), found.sample.assign(drawn_by="lot")]
    rows = pd.concat(parts, ignore_index=True)
    rows["booked_on"] = [alert_day(d) for d in rows["day"]]
    names = ["place", "drawn_by", "transactions_id", "client_id", "booked_on", "amount", "counterparty", "rules"]
    return rows[names]


__all__ = ["LIST", "RULES", "Screening", "fraud", "fraud_alerts", "fraud_evidence", "fraud_rows"]
