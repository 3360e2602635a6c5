"""What came of the warnings that stood a year ago, by what each warns of, beside clients who were not warned."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from insights.data.months import add_months, last_complete
from insights.data.panel import spells
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.risk.clients import in_force
from insights.models.risk.compliance import STALE, breaches, papers, profiles
from insights.models.risk.credit import credit
from insights.models.risk.loans import DEFAULT, PERFORMING, loans
from insights.models.risk.market import Market, market
from insights.models.risk.register import asked
from insights.stats.results import NotEstimable

YEAR = 12
DAYS_PER_MONTH = 30.4375
PAPERS_DUE, PROFILE, SUITABILITY, MARKET, CREDIT = "papers", "profile", "suitability", "market", "credit"
KINDS = (PAPERS_DUE, PROFILE, SUITABILITY, MARKET, CREDIT)
CAME, NOT, OPEN = "came", "not", "open"


@dataclass(frozen=True)
class Warned:
    """What came, within a year after ``day``, of what the register warned of then.

    ``rows``: client_id, kind, warned (flag), outcome ("came", "not", "open": not known yet), lead (months from that
    day, or from the warning where it came later; nan). What each warns of: that papers expire without new ones
    (``PAPERS_DUE``; all that fell due in the year were warned of ``papers_days`` before); that the stated tolerance is
    not that of today (``PROFILE``: it was another one when it was asked for again; open where it was not); that the
    client complains or leaves (``SUITABILITY``); that markets take more than he accepts (``MARKET``); that the loan
    defaults (``CREDIT``). ``avoided``: client_id, kind, amount (currency): by how much the expected loss of loans that
    were watched fell (``CREDIT``), and what is no longer above the client's tolerance (``SUITABILITY``), both of
    clients to whom it did not come.
    """

    day: date
    rows: pd.DataFrame = field(repr=False)
    avoided: pd.DataFrame = field(repr=False)


def warned(bank: Bank) -> Warned | NotEstimable:
    """Return what came of the warnings of a year ago, made once per bank; check ``register.asked`` first.

    Warnings are those of today's rules on what was known then. NotEstimable for a part of a bank, and where nobody was
    a client a year ago.
    """
    return once(bank, "risk_warned", lambda: _made(bank), on_disk=True)


def _made(bank: Bank) -> Warned | NotEstimable:
    if bank.part is not None:
        return NotEstimable("the register of a part is not looked back on")
    day = add_months(bank.as_of, -YEAR)
    with Bank(bank.settings, day, bank.processed) as then:
        may = set(asked(then)) & set(asked(bank))
        if not len(in_force(then)) or not may:
            return NotEstimable("nobody was a client a year ago")
        parts, avoided = [], []
        if "papers" in may:
            parts.append(_papers(bank, then))
        if "profile" in may:
            parts.append(_profiles(bank, then))
        if "suitability" in may and (was := breaches(then)) is not None:
            left = _left_or_complained(bank, day)
            told = _dated(was[["client_id"]].assign(warned=was["above"] > 0), left, day).assign(kind=SUITABILITY)
            parts.append(told)
            avoided.append(_taken_back(bank, was, told))
        if "market" in may and isinstance(found := market(then), Market):
            parts.append(_lost(bank, then, found))
        if "credit" in may:
            told = _defaulted(bank, then)
            parts.append(told)
            avoided.append(_less_expected(bank, then, told))
    columns = ["client_id", "kind", "warned", "outcome", "lead"]
    none = pd.DataFrame({"client_id": [], "kind": [], "amount": []})
    kept = [part for part in avoided if len(part)]
    rows = pd.concat([part[columns] for part in parts], ignore_index=True)
    return Warned(day, rows, pd.concat(kept, ignore_index=True) if kept else none)


def _papers(bank: Bank, then: Bank) -> pd.DataFrame:
    """Return the papers that fell due since, and whether they are expired today."""
    rows = papers(then).rows
    day, today = pd.Timestamp(then.as_of), pd.Timestamp(bank.as_of)
    rows = rows[(rows["expires_on"] > day) & (rows["expires_on"] <= today)]
    now = bank.table("clients").select("client_id", "kyc_expires_on").execute().set_index("client_id")["kyc_expires_on"]
    expired = pd.to_datetime(now.reindex(rows["client_id"])).to_numpy() <= today.to_datetime64()
    came = expired & rows["client_id"].isin(in_force(bank)["client_id"]).to_numpy()
    ahead = np.minimum((rows["expires_on"] - day).dt.days.to_numpy(float), bank.settings.risk.papers_days)
    told = rows[["client_id"]].assign(kind=PAPERS_DUE, warned=True, outcome=np.where(came, CAME, NOT))
    return told.assign(lead=np.where(came, ahead / DAYS_PER_MONTH, np.nan))


def _profiles(bank: Bank, then: Bank) -> pd.DataFrame:
    """Return the profiles that were stale or not, and whether the tolerance was another when it was asked for again."""
    table = bank.table("client_history")
    told = table.filter(table.risk_tolerance.notnull(), table.valid_from <= bank.as_of)
    history = told.select("client_id", "valid_from", "risk_tolerance").execute()
    history["valid_from"] = pd.to_datetime(history["valid_from"])
    history = history.sort_values(["client_id", "valid_from"], kind="stable")
    day = pd.Timestamp(then.as_of)
    before = history[history["valid_from"] <= day].groupby("client_id")["risk_tolerance"].last()
    after = history[history["valid_from"] > day].groupby("client_id").first()
    rows = profiles(then)
    rows = rows[rows["client_id"].isin(before.index)]
    old = before.reindex(rows["client_id"]).to_numpy(float)
    new = after["risk_tolerance"].reindex(rows["client_id"]).to_numpy(float)
    outcome = np.select([np.isnan(new), new != old], [OPEN, CAME], NOT)
    stale = (rows["state"] == STALE).to_numpy()
    return rows[["client_id"]].assign(kind=PROFILE, warned=stale, outcome=outcome, lead=np.nan)


def _left_or_complained(bank: Bank, day: date) -> pd.Series:
    """Return by client the first day after ``day`` on which he complained or left."""
    told = spells(bank).select("client_id", day="left_on").execute()
    parts = [told]
    if not bank.needs("complaints.filed_on"):
        parts.append(bank.table("complaints").select("client_id", day="filed_on").execute())
    rows = pd.concat([p.assign(day=pd.to_datetime(p["day"])) for p in parts], ignore_index=True)
    return rows[rows["day"] > pd.Timestamp(day)].groupby("client_id")["day"].min()


def _dated(rows: pd.DataFrame, event: pd.Series, day: date) -> pd.DataFrame:
    when = event.reindex(rows["client_id"])
    lead = (when - pd.Timestamp(day)).dt.days.to_numpy(float) / DAYS_PER_MONTH
    return rows.assign(outcome=np.where(when.notna().to_numpy(), CAME, NOT), lead=lead)


def _taken_back(bank: Bank, was: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    now = breaches(bank)
    above = None if now is None else now.set_index("client_id")["above"].reindex(was["client_id"]).to_numpy(float)
    less = np.zeros(len(was)) if above is None else np.nan_to_num(was["above"].to_numpy(float) - above)
    less = np.where((told["outcome"] == NOT).to_numpy(), np.maximum(less, 0.0), 0.0)
    rows = was[["client_id"]].assign(kind=SUITABILITY, amount=less)
    return rows[rows["amount"] > 0]


def _lost(bank: Bank, then: Bank, found: Market) -> pd.DataFrame:
    """Return who might have lost more to markets than he accepts, and who did, at any month's end of the year."""
    allowed = np.asarray(bank.settings.risk.market.allowed_loss)
    rows = found.over(bank.settings.risk.market.allowed_loss)
    first, last = last_complete(then.as_of), last_complete(bank.as_of)
    table = bank.table("balances")
    number = table.month.year() * 12 + table.month.month() - 1
    told = table.filter(number > first, number <= last)
    sums = told.group_by("client_id", month=number).agg(change=told.market_change.sum().cast("float64")).execute()
    wide = sums.pivot_table(index="client_id", columns="month", values="change", aggfunc="sum")
    wide = wide.reindex(index=rows["client_id"], columns=np.arange(first + 1, last + 1))
    lost = -np.nan_to_num(wide.to_numpy(float)).cumsum(axis=1)
    over = lost > (allowed[rows["stated"].to_numpy(np.int64) - 1] * rows["amount"].to_numpy(float))[:, None]
    came = over.any(axis=1)
    lead = np.where(came, over.argmax(axis=1) + 1.0, np.nan)
    told = rows[["client_id"]].assign(kind=MARKET, warned=rows["over"].to_numpy(bool))
    return told.assign(outcome=np.where(came, CAME, NOT), lead=lead)


