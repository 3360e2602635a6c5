"""What ``insights check`` says about a delivery: per table what is wrong, and how much of it, and no client's value."""

import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from insights.data.extract_read import READING_RULES
from insights.data.judging import Intake, judge, source_lines
from insights.data.ledger import IN, KEPT, LEAVING, NOTED, REPAIRED
from insights.data.pseudonyms import Key
from insights.data.settings import Settings
from insights.data.tables import RULES
from insights.errors import KeyFileError

ROW_RULES: dict[str, str] = {
    "no_consent": "the client did not consent",
    "client_withheld": "the client's own record is withheld",
    "retention_over": "kept for longer than the source allows",
    "unreadable_date": "not a date in any of the formats of the mapping",
    "unreadable_amount": "not an amount",
    "unreadable_number": "not a number",
    "unreadable_flag": "neither true nor false",
    "dated_after_known": "dated after the day on which it was known",
    "exit_before_joining": "the client left before he joined",
    "ends_before_it_begins": "it ends before it begins",
    "no_exchange_rate": "no rate converts the currency at that time",
    "rounded_to_cents": "the amount had fractions of a cent",
    "direct_identifier": "a telephone number, e-mail address, account or identity card number in a text",
    "exact_duplicate": "the same row again",
    "near_duplicate": "the same row with values missing",
    "withdrawn_same_day": "withdrawn on the day it was known",
    "contradicting_rows": "rows of the same key contradict each other",
    "unknown_client": "the client is not among the clients kept",
    "known_late": "known much later than it happened",
    "value_missing": "a value is missing that is expected to be there",
    "other_encoding": "a line in another encoding than the rest of the file",
    "does_not_follow": "opening balance, bookings and market change do not add up to the balance",
}
"""Rules of intake that are not in the schemas or the readers, in words."""


def rule_in_words(rule: str) -> tuple[str, str]:
    """Return (what the rule of a ledger line says, the column it is about or "")."""
    name, _, column = rule.partition(":")
    return {**READING_RULES, **RULES, **ROW_RULES}.get(name, name), column


@dataclass(frozen=True)
class CheckReport:
    """The outcome of a check. ``ok`` is False if a mapped table cannot be built (``problems`` says why, by table)."""

    problems: dict[str, str]
    warnings: tuple[str, ...]
    ledger: pd.DataFrame
    sources: pd.DataFrame

    @property
    def ok(self) -> bool:
        """Whether a run would get past intake."""
        return not self.problems

    def lines(self) -> list[str]:
        """Return the report as lines of text: counts only."""
        told: list[str] = []
        for table, lines in self.ledger.groupby("table", sort=False):
            count = lines.groupby("action")["rows"].sum()
            told.append(f"{table} ({lines['extract'].iloc[0]}): {count[IN]:,} rows in, {count[KEPT]:,} kept")
            for line in lines[lines["action"].isin((*LEAVING, REPAIRED, NOTED))].itertuples():
                words, column = rule_in_words(str(line.rule))
                told.append(f"  {line.action} {line.rows:,}: {words}" + (f" ({column})" if column else ""))
        told += [f"warning: {warning}" for warning in self.warnings]
        for table, problem in self.problems.items():
            told.append(f"{table} cannot be built: {problem}")
        return told

    def __str__(self) -> str:
        return "\n".join(self.lines())


def check(settings: Settings, as_of: date) -> CheckReport:
    """Read and judge every mapped table, keeping nothing of it, and report what was found.

    Errors that stop a run (a missing file, a missing column, no key) are collected, one per table, not raised.
    """
    settings.processed.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".checking-", dir=settings.processed) as folder:
        work = judge(settings, as_of, Path(folder))
        problems = {table: str(error) for table, error in work.failures.items()}
        try:
            Key.load(settings)
        except KeyFileError as error:
            problems["pseudonyms"] = str(error)
        warnings = tuple(_warnings(work))
        sources = source_lines(work) if work.staged else pd.DataFrame()
        work.con.close()
    return CheckReport(problems, warnings, work.ledger.frame(), sources)


def _warnings(work: Intake) -> list[str]:
    found = []
    for name, staged in work.staged.items():
        rows = [e for e in work.ledger.entries if e.table == name]
        came, kept = (sum(e.rows for e in rows if e.action == action) for action in (IN, KEPT))
        if came == 0:
            found.append(f"{name}: the extract has no rows")
        elif kept == 0:
            found.append(f"{name}: none of the {came:,} rows could be used")
        if not staged.source.legal_basis or not staged.source.purpose:
            found.append(f"{name}: no legal basis or no purpose is stated in [tables.{name}]")
    return found + _window_warnings(work)


def _window_warnings(work: Intake) -> list[str]:
    opens, clients = work.settings.window.complete_from, work.staged.get("clients")
    if opens is None:
        return [
            "no [window] complete_from: from when leavers are completely recorded is not known, no survival exhibits"
        ]
    if clients is None or not clients.has("left_on"):
        return []
    before = work.con.execute(f"SELECT count(*) FROM {clients.kept} WHERE left_on < ?", [opens]).fetchall()[0][0]
    if before:
        return []
    return [
        f"no recorded exit lies before complete_from ({opens.isoformat()}): earlier leavers may have been removed, and "
        "later than that day too; check from when leavers are completely recorded"
    ]
