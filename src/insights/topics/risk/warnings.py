"""The control work itself: what came of the warnings of a year ago, what that saved, and the thresholds behind them."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.settings_risk import THRESHOLDS
from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.risk.conduct import told_of
from insights.models.risk.credit import TRACK, tracks
from insights.models.risk.desk import chosen
from insights.models.risk.fraud import NEEDS as PAYMENTS
from insights.models.risk.fraud import Fraud, fraud
from insights.models.risk.loan_watch import reviewed
from insights.models.risk.loans import NEEDS as LOANS
from insights.models.risk.market import NEEDS as MARKETS
from insights.models.risk.register import asked
from insights.models.risk.service import AHEAD, Service, service
from insights.models.risk.service import NEEDS as COMPLAINTS
from insights.models.risk.warned import CAME, DAYS_PER_MONTH, KINDS, NOT, OPEN, Warned
from insights.models.risk.warned import warned as measured
from insights.stats.multiplicity import holm
from insights.stats.proportions import proportion
from insights.stats.rate_ratio import rate_ratio
from insights.stats.results import Estimate, NotEstimable
from insights.topics.evidence import (
    Answer,
    ClientCounts,
    Estimates,
    Evidence,
    MoneySums,
    NotAvailable,
    money_sums,
    with_households,
)
from insights.topics.risk.refusals import refused
from insights.topics.risk.register import register
from insights.topics.risk.service import LIST as CALLS
from insights.topics.risk.service import tells
from insights.topics.rows import NAN, estimates, plain

ID = "risk.warnings"
HITS, FALSE, LEAD = "hits", "false_alarms", "lead"


@dataclass(frozen=True)
class Line:
    """What came of one kind of warning: clients, nan where withheld.

    ``share`` of the warned to whom it came, where that is known by now; ``others`` of those who were not warned; both
    None where withheld. ``missed``: others to whom it came. ``p``: that warned and others are alike (Holm; nan).
    """

    kind: str
    warned: float
    came: float
    false: float
    open: float
    missed: float
    share: Estimate | None
    others: Estimate | None
    lead: float
    p: float


@dataclass(frozen=True)
class Warnings:
    """``lines`` by kind; ``avoided``: kind, clients, amount; ``covers``: cover (loans watched from), what, clients."""

    lines: tuple[Line, ...]
    avoided: pd.DataFrame | None
    covers: pd.DataFrame | None


def warnings(bank: Bank) -> Answer | NotAvailable:
    """Tell what came of the warnings of a year ago, what they saved, and which thresholds were revised."""
    if not asked(bank):
        missing = register(bank)
        assert isinstance(missing, NotAvailable)
        return NotAvailable(ID, missing.needs)
    found = measured(bank)
    if isinstance(found, NotEstimable):
        return refused(ID, found.reason)
    evidence, facts = warnings_evidence(bank, found)
    return Answer(ID, ID, evidence, warnings_rows, facts)


def warnings_evidence(bank: Bank, found: Warned) -> tuple[dict[str, Evidence], dict[str, Any]]:
    """Return what came of the warnings as evidence, and the thresholds as facts."""
    rows = found.rows.assign(household=household_of(bank, found.rows["client_id"]))
    kinds = [k for k in KINDS if (rows["kind"] == k).any()]
    evidence: dict[str, Evidence] = {}
    for kind in kinds:
        own = rows[rows["kind"] == kind]
        # Each for itself: a client may stand in several kinds, so they add up to nothing.
        evidence[f"warned/{kind}"] = _counted(own[own["warned"]])
        evidence[f"others/{kind}"] = _counted(own[~own["warned"]])
    came = rows[rows["warned"] & (rows["outcome"] == CAME)]
    leads = [
        plain(float(own["lead"].median()), "months", len(own), len(own), kind=str(kind), measure=LEAD)
        for kind, own in came.groupby("kind", sort=True)
        if own["lead"].notna().all()
    ]
    evidence["leads"] = estimates(leads, "kind", "measure")
    if len(found.avoided):
        home = household_of(bank, found.avoided["client_id"])
        evidence["avoided"] = money_sums(found.avoided.assign(household=home), ("kind",), "amount")
    told = {} if bank.needs(*LOANS) else tracks(bank)
    if told:
        for share, track in told.items():
            cells = pd.DataFrame({"what": [HITS, FALSE], "clients": [track.hits, track.false_alarms]})
            evidence[f"covers/{share:g}"] = ClientCounts(cells, ("what",))
    rules = bank.settings.risk
    facts: dict[str, Any] = {"day": found.day.isoformat(), "track": TRACK, "cover": f"{rules.watch_cover:g}"}
    facts["thresholds"] = {name: rules.threshold(name) for name in THRESHOLDS}
    facts["desks"] = _desks(bank)
    facts["revised"] = [
        {"threshold": r.threshold, "on": r.on.isoformat(), "before": r.before, "why": r.why}
        for r in sorted(rules.revised, key=lambda r: r.on, reverse=True)
        if r.on <= bank.as_of
    ]
    return evidence, facts | {"days": rules.papers_days}


def _desks(bank: Bank) -> list[dict[str, Any]]:
    """Return by scored risk what sets its threshold: desk, cases (a month), cost, bound_by, sample (share by lot)."""
    rules, rows = bank.settings.risk.desks, []
    if not bank.needs(*LOANS):
        loans = rules.loans
        bound = reviewed(bank).bound_by
        row: dict[str, Any] = {"desk": "loans", "cases": loans.cases_per_month, "cost": loans.case_cost}
        rows.append(row | {"bound_by": bound, "sample": loans.sample_share})
    if not bank.needs(*COMPLAINTS):
        calls = rules.complaints
        bound, found = "nothing", service(bank)
        if isinstance(found, Service) and tells(found):
            who, stake = found.today["client_id"], found.today["chance"] * calls.complaint_cost
            bound = chosen(who, stake, calls, CALLS, AHEAD).bound_by
        row = {"desk": "complaints", "cases": calls.cases_per_month, "cost": calls.case_cost}
        rows.append(row | {"bound_by": bound, "sample": calls.sample_share})
    if not bank.needs(*PAYMENTS) and isinstance(screened := fraud(bank), Fraud):
        own = bank.settings.risk.fraud
        row = {"desk": "fraud", "cases": own.analysts * own.cases_per_day * DAYS_PER_MONTH, "cost": own.case_cost}
        rows.append(row | {"bound_by": screened.bound_by, "sample": own.sample_share})
    if not bank.needs(*MARKETS):
        rows.append({"desk": "market", "bound_by": "tolerance", "sample": rules.market_share})
    if told_of(bank):
        rows.append({"desk": "staff", "bound_by": "false_alarms", "sample": rules.staff_share})
    return rows


def _counted(rows: pd.DataFrame) -> ClientCounts:
    """Return clients by outcome: each that may be is there, nobody or not."""
    told = rows.groupby("outcome").size()
    outcomes = (CAME, NOT, OPEN) if OPEN in told.index else (CAME, NOT)
    cells = pd.DataFrame({"outcome": outcomes, "clients": [int(told.get(o, 0)) for o in outcomes]})
    return with_households(cells, rows, ("outcome",))


def warnings_rows(parts: dict[str, Evidence]) -> Warnings:
    """Return what came of the warnings from (protected) evidence: shares follow from the counts that are told."""
    leads = cast(Estimates, parts["leads"]).rows
    if "status" in leads:
        leads = leads[leads["status"] == "shown"]
    lead = dict(zip(leads["kind"], leads["value"].astype(float), strict=True))
    lines, p_values = [], []
    for kind in (k for k in KINDS if f"warned/{k}" in parts):
        warned, rest = (_outcomes(parts[f"{name}/{kind}"]) for name in ("warned", "others"))
        share, other = _share(warned), _share(rest)
        p_values.append(_differ(warned, rest) if share and other else NAN)
        lines.append((kind, warned, rest, share, other))
    adjusted = holm(np.array(p_values)) if lines else np.zeros(0)
    made = tuple(
        Line(
            kind,
            sum(warned.values()),
            warned[CAME],
            warned[NOT],
            warned.get(OPEN, 0.0),
            rest.get(CAME, 0.0),
            share,
            other,
            lead.get(kind, NAN),
            float(p),
        )
        for (kind, warned, rest, share, other), p in zip(lines, adjusted, strict=True)
    )
    covers = [
        cast(ClientCounts, part).cells.assign(cover=name.partition("/")[2])
        for name, part in parts.items()
        if name.startswith("covers/")
    ]
    return Warnings(
        made,
        cast(MoneySums, parts["avoided"]).cells if "avoided" in parts else None,
        pd.concat(covers, ignore_index=True) if covers else None,
    )


def _outcomes(part: Evidence) -> dict[str, float]:
    own = cast(ClientCounts, part).cells
    return dict(zip(own["outcome"].astype(str), own["clients"].astype(float), strict=True))


def _share(outcomes: dict[str, float]) -> Estimate | None:
    came, known = outcomes.get(CAME, NAN), outcomes.get(CAME, NAN) + outcomes.get(NOT, NAN)
    return proportion(came, known) if known > 0 else None


def _differ(warned: dict[str, float], others: dict[str, float]) -> float:
    """Return the p-value of the test that what was warned of came to others as often; nan where it came to nobody."""
    if warned[CAME] + others[CAME] == 0:
        return NAN
    _, test = rate_ratio(warned[CAME], warned[CAME] + warned[NOT], others[CAME], others[CAME] + others[NOT])
    return NAN if test.p_value is None else test.p_value
