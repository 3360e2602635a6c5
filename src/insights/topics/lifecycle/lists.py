"""The restricted lists of this report: whom to talk to first, whom to win back, who left."""

import numpy as np
import pandas as pd

from insights.data.months import add_months
from insights.data.snapshot import Bank
from insights.models.returns import departures
from insights.stats.results import Estimate
from insights.stats.survival import SurvivalCurve, kaplan_meier
from insights.topics.lifecycle.contacts import contact_list
from insights.topics.lifecycle.curves import lists as leavers

RECENT = 24
"""Months for which somebody who left is worth a call."""
AHEAD = 12


def lists(bank: Bank) -> dict[str, pd.DataFrame]:
    """Return ``contacts``, ``winback`` and ``leavers`` by name; a list that cannot be made is not there."""
    made = leavers(bank)
    if bank.needs("clients.joined_on", "clients.left_on") or bank.window_from is None:
        return made
    for name, frame in (("contacts", contact_list(bank)), ("winback", winback(bank))):
        if frame is not None:
            made[name] = frame
    return made


def winback(bank: Bank) -> pd.DataFrame | None:
    """Return who left by choice in the last two years and has not come back, worth the most first; None without assets.

    Columns: client_id, rm_id (the last known), left_on, leave_reason, months_away, assets (before leaving, currency),
    return_pct (chance of coming back within a year for those away as long; empty where too few ever came back), rank
    within the manager by chance x assets, or by assets.
    """
    if bank.needs("balances.amount", "balances.month"):
        return None
    every = departures(bank)
    gone = every[~every["returned"] & ~every["reason"].isin(bank.settings.lifecycle.not_by_choice)]
    gone = gone[pd.to_datetime(gone["left_on"]) > pd.Timestamp(add_months(bank.as_of, -RECENT))]
    gone = gone.sort_values(["client_id", "left_on"]).drop_duplicates("client_id", keep="last")
    clients = bank.table("clients")
    manager = clients.select("client_id", "rm_id").execute() if "rm_id" in clients.columns else None
    told = gone.rename(columns={"reason": "leave_reason", "away": "months_away"})
    told = told.merge(manager, on="client_id", how="left") if manager is not None else told.assign(rm_id=None)
    told["return_pct"] = (100 * chance_of_return(every, told["months_away"].to_numpy(float))).round(2)
    told["assets"] = told["assets"].clip(lower=0).round(0)
    worth = told["assets"].fillna(0) * told["return_pct"].fillna(1)
    told = told.assign(worth=worth).sort_values(["rm_id", "worth", "client_id"], ascending=[True, False, True])
    told["rank"] = told.groupby("rm_id", dropna=False).cumcount() + 1
    columns = ["client_id", "rm_id", "rank", "left_on", "leave_reason", "months_away", "assets", "return_pct"]
    return told[columns].reset_index(drop=True)


def chance_of_return(every: pd.DataFrame, away: np.ndarray) -> np.ndarray:
    """Return the chance (n) of coming back within a year of those away for so many months; nan where not told."""
    found = np.full(len(away), np.nan)
    if every["returned"].sum() < AHEAD:
        return found
    curve = kaplan_meier(every["away"], every["returned"])
    for months in np.unique(away):
        found[away == months] = _chance(curve, float(months))
    return found


def _chance(curve: SurvivalCurve, months: float) -> float:
    now, later = curve.at([months, months + AHEAD])
    known = isinstance(now, Estimate) and isinstance(later, Estimate)
    return 1 - later.value / now.value if known and now.value > 0 else float("nan")  # type: ignore[union-attr]
