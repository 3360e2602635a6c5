"""Words, tables and figures of the value report: one file per question."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Exhibit
from insights.reports.exhibits.value.activity import activity
from insights.reports.exhibits.value.bridge import bridge
from insights.reports.exhibits.value.change import change
from insights.reports.exhibits.value.concentration import concentration, concentration_by, largest
from insights.reports.exhibits.value.depth import depth
from insights.reports.exhibits.value.hindsight import hindsight
from insights.reports.exhibits.value.list_words import value_at_stake_in_words
from insights.reports.exhibits.value.margin import in_assets, margin
from insights.reports.exhibits.value.potential import potential
from insights.reports.exhibits.value.refusals import refused
from insights.reports.exhibits.value.relationship import relationship
from insights.reports.exhibits.value.renewals import renewals, renewals_refused
from insights.reports.exhibits.value.resources import resources
from insights.reports.exhibits.value.stream_checks import stream_checks
from insights.reports.exhibits.value.stream_holdout import stream_holdout
from insights.reports.exhibits.value.stream_words import stream_refused
from insights.reports.exhibits.value.streams import stream_activity, stream_worth
from insights.reports.exhibits.value.tiers import tier_moves, tiers
from insights.reports.exhibits.value.worth import worth
from insights.reports.wording import Wording
from insights.topics.evidence import Answer

WRITERS: dict[str, Callable[[Answer, Any, Bank], Exhibit]] = {
    "value.worth": worth,
    "value.bridge": bridge,
    "value.margin": margin,
    "value.hindsight": hindsight,
    "value.in_assets": in_assets,
    "value.change": change,
    "value.concentration": concentration,
    "value.concentration_by": concentration_by,
    "value.largest": largest,
    "value.tiers": tiers,
    "value.tier_moves": tier_moves,
    "value.resources": resources,
    "value.relationship": relationship,
    "value.activity": activity,
    "value.depth": depth,
    "value.potential": potential,
    "value.refused": refused,
    "value.renewals": renewals,
    "value.renewals_refused": renewals_refused,
    "value.stream_worth": stream_worth,
    "value.stream_activity": stream_activity,
    "value.stream_holdout": stream_holdout,
    "value.stream_checks": stream_checks,
    "value.stream_refused": stream_refused,
}

LISTS: dict[str, Callable[[pd.DataFrame, Bank, Wording], pd.DataFrame]] = {"value_at_stake": value_at_stake_in_words}
"""How the restricted list of this report is put into words, by name."""
