"""The stamp: from what, by what and under which rules a pack was made.

Nothing in it depends on the clock. It holds no hash of a raw file, and nothing that a row dated
after the as-of date could change.
"""

import csv
import importlib.metadata
import platform
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import insights
from insights.data.controls import adjustments, reconcile
from insights.data.snapshot import Bank
from insights.errors import SettingsError
from insights.reports.exhibits.base import Message
from insights.reports.parameters import RunParameters
from insights.reports.wording.labels import column_label

LIBRARIES = ("duckdb", "ibis-framework", "pandas", "numpy", "scipy", "matplotlib", "nbconvert")
APPROVALS, APPROVAL_FIELDS = "approvals.csv", ("as_of", "canonical_hash", "approved_by")
CENT = 0.005
DRAFT = "draft"


@dataclass(frozen=True)
class Stamp:
    """What a pack was made from.

    ``agree`` of ``totals`` control totals agree to the cent; ``status`` is "draft" or the name of who approved.
    """

    as_of: str
    data: str
    settings: str
    code: str
    packages: str
    by: str | None
    split: str | None
    mode: str
    agree: int
    totals: int
    adjustments: int
    status: str

    def data_form(self) -> dict[str, Any]:
        """Return the stamp as JSON has it."""
        return asdict(self)

    def rows(self) -> tuple[tuple[Message, Message | str], ...]:
        """Return the stamp as a reader sees it: (label, value)."""
        values = {"agree": self.agree, "totals": self.totals}
        agreement = Message("{agree:count} of {totals:count} totals agree to the cent", values)
        by = [
            (label, column_label("clients", column))
            for label, column in ((Message("Grouped by"), self.by), (Message("One pack for each"), self.split))
            if column
        ]
        public = Message("public data: exact figures, no disclosure control")
        return (
            (Message("As-of date"), Message("{day:date}", {"day": self.as_of})),
            (Message("Fingerprint of the data known by then"), self.data),
            (Message("Fingerprint of the settings"), self.settings),
            (Message("Code"), self.code),
            (Message("Packages"), self.packages),
            *by,
            (Message("Seed"), Message("fixed in the code, one for each purpose")),
            (Message("Disclosure"), Message("under disclosure control") if self.mode == "bank" else public),
            (Message("General ledger"), agreement if self.totals else Message("no control totals were delivered")),
            (Message("Adjustments made by hand"), Message("{n:count}", {"n": self.adjustments})),
            (
                Message("Status"),
                Message("Draft") if self.status == DRAFT else Message("Approved by {name}", {"name": self.status}),
            ),
        )


def make_stamp(bank: Bank, parameters: RunParameters) -> Stamp:
    """Return the stamp of a run on the whole bank."""
    totals = reconcile(bank).dropna(subset=["difference"])
    data = bank.canonical_hash()
    return Stamp(
        as_of=bank.as_of.isoformat(),
        data=data,
        settings=bank.settings.fingerprint(),
        code=code_version(),
        packages=", ".join([f"Python {platform.python_version()}", *(_version_of(name) for name in LIBRARIES)]),
        by=parameters.by,
        split=parameters.split,
        mode=bank.settings.disclosure.mode,
        agree=int((totals["difference"].abs() < CENT).sum()),
        totals=len(totals),
        adjustments=len(adjustments(bank)),
        status=approval(bank.settings.path.parent, bank.as_of.isoformat(), data) or DRAFT,
    )


def code_version() -> str:
    """Return the version of this package, with the commit it stands at where it runs from a git checkout."""
    version = importlib.metadata.version("insights")
    source = Path(insights.__file__).parents[2]
    git = shutil.which("git")
    if git is None or not (source / ".git").exists():
        return version
    commit = _git(git, source, "rev-parse", "--short=12", "HEAD")
    if not commit:
        return version
    changed = _git(git, source, "status", "--porcelain", "--", "src", "notebooks")
    return f"{version} ({commit}{' and changes' if changed else ''})"


def approval(folder: Path, as_of: str, data: str) -> str | None:
    """Return who approved the pack of this date and of exactly these data, by ``approvals.csv`` in ``folder``.

    None without the file or a line that agrees; the last such line counts. SettingsError for a file that cannot be
    understood: an approval must not be lost in silence.
    """
    path = folder / APPROVALS
    if not path.is_file():
        return None
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
            absent = [name for name in APPROVAL_FIELDS if name not in (reader.fieldnames or ())]
    except (UnicodeDecodeError, csv.Error):
        rows, absent = [], list(APPROVAL_FIELDS)
    if absent:
        raise SettingsError(
            f"{APPROVALS} has no column {absent[0]!r}",
            expected=f"a CSV file in UTF-8 with the columns {', '.join(APPROVAL_FIELDS)}",
            todo="correct the file, or remove it: without it every pack is a draft",
        )
    names = [
        (row["approved_by"] or "").strip()
        for row in rows
        if ((row["as_of"] or "").strip(), (row["canonical_hash"] or "").strip()) == (as_of, data)
    ]
    return names[-1] or None if names else None


def _version_of(name: str) -> str:
    return f"{name} {importlib.metadata.version(name)}"


def _git(git: str, source: Path, *arguments: str) -> str:
    done = subprocess.run([git, "-C", str(source), *arguments], capture_output=True, text=True, timeout=20, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
