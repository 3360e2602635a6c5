"""Which earlier pack a new one is held against, and which are missing: nothing that lies there can stop a run."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from insights.models.memory.store import NAME as MEMORY
from insights.reports.history import Pack, packs

DAMAGED, REMOVED, OTHER_RULES = "damaged", "removed", "other_rules"
"""Why an earlier pack is no use: changed or cut off; gone; made under other rules of disclosure."""
SAME = ("bank", "mode", "disclosure", "by", "split")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Earlier:
    """The last comparable pack (None: there is none), what is missing since, and the days of all comparable ones.

    ``memories`` are the files of what the runs of comparable packs remembered, with the hash of the rows of each, by
    day, the latest first. ``gaps`` are (as-of date, why).
    """

    before: Pack | None
    memories: Mapping[str, tuple[Path, str]]
    gaps: tuple[tuple[str, str], ...]
    days: tuple[str, ...]


def earlier_packs(reports: Path, state: Path, head: Mapping[str, Any], *, usual: bool = True) -> Earlier:
    """Return what lies in a bank's folders before the as-of date of ``head`` (the head of the new pack's manifest).

    Comparable is a complete, sound pack of the same bank, under the same rules, grouped alike. ``usual`` says whether
    ``reports`` is where the bank's packs usually go: only there does a memory without a pack mean that one was removed.
    """
    as_of = str(head["as_of"])
    found = {p.name: p for p in packs(reports) if DAY.fullmatch(p.name) and p.name < as_of}
    remembered = [f.name for f in sorted(state.iterdir()) if f.is_dir()] if state.is_dir() else []
    known = {name for name in remembered if usual and DAY.fullmatch(name) and name < as_of}
    gaps, good = [], []
    for name in sorted(known | set(found), reverse=True):
        pack = found.get(name)
        if pack is None:
            gaps.append((name, REMOVED))
        elif pack.state != "complete":
            gaps.append((name, DAMAGED))
        elif any(pack.manifest.get(key) != head.get(key) for key in SAME):
            gaps.append((name, OTHER_RULES))
        else:
            good.append(pack)
    before = good[0] if good else None
    files = {pack.name: (state / pack.name / MEMORY, data_of(pack)) for pack in good}
    return Earlier(
        before,
        {name: (file, data) for name, (file, data) in files.items() if file.is_file()},
        tuple(gap for gap in gaps if before is None or gap[0] > before.name),
        tuple(pack.name for pack in good),
    )


def data_of(pack: Pack) -> str:
    """Return the hash of the rows that a pack was made from."""
    return str(pack.manifest.get("stamp", {}).get("data", ""))
