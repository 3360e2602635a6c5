"""The state of the book on one screen: each line with its interval, its goal, and its change since the last pack."""

import math
from collections.abc import Mapping
from typing import Any, cast

import pandas as pd

from insights.data.settings_targets import Target
from insights.data.snapshot import Bank
from insights.stats.changes import change_between, changed
from insights.stats.results import Estimate
from insights.topics.evidence import Answer, Estimates, Evidence, Published
from insights.topics.summary.lines import LINES, Line, read
from insights.topics.summary.own import own_measures
from insights.topics.summary.pack import NAN, SHOWN, Pack, Row
from insights.topics.summary.past import failed, scores

ID = "summary.state"
MET, MISSED, OPEN, NONE = "met", "missed", "open", "none"
"""How a goal stands: the whole interval on its good side, on its bad side, or on both; and no goal."""
LEVEL = 0.95
PAST = "past"
"""The scores of forecasts of earlier packs: what is expected is worth no more than they."""


def state(pack: Pack, bank: Bank) -> Answer:
    """Return the lines of the book. ``told`` has one row per line and ``when`` ("now", "before"), as it was published.

    ``own`` are the measures of this bank that no report publishes; they are protected like any other evidence. ``past``
    are the scores of forecasts of earlier packs, where some came due.
    """
    evidence: dict[str, Evidence] = {"own": own_measures(bank), "told": _published(pack), PAST: scores(pack)}
    before = pack.before.findings.as_of if pack.before else None
    goals = {str(name): target for name, target in bank.settings.targets.items()}
    return Answer(
        id=ID,
        kind=ID,
        evidence=evidence,
        estimate=lambda evidence: {
            "lines": _lines(evidence, goals),
            "failed": failed(evidence, PAST),
        },
        facts={"before": before, "gaps": list(pack.gaps), "reports": list(pack.now.reports)},
    )


def judged(row: Row | pd.Series, target: Target | None) -> str:
    """Return how a number stands to its goal; one without interval is a count or a sum, and judged as it is."""
    if target is None:
        return NONE
    value, low, high = float(row.value), float(row.low), float(row.high)
    if math.isnan(value):
        return OPEN
    low, high = (value if math.isnan(low) else low), (value if math.isnan(high) else high)
    if target.at_least is not None:
        return MET if low >= target.at_least else MISSED if high < target.at_least else OPEN
    assert target.at_most is not None
    return MET if high <= target.at_most else MISSED if low > target.at_most else OPEN


def own_rows(own: pd.DataFrame) -> dict[str, Row]:
    """Return the (protected) measures of all clients as rows, by their name."""
    found = {}
    for r in own[own["group"] == ""].to_dict("records"):
        events = float(r["n_events"])
        flat = (float(r["value"]), float(r["low"]), float(r["high"]), LEVEL)
        found[str(r["measure"])] = Row(
            "", str(r["measure"]), {}, None, *flat, str(r["unit"]), float(r["n"]), events, str(r.get("status", SHOWN))
        )
    return found


def _published(pack: Pack) -> Published:
    lines = []
    for when, found in (("now", pack.now), ("before", pack.before.findings if pack.before else None)):
        if found is None:
            continue
        for line in LINES:
            row = read(line, found, {})
            lines.append(
                {"line": line.name, "when": when, "value": row.value, "low": row.low, "high": row.high}
                | {"level": row.level, "unit": row.unit, "n": row.n, "n_events": row.n_events}
                | {"finding": row.finding, "status": row.status}
            )
        # What this report told last time of the bank's own measures is read from its own finding.
        lines += [
            {"line": row.group.get("line", ""), "when": "was", "value": row.value, "low": row.low, "high": row.high}
            | {"level": row.level, "unit": row.unit, "n": row.n, "n_events": row.n_events}
            | {"finding": "", "status": row.status}
            for row in found.rows(ID, "line")
            if when == "before"
        ]
    return Published(pd.DataFrame(lines), ("line", "when"))


def _lines(evidence: dict[str, Evidence], goals: Mapping[str, Target]) -> pd.DataFrame:
    own = own_rows(cast(Estimates, evidence["own"]).rows)
    told = cast(Published, evidence["told"]).rows
    found = []
    for line in LINES:
        row = _row(told, line, "now")
        if math.isnan(row.value):
            row = next((own[s.name] for s in line.sources if s.how == "measure" and s.name in own), row)
        was = _row(told, line, "before")
        was = was if not math.isnan(was.value) else _row(told, line, "was")
        found.append(_line(line, row, was, goals.get(line.name)))
    return pd.DataFrame(found)


def _row(told: pd.DataFrame, line: Line, when: str) -> Row:
    rows = told[(told["line"] == line.name) & (told["when"] == when)]
    if rows.empty:
        return Row("", "", {}, None, NAN, NAN, NAN, NAN, "", NAN, NAN, "absent")
    r = rows.iloc[0]
    numbers = (float(r["value"]), float(r["low"]), float(r["high"]), float(r["level"]))
    return Row(str(r["finding"]), "", {}, None, *numbers, str(r["unit"]), float(r["n"]), NAN, str(r["status"]))


def _line(line: Line, now: Row, was: Row, target: Target | None) -> dict[str, Any]:
    """Return one line; ``moved`` is "more" or "less" than chance explains, "chance", "count" (no interval) or ""."""
    row: dict[str, Any] = {"line": line.name, "kind": line.kind, "finding": now.finding, "status": now.status}
    row |= {"value": now.value, "low": now.low, "high": now.high, "unit": now.unit, "n": now.n, "was": was.value}
    row |= {"at_least": target.at_least if target else None, "at_most": target.at_most if target else None}
    row |= {"owner": target.owner if target else ""}
    row |= {"goal": judged(now, target), "change": NAN, "change_low": NAN, "change_high": NAN, "moved": ""}
    if not now.told or math.isnan(was.value):
        return row
    row["change"], row["moved"] = now.value - was.value, "count"
    if now.interval and was.interval:
        one, other = (Estimate(r.value, r.low, r.high, "", 0, level=LEVEL) for r in (now, was))
        change = change_between(one, other)
        row |= {"change_low": change.low, "change_high": change.high}
        p = changed(change).p_value
        row["moved"] = "chance" if p is None or p > 1 - LEVEL else "more" if change.value > 0 else "less"
    return row
