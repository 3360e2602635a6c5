"""One notebook in one kernel: honest about how it ended, and never over a wire that others can read."""

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
import zmq
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from insights.errors import RunError
from insights.reports import kernel
from insights.reports.kernel import PORTS, EncryptedKernelManager, Failure, Kernels, check_encrypted, execute
from insights.reports.nursery import Nursery
from insights.reports.wording import Wording

PARAMETERS = {"config": "bank.toml", "as_of": "2026-10-31", "raw": None, "by": None}
LIMIT = 60


def notebook(folder: Path, *code: str, tags: tuple[str, ...] = ()) -> Path:
    cells = [
        new_markdown_cell("# Title"),
        new_code_cell('config = "none"\nby = "none"', metadata={"tags": ["parameters"]}),
    ]
    cells += [new_code_cell(source, metadata={"tags": list(tags)}) for source in code]
    path = folder / "03_lifecycle.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return path


def run(
    folder: Path, nursery: Nursery | None, *code: str, seconds: int = LIMIT, tags: tuple[str, ...] = ()
) -> tuple[Any, Failure | None]:
    private = folder / "private {by}"  # a name that papermill would fill in
    private.mkdir(mode=0o700, exist_ok=True)
    return execute(
        notebook(folder, *code, tags=tags),
        private / "03_lifecycle.ipynb",
        parameters=PARAMETERS,
        env={"INSIGHTS_RUN_SECRET": "the secret"},
        seconds=seconds,
        kernels=Kernels(),
        nursery=nursery,
    )


def texts(node: Any) -> list[str]:
    return [o.text.strip() for cell in node.cells if cell.cell_type == "code" for o in cell.outputs]


@pytest.mark.parametrize("forked", [True, False])
def test_a_notebook_runs_to_its_end(tmp_path: Path, nursery: Nursery, forked: bool) -> None:
    code = "import os, pathlib; print(config, by, os.environ['INSIGHTS_RUN_SECRET'], pathlib.Path.cwd().name)"
    node, failure = run(tmp_path, nursery if forked else None, code, "", "print('end')")
    assert failure is None
    assert texts(node) == ["bank.toml None the secret private {by}", "end"]
    assert [p.name for p in (tmp_path / "private {by}").iterdir()] == [
        "03_lifecycle.ipynb"
    ]  # the kernel's keys are gone


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (("1", "raise ValueError('client 4711')", "2"), Failure("error", 3, "ValueError")),
        (
            ("from insights.errors import SnapshotError", "raise SnapshotError('no table', expected='x', todo='y')"),
            Failure("error", 3, "SnapshotError", "no table"),
        ),
        (("import sys", "sys.exit(0)", "1"), Failure("ended early", 3, "SystemExit")),
        (("import os", "os._exit(0)", "1"), Failure("kernel died", 3)),
        (("def (",), Failure("error", 2, "SyntaxError")),
    ],
)
def test_how_it_ended_is_told_and_no_value_of_a_client(
    tmp_path: Path, nursery: Nursery, code: tuple[str, ...], expected: Failure
) -> None:
    _, failure = run(tmp_path, nursery, *code)
    assert failure == expected
    assert "4711" not in str(failure)
    assert str(expected.cell) in Wording("en").text(failure.in_words())


def test_an_error_that_a_cell_was_allowed_is_a_failure_too(tmp_path: Path, nursery: Nursery) -> None:
    _, failure = run(tmp_path, nursery, "1 / 0", "2", tags=("raises-exception",))
    assert failure == Failure("error", 2, "ZeroDivisionError")


def test_a_cell_that_was_skipped_is_an_early_end(tmp_path: Path, nursery: Nursery) -> None:
    _, failure = run(tmp_path, nursery, "1", tags=("skip-execution",))
    assert failure is not None
    assert (failure.kind, failure.cell) == ("ended early", 2)


def test_the_time_limit_holds_even_if_the_cell_will_not_be_interrupted(tmp_path: Path, nursery: Nursery) -> None:
    stubborn = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    _, failure = run(tmp_path, nursery, "import os\nprint(os.getpid())", stubborn, seconds=5)
    assert failure is not None
    assert (failure.kind, failure.cell) == ("timed out", 3)


def test_the_limit_is_for_the_notebook_not_for_each_cell(tmp_path: Path, nursery: Nursery) -> None:
    _, failure = run(tmp_path, nursery, *["import time\ntime.sleep(3)"] * 3, seconds=6)
    assert failure is not None
    assert failure.kind == "timed out"
    assert failure.cell in (2, 3)


