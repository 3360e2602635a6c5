"""What a report told, as the annex reads it: from its exhibits, or from the findings of a pack that is there."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from insights.reports.exhibits.base import Exhibit, Message
from insights.reports.findings import message_from


@dataclass(frozen=True)
class Told:
    """One finding: its title, numbers, tests and what could not be told."""

    id: str
    title: Message
    estimates: tuple[Mapping[str, Any], ...]
    checks: tuple[Mapping[str, Any], ...]
    refusals: tuple[Message, ...]

    @property
    def report(self) -> str:
        """The report that it belongs to."""
        return self.id.partition(".")[0]

    @property
    def untold(self) -> bool:
        """Whether it says nothing but why it cannot be told."""
        return bool(self.refusals) and not self.estimates


def from_exhibits(shown: Iterable[Exhibit]) -> list[Told]:
    """Return what the exhibits of a report told, in their order."""
    return [Told(e.id, e.title, e.estimates, e.checks, e.refusals) for e in shown]


def from_findings(findings: Iterable[Mapping[str, Any]]) -> list[Told]:
    """Return what the findings of a pack told, in their order."""
    return [
        Told(
            str(f["id"]),
            message_from(f["title"]),
            tuple(f["estimates"]),
            tuple(f["checks"]),
            tuple(message_from(r) for r in f["refusals"]),
        )
        for f in findings
    ]


def of(told: Iterable[Told], finding: str) -> Iterator[Told]:
    """Yield the finding of this id, and those that have it once for each of several subjects (``<id>.<subject>``)."""
    yield from (one for one in told if one.id == finding or one.id.startswith(f"{finding}."))
