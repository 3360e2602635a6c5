"""What changed since the last comparable pack, number by number, with how much of it chance explains.

Two families of tests share out the error of the pack. The measures by which a bank is remembered are paired client by
client through their bootstrap replicates: little of what both packs share is left in the error. All other numbers are
compared by their published intervals as if the packs shared nothing: that errs on the side of silence. A measure whose
tables were delivered otherwise than last time is not judged, nor are the numbers of reports that read such tables: a
change may come from there.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.memory.measures import JOINED, LEFT, Measured, measured
from insights.stats.changes import change_between, changed
from insights.stats.intervals import normal_quantile
from insights.stats.paired import Family, normal_p, paired_errors
from insights.stats.proportions import proportion, rate
from insights.stats.resampling import Replicates
from insights.stats.results import Estimate
from insights.topics.evidence import Answer, ClientCounts, Estimates, Evidence, Published
from insights.topics.summary.delivered import (
    Otherwise,
    delivery_evidence,
    differences,
    memory_of,
    published_otherwise,
    touched,
)
from insights.topics.summary.own import NAN, told
from insights.topics.summary.pack import SHOWN, Findings, Pack, Row

ID = "summary.changes"
ALPHA = 0.02
"""The probability that anything at all is flagged in a pack in which nothing changed, half for each family."""
LEVEL = 0.95
NAME = "measure"
COUNTED = (LEFT, JOINED)
STAYED = "stayed"
SKIPPED = ("summary",)
EVERY = ("*",)
OF_ANOTHER_KIND: dict[str, tuple[str, ...]] = {
    "clients.risk": ("mean_volatility", "rank_correlation_volatility"),
    "lifecycle.backtest": ("expected",),
    "value.bridge": ("part", "change"),
    "value.stream_worth": ("active", "leaving"),
    "value.stream_activity": ("active", "ahead"),
    "value.stream_checks": EVERY,
    "channels.overview": ("change_whole",),
    "channels.changes": ("change_whole",),
    "channels.rollout": ("change_whole",),
}
"""Numbers of findings (of all their subjects) that are not compared: their intervals do not speak of another month.

