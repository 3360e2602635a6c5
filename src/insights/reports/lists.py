"""Restricted lists: which clients to call, which rows were set aside. Files for named recipients, never in a report.

Each recipient has a folder that nobody else can open, under the bank's folder of lists and outside of ``reports/``.
The lists hold pseudonyms; ``insights reveal`` turns one back for the person who has the key.
"""

import grp
import hashlib
import importlib
import importlib.util
import os
import pkgutil
import stat
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast

import pandas as pd

from insights.data.pseudonyms import reveal
from insights.data.settings import Settings
from insights.data.snapshot import Bank, open_bank
from insights.data.store import folder_lock, write_atomic
from insights.errors import DisclosureError, SettingsError, SourceError
from insights.models.exits.ahead import work_ahead
from insights.reports import exhibits
from insights.reports.audit import write_audit
from insights.reports.list_files import ListFiles, csv_bytes, defused, list_files
from insights.reports.parameters import RunParameters
from insights.reports.wording import Wording

ON_REQUEST = "client_file"
"""The list that no run makes: the file of one client, when it is asked for."""
CHANGED = "needs_changed"
"""The list that only ``insights watch`` makes: clients who speak of something that they did not speak of before."""

Lists = tuple[dict[str, pd.DataFrame], dict[str, ListFiles]]
"""Restricted lists by name, and the files to be written of them."""


def make_lists(bank: Bank, reports: Iterable[str]) -> dict[str, pd.DataFrame]:
    """Return the lists that the topics of these reports make (their module's function ``lists``), by name."""
    made: dict[str, pd.DataFrame] = {}
    for report in reports:
        name = f"insights.topics.{report}"
        if importlib.util.find_spec(name) is not None:
            make = getattr(importlib.import_module(name), "lists", None)
            made |= make(bank) if make else {}
    return made


def lists_and_files(parameters: RunParameters, reports: Sequence[str]) -> Lists:
    """Return the lists of a run and their files, made on a bank opened for them: notebooks run beside.

    What the lists rest on the notebooks need too, so it is worked out in an order that does not wait for them.
    """
    with open_bank(parameters.config, as_of=parameters.as_of, raw=parameters.raw) as bank:
        if "lifecycle" in reports:
            work_ahead(bank)
        made = make_lists(bank, reports)
        wanted = {name for may in bank.settings.lists.recipients.values() for name in may.lists}
        return made, {name: files_of(name, frame, bank) for name, frame in made.items() if name in wanted}


def write_lists(
    made: Mapping[str, pd.DataFrame],
    bank: Bank,
    attempt: str,
    files: Mapping[str, ListFiles] | None = None,
) -> list[str]:
    """Write to every recipient of ``bank.toml`` the lists he may read, and return a line about each for the terminal.

    ``attempt`` is the run that made them, for the audit log; ``files`` what ``files_of`` made of them before.
    """
    lines = []
    for recipient, may in sorted(bank.settings.lists.recipients.items()):
        for name in may.lists:
            if name in (ON_REQUEST, CHANGED):
                continue
            if name in made:
                own = (files or {}).get(name)
                path = write_list(name, made[name], bank, recipient=recipient, attempt=attempt, files=own)
                private = not path.parent.stat().st_mode & stat.S_IRGRP
                note = f" (this user only: files cannot be handed to group {may.group!r} here)" if private else ""
                lines.append(f"list {name} for {recipient}: {len(made[name]):,} rows{note}")
            else:
                lines.append(f"list {name} for {recipient}: not made, by no report of this run or for lack of data")
    return lines


def write_client_file(client_id: str, bank: Bank, recipient: str | None = None) -> Path:
    """Write the file of one client for a recipient (default: the first that may have client files); return its path.

    ParameterError for a pseudonym that the bank does not know, SettingsError where nobody may have such files.
    """
    from insights.topics.clients import client_file

    may = [name for name, own in sorted(bank.settings.lists.recipients.items()) if ON_REQUEST in own.lists]
    if not may:
        raise SettingsError(
            "nobody may have the file of a client",
            expected=f"a recipient under [lists.recipients] whose lists name {ON_REQUEST!r}",
            todo="name it there for those who look after clients",
        )
    frame = client_file(bank, client_id)
    return write_list(ON_REQUEST, frame, bank, recipient=recipient or may[0], attempt="on request", about=client_id)


def files_of(name: str, frame: pd.DataFrame, bank: Bank) -> ListFiles:
    """Return the files of a list as ``write_list`` writes them, and those of its managers where anybody has them."""
    parted = any(name in may.by_manager for may in bank.settings.lists.recipients.values())
    return list_files(frame, in_words(name, frame, bank), by_manager=parted)


