"""Stated against revealed risk: what clients say they accept, beside what they hold and live through."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.months import month_end
from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.risk_taken import LOOK_BACK, NEEDS, RiskTaken, risk_taken
from insights.stats.ranking import rank_correlation
from insights.stats.ratios import ratio_of_sums
from insights.stats.results import Estimate
from insights.topics.clients.refusals import FEW, refused
from insights.topics.evidence import (
    Answer,
    ClientCounts,
    Estimates,
    Evidence,
    MoneySums,
    NotAvailable,
    client_counts,
    money_sums,
)

ID = "clients.risk"
NEAR, LESS = "near", "less"
ABOVE, WITHIN = "above", "within"
TAKEN, EQUITY, VOLATILITY = "taken", "equity", "volatility"


@dataclass(frozen=True)
class RiskGap:
    """Risk taken by the level stated.

    ``gap``: stated, NEAR, LESS (clients; nan where withheld): the level taken is at most one below what is stated, or
    two or more below. ``above``: stated, ABOVE, WITHIN (clients with and without a product rated above
    what they state), amount in such products. ``means``: stated, what, value, low, high, n. ``ranks`` by what: the rank
    correlation with what is stated.
    """

    gap: pd.DataFrame
    above: pd.DataFrame
    means: pd.DataFrame
    ranks: dict[str, Estimate | None]


def risk(bank: Bank) -> Answer | NotAvailable:
    """Compare the tolerance that clients state with the ratings, equities and ups and downs of what they hold."""
    if missing := bank.needs(*NEEDS):
        return NotAvailable(ID, missing)
    found = risk_taken(bank)
    if found is None:
        return refused(ID, FEW)
    level = np.floor(found.taken + 0.5)
    gap = np.where(level <= found.stated - 2, LESS, NEAR)
    rows = pd.DataFrame(
        {
            "stated": [str(s) for s in found.stated],
            "gap": gap,
            "what": np.where(found.above > 0, ABOVE, WITHIN),
            "above": found.above,
            "household": household_of(bank, found.client_id),
        }
    )
    evidence: dict[str, Evidence] = {
        name: client_counts(rows, ("stated", column)) for name, column in (("gap", "gap"), ("above", "what"))
    }
    evidence["amount"] = money_sums(rows, ("stated",), "above")
    evidence["means"] = _means(found)
    evidence["ranks"] = _ranks(found)
    return Answer(
        id=ID,
        kind=ID,
        evidence=evidence,
        estimate=_gap,
        facts={"month": month_end(found.month).isoformat(), "months": LOOK_BACK},
    )


def _measures(found: RiskTaken) -> dict[str, np.ndarray]:
    made = {TAKEN: found.taken, EQUITY: found.equity, VOLATILITY: found.volatility}
    return {name: values for name, values in made.items() if values is not None}


def _means(found: RiskTaken) -> Estimates:
    rows = []
    for what, values in _measures(found).items():
        for stated in np.unique(found.stated):
            x = values[(found.stated == stated) & ~np.isnan(values)]
            e = ratio_of_sums(x, np.ones(len(x)), positive=True) if len(x) else None
            if isinstance(e, Estimate):
                head = {"stated": str(stated), "what": what, "value": e.value, "low": e.low, "high": e.high}
                rows.append(head | {"unit": "level" if what == TAKEN else "share", "n": e.n, "n_events": np.nan})
    columns = ["stated", "what", "value", "low", "high", "unit", "n", "n_events"]
    return Estimates(pd.DataFrame(rows, columns=columns), ("stated", "what"))


def _ranks(found: RiskTaken) -> Estimates:
    rows = []
    for what, values in _measures(found).items():
        known = ~np.isnan(values)
        e = rank_correlation(found.stated[known], values[known])
        if isinstance(e, Estimate):
            head = {"what": what, "value": e.value, "low": e.low, "high": e.high, "unit": "correlation"}
            rows.append(head | {"n": e.n, "n_events": np.nan})
    return Estimates(pd.DataFrame(rows, columns=["what", "value", "low", "high", "unit", "n", "n_events"]), ("what",))


def _gap(evidence: dict[str, Evidence]) -> RiskGap:
    gap = cast(ClientCounts, evidence["gap"]).cells.pivot(index="stated", columns="gap", values="clients")
    above = cast(ClientCounts, evidence["above"]).cells.pivot(index="stated", columns="what", values="clients")
    # A level that nobody is in has no column: nobody is there.
    gap, above = (
        gap.reindex(columns=[NEAR, LESS], fill_value=0.0),
        above.reindex(columns=[ABOVE, WITHIN], fill_value=0.0),
    )
    money = cast(MoneySums, evidence["amount"]).cells
    own = money.set_index("stated")["amount"] if len(money) else pd.Series(dtype=float)
    above["amount"] = [float(own[s]) if s in own.index else 0.0 for s in above.index]
    ranks = {
        str(r["what"]): None
        if np.isnan(float(r["value"]))
        else Estimate(float(r["value"]), float(r["low"]), float(r["high"]), "correlation", int(r["n"]))
        for r in cast(Estimates, evidence["ranks"]).rows.to_dict("records")
    }
    return RiskGap(gap.reset_index(), above.reset_index(), cast(Estimates, evidence["means"]).rows, ranks)
