"""Questions that this bank's data cannot answer: refused with a reason that a reader understands."""

from typing import Any

from insights.data.snapshot import Bank
from insights.models.segments.model import Segments, client_segments, segment_needs
from insights.topics.evidence import Answer, NotAvailable

PAST, ONE, SHORT, FEW = "past", "one", "short", "few"
"""Why: only today's values of what segments are made of are known; there is only one segment; the window is too short;
there are too few clients."""


def refused(id: str, why: str, **facts: Any) -> Answer:
    """Return the answer that says why there is none."""
    return Answer(id, "clients.refused", {}, lambda evidence: why, {"why": why, **facts})


def segments_of(bank: Bank, id: str, *, ago: int = 0, several: bool = False) -> Segments | Answer | NotAvailable:
    """Return the segments, or the answer that says why there are none.

    ``ago``: they must be known so many months before; ``several``: a single segment cannot answer.
    """
    if missing := segment_needs(bank):
        return NotAvailable(id, missing)
    found = client_segments(bank)
    if not isinstance(found, Segments):
        return refused(id, FEW)
    if several and len(found.names) < 2:
        return refused(id, ONE)
    if ago and found.past:
        return refused(id, PAST)
    if ago > found.last:
        return refused(id, SHORT, months=ago + 1)
    return found
