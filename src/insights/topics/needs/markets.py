"""What markets and the economy do to first purchases: by kind of product, and by the risk that a client accepts."""

from typing import Any, cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.needs.markets import LEAST_MONTHS, market_effects
from insights.models.needs.rows import NeedRows
from insights.models.needs.trials import Trials, trials
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.needs.shared import need_facts, refused, rows_of
from insights.topics.rows import estimates

ID = "needs.markets"
DIMS = ("category", "series", "what")


def markets(bank: Bank) -> Answer | NotAvailable:
    """Tell by how much each series moves the odds of a first purchase, with errors clustered by month and client."""
    rows = rows_of(bank, ID)
    if not isinstance(rows, NeedRows):
        return rows
    if not rows.market:
        return NotAvailable(ID, ("[needs] market", "market.value", "market.month", "market.series"))
    found = market_effects(bank, rows)
    if found.empty:
        return refused(ID, f"markets need {LEAST_MONTHS} months, and kinds of product that enough clients bought")
    lines: list[dict[str, Any]] = [
        {d: str(r[d]) for d in DIMS}
        | {name: float(r[name]) for name in ("value", "low", "high")}
        | {"unit": "ratio", "n": float(r["clients"]), "n_events": float(r["events"]), "p": float(r["p"])}
        for r in found.to_dict("records")
    ]
    evidence: dict[str, Evidence] = {"effects": estimates(lines, *DIMS)}
    facts = need_facts(bank, rows, cast(Trials, trials(bank)))
    return Answer(ID, ID, evidence, _effects, facts)


def _effects(parts: dict[str, Evidence]) -> pd.DataFrame:
    return cast(Estimates, parts["effects"]).rows
