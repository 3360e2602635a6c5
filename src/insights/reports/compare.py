"""Any two packs of a bank beside each other, as lines for a terminal: what changed by more than chance explains."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

from insights.data.settings import Settings
from insights.errors import RunError
from insights.models.memory.store import NAME, Memory, read_memory
from insights.reports.disclosure import protect
from insights.reports.earlier import SAME, data_of
from insights.reports.findings import FILE, read_estimates
from insights.reports.history import Pack, packs
from insights.topics.evidence import Estimates
from insights.topics.summary.changes import ALPHA, between, paired
from insights.topics.summary.pack import Findings


def comparison_lines(settings: Settings, reports: Path, one: str, other: str) -> Iterator[str]:
    """Yield what changed from the pack of the earlier day to that of the later; nothing that they do not publish.

    RunError where one of the packs is not there, damaged, or made under other rules than the other.
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
    errors = None
    if then and here and then.measures and here.measures:
        errors = cast(
            Estimates, protect({"errors": paired(here.measures, then.measures)}, settings.disclosure)["errors"]
        )
    found = between(now, before, errors, settings.disclosure.round_to, tuple(settings.loyalty.outcome))
    yield f"{early.name} to {late.name}"
    for lost in sorted(set(before.by_id) - set(now.by_id)):
        yield f"  no longer told: {lost}"
    for new in sorted(set(now.by_id) - set(before.by_id)):
        yield f"  told for the first time: {new}"
    for row in found.measures[found.measures["clear"]].to_dict("records"):
        name = " ".join(part for part in (row["measure"], row["group"]) if part)
        yield f"  {name}: {row['before']:.4g} -> {row['value']:.4g} ({row['low']:+.3g} to {row['high']:+.3g})"
    for row in found.findings[found.findings["clear"]].to_dict("records"):
        group = "".join(f" {k}={v}" for k, v in row["group"].items())
        yield f"  {row['finding']} {row['name']}{group}: {row['before']:.4g} -> {row['value']:.4g}"
    if found.otherwise.tables:
        yield f"  delivered otherwise, so what rests on it is not judged: {', '.join(found.otherwise.tables)}"
    if not found.clear and not found.otherwise.tables:
        yield "  nothing material changed"
    paired_too = "client by client" if errors is not None else "without pairing: what the runs remembered is missing"
    yield f"  compared: {len(found.measures)} measures {paired_too}, {found.compared} other numbers"
    yield f"  if nothing changed, one comparison in {round(1 / ALPHA)} would name anything"


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
