"""The restricted lists of this report: whom to talk to first, whom to win back, who left; and what the page says of it.

The page tells how the list of contacts is ranked and what is on it in all, and nothing about a client or a manager.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.months import add_months
from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.returns import departures
from insights.stats.results import Estimate
from insights.stats.survival import SurvivalCurve, kaplan_meier
from insights.topics.evidence import (
    Answer,
    ClientCounts,
    Estimates,
    Evidence,
    MoneySums,
    NotAvailable,
    client_counts,
    money_sums,
)
from insights.topics.lifecycle.contacts import BY_RISK, Contacts, contact_list, contacts
from insights.topics.lifecycle.curves import lists as leavers
from insights.topics.lifecycle.retention import refused

RECENT = 24
"""Months for which somebody who left is worth a call."""
AHEAD = 12
PLAN = "lifecycle.contacts"
LISTED, OTHERS = "listed", "others"


@dataclass(frozen=True)
class Plan:
    """What is on the list of contacts, by ("listed", "others").

    ``clients`` and ``assets`` (at risk, currency) by group; ``rows``: group, measure ("leavers": expected within twelve
    months for the main reason, "gain": currency), value, low, high, unit, n, n_events.
    """

    clients: pd.DataFrame
    assets: pd.DataFrame
    rows: pd.DataFrame

    def value(self, table: str, column: str, group: str) -> float | None:
        """Return one number, None where it is withheld."""
        frame: pd.DataFrame = getattr(self, table)
        found = frame.loc[frame["group"] == group, column]
        return None if found.empty or pd.isna(found.iloc[0]) else float(found.iloc[0])


def contact_plan(bank: Bank) -> Answer | NotAvailable:
    """Tell how the list of contacts is ranked, how many are on it, and how much of the danger it covers."""
    missing = list(bank.needs("clients.joined_on", "clients.left_on"))
    if missing or bank.window_from is None:
        return NotAvailable(PLAN, tuple(missing if bank.window_from else [*missing, "[window] complete_from"]))
    found = contacts(bank)
    if isinstance(found, str):
        return refused(PLAN, found, {})
    evidence = _evidence(found, bank)
    rules = bank.settings.lifecycle
    return Answer(
        id=PLAN,
        kind=PLAN,
        evidence=evidence,
        estimate=_plan,
        facts={
            "basis": found.basis,
            "months": found.months,
            "main": found.main,
            "by_income": found.by_income,
            "capacity": rules.contacts_per_manager,
            "cost": rules.cost_per_contact,
            "programme": rules.retention_programme,
        },
    )


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


def _evidence(found: Contacts, bank: Bank) -> dict[str, Evidence]:
    rows = found.rows.assign(group=np.where(found.rows["listed"], LISTED, OTHERS))
    rows["household"] = household_of(bank, rows["client_id"])
    grouped = rows.groupby("group")
    evidence: dict[str, Evidence] = {"clients": client_counts(rows, ("group",))}
    money = rows.dropna(subset=["assets_at_risk"])
    if len(money):
        evidence["assets"] = money_sums(money, ("group",), "assets_at_risk", everybody=True)
    lines = []
    for group, part in grouped:
        head = {"group": group, "low": np.nan, "high": np.nan, "n": len(part), "n_events": np.nan}
        none = {"largest": np.nan, "second": np.nan, "absolute": np.nan}
        lines.append(head | {"measure": "leavers", "value": part["risk"].sum(), "unit": "clients"} | none)
        gain = part["gain"][part["gain"] > 0]
        if found.basis != BY_RISK and group == LISTED and len(gain):
            size = np.sort(gain.to_numpy(float))
            sizes = {"largest": size[-1], "second": size[-2] if len(size) > 1 else 0.0, "absolute": size.sum()}
            told = {"measure": "gain", "value": gain.sum(), "unit": bank.settings.bank.currency, "n": len(gain)}
            lines.append(head | told | sizes)
    return evidence | {"expected": Estimates(pd.DataFrame(lines), ("group", "measure"))}


def _plan(evidence: dict[str, Evidence]) -> Plan:
    clients, rows = cast(ClientCounts, evidence["clients"]).cells, cast(Estimates, evidence["expected"]).rows
    no_money = pd.DataFrame(columns=["group", "clients", "amount"])
    assets = cast(MoneySums, evidence["assets"]).cells if "assets" in evidence else no_money
    return Plan(clients, assets, rows)
