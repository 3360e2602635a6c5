"""Where packs lie and how they got there: attempts, the link that is swapped in one step, and what an eye finds later.

``reports/<bank>/.runs/<attempt>/`` is one attempt; ``reports/<bank>/<as-of>`` is a link to the last complete one. An
attempt says what it is in ``pack.json`` from its first moment, so what was interrupted is known for what it is.
"""

import fcntl
import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from insights.data.store import folder_lock, sync_tree, write_atomic
from insights.errors import RunError

RUNS, MANIFEST = ".runs", "pack.json"
PACK_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})(?:-by-([a-z][a-z0-9_]*))?")
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Attempt:
    """One attempt: ``folder`` for what readers may see, ``private`` for executed notebooks and the run log."""

    id: str
    folder: Path
    private: Path


@dataclass(frozen=True)
class Pack:
    """A complete pack that is linked, or an attempt that is not; ``fault`` says what is wrong with it ("" if nothing).

    ``state`` is "complete", "failed", "interrupted", "running" or "damaged".
    """

    name: str
    folder: Path
    state: str
    manifest: dict[str, Any] = field(default_factory=dict)
    fault: str = ""

    @property
    def as_of(self) -> date | None:
        """The as-of date, where it can be told."""
        told = self.manifest.get("as_of") or (m[1] if (m := PACK_NAME.fullmatch(self.name)) else None)
        try:
            return date.fromisoformat(str(told))
        except ValueError:
            return None


@contextmanager
def new_attempt(reports: Path, state: Path, about: dict[str, Any]) -> Iterator[Attempt]:
    """Yield a new attempt, its two folders made and marked as begun; they stay, whatever happens.

    ``reports`` and ``state`` are the bank's own folders. While the block lasts the attempt's folder is locked, which is
    how others tell a running attempt from an interrupted one.
    """
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
    attempt = Attempt(name, reports / RUNS / name, state / "runs" / name)
    (reports / RUNS).mkdir(parents=True, exist_ok=True)
    (reports / RUNS).chmod(0o711)  # the links lead through it; what did not become a pack is not listed
    for folder in (state, state / "runs"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for folder in (attempt.folder, attempt.private):
        folder.mkdir(mode=0o700)
    handle = os.open(attempt.folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        write_manifest(attempt.folder, about | {"complete": False, "begun": True})
        yield attempt
    finally:
        os.close(handle)


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write what the pack is, with the hash of every file in it; last of all its files."""
    files = {
        path.relative_to(folder).as_posix(): _sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / MANIFEST and not path.name.startswith(".")
    }
    content = {"schema_version": SCHEMA_VERSION, **manifest, "files": files}
    write_atomic(folder / MANIFEST, (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode())


@contextmanager
def publishing(reports: Path) -> Iterator[None]:
    """Hold the lock under which packs are put together, linked and listed."""
    with folder_lock(reports / "packs"):
        yield


def link(reports: Path, name: str, attempt: Attempt) -> Path:
    """Make ``reports/<name>`` point to the attempt, in one step, and return it.

    The pack gets the permissions that the user's umask gives: it passed disclosure control and is there to be read.
    """
    for path in (attempt.folder, *attempt.folder.rglob("*")):
        path.chmod((0o777 if path.is_dir() else 0o666) & ~_umask())
    sync_tree(attempt.folder)
    place, new = reports / name, reports / f".{name}.{attempt.id}.link"
    new.symlink_to(Path(RUNS) / attempt.id)
    try:
        new.replace(place)
    except OSError:
        new.unlink()
        raise RunError(
            f"the pack cannot take its place: {place} is not a link",
            expected="nothing, or the link that an earlier run made",
            todo="move what lies there and run again; the new pack is in the attempt's folder",
        ) from None
    return place


def read_pack(folder: Path) -> dict[str, Any]:
    """Return what a pack says of itself; ValueError with the reason if it is damaged or not complete.

    Every file is held to its hash. That the findings hold to their schema was checked when the pack was made, and is
    not checked again: it takes longer than all the rest, for every earlier pack.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files: dict[str, str] = manifest["files"]
        reports = [(report["name"], report["state"], report["files"]) for report in manifest["reports"]]
        date.fromisoformat(manifest["as_of"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(f"{MANIFEST} is missing or damaged") from None
    if manifest.get("complete") is not True:
        raise ValueError("the pack is not complete")
    for name, digest in files.items():
        if not (folder / name).is_file():
            raise ValueError(f"{name} is missing")
        if _sha256(folder / name) != digest:
            raise ValueError(f"{name} was changed after the run")
    for name, _, pages in reports:
        if absent := sorted(set(pages.values()) - set(files)):
            raise ValueError(f"{absent[0]} of report {name} is missing")
    return dict(manifest)


def packs(reports: Path) -> list[Pack]:
    """Return what is linked in a bank's folder, the latest as-of date first; a damaged pack says so."""
    found = []
    for path in sorted(reports.iterdir(), reverse=True) if reports.is_dir() else []:
        if PACK_NAME.fullmatch(path.name):
            try:
                found.append(Pack(path.name, path, "complete", read_pack(path)))
            except (ValueError, OSError) as error:
                fault = str(error) if isinstance(error, ValueError) else "a file cannot be read"
                found.append(Pack(path.name, path, "damaged", fault=fault))
    return found


def unfinished(reports: Path) -> list[Pack]:
    """Return the attempts that made no complete pack, the latest first."""
    found = []
    for folder in sorted((reports / RUNS).iterdir(), reverse=True) if (reports / RUNS).is_dir() else []:
        if not folder.is_dir():
            continue
        try:
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            complete, begun = manifest["complete"], manifest.get("begun", False)
        except (OSError, ValueError, KeyError, TypeError):
            found.append(Pack(folder.name, folder, "damaged", fault=f"{MANIFEST} is missing or damaged"))
            continue
        if complete is not True:
            state = ("running" if _locked(folder) else "interrupted") if begun else "failed"
            found.append(Pack(folder.name, folder, state, manifest))
    return found


def _locked(folder: Path) -> bool:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
