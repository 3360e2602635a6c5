"""A few-line bank in a folder, for tests that look at single rows."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from insights.data.settings import Settings, load_settings
from insights.data.tables import TABLES

HEAD = """[bank]
id = "{id}"
name = "Small Bank"
currency = "CHF"
language = "en"
time_zone = "Europe/Zurich"

[paths]
raw = "raw"

[window]
complete_from = 2020-01-01
reporting_delay_days = {delay}
clock = "{clock}"

{more}
"""

CLIENTS = "client_id,joined_on,left_on,leave_reason,region,birth_year\n"


def write_bank(
    folder: Path,
    files: Mapping[str, str],
    *,
    id: str = "demo",
    delay: int = 5,
    clock: str = "months",
    more: str = "",
    options: Mapping[str, str] | None = None,
) -> Path:
    """Write ``<table>.csv`` for each table and a bank.toml that maps every column by its own name; return its path.

    ``options`` adds lines of TOML to the section of a table.
    """
    raw = folder / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    sections = []
    for table, text in files.items():
        (raw / f"{table}.csv").write_text(text, encoding="utf-8")
        header = text.splitlines()[0].split(",")
        known = [c for c in header if TABLES[table].column(c) is not None]
        columns = ", ".join(f'{c} = "{c}"' for c in known)
        extra = (options or {}).get(table, "")
        sections.append(
            f'[tables.{table}]\npath = "{table}.csv"\nlegal_basis = "contract"\npurpose = "service"\n'
            f"columns = {{{columns}}}\n{extra}\n"
        )
    config = folder / "bank.toml"
    head = HEAD.format(id=id, delay=delay, clock=clock, more=more)
    config.write_text(head + "\n".join(sections), encoding="utf-8")
    return config


def settings_of(folder: Path, files: Mapping[str, str], **more: object) -> Settings:
    """Write the bank and read its settings."""
    return load_settings(write_bank(folder, files, **more))  # type: ignore[arg-type]


def ledger_of(ledger: pd.DataFrame, table: str) -> dict[tuple[str, str], int]:
    """Return {(action, rule): rows} of one table."""
    lines = ledger[ledger["table"] == table]
    return {(line.action, line.rule): line.rows for line in lines.itertuples()}
