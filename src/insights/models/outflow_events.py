"""Large outflows and dormancy as events of relationships, at several thresholds, on the matrices of client-months."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.settings_lifecycle import LifecycleSection
from insights.data.snapshot import Bank
from insights.models.months import Floats32, Places, SpellMonths
from insights.models.stages import asleep_months

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Events:
    """Events of one kind: ``at`` (n, T) the months with one, ``exposed`` the months in which one could be seen."""

    months: SpellMonths
    at: Flags
    exposed: Flags

    def stretches(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return observation and events as ``stats.recurrent.mean_cumulative_count`` takes them, by tenure in months.

        A relationship is at risk from the first month in which an event could be seen to the last observed one; rows
        of one client belong together.
        """
        months = self.months
        some = np.flatnonzero(self.exposed.any(axis=1))
        begin = self.exposed[some].argmax(axis=1)
        offset = months.tenure[some] - months.first[some]
        units = pd.DataFrame(
            {
                "unit": some,
                "entry": np.maximum(begin + offset - 0.5, 0.0),
                "exit": (months.last[some] + offset).astype(float),
                "ended": months.left[some],
                "cluster": clients_of(months)[some],
            }
        )
        units = units[units["entry"] < units["exit"]].reset_index(drop=True)
        place = np.full(len(months.spells), -1)
        place[units["unit"]] = np.arange(len(units))
        row, column = np.nonzero(self.at & self.exposed)
        time = (column + months.tenure[row] - months.first[row]).astype(float)
        events = pd.DataFrame({"row": place[row], "time": time})[place[row] >= 0]
        return units, events.reset_index(drop=True)

    def totals(self, first: int, last: int) -> pd.DataFrame:
        """Return events and months at risk by client (code) in the columns from first to last; who has any."""
        span = slice(max(first, 0), last + 1)
        exposed = self.exposed[:, span]
        frame = pd.DataFrame(
            {
                "client": clients_of(self.months),
                "events": (self.at[:, span] & exposed).sum(axis=1),
                "months": exposed.sum(axis=1),
            }
        )
        return frame[frame["months"] > 0].groupby("client", as_index=False).sum()


def clients_of(months: SpellMonths) -> Places:
    """Return a code of the client for each relationship (n); a client who came back has several rows."""
    return np.asarray(pd.factorize(months.spells["client_id"])[0], dtype=np.int64)


def outflow_events(months: SpellMonths, rules: LifecycleSection, share: float) -> Events:
    """Return the large outflows of at least ``share``, by the rule of ``models.outflows.with_outflows``."""
    n, size = months.net_share.shape
    stays = months.observed.copy()
    gone = np.flatnonzero(months.left)
    stays[gone, months.last[gone]] = False
    with np.errstate(invalid="ignore"):
        low = (months.net_share <= -share) & stays
    earlier = np.zeros((n, size), dtype=bool)
    for back in range(1, rules.outflow_months + 1):
        earlier[:, back:] |= low[:, :-back]
    return Events(months, low & ~earlier, np.isfinite(months.net_share) & stays)


def money_taken(months: SpellMonths, rules: LifecycleSection) -> Floats32:
    """Return the net money out (positive) over ``outflow_months`` up to each month (n, T); 0 where nothing is known."""
    flows = np.nan_to_num(months.flows)
    total = np.zeros_like(flows)
    for back in range(rules.outflow_months):
        total[:, back:] -= flows[:, : flows.shape[1] - back]
    return total


def dormancy_events(bank: Bank, months: SpellMonths) -> Events | None:
    """Return the months in which clients become dormant; None where nothing tells what clients do."""
    if months.active is None:
        return None
    rules = bank.settings.lifecycle.stages
    asleep = asleep_months(months, rules)
    before = np.zeros_like(asleep)
    before[:, 1:] = asleep[:, :-1]
    columns = np.arange(months.months)
    known = months.observed & (columns - months.first[:, None] >= rules.dormant_months)
    known &= columns >= months.active_from + rules.dormant_months
    return Events(months, asleep & ~before, known & ~before)
