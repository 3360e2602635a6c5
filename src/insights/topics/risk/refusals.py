"""Questions about risk that the data cannot settle: refused with the reason."""

from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer

REFUSED = "risk.refused"


def refused(id: str, reason: str) -> Answer:
    """Return an answer that holds nothing but why there is none, in the words of the statistic that refused."""
    return Answer(id, REFUSED, {}, lambda evidence: NotEstimable(reason), {"reason": reason})
