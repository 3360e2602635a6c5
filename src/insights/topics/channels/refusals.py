"""Questions about channels that the data cannot settle: refused with the reason."""

from collections.abc import Mapping

from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer

REFUSED = "channels.refused"


def refused(id: str, reason: str, facts: Mapping[str, object] | None = None) -> Answer:
    """Return an answer that holds nothing but why there is none: a code, or the words of the statistic that refused."""
    return Answer(id, REFUSED, {}, lambda evidence: NotEstimable(reason), dict(facts or {}) | {"reason": reason})
