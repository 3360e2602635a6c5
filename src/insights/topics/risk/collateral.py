"""Collateral in the scenarios for markets: how many loans it would not cover any more, and by how much."""

from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.risk.collateral import KIND, NEEDS, Floats, Revalued, revalued
from insights.models.risk.loans import NEEDS as LOANS
from insights.stats.results import NotEstimable
from insights.topics.evidence import (
    HOUSEHOLDS,
    Answer,
    Estimates,
    Evidence,
    MoneySums,
    NotAvailable,
    money_sums,
)
from insights.topics.risk.refusals import refused
from insights.topics.rows import NAN, estimates, plain, summed

ID = "risk.collateral"
SHORT, MORE, FALL, TODAY = "short", "short_more", "fall", "today"
OTHER = "other"


@dataclass(frozen=True)
class Cover:
    """``rows``: measure, scenario, value, n; ``kinds``: kind, clients, amount (drawn); ``falls``: category, scenario.

    A shortfall in a scenario is told only where what it adds to that of today may be told as well.
    """

    rows: pd.DataFrame
    kinds: pd.DataFrame
    falls: pd.DataFrame


def collateral(bank: Bank) -> Answer | NotAvailable:
    """Tell what loans would lack in each scenario, with pledged portfolios revalued client by client."""
    if missing := bank.needs(*LOANS, *NEEDS):
        return NotAvailable(ID, missing)
    found = revalued(bank)
    if isinstance(found, NotEstimable):
        return refused(ID, found.reason)
    if found.rows.empty:
        return refused(ID, "nobody has a loan")
    evidence, facts = collateral_evidence(bank, found)
    return Answer(ID, ID, evidence, collateral_rows, facts)


def collateral_evidence(bank: Bank, found: Revalued) -> tuple[dict[str, Evidence], dict[str, Any]]:
    """Return the shortfalls as evidence."""
    home = found.rows["household"]

    def row(amounts: Floats, measure: str, scenario: str) -> dict[str, Any]:
        households = float(home[amounts != 0].nunique())
        return summed(amounts, measure=measure, scenario=scenario) | {HOUSEHOLDS: households}

    rows = [row(found.today, SHORT, TODAY)]
    falls = []
    for name, short in found.short.items():
        rows.append(row(short, SHORT, name))
        more = short - found.today
        if (more != 0).any():
            rows.append(row(more, MORE, name))
        for category, clients, fall in found.categories[["category", "clients", name]].itertuples(index=False):
            falls.append(plain(float(fall), "share", clients, NAN, category=str(category), scenario=name))
    drawn = found.rows.rename(columns={"drawn": "amount"})
    evidence: dict[str, Evidence] = {
        "rows": estimates(rows, "measure", "scenario"),
        "kinds": money_sums(drawn, ("kind",), "amount", rest=OTHER),
        "falls": estimates(falls, "category", "scenario"),
    }
    rules = bank.settings.risk.collateral
    set_falls = {
        name: {kind: fall for kind, fall in rules.falls.get(name, {}).items() if kind in set(found.rows["kind"])}
        for name in found.short
    }
    facts: dict[str, Any] = {"scenarios": list(found.short), "assumed": found.assumed, "unknown": list(found.unknown)}
    own = [kind for kind in rules.portfolio if kind in set(found.rows["kind"])]
    return evidence, facts | {"own": own, "falls": set_falls, "kind": KIND}


def collateral_rows(parts: dict[str, Evidence]) -> Cover:
    """Return the shortfalls from (protected) evidence."""
    rows = cast(Estimates, parts["rows"]).rows.copy()
    if "status" in rows:
        hidden = rows.loc[(rows["measure"] == MORE) & (rows["status"] != "shown"), "scenario"]
        gone = (rows["measure"] == SHORT) & rows["scenario"].isin(hidden)
        rows.loc[gone, ["value", "low", "high", "n", "n_events"]] = NAN
        rows.loc[gone, "status"] = "suppressed"
    return Cover(rows, cast(MoneySums, parts["kinds"]).cells, cast(Estimates, parts["falls"]).rows)
