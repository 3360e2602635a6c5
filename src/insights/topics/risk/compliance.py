"""Compliance: papers that have expired, risk profiles gone stale, products above the risk that their holder accepts."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.risk.compliance import (
    EXPIRED,
    FRESH,
    PAPERS,
    PROFILES,
    SOON,
    STALE,
    SUITABILITY,
    UNRECORDED,
    VALID,
    breaches,
    papers,
    profiles,
)
from insights.topics.evidence import (
    Answer,
    ClientCounts,
    Evidence,
    MoneySums,
    NotAvailable,
    client_counts,
    money_sums,
    with_households,
)

ID = "risk.compliance"
STATES = (EXPIRED, SOON, VALID, UNRECORDED)
BREACH, KEPT = "breach", "kept"


@dataclass(frozen=True)
class Compliance:
    """Facts of compliance as cells with ``status``.

    ``papers`` and ``profiles`` (state, clients), ``suitability`` (stated, state, clients), ``above`` (stated,
    clients, amount in products rated above). None where the bank's tables do not tell.
    """

    papers: pd.DataFrame | None
    profiles: pd.DataFrame | None
    suitability: pd.DataFrame | None
    above: pd.DataFrame | None


def compliance(bank: Bank) -> Answer | NotAvailable:
    """Count the facts: papers expired or soon to expire, and products above the client's tolerance (R over C)."""
    evidence, facts = compliance_evidence(bank)
    if not evidence:
        return NotAvailable(ID, (*PAPERS, *bank.needs(*SUITABILITY), *bank.needs(*PROFILES)))
    return Answer(ID, ID, evidence, compliance_rows, facts)


def compliance_evidence(bank: Bank) -> tuple[dict[str, Evidence], dict[str, Any]]:
    """Return the facts as evidence, empty where nothing can be told, and what goes with it."""
    evidence: dict[str, Evidence] = {}
    missing = {"papers": bank.needs(*PAPERS), "suitability": bank.needs(*SUITABILITY)}
    missing["profiles"] = bank.needs(*PROFILES)
    if not missing["papers"]:
        rows = papers(bank).rows
        states = [s for s in STATES if s != UNRECORDED or (rows["state"] == UNRECORDED).any()]
        cells = pd.DataFrame({"state": states, "clients": [int((rows["state"] == s).sum()) for s in states]})
        home = household_of(bank, rows["client_id"])
        evidence["papers"] = with_households(cells, rows.assign(household=home), ("state",))
    if not missing["profiles"]:
        rows = profiles(bank)
        states = [s for s in (STALE, FRESH, UNRECORDED) if s != UNRECORDED or (rows["state"] == UNRECORDED).any()]
        cells = pd.DataFrame({"state": states, "clients": [int((rows["state"] == s).sum()) for s in states]})
        rows = rows.assign(household=household_of(bank, rows["client_id"]))
        evidence["profiles"] = with_households(cells, rows, ("state",))
    found = None if missing["suitability"] else breaches(bank)
    if found is not None:
        found = found.assign(state=np.where(found["above"] > 0, BREACH, KEPT), stated=found["stated"].map("C{}".format))
        found = found.assign(household=household_of(bank, found["client_id"]))
        evidence["suitability"] = client_counts(found, ("stated", "state"))
        evidence["above"] = money_sums(found, ("stated",), "above")
    rules = bank.settings.risk
    facts = {"missing": {k: list(v) for k, v in missing.items()}}
    return evidence, facts | {"days": rules.papers_days, "months": rules.profile_months}


def compliance_rows(parts: dict[str, Evidence]) -> Compliance:
    """Return the facts from (protected) evidence."""

    def cells(name: str) -> pd.DataFrame | None:
        return cast(ClientCounts | MoneySums, parts[name]).cells if name in parts else None

    return Compliance(cells("papers"), cells("profiles"), cells("suitability"), cells("above"))
