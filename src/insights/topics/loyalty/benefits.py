"""Services, events and rewards: who uses them, and whether users stay longer than clients like them."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.loyalty.answers import LOYALTY, TRUST
from insights.models.loyalty.benefits import Benefits, Compared, missing_for_benefits
from insights.models.loyalty.benefits import benefits as compared
from insights.models.loyalty.followed import LEFT, MONTHS
from insights.models.loyalty.invitations import NOT_KNOWN, THIRDS, thirds
from insights.models.loyalty.uses import EARNED, INVITED, REWARDS, SERVICES, USED, Use, flag
from insights.stats.effects.overlap import OverlapComparison
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.loyalty.refusals import refused

ID = "loyalty.benefits"
NAN = float("nan")
LIKE, USERS = "like", "users"
DIMS = ("group", "what", "code")
ALL = ""


@dataclass(frozen=True)
class BenefitRows:
    """``use``: group, what, code, third ("" for all; value: share of the clients who used it in the last year).

    ``effects``: group, what, code, outcome, how, value, low, high, p (adjusted). How: "like" is the difference to
    clients like the users, "users" the users' own mean (of leaving only).
    ``profile``: group, what, code, variable (value: how many sd users had more of it before).
    """

    use: pd.DataFrame
    effects: pd.DataFrame
    profile: pd.DataFrame


def benefits(bank: Bank) -> Answer | NotAvailable:
    """Tell who uses services, events and rewards, and what goes with it in the year after."""
    if missing := missing_for_benefits(bank):
        return NotAvailable(ID, missing)
    found = compared(bank)
    if found.rows.empty:
        return refused(ID, "no year of use has a year after it")
    told = [c for c in found.compared if isinstance(c.found, OverlapComparison)]
    if not told:
        return refused(ID, "too few used anything to be compared")
    evidence: dict[str, Evidence] = {
        "use": Estimates(_use(found, bank), (*DIMS, "third")),
        "effects": Estimates(_effects(told), (*DIMS, "outcome", "how")),
        "profile": Estimates(_profile(found, told), (*DIMS, "variable")),
    }
    facts = {
        "months": MONTHS,
        "uses": [(u.group, u.what, u.code) for u in found.uses],
        "outcomes": list(dict.fromkeys(c.outcome for c in found.compared)),
        "tests": len(told),
        "days": {g: [d.isoformat() for d in days] for g, days in found.days.items()},
        "missing": {name: list(needs) for name, needs in found.missing.items()},
        "same": found.same(Use(SERVICES, USED), Use(REWARDS, EARNED)) if _both(found) else False,
        "invitation": any(u.what == INVITED for u in found.uses),
        "covariates": list(found.covariates),
        "cluster": "manager" if not found.rows["cluster"].equals(found.rows["client_id"]) else "client",
    }
    return Answer(ID, ID, evidence, _rows, facts)


def _both(found: Benefits) -> bool:
    return {Use(SERVICES, USED), Use(REWARDS, EARNED)} <= set(found.uses)


def _head(use: Use) -> dict[str, str]:
    return {"group": use.group, "what": use.what, "code": use.code}


def _use(found: Benefits, bank: Bank) -> pd.DataFrame:
    """Return the share of users in the last year, of everybody and by third of the assets before it."""
    lines: list[dict[str, Any]] = []
    for use in found.uses:
        if not found.days[use.group]:
            continue
        own = found.rows[found.rows["day"] == found.days[use.group][-1]]
        used = own[flag(use)] > 0
        third = thirds(own["log2_assets"]) if "log2_assets" in own else pd.Series(NOT_KNOWN, index=own.index)
        fewest = bank.settings.disclosure.min_clients
        if len(used) - used.sum() < fewest:
            continue  # nearly everybody: what is left of the whole would be told
        parts = {name: used[third == name] for name in THIRDS}
        # With two thirds and the whole the third one is told: all of them, or none.
        if min(min(part.sum(), len(part) - part.sum()) for part in parts.values()) < fewest:
            parts = {}
        for name, inside in {ALL: used, **parts}.items():
            share = float(inside.mean())
            lines.append(_head(use) | {"third": name, "value": share, "n": len(inside), "n_events": inside.sum()})
    return _numbers(lines, "share")


def _effects(told: list[Compared]) -> pd.DataFrame:
    lines: list[dict[str, Any]] = []
    for c in told:
        found = cast(OverlapComparison, c.found)
        head = _head(c.use) | {"outcome": c.outcome}
        events = c.leavers if c.outcome == LEFT else c.users
        e = found.effect
        ends = {"value": e.value, "low": e.low, "high": e.high, "n": c.clients, "n_events": events}
        lines.append(head | ends | {"how": LIKE, "p": c.p_adjusted, "hidden": found.e_value()[1]})
        if c.outcome == LEFT:
            ends = {"value": c.mean, "n": c.users, "n_events": c.leavers_of_users}
            lines.append(head | ends | {"how": USERS, "p": NAN, "hidden": NAN})
    rows = _numbers(lines, "share")
    return rows.assign(unit=np.where(rows["outcome"].isin([LOYALTY, TRUST]), "points", "share"))


def _profile(found: Benefits, told: list[Compared]) -> pd.DataFrame:
    lines: list[dict[str, Any]] = []
    for use in found.uses:
        own = [c for c in told if c.use == use and use.code == ALL]
        if not own:
            continue
        table = cast(OverlapComparison, own[0].found).table.set_index("variable")["difference"]
        for variable in found.covariates:
            if variable in table:
                ends = {"value": float(table[variable]), "n": own[0].clients, "n_events": own[0].users}
                lines.append(_head(use) | {"variable": variable} | ends)
    return _numbers(lines, "sd")


def _numbers(lines: list[dict[str, Any]], unit: str) -> pd.DataFrame:
    rows = pd.DataFrame(lines)
    for name in ("low", "high"):
        if name not in rows:
            rows[name] = NAN
    return rows.assign(unit=unit, n=rows["n"].astype(float), n_events=rows["n_events"].astype(float))


def _rows(parts: dict[str, Evidence]) -> BenefitRows:
    return BenefitRows(*(cast(Estimates, parts[name]).rows for name in ("use", "effects", "profile")))
