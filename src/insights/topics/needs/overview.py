"""Page one: what clients will need next, how good the prediction was, and how many suitable offers there are."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.needs.expected import expected, level_spread
from insights.models.needs.offers import next_offers
from insights.models.needs.rows import NeedRows
from insights.models.needs.trials import HORIZONS, PRECISION, Trials, score_of, trials
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.needs.offers import by_category
from insights.topics.needs.score import score_rows
from insights.topics.needs.shared import need_facts, rows_of
from insights.topics.rows import estimates, line, plain

ID = "needs.overview"
DIMS = ("category", "measure")
ALL = ""


@dataclass(frozen=True)
class Overview:
    """``rows``: category ("" for all), measure ("buyers_3m", "buyers_6m", "share_3m"), value, low, high, n (eligible).

    ``scores``: see ``ScoreRows``. ``offers``: category, clients (nan where withheld).
    """

    rows: pd.DataFrame
    scores: pd.DataFrame
    offers: pd.DataFrame


def overview(bank: Bank) -> Answer | NotAvailable:
    """Tell how many clients will buy what for the first time, how well that was foretold, and what may be offered."""
    rows = rows_of(bank, ID)
    if not isinstance(rows, NeedRows):
        return rows
    tried = cast(Trials, trials(bank))
    score = score_of(bank, rows)
    lines: list[dict[str, Any]] = []
    for months in HORIZONS:
        spread = level_spread(tried, months)
        for k, name in enumerate(rows.products.categories):
            found = expected(score[:, k], months, spread)
            if found.n:
                lines.append({"category": name, "measure": f"buyers_{months}m"} | line(found, found.n))
    for k, name in enumerate(rows.products.categories):
        own = score[:, k][~np.isnan(score[:, k])]
        if len(own):
            lines.append(plain(own.mean(), "share", len(own), category=name, measure="share_3m"))
    evidence: dict[str, Evidence] = {
        "rows": estimates(lines, *DIMS),
        "scores": score_rows(tried, (PRECISION,)),
        "offers": by_category(next_offers(bank, rows)),
    }
    return Answer(ID, ID, evidence, _overview, need_facts(bank, rows, tried))


def _overview(parts: dict[str, Evidence]) -> Overview:
    rows, scores = (cast(Estimates, parts[name]).rows for name in ("rows", "scores"))
    return Overview(rows, scores, offers_table(parts))


def offers_table(parts: dict[str, Evidence]) -> pd.DataFrame:
    """Return the offers by category from (protected) evidence."""
    return cast(Any, parts["offers"]).cells
