"""Any two packs of a bank beside each other, as lines for a terminal: what changed by more than chance explains."""

import math
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from insights.data.settings import Settings
from insights.errors import RunError
from insights.models.memory.compared import compared_rows
from insights.models.memory.store import NAME, Memory, read_memory
from insights.reports.disclosure import protect
from insights.reports.earlier import SAME, data_of
from insights.reports.findings import FILE, read_estimates
from insights.reports.history import Pack, packs
from insights.topics.evidence import Evidence
from insights.topics.summary.changes import ALPHA, Rules, between, paired
from insights.topics.summary.delivered import Otherwise, delivery_evidence, published_otherwise, touched
from insights.topics.summary.numbers import (
    BOUNDS,
    CLIENTS,
    COPIES,
    DELIVERED,
    INTERVALS,
    JUDGED,
    KIND,
    ONE_PACK,
    PAIRED,
    RECORDS,
    TESTS,
    TOTALS,
    UNJUDGED,
    WITHHELD,
)
from insights.topics.summary.pack import Findings


def comparison_lines(settings: Settings, reports: Path, one: str, other: str, every: bool = False) -> Iterator[str]:
    """Yield what changed from the pack of the earlier day to that of the later; nothing that they do not publish.

    ``every`` names all numbers with their changes and how they were compared, and why others were not. RunError where
    one of the packs is not there, damaged, or made under other rules than the other.
    """
    early, late = (_pack(reports, day) for day in sorted((one, other)))
    if differing := [key for key in SAME if early.manifest.get(key) != late.manifest.get(key)]:
        raise RunError(
            f"the packs of {early.name} and {late.name} were made under different rules: {', '.join(differing)}",
            expected="the same disclosure and grouping in both",
            todo="compare packs that were made alike",
        )
    before, now = _findings(early), _findings(late)
    then, here = (_memory(settings, pack) for pack in (early, late))
    errors = _errors(settings, here, then)
    otherwise, note = _otherwise(settings, reports, early, late, here, then)
    found = between(now, before, errors, Rules.of(settings), otherwise)
    yield f"{early.name} to {late.name}"
    for lost in sorted(set(before.by_id) - set(now.by_id)):
        yield f"  no longer told: {lost}"
    for new in sorted(set(now.by_id) - set(before.by_id)):
        yield f"  told for the first time: {new}"
    for row in found.measures[found.measures["clear"]].to_dict("records"):
        name = " ".join(part for part in (row["measure"], row["group"]) if part)
        yield f"  {name}: {row['before']:.4g} -> {row['value']:.4g} ({row['low']:+.3g} to {row['high']:+.3g})"
    for row in found.findings[found.findings["clear"]].to_dict("records"):
        yield f"  {_number(row)}"
    if found.otherwise.tables:
        yield f"  delivered otherwise, so what rests on it is not judged: {', '.join(found.otherwise.tables)}"
    if not found.clear and not found.otherwise.tables:
        yield "  nothing material changed"
    if note:
        yield f"  {note}"
    paired_too = "client by client" if "errors" in errors else "without pairing: what the runs remembered is missing"
    yield f"  compared: {len(found.measures)} measures {paired_too}, {found.compared} other numbers"
    for how in (*JUDGED, *UNJUDGED):
        if n := found.counted(how):
            yield f"    {n} {HOW[how]}"
    yield f"  if nothing changed, one comparison in {round(1 / ALPHA)} would name anything"
    if every:
        for row in found.findings.to_dict("records"):
            yield f"  {_number(row)}: {HOW[row['how']]}"


HOW = {
    PAIRED: "client by client",
    INTERVALS: "by both intervals, whatever goes between them",
    CLIENTS: "as counts of clients",
    ONE_PACK: "not judged: told in one of the packs only",
    WITHHELD: "not judged: withheld in one of the packs",
    DELIVERED: "not judged: their report reads tables that were delivered otherwise",
    KIND: "not judged: they follow the market or a campaign, or a model or group that is made again",
    RECORDS: "not judged: they count records, of which one client may have many",
    TESTS: "not judged: they are outcomes of tests",
    TOTALS: "not judged: sums and means that are told without an interval",
    BOUNDS: "not judged: intervals that are open or of another level",
    COPIES: "not judged: told by the summary itself from other numbers",
}
"""How numbers were compared, or why they were not."""


def _number(row: dict[Any, Any]) -> str:
    group = "".join(f" {k}={v}" for k, v in row["group"].items())
    months = "" if row["months"] is None or math.isnan(row["months"]) else f" {row['months']:.0f}m"
    before, value = ("-" if math.isnan(v) else f"{v:.4g}" for v in (row["before"], row["value"]))
    change = "" if math.isnan(row["low"]) else f" ({row['low']:+.3g} to {row['high']:+.3g})"
    return f"{row['finding']} {row['name']}{group}{months}: {before} -> {value}{change}"


def _errors(settings: Settings, here: Memory | None, then: Memory | None) -> dict[str, Evidence]:
    """Return the errors of paired changes, as far as both runs remember what was measured, after disclosure control."""
    found: dict[str, Evidence] = {}
    if here and then and here.measures and then.measures:
        found["errors"] = paired(here.measures, then.measures)
    if here and then and here.numbers and then.numbers:
        found["numbers"] = paired(here.numbers, then.numbers)
    return protect(found, settings.disclosure)


def _otherwise(
    settings: Settings, reports: Path, early: Pack, late: Pack, here: Memory | None, then: Memory | None
) -> tuple[Otherwise, str]:
    """Return what was delivered otherwise from one pack to another, and a word on what of it is not known."""
    on_the_way = [p for p in packs(reports) if early.name < p.name <= late.name and p.state == "complete"]
    alike = [p for p in on_the_way if all(p.manifest.get(key) == late.manifest.get(key) for key in SAME)]
    items = tuple(settings.loyalty.outcome)
    told, gap = published_otherwise(late.name, early.name, {p.name: _findings(p) for p in alike}, items)
    if not gap:
        return told, ""
    if here is None or then is None:
        return told, f"what was delivered otherwise between {early.name} and {gap} is not known"
    rows = compared_rows(here.delivered, then.delivered, date.fromisoformat(early.name))
    counted = touched(protect(delivery_evidence(rows), settings.disclosure), items)
    note = f"between {early.name} and {gap} only tables, columns and numbers of rows could be held against each other"
    return told.with_more(counted), note


def _pack(reports: Path, day: str) -> Pack:
    for pack in packs(reports):
        if pack.name == day and pack.state == "complete":
            return pack
        if pack.name == day:
            raise RunError(f"the pack of {day} is damaged: {pack.fault}", todo="make it again, or compare another")
    there = ", ".join(pack.name for pack in packs(reports)) or "none"
    raise RunError(f"there is no pack of {day}", expected=f"one of those there are: {there}", todo="correct the day")


def _findings(pack: Pack) -> Findings:
    try:
        found = read_estimates(pack.folder / FILE)
    except ValueError as error:
        raise RunError(
            f"the pack of {pack.name} cannot be compared: {error}", todo="make it again with this version"
        ) from None
    return Findings(pack.name, {str(f["id"]): f for f in found})


def _memory(settings: Settings, pack: Pack) -> Memory | None:
    return read_memory(settings.state / pack.name / NAME, settings, data_of(pack))
