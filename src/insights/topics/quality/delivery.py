"""Data quality: what came, what was repaired, what was set aside, and whether the books agree.

Counts of rows come from the ledger of intake, so they add up: rows in = kept + merged + quarantined + withheld.
"""

from typing import cast

import ibis
import pandas as pd

from insights.data.controls import adjustments, reconcile
from insights.data.snapshot import Bank
from insights.data.tables import TABLES
from insights.models.cache import once
from insights.topics.evidence import Answer, Facts, NotAvailable, RowCounts

GAP_DECIMALS = 4

ENDINGS = ("kept", "merged", "quarantined", "withheld")
"""What becomes of a row that came in; every row ends in exactly one of these."""

ABOUT_NOBODY = frozenset(
    spec.name for spec in TABLES.values() if all(c.domain in (None, "event") for c in spec.columns)
)
"""Tables whose rows are about no person (products, market, ledger totals)."""


def intake(bank: Bank) -> Answer:
    """Count the rows of every table that came in and what became of them."""
    ledger = bank.ledger[bank.ledger["action"].isin(ENDINGS)]
    cells = ledger.groupby(["table", "action"])["rows"].sum().reset_index()
    return _rows_answer("quality.intake", cells, ("table", "action"), ("rows",))


def repairs(bank: Bank) -> Answer:
    """Count by rule the rows that were repaired, merged, set aside, withheld or only noted, with the money affected."""
    ledger = bank.ledger[bank.ledger["action"].isin(["repaired", "noted", *ENDINGS[1:]])]
    keys = ["table", "action", "rule"]
    cells = ledger.groupby(keys, as_index=False).agg(rows=("rows", "sum"), amount=("amount", _sum))
    return _rows_answer("quality.repairs", cells, tuple(keys), ("rows",))


def coverage(bank: Bank) -> Answer:
    """Count the rows of every dated table by month, so that a month that did not arrive shows as a hole."""
    return _rows_answer("quality.coverage", _delivered(bank, "month"), ("table", "month"), ("rows",))


def completeness(bank: Bank) -> Answer:
    """Count the missing values of every column that the bank delivers, except where an empty cell says something."""
    parts = [_missing(bank, name) for name in bank.tables_present]
    cells = pd.concat(parts, ignore_index=True)
    return _rows_answer("quality.completeness", cells, ("table", "column", "what"), ("rows",))


def timeliness(bank: Bank) -> Answer:
    """Count the rows of every dated table that became known within a week, a month, a quarter, or later."""
    return _rows_answer("quality.timeliness", _delivered(bank, "delay"), ("table", "delay"), ("rows",))


def reconciliation(bank: Bank) -> Answer | NotAvailable:
    """Hold the books of the reports against the bank's general ledger, month by month and measure by measure.

    Only shares of the bank's own total leave this function: the difference of two totals to the cent could be one
    client's booking.
    """
    if missing := bank.needs("control_totals.amount", "control_totals.month", "control_totals.measure"):
        return NotAvailable("quality.reconciliation", missing)
    gaps = reconcile(bank)
    gaps["gap"] = (gaps["difference"] / gaps["general_ledger"]).round(GAP_DECIMALS)
    gaps["agrees"] = gaps["difference"] == 0
    by_hand = adjustments(bank).merge(gaps[["month", "measure", "general_ledger"]], on=["month", "measure"], how="left")
    by_hand["share"] = (by_hand["amount"] / by_hand["general_ledger"]).round(GAP_DECIMALS)
    return Answer(
        id="quality.reconciliation",
        kind="quality.reconciliation",
        evidence={
            "gaps": Facts(gaps[["month", "measure", "gap", "agrees"]]),
            "adjustments": Facts(by_hand[["month", "measure", "share", "made_by", "reason", "approved_by"]]),
        },
        estimate=lambda evidence: {name: cast(Facts, part).table for name, part in evidence.items()},
        facts={},
    )


def legal_basis(bank: Bank) -> Answer:
    """State for every source the legal basis, the purpose, the consent column and the retention."""
    columns = ["table", "legal_basis", "purpose", "consent_column", "retention_months"]
    return _facts_answer(
        "quality.legal_basis", bank.sources[columns].drop_duplicates().sort_values("table", ignore_index=True)
    )


def access(bank: Bank) -> Answer:
    """State who may read which restricted list."""
    rows = [
        {"recipient": name, "group": recipient.group, "list": title}
        for name, recipient in sorted(bank.settings.lists.recipients.items())
        for title in recipient.lists
    ]
    return _facts_answer("quality.access", pd.DataFrame(rows, columns=["recipient", "group", "list"]))


