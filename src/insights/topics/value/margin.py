"""What the book brought in over the last twelve months, by component, beside the twelve before."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.months import month_end
from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.value.margins import ASSETS, COSTS, INCOME, MARGIN, OTHER, ClientMargins
from insights.topics.evidence import Answer, Evidence, MoneySums, NotAvailable, money_sums
from insights.topics.value.refusals import YEAR, margins_of

ID = "value.margin"
REST = "other_components"
NOW, BEFORE = "now", "before"


@dataclass(frozen=True)
class Margin:
    """The margin by component: ``now`` and ``before`` (None with less than two years) have component and amount.

    ``totals`` and ``assets`` by period: clients, and margin or average assets. In the reporting currency; nan where
    withheld. The components add up to the totals: the largest takes up what rounding leaves.
    """

    now: pd.DataFrame
    before: pd.DataFrame | None
    totals: pd.DataFrame
    assets: pd.DataFrame

    def total(self, period: str) -> float:
        """Return the margin of all clients, nan where withheld."""
        found = self.totals.loc[self.totals["period"] == period, "amount"]
        return float(found.iloc[0]) if len(found) else float("nan")

    def average_assets(self, period: str) -> float:
        """Return the average assets, nan where withheld."""
        found = self.assets.loc[self.assets["period"] == period, "amount"]
        return float(found.iloc[0]) if len(found) else float("nan")


def margin(bank: Bank) -> Answer | NotAvailable:
    """Add up what all clients brought in, by component, in the last twelve months and in the twelve before."""
    found = margins_of(bank, ID)
    if not isinstance(found, ClientMargins):
        return found
    last = found.months.count - 1
    periods = {NOW: (last - YEAR + 1, last)}
    if found.months.count >= 2 * YEAR:
        periods[BEFORE] = (last - 2 * YEAR + 1, last - YEAR)
    own = pd.DataFrame({"household": household_of(bank, found.months.client_id)})
    evidence: dict[str, Evidence] = {}
    totals: list[pd.DataFrame] = []
    for period, (first, until) in periods.items():
        if found.basis != ASSETS:
            rows = [own.assign(component=n, amount=found.over(n, first, until)) for n in found.components]
            evidence[period] = money_sums(pd.concat(rows, ignore_index=True), ("component",), "amount", REST)
            totals.append(own.assign(period=period, amount=found.over(MARGIN, first, until)))
    if totals:
        evidence["total"] = money_sums(pd.concat(totals, ignore_index=True), ("period",), "amount")
    held = [own.assign(period=period, amount=found.average_assets(*span)) for period, span in periods.items()]
    evidence["assets"] = money_sums(pd.concat(held, ignore_index=True), ("period",), "amount")
    return Answer(
        id=ID,
        kind=ID if found.basis != ASSETS else "value.in_assets",
        evidence=evidence,
        estimate=_margin,
        facts={
            "end": month_end(found.months.month(last)).isoformat(),
            "default_rate": found.default_rate,
            "own_rate": found.defaults > 0,
            "components": tuple(found.components),
        },
    )


def _margin(evidence: dict[str, Evidence]) -> Margin:
    empty = pd.DataFrame({"period": pd.Series(dtype=object), "amount": pd.Series(dtype=float)})
    totals = cast(MoneySums, evidence["total"]).cells if "total" in evidence else empty
    told = Margin(
        _ordered(evidence[NOW]) if NOW in evidence else empty.rename(columns={"period": "component"}),
        _ordered(evidence[BEFORE]) if BEFORE in evidence else None,
        totals,
        cast(MoneySums, evidence["assets"]).cells,
    )
    for period, frame in ((NOW, told.now), (BEFORE, told.before)):
        if frame is not None and len(frame) and frame["amount"].notna().all() and not np.isnan(told.total(period)):
            # Each is rounded on its own: what is missing to the total is within the rounding of the largest.
            largest = frame["amount"].abs().idxmax()
            frame.loc[largest, "amount"] += told.total(period) - frame["amount"].sum()
    return told


def _ordered(evidence: Evidence) -> pd.DataFrame:
    """Return the components with income first."""
    order = {name: k for k, name in enumerate((*INCOME, OTHER, *COSTS, REST))}
    return cast(MoneySums, evidence).cells.sort_values("component", key=lambda c: c.map(order), ignore_index=True)
