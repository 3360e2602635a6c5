"""Services, events and rewards: who used them in a year, and what he did in the year after beside those like him.

At every landmark (a month end, twelve months apart) those who were with the bank for the whole year before are told
apart by what they used in it. What they are compared on was known before that year began, so nothing in it was moved
by the use; what is compared with came after the landmark, so nobody had to stay in order to count as a user.
"""

from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.before import features_before
from insights.models.cache import once
from insights.models.loyalty.answers import LOYALTY, TRUST, answers, clusters, missing_for_answers
from insights.models.loyalty.followed import LEFT, MONEY, MONTHS, NEW, follow
from insights.models.loyalty.invitations import managers_on
from insights.models.loyalty.uses import (
    NEEDS,
    Use,
    flag,
    flags,
    landmarks,
    last_landmark,
    used_rows,
    uses_of,
    with_the_bank,
)
from insights.stats.effects.overlap import OverlapComparison, overlap_comparison
from insights.stats.multiplicity import benjamini_hochberg
from insights.stats.results import NotEstimable

OUTCOMES = (LEFT, MONEY, NEW, LOYALTY, TRUST)
BEFORE = "loyalty_before"
"""Stated loyalty as last answered in the year before the year of use; its mean where there is none."""
ASKED = "answered_before"
FEWEST_LEAVERS, FEWEST_OF_USERS = 50, 10
SAME = 0.95
"""From so much overlap on two uses are the same people."""


@dataclass(frozen=True)
class Compared:
    """Users against clients like them who used nothing of the group, for one outcome (users' ``mean``) of the year."""

    use: Use
    outcome: str
    found: OverlapComparison | NotEstimable
    mean: float
    clients: int
    users: int
    leavers: int
    leavers_of_users: int
    p_adjusted: float = float("nan")


@dataclass(frozen=True)
class Benefits:
    """What was used and what followed.

    ``rows``: one per client and landmark: client_id, day, features before the year, one flag per use
    (column ``flag(use)``) and the outcomes, nan where not known. ``uses`` in their order; ``covariates`` are the
    columns compared on; ``days`` the landmarks of every group; ``missing`` what a group or an outcome would need.
    """

    rows: pd.DataFrame = field(repr=False)
    uses: tuple[Use, ...]
    covariates: tuple[str, ...]
    days: dict[str, tuple[date, ...]]
    compared: tuple[Compared, ...]
    missing: dict[str, tuple[str, ...]]

    def same(self, first: Use, second: Use) -> bool:
        """Return whether two uses are all but the same clients in the same years: nothing can tell them apart."""
        a, b = (self.rows[flag(u)].fillna(0).to_numpy(float) > 0 for u in (first, second))
        either = (a | b).sum()
        return bool(either and (a & b).sum() >= SAME * either)


def missing_for_benefits(bank: Bank) -> tuple[str, ...]:
    """Return what the bank would have to deliver for any of the three groups."""
    lacking = list(bank.needs("clients.joined_on", "clients.left_on"))
    if not bank.window_from:
        lacking.append("[window] complete_from")
    if lacking:
        return tuple(lacking)
    needs = [bank.needs(*own) for own in NEEDS.values()]
    return () if not all(needs) else tuple(dict.fromkeys(n for own in needs for n in own))


def benefits(bank: Bank) -> Benefits:
    """Return the comparison, made once per bank; ask ``missing_for_benefits`` first."""
    return once(bank, "loyalty_benefits", lambda: _made(bank))


def _made(bank: Bank) -> Benefits:
    missing = {group: own for group, needs in NEEDS.items() if (own := bank.needs(*needs))}
    used = {group: used_rows(bank, group).execute() for group in NEEDS if group not in missing}
    last = last_landmark(bank)
    days = {group: landmarks(bank, rows, last) for group, rows in used.items()}
    every = sorted({day for own in days.values() for day in own})
    rows = with_the_bank(bank, every)
    uses: list[Use] = []
    for group, told in used.items():
        told["at"] = pd.to_datetime(told["at"])
        known = rows["day"].isin(days[group])
        for use, users in uses_of(group, told):
            rows[flag(use)] = flags(rows, users).where(known)
            uses.append(use)
    if rows.empty:
        return Benefits(rows, tuple(uses), (), days, (), missing)
    rows, covariates = _features(bank, rows)
    later = follow(bank, rows[["client_id", "day"]])
    rows = rows.join(later.rows)
    missing |= {o: needs for o, needs in later.missing.items() if o in OUTCOMES}
    if not missing_for_answers(bank):
        for score in (LOYALTY, TRUST):
            if score in answers(bank).answers:
                rows[score] = stated_after(bank, rows, score)
    return compare(rows, tuple(uses), covariates, days, missing)


