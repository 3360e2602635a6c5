"""Facts of compliance: papers that have expired, products above the risk that a client accepts. Counted, not scored."""

from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import pandas as pd

from insights.data.panel import spells
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.risk_taken import NEEDS as HOLDING_NEEDS
from insights.models.risk_taken import risk_taken

PAPERS = ("clients.kyc_expires_on",)
SUITABILITY = HOLDING_NEEDS
EXPIRED, SOON, VALID, UNRECORDED = "expired", "soon", "valid", "not recorded"


def in_force(bank: Bank) -> pd.DataFrame:
    """Return client_id and rm_id (None without a manager) of the clients in force, in the order of their ids."""
    return once(bank, "risk_in_force", lambda: _in_force(bank))


def _in_force(bank: Bank) -> pd.DataFrame:
    told = spells(bank)
    here = told.filter(told.left_on.isnull()).select("client_id").distinct()
    clients = bank.table("clients").semi_join(here, "client_id")
    columns = ["client_id", *(["rm_id"] if "rm_id" in clients.columns else [])]
    found = clients.select(*columns).order_by("client_id").execute()
    return found if "rm_id" in found else found.assign(rm_id=None)


@dataclass(frozen=True)
class Papers:
    """``rows``: client_id, expires_on (datetime64, NaT), state (one of the four), of the clients in force."""

    rows: pd.DataFrame = field(repr=False)
    days: int

    def count(self, state: str) -> int:
        """Return how many clients are in a state."""
        return int((self.rows["state"] == state).sum())


def papers(bank: Bank) -> Papers:
    """Return where the identity papers of the clients in force stand; check ``PAPERS`` first.

    Papers have expired when their last day is the as-of date or earlier.
    """
    return once(bank, "risk_papers", lambda: _papers(bank))


def _papers(bank: Bank) -> Papers:
    days = bank.settings.risk.papers_days
    told = bank.table("clients").select("client_id", "kyc_expires_on").execute()
    rows = in_force(bank)[["client_id"]].merge(told, on="client_id", how="left")
    day = pd.to_datetime(rows["kyc_expires_on"])
    today = pd.Timestamp(bank.as_of)
    state = np.select(
        [day.isna(), day <= today, day <= today + timedelta(days=days)], [UNRECORDED, EXPIRED, SOON], VALID
    )
    return Papers(pd.DataFrame({"client_id": rows["client_id"], "expires_on": day, "state": state}), days)


def breaches(bank: Bank) -> pd.DataFrame | None:
    """Return client_id, stated (1 to 5), above (amount in products rated above it) of clients in force with both.

    None where nobody has a stated tolerance and holdings. Check ``SUITABILITY`` first.
    """
    found = risk_taken(bank)
    if found is None:
        return None
    return pd.DataFrame({"client_id": found.client_id, "stated": found.stated, "above": found.above})
