"""What was delivered otherwise than to the last comparable run, and which measures rest on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import cast

import pandas as pd

from insights.data.reads import tables_read
from insights.data.snapshot import Bank
from insights.data.tables import TABLES
from insights.models.cache import once
from insights.models.memory import store
from insights.models.memory.compared import FEWER, GONE, MORE, NEW, RESTATED, SHIFTED, compared
from insights.models.memory.measures import COMPLAINTS, CONTACTS, JOINED, LEFT, LOYALTY, NET, SATISFACTION
from insights.models.memory.store import Memory, Remembered
from insights.topics.evidence import Estimates, Evidence, Facts, RowCounts
from insights.topics.summary.pack import NAN, OWN, REPORTS, Findings, Pack

DELIVERY = "summary.delivery"
OPEN = frozenset({"products", "market", "control_totals", "bank_positions", "source_costs", "mentions"})
"""Tables whose rows are about no person."""
RESTS_ON: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    LEFT: {"clients": (), "relationships": ()},
    JOINED: {"clients": (), "relationships": ()},
    NET: {"transactions": ("amount",), "balances": ("amount",)},
    LOYALTY: {"surveys": ()},
    SATISFACTION: {"contacts": ("satisfaction",)},
    COMPLAINTS: {"complaints": ()},
    CONTACTS: {"contacts": ()},
}
"""Tables that a measure counts rows of, with the columns whose values it adds up; stated loyalty adds up its items."""


@dataclass(frozen=True)
class Otherwise:
    """What was delivered otherwise: ``tables``, and the ``measures`` and ``reports`` that rest on them."""

    tables: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()

    def with_more(self, other: "Otherwise") -> "Otherwise":
        """Return both together."""
        return Otherwise(
            tuple(t for t in TABLES if t in {*self.tables, *other.tables}),
            tuple(m for m in RESTS_ON if m in {*self.measures, *other.measures}),
            tuple(r for r in (*REPORTS, OWN) if r in {*self.reports, *other.reports}),
        )


def memory_of(pack: Pack, bank: Bank) -> Memory | None:
    """Return what the last comparable run remembers; None where there is none, or it is of another pack."""
    if pack.before is None or pack.before.memory is None:
        return None
    return store.memory_of(bank, Remembered(pack.before.findings.as_of, pack.before.memory, pack.before.data))


def differences(pack: Pack, bank: Bank) -> pd.DataFrame | None:
    """Return what is gone, fewer, restated or shifted against the last run (see ``compared``), worked out once.

    None where there is no earlier run, or its memory is missing.
    """
    memory = memory_of(pack, bank)
    if memory is None:
        return None
    key = ("delivered otherwise", pack.before.memory if pack.before else None, memory.data)
    return once(bank, key, lambda: compared(bank, memory.delivered, date.fromisoformat(memory.as_of)))


def delivery_evidence(found: pd.DataFrame) -> dict[str, Evidence]:
    """Return the differences in forms that can be protected."""
    schema = found[found["what"].isin((GONE, NEW))][["what", "table", "column"]].reset_index(drop=True)
    counted = found[found["what"].isin((FEWER, MORE))]
    rows = counted.rename(columns={"before": "rows_before", "now": "rows_now"})[
        ["table", "what", "rows_before", "rows_now"]
    ]
    moved = found[found["what"].isin((RESTATED, SHIFTED))].reset_index(drop=True)
    values = [
        {"what": r["what"], "table": r["table"], "column": r["column"], "when": when, "value": r[when]}
        | {"low": r["low"] if when == "now" else NAN, "high": r["high"] if when == "now" else NAN, "unit": ""}
        | {"n": r["n"], "n_events": NAN}
        for r in moved.to_dict("records")
        for when in ("before", "now")
        if not pd.isna(r[when])
    ]
    columns = ["what", "table", "column", "when", "value", "low", "high", "unit", "n", "n_events"]
    return {
        "schema": Facts(schema),
        "rows": RowCounts(rows.reset_index(drop=True), ("table", "what"), ("rows_before", "rows_now"), OPEN),
        "marks": Estimates(pd.DataFrame(values, columns=columns), ("what", "table", "column", "when")),
    }


def touched(evidence: Mapping[str, Evidence], items: tuple[str, ...]) -> Otherwise:
    """Return what was delivered otherwise, by (protected) differences: nothing where no delivery is compared.

    ``items`` are the items of the survey that stated loyalty adds up. A measure rests on the rows of its tables and on
    the values that it adds up, a report on all columns of the tables that it reads.
    """
    if "rows" not in evidence:
        return Otherwise()
    cells = cast(RowCounts, evidence["rows"]).cells
    counted = set(cells.loc[cells[["rows_before", "rows_now"]].notna().all(axis=1), "table"]) if len(cells) else set()
    schema = cast(Facts, evidence["schema"]).table
    gone = {(str(r["table"]), str(r["column"])) for r in schema[schema["what"] == GONE].to_dict("records")}
    marks = cast(Estimates, evidence["marks"]).rows
    parts = {(str(r["table"]), str(r["column"])) for r in marks[marks["value"].notna()].to_dict("records")} | gone
    return _resting(counted, parts, items)


def published_otherwise(
    day: str, before: str, packs: Mapping[str, Findings], items: tuple[str, ...]
) -> tuple[Otherwise, str]:
    """Return what the packs from one day back to another published of their deliveries, put together.

    Each pack was held against the one before it when it was made: going back from one to the next covers all that was
    delivered otherwise on the way. Second, the day of the pack that nothing leads back from ("" if none is missing).
    """
    counted: set[str] = set()
    parts: set[tuple[str, str]] = set()
    while day > before:
        found = packs.get(day)
        title = {} if found is None else found.by_id.get(DELIVERY, {}).get("title", {})
        earlier = str(title.get("values", {}).get("before") or "")
        if found is None or not earlier or earlier >= day:
            return _resting(counted, parts, items), day
        told = [r for r in found.rows(DELIVERY) if r.told]
        counted |= {r.group["table"] for r in told if r.name in (FEWER, MORE)}
        parts |= {(r.group["table"], r.group.get("column", "")) for r in told if r.name in (GONE, RESTATED, SHIFTED)}
        day = earlier
    return _resting(counted, parts, items), ""


def _resting(counted: set[str], parts: set[tuple[str, str]], items: tuple[str, ...]) -> Otherwise:
    tables = counted | {table for table, _ in parts}
    measures = []
    for measure, own in RESTS_ON.items():
        values = {t: (*columns, *(items if measure == LOYALTY else ())) for t, columns in own.items()}
        if any(t in counted or any((t, c) in parts for c in columns) for t, columns in values.items()):
            measures.append(measure)
    reports = [report for report in (*REPORTS, OWN) if tables & set(tables_read(report))]
    return Otherwise(tuple(t for t in TABLES if t in tables), tuple(measures), tuple(reports))
