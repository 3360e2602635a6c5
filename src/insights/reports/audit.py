"""The audit log of restricted lists: who made, released and opened what, in lines that hold each other.

Each line carries the hash of the one before it, so a line that is changed, taken out or put in shows. It names lists by
file and hash, never what is in them.
"""

import getpass
import hashlib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from insights.data.store import folder_lock

FILE = "audit.jsonl"
FIRST = "0" * 64


def write_audit(state: Path, action: str, what: Mapping[str, Any]) -> None:
    """Append one line to the log in the bank's ``state`` folder: now, by this user, ``action`` on ``what``.

    The line is on the disk when the function returns. RunError is not raised for a log that was tampered with: the line
    is written all the same, and ``broken_lines`` finds the place.
    """
    path = state / FILE
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with folder_lock(path):
        line = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "who": who(),
            "action": action,
            **what,
            "previous": _last_hash(path),
        }
        line["hash"] = _hash(line)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "a", encoding="utf-8") as log:
            log.write(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n")
            log.flush()
            os.fsync(log.fileno())


def read_audit(state: Path) -> list[dict[str, Any]]:
    """Return the lines of the log, the oldest first; a line that cannot be read is empty."""
    path = state / FILE
    return [_parse(text) for text in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []


def broken_lines(state: Path) -> list[int]:
    """Return the numbers (from 1) of lines that were changed, or before which one was taken out or put in."""
    broken, previous = [], FIRST
    for number, line in enumerate(read_audit(state), start=1):
        told = line.pop("hash", None)
        if line.get("previous") != previous or told != _hash(line):
            broken.append(number)
        previous = str(told)
    return broken


def who() -> str:
    """Return the name of the user of the operating system who runs this process."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may have no name for its user
        return f"uid {os.getuid()}"


def _last_hash(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return str(_parse(lines[-1]).get("hash", FIRST)) if lines else FIRST


def _hash(line: Mapping[str, Any]) -> str:
    text = json.dumps(line, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _parse(text: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}
