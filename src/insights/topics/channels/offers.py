"""What became of marketing offers: answers, acceptances, their cost, and what goes with a time limit."""

from dataclasses import dataclass
from typing import cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.channels.offers import ACCEPTED, MORE, NEEDS, OVER_DAYS, YEARS, Offers
from insights.models.channels.offers import offers as measured
from insights.stats.results import Estimate, NotEstimable
from insights.topics.channels.refusals import refused
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable, RowCounts
from insights.topics.rows import NAN, estimates, line

ID = "channels.offers"
DIMS = ("division", "value_of", "measure")
LIKE, PLAIN, FAIR = "like", "plain", "fair"
"""The division of channels compared with the most used one: as it looks, and like with like."""


@dataclass(frozen=True)
class OfferRows:
    """``rows``: division, value_of, measure, value, low, high, n, n_events. ``volume``: one row with ``offers``.

    Of ``LIKE`` the values are differences to the most used channel.
    """

    rows: pd.DataFrame
    volume: pd.DataFrame


def offers(bank: Bank) -> Answer | NotAvailable:
    """Tell how many answer and accept offers, what an acceptance costs, and what goes with a time limit."""
    if missing := bank.needs(*NEEDS):
        return NotAvailable(ID, missing)
    return offers_answer(measured(bank))


def offers_answer(found: Offers) -> Answer:
    """Return what became of offers as an answer."""
    lines = [
        {"division": m.division, "value_of": m.value, "measure": m.measure} | line(m.found, m.clients, m.events)
        for m in found.measured
        if isinstance(m.found, Estimate)
    ]
    if not any(row["measure"] == ACCEPTED for row in lines):
        return refused(ID, "too_few_offers")
    for pair in found.like:
        for measure, told in ((PLAIN, pair.plain), (FAIR, pair.fair)):
            if isinstance(told, Estimate):
                head = {"division": LIKE, "value_of": pair.channel, "measure": measure}
                lines.append(head | line(told, pair.clients, pair.accepted))
    evidence: dict[str, Evidence] = {
        # All offers less those of the other channels would tell what one of few acceptances is withheld for.
        "rows": estimates(lines, *DIMS, parts_of=("division", "measure")),
        "volume": RowCounts(pd.DataFrame({"what": ["offers"], "offers": [found.offers]}), ("what",), ("offers",)),
    }
    facts = {
        "years": YEARS,
        "days": OVER_DAYS,
        "campaigns": found.campaigns,
        "compared": found.compared,
        "like": [
            {
                "channel": pair.channel,
                "against": pair.against,
                "compared": round(pair.compared, 2),
                "unseen": NAN if isinstance(pair.fair, NotEstimable) else round(pair.unseen, 1),
                "apart": NAN if isinstance(pair.fair, NotEstimable) else round(pair.apart, 1),
                "why": pair.fair.reason if isinstance(pair.fair, NotEstimable) else "",
            }
            for pair in found.like
        ],
        "limits": any(m.measure == MORE for m in found.measured),
    }
    return Answer(ID, ID, evidence, _rows, facts)


def _rows(parts: dict[str, Evidence]) -> OfferRows:
    return OfferRows(cast(Estimates, parts["rows"]).rows, cast(RowCounts, parts["volume"]).cells)
