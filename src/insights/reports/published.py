"""What the other reports of a pack found, for the summary: handed over by the run, or read from the pack on the disk.

A run writes one file in its private folder before the summary begins. At the screen the findings are those of the pack
of the same day, if there is one.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from insights.data.snapshot import Bank
from insights.data.store import write_atomic
from insights.models.memory.store import Remembered
from insights.reports.earlier import Earlier, data_of, earlier_packs
from insights.reports.findings import FILE, read_estimates, read_findings
from insights.reports.history import read_pack

if TYPE_CHECKING:
    from insights.topics.summary.pack import Findings, Pack

REPORT = "summary"
PUBLISHED, EARLIER = "INSIGHTS_PUBLISHED", "INSIGHTS_EARLIER"
"""Environment variables in which the runner names the files: what the pack found, what earlier runs remember."""


def published(bank: Bank) -> "Pack":
    """Return the findings of the pack's other reports and of the last comparable pack.

    In a notebook at the screen: those of the pack of this day that the bank has, and none where it has none.
    """
    from insights.topics.summary.pack import Before, Pack  # only the kernel needs a topic, not the run

    path = os.environ.get(PUBLISHED)
    data = json.loads(Path(path).read_text(encoding="utf-8")) if path else _on_disk(bank)
    before = data["before"]
    return Pack(
        now=_findings(bank.as_of.isoformat(), data["now"]),
        leads={report: tuple(ids) for report, ids in data["leads"].items()},
        before=before
        and Before(_findings(before["as_of"], _read(Path(before["findings"]))), before["memory"], before["data"]),
        gaps=tuple((name, why) for name, why in data["gaps"]),
        days=tuple(data["days"]),
    )


def remembered(bank: Bank) -> tuple[Remembered, ...] | None:
    """Return what the runs of all earlier comparable packs remember, the latest first; None in a pack of a part.

    In a notebook at the screen: of the packs under the rules of today, grouped by nothing.
    """
    if bank.part is not None:
        return None
    if path := os.environ.get(EARLIER):
        return tuple(Remembered(*told) for told in json.loads(Path(path).read_text(encoding="utf-8")))
    settings = bank.settings
    head = {"as_of": bank.as_of.isoformat(), "bank": settings.bank.id, "by": None, "split": None}
    rules = {"mode": settings.disclosure.mode, "disclosure": settings.disclosure.model_dump(mode="json")}
    return tuple(_remembered(earlier_packs(settings.reports_dir, settings.state, head | rules)))


def write_earlier(path: Path, earlier: Earlier) -> None:
    """Write what ``remembered`` reads in the kernels of a run."""
    told = [[one.day, one.file, one.data] for one in _remembered(earlier)]
    write_atomic(path, (json.dumps(told) + "\n").encode())


def _remembered(earlier: Earlier) -> Iterable[Remembered]:
    return (Remembered(day, str(file), data) for day, (file, data) in earlier.memories.items())


def write_published(
    path: Path, findings: Iterable[Mapping[str, Any]], leads: Mapping[str, Sequence[str]], earlier: Earlier
) -> None:
    """Write what ``published`` reads in the kernel of the summary."""
    content = _content(list(findings), leads, earlier)
    write_atomic(path, (json.dumps(content, ensure_ascii=False) + "\n").encode())


def _content(
    findings: Sequence[Mapping[str, Any]], leads: Mapping[str, Sequence[str]], earlier: Earlier
) -> dict[str, Any]:
    before = earlier.before and {
        "as_of": earlier.before.name,
        "findings": str(earlier.before.folder.resolve() / FILE),
        "memory": str(earlier.memories[earlier.before.name][0]) if earlier.before.name in earlier.memories else None,
        "data": data_of(earlier.before),
    }
    return {
        "now": [finding for finding in findings if finding["report"] != REPORT],
        "leads": {report: list(ids) for report, ids in leads.items()},
        "before": before,
        "gaps": [list(gap) for gap in earlier.gaps],
        "days": list(earlier.days),
    }


def _on_disk(bank: Bank) -> dict[str, Any]:
    settings = bank.settings
    folder = settings.reports_dir / bank.as_of.isoformat()
    try:
        manifest = read_pack(folder)
    except (ValueError, OSError):
        return {"now": [], "leads": {}, "before": None, "gaps": [], "days": []}
    leads = {r["name"]: r.get("leads", []) for r in manifest["reports"]}
    return _content(read_findings(folder / FILE), leads, earlier_packs(settings.reports_dir, settings.state, manifest))


def _findings(as_of: str, found: Iterable[Mapping[str, Any]]) -> "Findings":
    from insights.topics.summary.pack import Findings

    return Findings(as_of, {str(finding["id"]): finding for finding in found})


def _read(path: Path) -> list[dict[str, Any]]:
    """Return the findings of an earlier pack; none where somebody has taken them away since the run began."""
    try:
        return read_estimates(path)
    except (ValueError, OSError):
        return []
