"""Lifecycle: how long relationships last, who leaves, for what reason, and when.

First part: the last twelve months, survival of the relationship, incidence of leaving by reason, mean tenure, and what
the naive reading would have said. Every answer rests on counts at risk from ``models.exits``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import ibis
import pandas as pd

from insights.data.months import add_months
from insights.data.snapshot import Bank
from insights.models.exits.counts import UNKNOWN, exit_counts
from insights.models.households import household_of
from insights.stats.incidence import IncidenceCurve, cumulative_incidence_from_counts
from insights.stats.logrank import logrank_from_counts
from insights.stats.restricted import restricted_mean_difference
from insights.stats.results import Estimate, NotEstimable, TestResult
from insights.stats.survival import SurvivalCurve, kaplan_meier_from_counts
from insights.topics.evidence import (
    Answer,
    ClientCounts,
    Evidence,
    MoneySums,
    NotAvailable,
    RiskCounts,
    client_counts,
    money_sums,
)

STAYED = "in force"
OTHERS = "other_reasons"
LEVEL = 0.95

# Yearly at first; later the curves are flat and the table should stay readable.
HORIZONS = (*range(12, 121, 12), 180, 240, 300, 360)
HEADLINE = 120


def last_year(bank: Bank) -> Answer | NotAvailable:
    """Count what became of the clients who were in force twelve months before the as-of date."""
    if missing := _missing(bank):
        return NotAvailable("lifecycle.last_year", missing)
    start = add_months(bank.as_of, -12)
    if bank.window_from is None or bank.window_from > start:
        return NotAvailable("lifecycle.last_year", (f"[window] complete_from on or before {start}",))
    clients = _with_exits(bank).filter(lambda t: t.joined_on <= ibis.literal(start))
    clients = clients.filter(lambda t: t.left_on.isnull() | (t.left_on > ibis.literal(start)))
    outcome = clients.mutate(outcome=_outcome(clients))
    rows = outcome.select("client_id", "outcome").order_by("outcome", "client_id").execute()
    rows["household"] = household_of(bank, rows["client_id"])
    return Answer(
        id="lifecycle.last_year",
        kind="lifecycle.last_year",
        evidence={"outcomes": client_counts(rows, ("outcome",), rest=OTHERS)},
        estimate=lambda evidence: cast(ClientCounts, evidence["outcomes"]).cells,
        facts={"start": start},
    )


def assets_lost(bank: Bank) -> Answer | NotAvailable:
    """Sum the assets that clients who left in the last twelve months held at the last month end before they left."""
    if missing := (*_missing(bank), *bank.needs("balances.amount", "balances.month")):
        return NotAvailable("lifecycle.assets_lost", missing)
    start = add_months(bank.as_of, -12)
    if bank.window_from is None or bank.window_from > start:
        return NotAvailable("lifecycle.assets_lost", (f"[window] complete_from on or before {start}",))
    gone = _with_exits(bank).filter(lambda t: t.left_on > ibis.literal(start))
    gone = gone.select("client_id", "left_on", outcome=_outcome(gone))
    monthly = bank.table("balances").group_by("client_id", "month").agg(assets=lambda t: t.amount.sum())
    held = gone.inner_join(monthly, "client_id").filter(lambda t: t.month < t.left_on.truncate("M"))
    last = held.group_by("client_id", "outcome").agg(assets=lambda t: t.assets.argmax(t.month).cast("float64"))
    rows = last.order_by("client_id", "outcome").execute()
    rows["household"] = household_of(bank, rows["client_id"])
    return Answer(
        id="lifecycle.assets_lost",
        kind="lifecycle.assets_lost",
        evidence={"assets": money_sums(rows, ("outcome",), "assets", rest=OTHERS, everybody=True)},
        estimate=lambda evidence: cast(MoneySums, evidence["assets"]).cells,
        facts={"start": start},
    )


def survival(bank: Bank, by: str | None = None) -> Answer | NotAvailable:
    """Estimate the share of relationships still in force by months since joining, overall or by a client column."""
    return _curve_answer(bank, by, "survival", _survival)


def exit_incidence(bank: Bank, by: str | None = None) -> Answer | NotAvailable:
    """Estimate the share of clients who have left for each reason by months since joining, overall or by a column."""
    return _curve_answer(bank, by, "exit_incidence", _incidence)


def tenure(bank: Bank, by: str | None = None) -> Answer | NotAvailable:
    """Estimate median and restricted mean tenure, and how the groups differ from the largest of them."""
    return _curve_answer(bank, by, "tenure", _tenure)


def naive_incidence(bank: Bank) -> Answer | NotAvailable:
    """Set 1 - Kaplan-Meier, which treats other exits as if those clients could still leave, beside the incidence."""
    return _curve_answer(bank, None, "naive_incidence", _incidence)


def lists(bank: Bank) -> dict[str, pd.DataFrame]:
    """Return the restricted lists of this report: ``leavers``, the clients who left in the last twelve months."""
    if _missing(bank):
        return {}
    gone = _with_exits(bank).filter(lambda t: t.left_on > ibis.literal(add_months(bank.as_of, -12)))
    kept = [c for c in ("client_id", "rm_id", "region", "joined_on", "left_on", "leave_reason") if c in gone.columns]
    return {"leavers": gone.select(kept).order_by("left_on", "client_id").execute()}


@dataclass(frozen=True)
class Tenure:
    """Tenure of one group: median and restricted mean (months), and the difference to the reference group."""

    group: str
    units: int
    median: Estimate | NotEstimable
    mean: Estimate | NotEstimable
    difference: Estimate | NotEstimable | None


@dataclass(frozen=True)
class Tenures:
    """Tenure by group up to a common horizon (months); ``test`` is the log-rank test where there are groups."""

    horizon: int
    reference: str
    rows: tuple[Tenure, ...]
    test: TestResult | None
    checks: tuple[TestResult, ...]


def horizons_of(counts: pd.DataFrame) -> list[int]:
    """Return the horizons of the tables: those that every group's counts still reach."""
    if counts.empty:
        return []
    reach = counts[counts["at_risk"] > 0].groupby("group")["time"].max().min()
    return [h for h in HORIZONS if h <= reach]


