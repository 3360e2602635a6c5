"""Where this pack stands on the way from data to action, and which needs of clients come first."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.data.tables import TABLES
from insights.topics.evidence import Answer, Published
from insights.topics.summary.pack import NAN, REPORTS, SHOWN, Findings, Pack, Row, only_refused

ID = "summary.framework"
COLLECT, PROCESS, ANALYSE, PRESENT, APPLY = "collect", "process", "analyse", "present", "apply"
STAGES = (COLLECT, PROCESS, ANALYSE, PRESENT, APPLY)
MOST = 5
FACTOR, CATEGORY = "factor", "category"


def framework(pack: Pack, bank: Bank) -> Answer:
    """Return the steps from data to action, each with how much of it is done, and the needs of clients in their order.

    ``steps``: stage, what, done, whole; counts of tables, questions and reports, of no clients. ``needs``: kind
    ("factor" of loyalty or "category" of products), name, rank, value, low, high, and of a factor how well the bank
    does in it (``does``): importance for loyalty, or expected first purchases within three months.
    """
    steps = pd.DataFrame(list(_steps(pack, bank)), columns=["stage", "what", "done", "whole"])
    needs = pd.DataFrame(
        list(_needs(pack.now)), columns=["kind", "name", "rank", "value", "low", "high", "does", "finding"]
    )
    return Answer(
        id=ID,
        kind=ID,
        evidence={
            "steps": Published(_as_rows(steps, "done"), ("stage", "what")),
            "needs": Published(_as_rows(needs, "value"), ("kind", "name")),
        },
        estimate=lambda parts: {name: part.rows for name, part in parts.items()},  # type: ignore[union-attr]
        facts={
            "absent": sorted(set(TABLES) - set(bank.tables_present)),
            "lacking": [r for r in REPORTS if r not in pack.now.reports],
            "refused": _refused(pack.now),
        },
    )


def _as_rows(frame: pd.DataFrame, value: str) -> pd.DataFrame:
    """Return a frame with the columns of published numbers; all of it has been told already, or counts no client."""
    found = frame.assign(value=frame[value].astype(float), status=SHOWN)
    for name in ("low", "high"):
        found[name] = found[name].astype(float) if name in found else NAN
    return found


def _steps(pack: Pack, bank: Bank) -> Iterator[dict[str, Any]]:
    now = pack.now

    def step(stage: str, what: str, done: float, whole: float) -> dict[str, Any]:
        return {"stage": stage, "what": what, "done": float(done), "whole": float(whole)}

    yield step(COLLECT, "tables", len(bank.tables_present), len(TABLES))
    if (basis := _values(now, "quality.legal_basis", "n", "all")) is not None:
        yield step(COLLECT, "legal_basis", basis["all"] - basis["n"], basis["all"])
    if (books := _values(now, "quality.reconciliation", "n", "all")) is not None:
        yield step(PROCESS, "ledger", books["all"] - books["n"], books["all"])
    told = [not only_refused(found) for found in now.by_id.values()]
    yield step(ANALYSE, "questions", sum(told), len(told))
    tests = [c["p_value"] is not None for found in now.by_id.values() for c in found["checks"]]
    if tests:
        yield step(ANALYSE, "tests", sum(tests), len(tests))
    yield step(PRESENT, "reports", sum(r in now.reports for r in REPORTS), len(REPORTS))
    lists = {name for who in bank.settings.lists.recipients.values() for name in who.lists}
    yield step(APPLY, "lists", len(lists), len(lists))
    effects = [row for row in now.rows("channels.changes", "change_effect") if row.interval]
    if effects:
        programmes = {row.group.get("programme", "") for row in effects}
        yield step(APPLY, "programmes", len(programmes), len(programmes))


def _values(found: Findings, id: str, *names: str) -> Mapping[str, float] | None:
    """Return numbers that a finding tells in its title; None where it does not."""
    values = found.by_id.get(id, {}).get("title", {}).get("values", {})
    numbers = {name: values.get(name) for name in names}
    if any(not isinstance(v, int | float) for v in numbers.values()):
        return None
    return {name: float(v) for name, v in numbers.items()}


def _refused(found: Findings) -> list[str]:
    """Return the reports in which some question has no answer, in their order."""
    return [r for r in found.reports if any(only_refused(f) for f in found.by_id.values() if f["report"] == r)]


def _needs(found: Findings) -> Iterator[dict[str, Any]]:
    every = {"segment": "all"}
    important = [
        r for r in found.rows("loyalty.priorities", "importance") if r.interval and _without(r, FACTOR) == every
    ]
    for rank, row in enumerate(sorted(important, key=_order)[:MOST], start=1):
        name = row.group[FACTOR]
        does = found.one("loyalty.priorities", "performance", None, factor=name, segment="all")
        yield _need(FACTOR, name, rank, row) | {"does": does.value if does else NAN}
    wanted = [r for r in found.rows("needs.overview", "first_buyers") if r.interval and r.months == 3]
    for rank, row in enumerate(sorted(wanted, key=_order)[:MOST], start=1):
        yield _need(CATEGORY, row.group[CATEGORY], rank, row) | {"does": NAN}


def _without(row: Row, key: str) -> dict[str, str]:
    return {k: v for k, v in row.group.items() if k != key}


def _order(row: Row) -> tuple[float, str]:
    return -row.value, str(sorted(row.group.items()))


def _need(kind: str, name: str, rank: int, row: Row) -> dict[str, Any]:
    head = {"kind": kind, "name": name, "rank": rank, "finding": row.finding}
    return head | {"value": row.value, "low": row.low, "high": row.high}
