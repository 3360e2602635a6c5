"""Value: what each relationship is worth, why it changed, and where the next hour should go."""

import pandas as pd

from insights.data.snapshot import Bank
from insights.topics.value.activity import activity
from insights.topics.value.bridge import bridge
from insights.topics.value.change import change
from insights.topics.value.concentration import concentration, largest
from insights.topics.value.depth import depth
from insights.topics.value.foretold import foretold
from insights.topics.value.hindsight import hindsight
from insights.topics.value.margin import margin
from insights.topics.value.potential import potential
from insights.topics.value.relationship import relationship
from insights.topics.value.renewals import renewals
from insights.topics.value.resources import hours_list, resources
from insights.topics.value.streams import streams
from insights.topics.value.tiers import tier_moves, tiers
from insights.topics.value.worth import worth

__all__ = [
    "activity",
    "bridge",
    "change",
    "concentration",
    "depth",
    "foretold",
    "hindsight",
    "largest",
    "lists",
    "margin",
    "potential",
    "relationship",
    "renewals",
    "resources",
    "streams",
    "tier_moves",
    "tiers",
    "worth",
]


def lists(bank: Bank) -> dict[str, pd.DataFrame]:
    """Return the restricted lists of this report by name; a list that cannot be made is not there."""
    found = {"value_at_stake": hours_list(bank)}
    return {name: frame for name, frame in found.items() if frame is not None}
