"""Questions that a bank could be asked but its data cannot answer: refused with a reason that a reader understands."""

from insights.topics.evidence import Answer

WINDOW, NOBODY, ONLY_JOINED, NO_FAMILY, NO_ACTIVITY = "window", "nobody", "only_joined", "no_family", "no_activity"
"""Why: window too short; nobody in force then; prospects who did not join are not recorded; no leaver had others of his
household there; nothing tells what clients do."""


def refused(id: str, why: str, months: int = 0) -> Answer:
    """Return the answer that says why there is none; ``months`` is how long the window would have to be."""
    return Answer(
        id=id,
        kind="lifecycle.refused",
        evidence={},
        estimate=lambda evidence: why,
        facts={"why": why, "months": months},
    )
