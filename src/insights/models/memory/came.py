"""What came of the needs, the value and the warnings that past runs told: each as its run wrote it down."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from insights.data.months import add_months, last_complete
from insights.data.panel import spells
from insights.data.snapshot import Bank
from insights.models.memory.foretold import AHEAD, ALERT, MARGIN, NEED, last_month
from insights.models.memory.scored import Scored, score
from insights.models.memory.store import Memory
from insights.models.needs.rows import STEP, missing, need_rows
from insights.models.risk.loans import NEEDS as LOANS
from insights.models.risk.loans import loans
from insights.models.risk.register import asked, open_risks, risk_of
from insights.models.value.margins import MARGIN as IN_MARGINS
from insights.models.value.margins import client_margins
from insights.stats.inputs import Floats
from insights.stats.resampling import Replicates, bootstrap
from insights.stats.results import NotEstimable

SEED, REPLICATES, AT_ONCE = "what came", 400, 50
TOP = 0.1
SETTLED_AFTER, FOLLOWED_WITHIN = 3, 12
"""Months that a warning has to be settled, and within which what it warned of counts as having followed."""
CREDIT = ("payment_late", "over_collateral", "near_collateral")
FOLLOWED = {"suitability": ("above_tolerance",), "credit": CREDIT}
"""Warnings by what they warn of: that the client leaves, that the loan defaults."""
NOTHING_DUE = NotEstimable("no prediction of an earlier run is old enough to be scored")


def came_of_needs(bank: Bank, memories: Sequence[Memory]) -> Scored | NotEstimable:
    """Score the first purchases that past runs foretold within three months, over categories and runs.

    ``frame``: day, client_id, kind (category), risk, time, came. Clients are told apart within each run and category.
    Who is no longer in the data, and categories that are no longer delivered, are left out.
    """
    memories = [m for m in memories if _due(m, STEP) <= bank.as_of]
    if not memories or missing(bank):
        return NOTHING_DUE
    rows = need_rows(bank)
    if rows is None:
        return NotEstimable("nobody holds a product")
    here = _number(last_month(rows))
    place = pd.Index(rows.months.client_id.astype(str))
    kinds = {NEED + name: k for k, name in enumerate(rows.products.categories)}
    parts = []
    for memory in memories:
        told = _of(memory, lambda t: t.isin(list(kinds)))
        if told.empty:
            continue
        column = rows.last - (here - _number(pd.Timestamp(str(told["since"].iloc[0]))))
        if column < 0 or column + STEP > rows.last:
            continue
        client = place.get_indexer(pd.Index(told["client_id"]))
        told, client = told[client >= 0], client[client >= 0]
        kind = told["target"].map(kinds).to_numpy(np.int64)
        came = rows.came(column, STEP)[client, kind]
        head = {"day": memory.as_of, "client_id": told["client_id"], "kind": told["target"].str.removeprefix(NEED)}
        parts.append(
            pd.DataFrame(head | {"risk": told["value"], "time": np.where(came, STEP, STEP + 1.0), "came": came})
        )
    if not parts:
        return NOTHING_DUE
    frame = pd.concat(parts, ignore_index=True)
    strata = frame["day"] + " " + frame["kind"]
    by_day = {str(d): score(f, STEP, f["kind"]) for d, f in frame.groupby("day")}
    return Scored(STEP, frame, score(frame, STEP, strata), by_day)


@dataclass(frozen=True)
class Brought:
    """What clients were expected to bring beside what they brought, over all past runs that are ``months`` old.

    ``frame``: day, client_id, foretold, came, top (whether he was among the tenth of whom most was foretold).
    ``ratio``: parts (all, then the days in order) of what came over what was foretold; ``share``: of what came, the
    part that the tenth of whom most was foretold brought (all).
    """

    months: int
    frame: pd.DataFrame = field(repr=False)
    days: tuple[str, ...]
    ratio: Replicates = field(repr=False)
    share: Replicates = field(repr=False)


def came_of_value(bank: Bank, memories: Sequence[Memory]) -> Brought | NotEstimable:
    """Set what past runs foretold that clients bring beside what they brought, the longest horizon that is due.

    Whoever left since brings nothing from then on, as was foretold with its chance.
    """
    memories = [m for m in memories if _due(m, min(AHEAD)) <= bank.as_of]
    found = client_margins(bank) if memories else None
    if found is None or found.basis != IN_MARGINS:
        return NOTHING_DUE
    late = 1 if bank.settings.window.reporting_delay_days else 0
    opens = _number(found.months.opens)
    last = min(last_complete(bank.as_of) - late - opens, found.months.count - 1)
    brought, place = found.margin, pd.Index(found.months.client_id.astype(str))
    for months in sorted(AHEAD, reverse=True):
        parts = []
        for memory in memories:
            told = _of(memory, lambda t: t == MARGIN)
            told = told[told["months"] == months]
            if told.empty:
                continue
            start = _number(pd.Timestamp(str(told["since"].iloc[0]))) - opens
            if start < 0 or start + months > last:
                continue
            client = place.get_indexer(pd.Index(told["client_id"]))
            told, client = told[client >= 0], client[client >= 0]
            came = brought[client, start + 1 : start + 1 + months].sum(axis=1)
            foretold = told["value"].to_numpy(float)
            top = foretold >= np.quantile(foretold, 1 - TOP) if len(foretold) else np.zeros(0, dtype=bool)
            own = {"day": memory.as_of, "client_id": told["client_id"], "foretold": foretold, "came": came, "top": top}
            parts.append(pd.DataFrame(own))
        if parts:
            return _brought(months, pd.concat(parts, ignore_index=True))
    return NOTHING_DUE


def _brought(months: int, frame: pd.DataFrame) -> Brought:
    days = tuple(sorted(frame["day"].unique()))
    came, foretold = frame["came"].to_numpy(float), frame["foretold"].to_numpy(float)
    inside = np.stack([np.ones(len(frame)), *((frame["day"] == d).to_numpy(float) for d in days)], axis=1)
    ratio = _ratios(frame["client_id"], came[:, None] * inside, foretold[:, None] * inside)
    share = _ratios(frame["client_id"], (came * frame["top"].to_numpy(float))[:, None], came[:, None])
    return Brought(months, frame, days, ratio, share)


def _ratios(client: pd.Series, tops: Floats, bottoms: Floats) -> Replicates:
    """Return ratios of sums (m) with their replicates, clients drawn as a whole."""
    unit, units = pd.factorize(client)
    size = (len(units), tops.shape[1])
    above, below = np.zeros(size), np.zeros(size)
    np.add.at(above, unit, tops)
    np.add.at(below, unit, bottoms)

    def ratios(weights: Floats) -> Floats:
        down = weights @ below
        return np.divide(weights @ above, down, out=np.full_like(down, np.nan), where=down > 0)

    return bootstrap(ratios, pd.Series(units), seed=SEED, replicates=REPLICATES, at_once=AT_ONCE)


@dataclass(frozen=True)
class Warned:
    """What became of the warnings of a past run.

    ``settled``: client_id, risk, outcome ("settled", "open"), of the run ``settled_day``; ``followed``: client_id,
    risk, warned ("warned", "others"), outcome ("followed", "not"), of the run ``followed_day`` (None: none is due).
    """

    settled: pd.DataFrame
    followed: pd.DataFrame | None
    settled_day: str = ""
    followed_day: str = ""


def came_of_warnings(bank: Bank, memories: Sequence[Memory]) -> Warned | NotEstimable:
    """Return what became of the warnings of the latest run that is old enough, a client counting once for each risk.

    A warning is settled when the register no longer holds that risk of that client, be it for the same reason or
    another; it holds clients in force, so whoever left counts as settled. What followed is compared with the clients of
    that day who were not warned of the same risk. Runs are not put together: one client may not stand for many.
    """
    memories = [m for m in memories if _due(m, SETTLED_AFTER) <= bank.as_of]
    if not memories or not asked(bank):
        return NOTHING_DUE
    raised = [(m, told) for m in memories if len(told := _of(m, lambda t: t.str.startswith(ALERT)))]
    if not raised:
        return NOTHING_DUE
    one = raised[0]
    other = next(((m, t) for m, t in raised if _due(m, FOLLOWED_WITHIN) <= bank.as_of), None)
    settled = _settled(bank, one[1])
    followed = None if other is None else _followed(bank, date.fromisoformat(other[0].as_of), other[1])
    return Warned(settled, followed, one[0].as_of, "" if other is None or followed is None else other[0].as_of)


def _settled(bank: Bank, told: pd.DataFrame) -> pd.DataFrame:
    now = open_risks(bank)
    still = set(zip(now["client_id"].astype(str), now["risk"].astype(str), strict=True))
    there = set(spells(bank).select("client_id").distinct().execute()["client_id"].astype(str))
    own = told[told["client_id"].isin(there)]
    risk = own["target"].str.removeprefix(ALERT).map(risk_of)
    pairs = sorted(set(zip(own["client_id"], risk, strict=True)))
    is_open = [pair in still for pair in pairs]
    client, risks = ([pair[k] for pair in pairs] for k in (0, 1))
    return pd.DataFrame({"client_id": client, "risk": risks, "outcome": np.where(is_open, "open", "settled")})


def _followed(bank: Bank, day: date, told: pd.DataFrame) -> pd.DataFrame | None:
    until = add_months(day, FOLLOWED_WITHIN)
    parts = []
    for risk, reasons in FOLLOWED.items():
        warned = set(told.loc[told["target"].isin([ALERT + r for r in reasons]), "client_id"])
        ends = _ends(bank, day) if risk == "suitability" else _defaults(bank, day)
        if ends is None or not warned:
            continue
        sides = np.where(ends.index.isin(warned), "warned", "others")
        outcome = np.where(ends <= pd.Timestamp(until), "followed", "not")
        own = {"client_id": ends.index.to_numpy(), "risk": risk, "warned": sides, "outcome": outcome}
        parts.append(pd.DataFrame(own))
    return pd.concat(parts, ignore_index=True) if parts else None


def _ends(bank: Bank, day: date) -> pd.Series:
    """Return by client in force on a day when he left for good (NaT: he is there)."""
    rows = spells(bank).select("client_id", "joined_on", "left_on").execute()
    joined, left = (pd.to_datetime(rows[c]) for c in ("joined_on", "left_on"))
    here = (joined <= pd.Timestamp(day)) & (left.isna() | (left > pd.Timestamp(day)))
    own = pd.DataFrame({"client_id": rows["client_id"].astype(str), "left": left})[here]
    return own.assign(left=own["left"].fillna(pd.Timestamp.max)).groupby("client_id")["left"].max()


def _defaults(bank: Bank, day: date) -> pd.Series | None:
    """Return by client with a performing loan at the month's end when it defaulted (far away: it did not)."""
    if bank.needs(*LOANS):
        return None
    found = loans(bank)
    if not found.defaults_recorded:
        return None
    month = day.year * 12 + day.month - 1
    rows = found.rows[(found.rows["month"] == month) & found.rows["performing"] & (found.rows["drawn"] > 0)]
    if rows.empty:
        return None
    first = rows.groupby(rows["client_id"].astype(str))["default"].min()
    ends = [pd.Timestamp(int(m) // 12, int(m) % 12 + 1, 1) if m < 12 * 2200 else pd.Timestamp.max for m in first]
    return pd.Series(ends, index=first.index)


def _of(memory: Memory, wanted: Callable[[pd.Series], pd.Series]) -> pd.DataFrame:
    """Return the predictions of a run whose targets are wanted; an earlier version did not write all of them."""
    told = memory.predictions
    if told is None or "since" not in told:
        return pd.DataFrame(columns=["client_id", "target", "months", "value", "since"])
    return told[wanted(told["target"])]


def _number(day: date) -> int:
    return day.year * 12 + day.month - 1


def _due(memory: Memory, months: int) -> date:
    return add_months(date.fromisoformat(memory.as_of), months)