The market moves volatilities for all clients at once; what a model foretells at past dates moves when it is fitted
again; a bridge is a comparison already; what a change brought until now grows with every month; which model tells who
is still active is chosen anew in every pack. Each of them would be a change in every pack.
"""


@dataclass(frozen=True)
class Changes:
    """What changed.

    ``measures``: measure, group, unit, value, before, change, low, high, p_value, clear, delivered (bool: on tables
    that were delivered otherwise, so not judged); value is as published, low and high are those of the change (95 %,
    for itself). ``otherwise`` names those tables. ``findings``: finding, name, group, months, unit, value,
    before, low, high, p_value, clear. ``compared`` counts the numbers of findings that both packs tell with an
    interval. ``paired`` says whether replicates were there.
    """

    measures: pd.DataFrame
    findings: pd.DataFrame
    compared: int
    paired: bool
    otherwise: Otherwise = field(default_factory=Otherwise)

    @property
    def clear(self) -> int:
        """How many numbers changed by more than chance explains."""
        return int(self.measures["clear"].sum() + self.findings["clear"].sum())


def changes(pack: Pack, bank: Bank) -> Answer:
    """Compare this pack with the last comparable one; the first only says what the next will be held against.

    Evidence: ``left``, ``left_by`` (parts) and ``joined`` count clients, ``others`` are the measures that count none,
    ``errors`` the standard errors of the paired changes (none where the last run's memory is missing), ``before`` what
    was published then; ``schema``, ``rows`` and ``marks`` are what was delivered otherwise.
    """
    memory = memory_of(pack, bank)
    now = measured(bank)
    before = pack.before.findings if pack.before else Findings("", {})
    items, otherwise = tuple(bank.settings.loyalty.outcome), differences(pack, bank)
    titles = {id: found["title"] for id, found in pack.now.by_id.items()}
    return Answer(
        id=ID,
        kind=ID,
        evidence=evidence_of(now, memory.measures if memory else None, before)
        | ({} if otherwise is None else delivery_evidence(otherwise)),
        estimate=lambda evidence: _changes(evidence, pack.now, before, bank.settings.disclosure.round_to, items),
        facts={"before": before.as_of or None, "memory": memory is not None, "gaps": list(pack.gaps), "titles": titles},
    )


def evidence_of(now: Measured, then: Measured | None, before: Findings) -> dict[str, Evidence]:
    """Return the measures of now in a form that can be protected, with what was published of them before."""
    own = told(now)
    others = own[~own["measure"].isin(COUNTED)].reset_index(drop=True)
    found: dict[str, Evidence] = {
        "left": ClientCounts(_counted(now, LEFT, False).drop(columns="group"), ("outcome",)),
        "left_by": ClientCounts(_counted(now, LEFT, True), ("group", "outcome")),
        "joined": ClientCounts(_counted(now, JOINED, False).drop(columns="group"), ("outcome",)),
        "others": Estimates(others, ("measure", "group")),
        "before": _before(before),
    }
    if then is not None:
        found["errors"] = paired(now, then)
    return found


def _counted(found: Measured, measure: str, by_part: bool) -> pd.DataFrame:
    """Return the clients of a share, those counted and the others: of all clients, or part by part."""
    rows = found.labels[(found.labels["measure"] == measure) & ((found.labels["group"] != "") == by_part)]
    cells = [
        {"group": r["group"], "outcome": outcome, "clients": int(n)}
        for r in rows.to_dict("records")
        # Of joiners the denominator is who was there before: they are not among them.
        for outcome, n in ((measure, r["n_events"]), (STAYED, r["n"] - (r["n_events"] if measure == LEFT else 0)))
    ]
    return pd.DataFrame(cells, columns=["group", "outcome", "clients"])


def _errors(now: Measured, then: Measured) -> pd.DataFrame:
    """Return the standard errors of the changes of the measures that both runs have."""
    keys = ["measure", "group"]
    both = now.labels.reset_index().merge(then.labels.reset_index(), on=keys, suffixes=("", "_then"))
    one, other = (_parts(f, both[c]) for f, c in ((now, "index"), (then, "index_then")))
    both["value"] = paired_errors(one, other)
    both["n"] = both[["n", "n_then"]].min(axis=1)
    both["n_events"] = both[["n_events", "n_events_then"]].min(axis=1)
    rows = both[[*keys, "value", "unit", "n", "n_events"]].assign(low=NAN, high=NAN)
    return rows[rows["value"].notna()].reset_index(drop=True)


def _parts(found: Measured, parts: pd.Series) -> Replicates:
    at = parts.to_numpy()
    return replace(found.replicates, value=found.replicates.value[at], values=found.replicates.values[:, at])


def _before(found: Findings) -> Published:
    rows = [
        {"measure": r.group.get("measure", ""), "group": r.group.get("group", ""), "value": r.value}
        | {"low": r.low, "high": r.high, "unit": r.unit, "n": r.n, "n_events": r.n_events, "status": r.status}
        for r in found.rows(ID, NAME)
    ]
    columns = ["measure", "group", "value", "low", "high", "unit", "n", "n_events", "status"]
    return Published(pd.DataFrame(rows, columns=columns), ("measure", "group"))


def _changes(
    evidence: Mapping[str, Evidence], now: Findings, before: Findings, round_to: int, items: tuple[str, ...] = ()
) -> Changes:
    return _told(_measures(evidence, round_to), now, before, "errors" in evidence, touched(evidence, items))


def between(
    now: Findings, before: Findings, errors: Estimates | None, round_to: int, items: tuple[str, ...] = ()
) -> Changes:
    """Compare any two packs by what they published; ``errors`` (protected) are those of the paired changes.

    What was delivered otherwise is known where the later one was held against the earlier one when it was made.
    """
    found = _before(now).rows
    found = found[found["status"] == SHOWN].drop(columns="status")
    counted = found["measure"].isin(COUNTED)
    found["blur"] = np.where(counted, round_to / math.sqrt(6) / found["n"], 0.0)
    measures = _against(found, _before(before).rows, None if errors is None else errors.rows)
    return _told(measures, now, before, errors is not None, published_otherwise(now, before, items))


def paired(now: Measured, then: Measured) -> Estimates:
    """Return the standard errors of the paired changes of the measures that two runs remember, to be protected."""
    return Estimates(_errors(now, then), ("measure", "group"))


def _told(
    measures: pd.DataFrame,
    now: Findings,
    before: Findings,
    with_errors: bool,
    otherwise: Otherwise | None = None,
) -> Changes:
    otherwise = otherwise or Otherwise()
    measures["delivered"] = measures["measure"].isin(otherwise.measures).to_numpy(bool)
    measures["p_value"] = measures["p_value"].where(~measures["delivered"], NAN)
    findings = pd.DataFrame(list(_findings(now, before, otherwise.reports)), columns=FINDING_COLUMNS)
    for rows in (measures, findings):
        rows["clear"] = Family(rows["p_value"].to_numpy(float), ALPHA / 2).found
    return Changes(measures, findings, len(findings), with_errors, otherwise)


def shares(counts: ClientCounts, measure: str, round_to: int) -> list[dict[str, object]]:
    """Return the shares that (protected) counts tell, by part and of all, with the error that rounding adds."""
    cells = counts.cells if "group" in counts.cells else counts.cells.assign(group="")
    if cells.empty:
        return []
    wide = cells.pivot(index="group", columns="outcome", values="clients")
    found: list[dict[str, object]] = []
    for group in wide.index:
        events, stayed = float(wide.loc[group, measure]), float(wide.loc[group, STAYED])
        n = events + stayed if measure == LEFT else stayed
        if math.isnan(n) or math.isnan(events) or n <= 0:
            continue
        told_as = proportion(events, n) if measure == LEFT else rate(events, n, unit="share")
        row = {"measure": measure, "group": str(group), "unit": "share", "n": n, "n_events": events}
        blur = round_to / math.sqrt(6) / n
        found.append(row | {"value": told_as.value, "low": told_as.low, "high": told_as.high, "blur": blur})
    return found


def _measures(evidence: Mapping[str, Evidence], round_to: int) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    for measure, name in ((LEFT, "left"), (LEFT, "left_by"), (JOINED, "joined")):
        rows += shares(cast(ClientCounts, evidence[name]), measure, round_to)
    others = cast(Estimates, evidence["others"]).rows
    others = others[others["value"].notna()]
    columns = ["measure", "group", "unit", "n", "n_events", "value", "low", "high"]
    rows += cast("list[dict[str, object]]", others[columns].assign(blur=0.0).to_dict("records"))
    found = pd.DataFrame(rows, columns=[*columns, "blur"])
    errors = cast(Estimates, evidence["errors"]).rows if "errors" in evidence else None
    return _against(found, cast(Published, evidence["before"]).rows, errors)


def _against(found: pd.DataFrame, then: pd.DataFrame, told_errors: pd.DataFrame | None) -> pd.DataFrame:
    """Return measures with what they were before, and how much of the difference chance explains."""
    before = then[["measure", "group", "value"]]
    found = found.merge(before.rename(columns={"value": "before"}), on=["measure", "group"], how="left")
    found["change"] = found["value"] - found["before"]
    errors = np.full(len(found), NAN)
    if told_errors is not None:
        own = told_errors[["measure", "group", "value"]]
        joined = found[["measure", "group"]].merge(own, on=["measure", "group"], how="left")
        errors = joined["value"].to_numpy(float)
    errors = np.hypot(errors, found["blur"].to_numpy(float))
    half = normal_quantile(LEVEL) * errors
    found["now_low"], found["now_high"] = found["low"], found["high"]
    found["low"], found["high"] = found["change"] - half, found["change"] + half
    found["p_value"] = normal_p(found["change"].to_numpy(float), errors)
    return found.drop(columns="blur")


FINDING_COLUMNS = ["finding", "name", "group", "months", "unit", "value", "before", "low", "high", "p_value"]


def _findings(now: Findings, before: Findings, left_out: tuple[str, ...] = ()) -> Iterator[dict[str, Any]]:
    """Yield every number that both packs tell with an interval, with its change; but for the reports left out."""
    for id in now.by_id:
        if id.partition(".")[0] in (*SKIPPED, *left_out):
            continue
        then = {_key(row): row for row in before.rows(id)}
        skipped = OF_ANOTHER_KIND.get(".".join(id.split(".")[:2]), ())
        for row in now.rows(id):
            if skipped == EVERY or row.name in skipped:
                continue
            old = then.get(_key(row))
            if old is None or not (row.interval and old.interval) or row.level != old.level:
                continue
            one, other = (Estimate(r.value, r.low, r.high, r.unit, 0, level=r.level) for r in (row, old))
            change = change_between(one, other)
            p = changed(change).p_value
            head: dict[str, Any] = {
                "finding": id,
                "name": row.name,
                "group": dict(row.group),
                "months": row.months,
                "unit": row.unit,
            }
            numbers = {"value": row.value, "before": old.value, "low": change.low, "high": change.high}
            yield head | numbers | {"p_value": NAN if p is None else p}


def _key(row: Row) -> tuple[object, ...]:
    return row.name, tuple(sorted(row.group.items())), row.months, row.unit
