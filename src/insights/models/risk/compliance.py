"""Facts of compliance: papers that have expired, products above the risk that a client accepts. Counted, not scored."""

from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.risk.clients import in_force
from insights.models.risk_taken import NEEDS as HOLDING_NEEDS
from insights.models.risk_taken import risk_taken

PAPERS = ("clients.kyc_expires_on",)
SUITABILITY = HOLDING_NEEDS
EXPIRED, SOON, VALID, UNRECORDED = "expired", "soon", "valid", "not recorded"


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