def write_list(
    name: str,
    frame: pd.DataFrame,
    bank: Bank,
    *,
    recipient: str,
    attempt: str = "",
    files: ListFiles | None = None,
    about: str = "",
) -> Path:
    """Write a list for a recipient as CSV, XLSX and Parquet, and return the path of the CSV.

    CSV and XLSX are for people: headings and texts in the bank's language, and what a spreadsheet would take for a
    formula defused by an apostrophe. The Parquet file, for other systems, holds names of columns and codes as they are.
    Files are 0600 in a folder 0700, or 0640 in 0750 where the recipient's group exists and this user may hand files to
    it. Of the recipient's lists ``by_manager`` there is also a folder with a CSV and an XLSX for each relationship
    manager. ``about`` tells files of one list and day apart: the pseudonym of the client that one is about.
    SettingsError for a recipient or list that ``bank.toml`` does not name.
    """
    settings = bank.settings
    group = _group(name, recipient, settings)
    check_lists(settings)
    folder = settings.lists_dir / recipient
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.lists_dir.chmod(0o711)  # one's own folder can be reached, the others' not even listed
    handed = _hand_over(folder, group, 0o750)
    stem = "-".join(part for part in (name, about, bank.as_of.isoformat()) if part)
    files = files_of(name, frame, bank) if files is None else files
    with folder_lock(settings.lists_dir):  # another run may be writing the same list
        for suffix, content in files.whole.items():
            write_atomic(folder / (stem + suffix), content)
            if handed:
                _hand_over(folder / (stem + suffix), group, 0o640)
        if name in settings.lists.recipients[recipient].by_manager and files.by_manager is not None:
            _write_by_manager(folder / stem, files.by_manager, group if handed else None)
    action = {"list": stem, "recipient": recipient, "rows": len(frame), "attempt": attempt}
    digests = {suffix[1:]: hashlib.sha256(content).hexdigest() for suffix, content in files.whole.items()}
    write_audit(settings.state, "made", action | {"sha256": digests})
    if handed:
        write_audit(settings.state, "released", action | {"group": settings.lists.recipients[recipient].group})
    return folder / f"{stem}.csv"


def _write_by_manager(folder: Path, files: Mapping[str, bytes], group: int | None) -> None:
    """Write each manager's part of a list under his pseudonym; files of an earlier run go."""
    folder.mkdir(exist_ok=True, mode=0o700)
    _hand_over(folder, group, 0o750)
    for file, content in files.items():
        write_atomic(folder / file, content)
        _hand_over(folder / file, group, 0o640)
    for path in folder.iterdir():
        if path.name not in files:
            path.unlink()


def in_words(name: str, frame: pd.DataFrame, bank: Bank) -> pd.DataFrame:
    """Return a list as its reader sees it, in the bank's language; one that no report has words for stays as it is."""
    settings = bank.settings
    for package in pkgutil.iter_modules(exhibits.__path__):
        if package.ispkg:
            words = getattr(importlib.import_module(f"{exhibits.__name__}.{package.name}"), "LISTS", {})
            if name in words:
                labels, money = settings.labels, settings.bank.currency
                wording = Wording(settings.bank.language, labels, currency=money, mode=settings.disclosure.mode)
                return cast(pd.DataFrame, words[name](frame, bank, wording))
    return frame


def reveal_list(path: Path, settings: Settings) -> Path:
    """Write beside a list (CSV) the same list with the original ids, readable by this user only, and return its path.

    The original ids never go to the terminal. The audit log says who opened which list.
    """
    path = path.resolve()
    if not path.is_file() or path.suffix != ".csv":
        raise SourceError(f"{path.name} is not a list", expected="a CSV file that a run wrote under lists/")
    _outside(path, settings.reports_dir.parent)
    content = path.read_bytes()
    table = reveal(path, settings)
    write_audit(
        settings.state,
        "revealed",
        {"list": path.stem, "rows": len(table), "sha256": hashlib.sha256(content).hexdigest()},
    )
    opened = path.with_name(f"{path.stem}.revealed.csv")
    write_atomic(opened, csv_bytes(defused(table)))
    return opened


def check_lists(settings: Settings, reports: Path | None = None) -> None:
    """Raise DisclosureError if the folder of lists lies among the reports (``reports``: where this run writes them)."""
    for folder in (settings.reports_dir.parent, reports):
        if folder is not None:
            _outside(settings.lists_dir, folder)


def _outside(path: Path, reports: Path) -> None:
    if path.resolve().is_relative_to(reports.resolve()):
        raise DisclosureError(
            "a restricted list would lie inside the folder of reports",
            expected="[paths] lists outside of [paths] reports",
            todo="change one of the two in bank.toml",
        )


def _group(name: str, recipient: str, settings: Settings) -> int | None:
    """Return the id of the recipient's group, None if this system has none of that name."""
    known = settings.lists.recipients
    if recipient not in known or name not in known[recipient].lists:
        raise SettingsError(
            f"list {name!r} has no recipient {recipient!r}",
            expected="the recipient and his lists under [lists.recipients]",
            todo="name them there, or do not make the list",
        )
    try:
        return grp.getgrnam(known[recipient].group).gr_gid
    except KeyError:
        return None


def _hand_over(path: Path, group: int | None, mode: int) -> bool:
    """Give a file or folder to the group; leave it private and return False where that is not possible."""
    if group is not None:
        with suppress(PermissionError):
            os.chown(path, -1, group)
            path.chmod(mode)
            return True
    path.chmod(0o700 if path.is_dir() else 0o600)
    return False