def compare(
    rows: pd.DataFrame,
    uses: tuple[Use, ...],
    covariates: tuple[str, ...],
    days: dict[str, tuple[date, ...]],
    missing: dict[str, tuple[str, ...]],
) -> Benefits:
    """Compare the users of each use with those who used nothing of its group, for every outcome that is there."""
    years = pd.get_dummies(rows["day"].astype(str), dtype=float)
    known = pd.concat([rows[list(covariates)].astype(float), years], axis=1)
    told = [
        _compared(rows, use, [u for u in uses if u.group == use.group], known, tuple(map(str, years.columns)), outcome)
        for use in uses
        for outcome in OUTCOMES
        if outcome in rows
    ]
    # One family: whatever was looked at could have been reported.
    p = [t.found.p_value() if isinstance(t.found, OverlapComparison) else np.nan for t in told]
    told = [replace(t, p_adjusted=float(a)) for t, a in zip(told, benjamini_hochberg(np.array(p)), strict=True)]
    return Benefits(rows, uses, covariates, days, tuple(told), missing)


def _compared(
    rows: pd.DataFrame, use: Use, group: list[Use], known: pd.DataFrame, years: tuple[str, ...], outcome: str
) -> Compared:
    """Compare for one use and outcome; ``known`` is what clients are compared on, with a flag for each of ``years``."""
    uses = rows[flag(use)] > 0
    nothing = rows[[flag(u) for u in group]].fillna(0).sum(axis=1) == 0
    compared = rows[flag(use)].notna() & rows[outcome].notna() & (uses | nothing)
    own = rows[compared]
    treated = (own[flag(use)] > 0).to_numpy(bool)
    y = own[outcome].to_numpy(float)
    leavers = int(own.loc[own[outcome] > 0, "client_id"].nunique()) if outcome == LEFT else 0
    mean = float(y[treated].mean()) if treated.any() else float("nan")
    of_users = int(own.loc[treated & (y > 0), "client_id"].nunique()) if outcome == LEFT else 0
    found: OverlapComparison | NotEstimable
    if outcome == LEFT and (leavers < FEWEST_LEAVERS or of_users < FEWEST_OF_USERS):
        found = NotEstimable(f"{leavers} left, {of_users} of the users; {FEWEST_LEAVERS} and {FEWEST_OF_USERS} needed")
    else:
        design = known[compared]
        # The first year is what the others are compared with.
        first = next((year for year in years if design[year].any()), "")
        design = design.loc[:, (design.max() > design.min()) & (design.columns != first)]
        found = overlap_comparison(y, treated, design, cluster=own["cluster"], unit="share")
    users = int(own.loc[treated, "client_id"].nunique())
    return Compared(use, outcome, found, mean, int(own["client_id"].nunique()), users, leavers, of_users)


def _features(bank: Bank, rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Add what was known before the year of use began, and the cluster: the first manager, else the client."""
    known = features_before(bank, rows[["client_id", "joined_on"]].assign(day=rows["opens"]))
    if not missing_for_answers(bank):
        known[BEFORE] = _loyalty_before(bank, rows)
        known[ASKED] = known[BEFORE].notna().astype(float)
    known = known.loc[:, known.notna().any() & (known.nunique() > 1)]
    known = known.fillna(known.mean())
    known.index = rows.index
    rows = rows.join(known)
    if bank.has("client_history", "rm_id") or bank.has("clients", "rm_id"):
        # The first manager of all his years: one client is in one cluster, whoever looked after him later.
        told = managers_on(bank, pd.DataFrame({"client_id": rows["client_id"], "day": rows["opens"]}))
        rows["manager"] = told["manager"].to_numpy(object)
        rows["manager"] = rows.groupby("client_id")["manager"].transform("first")
    rows["cluster"], _ = clusters(rows)
    return rows, tuple(str(c) for c in known.columns)


def _loyalty_before(bank: Bank, rows: pd.DataFrame) -> pd.Series:
    told = answers(bank).answers[["client_id", "answered_on", LOYALTY]].dropna()
    both = rows[["client_id", "opens"]].assign(row=np.arange(len(rows))).merge(told, on="client_id")
    back = both["opens"] - pd.DateOffset(months=MONTHS)
    both = both[(both["answered_on"] < both["opens"]) & (both["answered_on"] >= back)]
    last = both.sort_values("answered_on", kind="stable").groupby("row")[LOYALTY].last()
    return last.reindex(range(len(rows))).astype(float)


def stated_after(bank: Bank, rows: pd.DataFrame, score: str) -> pd.Series:
    """Return the mean of a score that each row's client (client_id, day) stated in the year after; nan for none."""
    told = answers(bank).answers[["client_id", "answered_on", score]].dropna()
    both = rows[["client_id", "day"]].assign(row=np.arange(len(rows))).merge(told, on="client_id")
    start = pd.to_datetime(both["day"])
    both = both[(both["answered_on"] > start) & (both["answered_on"] <= start + pd.DateOffset(months=MONTHS))]
    found = both.groupby("row")[score].mean().reindex(range(len(rows)))
    return pd.Series(found.to_numpy(float), index=rows.index)
