"""Whom to talk to first: every manager's clients in the order of what a talk is worth, as many as he has time for.

Where an experiment shows what the programme does, clients who are not in it are ranked by its effect on them times what
they are worth, less what the contact costs. Where none does, and for those already in it, by risk times assets.
"""

from dataclasses import dataclass

import ibis
import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.months import add_months, first_of_month
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.exits.fit import MANAGER
from insights.models.exits.hazards import OUTFLOW, fit_exit_hazards
from insights.models.exits.reasons import risk_reasons
from insights.models.exits.risk import ANY, HORIZONS
from insights.models.exits.use import risks_in_use
from insights.models.gains import ClientGains, client_gains
from insights.models.trial import treated_clients, trial
from insights.stats.hazard import HazardModel
from insights.topics.lifecycle.keepable import fall_in_proportion, shown_ratio
from insights.topics.lifecycle.retention import missing_for_trial

BY_CLIENT, IN_PROPORTION, BY_RISK = "by_client", "in_proportion", "by_risk"
"""What the ranking rests on: the learner's effect on each client; one relative effect for all; no experiment."""

HORIZON = 12
RISK = "risk_"
"""Before the names of risks: a feature may have the same name as a risk."""
NO_MANAGER = "(no manager)"
NOTHING_TO_RANK = "nothing_to_rank"

SETTLE, ASK_MONEY, ASK_BETTER, CALL, UNSEEN, TOGETHER, PERSONAL = (
    "settle_complaint", "ask_about_money", "ask_what_is_missing", "call", "call_unseen", "visit_together", "review",
)  # fmt: skip
"""Codes of what is suggested; ``reports`` has the words."""

STEPS = {
    "complaint_6m": SETTLE,
    "outflow_12m": ASK_MONEY,
    "net_share_3m": ASK_MONEY,
    "satisfaction": ASK_BETTER,
    "recommendation": ASK_BETTER,
    "log2_contacts_6m": CALL,
    "online_3m": UNSEEN,
    "manager_decades": TOGETHER,
    MANAGER: TOGETHER,
}


@dataclass(frozen=True)
class Contacts:
    """All clients in force, ranked within their manager.

    ``rows``: client_id, rm_id, rank (within the manager; nan where a talk is worth nothing), listed (within his
    capacity), in_programme, assets, income (of the last twelve months; nan where not delivered), risk columns
    ``risk_<reason>_<h>m``, average and risk (of leaving for the main reason within twelve months), a column for every
    feature (fractions that add up to risk - average), effect (fall of the probability of leaving; nan where not known),
    gain (currency; nan), assets_at_risk (risk x assets). ``months`` is the horizon of the effect.
    """

    rows: pd.DataFrame
    features: tuple[str, ...]
    basis: str
    main: str
    months: int
    by_income: bool


def contacts(bank: Bank) -> Contacts | str:
    """Return the ranking, made once per bank; a code where there is none (no model of leaving tells clients apart)."""
    return once(bank, "contacts", lambda: _contacts(bank))


def contact_list(bank: Bank) -> pd.DataFrame | None:
    """Return the restricted list, for every manager the clients to talk to first; None where there is no ranking.

    Risks are in per cent, reasons in percentage points: ``because_<feature>`` add up to ``risk_pct`` - ``average_pct``.
    Money is in the reporting currency. ``suggested_step`` is a code of ``STEPS`` (or "review"), ``offer_programme``
    whether the retention programme should be offered. No words: the list is written in the bank's language.
    """
    found = contacts(bank)
    if isinstance(found, str):
        return None
    rows = found.rows[found.rows["listed"]].sort_values(["rm_id", "rank"])
    told = pd.DataFrame({"client_id": rows["client_id"], "rm_id": rows["rm_id"], "rank": rows["rank"].astype(int)})
    told["suggested_step"] = _steps(found, rows)
    told["offer_programme"] = (rows["gain"] > 0) & (found.basis != BY_RISK)
    told["assets_at_risk"] = rows["assets_at_risk"].round(0)
    told["assets"] = rows["assets"].round(0)
    told["income_12m"] = rows["income"].round(0)
    told["expected_gain"] = rows["gain"].round(2)
    told["effect_pct"] = (100 * rows["effect"]).round(2)
    told["in_programme"] = rows["in_programme"]
    for name in (c for c in rows.columns if c.startswith(RISK)):
        told[f"{name}_pct"] = (100 * rows[name]).round(2)
    told["average_pct"], told["risk_pct"] = (100 * rows["average"]).round(2), (100 * rows["risk"]).round(2)
    points = _summing(
        (100 * rows[list(found.features)]).to_numpy(), (told["risk_pct"] - told["average_pct"]).to_numpy()
    )
    for k, name in enumerate(found.features):
        told[f"because_{name}"] = points[:, k]
    return told.reset_index(drop=True)


