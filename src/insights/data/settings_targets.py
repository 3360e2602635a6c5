"""Goals of the management: what a line of the summary should reach, or stay below."""

from typing import Literal

from pydantic import model_validator

from insights.data.settings_sources import Section

TargetName = Literal[
    "clients",
    "assets",
    "net_new_money",
    "margin",
    "profitability",
    "value",
    "attrition",
    "leavers",
    "leaving_assets",
    "loyalty",
    "satisfaction",
    "elsewhere",
    "needs",
    "above_risk",
    "open_risks",
    "credit_loss",
]
"""The lines of the state of the book that may have a goal."""


class Target(Section):
    """One goal: the line should be ``at_least`` or ``at_most`` so much, in the unit in which the summary tells it.

    Shares are fractions (0.05 is 5 %), money is in the reporting currency. ``owner`` is who answers for it, as
    ``[labels.owner]`` names him.
    """

    at_least: float | None = None
    at_most: float | None = None
    owner: str = ""

    @model_validator(mode="after")
    def _one(self) -> "Target":
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("a goal names either at_least or at_most, as in { at_most = 0.05 }")
        return self
