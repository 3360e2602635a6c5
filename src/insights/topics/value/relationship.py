"""Relationship value by tier: wealth contribution, cost of risk and brand influence in money, notes beside it."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.months import month_end
from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.value.margins import ClientMargins
from insights.models.value.relationship import CAME, HELPED, PARTS, relationship_values
from insights.stats.ranking import rank_stability
from insights.stats.ratios import ratio_of_sums
from insights.stats.results import Estimate
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
from insights.topics.value.refusals import YEAR, margins_of

ID = "value.relationship"
COLUMNS = [*PARTS, "value"]
ALL = "all"


@dataclass(frozen=True)
class Relationship:
    """``parts``: tier (``ALL`` last), clients, wealth, risk, brand, value (currency; nan where withheld).

    ``referrers``: how many referred somebody who is in force (nan where withheld). ``referrals``: kind ("came",
    "helped"), clients, own (value of the referred clients), moved (to the referrers). ``notes``: tier, value (average
    sentiment of the notes, -1 to 1), low, high, n. ``ranks``: weight, factor, measure ("correlation", "kept"), value;
    empty where no index is asked for.
    """

    parts: pd.DataFrame
    referrers: float
    referrals: pd.DataFrame
    notes: pd.DataFrame
    ranks: pd.DataFrame


def relationship(bank: Bank) -> Answer | NotAvailable:
    """Add up the parts of the relationship value by tier, and what referrals move."""
    found = margins_of(bank, ID, income=True)
    if not isinstance(found, ClientMargins):
        return found
    told = relationship_values(bank)
    assert told is not None
    frame, rules = told.clients, bank.settings.value
    home = household_of(bank, frame["client_id"])
    frame = frame.assign(tier=frame["tier"].replace("", rules.tiers.rest), all=ALL, household=home)
    evidence: dict[str, Evidence] = {"clients": client_counts(frame, ("tier",))}
    for name in COLUMNS:
        evidence[name] = money_sums(frame, ("tier",), name)
        if name != "brand":
            evidence[f"all.{name}"] = money_sums(frame, ("all",), name)
    referred = frame[frame["kind"] != ""]
    if len(referred):
        evidence["referred"] = client_counts(referred, ("kind",))
        own = referred.assign(own=referred["wealth"] + referred["risk"], moved=referred["given"])
        evidence["own"] = money_sums(own, ("kind",), "own")
        evidence["moved"] = money_sums(own, ("kind",), "moved")
        by = frame.loc[np.unique(referred["referrer"])]
        evidence["referrers"] = client_counts(by, ("all",))
    if (notes := _notes(bank, frame, found)) is not None:
        evidence["notes"] = notes
    if rules.referrals.rank_weights:
        evidence["ranks"] = _ranks(frame, {str(k): v for k, v in rules.referrals.rank_weights.items()})
    order = rules.tiers.names
    last = found.months.count - 1
    return Answer(
        id=ID,
        kind=ID,
        evidence=evidence,
        estimate=lambda evidence: _relationship(evidence, order),
        facts={
            "end": month_end(found.months.month(last)).isoformat(),
            "years": told.years,
            "untold": told.untold > 0,
            "discount": rules.annual_discount_rate,
            "basis": found.basis,
            "components": tuple(found.components),
            "default_rate": found.default_rate,
            "own_rate": found.defaults > 0,
            "weights": {CAME: rules.referrals.came, HELPED: rules.referrals.helped},
            "recorded": bank.has("clients", "referred_by"),
            "rank_weights": rules.referrals.rank_weights,
        },
    )


def _notes(bank: Bank, frame: pd.DataFrame, found: ClientMargins) -> Estimates | None:
    """Return the average sentiment of the last twelve months' notes by tier: beside the value, never part of it."""
    if not bank.has("notes", "sentiment"):
        return None
    table = bank.table("notes")
    since = found.months.month(found.months.count - YEAR)
    told = (
        table.filter((table.noted_on >= since) & table.sentiment.notnull()).select("client_id", "sentiment").execute()
    )
    told = told.merge(frame[["client_id", "tier"]], on="client_id")
    rows = []
    for tier, own in told.groupby("tier"):
        e = ratio_of_sums(own["sentiment"].to_numpy(float), np.ones(len(own)), cluster=own["client_id"].to_numpy())
        if isinstance(e, Estimate):
            head = {"tier": tier, "value": e.value, "low": e.low, "high": e.high, "unit": "sentiment"}
            rows.append(head | {"n": e.n, "n_events": np.nan})
    return Estimates(pd.DataFrame(rows), ("tier",)) if rows else None


def _ranks(frame: pd.DataFrame, weights: dict[str, float]) -> Estimates:
    found = rank_stability(frame[list(weights)], weights)
    long = found.melt(["weight", "factor"], ["correlation", "kept"], "measure", "value").dropna(subset=["value"])
    told = long.assign(low=np.nan, high=np.nan, unit="share", n=len(frame), n_events=np.nan)
    return Estimates(told, ("weight", "factor", "measure"))


def _relationship(evidence: dict[str, Evidence], order: tuple[str, ...]) -> Relationship:
    table = cast(ClientCounts, evidence["clients"]).cells.set_index("tier")[["clients"]]
    table = table.reindex([t for t in order if t in table.index])
    whole: dict[str, float] = {"clients": float(table["clients"].sum(skipna=False)), "brand": 0.0}
    for name in COLUMNS:
        own = cast(MoneySums, evidence[name]).cells.set_index("tier")["amount"]
        table[name] = [own[t] if t in own.index else 0.0 for t in table.index]
        if name != "brand":  # What referrals give to one they take from another.
            everybody = cast(MoneySums, evidence[f"all.{name}"]).cells["amount"]
            whole[name] = float(everybody.iloc[0]) if len(everybody) else 0.0
    parts = pd.concat([table.rename_axis("tier").reset_index(), pd.DataFrame([{"tier": ALL, **whole}])])
    referrals = pd.DataFrame(columns=["kind", "clients", "margin", "moved"])
    if "referred" in evidence:
        referrals = cast(ClientCounts, evidence["referred"]).cells[["kind", "clients"]]
        for name in ("own", "moved"):
            sums = cast(MoneySums, evidence[name]).cells[["kind", "amount"]].rename(columns={"amount": name})
            referrals = referrals.merge(sums, on="kind", how="left")
    empty = pd.DataFrame(columns=["tier", "value", "low", "high", "unit", "n", "n_events"])
    return Relationship(
        parts.reset_index(drop=True),
        float(cast(ClientCounts, evidence["referrers"]).cells["clients"].iloc[0]) if "referrers" in evidence else 0.0,
        referrals,
        cast(Estimates, evidence["notes"]).rows if "notes" in evidence else empty,
        cast(Estimates, evidence["ranks"]).rows if "ranks" in evidence else empty,
    )
