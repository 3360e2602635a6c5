"""Findings: what a pack says, as data. Exactly what was published, in the form of ``findings.schema.json``.

They are read off the sealed exhibits of the executed notebooks, so that nothing can stand in them that no reader sees.
Later reports, comparisons of runs and outside tools read only this.
"""

import functools
import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from insights.data.settings import Settings
from insights.errors import DisclosureError, RunError
from insights.reports.exhibits.base import Exhibit, Message

SCHEMA_VERSION = 1
FILE = "findings.json"


class Subject(Protocol):
    """Which bank on which day a pack is about; an open bank says it, and what a run hands to the writers of pages."""

    @property
    def settings(self) -> Settings:
        """The bank's settings."""

    @property
    def as_of(self) -> date:
        """The as-of date."""

    @property
    def window_from(self) -> date | None:
        """The first day from which leavers are completely recorded."""


def findings_of(
    report: str, exhibits: Iterable[Exhibit], bank: Subject, part: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """Return the findings of one report, in the order of its exhibits.

    ``part`` is {column: value} where the pack is about the clients with that value only. RunError for an exhibit that
    does not carry the report's name or is shown twice.
    """
    window = {
        "from": bank.window_from.isoformat() if bank.window_from else None,
        "to": bank.as_of.isoformat(),
        "clock": bank.settings.window.clock,
    }
    head = {"schema_version": SCHEMA_VERSION, "bank": bank.settings.bank.id}
    found: dict[str, dict[str, Any]] = {}
    for exhibit in exhibits:
        if exhibit.id.split(".")[0] != report or exhibit.id in found:
            fault = "is shown twice" if exhibit.id in found else "belongs to another report"
            raise RunError(
                f"exhibit {exhibit.id!r} of report {report!r} {fault}",
                expected=f"ids that begin with {report}., each shown once",
                todo="correct the notebook or the answer's id",
            )
        found[exhibit.id] = head | {
            "id": exhibit.id,
            "report": report,
            "title": message_data(exhibit.title),
            "as_of": bank.as_of.isoformat(),
            "window": window,
            "estimates": [_plain(row) for row in exhibit.estimates],
            "checks": [_plain(row) for row in exhibit.checks],
            "refusals": [message_data(refusal) for refusal in exhibit.refusals],
        }
        if part:
            found[exhibit.id]["part"] = dict(part)
    return list(found.values())


def findings_bytes(findings: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the file of a pack's findings, checked against the schema; DisclosureError if it does not hold.

    The schema demands a null wherever something is suppressed, so a number that slipped past would stop the run here.
    """
    for number, finding in enumerate(findings):
        digest = _digest(finding)
        if digest in _HELD:
            continue
        for fault in _validator().iter_errors(finding):
            place = "/".join(str(part) for part in fault.absolute_path)
            raise DisclosureError(
                f"finding {finding.get('id', number)!r} does not hold to findings.schema.json at {place or 'its top'}",
                expected=f"what the schema says under {'/'.join(str(p) for p in fault.absolute_schema_path)}",
                todo="correct the writer of this exhibit",
            )
        _HELD.add(digest)
    # One finding a line: without indentation the file is a third smaller, and two packs can still be compared by line.
    compact = [json.dumps(f, ensure_ascii=False, allow_nan=False, separators=(",", ":")) for f in findings]
    return ("[\n" + ",\n".join(compact) + "\n]\n").encode() if compact else b"[]\n"


def held(findings: Iterable[Mapping[str, Any]]) -> None:
    """Note findings that ``findings_bytes`` passed in another process of this run: they need no second check here."""
    _HELD.update(_digest(finding) for finding in findings)


def read_findings(path: Path) -> list[dict[str, Any]]:
    """Return the findings of a pack; ValueError if the file is not one (cut off, changed by hand)."""
    findings = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(findings, list) or any(not _validator().is_valid(finding) for finding in findings):
        raise ValueError(f"{path.name} does not hold to findings.schema.json")
    return findings


def read_estimates(path: Path) -> list[dict[str, Any]]:
    """Return the findings of a pack whose files are as its run left them; ValueError if they are of another form.

    Only what is read of an earlier pack is looked at, which takes a thirtieth of the time of ``read_findings``.
    """
    findings = json.loads(path.read_text(encoding="utf-8"))
    wanted = set(schema()["$defs"]["estimate"]["required"])
    try:
        sound = all(
            finding["schema_version"] == SCHEMA_VERSION
            and isinstance(finding["title"]["id"], str)
            and all(wanted <= set(row) for row in finding["estimates"])
            for finding in findings
        )
    except (TypeError, KeyError, AttributeError):
        sound = False
    if not sound:
        raise ValueError(f"{path.name} is of another form than this version writes")
    return list(findings)


def message_data(message: Message) -> dict[str, Any]:
    """Return a message as {id, values}; values that are messages likewise."""
    return {"id": message.id, "values": {name: _plain(value) for name, value in message.values.items()}}


def message_from(data: Mapping[str, Any]) -> Message:
    """Return the message that ``message_data`` wrote."""
    return Message(str(data["id"]), {name: _restored(value) for name, value in data["values"].items()})


def schema() -> dict[str, Any]:
    """Return the JSON Schema of one file of findings."""
    loaded: dict[str, Any] = json.loads(Path(__file__).with_suffix(".schema.json").read_text(encoding="utf-8"))
    return loaded


_HELD: set[bytes] = set()
"""Digests of the findings that were checked: those of a report come again with those of the whole pack."""


def _digest(finding: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(json.dumps(finding, ensure_ascii=True).encode()).digest()


@functools.cache
def _validator() -> Any:
    """Return the validator of a single finding."""
    import jsonschema

    whole = schema()
    return jsonschema.Draft202012Validator({**whole["items"], "$defs": whole["$defs"]})


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: no NaN (a missing value is null), no numpy, dates as ISO text."""
    if isinstance(value, Message):
        return message_data(value)
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _restored(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"id", "values"}:
        return message_from(value)
    return [_restored(v) for v in value] if isinstance(value, list) else value
