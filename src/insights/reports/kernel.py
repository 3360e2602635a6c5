"""One notebook in one fresh kernel over encrypted channels: executed to its end, or a reason why not.

A kernel talks to the process that started it over TCP on the local machine, which every user of that machine can read.
Notebooks of a report carry the bank's data, so the transport is CurveZMQ or there is no run: the kernel manager demands
it, and after the start the greeting of each socket is read to see that the kernel really speaks it.
"""

import math
import os
import signal
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import nbformat
import zmq
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill import execute_notebook
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from traitlets import default

import insights.errors
from insights.errors import InsightsError, RunError
from insights.reports.exhibits.base import Message
from insights.reports.nursery import Nursery

PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
INJECTED = "injected-parameters"
OUTPUTS_WITHIN = 60
"""Seconds after a cell has ended in which what it shows must arrive; the usual four are few on a busy machine."""


@dataclass(frozen=True)
class Failure:
    """Why a notebook did not run to its end.

    ``kind`` is "error", "timed out", "outputs lost", "kernel died" or "ended early"; ``cell`` counts code cells from 1
    as they stand in the notebook (None: before the first); ``error`` is the class of the exception and ``message`` what
    it said, if it is one of this package's own (others may quote a client's value).
    """

    kind: str
    cell: int | None = None
    error: str = ""
    message: str = ""

    def __str__(self) -> str:
        where = "before its first code cell" if self.cell is None else f"in code cell {self.cell}"
        return f"{self.kind} {where}" + "".join(f": {part}" for part in (self.error, self.message) if part)

    def in_words(self) -> Message:
        """Return the failure as the index of packs tells it."""
        values = {"cell": self.cell, "error": ": ".join(part for part in (self.error, self.message) if part)}
        if self.cell is None:
            return Message("its kernel did not start")
        if self.kind == "timed out":
            return Message("code cell {cell:count} was still running at the time limit", values)
        if self.kind == "outputs lost":
            return Message("what code cell {cell:count} shows did not arrive", values)
        if self.kind == "kernel died":
            return Message("its process ended in code cell {cell:count}", values)
        if self.kind == "ended early":
            return Message("it ended before code cell {cell:count} was through", values)
        return Message("code cell {cell:count} stopped with {error}", values)


@dataclass
class Kernels:
    """The kernels of a run that are alive, so that an interrupted run leaves none behind."""

    _pids: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, pid: int) -> None:
        """Note a kernel; it leads a process group of its own."""
        with self._lock:
            self._pids.add(pid)

    def remove(self, pid: int) -> None:
        """Forget a kernel that has ended."""
        with self._lock:
            self._pids.discard(pid)

    def kill(self) -> None:
        """End all of them at once."""
        with self._lock:
            for pid in self._pids:
                with suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)


def execute(
    notebook: Path,
    output: Path,
    *,
    parameters: Mapping[str, str | None],
    env: Mapping[str, str],
    seconds: int,
    kernels: Kernels,
    nursery: Nursery | None = None,
) -> tuple[NotebookNode, Failure | None]:
    """Execute ``notebook`` in a fresh kernel; return it with its outputs, and why it failed (None: it ran to its end).

    ``output`` is where the executed notebook is kept, however it ended; its folder (private: it also holds the file
    with the kernel's keys while it runs) is the kernel's working directory. ``seconds`` is for the whole notebook
    including the start of its kernel, which ``nursery`` forks (None: a new Python is started). Raises RunError if the
    transport cannot be encrypted.
    """
    deadline = time.monotonic() + seconds
    failure = None
    try:
        execute_notebook(
            nbformat.from_dict(_prepared(notebook)),
            str(output).replace("{", "{{").replace("}", "}}"),  # papermill fills fields of paths
            parameters=dict(parameters),
            engine_name=ENGINE,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            start_timeout=seconds,
            timeout_func=lambda cell: max(1, math.ceil(deadline - time.monotonic())),
            kernel_env=dict(env),
            kernels=kernels,
            nursery=nursery,
        )
    except PapermillExecutionError as error:
        failure = Failure("error", error=error.ename)
    except CellTimeoutError:
        late = time.monotonic() >= deadline
        failure = Failure("timed out", message=f"the limit is {seconds} seconds") if late else Failure("outputs lost")
    except DeadKernelError:
        failure = Failure("kernel died")
    except RunError:
        raise
    except RuntimeError:  # jupyter_client has no class of its own for a kernel that does not come up
        late = time.monotonic() >= deadline
        failure = Failure("timed out" if late else "kernel died", message="the kernel did not start")
    executed = _read_back(output, notebook)
    return executed, _judge(executed, failure)


