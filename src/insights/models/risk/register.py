"""The register: every client with an open risk, how serious it is, why, what it may cost, and what to do next.

It holds facts of compliance (papers, profiles, suitability) and of credit, and who may lose more to markets than he
accepts. Suspicion of fraud or of a member of staff is never in it: relationship managers read it.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.risk.clients import in_force
from insights.models.risk.compliance import (
    EXPIRED,
    PAPERS,
    PROFILES,
    SOON,
    STALE,
    SUITABILITY,
    breaches,
    papers,
    profiles,
)
from insights.models.risk.credit import credit
from insights.models.risk.loans import DEFAULT, LATE, OVER, PERFORMING, TIGHT
from insights.models.risk.loans import NEEDS as LOANS
from insights.models.risk.market import NEEDS as MARKET
from insights.models.risk.market import Market, market

HIGH, MIDDLE = "high", "middle"
RISKS = ("papers", "profile", "suitability", "credit", "market")


@dataclass(frozen=True)
class _Kind:
    level: str
    reason: str
    consequence: str
    step: str
    days: int


_KINDS = {
    ("papers", EXPIRED): _Kind(HIGH, "papers_expired", "sanction", "renew_papers", 14),
    ("papers", SOON): _Kind(MIDDLE, "papers_due", "sanction", "ask_for_papers", 60),
    ("profile", STALE): _Kind(MIDDLE, "profile_stale", "sanction", "assess_anew", 90),
    ("suitability", "breach"): _Kind(HIGH, "above_tolerance", "client_loss", "talk_about_risk", 30),
    ("market", "over"): _Kind(MIDDLE, "loss_above_tolerance", "client_loss", "talk_about_risk", 60),
    ("credit", DEFAULT): _Kind(HIGH, "loan_default", "credit_loss", "work_out", 7),
    ("credit", OVER): _Kind(HIGH, "over_collateral", "credit_loss", "margin_call", 7),
    ("credit", LATE): _Kind(HIGH, "payment_late", "credit_loss", "call_about_payment", 14),
    ("credit", TIGHT): _Kind(MIDDLE, "near_collateral", "credit_loss", "review_collateral", 30),
}


def open_risks(bank: Bank) -> pd.DataFrame:
    """Return one row per client and open risk, made once per bank.

    Columns: client_id, rm_id, risk, state, level, reason, consequence, step (codes), days (until due), amount (at
    stake, currency; nan for papers). Of risks whose tables are lacking there are no rows (see ``asked``).
    """
    return once(bank, "risk_open", lambda: _made(bank))


def risk_of(reason: str) -> str:
    """Return the risk that a reason of the register belongs to."""
    return next(risk for (risk, _), kind in _KINDS.items() if kind.reason == reason)


def reasons_of(risk: str, level: str) -> tuple[str, ...]:
    """Return the reasons of the register that a risk has at a level."""
    return tuple(kind.reason for (own, _), kind in _KINDS.items() if own == risk and kind.level == level)


def credit_step(state: str) -> tuple[str, int]:
    """Return the next step for a loan in this state (code), and in how many days it is due."""
    kind = _KINDS["credit", state]
    return kind.step, kind.days


def asked(bank: Bank) -> tuple[str, ...]:
    """Return the risks that the bank's tables can tell of."""
    return once(bank, "risk_asked", lambda: _asked(bank))


def _asked(bank: Bank) -> tuple[str, ...]:
    needs = {"papers": PAPERS, "profile": PROFILES, "suitability": SUITABILITY, "credit": LOANS}
    needs["market"] = ("clients.risk_tolerance", *MARKET)
    return tuple(risk for risk in RISKS if not bank.needs(*needs[risk]))


