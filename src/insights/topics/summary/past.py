"""What came of forecasts of earlier packs, as the reports that made them tell it: which of them still work."""

from collections.abc import Mapping
from typing import Any, cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.stats.results import Estimate
from insights.topics.evidence import Answer, Evidence, Published
from insights.topics.foretold import (
    ALL,
    APART,
    CHANCE,
    CHANCE_IS,
    FINDING,
    RATIO,
    REVERSED,
    verdict,
)
from insights.topics.summary.pack import Pack, Row, only_refused

ID = "summary.past"
SHARE = "settled"
COLUMNS = ["what", "score", "value", "low", "high", "n", "n_events", "months", "unit", "status"]


def past(pack: Pack, bank: Bank) -> Answer:
    """Gather how forecasts came out: of leaving, first purchases, margins, and what became of warnings.

    Evidence "scores": what came for each one foretold and how far clients were told apart, over all packs; of warnings
    the share that is settled. ``facts["untold"]``: why nothing is told yet, as the report says it, by what is foretold.
    """
    return Answer(
        id=ID,
        kind=ID,
        evidence={"scores": scores(pack)},
        estimate=lambda parts: cast(Published, parts["scores"]).rows,
        facts={"untold": _untold(pack), "packs": _packs(pack)},
    )


def scores(pack: Pack) -> Published:
    """Return the scores of forecasts over all packs, as published."""
    rows: list[dict[str, Any]] = []
    for what, finding in FINDING.items():
        told = [r for r in pack.now.rows(finding) if dict(r.group) == {"pack": ALL} and r.name in (RATIO, APART)]
        told += [r for r in pack.now.rows(finding, SHARE) if dict(r.group) == {}]
        rows += [_row(what, r) for r in told]
    return Published(pd.DataFrame(rows, columns=COLUMNS), ("what", "score"))


def failed(evidence: Mapping[str, Evidence], name: str) -> list[str]:
    """Return what is foretold no better than by chance, by the published scores."""
    return [what for what, said in verdicts(cast(Published, evidence[name]).rows).items() if said in (REVERSED, CHANCE)]


def verdicts(rows: pd.DataFrame) -> dict[str, str]:
    """Return by what is foretold whether forecasts tell clients apart."""
    found = {}
    for what in CHANCE_IS:
        own = rows[(rows["what"] == what) & (rows["score"] == APART) & rows["value"].notna()]
        skill = next((Estimate(r["value"], r["low"], r["high"], "", 0) for r in own.to_dict("records")), None)
        found[what] = verdict(skill, what)
    return found


def _row(what: str, row: Row) -> dict[str, Any]:
    head = {"what": what, "score": row.name, "value": row.value, "low": row.low, "high": row.high}
    return head | {
        "n": row.n,
        "n_events": row.n_events,
        "months": float("nan") if row.months is None else float(row.months),
        "unit": row.unit,
        "status": row.status,
    }


def _untold(pack: Pack) -> dict[str, Any]:
    """Return the titles of reports that tell nothing yet, which say when they will; absent reports say nothing."""
    found = {what: pack.now.by_id[id] for what, id in FINDING.items() if id in pack.now.by_id}
    return {what: one["title"] for what, one in found.items() if only_refused(one)}


def _packs(pack: Pack) -> dict[str, int]:
    """Return by what is foretold how many packs were looked at."""
    days = {
        what: {r.group["pack"] for r in pack.now.rows(id, RATIO) if "pack" in r.group} - {ALL}
        for what, id in FINDING.items()
    }
    return {what: len(own) for what, own in days.items() if own}
