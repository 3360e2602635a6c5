"""What the questions of this report begin with: the rows, or why there are none."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from insights.data.months import month_end
from insights.data.snapshot import Bank
from insights.models.needs.rows import NeedRows, missing, need_rows
from insights.models.needs.trials import Trials, score_of, trials
from insights.stats.results import Estimate, NotEstimable
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


def line(found: Estimate | NotEstimable, n: float, n_events: float = NAN) -> dict[str, Any]:
    """Return a result as a row of ``Estimates``; nan where there is none. ``n`` are clients."""
    if isinstance(found, NotEstimable):
        return {"value": NAN, "low": NAN, "high": NAN, "unit": "", "n": NAN, "n_events": NAN}
    head: dict[str, Any] = {"value": found.value, "low": found.low, "high": found.high, "unit": found.unit}
    return head | {"n": float(n), "n_events": float(n_events)}


def table(lines: list[dict[str, Any]], dims: tuple[str, ...]) -> pd.DataFrame:
    """Return lines as the rows of ``Estimates``, with all its columns even where there is none."""
    return pd.DataFrame(lines, columns=[*dims, "value", "low", "high", "unit", "n", "n_events"])


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