def headline(horizons: list[int]) -> int:
    """Return the horizon that titles speak of: ten years, or the longest that is told."""
    return max((h for h in horizons if h <= HEADLINE), default=0)


def _missing(bank: Bank) -> tuple[str, ...]:
    missing = bank.needs("clients.joined_on", "clients.left_on")
    return missing if bank.window_from else (*missing, "[window] complete_from")


def _curve_answer(
    bank: Bank, by: str | None, name: str, estimate: Callable[[dict[str, Evidence]], Any]
) -> Answer | NotAvailable:
    finding = f"lifecycle.{name}" + (f".by_{by}" if by else "")
    if missing := (*_missing(bank), *(bank.needs(f"clients.{by}") if by else ())):
        return NotAvailable(finding, missing)
    counts, units, households = exit_counts(bank, by)
    return Answer(
        id=finding,
        kind=f"lifecycle.{name}",
        evidence={"exits": RiskCounts(counts, units, households=households)},
        estimate=estimate,
        facts={"by": by, "level": LEVEL},
    )


def _survival(evidence: dict[str, Evidence]) -> SurvivalCurve:
    exits = cast(RiskCounts, evidence["exits"])
    return kaplan_meier_from_counts(exits.counts, level=LEVEL, units=_units(exits), blur=exits.blur)


def _incidence(evidence: dict[str, Evidence]) -> IncidenceCurve:
    exits = cast(RiskCounts, evidence["exits"])
    return cumulative_incidence_from_counts(exits.counts, level=LEVEL, units=_units(exits), blur=exits.blur)


def _tenure(evidence: dict[str, Evidence]) -> Tenures:
    exits = cast(RiskCounts, evidence["exits"])
    curve = _survival(evidence)
    units = exits.units.dropna(subset=["units"]).sort_values(["units", "group"], ascending=[False, True])
    horizon = headline(horizons_of(exits.counts))
    reference = str(units["group"].iloc[0]) if len(units) else ""
    rows = tuple(
        Tenure(
            group=str(group),
            units=int(n),
            median=curve.median(str(group)),
            mean=curve.restricted_mean(horizon, str(group)),
            difference=None
            if group == reference
            else restricted_mean_difference(curve, str(group), reference, horizon),
        )
        for group, n in zip(units["group"], units["units"], strict=True)
    )
    test = logrank_from_counts(exits.counts) if len(rows) > 1 else None
    return Tenures(horizon, reference, rows, test, curve.checks)


def _units(exits: RiskCounts) -> dict[str, float]:
    shown = exits.units.dropna(subset=["units"])
    return {str(g): float(n) for g, n in zip(shown["group"], shown["units"], strict=True)}


def _with_exits(bank: Bank) -> ibis.Table:
    clients = bank.table("clients")
    return clients if "leave_reason" in clients.columns else clients.mutate(leave_reason=ibis.null("string"))


def _outcome(clients: ibis.Table) -> ibis.Value:
    return clients.left_on.isnull().ifelse(STAYED, ibis.coalesce(clients.leave_reason, UNKNOWN))
