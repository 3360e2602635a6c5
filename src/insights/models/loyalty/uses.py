"""Who used which service, event or reward, and in which years: what comparisons of users rest on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from insights.data.months import add_months, first_of_month, month_end
from insights.data.panel import spells
from insights.data.snapshot import Bank
from insights.models.loyalty.followed import MONTHS

SERVICES, EVENTS, REWARDS = "services", "events", "rewards"
USED, INVITED, CAME, EARNED, SPENT = "used", "invited", "came", "earned", "spent"
NEEDS = {
    SERVICES: ("services.used_on", "services.service"),
    EVENTS: ("events.held_on", "events.kind", "events.attended"),
    REWARDS: ("services.used_on", "services.points"),
}
QUARTER = 3


@dataclass(frozen=True)
class Use:
    """One use: its ``group``, ``what`` (``USED`` and the like) and ``code`` (a service or kind; "" for all of them)."""

    group: str
    what: str
    code: str = ""


def flag(use: Use) -> str:
    """Return the column of ``Benefits.rows`` that tells whether the client used it (nan: not recorded then)."""
    return f"{use.group}:{use.what}:{use.code}"


def used_rows(bank: Bank, group: str) -> ir.Table:
    """Return client_id, at (day), code, and for events came, for rewards points."""
    if group == EVENTS:
        rows = bank.table("events")
        return rows.select("client_id", at="held_on", code="kind", came="attended")
    rows = bank.table("services")
    if group == REWARDS:
        rows = rows.filter(rows.points.notnull() & (rows.points != 0))
        return rows.select("client_id", at="used_on", points=rows.points.cast("float64"))
    if bank.has("services", "points"):
        # Spending points is no use of a service: it stands with the rewards.
        rows = rows.filter(rows.points.isnull() | (rows.points >= 0))
    return rows.select("client_id", at="used_on", code="service")


def uses_of(group: str, told: pd.DataFrame) -> Iterator[tuple[Use, pd.DataFrame]]:
    """Yield every use of a group with its rows of ``used_rows``: all together first, then each service or kind."""
    if group == REWARDS:
        yield Use(group, EARNED), told[told["points"] > 0]
        yield Use(group, SPENT), told[told["points"] < 0]
        return
    if group == EVENTS:
        yield Use(group, INVITED), told
        told = told[told["came"].fillna(False).astype(bool)]
        yield Use(group, CAME), told
    else:
        yield Use(group, USED), told
    for code in sorted(told["code"].dropna().unique()):
        yield Use(group, CAME if group == EVENTS else USED, str(code)), told[told["code"] == code]


def last_landmark(bank: Bank) -> date:
    """Return the last month end that a whole year follows, and before which holdings were delivered if they ever are.

    Holdings that come by quarter tell what was new only from a month for which there are some.
    """
    day = month_end(add_months(bank.as_of, -MONTHS))
    if pd.Timestamp(day) + pd.DateOffset(months=MONTHS) > pd.Timestamp(bank.as_of):
        day = month_end(add_months(day, -1))
    if bank.needs("holdings.product_id", "holdings.month", "holdings.amount"):
        return day
    months = pd.to_datetime(bank.table("holdings").select("month").distinct().execute()["month"])
    delivered = {month.date() for month in months}
    for back in range(QUARTER):
        if add_months(first_of_month(day), -1 - back) in delivered:
            return month_end(add_months(day, -back))
    return day


def landmarks(bank: Bank, used: pd.DataFrame, last: date) -> tuple[date, ...]:
    """Return the month ends with a year after them, and a year before them in which use and leavers were recorded."""
    if used.empty or bank.window_from is None:
        return ()
    first = max(bank.window_from, first_of_month(pd.Timestamp(used["at"].min()).date()))
    found, day = [], last
    while opens_of(day) >= first:
        found.append(day)
        day = month_end(add_months(day, -MONTHS))
    return tuple(reversed(found))


def opens_of(day: date) -> date:
    """Return the first day of the year of use that ends with a landmark."""
    return add_months(first_of_month(day), 1 - MONTHS)


def with_the_bank(bank: Bank, days: list[date]) -> pd.DataFrame:
    """Return who was with the bank from the first day of the year of use to the landmark: client_id, joined_on, day."""
    told = spells(bank)
    parts = []
    for day in days:
        inside = told.filter(
            (told.joined_on < ibis.literal(opens_of(day)))
            & (told.left_on.isnull() | (told.left_on > ibis.literal(day)))
        )
        parts.append(inside.group_by("client_id").agg(joined_on=inside.joined_on.max()).execute().assign(day=day))
    if not parts:
        return pd.DataFrame({"client_id": [], "joined_on": [], "day": []})
    rows = pd.concat(parts).sort_values(["day", "client_id"], kind="stable", ignore_index=True)
    return rows.assign(opens=pd.to_datetime(rows["day"].map(opens_of)), joined_on=pd.to_datetime(rows["joined_on"]))


def flags(rows: pd.DataFrame, used: pd.DataFrame) -> pd.Series:
    """Return 1 where the client used it in the year that ends with the row's day, else 0."""
    keys = rows[["client_id", "day", "opens"]].assign(row=np.arange(len(rows)))
    both = keys.merge(used[["client_id", "at"]], on="client_id")
    hit = both.loc[(both["at"] >= both["opens"]) & (both["at"] <= pd.to_datetime(both["day"])), "row"].unique()
    found = np.zeros(len(rows))
    found[hit] = 1.0
    return pd.Series(found, index=rows.index)
