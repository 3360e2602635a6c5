"""How the brand is seen by channel: in public, and by the clients of each channel."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.channels.brand import MENTIONS, MONTHS, Seen
from insights.models.channels.brand import brand as seen
from insights.stats.results import Estimate
from insights.topics.channels.refusals import refused
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.rows import estimates, line

ID = "channels.brand"
DIMS = ("channel", "measure")


@dataclass(frozen=True)
class BrandRows:
    """``public`` and ``survey``: channel, measure, value, low, high, n (see ``models.channels.brand``)."""

    public: pd.DataFrame
    survey: pd.DataFrame


def brand(bank: Bank) -> Answer | NotAvailable:
    """Tell how the bank is spoken of by channel, whether that changed, and how clients of each channel see it."""
    found = seen(bank)
    if len(found.missing) == 2:
        return NotAvailable(ID, ((MENTIONS[1], *found.missing["survey"]),))
    public, survey = _lines(found.public), _lines(found.survey)
    if not public and not survey:
        return refused(ID, "too_few_mentions")
    evidence: dict[str, Evidence] = {"public": estimates(public, *DIMS), "survey": estimates(survey, *DIMS)}
    scale = list(bank.settings.loyalty.scale or ())
    facts = {"missing": {k: list(v) for k, v in found.missing.items()}, "months": MONTHS, "scale": scale}
    return Answer(ID, ID, evidence, _rows, facts)


def _lines(found: Iterable[Seen]) -> list[dict[str, Any]]:
    return [
        {"channel": s.channel, "measure": s.measure} | line(s.found, s.n)
        for s in found
        if isinstance(s.found, Estimate)
    ]


def _rows(parts: dict[str, Evidence]) -> BrandRows:
    return BrandRows(*(cast(Estimates, parts[name]).rows for name in ("public", "survey")))
