"""The register of risks in figures: how many clients have which open risk, and how many have more than one."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.risk.compliance import PAPERS, SUITABILITY
from insights.models.risk.loans import NEEDS as LOANS
from insights.models.risk.market import NEEDS as MARKET
from insights.models.risk.register import asked, open_risks
from insights.topics.evidence import Answer, ClientCounts, Evidence, NotAvailable, client_counts, with_households

ID = "risk.register"
OTHER = "other"


@dataclass(frozen=True)
class Register:
    """Cells with ``status``: ``open`` (reason, clients), ``number`` ("one" or "several" risks, clients)."""

    open: pd.DataFrame
    number: pd.DataFrame


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
    listed = [name for name, who in sorted(bank.settings.lists.recipients.items()) if "risk_register" in who.lists]
    return evidence, {"recipients": listed}


def register_rows(parts: dict[str, Evidence]) -> Register:
    """Return the register from (protected) evidence."""
    return Register(cast(ClientCounts, parts["open"]).cells, cast(ClientCounts, parts["number"]).cells)
