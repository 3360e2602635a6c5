"""Counts how many entries of ``acceptance.toml`` a run of the tests covered, and lets none of them be skipped.

What came of each is written into ``state/acceptance.json``, where the annex of a report finds it.

A test names the entry it covers: ``@pytest.mark.acceptance("kaplan_meier_rossi")``. Where the shared data exists, such
a test fails when it is skipped or when no entry has its name. The last lines of a run say how many entries were run.
"""

import os
import tomllib
from collections.abc import Generator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from insights.reports.annex.proofs import ENTRIES, FILE, write_outcomes

ABSENT = "the shared data is absent: set INSIGHTS_SHARED, or put it in ../shared"


@cache
def shared_folder() -> Path | None:
    """Return the folder of the shared data, or None; a folder that the user names must exist."""
    named = os.environ.get("INSIGHTS_SHARED")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared"
    if named and not folder.is_dir():
        raise pytest.UsageError(f"INSIGHTS_SHARED names {named}, which is not a folder")
    return folder.resolve() if folder.is_dir() else None


@cache
def entries() -> dict[str, Any]:
    """Return the parsed ``acceptance.toml`` (empty without the shared data)."""
    folder = shared_folder()
    return tomllib.loads((folder / "acceptance.toml").read_text(encoding="utf-8")) if folder else {}


class AcceptanceCount:
    """The plugin. Under xdist the workers mark their reports and the controlling process adds them up."""

    def __init__(self) -> None:
        self.ran: set[str] = set()
        self.outcomes: dict[str, dict[str, bool]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Write the entries of each test where its reports carry them to the controlling process."""
        for item in items:
            item.user_properties.extend(("acceptance", name) for name in _entries_of(item))

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Refuse a test that names an entry which does not exist."""
        unknown = _entries_of(item) - entries().keys()
        if unknown and shared_folder():
            pytest.fail(f"no entry of acceptance.toml is called {', '.join(sorted(unknown))}", pytrace=False)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Turn a skip (or an expected failure) of an acceptance test into a failure where its data exists."""
        report = yield
        if report.skipped and shared_folder() and _entries_of(item):
            why = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
            report.outcome = "failed"
            report.longrepr = f"an acceptance test may not be skipped where the shared data exists: {why}"
            report.user_properties = [(name, value) for name, value in report.user_properties if name != "acceptance"]
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the entries of a test whose body ran, whatever came of it."""
        if report.when == "call" and not report.skipped:
            own = {str(value) for name, value in report.user_properties if name == "acceptance"}
            self.ran |= own
            for entry in own & ENTRIES.keys():
                self.outcomes.setdefault(entry, {})[report.nodeid] = report.passed

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the count above pytest's own closing line, and write down for the reports' annex what came out."""
        terminalreporter.write_line(summary(self.ran))
        if self.outcomes:
            write_outcomes(Path(__file__).resolve().parents[1] / "state" / FILE, self.outcomes)


def summary(ran: set[str]) -> str:
    """Say how many entries ran, and which."""
    if shared_folder() is None:
        return f"acceptance: no entry ran; {ABSENT}"
    known = sorted(ran & entries().keys())
    return f"acceptance: {len(known)} of {len(entries())} entries ran: {', '.join(known) or 'none'}"


def _entries_of(item: pytest.Item) -> set[str]:
    return {str(name) for mark in item.iter_markers("acceptance") for name in mark.args}
