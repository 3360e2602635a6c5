"""What the questions of this report begin with: the rows, or why there are none."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from insights.data.months import month_end
from insights.data.snapshot import Bank
from insights.models.needs.rows import NeedRows, missing, need_rows
from insights.models.needs.trials import Trials, score_of, trials
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer, ClientCounts, NotAvailable, with_households

REFUSED = "needs.refused"
NAN = float("nan")


def rows_of(bank: Bank, id: str) -> NeedRows | Answer | NotAvailable:
    """Return the rows of past and present needs, or the answer that says why there are none."""
    found = held_rows_of(bank, id)
    if not isinstance(found, NeedRows):
        return found
    tried = trials(bank)
    return refused(id, tried.reason) if isinstance(tried, NotEstimable) else found


def held_rows_of(bank: Bank, id: str) -> NeedRows | Answer | NotAvailable:
    """Return the rows where nothing is foretold: what clients hold is known however few of them bought anything."""
    if lacking := missing(bank):
        return NotAvailable(id, lacking)
    found = need_rows(bank)
    return refused(id, "nobody holds a product") if found is None else found


def held_facts(rows: NeedRows) -> dict[str, Any]:
    """Return what is known beside the numbers where nothing is foretold."""
    return {"end": month_end(rows.months.month(rows.last)).isoformat(), "market": []}


def refused(id: str, reason: str, facts: Mapping[str, object] | None = None) -> Answer:
    """Return an answer that holds nothing but why there is none, in the words of the statistic that refused."""
    return Answer(id, REFUSED, {}, lambda evidence: NotEstimable(reason), dict(facts or {}) | {"reason": reason})


def every_cell(rows: pd.DataFrame, first: str, second: str, rest: str | None = None) -> ClientCounts:
    """Return the clients by two columns of ``rows`` (with their household), cells without anybody included.

    ``rest`` as in ``ClientCounts``: the name under which levels of the first with a small cell are put together.
    """
    counts = pd.crosstab(rows[first], rows[second]).rename_axis(columns=None).reset_index()
    cells = counts.melt(first, var_name=second, value_name="clients")
    return with_households(cells, rows, (first, second), rest)


def need_facts(bank: Bank, rows: NeedRows, tried: Trials) -> dict[str, Any]:
    """Return what is known beside the numbers."""
    return {
        **held_facts(rows),
        "used": tried.used,
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