def _defaulted(bank: Bank, then: Bank) -> pd.DataFrame:
    """Return the loans that performed then, watched or not, and which defaulted within the year."""
    was, now = loans(then), loans(bank)
    rows = was.rows[(was.rows["month"] == was.last) & was.rows["performing"] & (was.rows["drawn"] > 0)]
    default = now.rows.groupby("client_id")["default"].min().reindex(rows["client_id"]).to_numpy(float)
    lead = default - was.last
    came = (lead > 0) & (lead <= YEAR)
    outcome = np.where(came, CAME, NOT if now.defaults_recorded else OPEN)
    told = rows[["client_id"]].assign(kind=CREDIT, warned=rows["watched"].to_numpy(bool), outcome=outcome)
    return told.assign(lead=np.where(came, lead, np.nan))


def _less_expected(bank: Bank, then: Bank, told: pd.DataFrame) -> pd.DataFrame:
    was, now = credit(then).today, credit(bank).today
    was = was[~was["state"].isin((PERFORMING, DEFAULT))]
    fine = set(told.loc[told["outcome"] == NOT, "client_id"])
    was = was[was["client_id"].isin(fine)]
    left = now.set_index("client_id")["loss"].reindex(was["client_id"]).fillna(0.0).to_numpy(float)
    rows = was[["client_id"]].assign(kind=CREDIT, amount=np.maximum(np.nan_to_num(was["loss"]) - left, 0.0))
    return rows[rows["amount"] > 0]
