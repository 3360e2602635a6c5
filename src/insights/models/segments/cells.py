"""Segment by stage of the relationship: who stands where today, and how many left from each cell."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.models.segments.model import Segments
from insights.models.stages import GONE, STAGES, UNASSIGNED, Stages

LOOK_BACK = 36
"""Months over which leavers are counted."""


@dataclass(frozen=True)
class Cells:
    """Clients by segment and stage.

    ``stage`` (n, T): the stage of each client of ``Segments`` at each month's end (its name's place in ``STAGES`` + 1,
    0 where none). ``risk``: segment, stage, months (of clients at risk), leavers (in the month after), over the last
    ``months`` months.
    """

    stage: npt.NDArray[np.int8] = field(repr=False)
    risk: pd.DataFrame
    months: int


def segment_cells(found: Segments, stages: Stages) -> Cells:
    """Put the stages beside the segments, client by client and month by month."""
    months = found.months
    shift = (stages.months.opens.year - months.opens.year) * 12 + stages.months.opens.month - months.opens.month
    at = pd.Index(months.client_id).get_indexer(pd.Index(stages.months.spells["client_id"]))
    stage = np.zeros(found.code.shape, dtype=np.int8)
    own = np.where((stages.code > UNASSIGNED) & (stages.code < GONE), stages.code, 0)
    columns = np.arange(own.shape[1]) + shift
    inside = (columns >= 0) & (columns < months.count)
    known = at >= 0
    # Relationships of one client follow each other: at most one of them is in a stage in a month.
    np.maximum.at(stage, (at[known][:, None], columns[inside][None, :]), own[known][:, inside])
    first = max(found.last - LOOK_BACK, 0)
    size = len(STAGES) + 1
    cell = found.code[:, first : found.last].astype(np.int64) * size + stage[:, first : found.last]
    valid = (found.code[:, first : found.last] >= 0) & (stage[:, first : found.last] > 0)
    next_month = np.arange(first, found.last)[None, :] + 1
    leaves = valid & (months.left[:, None] == next_month)
    n = len(found.names) * size
    at_risk, leavers = (np.bincount(cell[mask], minlength=n).reshape(-1, size) for mask in (valid, leaves))
    rows = [
        {"segment": name, "stage": STAGES[s - 1], "months": int(at_risk[k, s]), "leavers": int(leavers[k, s])}
        for k, name in enumerate(found.names)
        for s in range(1, size)
        if at_risk[k, s]
    ]
    return Cells(stage, pd.DataFrame(rows, columns=["segment", "stage", "months", "leavers"]), found.last - first)
