"""The register of risks in figures: how many clients have which open risk, and what became of last quarter's."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.risk.compliance import PAPERS, SUITABILITY
from insights.models.risk.loans import NEEDS as LOANS
from insights.models.risk.market import NEEDS as MARKET
from insights.models.risk.quarter import FATES, WORKING_DAYS, Quarter, quarter
from insights.models.risk.register import HIGH, MIDDLE, RISKS, asked, open_risks, reasons_of
from insights.models.risk.register import register as register_of
from insights.topics.evidence import (
    Answer,
    ClientCounts,
    Estimates,
    Evidence,
    NotAvailable,
    client_counts,
    with_households,
)
from insights.topics.rows import estimates, plain

ID = "risk.register"
OTHER = "other"
PER_DAY = "new_risks_per_day"


@dataclass(frozen=True)
class Register:
    """Cells with ``status``: ``open`` (reason, clients), ``number`` ("one" or "several" risks, clients).

    ``heat``: risk, level, clients (nan: cannot be told). ``fates`` (fate, clients) and ``per_day`` (one row) look
    back a quarter; None where the register of then cannot be told.
    """

    open: pd.DataFrame
    number: pd.DataFrame
    heat: pd.DataFrame
    fates: pd.DataFrame | None
    per_day: pd.DataFrame | None


def register(bank: Bank) -> Answer | NotAvailable:
    """Count the clients of the register by open risk; who they are stands in the restricted list only."""
    risks = asked(bank)
    if not risks:
        return NotAvailable(ID, (tuple(dict.fromkeys((*PAPERS, *SUITABILITY, *LOANS, *MARKET))),))
    evidence, facts = register_evidence(bank)
    return Answer(ID, ID, evidence, register_rows, facts)


def register_evidence(bank: Bank) -> tuple[dict[str, Evidence], dict[str, Any]]:
    """Return the register as counts of clients; check that a risk can be told first."""
    rows = open_risks(bank)
    # A client has each risk at most once, so the open risks are disjoint, and their number is one of clients.
    rows = rows.assign(household=household_of(bank, rows["client_id"]))
    several = rows.groupby("client_id").size()
    number = pd.DataFrame(
        {"number": ["one", "several"], "clients": [int((several == 1).sum()), int((several > 1).sum())]}
    )
    each = rows.drop_duplicates("client_id")[["client_id", "household"]]
    each = each.assign(number=np.where(several.reindex(each["client_id"]) == 1, "one", "several"))
    evidence: dict[str, Evidence] = {
        "open": client_counts(rows, ("reason",), rest=OTHER),
        "number": with_households(number, each, ("number",)),
    }
    evidence |= quarter_evidence(bank)
    listed = [name for name, who in sorted(bank.settings.lists.recipients.items()) if "risk_register" in who.lists]
    found = quarter(bank)
    facts: dict[str, Any] = {"recipients": listed, "capacity": bank.settings.risk.cases_per_day}
    facts |= {"risks": list(asked(bank)), "months": bank.settings.risk.profile_months}
    facts |= {"day": found.day.isoformat()} if isinstance(found, Quarter) else {"why": found.reason}
    return evidence, facts


def quarter_evidence(bank: Bank) -> dict[str, Evidence]:
    """Return what became of the register of a quarter ago as evidence; empty where that cannot be told."""
    found = quarter(bank) if asked(bank) else None
    if not isinstance(found, Quarter):
        return {}
    rows = found.rows.drop_duplicates(["client_id", "fate"])
    rows = rows.assign(household=household_of(bank, rows["client_id"]))
    cells = pd.DataFrame({"fate": FATES, "clients": [int((rows["fate"] == fate).sum()) for fate in FATES]})
    n = int(rows["household"].nunique())
    per_day = plain(found.arrived / WORKING_DAYS, "a day", n, found.arrived, measure=PER_DAY)
    return {"fates": with_households(cells, rows, ("fate",)), "per_day": estimates([per_day], "measure")}


def quarter_rows(parts: dict[str, Evidence]) -> pd.DataFrame | None:
    """Return fate, clients from (protected) evidence; None where there is none."""
    return cast(ClientCounts, parts["fates"]).cells if "fates" in parts else None


def register_rows(parts: dict[str, Evidence]) -> Register:
    """Return the register from (protected) evidence."""
    open_, number = (cast(ClientCounts, parts[name]).cells for name in ("open", "number"))
    per_day = cast(Estimates, parts["per_day"]).rows if "per_day" in parts else None
    return Register(open_, number, heat_of(open_), quarter_rows(parts), per_day)


def heat_of(cells: pd.DataFrame) -> pd.DataFrame:
    """Return risk, level, clients, added up from the reasons that are told, so that it tells no more than they do.

    nan where a reason is withheld, or may stand together with others.
    """
    told = dict(zip(cells["reason"], cells["clients"].astype(float), strict=True))
    missing = np.nan if OTHER in told else 0.0
    lines = [
        (risk, level, sum(told.get(reason, missing) for reason in reasons_of(risk, level)))
        for risk in RISKS
        for level in (HIGH, MIDDLE)
    ]
    return pd.DataFrame(lines, columns=["risk", "level", "clients"])


def register_list(bank: Bank) -> pd.DataFrame | None:
    """Return the register for its recipients, with what changed in a quarter; None where no risk can be told."""
    if not asked(bank):
        return None
    found = quarter(bank)
    return register_of(bank, found.before if isinstance(found, Quarter) else None)
