"""What changed since the last comparable pack, number by number, with how much of it chance explains.

Two families of tests share out the error of the pack. The measures by which a bank is remembered are paired client by
client through their bootstrap replicates: little of what both packs share is left in the error. All other numbers are
compared in the best way there is for each (see ``numbers``), or it is said why not. A measure whose tables were
delivered otherwise than last time is not judged, nor are the numbers of reports that read such tables: a change may
come from there.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import pandas as pd

from insights.data.settings import Settings
from insights.data.snapshot import Bank
from insights.models.memory.measures import JOINED, LEFT, measured, numbered
from insights.models.memory.shapes import Measured
from insights.stats.intervals import normal_quantile
from insights.stats.paired import Family, normal_p, paired_errors
from insights.stats.proportions import proportion, rate
from insights.stats.resampling import Replicates
from insights.topics.evidence import Answer, ClientCounts, Estimates, Evidence, Published
from insights.topics.summary.delivered import (
    Otherwise,
    delivery_evidence,
    differences,
    memory_of,
    touched,
)
from insights.topics.summary.numbers import JUDGED, numbers
from insights.topics.summary.own import NAN, told
from insights.topics.summary.pack import SHOWN, Findings, Pack

ID = "summary.changes"
ALPHA = 0.02
"""The probability that anything at all is flagged in a pack in which nothing changed, half for each family."""
LEVEL = 0.95
NAME = "measure"
COUNTED = (LEFT, JOINED)
STAYED = "stayed"


@dataclass(frozen=True)
class Rules:
    """What comparing keeps to: the base of rounding, and how few clients are not to be told."""

    round_to: int = 0
    least: int = 0

    @classmethod
    def of(cls, settings: Settings) -> "Rules":
        """Return those of a bank; nothing is rounded or withheld where its data are public."""
        rules = settings.disclosure
        return cls(rules.round_to, rules.min_clients) if rules.mode == "bank" else cls()


@dataclass(frozen=True)
class Changes:
    """What changed.

    ``measures``: measure, group, unit, value, before, change, low, high, p_value, clear, delivered (bool: on tables
    that were delivered otherwise, so not judged); value is as published, low and high are those of the change (95 %,
    for itself). ``otherwise`` names those tables. ``findings`` are the numbers of all findings of either pack: finding,
    name, group, months, unit, value, before, low, high, p_value, how (see ``numbers``), clear. ``paired`` says whether
    replicates were there.
    """

    measures: pd.DataFrame
    findings: pd.DataFrame
    paired: bool
    otherwise: Otherwise = field(default_factory=Otherwise)

    @property
    def compared(self) -> int:
        """How many numbers of findings are judged."""
        return int(self.findings["how"].isin(JUDGED).sum())

    def counted(self, *hows: str) -> int:
        """Return how many numbers of findings were compared, or not, in these ways."""
        return int(self.findings["how"].isin(hows).sum())

    @property
    def clear(self) -> int:
        """How many numbers changed by more than chance explains."""
        return int(self.measures["clear"].sum() + self.findings["clear"].sum())


def changes(pack: Pack, bank: Bank) -> Answer:
    """Compare this pack with the last comparable one; the first only says what the next will be held against.

    Evidence: ``left``, ``left_by`` (parts) and ``joined`` count clients, ``others`` are the measures that count none,
    ``errors`` the standard errors of the paired changes (none where the last run's memory is missing), ``numbers``
    those of numbers of other reports, ``before`` what was published then; ``schema``, ``rows`` and ``marks`` are what
    was delivered otherwise.
    """
    memory = memory_of(pack, bank)
    now, numbers_now = measured(bank), numbered(bank)
    before = pack.before.findings if pack.before else Findings("", {})
    rules = Rules.of(bank.settings)
    items, otherwise = tuple(bank.settings.loyalty.outcome), differences(pack, bank)
    titles = {id: found["title"] for id, found in pack.now.by_id.items()}
    return Answer(
        id=ID,
        kind=ID,
        evidence=evidence_of(now, memory.measures if memory else None, before)
        | ({"numbers": paired(numbers_now, memory.numbers)} if memory and memory.numbers else {})
        | ({} if otherwise is None else delivery_evidence(otherwise)),
        estimate=lambda evidence: _changes(evidence, pack.now, before, rules, items),
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
    evidence: Mapping[str, Evidence], now: Findings, before: Findings, rules: Rules, items: tuple[str, ...] = ()
) -> Changes:
    measures = _measures(evidence, rules)
    return _told(measures, now, before, evidence, rules, touched(evidence, items))


def between(
    now: Findings,
    before: Findings,
    errors: Mapping[str, Evidence],
    rules: Rules,
    otherwise: Otherwise | None = None,
) -> Changes:
    """Compare any two packs by what they published.

    ``errors`` (protected): "errors" and "numbers" are those of the paired changes of measures and of other numbers.
    ``otherwise`` is what was delivered otherwise between them.
    """
    found = _before(now).rows
    found = found[found["status"] == SHOWN].drop(columns="status")
    counted = found["measure"].isin(COUNTED)
    found["blur"] = np.where(counted, rules.round_to / math.sqrt(6) / found["n"], 0.0)
    measures = _against(found, _before(before).rows, _rows(errors, "errors"), rules)
    return _told(measures, now, before, errors, rules, otherwise or Otherwise())


def paired(now: Measured, then: Measured) -> Estimates:
    """Return the standard errors of the paired changes of the measures that two runs remember, to be protected."""
    return Estimates(_errors(now, then), ("measure", "group"))


def _told(
    measures: pd.DataFrame,
    now: Findings,
    before: Findings,
    evidence: Mapping[str, Evidence],
    rules: Rules,
    otherwise: Otherwise,
) -> Changes:
    measures["delivered"] = measures["measure"].isin(otherwise.measures).to_numpy(bool)
    measures["p_value"] = measures["p_value"].where(~measures["delivered"], NAN)
    errors = _rows(evidence, "numbers")
    findings = numbers(now, before, errors, rules.least, rules.round_to, otherwise.reports)
    for rows in (measures, findings):
        rows["clear"] = Family(rows["p_value"].to_numpy(float), ALPHA / 2).found
    return Changes(measures, findings, "errors" in evidence, otherwise)


def _rows(evidence: Mapping[str, Evidence], name: str) -> pd.DataFrame | None:
    return cast(Estimates, evidence[name]).rows if name in evidence else None


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


def _measures(evidence: Mapping[str, Evidence], rules: Rules) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    for measure, name in ((LEFT, "left"), (LEFT, "left_by"), (JOINED, "joined")):
        rows += shares(cast(ClientCounts, evidence[name]), measure, rules.round_to)
    others = cast(Estimates, evidence["others"]).rows
    others = others[others["value"].notna()]
    columns = ["measure", "group", "unit", "n", "n_events", "value", "low", "high"]
    rows += cast("list[dict[str, object]]", others[columns].assign(blur=0.0).to_dict("records"))
    found = pd.DataFrame(rows, columns=[*columns, "blur"])
    return _against(found, cast(Published, evidence["before"]).rows, _rows(evidence, "errors"), rules)


def _against(found: pd.DataFrame, then: pd.DataFrame, told_errors: pd.DataFrame | None, rules: Rules) -> pd.DataFrame:
    """Return measures with what they were before, and how much of the difference chance explains.

    The error of a share of clients is at least what the fewest clients that may be told would make it: from a smaller
    one it could be read how few were counted otherwise.
    """
    before = then[["measure", "group", "value"]]
    found = found.merge(before.rename(columns={"value": "before"}), on=["measure", "group"], how="left")
    found["change"] = found["value"] - found["before"]
    errors = np.full(len(found), NAN)
    if told_errors is not None:
        own = told_errors[["measure", "group", "value"]]
        joined = found[["measure", "group"]].merge(own, on=["measure", "group"], how="left")
        errors = joined["value"].to_numpy(float)
    least = np.where(found["measure"].isin(COUNTED), math.sqrt(rules.least) / found["n"].to_numpy(float), 0.0)
    errors = np.hypot(np.maximum(errors, least), found["blur"].to_numpy(float))
    half = normal_quantile(LEVEL) * errors
    found["now_low"], found["now_high"] = found["low"], found["high"]
    found["low"], found["high"] = found["change"] - half, found["change"] + half
    found["p_value"] = normal_p(found["change"].to_numpy(float), errors)
    return found.drop(columns="blur")
