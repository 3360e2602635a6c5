"""Which members of staff have more incidents than their clients and time explain; chance is taken out."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from insights.data.panel import spells
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.risk.incidents import SPAN, Incidents, incidents
from insights.stats.intervals import normal_quantile
from insights.stats.kinds_of_events import KindsOfEvents, kinds_of_events
from insights.stats.results import NotEstimable
from insights.stats.shrunken import Shrunken, shrunken_factors

NEEDS = ("incidents.rm_id", "clients.rm_id")
SEED = 23
UNLIKELY = 0.05


@dataclass(frozen=True)
class ByManager:
    """``rows``: rm_id, client_months (in ``SPAN``), incidents, expected, factor, low, high; ``found`` how they differ.

    ``factor`` is how many times as many incidents as expected a manager has, drawn towards 1 as far as chance may have
    made it (negative binomial), with its interval. ``process``: the kind of which he has more than his factor and
    chance explain, among all managers and kinds ("" without one). ``kinds``: processes and managers together.
    ``clients``: how many were somebody's in these months.
    """

    rows: pd.DataFrame = field(repr=False)
    found: Shrunken
    kinds: KindsOfEvents
    clients: int


def by_manager(bank: Bank) -> ByManager | NotEstimable:
    """Return the incidents of each manager beside those expected, made once per bank; check ``NEEDS`` first."""
    return once(bank, "risk_incidents_by_manager", lambda: _made(bank, incidents(bank)))


def _made(bank: Bank, found: Incidents) -> ByManager | NotEstimable:
    own = found.rows[(found.rows["month"] > found.last - SPAN) & found.rows["rm_id"].notna()]
    months, clients = _client_months(bank, found.last)
    counts = own.groupby("rm_id").size()
    each = own.groupby(["rm_id", "kind"]).size().unstack(fill_value=0)
    rows = pd.DataFrame({"rm_id": sorted(set(months.index))})
    rows["client_months"] = months.reindex(rows["rm_id"]).to_numpy(float)
    rows["incidents"] = counts.reindex(rows["rm_id"]).fillna(0).to_numpy(np.int64)
    if not rows["incidents"].sum():
        return NotEstimable("no incident names a manager with clients")
    if rows["incidents"].sum() < len(rows):
        return NotEstimable(f"{rows['incidents'].sum()} incidents of {len(rows)} managers: fewer than one each")
    rows["expected"] = rows["client_months"] * rows["incidents"].sum() / rows["client_months"].sum()
    shrunken = shrunken_factors(rows["incidents"], rows["expected"])
    if isinstance(shrunken, NotEstimable):
        return shrunken
    spread = np.exp(normal_quantile(0.95) * shrunken.log_sd)
    cells = each.reindex(rows["rm_id"], fill_value=0)
    kinds = kinds_of_events(cells.to_numpy(float), rows["client_months"], rng=np.random.default_rng(SEED))
    if isinstance(kinds, NotEstimable):
        return kinds
    most = kinds.cell_p.argmin(axis=1)
    beyond = kinds.cell_p.min(axis=1) * kinds.cell_p.size < UNLIKELY
    rows["process"] = np.where(beyond, cells.columns.to_numpy(object)[most], "")
    told = rows.assign(factor=shrunken.factor, low=shrunken.factor / spread, high=shrunken.factor * spread)
    return ByManager(told, shrunken, kinds, clients)


def _client_months(bank: Bank, last: int) -> tuple[pd.Series, int]:
    """Return the months (by rm_id) in which clients of each manager were with the bank in the span, and their number.

    Clients belong to the manager whom they have today, or had last.
    """
    told = spells(bank).select("client_id", "joined_on", "left_on").execute()
    manager = bank.table("clients").select("client_id", "rm_id").execute().set_index("client_id")["rm_id"]
    joined, left = (pd.to_datetime(told[c]) for c in ("joined_on", "left_on"))
    begin = (joined.dt.year * 12 + joined.dt.month - 1).to_numpy(float)
    end = (left.dt.year * 12 + left.dt.month - 1).fillna(last).to_numpy(float)
    months = np.minimum(end, last) - np.maximum(begin, last - SPAN + 1) + 1
    rows = pd.DataFrame({"rm_id": told["client_id"].map(manager), "months": np.maximum(months, 0.0)})
    rows = rows[rows["rm_id"].notna() & (rows["months"] > 0)]
    return rows.groupby("rm_id")["months"].sum().sort_index(), len(rows)


def manager_list(bank: Bank) -> pd.DataFrame | None:
    """Return rm_id, client_months, incidents, expected, process, factor, low, high, unusual, the highest factor first.

    ``unusual``: the whole interval lies above 1. A list for internal control: about members of staff, not clients.
    None where incidents name no manager, or too few managers could be compared.
    """
    if bank.needs(*NEEDS, "incidents.occurred_on", "incidents.kind", "incidents.reported_on"):
        return None
    found = by_manager(bank)
    if isinstance(found, NotEstimable):
        return None
    rows = found.rows.assign(unusual=found.rows["low"] > 1)
    return rows.sort_values(["factor", "rm_id"], ascending=[False, True], ignore_index=True)
