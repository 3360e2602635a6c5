"""A run under way, and the notebooks that it has to execute."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from insights.data.settings import Settings
from insights.data.snapshot import Bank
from insights.reports.history import Attempt
from insights.reports.nursery import Nursery
from insights.reports.parameters import RunParameters
from insights.reports.published import REPORT as SUMMARY
from insights.reports.split import Part, parts

ABOUT_THE_DELIVERY = ("quality",)
"""Reports about what the bank delivered, not about its clients: they have no part for some of the clients."""
WHOLE = (*ABOUT_THE_DELIVERY, SUMMARY)
"""Reports on the whole bank only."""

Listener = Callable[[str, int, int], None]
"""Is told what was done, and how many steps of how many are behind."""


@dataclass
class Work:
    """One run under way. ``log`` becomes the run log: it alone knows clock, paths and hashes of raw files.

    ``env`` is what its processes find in their environment beside that of the run.
    """

    parameters: RunParameters
    settings: Settings
    notebooks: Mapping[str, Path]
    reports: Path
    attempt: Attempt
    nursery: Nursery
    listen: Listener
    log: dict[str, Any] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of its pages, that of the bank first."""
        return self.parameters.languages_for(self.settings)

    @property
    def published(self) -> Path:
        """The file in which the summary finds what the other reports found."""
        return self.attempt.private / "published.json"

    @property
    def earlier(self) -> Path:
        """The file that says where the runs of earlier packs keep what they remember."""
        return self.attempt.private / "earlier.json"

    @property
    def memory(self) -> Path:
        """The file with what this run will leave for the runs after it."""
        return self.attempt.private / "memory"

    @property
    def pack_name(self) -> str:
        """The name under which its pack is linked: the as-of date, and what it is split by."""
        split = self.parameters.split
        return self.parameters.as_of.isoformat() + (f"-by-{split}" if split else "")


@dataclass(frozen=True)
class Job:
    """One notebook to execute, for all clients or for a part of them."""

    report: str
    notebook: Path
    part: Part | None = None

    def __str__(self) -> str:
        return self.report + (f" ({self.part.slug})" if self.part else "")


def jobs_of(work: Work, bank: Bank) -> list[Job]:
    """Return the notebooks to execute: those asked for, the summary with them where the pack has one, part by part."""
    wanted = [name for name in work.notebooks if not work.parameters.reports or name in work.parameters.reports]
    if wanted and SUMMARY in already_there(work) and SUMMARY not in wanted:
        wanted.append(SUMMARY)  # it speaks of the reports that are renewed
    if not work.parameters.split:
        return [Job(name, work.notebooks[name]) for name in wanted]
    wanted = [name for name in wanted if name not in WHOLE]
    return [Job(n, work.notebooks[n], part) for part in parts(bank, work.parameters.split) for n in wanted]


def already_there(work: Work) -> set[str]:
    """Return the reports that the current pack holds and this run would carry over."""
    if not work.parameters.reports or work.parameters.split:
        return set()
    return {name for name in work.notebooks if (work.reports / work.pack_name / f"{name}.html").exists()}
