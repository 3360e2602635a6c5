"""What the questions of this report begin with: the rows, or why there are none."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from insights.data.months import month_end
from insights.data.snapshot import Bank
from insights.models.needs.rows import NeedRows, missing, need_rows
from insights.models.needs.trials import Trials, score_of, trials
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer, NotAvailable

REFUSED = "needs.refused"
NAN = float("nan")


def rows_of(bank: Bank, id: str) -> NeedRows | Answer | NotAvailable:
    """Return the rows of past and present needs, or the answer that says why there are none."""
    if lacking := missing(bank):
        return NotAvailable(id, lacking)
    found = need_rows(bank)
    if found is None:
        return refused(id, "nobody holds a product")
    tried = trials(bank)
    return refused(id, tried.reason) if isinstance(tried, NotEstimable) else found


def refused(id: str, reason: str, facts: Mapping[str, object] | None = None) -> Answer:
    """Return an answer that holds nothing but why there is none, in the words of the statistic that refused."""
    return Answer(id, REFUSED, {}, lambda evidence: NotEstimable(reason), dict(facts or {}) | {"reason": reason})


def need_facts(bank: Bank, rows: NeedRows, tried: Trials) -> dict[str, Any]:
    """Return what is known beside the numbers."""
    return {
        "used": tried.used,
        "end": month_end(rows.months.month(rows.last)).isoformat(),
        "first": month_end(rows.months.month(int(tried.frame["column"].min()))).isoformat(),
        "dates": int(tried.frame["column"].nunique()),
        "capacity": bank.settings.needs.offers_per_manager,
        "by_manager": rows.manager is not None,
        "declined_months": bank.settings.needs.declined_months,
        "declines": not bank.needs("offers.answer", "offers.answered_on", "offers.product_id", "offers.offered_on"),
        "market": list(rows.market),
        "unnamed": list(rows.unnamed),
        "few": [c for k, c in enumerate(rows.products.categories) if np.isnan(score_of(bank, rows)[:, k]).all()],
        "trees": "trees" in tried.chosen,
    }
