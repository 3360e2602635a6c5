"""Words, tables and figures of the channels report: one file per question."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Exhibit
from insights.reports.exhibits.channels.adoption import adoption
from insights.reports.exhibits.channels.answers import answers
from insights.reports.exhibits.channels.brand import brand
from insights.reports.exhibits.channels.changes import changes
from insights.reports.exhibits.channels.digital import digital
from insights.reports.exhibits.channels.effort import effort
from insights.reports.exhibits.channels.hours import hours
from insights.reports.exhibits.channels.matters import matters
from insights.reports.exhibits.channels.offers import offers
from insights.reports.exhibits.channels.overview import overview
from insights.reports.exhibits.channels.paths import paths
from insights.reports.exhibits.channels.preference import preference
from insights.reports.exhibits.channels.prospects import prospects, prospects_in_words
from insights.reports.exhibits.channels.refusals import refused
from insights.reports.exhibits.channels.requests import requests
from insights.reports.exhibits.channels.rollout import rollout
from insights.reports.exhibits.channels.satisfaction import satisfaction
from insights.reports.exhibits.channels.sources import sources
from insights.reports.exhibits.channels.state import state
from insights.reports.exhibits.channels.trends import trends
from insights.reports.exhibits.channels.upkeep import upkeep
from insights.reports.wording import Wording
from insights.topics.evidence import Answer

WRITERS: dict[str, Callable[[Answer, Any, Bank], Exhibit]] = {
    "channels.adoption": adoption,
    "channels.answers": answers,
    "channels.brand": brand,
    "channels.changes": changes,
    "channels.digital": digital,
    "channels.effort": effort,
    "channels.hours": hours,
    "channels.matters": matters,
    "channels.offers": offers,
    "channels.overview": overview,
    "channels.paths": paths,
    "channels.preference": preference,
    "channels.prospects": prospects,
    "channels.refused": refused,
    "channels.requests": requests,
    "channels.rollout": rollout,
    "channels.satisfaction": satisfaction,
    "channels.sources": sources,
    "channels.state": state,
    "channels.trends": trends,
    "channels.upkeep": upkeep,
}

LISTS: dict[str, Callable[[pd.DataFrame, Bank, Wording], pd.DataFrame]] = {"prospects": prospects_in_words}
"""How the restricted list of this report is put into words, by name."""
