"""What clients said and did that this run takes in: answers to offers, complaints, notes of talks, website and app."""

from collections.abc import Iterator

import numpy as np

from insights.models.needs.rows import ONLINE, NeedRows
from insights.models.needs.suitable import Bools

ACCEPTED, DECLINED = "accepted", "declined"
SOURCES = (ACCEPTED, DECLINED, "complaints", "notes", "contacts", ONLINE)
"""Answers to offers, and tables of what clients said and did, in the order in which they are told."""


def taken_in(rows: NeedRows) -> Iterator[tuple[str, Bools]]:
    """Yield the name of each source that is delivered and of which clients (n) there is something now."""
    column = rows.last
    if rows.accepted is not None:
        yield ACCEPTED, np.asarray(rows.accepted[:, column] > 0)
        yield DECLINED, np.asarray(rows.declined[:, :, column].any(axis=1))
    for name in SOURCES:
        if name in rows.counts:
            yield name, np.asarray(rows.counts[name][:, column] > 0)
