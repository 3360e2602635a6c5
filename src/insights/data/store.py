"""Files and folders that are there completely or not at all, and locks that several processes share.

Everything is made beside its place, flushed to the disk and renamed. A process killed at any moment leaves at most a
hidden ``.partial`` that the next one removes; nobody ever sees half of anything.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
PARTIAL = ".partial"


@contextmanager
def folder_lock(path: Path) -> Iterator[None]:
    """Hold the lock of ``path`` (which need not exist yet); wait for whoever has it.

    The lock is a hidden file beside the folder and belongs to this process: it is free again when the block ends or the
    process dies. It is not re-entrant.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path.parent / f".{path.name}.lock", os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def atomic_folder(path: Path, mode: int = PRIVATE_FOLDER) -> Iterator[Path]:
    """Yield an empty folder beside ``path`` that becomes ``path`` when the block ends without an error.

    ``path`` must not exist by then (OSError otherwise). After an error the folder is removed. Leftovers of killed
    processes for the same ``path`` are removed on the way in; the folders of living ones are left alone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    partial, handle = _own_folder(path)
    try:
        yield partial
        sync_tree(partial)
        partial.chmod(mode)
        partial.rename(path)
        _sync(path.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    finally:
        os.close(handle)


def own_scratch(beside: Path) -> tuple[Path, Callable[[], None]]:
    """Return an empty folder beside ``beside`` for what lives no longer than its owner, and what takes it away.

    A killed process leaves it behind; the next one that asks for one, or makes ``beside``, removes it.
    """
    _remove_leftovers(beside)
    folder, handle = _own_folder(beside)
    owner = os.getpid()

    def remove() -> None:
        if os.getpid() == owner:  # a forked process has the same folder open, and it is not his
            shutil.rmtree(folder, ignore_errors=True)
            os.close(handle)

    return folder, remove


def write_atomic(path: Path, data: bytes, mode: int = PRIVATE_FILE) -> None:
    """Write ``data`` to ``path``, replacing what is there in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=PARTIAL)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
        _sync(path.parent)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def sync_tree(folder: Path) -> None:
    """Flush every file and folder below ``folder`` to the disk, then the folder itself."""
    for place, _, files in os.walk(folder, topdown=False):
        for name in files:
            _sync(Path(place) / name)
        _sync(Path(place))


def _own_folder(path: Path) -> tuple[Path, int]:
    """Make a partial folder and lock it; try again if somebody's clean-up came between the two steps."""
    while True:
        partial = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=PARTIAL))
        handle = _lock_if_free(partial)
        if handle is not None and partial.exists():
            return partial, handle
        if handle is not None:
            os.close(handle)


def _remove_leftovers(path: Path) -> None:
    for partial in path.parent.glob(f".{path.name}.*{PARTIAL}"):
        handle = _lock_if_free(partial) if partial.is_dir() else None
        if handle is not None:
            shutil.rmtree(partial, ignore_errors=True)
            os.close(handle)


def _lock_if_free(folder: Path) -> int | None:
    """Return an open handle that holds the folder's lock, or None if a living process holds it or it is gone."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
