"""Results kept beside the processed tables that they were computed from, so that other kernels need not compute again.

A file holds one result under the hash of everything it depends on: the processed data and the day, all settings, the
code of this package and the libraries it computes with, and the name of the result. It is sealed with the bank's key.
Whatever is damaged, cut off, altered or from another key or code is computed again, never used.

The results are as confidential as the tables beside them: only this user may read them, and they go with the tables.
"""

import fcntl
import functools
import hashlib
import hmac
import importlib.metadata
import json
import mmap
import os
import platform
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from insights.data.encoded import NotEncodable, decode, encode
from insights.data.pseudonyms import Key
from insights.data.snapshot import Bank
from insights.data.store import PARTIAL, PRIVATE_FILE, PRIVATE_FOLDER

FOLDER = "results"
MAGIC = b"insights result 1\n".ljust(32, b"\0")
SEAL = 32
LIBRARIES = ("numpy", "scipy", "pandas", "pyarrow", "duckdb", "ibis-framework", "scikit-learn")
WITHOUT = {"paths", "reports", "lists", "pseudonyms"}
"""Sections of the settings that say where things lie and who reads them, which no result depends on."""

_written: WeakKeyDictionary[Bank, str] = WeakKeyDictionary()


def kept(bank: Bank, name: str, compute: Callable[[], Any]) -> Any:
    """Return the result of that name for the bank: from its file, or computed and written there.

    One process computes while others that want the same result wait. What comes back was read from the bytes in both
    cases, so that it is the same to the last bit; a result that has no form in bytes, or a folder that cannot be
    written to, costs only the file.
    """
    folder = _folder(bank)
    secret = Key.load(bank.settings).results_secret()
    path = folder / hashlib.sha256(name.encode()).hexdigest()[:32]
    if (found := _read(path, secret, name)) is not None:
        return found[0]
    with ExitStack() as held:
        try:
            _make(folder)
            held.enter_context(_lock(path))
        except OSError:
            return compute()
        if (found := _read(path, secret, name)) is not None:
            return found[0]
        value = compute()
        found = _read(path, secret, name) if _write(path, secret, name, value) else None
        return value if found is None else found[0]


def write_sealed(path: Path, secret: bytes, name: str, value: Any) -> bool:
    """Write a value into a file of its own, for this user only; return whether it is there.

    What ``read_sealed`` returns under the same secret and name; the value is of the kinds that ``kept`` takes.
    """
    return _write(path, secret, name, value)


def read_sealed(path: Path, secret: bytes, name: str) -> tuple[Any] | None:
    """Return the value in a tuple, or None where there is no file, or it was cut off, altered, or of another code."""
    return _read(path, secret, name)


def _folder(bank: Bank) -> Path:
    """Return the folder of the results of this bank on this day, under this code and these settings."""
    depends = [bank.as_of.isoformat(), bank.part, _settings(bank)]
    text = json.dumps(depends, ensure_ascii=True).encode()
    return bank.processed.path / FOLDER / code() / hashlib.sha256(text).hexdigest()[:24]


def _settings(bank: Bank) -> str:
    """Return the settings that results depend on; those of a bank do not change while it is open."""
    if bank not in _written:
        told = bank.settings.model_dump(mode="json", exclude=WITHOUT)
        _written[bank] = json.dumps(told, sort_keys=True, ensure_ascii=True)
    return _written[bank]


@functools.cache
def code() -> str:
    """Return a hash of the source of this package and of the versions of what it computes with."""
    root = Path(__file__).parents[1]
    found = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        content = path.read_bytes()
        found.update(f"{path.relative_to(root).as_posix()}\n{len(content)}\n".encode())
        found.update(content)
    versions = [importlib.metadata.version(name) for name in LIBRARIES]
    found.update(json.dumps([versions, platform.python_version(), platform.machine()]).encode())
    return found.hexdigest()[:24]


def _make(folder: Path) -> None:
    """Make the folder, and take away the results of other code: nothing will ask for them again.

    OSError where it cannot be made, such as when somebody has removed the processed data meanwhile.
    """
    if folder.is_dir():
        return
    for place in (folder.parent.parent, folder.parent, folder):
        place.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    for other in folder.parent.parent.iterdir():
        if other != folder.parent:
            shutil.rmtree(other, ignore_errors=True)


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Wait until no other process computes the result; OSError where nothing can be written."""
    handle = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _read(path: Path, secret: bytes, name: str) -> tuple[Any] | None:
    """Return the result in a tuple, or None where there is no sound file of that name."""
    try:
        with path.open("rb") as file:
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError):
        return None
    start = len(MAGIC) + SEAL
    if len(data) < start or bytes(data[: len(MAGIC)]) != MAGIC:
        return None
    seal = hmac.new(secret, name.encode(), "sha256")
    seal.update(data[start:])
    if not hmac.compare_digest(seal.digest(), data[len(MAGIC) : start]):
        return None
    try:
        return (decode(data[start:]),)
    except ValueError:
        return None


def _write(path: Path, secret: bytes, name: str, value: Any) -> bool:
    """Write the result in one step; return whether it is there."""
    try:
        parts = encode(value)
    except NotEncodable:
        return False
    seal = hmac.new(secret, name.encode(), "sha256")
    for part in parts:
        seal.update(part)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PARTIAL}")
    try:
        # Not flushed to the disk: a file that a crash leaves incomplete fails its seal.
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "wb") as file:
            for part in (MAGIC, seal.digest(), *parts):
                file.write(part)
        partial.replace(path)
    except OSError:
        with suppress(OSError):
            partial.unlink()
        return False
    return True
