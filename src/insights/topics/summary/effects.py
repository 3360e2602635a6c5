"""What the management of the relationship did: effects of interventions on what it is meant to move.

Never raw trends: each number is the effect of a programme, drawn by lot or compared with clients it had not reached, as
the report that estimated it tells it. One declared table says which finding tells which outcome.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.stats.changes import changed
from insights.stats.paired import Family
from insights.stats.results import Estimate
from insights.topics.evidence import Answer, Evidence, NotAvailable, Published
from insights.topics.summary.pack import NAN, Findings, Pack, Row

ID = "summary.effects"
ALPHA = 0.05
SATISFACTION, ATTRITION, LOYALTY, BRAND, ACTIVITY, INCOME, MONEY = (
    "satisfaction",
    "attrition",
    "loyalty",
    "brand",
    "activity",
    "income",
    "new_money",
)
COLUMNS = ["outcome", "programme", "finding", "unit", "value", "low", "high", "n", "status"]
OUTCOMES = (SATISFACTION, ATTRITION, LOYALTY, BRAND, ACTIVITY, INCOME, MONEY)
"""What lifecycle management is to move; an outcome that no finding tells is named as such."""


@dataclass(frozen=True)
class Source:
    """Estimates ``name`` of a finding that tell an outcome; ``programme`` is the key of the group that names it."""

    outcome: str
    finding: str
    name: str
    programme: str
    where: tuple[tuple[str, str], ...]


SOURCES = (
    Source(SATISFACTION, "channels.changes", "change_effect", "programme", (("outcome", "mark"),)),
    Source(ATTRITION, "channels.changes", "change_effect", "programme", (("outcome", "left"),)),
    Source(MONEY, "channels.changes", "change_effect", "programme", (("outcome", "money"),)),
    Source(INCOME, "channels.changes", "change_effect", "programme", (("outcome", "income"),)),
    Source(ACTIVITY, "channels.changes", "change_effect", "programme", (("outcome", "activity"),)),
    Source(LOYALTY, "loyalty.loop", "change_difference", "change", (("outcome", "loyalty"),)),
    Source(BRAND, "loyalty.loop", "change_difference", "change", (("outcome", "brand"),)),
)


def effects(pack: Pack, bank: Bank) -> Answer | NotAvailable:
    """Return the effects that the findings of the pack tell, p-values adjusted together (Holm)."""
    behind = {change.name: change.programme for change in bank.settings.loyalty.changes}
    rows = [row | {"programme": behind.get(str(row["programme"]), row["programme"])} for row in _rows(pack.now)]
    if not rows:
        return NotAvailable(ID, ("programmes.started_on",))
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return Answer(
        id=ID,
        kind=ID,
        evidence={"effects": Published(frame, ("outcome", "programme"))},
        estimate=_judged,
        facts={"untold": [o for o in OUTCOMES if o not in set(frame["outcome"])]},
    )


def _rows(found: Findings) -> Iterator[dict[str, object]]:
    for source in SOURCES:
        for row in found.rows(source.finding, source.name):
            group = dict(row.group)
            named = group.pop(source.programme, None)
            if named is not None and tuple(sorted(group.items())) == source.where and row.interval:
                yield _line(source, named, row)


def _line(source: Source, programme: str, row: Row) -> dict[str, object]:
    head = {"outcome": source.outcome, "programme": programme, "finding": source.finding, "unit": row.unit}
    return head | {"value": row.value, "low": row.low, "high": row.high, "n": row.n, "status": row.status}


def _judged(evidence: Mapping[str, Evidence]) -> pd.DataFrame:
    rows = cast(Published, evidence["effects"]).rows
    told = [Estimate(r["value"], r["low"], r["high"], "", 0) for r in rows.to_dict("records")]
    p = np.array([NAN if (found := changed(e).p_value) is None else found for e in told], dtype=float)
    return rows.assign(p_value=p, clear=Family(p, ALPHA).found)
