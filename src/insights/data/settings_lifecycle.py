"""Settings of the lifecycle: what counts as a large outflow, what features look at, and the bounds of the stages."""

from typing import Annotated

from pydantic import Field, model_validator

from insights.data.settings_sources import Section

Share = Annotated[float, Field(gt=0, lt=1)]
Months = Annotated[int, Field(ge=1, le=60)]


class StagesSection(Section):
    """Bounds of the stages of a relationship, on what was known at the end of each month.

    ``introduction_months`` from joining; afterwards growth above ``growth`` and decline below ``-decline`` (net new
    money of the last twelve months over the average assets before them), maturity between. A client leaves growth or
    decline only once he is ``margin`` inside the bound, and changes stage at most every ``hold_months``. Without a
    contact, booking or log-in for ``dormant_months`` he is dormant, whatever his money does.
    """

    introduction_months: Months = 12
    growth: Annotated[float, Field(gt=0)] = 0.05
    decline: Annotated[float, Field(gt=0)] = 0.10
    margin: Annotated[float, Field(ge=0)] = 0.02
    hold_months: Months = 3
    dormant_months: Months = 12

    @model_validator(mode="after")
    def _room(self) -> "StagesSection":
        if self.margin >= min(self.growth, self.decline):
            raise ValueError("margin must be smaller than growth and decline, or no client ever leaves a stage")
        return self


class LifecycleSection(Section):
    """What the lifecycle report counts.

    A large outflow is net money out (market and transfers between a client's own accounts aside) of at least
    ``outflow_share`` of his average assets over ``trailing_months``, within ``outflow_months``. Features are known
    ``lag_months`` before the month they predict and look back ``history_months``. ``retention_programme`` names the
    randomised programme; ``contacts_per_manager`` is how many clients a manager can speak to in a month. Reasons for
    leaving in ``not_by_choice`` are not the client's decision: the most frequent of the others is the main reason.
    """

    outflow_share: Share = 0.30
    outflow_months: Months = 3
    trailing_months: Months = 6
    lag_months: Annotated[int, Field(ge=1, le=12)] = 1
    history_months: Months = 12
    retention_programme: str | None = None
    contacts_per_manager: Annotated[int, Field(ge=1)] = 10
    not_by_choice: tuple[str, ...] = ("death", "bank", "dormancy", "unknown")
    cost_per_contact: Annotated[float, Field(ge=0)] = 0.0
    stages: StagesSection = StagesSection()
