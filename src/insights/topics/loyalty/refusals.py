"""Questions about the survey that its answers cannot settle: refused with the reason."""

from collections.abc import Mapping

from insights.models.loyalty.followed import LEFT
from insights.models.loyalty.worth import Worth
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer, NotAvailable

REFUSED = "loyalty.refused"


def refused(id: str, reason: str, facts: Mapping[str, object] | None = None) -> Answer:
    """Return an answer that holds nothing but why there is none, in the words of the statistic that refused."""
    return Answer(id, REFUSED, {}, lambda evidence: NotEstimable(reason), dict(facts or {}) | {"reason": reason})


def not_followed(id: str, found: Worth) -> Answer | NotAvailable | None:
    """Return why it cannot be told who of those who answered left afterwards; None where it can."""
    if LEFT in found.missing:
        return NotAvailable(id, found.missing[LEFT])
    if LEFT not in found.paths:
        return refused(id, found.why_none or "nobody could be followed for a year after an answer")
    return None
