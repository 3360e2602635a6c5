"""Questions about the survey that its answers cannot settle: refused with the reason."""

from collections.abc import Mapping

from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer

REFUSED = "loyalty.refused"


def refused(id: str, reason: str, facts: Mapping[str, object] | None = None) -> Answer:
    """Return an answer that holds nothing but why there is none, in the words of the statistic that refused."""
    return Answer(id, REFUSED, {}, lambda evidence: NotEstimable(reason), dict(facts or {}) | {"reason": reason})
