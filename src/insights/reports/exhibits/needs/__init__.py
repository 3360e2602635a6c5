"""Words, tables and figures of the needs report: one file per question."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Exhibit
from insights.reports.exhibits.needs.allocation import allocation
from insights.reports.exhibits.needs.fairness import fairness
from insights.reports.exhibits.needs.green import green
from insights.reports.exhibits.needs.list_words import allocations_in_words, changed_in_words, offers_in_words
from insights.reports.exhibits.needs.markets import markets
from insights.reports.exhibits.needs.offers import offers
from insights.reports.exhibits.needs.overview import overview
from insights.reports.exhibits.needs.plan import plan
from insights.reports.exhibits.needs.refusals import refused
from insights.reports.exhibits.needs.score import score
from insights.reports.wording import Wording
from insights.topics.evidence import Answer

WRITERS: dict[str, Callable[[Answer, Any, Bank], Exhibit]] = {
    "needs.allocation": allocation,
    "needs.fairness": fairness,
    "needs.green": green,
    "needs.markets": markets,
    "needs.offers": offers,
    "needs.overview": overview,
    "needs.plan": plan,
    "needs.refused": refused,
    "needs.score": score,
}

LISTS: dict[str, Callable[[pd.DataFrame, Bank, Wording], pd.DataFrame]] = {
    "allocations": allocations_in_words,
    "needs_changed": changed_in_words,
    "offers": offers_in_words,
}
"""How each restricted list about needs is put into words, by name."""