LATE = """
import sys, time
sys.stdout.flush_timeout = sys.stderr.flush_timeout = 0.1  # the end of the cell is told before what it shows
get_ipython().kernel.iopub_thread.schedule(lambda: time.sleep(6))
display({"text/plain": "an exhibit"}, raw=True)
"""


def test_what_a_cell_shows_is_not_lost_where_it_arrives_late(tmp_path: Path, nursery: Nursery) -> None:
    node, failure = run(tmp_path, nursery, LATE, "print('end')")
    assert failure is None
    late, end = (cell.outputs for cell in node.cells[-2:])
    assert [output.data["text/plain"] for output in late] == ["an exhibit"]
    assert [output.text for output in end] == ["end\n"]


def test_no_notebook_goes_on_without_what_a_cell_shows(
    tmp_path: Path, nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel, "OUTPUTS_WITHIN", 1)
    _, failure = run(tmp_path, nursery, LATE, "print('end')")
    assert failure == Failure("outputs lost", 2)
    assert "what code cell 2 shows did not arrive" in Wording("en").text(failure.in_words())


def test_no_kernel_outlives_its_notebook(tmp_path: Path, nursery: Nursery) -> None:
    node, failure = run(tmp_path, nursery, "import os\nprint(os.getpid())", "while True: pass", seconds=5)
    assert failure is not None
    with pytest.raises(ProcessLookupError):
        os.kill(int(texts(node)[0]), 0)


def test_outputs_of_an_earlier_execution_do_not_count(tmp_path: Path, nursery: Nursery) -> None:
    path = notebook(tmp_path, "print('new')", "1 / 0", "print('never')")
    old = nbformat.read(path, as_version=4)
    for cell in old.cells[1:]:
        cell.execution_count, cell.outputs = 9, [nbformat.v4.new_output("stream", text="old")]
    nbformat.write(old, path)
    (tmp_path / "private").mkdir()
    node, failure = execute(
        path,
        tmp_path / "private" / "x.ipynb",
        parameters=PARAMETERS,
        env={},
        seconds=LIMIT,
        kernels=Kernels(),
        nursery=nursery,
    )
    assert failure == Failure("error", 3, "ZeroDivisionError")
    assert "old" not in json.dumps(node)


def test_the_kernel_is_this_python_over_an_encrypted_wire(tmp_path: Path, nursery: Nursery) -> None:
    code = (
        "import sys, json, pathlib\nfrom ipykernel.kernelapp import IPKernelApp\napp = IPKernelApp.instance()\n"
        "file = json.loads(pathlib.Path(app.abs_connection_file).read_text())\n"
        "mode = oct(pathlib.Path(app.abs_connection_file).stat().st_mode & 0o077)\n"
        "print(sys.executable, mode, 'curve_secretkey' in file)"
    )
    node, failure = run(tmp_path, nursery, code)
    assert failure is None
    assert texts(node) == [f"{sys.executable} 0o0 True"]


def test_the_manager_demands_encryption() -> None:
    assert EncryptedKernelManager().transport_encryption == "required"


@pytest.mark.parametrize("mechanism", ["CURVE", "NULL"])
def test_the_wire_itself_is_looked_at(mechanism: str) -> None:
    public, secret = zmq.curve_keypair()
    with zmq.Context() as context, context.socket(zmq.ROUTER) as plain:
        if mechanism == "CURVE":
            plain.curve_server, plain.curve_publickey, plain.curve_secretkey = True, public, secret
        port = plain.bind_to_random_port("tcp://127.0.0.1")
        kernel: Any = SimpleNamespace(ip="127.0.0.1", curve_publickey=public, curve_secretkey=secret)
        kernel.__dict__.update(dict.fromkeys(PORTS, port))
        if mechanism == "CURVE":
            check_encrypted(kernel)
        else:
            with pytest.raises(RunError, match="not encrypted: shell of the kernel does not greet with CURVE"):
                check_encrypted(kernel)


def test_a_kernel_without_keys_or_without_anybody_listening_is_refused() -> None:
    kernel: Any = SimpleNamespace(ip="127.0.0.1", curve_publickey=None, curve_secretkey=None)
    with pytest.raises(RunError, match="was given no keys"):
        check_encrypted(kernel)
    kernel = SimpleNamespace(ip="127.0.0.1", curve_publickey=b"p", curve_secretkey=b"s", **dict.fromkeys(PORTS, 9))
    with pytest.raises(RunError, match="does not greet with CURVE"):
        check_encrypted(kernel)


def test_without_encryption_nothing_runs(tmp_path: Path, nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zmq, "has", lambda capability: False)
    with pytest.raises(RunError, match="cannot encrypt"):
        run(tmp_path, nursery, "open('touched', 'w')")
    assert not list(tmp_path.rglob("touched"))