def _contacts(bank: Bank) -> Contacts | str:
    hazards = fit_exit_hazards(bank)
    if hazards.main is None or not isinstance(hazards.models[hazards.main].model, HazardModel):
        return NOTHING_TO_RANK
    risks, reasons = risks_in_use(bank), risk_reasons(bank)
    if risks.empty:
        return NOTHING_TO_RANK
    features = tuple(c for c in reasons.columns if c not in ("client_id", "average", "risk"))
    names = [f"{cause}_{h}m" for h in HORIZONS for cause in (*hazards.models, ANY, OUTFLOW)]
    shown = {n: f"{RISK}{n}" for n in names if risks[n].notna().any()}
    rows = risks[["client_id", *shown]].rename(columns=shown).merge(reasons, on="client_id")
    head = risks[["client_id", "manager", "assets_before"]].rename(
        columns={"manager": "rm_id", "assets_before": "assets"}
    )
    rows = head.merge(rows, on="client_id", validate="one_to_one")
    rows["rm_id"] = rows["rm_id"].fillna(NO_MANAGER)
    rows["assets"] = rows["assets"].clip(lower=0)
    rows["income"] = _income(bank, rows)
    rows["assets_at_risk"] = rows["risk"] * rows["assets"]
    has_trial = not missing_for_trial(bank) and not isinstance(trial(bank), str)
    inside = rows["client_id"].isin(treated_clients(bank)) if has_trial else pd.Series(False, index=rows.index)
    effect, basis, months = _effect(bank, rows) if has_trial else (np.full(len(rows), np.nan), BY_RISK, HORIZON)
    by_income = bool(rows["income"].notna().any())
    value = rows["income"].clip(lower=0) if by_income else rows["assets"]
    # What the experiment tells is what the programme does to who is not in it yet.
    rows["in_programme"], rows["effect"] = inside, np.where(inside, np.nan, effect)
    cost = bank.settings.lifecycle.cost_per_contact if by_income else 0.0
    rows["gain"] = rows["effect"] * value - cost
    rows["rank"] = _rank(rows, with_effect=basis != BY_RISK)
    rows["listed"] = rows["rank"] <= bank.settings.lifecycle.contacts_per_manager
    return Contacts(rows, features, basis, hazards.main, months, by_income)


def _income(bank: Bank, rows: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return what each client brought in over the last twelve months, costs taken off; nan where not delivered."""
    if bank.needs("revenue.amount", "revenue.month"):
        return np.full(len(rows), np.nan)
    revenue = bank.table("revenue")
    since = ibis.literal(add_months(first_of_month(bank.as_of), -11))
    sums = revenue.filter(revenue.month >= since).group_by("client_id").agg(income=revenue.amount.sum().cast("float64"))
    told = sums.execute().set_index("client_id")["income"]
    return rows["client_id"].map(told).fillna(0.0).to_numpy(float)


def _effect(bank: Bank, rows: pd.DataFrame) -> tuple[npt.NDArray[np.float64], str, int]:
    """Return by how much the programme lowers each client's probability of leaving, on what basis, within how long."""
    nothing = np.full(len(rows), np.nan), BY_RISK, HORIZON
    found = trial(bank)
    if isinstance(found, str):
        return nothing
    gains = client_gains(bank)
    if isinstance(gains, ClientGains) and gains.gains.differs:
        asked = rows[["client_id"]].merge(_joined(bank), on="client_id", how="left").assign(day=bank.as_of)
        return -gains.predict(bank, asked), BY_CLIENT, gains.months
    ratio = shown_ratio(bank)
    if ratio is None:
        return nothing
    return fall_in_proportion(rows["risk"].to_numpy(float), ratio.value), IN_PROPORTION, HORIZON


def _joined(bank: Bank) -> pd.DataFrame:
    clients = bank.table("clients")
    return clients.select("client_id", "joined_on").execute()


def _rank(rows: pd.DataFrame, *, with_effect: bool) -> pd.Series:
    """Rank within each manager: those with a gain above 0 by it, after them by risk x assets who is in the programme.

    Whoever is not in it and would bring less than the contact costs has no rank.
    """
    first = rows["gain"] > 0 if with_effect else pd.Series(False, index=rows.index)
    then = rows["in_programme"] if with_effect else pd.Series(True, index=rows.index)
    then = then & (rows["assets_at_risk"] > 0)
    order = np.lexsort(
        (rows["client_id"], -rows["assets_at_risk"].fillna(0), -rows["gain"].where(first, 0).fillna(0), ~first)
    )
    ranked = rows.iloc[order]
    ranked = ranked[(first | then).iloc[order].to_numpy()]
    return (ranked.groupby("rm_id").cumcount() + 1).reindex(rows.index).astype(float)


def _steps(found: Contacts, rows: pd.DataFrame) -> list[str]:
    """Return what speaks to the strongest reason to leave to which something can be said."""
    steps = []
    for own in rows[list(found.features)].to_numpy():
        at = [k for k in np.argsort(-own, kind="stable") if own[k] > 0 and found.features[k] in STEPS]
        steps.append(STEPS[found.features[at[0]]] if at else PERSONAL)
    return steps


def _summing(points: npt.NDArray[np.float64], total: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Round to hundredths such that each row adds up to its total: what rounding leaves goes where the most is."""
    rounded = np.round(points, 2)
    largest = np.abs(points).argmax(axis=1)
    at = np.arange(len(points))
    rounded[at, largest] += np.round(total - rounded.sum(axis=1), 2)
    return np.round(rounded, 2)
