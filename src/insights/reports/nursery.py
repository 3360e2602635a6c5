"""One process that imports everything once and forks: what it starts is at work in milliseconds instead of seconds.

It begins to import while the extracts still come in. A kernel or a worker forked from it has the memory of that moment
and nothing of its brothers: environment, folder and secrets are given to each when it starts. The nursery itself opens
no data and starts no thread, so that there is nothing a fork could tear in two. It ends, with all that it started, when
the run that it belongs to ends.
"""

import gc
import importlib
import os
import pickle
import pkgutil
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, NoReturn

from insights.data.engine import THREADS
from insights.errors import InsightsError

FIXED = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1") | {
    "PYTHONHASHSEED": "0",
    "PYTHONWARNINGS": "ignore",  # a warning is an output, and an output that is no exhibit stops the report
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # the debugger that kernels load has a warning of its own
    THREADS: str(max(1, (os.cpu_count() or 1) // 2)),  # two notebooks are at work at a time
}
"""What is settled when Python starts or a library is imported: it is the same for all that the nursery forks."""

PATIENCE = 120.0
"""Seconds until a nursery that does not answer counts as dead; its imports take a few."""

MODULES = (
    "ipykernel.kernelapp",
    "ipykernel.zmqshell",
    "ipykernel.debugger",  # nobody debugs a report, but every kernel asks whether it could be
    "IPython.display",
    "insights.reports.pack",
    "insights.reports.figures",
    "insights.reports.lists",
    "sklearn.ensemble",  # several models import it when they are asked, each for a second
    "ibis.backends.duckdb.converter",  # and what libraries import when they are first asked for rows, or for a workbook
    "pyarrow.dataset",
    "xlsxwriter",
)
PACKAGES = ("insights.topics", "insights.reports.exhibits")
"""Of these packages all modules are imported."""


class NurseryError(RuntimeError):
    """The nursery does not answer, or what it forked ended without a word."""


class Child:
    """A process that the nursery forked: what ``subprocess.Popen`` is for one's own. It leads a process group."""

    stdin = stdout = stderr = None

    def __init__(self, nursery: "Nursery", pid: int) -> None:
        self.pid, self._nursery = pid, nursery
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return how it ended (minus the signal that killed it), or None while it runs."""
        if self.returncode is None:
            self.returncode = self._nursery.ended(self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended and return how; TimeoutError after so many seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError(f"process {self.pid} is still running")
            time.sleep(0.01)
        return code

    def send_signal(self, signum: int) -> None:
        """Send a signal to it; one that has ended gets none."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signum)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


class Nursery:
    """The run's end of a nursery. Its methods may be called from several threads."""

    def __init__(self) -> None:
        self._wire, theirs = socket.socketpair()
        self._wire.settimeout(PATIENCE)
        self._lock = Lock()
        self._alive: set[int] = set()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, str(theirs.fileno())],
                env=os.environ | FIXED,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # an interrupt from the keyboard is for the run, which ends the others itself
            )

    def __enter__(self) -> "Nursery":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the nursery and all that it forked."""
        self._process.kill()
        self._process.wait()
        with self._lock:
            alive, self._alive = self._alive, set()
        for pid in alive:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        self._wire.close()

    def kernel(self, arguments: Sequence[str], *, env: Mapping[str, str], folder: str) -> Child:
        """Fork a kernel with these arguments of ``ipykernel_launcher``. Raises NurseryError."""
        return self._forked({"env": dict(env), "folder": folder, "kernel": list(arguments)})

    def call(self, function: str, *arguments: Any, env: Mapping[str, str] | None = None) -> Any:
        """Return what ``function`` ("package.module:name") makes of the arguments in a process of its own.

        An InsightsError is raised here as it was there; NurseryError for any other end. Arguments and result are
        pickled, between processes of one run only.
        """
        ours, theirs = os.pipe()
        with os.fdopen(ours, "rb") as answer:
            try:
                order = {"env": dict(env or os.environ), "folder": str(Path.cwd()), "call": function}
                child = self._forked(order | {"arguments": pickle.dumps(arguments)}, theirs)
            finally:
                os.close(theirs)
            told = answer.read()
        child.wait()
        if not told:
            raise NurseryError(f"the process for {function} ended early (exit {child.returncode})")
        good, value = pickle.loads(told)
        if good:
            return value
        raise value if isinstance(value, InsightsError) else NurseryError(f"{function} failed:\n{value}")

    def ended(self, pid: int) -> int | None:
        """Return how a child ended, or None while it runs; one whose nursery is dead has been killed with it."""
        try:
            code = self._ask({"ended": pid})
        except NurseryError:
            code = -signal.SIGKILL
        if code is not None:
            with self._lock:
                self._alive.discard(pid)
        return code

    def _forked(self, order: dict[str, Any], *handles: int) -> Child:
        pid = self._ask(order, *handles)
        return Child(self, pid)

    def _ask(self, order: dict[str, Any], *handles: int) -> Any:
        with self._lock:
            try:
                _send(self._wire, order, *handles)
                answer, _ = _receive(self._wire)
            except (OSError, EOFError) as error:
                raise NurseryError(f"the process that starts the others does not answer: {error}") from error
            if "ended" not in order:
                self._alive.add(answer)
            return answer


def collect_rarely() -> None:
    """Look for garbage rarely: modules and figures are many small objects that live, and looking through them costs."""
    gc.set_threshold(50_000, 20, 20)


def serve(wire: socket.socket) -> None:
    """Import, then fork what is ordered, until the other end of the wire is closed."""
    collect_rarely()
    _import_all()
    gc.collect()
    gc.freeze()  # otherwise the first collection in each child would copy all that is shared
    alive: set[int] = set()
    while True:
        try:
            order, handles = _receive(wire)
        except (OSError, EOFError):
            break
        if "ended" in order:
            code = _reaped(order["ended"])
            alive -= {order["ended"]} if code is not None else set()
            _send(wire, code)
            continue
        pid = os.fork()
        if not pid:
            _live(wire, order, handles)
        with suppress(OSError):  # the child may have done it, or be gone
            os.setpgid(pid, pid)
        for handle in handles:
            os.close(handle)
        alive.add(pid)
        _send(wire, pid)
    for pid in alive:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def _import_all() -> None:
    from insights.data.kept import code  # the run itself has no use for these here
    from insights.reports.wording.catalogue import LANGUAGES, catalogue

    for name in MODULES:
        importlib.import_module(name)
    for package in PACKAGES:
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            importlib.import_module(module.name)
    for language in LANGUAGES:
        catalogue(language)  # read once and not for every page
    code()  # and not by every process: what they run is what was imported here


def _reaped(pid: int) -> int | None:
    try:
        found, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:  # asked again after its end
        return -signal.SIGKILL
    return os.waitstatus_to_exitcode(status) if found else None


def _live(wire: socket.socket, order: dict[str, Any], handles: list[int]) -> NoReturn:
    """Be the kernel or the worker that was ordered, to the end of this process."""
    code = 1
    try:
        wire.close()
        with suppress(OSError):
            os.setpgid(0, 0)
        os.environ.clear()
        os.environ.update(order["env"] | FIXED)
        os.chdir(order["folder"])
        if "kernel" in order:
            _be_kernel(order["kernel"])
        else:
            with os.fdopen(handles[0], "wb") as answer:
                answer.write(_told(order["call"], order["arguments"]))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


def _be_kernel(arguments: list[str]) -> None:
    from ipykernel.kernelapp import IPKernelApp

    # A kernel ends when its parent does: the default was read when this process was not yet anybody's parent.
    arguments = [*arguments, f"--IPKernelApp.parent_handle={os.getppid()}"]
    sys.argv = ["ipykernel_launcher", *arguments]
    IPKernelApp.launch_instance(argv=arguments)


def _told(function: str, arguments: bytes) -> bytes:
    """Return the pickled result of a call, or how it failed."""
    module, _, name = function.partition(":")
    try:
        return pickle.dumps((True, getattr(importlib.import_module(module), name)(*pickle.loads(arguments))))
    except InsightsError as error:
        return pickle.dumps((False, error))
    except Exception:
        return pickle.dumps((False, traceback.format_exc()))


def _send(wire: socket.socket, message: Any, *handles: int) -> None:
    data = pickle.dumps(message)
    socket.send_fds(wire, [len(data).to_bytes(8, "little")], list(handles))
    wire.sendall(data)


def _receive(wire: socket.socket) -> tuple[Any, list[int]]:
    """Return a message and the handles that came with it; EOFError where the other end is closed."""
    head, handles, _, _ = socket.recv_fds(wire, 8, 1)
    size = int.from_bytes(head + _exactly(wire, 8 - len(head)) if head else _exactly(wire, 8), "little")
    return pickle.loads(_exactly(wire, size)), handles


def _exactly(wire: socket.socket, size: int) -> bytes:
    parts = []
    while size:
        part = wire.recv(min(size, 1 << 20))
        if not part:
            raise EOFError("the other end is closed")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
