"""From satisfaction by way of stated loyalty to staying: three measures from three places, in the order of time.

Satisfaction is what clients marked after contacts in the year before they answered, loyalty what they answered then,
leaving what they did in the year after. Nothing of it stands on the same page.
"""

from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.loyalty.answers import LOYALTY
from insights.models.loyalty.followed import LEFT, MONTHS
from insights.models.loyalty.worth import FEWEST_EVENTS, Worth, worth
from insights.stats.mediation import Mediation, mediation
from insights.stats.moments import Moments, moments
from insights.stats.results import NotEstimable

SATISFACTION = "satisfaction"
NEEDS = ("contacts.satisfaction", "contacts.contacted_on")


@dataclass(frozen=True)
class Chain:
    """The paths, and on how many clients, answers and leavers they rest; ``cluster`` is "manager" or "client"."""

    found: Mediation | NotEstimable
    clients: int
    answers: int
    leavers: int
    controls: tuple[str, ...]
    cluster: str


def chain(bank: Bank) -> Chain:
    """Return the paths, made once per bank; needs ``NEEDS``, an answered survey and leavers."""
    return once(bank, "loyalty_chain", lambda: paths(worth(bank), marks_before(bank, worth(bank).rows)))


def paths(told: Worth, marks: pd.Series) -> Chain:
    """Return the paths of answers that can be followed, given the marks (nan: none) before each of ``told.rows``."""
    rows = told.rows.assign(**{SATISFACTION: marks})
    rows = rows[rows[SATISFACTION].notna() & rows[LEFT].notna()]
    leavers = int(rows.loc[rows[LEFT] > 0, "client_id"].nunique())
    found: Moments | Mediation | NotEstimable
    if leavers < FEWEST_EVENTS:
        found = NotEstimable(
            f"{leavers} of those who answered left by choice within {MONTHS} months; {FEWEST_EVENTS} are needed"
        )
    else:
        columns = [SATISFACTION, LOYALTY, LEFT, *told.controls]
        found = moments(rows[columns].astype(float), rows["cluster"], weight=rows["weight"], seed="survey")
        if isinstance(found, Moments):
            found = mediation(found, SATISFACTION, LOYALTY, LEFT, told.controls)
    return Chain(found, int(rows["client_id"].nunique()), len(rows), leavers, told.controls, told.cluster)


def marks_before(bank: Bank, rows: pd.DataFrame) -> pd.Series:
    """Return the mean mark of contacts in the twelve months before each answer, nan where there is none."""
    days = rows["answered_on"]
    asked = pd.DataFrame({"client_id": rows["client_id"], "day": days.dt.date})
    asked = asked.assign(row=np.arange(len(asked), dtype=np.int64))
    if asked.empty:
        return pd.Series(np.nan, index=rows.index)
    table = ibis.memtable(asked)
    contacts = bank.table("contacts")
    contacts = contacts.filter(contacts.satisfaction.notnull()).select("client_id", "contacted_on", "satisfaction")
    both = table.inner_join(contacts, "client_id")
    first = (both.day - ibis.interval(months=MONTHS)).cast("date")
    both = both.filter((both.contacted_on < both.day) & (both.contacted_on >= first))
    means = both.group_by("row").agg(value=both.satisfaction.mean()).execute().set_index("row")["value"]
    return pd.Series(means.reindex(asked["row"]).to_numpy(float), index=rows.index)
