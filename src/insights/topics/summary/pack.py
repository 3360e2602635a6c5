"""The findings of a pack as this topic reads them: what was published, and nothing else."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

REPORTS = ("quality", "clients", "lifecycle", "value", "loyalty", "needs", "channels", "risk")
"""The reports that a full pack has beside the summary, which is ``OWN``."""
OWN = "summary"
SHOWN = "shown"
NAN = float("nan")


@dataclass(frozen=True)
class Row:
    """One estimate of a finding: nan where it has no value or no interval; ``status`` says why there is no value."""

    finding: str
    name: str
    group: Mapping[str, str]
    months: float | None
    value: float
    low: float
    high: float
    level: float
    unit: str
    n: float
    n_events: float
    status: str

    @property
    def told(self) -> bool:
        """Whether it has a value."""
        return self.status == SHOWN and not math.isnan(self.value)

    @property
    def interval(self) -> bool:
        """Whether it has an interval, both ends bounded."""
        return self.told and math.isfinite(self.low) and math.isfinite(self.high)


@dataclass(frozen=True)
class Findings:
    """The findings of one pack by id (``lifecycle.outlook``), each as ``findings.json`` has it."""

    as_of: str
    by_id: Mapping[str, Mapping[str, Any]] = field(repr=False)

    def rows(self, finding: str, name: str | None = None) -> Iterator[Row]:
        """Yield the estimates of a finding, all or those of one name; none where the pack does not have it."""
        for row in self.by_id.get(finding, {}).get("estimates", ()):
            if name is None or row["name"] == name:
                yield row_of(finding, row)

    def one(self, finding: str, name: str, months: float | None = None, **group: str) -> Row | None:
        """Return the one estimate of this name and exactly this group; None where there is none with a value."""
        for row in self.rows(finding, name):
            if dict(row.group) == group and (months is None or row.months == months) and row.told:
                return row
        return None

    @property
    def reports(self) -> tuple[str, ...]:
        """The reports that it holds findings of, in their order."""
        return tuple(dict.fromkeys(str(found["report"]) for found in self.by_id.values()))


@dataclass(frozen=True)
class Before:
    """The last comparable pack: its findings, and where its run keeps what readers do not see (None: nowhere).

    ``data`` is the hash of the rows that it was made from.
    """

    findings: Findings
    memory: str | None = None
    data: str = ""


@dataclass(frozen=True)
class Pack:
    """The other reports of a pack, the last comparable pack, and what is missing between.

    ``leads`` names for each report the findings of its page one. ``gaps`` are earlier packs that could not be read:
    (name, what is wrong with it). ``days`` are the as-of dates of all earlier comparable packs, the latest first.
    """

    now: Findings
    leads: Mapping[str, tuple[str, ...]]
    before: Before | None = None
    gaps: tuple[tuple[str, str], ...] = ()
    days: tuple[str, ...] = ()


def only_refused(found: Mapping[str, Any]) -> bool:
    """Return whether a finding says nothing but why it cannot be told."""
    return bool(found["refusals"]) and not found["estimates"]


def row_of(finding: str, data: Mapping[str, Any]) -> Row:
    """Return an estimate of ``findings.json`` as a row."""

    def number(name: str) -> float:
        return NAN if data[name] is None else float(data[name])

    return Row(
        finding,
        str(data["name"]),
        dict(data["group"]),
        data["months"],
        number("value"),
        number("low"),
        number("high"),
        number("level"),
        str(data["unit"] or ""),
        number("n"),
        number("n_events"),
        str(data["status"]),
    )