def _made(bank: Bank) -> pd.DataFrame:
    may, parts = asked(bank), []
    if "papers" in may:
        rows = papers(bank).rows
        rows = rows[rows["state"].isin((EXPIRED, SOON))]
        parts.append(rows[["client_id", "state"]].assign(risk="papers", amount=np.nan))
    if "profile" in may:
        stale = profiles(bank)
        stale = stale[stale["state"] == STALE]
        parts.append(stale[["client_id", "state"]].assign(risk="profile", amount=np.nan))
    if "suitability" in may and (found := breaches(bank)) is not None:
        found = found[found["above"] > 0]
        parts.append(found[["client_id"]].assign(state="breach", risk="suitability", amount=found["above"]))
    if "credit" in may:
        today = credit(bank).today
        today = today[today["state"] != PERFORMING]
        parts.append(today[["client_id", "state"]].assign(risk="credit", amount=today["drawn"]))
    if "market" in may and isinstance(loss := market(bank), Market):
        rows = loss.over(bank.settings.risk.market.allowed_loss)
        rows = rows[rows["over"]]
        parts.append(rows[["client_id"]].assign(state="over", risk="market", amount=rows["amount"] * rows["loss"]))
    columns = ["client_id", "rm_id", "risk", "state", "level", "reason", "consequence", "step", "days", "amount"]
    if not parts:
        return pd.DataFrame(columns=columns)
    rows = pd.concat(parts, ignore_index=True)
    kinds = [_KINDS[key] for key in zip(rows["risk"], rows["state"], strict=True)]
    for name in ("level", "reason", "consequence", "step", "days"):
        rows[name] = [getattr(kind, name) for kind in kinds]
    rows = rows.merge(in_force(bank), on="client_id", how="left")
    return rows.sort_values(["client_id", "risk"], ignore_index=True)[columns]


def register(bank: Bank, before: pd.DataFrame | None = None) -> pd.DataFrame | None:
    """Return one row per client with an open risk, the most serious first within each manager; None without tables.

    Columns: client_id, rm_id, rank, level (the highest), change, risks, reasons, consequences, steps, owners (codes
    with commas between, the most urgent first; the wording has a warning for each reason), amount (the sum of what is
    at stake, nan where none is known), due_on (ISO date of the first step). ``before`` are the open risks of an earlier
    day: the change is "new" without one then, "worse" with a higher level or one more risk now, else "same"; "unknown"
    where no earlier day can be told.
    """
    if not asked(bank):
        return None
    rows = open_risks(bank).sort_values(["client_id", "days", "risk"])
    rows["owner"] = np.where(rows["step"] == "work_out", "workout", "manager")
    by = rows.groupby("client_id", sort=True)
    names = {"risks": "risk", "reasons": "reason", "consequences": "consequence", "steps": "step", "owners": "owner"}
    found = by.agg(rm_id=("rm_id", "first"), days=("days", "min"))
    found["amount"] = by["amount"].sum(min_count=1)
    ends = by.size().cumsum().tolist()
    for name, column in names.items():
        values = rows[column].tolist()
        found[name] = [",".join(dict.fromkeys(values[a:b])) for a, b in zip([0, *ends], ends, strict=False)]
    found["level"] = np.where((rows["level"] == HIGH).groupby(rows["client_id"]).any(), HIGH, MIDDLE)
    found["change"] = _change(rows, found.index, before)
    found["due_on"] = [(bank.as_of + timedelta(days=int(d))).isoformat() for d in found["days"]]
    found = found.reset_index().assign(number=lambda f: f["risks"].str.count(","))
    found = found.sort_values(
        ["rm_id", "level", "number", "amount", "client_id"], ascending=[True, True, False, False, True]
    )
    found["rank"] = found.groupby("rm_id", dropna=False).cumcount() + 1
    columns = ["client_id", "rm_id", "rank", "level", "change", *names, "amount", "due_on"]
    return found[columns].reset_index(drop=True)


def _change(rows: pd.DataFrame, clients: pd.Index, before: pd.DataFrame | None) -> np.ndarray:
    if before is None:
        return np.full(len(clients), "unknown", dtype=object)

    def severity(of: pd.DataFrame) -> np.ndarray:
        """Return by client the number of high risks, then of all."""
        by = of.assign(high=of["level"] == HIGH).groupby("client_id")["high"].agg(["sum", "size"])
        known = by.reindex(clients, fill_value=0)
        return np.asarray(known["sum"] * 100 + known["size"], dtype=float)

    now, then = severity(rows), severity(before)
    return np.select([then == 0, now > then], ["new", "worse"], "same").astype(object)
