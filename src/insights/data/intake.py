"""Intake: canonical tables from extracts, made once for the same inputs and kept under their hash."""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from insights.data.checking import CheckReport, check
from insights.data.judging import SPILL, judge, source_lines
from insights.data.keeping import id_map, pseudonymise, write_quarantine, write_table
from insights.data.pseudonyms import Key, write_map
from insights.data.settings import Settings
from insights.data.sources import fingerprint_sources
from insights.data.staging import Staged
from insights.data.store import atomic_folder, folder_lock
from insights.data.withheld import cutoffs, window_from
from insights.errors import IntakeError

__all__ = ["CheckReport", "Processed", "check", "prepare"]

TAKEN_IN = "INSIGHTS_TAKEN_IN"
"""Variable of the environment in which a run tells its own processes what it has taken in."""

VERSION = 3
"""Raised whenever intake would make other tables from the same extracts."""


@dataclass(frozen=True)
class Processed:
    """What intake made. ``tables`` says of each table its columns, whether event ids were made, and if it has versions.

    ``path`` holds ``tables/<name>.parquet``, ``quarantine/<name>.parquet`` and the encrypted id map; ``files`` are the
    hashes of the raw files, ``key_id`` names the key of the pseudonyms.
    """

    path: Path
    ledger: pd.DataFrame
    sources: pd.DataFrame
    window_from: date | None
    tables: dict[str, dict[str, Any]]
    files: dict[str, str]
    key_id: str


def prepare(settings: Settings, *, as_of: date) -> Processed:
    """Return the processed tables of the bank, made now or by an earlier run from the same inputs.

    Several processes may ask at once: one does the work, the others wait for it; those of a run read what it has taken
    in (see ``taken_in``). Raises what ``read_extract`` raises, KeyFileError without a key, and IntakeError if a mapped
    table cannot be built.
    """
    if (given := _given(settings, as_of)) is not None:
        return _read(given)
    key, files = Key.load(settings), fingerprint_sources(settings)
    target = settings.processed / _name(settings, files, key, as_of)
    with folder_lock(target):
        if not target.is_dir():
            with atomic_folder(target) as folder:
                _make(settings, as_of, key, files, folder)
                _check_unchanged(settings, files)
    return _read(target)


def taken_in(settings: Settings, as_of: date, made: Processed) -> dict[str, str]:
    """Return the environment of processes that shall read what this run has taken in.

    They need not look through the extracts again, and what arrives while a run is under way is in none of its reports.
    """
    return {TAKEN_IN: json.dumps([*_of_run(settings, as_of), made.path.name])}


def _given(settings: Settings, as_of: date) -> Path | None:
    """Return where the tables lie that the run of this process has taken in; None outside a run or of another bank."""
    *of_run, name = json.loads(os.environ.get(TAKEN_IN, '[""]'))
    path = settings.processed / name
    return path if of_run == _of_run(settings, as_of) and path.is_dir() else None


def _of_run(settings: Settings, as_of: date) -> list[str]:
    return [settings.fingerprint(), as_of.isoformat(), str(settings.raw), str(settings.processed)]


def _make(settings: Settings, as_of: date, key: Key, files: dict[str, str], folder: Path) -> None:
    """Do the whole intake and write it into ``folder``."""
    for part in ("tables", "quarantine"):
        (folder / part).mkdir(mode=0o700)
    tables: dict[str, dict[str, Any]] = {}

    def store(con: duckdb.DuckDBPyConnection, staged: Staged, problems: pd.DataFrame) -> None:
        name = staged.name
        pseudonymise(con, staged, key)
        columns = write_table(con, staged, folder / "tables" / f"{name}.parquet")
        unread = problems.rename(columns={"reason": "rule"})
        write_quarantine(con, staged, folder / "quarantine" / f"{name}.parquet", unread)
        tables[name] = {"columns": columns, "made_id": staged.made_id, "versions": staged.repeats}

    work = judge(settings, as_of, folder, store)
    for error in work.failures.values():
        raise error
    write_map(folder, key, id_map(work.con))
    opens = window_from(settings, as_of)
    manifest = {
        "version": VERSION,
        "window_from": opens.isoformat() if opens else None,
        "tables": tables,
        "files": files,
        "key_id": key.id,
    }
    work.ledger.frame().to_parquet(folder / "ledger.parquet", index=False)
    source_lines(work).to_parquet(folder / "sources.parquet", index=False)
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True))
    work.con.close()
    shutil.rmtree(folder / SPILL, ignore_errors=True)
    for path in folder.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)


def _check_unchanged(settings: Settings, files: dict[str, str]) -> None:
    now = fingerprint_sources(settings)
    changed = sorted(name for name in {*files, *now} if files.get(name) != now.get(name))
    if changed:
        raise IntakeError(
            f"the extracts changed while they were read: {', '.join(changed[:5])}",
            expected="files that stay as they are during a run",
            todo="run again when the delivery is complete",
        )


def _name(settings: Settings, files: dict[str, str], key: Key, as_of: date) -> str:
    limits = {table: day.isoformat() for table, day in cutoffs(settings, as_of).items()}
    inputs = [VERSION, settings.fingerprint(), files, key.id, limits]
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:24]


def _read(path: Path) -> Processed:
    manifest = json.loads((path / "manifest.json").read_text())
    opens = manifest["window_from"]
    return Processed(
        path=path,
        ledger=pd.read_parquet(path / "ledger.parquet"),
        sources=pd.read_parquet(path / "sources.parquet"),
        window_from=date.fromisoformat(opens) if opens else None,
        tables=manifest["tables"],
        files=manifest["files"],
        key_id=manifest["key_id"],
    )