def _prepared(notebook: Path) -> NotebookNode:
    """Return the notebook without outputs of earlier executions, with the metadata that papermill expects."""
    from papermill.iorw import load_notebook_node

    node = load_notebook_node(str(notebook))
    for cell in node.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return node


def _read_back(output: Path, notebook: Path) -> NotebookNode:
    if output.is_file():
        output.chmod(0o600)
        node = nbformat.read(output, as_version=4)
        # Marks that papermill adds around a failed cell are not part of the notebook.
        node.cells = [c for c in node.cells if "papermill-error-cell-tag" not in c.metadata.get("tags", [])]
        return node
    return _prepared(notebook)


def _judge(executed: NotebookNode, failure: Failure | None) -> Failure | None:
    """Return why the notebook counts as failed, whatever papermill thinks of it."""
    code = [cell for cell in executed.cells if cell.cell_type == "code"]
    begun = [cell for cell in code if cell.metadata.get("papermill", {}).get("start_time") and cell.source.strip()]
    for cell in code:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                kind = "ended early" if output.ename == "SystemExit" else "error"
                return Failure(kind, _number(cell, code), output.ename, _own_message(output.ename, output.evalue))
    if failure is not None:
        cell = begun[-1] if begun else None
        return Failure(failure.kind, None if cell is None else _number(cell, code), failure.error, failure.message)
    for cell in code:
        if cell.source.strip() and cell.get("execution_count") is None:
            return Failure("ended early", _number(cell, code), message="this cell and those after it were not executed")
    return None


def _number(cell: NotebookNode, code: list[NotebookNode]) -> int | None:
    """Return the number of a code cell as the author sees it, without the cell of parameters that was put in."""
    own = [c for c in code if INJECTED not in c.metadata.get("tags", [])]
    return next((i for i, c in enumerate(own, start=1) if c is cell), None)


def _own_message(name: str, text: str) -> str:
    """Return the first line of a message of this package; other libraries may quote values, so theirs stay out."""
    kind = getattr(insights.errors, name, None)
    return text.splitlines()[0] if isinstance(kind, type) and issubclass(kind, InsightsError) and text else ""


class EncryptedKernelManager(AsyncKernelManager):
    """Starts kernels of this very Python over CurveZMQ, and no others, whatever is installed for Jupyter beside."""

    nursery: Nursery | None = None

    @default("transport_encryption")
    def _always_encrypted(self) -> str:
        return "required"

    @default("kernel_spec_manager")
    def _own_python_only(self) -> KernelSpecManager:
        return KernelSpecManager(parent=self, kernel_dirs=[], ensure_native_kernel=True)

    async def _async_launch_kernel(self, kernel_cmd: list[str], **kw: Any) -> None:
        """Let the nursery fork the kernel where there is one: jupyter_client has this method to be overridden."""
        if self.nursery is None:
            await super()._async_launch_kernel(kernel_cmd, **kw)
            return
        local = cast(Any, self.provisioner)
        arguments = kernel_cmd[kernel_cmd.index("ipykernel_launcher") + 1 :]
        local.process = self.nursery.kernel(arguments, env=kw["env"], folder=kw["cwd"])
        local.pid = local.pgid = local.process.pid
        local.cwd = kw["cwd"]
        self._reconcile_connection_info(local.connection_info)


