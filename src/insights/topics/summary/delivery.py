"""What changed in the delivery since the last comparable pack: a change of the numbers may come from there."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.topics.evidence import Answer, NotAvailable
from insights.topics.summary.delivered import DELIVERY, delivery_evidence, differences
from insights.topics.summary.pack import Pack

ID = DELIVERY


def delivery(pack: Pack, bank: Bank) -> Answer | NotAvailable:
    """Return what is gone, fewer, restated or shifted in the tables against what the last run remembers.

    NotAvailable where there is no earlier run, or its memory is missing.
    """
    found = differences(pack, bank)
    if found is None or pack.before is None:
        return NotAvailable(ID, ("what the run of an earlier pack remembers",))
    return Answer(
        id=ID,
        kind=ID,
        evidence=delivery_evidence(found),
        estimate=_parts,
        facts={"before": pack.before.findings.as_of, "tables": len(bank.tables_present)},
    )


def _parts(evidence: dict[str, Any]) -> dict[str, pd.DataFrame]:
    return {"schema": evidence["schema"].table, "rows": evidence["rows"].cells, "marks": evidence["marks"].rows}
