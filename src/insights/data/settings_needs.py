"""Settings of needs: how many offers a manager can make, who may buy what, and which markets are looked at."""

from typing import Annotated

from pydantic import Field

from insights.data.settings_sources import Section


class NeedsSection(Section):
    """What the needs report asks of offers.

    A manager can make ``offers_per_manager`` offers in three months; where managers are not recorded all clients belong
    to one desk. Who declined a product of a category in the last ``declined_months`` is not offered it again.
    ``eligibility`` says from which assets on (reporting currency) a client may buy products of a class
    (products.eligibility); products of a class that is not named are offered to nobody. ``market`` names series, at
    most three, that are looked at as published by then.
    """

    offers_per_manager: Annotated[int, Field(ge=1)] = 10
    declined_months: Annotated[int, Field(ge=0, le=120)] = 12
    eligibility: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    market: Annotated[tuple[str, ...], Field(max_length=3)] = ()