class _Client(PapermillNotebookClient):
    """Papermill's client with a connection file in a private folder, and a look at the wire before the first cell."""

    kernels: Kernels
    folder: Path
    nursery: Nursery | None = None
    pid: int | None = None

    def create_kernel_manager(self) -> AsyncKernelManager:
        manager = super().create_kernel_manager()
        manager.nursery = self.nursery
        manager.connection_file = str(self.folder / f".kernel-{os.urandom(8).hex()}.json")
        return manager

    def start_new_kernel(self, **kwargs: Any) -> None:
        super().start_new_kernel(**kwargs)
        self.pid = self.km.provisioner.pid
        self.kernels.add(self.pid)

    def start_new_kernel_client(self, **kwargs: Any) -> Any:
        client = super().start_new_kernel_client(**kwargs)
        try:
            check_encrypted(self.km)
        except RunError:
            self._cleanup_kernel()
            raise
        return client


class _Engine(NBClientEngine):
    """Papermill's engine with that client."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        *,
        kernel_env: dict[str, str],
        kernels: Kernels,
        nursery: Nursery | None,
        **kwargs: Any,
    ) -> None:
        if not zmq.has("curve"):
            raise _unencrypted("the installed pyzmq cannot encrypt")
        client = _Client(
            nb_man,
            kernel_name=kernel_name,
            kernel_manager_class=EncryptedKernelManager,
            startup_timeout=kwargs["start_timeout"],
            timeout_func=kwargs["timeout_func"],
            extra_arguments=["--HistoryManager.enabled=False"],
            shutdown_kernel="immediate",
            iopub_timeout=OUTPUTS_WITHIN,
        )
        client.kernels, client.folder = kernels, Path(nb_man.output_path).parent
        client.nursery = nursery
        # Papermill would write the notebook, with all that was shown so far, before and after every cell. It writes it
        # once more when all is done; only what breaks the execution off comes before that.
        save, nb_man.save = nb_man.save, lambda **_: None
        try:
            client.execute(env={**os.environ, **kernel_env}, cwd=str(client.folder))
        except BaseException:
            save()
            raise
        finally:
            if client.pid is not None:
                kernels.remove(client.pid)


ENGINE = "insights"
papermill_engines.register(ENGINE, _Engine)


def check_encrypted(manager: AsyncKernelManager) -> None:
    """Raise RunError unless every socket of the running kernel greets with the CURVE mechanism."""
    if not manager.curve_publickey or not manager.curve_secretkey:
        raise _unencrypted("the kernel was given no keys")
    for name in PORTS:
        if _mechanism(manager.ip, getattr(manager, name)) != "CURVE":
            raise _unencrypted(f"{name.removesuffix('_port')} of the kernel does not greet with CURVE")


def _mechanism(host: str, port: int) -> str:
    """Return the security mechanism that a ZeroMQ socket names in its greeting (ZMTP 3.0, 64 bytes, RFC 23).

    It is empty where nobody answers, or where the socket hangs up because it does not speak CURVE.
    """
    ours = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"CURVE".ljust(20, b"\0") + bytes(32)
    theirs = b""
    with suppress(OSError), socket.create_connection((host, port), timeout=5) as wire:
        wire.sendall(ours)
        while len(theirs) < 32 and (more := wire.recv(64 - len(theirs))):
            theirs += more
    return theirs[12:32].rstrip(b"\0").decode("ascii", errors="replace")


def _unencrypted(found: str) -> RunError:
    return RunError(
        f"the transport between run and kernel is not encrypted: {found}",
        expected="CurveZMQ on every channel (pyzmq with libsodium, ipykernel 7, jupyter_client 8.10 or later)",
        todo="install what requirements.lock pins; nothing was computed",
    )
