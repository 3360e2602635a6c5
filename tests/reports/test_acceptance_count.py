"""The count of acceptance entries is right, and neither a skip nor a misspelt name slips through."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]

CONFTEST = """
from acceptance import AcceptanceCount

def pytest_configure(config):
    config.pluginmanager.register(AcceptanceCount())
"""

CASES = """
import pytest

@pytest.mark.acceptance("runs")
def test_runs():
    pass

@pytest.mark.acceptance("is_skipped")
def test_skips_inside():
    pytest.skip("no reason at all")

@pytest.mark.acceptance("misspelt")
def test_misspelt():
    pass

def test_not_marked():
    pytest.skip("may be skipped")
"""


def run(folder: Path, shared: Path | None, *options: str) -> str:
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_cases.py").write_text(CASES)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = acceptance(entry)\n")
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "INSIGHTS_SHARED": str(shared or "")}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # those of the notebooks alone take seconds to import
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, str(folder)]
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True).stdout


@pytest.mark.parametrize("options", [(), ("-p", "xdist", "-n", "2")], ids=["alone", "xdist"])
def test_a_skip_or_an_unknown_name_fails_and_only_what_ran_counts(tmp_path: Path, options: tuple[str, ...]) -> None:
    shared, folder = tmp_path / "shared", tmp_path / "tests"
    shared.mkdir()
    folder.mkdir()
    (shared / "acceptance.toml").write_text("[runs]\na = 1\n[is_skipped]\na = 1\n[third]\na = 1\n")
    said = run(folder, shared, *options)
    assert "acceptance: 1 of 3 entries ran: runs" in said
    assert "an acceptance test may not be skipped where the shared data exists: Skipped: no reason at all" in said
    assert "no entry of acceptance.toml is called misspelt" in said
    assert "1 failed" in said.splitlines()[-1]
    assert "1 error" in said.splitlines()[-1]
