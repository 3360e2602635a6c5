"""Preference for green and social investments: of those who have the choice, who holds something green, by segment."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.needs.green import NEEDS, green_choices
from insights.models.needs.rows import NeedRows
from insights.models.segments.model import Segments, client_segments, segment_needs
from insights.stats.multiplicity import holm
from insights.stats.proportions import proportion, same_shares
from insights.stats.results import Estimate
from insights.topics.evidence import Answer, ClientCounts, Evidence, NotAvailable
from insights.topics.needs.shared import every_cell, held_facts, held_rows_of, refused

ID = "needs.green"
YES, NO = "yes", "no"
ALL = ""


@dataclass(frozen=True)
class Choices:
    """``shares`` by segment ("" for all): of those who have the choice, the share that holds something green.

    None where withheld. ``table``: segment, others (the share among the clients of all other segments), p (that both
    are the same, adjusted for all segments by Holm); nan where it cannot be told.
    """

    shares: dict[str, Estimate | None]
    table: pd.DataFrame


def green(bank: Bank) -> Answer | NotAvailable:
    """Count by segment who holds something green of those who hold a kind in which they have the choice."""
    rows = held_rows_of(bank, ID)
    if not isinstance(rows, NeedRows):
        return rows
    if lacking := bank.needs(*NEEDS):
        return NotAvailable(ID, lacking)
    told = green_choices(bank, rows)
    if not len(told.client):
        return refused(ID, "nobody has the choice of something green")
    segments = None if segment_needs(bank) else client_segments(bank)
    label = np.full(len(told.client), ALL, dtype=object)
    names: tuple[str, ...] = ()
    if isinstance(segments, Segments):
        label, names = segments.labels(segments.last)[told.client], segments.names
    counted = pd.DataFrame(
        {
            "segment": label,
            "level": np.where(told.chose, YES, NO).astype(object),
            "household": household_of(bank, rows.months.client_id[told.client]),
        }
    )
    facts = held_facts(rows) | {"names": names, "kinds": told.kinds}
    return Answer(ID, ID, {"chose": every_cell(counted, "segment", "level")}, _choices, facts)


def _choices(parts: dict[str, Evidence]) -> Choices:
    cells = cast(ClientCounts, parts["chose"]).cells
    wide = cells.pivot(index="segment", columns="level", values="clients").reindex(columns=[YES, NO], fill_value=0.0)
    has, n = wide[YES].astype(float), wide.sum(axis=1, skipna=False).astype(float)
    shares = {str(s): proportion(has[s], n[s]) if n[s] > 0 else None for s in wide.index if s != ALL}
    whole, everybody = float(has.sum(skipna=False)), float(n.sum(skipna=False))
    shares[ALL] = proportion(whole, everybody) if everybody > 0 else None
    lines = []
    for segment in (s for s in wide.index if s != ALL):
        rest, others, p = everybody - n[segment], whole - has[segment], None
        if np.isfinite(rest) and np.isfinite(others) and rest > 0:
            p = same_shares((has[segment], others), (n[segment], rest)).p_value
        beside = others / rest if rest > 0 else np.nan
        lines.append({"segment": str(segment), "others": beside, "p": np.nan if p is None else p})
    table = pd.DataFrame(lines, columns=["segment", "others", "p"])
    table["p"] = holm(table["p"].to_numpy(float))
    return Choices(shares, table)
