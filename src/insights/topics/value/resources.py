"""Where one more hour pays most: the value at stake behind each hour of today, by tier, segment and stage."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.months import month_end
from insights.data.snapshot import Bank
from insights.models.segments.model import Segments, client_segments, segment_needs
from insights.models.stages import STAGES
from insights.models.value.margins import ClientMargins
from insights.models.value.service import capacity_hours
from insights.models.value.stake import UNKNOWN, missing, value_at_stake
from insights.topics.evidence import Answer, ClientCounts, Evidence, MoneySums, NotAvailable, client_counts, money_sums
from insights.topics.value.cells import group_labels, merged
from insights.topics.value.refusals import YEAR, margins_of
from insights.topics.value.tiers import NEW

ID = "value.resources"
SHORTEST = 0.5
"""Hours: who got less in a year is ranked as if he had got so much, or the least contact would decide the rank."""


@dataclass(frozen=True)
class Resources:
    """``table``: by ("tier", "segment", "stage", or the column of the groups), group, clients, stake (currency), hours.

    ``hours`` is that of the year in contacts; ``per_hour`` is stake over hours; nan where withheld.
    """

    table: pd.DataFrame

    def rows(self, by: str) -> pd.DataFrame:
        """Return the rows of one grouping that can be told."""
        return self.table[(self.table["by"] == by)].dropna(subset=["per_hour"])


def resources(bank: Bank, by: str | None = None) -> Answer | NotAvailable:
    """Set the value at stake of clients in force against the hours that they were given in twelve months."""
    own_id = f"{ID}_by" if by else ID
    found = margins_of(bank, own_id)
    if not isinstance(found, ClientMargins):
        return found
    needs = (*missing(bank), *bank.needs("contacts.handling_minutes"))
    if needs:
        return NotAvailable(own_id, needs)
    frame = value_at_stake(bank).dropna(subset=["stake"])
    frame = frame.assign(tier=frame["tier"].replace("", NEW))
    segments, names = (None, ()) if by is not None else _segments(bank, frame["client_id"])
    groups = {"tier": frame["tier"].to_numpy(object)}
    if by is not None:
        labels = pd.Series(group_labels(bank, by, found), index=found.months.client_id)
        groups = {by: labels.reindex(frame["client_id"]).to_numpy(object)}
    elif segments is not None:
        groups["segment"] = segments
    if by is None and set(frame["stage"]) != {UNKNOWN}:
        groups["stage"] = frame["stage"].to_numpy(object)
    evidence: dict[str, Evidence] = {}
    stake, hours = (frame[name].to_numpy(float) for name in ("stake", "hours"))
    for name, own in groups.items():
        told = merged(own, [stake, hours], bank.settings.disclosure)
        rows = pd.DataFrame({"group": told, "stake": stake, "hours": hours, "household": frame["household"].to_numpy()})
        evidence[f"{name}.clients"] = client_counts(rows, ("group",))
        evidence[f"{name}.stake"] = money_sums(rows, ("group",), "stake")
        evidence[f"{name}.hours"] = money_sums(rows, ("group",), "hours")
    order = {"tier": (*bank.settings.value.tiers.names, NEW), "segment": names, "stage": STAGES}
    capacity = capacity_hours(bank)
    return Answer(
        id=own_id,
        kind=ID,
        evidence=evidence,
        estimate=lambda evidence: _resources(evidence, tuple(groups), order),
        facts={
            "by": by,
            "basis": found.basis,
            "lifetime": bank.settings.value.horizon_years if "worth" in frame else None,
            "groupings": tuple(groups),
            "capacity": None if capacity is None else YEAR * capacity,
            "end": month_end(found.months.month(found.months.count - 1)).isoformat(),
        },
    )


def hours_list(bank: Bank) -> pd.DataFrame | None:
    """Return the clients in force by value at stake per hour, the most first within each manager; None where untold.

    Columns: client_id, rm_id, rank, tier, stage, value (a year's, currency), worth (of all years counted, currency;
    where it can be told), leave_pct (by choice, within a year),
    stake (currency), hours (of the last twelve months), stake_per_hour (half an hour at the least).
    """
    if missing(bank) or bank.needs("contacts.handling_minutes"):
        return None
    if not isinstance(margins_of(bank, ID), ClientMargins):
        return None
    frame = value_at_stake(bank)
    frame = frame[frame["stake"] > 0].copy()
    frame["stake_per_hour"] = (frame["stake"] / np.maximum(frame["hours"], SHORTEST)).round(0)
    frame["leave_pct"] = (100 * frame["risk"]).round(2)
    frame = frame.sort_values(["rm_id", "stake_per_hour", "client_id"], ascending=[True, False, True])
    frame["rank"] = frame.groupby("rm_id", dropna=False).cumcount() + 1
    money = ["value", "worth"] if "worth" in frame else ["value"]
    for name, digits in (*((m, 0) for m in money), ("stake", 0), ("hours", 1)):
        frame[name] = frame[name].round(digits)
    columns = ["client_id", "rm_id", "rank", "tier", "stage", *money, "leave_pct", "stake", "hours", "stake_per_hour"]
    return frame[columns].reset_index(drop=True)


def _segments(bank: Bank, client_id: "pd.Series[str]") -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Return each client's segment (n) and their names, the wealthiest first; None where clients fall into none."""
    found = None if segment_needs(bank) else client_segments(bank)
    if not isinstance(found, Segments):
        return None, ()
    own = pd.Series(found.labels(found.last), index=found.months.client_id).reindex(client_id)
    return own.replace("", UNKNOWN).fillna(UNKNOWN).to_numpy(object), found.names


def _resources(
    evidence: dict[str, Evidence], groupings: tuple[str, ...], order: dict[str, tuple[str, ...]]
) -> Resources:
    tables = []
    for by in groupings:
        table = cast(ClientCounts, evidence[f"{by}.clients"]).cells[["group", "clients"]].set_index("group")
        for name in ("stake", "hours"):
            table[name] = cast(MoneySums, evidence[f"{by}.{name}"]).cells.set_index("group")["amount"]
        place = {name: k for k, name in enumerate(order.get(by, ()))}
        table = table.reset_index()
        at = table["group"].map(place).fillna(len(place))
        table = table.iloc[np.argsort(at.to_numpy(float), kind="stable")]
        tables.append(table.assign(by=by, per_hour=table["stake"] / table["hours"].where(table["hours"] > 0)))
    return Resources(pd.concat(tables, ignore_index=True))
