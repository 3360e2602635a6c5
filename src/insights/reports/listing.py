"""The index of all packs of a bank as a page, and the history of its runs as lines for a terminal."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from insights.data.store import write_atomic
from insights.reports.exhibits.base import Message
from insights.reports.history import Pack, packs, unfinished
from insights.reports.index import AllPacksView, FailedAttempt, PackEntry, render_all_packs
from insights.reports.stamp import DRAFT


def refresh_index(reports: Path, languages: Sequence[str]) -> None:
    """Write the index of all packs of a bank in each language; ``reports`` is the bank's folder of packs."""
    linked, open_ends = packs(reports), unfinished(reports)
    for language in languages:
        others = {other: _page(other, languages) for other in languages if other != language}
        view = AllPacksView(
            packs=tuple(_entry(pack, _page(language, languages)) for pack in linked if pack.state == "complete"),
            failures=tuple(_failure(pack, _page(language, languages)) for pack in _faulty(linked, open_ends)),
            languages=others,
        )
        page = render_all_packs(view, language).encode()
        write_atomic(reports / _page(language, languages), page, mode=0o644)


def history_lines(reports: Path) -> Iterator[str]:
    """Yield what a bank's folder of packs holds: packs with their stamps, then attempts that made none."""
    for pack in packs(reports):
        if pack.state == "damaged":
            yield f"{pack.name}  damaged: {pack.fault}"
            continue
        stamp = pack.manifest.get("stamp", {})
        status = stamp.get("status", DRAFT)
        yield f"{pack.name}  {'draft' if status == DRAFT else f'approved by {status}'}  {_reports(pack.manifest)}"
        yield f"  data {str(stamp.get('data', ''))[:16]}  code {stamp.get('code', 'unknown')}  {_rules(pack.manifest)}"
    for pack in unfinished(reports):
        failed = [r["name"] for r in pack.manifest.get("reports", []) if r.get("state") == "failed"]
        detail = pack.fault or ", ".join(failed) or str(pack.manifest.get("outcome", ""))
        yield f"{pack.as_of or '?'}  {pack.state}  attempt {pack.name}" + (f": {detail}" if detail else "")


def _faulty(linked: Sequence[Pack], open_ends: Sequence[Pack]) -> list[Pack]:
    """Return damaged packs and attempts that ended without one; a run under way is not a fault."""
    return [p for p in (*linked, *open_ends) if p.state not in ("complete", "running") and p.as_of is not None]


def _entry(pack: Pack, page: str) -> PackEntry:
    manifest = pack.manifest
    split = manifest.get("split")
    assert pack.as_of is not None  # a complete pack has one: read_pack checks it
    return PackEntry(
        bank_name=str(manifest.get("bank_name", "")) + (f" · {split}" if split else ""),
        as_of=pack.as_of,
        mode=str(manifest.get("mode", "bank")),
        file=f"{pack.name}/{_there(pack, page)}",
        status=str(manifest.get("stamp", {}).get("status", DRAFT)),
    )


def _failure(pack: Pack, page: str) -> FailedAttempt:
    manifest = pack.manifest
    failed = tuple(str(r["name"]) for r in manifest.get("reports", []) if r.get("state") == "failed")
    reasons = {
        "interrupted": Message("the run was interrupted"),
        "failed": Message("the run failed"),
        "damaged": Message("damaged: {fault}", {"fault": pack.fault}),
    }
    there = (pack.folder / _there(pack, page)).is_file() and pack.state == "failed"
    assert pack.as_of is not None
    return FailedAttempt(
        bank_name=str(manifest.get("bank_name", "")),
        as_of=pack.as_of,
        attempt=pack.name,
        reports=failed,
        reason="" if failed else reasons[pack.state],
        file=f"{pack.folder.parent.name}/{pack.name}/{_there(pack, page)}" if there else "",
    )


def _there(pack: Pack, page: str) -> str:
    """Return the index page in the language wanted where the pack has it, else the one in the bank's own."""
    return page if (pack.folder / page).is_file() else "index.html"


def _reports(manifest: dict[str, Any]) -> str:
    if parts := manifest.get("parts"):
        return f"{len(parts)} packs by {manifest.get('split')}"
    told = [r["name"] + (" (carried over)" if r["state"] == "carried over" else "") for r in manifest["reports"]]
    return ", ".join(told)


def _rules(manifest: dict[str, Any]) -> str:
    by = f"  by {manifest['by']}" if manifest.get("by") else ""
    return f"mode {manifest.get('mode', 'unknown')}{by}"


def _page(language: str, languages: Sequence[str]) -> str:
    return "index.html" if language == languages[0] else f"index.{language}.html"
