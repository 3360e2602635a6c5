"""What the tests of every room share: acceptance data, a browser, a small demo bank, a home of their own."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from acceptance import ABSENT, AcceptanceCount, entries, shared_folder
from browser import Browser, find_chromium

if TYPE_CHECKING:
    from insights.reports.nursery import Nursery

# Before any test imports numpy, and inherited by the workers and by every process that a test starts.
for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(AcceptanceCount(), "acceptance-count")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of the shared public data."""
    return shared_folder() or pytest.skip(ABSENT)


@pytest.fixture(scope="session")
def acceptance(shared: Path) -> dict[str, Any]:
    """The published or reference values that the statistics must reproduce, by entry."""
    return entries()


@pytest.fixture(scope="session")
def browser() -> Browser:
    """Headless Chromium."""
    chromium = find_chromium()
    return Browser(chromium) if chromium else pytest.skip("no Chromium (on Debian: apt-get install chromium)")


@pytest.fixture(scope="session")
def cjk_font() -> str:
    """The name of an installed font with Chinese characters."""
    listing = shutil.which("fc-list")
    found = subprocess.run([listing, ":lang=zh-cn", "family"], capture_output=True, text=True) if listing else None
    if found is None or not found.stdout.strip():
        pytest.skip("no font with Chinese characters (on Debian: apt-get install fonts-noto-cjk)")
    return found.stdout.splitlines()[0].split(",")[0]


@pytest.fixture(scope="session", autouse=True)
def home_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Processed data, reports, lists and state of the tests go to a temporary home, never into the repository."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INSIGHTS_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session")
def nursery() -> "Iterator[Nursery]":
    """The process that runs fork their kernels from: one for all runs of a worker, which must not close it."""
    from insights.reports.nursery import Nursery

    with Nursery() as found:
        found.call("os:getpid")  # it has imported all: no test waits for that on its own time
        yield found


@pytest.fixture(scope="session")
def demo_bank_small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a demo bank of 600 clients and 36 months (extracts, ``bank.toml``), to be read only.

    Its truth lies beside it, in ``demo_bank_small_truth``.
    """
    from insights.demo import write_demo

    folder = _common_folder(tmp_path_factory) / "demo_bank_small"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            write_demo(folder, clients=600, months=36, seed=1, language="en")
    return folder


def _common_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of this run that all workers of xdist share (each has its base folder inside it)."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
