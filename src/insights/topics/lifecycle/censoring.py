"""What if those who were lost to view were different: how far the main number hangs on an assumption nobody can check.

A client who leaves for the main reason is seen to do so. One who goes for another reason before (moves abroad, is let
go, falls silent, does not say) takes with him what he would have done. Here the main number is told for every answer
to that: had he stayed, and left like others, half as often, or up to four times as often; and with weights that let
those who stayed stand in for those like them who were lost.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.months import last_complete
from insights.data.snapshot import Bank
from insights.models.exits.fit import fit_cause
from insights.models.exits.hazards import main_reason
from insights.models.exits.leaks import leaks
from insights.models.exits.rows import MISSING, ExitRows, exit_rows
from insights.models.returns import DEATH
from insights.models.trial import day_of
from insights.stats.censoring import DELTAS, delta_sensitivity
from insights.stats.censoring_weights import CensoringWeights, censoring_weights, weighted_incidence
from insights.stats.hazard import HazardModel
from insights.stats.inputs import Floats
from insights.stats.results import Estimate, NotEstimable, TestResult
from insights.topics.evidence import Answer, ClientCounts, Estimates, Evidence, NotAvailable
from insights.topics.lifecycle.retention import refused

ID = "lifecycle.censoring"
STAYED, OTHERS = "in force", "other_reasons"
REPORT, DELTA, WEIGHTS, PLAIN = "report", "delta", "weights", "plain"
YEARS = (12, 24, 36, 48, 60, 72, 84, 96, 108, 120)
ORDER = ("log2_assets", "age_decades", "tenure", "satisfaction", "complaint_6m", "outflow_12m", "gender", "region")
"""Features that may explain who is lost, the most important first; as many as the losses allow."""


@dataclass(frozen=True)
class Sensitivity:
    """The share that leaves for the main reason within ``months``, by what is assumed of those lost for other reasons.

    ``rows``: kind ("report": they are gone; "delta": the factor on their hazard had they stayed, in ``assumption``, of
    which "inf" is all of them at once; "weights": weighted for what is known of them, "plain": not weighted), months,
    value, low, high, unit, n, n_events. ``outcomes``: what became of the clients followed. ``refusal`` says why there
    are no weights.
    """

    rows: pd.DataFrame
    outcomes: pd.DataFrame
    months: int
    refusal: str
    checks: tuple[TestResult, ...]

    def at(self, kind: str, assumption: str = "") -> pd.Series | None:
        """Return the row for the longest horizon; None where it is not there or withheld."""
        r = self.rows
        found = r[(r["kind"] == kind) & (r["assumption"] == assumption) & (r["months"] == self.months)]
        return None if found.empty or pd.isna(found["value"].iloc[0]) else found.iloc[0]


@dataclass(frozen=True)
class Cohort:
    """Clients (n) in force in the first month of which enough is known, and followed to the as-of date.

    ``time`` (months), ``cause`` ("" in force), ``lost`` (left for a reason that hides what he would have done), ``at``
    (N) the positions of their client-months, ``unit`` (N) whose they are and ``step`` (N) the month of following, from
    0. ``manager`` (n) is a code for clustering.
    """

    start: int
    time: Floats
    cause: npt.NDArray[np.object_]
    lost: npt.NDArray[np.bool_]
    at: npt.NDArray[np.int64]
    unit: npt.NDArray[np.int64]
    step: npt.NDArray[np.int64]
    manager: npt.NDArray[np.int64]


def censoring(bank: Bank) -> Answer | NotAvailable:
    """Tell the share that leaves for the main reason under different answers to what those lost would have done."""
    missing = list(bank.needs("clients.joined_on", "clients.left_on"))
    if missing or bank.window_from is None:
        return NotAvailable(ID, tuple(missing if bank.window_from else [*missing, "[window] complete_from"]))
    rows = exit_rows(bank).until(bank.as_of)
    counts = {reason: int((rows.cause == k + 1).sum()) for k, reason in enumerate(rows.causes)}
    if not any(counts.values()):
        return refused(ID, "nobody_left", {})
    main = main_reason(counts, bank.settings.lifecycle.not_by_choice)
    if main is None:
        return refused(ID, "nobody_by_choice", {})
    found = cohort(rows, main)
    horizons = [h for h in YEARS if h <= last_complete(bank.as_of) - found.start + 1]
    if not horizons:
        return refused(ID, "too_short", {"months": last_complete(bank.as_of) - found.start + 1})
    if not found.lost.any():
        return refused(ID, "nobody_lost", {})
    lines = _assumed(found, main, horizons)
    weighted, refusal, checks = _weighted(rows, found, main, horizons)
    told = pd.DataFrame(lines + weighted)
    ends = pd.Series(np.where(found.cause == "", STAYED, found.cause)).value_counts().sort_index()
    outcomes = ends.rename_axis("outcome").rename("clients").reset_index()
    months = max(horizons)
    return Answer(
        id=ID,
        kind=ID,
        evidence={
            "shares": Estimates(told, ("kind", "assumption", "months")),
            "outcomes": ClientCounts(outcomes, ("outcome",), rest=OTHERS),
        },
        estimate=lambda evidence: _sensitivity(evidence, months, refusal, checks),
        facts={"main": main, "start": day_of(found.start), "months": months},
    )


def cohort(rows: ExitRows, main: str) -> Cohort:
    """Return the clients in force in the first month in which those observed from the start of the window are known."""
    months, sizes = np.unique(rows.month, return_counts=True)
    # Before the window is a year old only new clients have a history; then all others come in at once.
    start = int(months[np.argmax(np.diff(sizes, prepend=0))]) if len(months) else 0
    key = rows.client.astype(np.int64) * 1000 + rows.spell
    members = np.unique(key[rows.month == start])
    inside = (rows.month >= start) & np.isin(key, members)
    at = np.flatnonzero(inside)
    unit = np.searchsorted(members, key[at])
    last = np.append(np.flatnonzero(np.diff(unit)), len(at) - 1)
    first = np.append(0, last[:-1] + 1)
    labels = np.array(["", *rows.causes], dtype=object)
    cause = labels[rows.cause[at[last]]]
    step = (rows.month[at] - start).astype(np.int64)
    manager = rows.manager[at[first]].astype(np.int64)
    own = np.where(manager == MISSING, len(rows.managers) + np.arange(len(first)), manager)
    lost = ~np.isin(cause, ("", main, DEATH))
    return Cohort(start, (step[last] + 1).astype(float), cause, lost, at, unit, step, own)


def _assumed(found: Cohort, main: str, horizons: list[int]) -> list[dict[str, object]]:
    """Return the share under every assumption; "report" is that of the other exhibits: the lost are gone."""
    cause = np.where(found.lost, "", found.cause)
    told = delta_sensitivity(found.time, cause, horizons, deltas=DELTAS, lost=found.lost)
    lines = []
    for months in horizons:
        done = int(((found.cause == main) & (found.time <= months)).sum())
        for kind, delta in ((REPORT, 0.0), *((DELTA, d) for d in (*DELTAS, float("inf")))):
            estimate = told.at(months, delta, main)
            if isinstance(estimate, Estimate):
                name = "" if kind == REPORT else f"{delta:g}"
                rests = done if kind == REPORT else min(done, _lost_by(found, months))
                lines.append(_line(kind, name, months, estimate, len(found.time), rests))
    return lines


def _weighted(
    rows: ExitRows, found: Cohort, main: str, horizons: list[int]
) -> tuple[list[dict[str, object]], str, tuple[TestResult, ...]]:
    """Return the share with weights by what explains the losses; or why there are none."""
    weights = loss_weights(rows, found)
    if isinstance(weights, NotEstimable):
        return [], weights.reason, ()
    told = weighted_incidence(weights, horizons, cluster=found.manager)
    lines = []
    for months in horizons:
        done = int(((found.cause == main) & (found.time <= months)).sum())
        estimate = told.at(float(months), main)
        if isinstance(estimate, Estimate):
            t = told.table
            plain = float(t[(t["cause"] == main) & (t["months"] == months)]["unweighted"].iloc[0])
            rests = min(done, _lost_by(found, months))
            lines.append(_line(WEIGHTS, "", months, estimate, len(found.time), rests))
            without = Estimate(plain, float("nan"), float("nan"), "share", len(found.time), done)
            lines.append(_line(PLAIN, "", months, without, len(found.time), rests))
    return lines, "", told.checks


def loss_weights(rows: ExitRows, found: Cohort) -> CensoringWeights | NotEstimable:
    """Return weights of the cohort from a model of the losses on what was known before each month."""
    part = rows.take(found.at)
    gone = np.zeros(part.n, dtype=bool)
    last = np.append(np.flatnonzero(np.diff(found.unit)), part.n - 1)
    gone[last] = found.lost
    model = fit_cause("lost", part, gone, ORDER, dict(leaks(rows)), splits=())
    if not isinstance(model.model, HazardModel):
        return model.model
    hazard = -np.expm1(-model.path(part, 1)[:, 0])
    months = int(found.step.max()) + 1
    stay = np.ones((len(found.time), months))
    stay[found.unit, found.step] = 1 - hazard
    cause = np.where(found.lost, "", found.cause)
    return censoring_weights(found.time, cause, np.cumprod(stay, axis=1), [float(m) for m in range(1, months + 1)])


def _lost_by(found: Cohort, months: int) -> int:
    """Return how many were lost by then: a share that differs from the report's by them rests on them too."""
    return int((found.lost & (found.time <= months)).sum())


def _line(kind: str, assumption: str, months: int, told: Estimate, n: int, n_events: int) -> dict[str, object]:
    head = {"kind": kind, "assumption": assumption, "months": months, "value": told.value, "low": told.low}
    return head | {"high": told.high, "unit": "share", "n": n, "n_events": n_events}


def _sensitivity(
    evidence: dict[str, Evidence], months: int, refusal: str, checks: tuple[TestResult, ...]
) -> Sensitivity:
    shares, outcomes = cast(Estimates, evidence["shares"]), cast(ClientCounts, evidence["outcomes"])
    return Sensitivity(shares.rows, outcomes.cells, months, refusal, checks)
