"""What changed in the delivery since the last comparable pack: a change of the numbers may come from there."""

from datetime import date
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.memory.compared import FEWER, GONE, MORE, NEW, RESTATED, SHIFTED, compared
from insights.topics.evidence import Answer, Estimates, Evidence, Facts, NotAvailable, RowCounts
from insights.topics.summary.changes import memory_of
from insights.topics.summary.pack import NAN, Pack

ID = "summary.delivery"
OPEN = frozenset({"products", "market", "control_totals", "bank_positions", "source_costs", "mentions"})
"""Tables whose rows are about no person."""


def delivery(pack: Pack, bank: Bank) -> Answer | NotAvailable:
    """Return what is gone, fewer, restated or shifted in the tables against what the last run remembers.

    NotAvailable where there is no earlier run, or its memory is missing.
    """
    memory = memory_of(pack, bank)
    if memory is None or pack.before is None:
        return NotAvailable(ID, ("what the run of an earlier pack remembers",))
    found = compared(bank, memory.delivered, date.fromisoformat(memory.as_of))
    return Answer(
        id=ID,
        kind=ID,
        evidence=evidence_of(found),
        estimate=_parts,
        facts={"before": memory.as_of, "tables": len(bank.tables_present)},
    )


def evidence_of(found: pd.DataFrame) -> dict[str, Evidence]:
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


def _parts(evidence: dict[str, Any]) -> dict[str, pd.DataFrame]:
    return {"schema": evidence["schema"].table, "rows": evidence["rows"].cells, "marks": evidence["marks"].rows}
