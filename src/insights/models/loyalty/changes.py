"""What satisfaction did after a change that feedback led to: those whom it reached beside those not (yet) reached.

A change begins on one or several days. On each of them those whom it then reached are set beside those whom nothing
had reached by twelve months later: both by how far the year after differs from the year before. What moves everybody
alike cancels, and so do differences that stay. Where the lot decided whom it reached, the difference is an effect.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from insights.data.panel import spells
from insights.data.settings_loyalty import Change
from insights.data.snapshot import Bank
from insights.models.attributes import CONTROL
from insights.models.cache import once
from insights.models.loyalty.answers import FEWEST_CLUSTERS, LOYALTY, answers, missing_for_answers
from insights.models.loyalty.followed import MONTHS
from insights.models.loyalty.invitations import managers_on
from insights.stats.linear import least_squares
from insights.stats.multiplicity import benjamini_hochberg
from insights.stats.results import Estimate, NotEstimable

MARK, COMPLAINED, BRAND = "mark", "complained", "brand"
"""Mean mark of the contacts of a year; whether the client complained in it of what led to the change; brand image.

Brand image is told of every change, whatever led to it: it is one of the outcomes that management is judged by.
"""
NEEDS = ("programmes.programme", "programmes.started_on")
NOBODY, EVERYBODY, TOO_YOUNG = (
    "nobody whom the change reached can be followed for a year before and after",
    "the change reached everybody at once: there is nobody to compare with",
    "the change is younger than a year",
)


@dataclass(frozen=True)
class Moved:
    """One outcome after one change.

    ``before`` and ``after`` are means of the reached (first) and of the others (second), ``found`` the difference of
    the two changes, ``earlier`` the same difference a year before, when nothing had changed yet. ``reached`` and
    ``others`` are clients; ``fewest`` of them complained in one of the two years (nan: the outcome is a mark).
    """

    outcome: str
    found: Estimate | NotEstimable
    before: tuple[float, float] = (float("nan"), float("nan"))
    after: tuple[float, float] = (float("nan"), float("nan"))
    reached: int = 0
    others: int = 0
    p: float = float("nan")
    p_adjusted: float = float("nan")
    fewest: float = float("nan")
    earlier: Estimate | NotEstimable | None = None


@dataclass(frozen=True)
class Followed:
    """A change of the settings: days on which it began, by lot or not, and what moved; or ``why`` nothing is told."""

    change: Change
    days: tuple[str, ...] = ()
    by_lot: bool = False
    moved: tuple[Moved, ...] = ()
    why: str = ""
    cluster: str = "client"


@dataclass(frozen=True)
class Reached:
    """Whom a programme reached: ``rows`` unit, started_on (NaT: drawn, but not for it); by manager or by client."""

    rows: pd.DataFrame = field(repr=False)
    by_manager: bool
    by_lot: bool


def changes(bank: Bank) -> tuple[Followed, ...]:
    """Return what followed every change of the settings, once per bank; needs ``NEEDS`` and joined_on, left_on."""
    return once(bank, "loyalty_changes", lambda: _adjusted([_made(bank, c) for c in bank.settings.loyalty.changes]))


def _adjusted(found: list[Followed]) -> tuple[Followed, ...]:
    every = [m.p for f in found for m in f.moved]
    told = iter(benjamini_hochberg(np.array(every, dtype=float)).tolist())
    return tuple(replace(f, moved=tuple(replace(m, p_adjusted=next(told)) for m in f.moved)) for f in found)


def _made(bank: Bank, change: Change) -> Followed:
    reach = reached_by(bank, change.programme)
    if reach is None or reach.rows["started_on"].isna().all():
        return Followed(change, why=f"no programme is called {change.programme}")
    days = tuple(sorted(reach.rows["started_on"].dropna().unique()))
    last = pd.Timestamp(bank.as_of) - pd.DateOffset(months=MONTHS)
    first = pd.Timestamp(bank.window_from) if bank.window_from else pd.Timestamp.min
    if all(pd.Timestamp(d) > last for d in days):
        return Followed(change, by_lot=reach.by_lot, why=TOO_YOUNG)
    used = [d for d in days if first + pd.DateOffset(months=MONTHS) <= pd.Timestamp(d) <= last]
    rows = stacked(bank, reach, [pd.Timestamp(d) for d in used])
    if rows.empty or not rows["reached"].any():
        return Followed(change, by_lot=reach.by_lot, why=NOBODY)
    if rows["reached"].all():
        return Followed(change, by_lot=reach.by_lot, why=EVERYBODY)
    named = tuple(pd.Timestamp(d).date().isoformat() for d in used)
    rows = _measured(bank, rows, change)
    outcomes = [c.removesuffix(":after") for c in rows.columns if c.endswith(":after")]
    cluster = "manager" if rows["manager"].nunique() >= FEWEST_CLUSTERS else "client"
    return Followed(change, named, reach.by_lot, tuple(moved(rows, o) for o in outcomes), cluster=cluster)


def moved(rows: pd.DataFrame, outcome: str) -> Moved:
    """Compare the reached with the others: columns reached, day, cluster, ``<outcome>:before``, ``:after``, ``:ago``.

    One row per client and day of the change; nan where the outcome is not known. ``:ago`` is that of two years before.
    """
    own = rows.dropna(subset=[f"{outcome}:before", f"{outcome}:after"])
    told = own["reached"].to_numpy(bool)
    one, other = own[told], own[~told]
    size = (int(one["client_id"].nunique()), int(other["client_id"].nunique()))
    if not told.any() or told.all():
        return Moved(outcome, NotEstimable("fewer than 50 clients can be compared"), reached=size[0], others=size[1])
    found, p = _difference(own, own[f"{outcome}:after"] - own[f"{outcome}:before"])
    past = rows.dropna(subset=[f"{outcome}:ago", f"{outcome}:before"])
    earlier, _ = _difference(past, past[f"{outcome}:before"] - past[f"{outcome}:ago"])
    means = {
        w: (float(one[f"{outcome}:{w}"].mean()), float(other[f"{outcome}:{w}"].mean())) for w in ("before", "after")
    }
    fewest = float("nan")
    if outcome == COMPLAINED:
        fewest = float(min(part[f"{outcome}:{when}"].sum() for part in (one, other) for when in means))
    return Moved(outcome, found, means["before"], means["after"], *size, p, fewest=fewest, earlier=earlier)


def _difference(own: pd.DataFrame, change: pd.Series) -> tuple[Estimate | NotEstimable, float]:
    reached = own["reached"].astype(float)
    if len(own) < 50 or reached.nunique() < 2:
        return NotEstimable("fewer than 50 clients can be compared"), float("nan")
    # Each day of the change has its own level, so that nothing is compared across years.
    days = pd.get_dummies(own["day"].astype(str), dtype=float).iloc[:, 1:]
    fit = least_squares(change, pd.concat([reached, days], axis=1), cluster=own["cluster"], unit="points")
    if isinstance(fit, NotEstimable):
        return fit, float("nan")
    return fit.coefficient("reached"), float(fit.table.loc[fit.table["name"] == "reached", "p"].iloc[0])


def reached_by(bank: Bank, name: str) -> Reached | None:
    """Return whom a programme reached; None where no programme is called so."""
    told = bank.table("programmes")
    told = told.filter(told.programme == name).execute()
    if told.empty:
        return None
    by_manager = "client_id" not in told or bool(told["client_id"].isna().all())
    unit = "rm_id" if by_manager else "client_id"
    told = told.dropna(subset=[unit])
    control = (told["arm"] == CONTROL) if "arm" in told else pd.Series(False, index=told.index)
    lot = told["randomised"].fillna(False).astype(bool) if "randomised" in told else pd.Series(False, index=told.index)
    started = pd.to_datetime(told["started_on"]).where(~control)
    rows = pd.DataFrame({"unit": told[unit].astype(str), "started_on": started})
    rows = rows.sort_values(["unit", "started_on"]).drop_duplicates("unit", ignore_index=True)
    return Reached(rows, by_manager, bool(len(lot) and lot.all() and control.any()))


def stacked(bank: Bank, reach: Reached, days: list[pd.Timestamp]) -> pd.DataFrame:
    """Return client_id, day, manager, reached for each day of the change, of those with the bank the year around it."""
    told, parts = _with_the_bank(bank, days), []
    if told.empty:
        return pd.DataFrame({"client_id": [], "reached": []})
    told["manager"] = managers_on(bank, told[["client_id", "day"]])["manager"].to_numpy(object)
    starts = reach.rows.set_index("unit")["started_on"]
    earlier: set[str] = set()
    for day in days:
        rows = told[told["day"] == day]
        ends = day + pd.DateOffset(months=MONTHS)
        unit = rows["manager"] if reach.by_manager else rows["client_id"]
        since = unit.map(starts)
        reached = since == day
        waiting = ~unit.isin(starts.index) | since.isna() | (since > ends)
        if reach.by_lot:
            waiting &= unit.isin(starts.index)  # whom nobody drew is no control of a lot
        keep = (reached | waiting) & ~rows["client_id"].isin(earlier)
        parts.append(rows.assign(reached=reached)[keep])
        earlier |= set(rows.loc[reached, "client_id"])
    found = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    managers = found["manager"].nunique() >= FEWEST_CLUSTERS
    found["cluster"] = found["manager"].fillna(found["client_id"]) if managers else found["client_id"]
    return found


def _with_the_bank(bank: Bank, days: list[pd.Timestamp]) -> pd.DataFrame:
    """Return client_id, left_on, day for each of the days, of those with the bank from a year before it until after."""
    every = spells(bank).select("client_id", "joined_on", "left_on").execute()
    parts = [pd.DataFrame({"client_id": [], "left_on": [], "day": []})]
    for day in days:
        joined = every["joined_on"] <= day - pd.DateOffset(months=MONTHS)
        here = every[joined & (every["left_on"].isna() | (every["left_on"] > day))]
        parts.append(here.groupby("client_id", sort=True)["left_on"].max().reset_index().assign(day=day))
    return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)


def _measured(bank: Bank, rows: pd.DataFrame, change: Change) -> pd.DataFrame:
    """Add every outcome in the year after the day, the year before it, and the year before that."""
    rows = rows.assign(row=np.arange(len(rows)))
    events: dict[str, pd.DataFrame] = {}
    if not bank.needs("contacts.satisfaction", "contacts.contacted_on"):
        told = bank.table("contacts")
        told = told.filter(told.satisfaction.notnull())
        told = told.select("client_id", at="contacted_on", value=told.satisfaction.cast("float64"))
        events[MARK] = told.execute()
    if not missing_for_answers(bank):
        survey = answers(bank)
        for score in (LOYALTY, *(f for f in survey.factors if f in change.topics or f == BRAND)):
            own = survey.answers[["client_id", "answered_on", score]].dropna()
            events[score] = own.set_axis(["client_id", "at", "value"], axis=1)
    for name, own in events.items():
        for when, first in (("after", 0), ("before", -1), ("ago", -2)):
            rows[f"{name}:{when}"] = within_years(rows, own, first, "mean")
    if not bank.needs("complaints.topic", "complaints.filed_on"):
        told = bank.table("complaints")
        own = told.filter(told.topic.isin(change.topics)).select("client_id", at="filed_on").execute().assign(value=1.0)
        if len(own):
            ends = rows["day"] + pd.DateOffset(months=MONTHS)
            there = rows["left_on"].isna() | (rows["left_on"] > ends)
            for when, first in (("after", 0), ("before", -1), ("ago", -2)):
                some = np.nan_to_num(within_years(rows, own, first, "max"))
                rows[f"{COMPLAINED}:{when}"] = np.where(there, some, np.nan)
    opened = pd.Timestamp(bank.window_from) if bank.window_from else pd.Timestamp.min
    known = rows["day"] - pd.DateOffset(months=2 * MONTHS) >= opened
    for column in (c for c in rows.columns if c.endswith(":ago")):
        rows[column] = rows[column].where(known)
    return rows


def within_years(rows: pd.DataFrame, events: pd.DataFrame, years: int, how: str) -> np.ndarray:
    """Return the mean (max) of the events of the year that begins so many years after each row's day; nan for none."""
    year = rows[["client_id", "row"]].assign(
        first=rows["day"] + pd.DateOffset(months=years * MONTHS),
        last=rows["day"] + pd.DateOffset(months=(years + 1) * MONTHS),
    )
    both = year.merge(events, on="client_id")
    inside = (both["at"] > both["first"]) & (both["at"] <= both["last"])
    found = both[inside].groupby("row")["value"].agg(how)
    return found.reindex(rows["row"]).to_numpy(float)
