"""Facts of compliance: papers that expired, risk profiles gone stale, products above the risk accepted. No scores."""

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
PROFILES = ("client_history.risk_tolerance", "client_history.valid_from")
EXPIRED, SOON, VALID, UNRECORDED = "expired", "soon", "valid", "not recorded"
STALE, FRESH = "stale", "fresh"


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


def profiles(bank: Bank) -> pd.DataFrame:
    """Return client_id, recorded_on (datetime64, NaT), state of the clients in force; check ``PROFILES`` first.

    A risk profile is stale when its last entry in the history of clients is ``profile_months`` old or older; the state
    is "not recorded" where there is no entry with a tolerance.
    """
    return once(bank, "risk_profiles", lambda: _profiles(bank))


def _profiles(bank: Bank) -> pd.DataFrame:
    history = bank.table("client_history")
    told = history.filter(history.risk_tolerance.notnull(), history.valid_from <= bank.as_of)
    last = told.group_by("client_id").agg(recorded_on=told.valid_from.max()).execute()
    rows = in_force(bank)[["client_id"]].merge(last, on="client_id", how="left")
    day = pd.to_datetime(rows["recorded_on"])
    limit = pd.Timestamp(bank.as_of) - pd.DateOffset(months=bank.settings.risk.profile_months)
    state = np.select([day.isna(), day <= limit], [UNRECORDED, STALE], FRESH)
    return pd.DataFrame({"client_id": rows["client_id"], "recorded_on": day, "state": state})


def breaches(bank: Bank) -> pd.DataFrame | None:
    """Return client_id, stated (1 to 5), above (amount in products rated above it) of clients in force with both.

    None where nobody has a stated tolerance and holdings. Check ``SUITABILITY`` first.
    """
    found = risk_taken(bank)
    if found is None:
        return None
    return pd.DataFrame({"client_id": found.client_id, "stated": found.stated, "above": found.above})