def files(bank: Bank) -> Answer:
    """State the raw files that the run read, each with its hash, so that a run can be traced to its input."""
    files = sorted(bank.processed.files.items())
    return _facts_answer("quality.files", pd.DataFrame(files, columns=["file", "sha256"]))


def lists(bank: Bank) -> dict[str, pd.DataFrame]:
    """Return the restricted list of this report: the rows set aside, with the rule that each one broke."""
    parts = [
        pd.read_parquet(path).assign(table=path.stem)
        for path in sorted((bank.processed.path / "quarantine").glob("*.parquet"))
    ]
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if rows.empty:
        return {}
    told = ["table", "extract", "file", "row", "rule", "content"]
    content = rows.drop(columns=told, errors="ignore").apply(_told, axis=1)
    return {"quarantine": rows[[c for c in told if c in rows.columns]].assign(values=content)}


def _rows_answer(name: str, cells: pd.DataFrame, dims: tuple[str, ...], measures: tuple[str, ...]) -> Answer:
    return Answer(
        id=name,
        kind=name,
        evidence={"rows": RowCounts(cells.sort_values(list(dims), ignore_index=True), dims, measures, ABOUT_NOBODY)},
        estimate=lambda evidence: cast(RowCounts, evidence["rows"]).cells,
        facts={},
    )


def _facts_answer(name: str, table: pd.DataFrame) -> Answer:
    return Answer(
        id=name,
        kind=name,
        evidence={"facts": Facts(table)},
        estimate=lambda evidence: cast(Facts, evidence["facts"]).table,
        facts={},
    )


def _dated(bank: Bank) -> list[tuple[str, str]]:
    """Return (table, its date column) of the tables that the bank delivers with a date."""
    dated = [(name, TABLES[name].date) for name in bank.tables_present]
    return [(name, day) for name, day in dated if day and day in bank.table(name).columns]


def _delivered(bank: Bank, by: str) -> pd.DataFrame:
    """Return the rows of every dated table by their ``month``, or by the ``delay`` after which they became known."""
    parts = once(bank, "quality_delivered", lambda: [_counted(bank, name, day) for name, day in _dated(bank)])
    empty = pd.DataFrame(columns=["table", "month", "delay", "rows"])
    cells = pd.concat(parts, ignore_index=True) if parts else empty
    return cells.groupby(["table", by], dropna=False)["rows"].sum().reset_index()


def _missing(bank: Bank, name: str) -> pd.DataFrame:
    table = bank.table(name)
    spec = TABLES[name]
    ours = [c for c in table.columns if spec.column(c) and not spec.may_be_blank(c)]
    counted = table.agg(**{c: table[c].isnull().sum() for c in ours}, rows_=table.count()).execute().iloc[0]
    total = int(counted["rows_"])
    missing = {c: 0 if pd.isna(counted[c]) else int(counted[c]) for c in ours}
    rows = [(name, c, what, n) for c, m in missing.items() for what, n in (("missing", m), ("recorded", total - m))]
    return pd.DataFrame(rows, columns=["table", "column", "what", "rows"])


def _counted(bank: Bank, name: str, day: str) -> pd.DataFrame:
    """Return the rows of a table by month and delay, in one question to the engine."""
    table = bank.table(name)
    own, known = table[day].cast("date"), table.known_on
    date = own + ibis.interval(months=1) - ibis.interval(days=1) if TABLES[name].month else own  # its last day
    if "left_on" in table.columns:  # The row is as old as the relationship; what it tells now is the exit.
        told = table.left_known_on if "left_known_on" in table.columns else known
        date, known = ibis.coalesce(table.left_on, date), table.left_on.notnull().ifelse(told, known)
    days = known.delta(date.cast("date"), unit="day")
    delay = ibis.cases((days <= 7, "a week"), (days <= 31, "a month"), (days <= 92, "a quarter"), else_="later")
    counted = table.group_by(month=own.truncate("M"), delay=delay).agg(rows=lambda t: t.count()).execute()
    counted["month"] = pd.to_datetime(counted["month"]).dt.strftime("%Y-%m")
    return counted.assign(table=name)[["table", "month", "delay", "rows"]]


def _told(row: pd.Series) -> str:
    """Return the filled cells of a row as one text: the rows of different tables have different columns."""
    return "; ".join(f"{name}={value}" for name, value in row.items() if not pd.isna(value))


def _sum(amounts: pd.Series) -> float | None:
    return float(amounts.sum()) if amounts.notna().any() else None
