"""Settings of needs: how many offers a manager can make, who may buy what, and which markets are looked at."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from insights.data.settings_sources import Section

Tolerance = Literal["C1", "C2", "C3", "C4", "C5"]
CLOSE = 1e-6


class NeedsSection(Section):
    """What the needs report asks of offers.

    A manager can make ``offers_per_manager`` offers in three months; where managers are not recorded all clients belong
    to one desk. Who declined a product of a category in the last ``declined_months`` is not offered it again.
    ``eligibility`` says from which assets on (reporting currency) a client may buy products of a class
    (products.eligibility); products of a class that is not named are offered to nobody. ``market`` names series, at
    most three, that are looked at as published by then. ``cash`` names the categories of balances (balances.category)
    that are cash.

    ``parts`` puts cash ("cash") and categories of products together into parts of the assets, the safest first; without
    it each is a part of its own. ``allocation`` says by risk tolerance (C1 to C5) which share of his assets a client is
    advised to hold in each part; they add up to 1. A mix is left alone where no share is off by more than ``band``.
    """

    offers_per_manager: Annotated[int, Field(ge=1)] = 10
    declined_months: Annotated[int, Field(ge=0, le=120)] = 12
    eligibility: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    cash: tuple[str, ...] = ("cash",)
    market: Annotated[tuple[str, ...], Field(max_length=3)] = ()
    parts: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    allocation: dict[Tolerance, dict[str, Annotated[float, Field(ge=0, le=1)]]] = Field(default_factory=dict)
    band: Annotated[float, Field(gt=0, lt=1)] = 0.15

    @field_validator("allocation")
    @classmethod
    def _whole(cls, value: dict[Tolerance, dict[str, float]]) -> dict[Tolerance, dict[str, float]]:
        for level, shares in value.items():
            if abs(sum(shares.values()) - 1) > CLOSE:
                raise ValueError(
                    f"the shares of {level} add up to {sum(shares.values()):.4g}, expected 1: name where the rest is"
                )
        return value

    @model_validator(mode="after")
    def _named(self) -> "NeedsSection":
        every = [category for own in self.parts.values() for category in own]
        if twice := sorted({c for c in every if every.count(c) > 1}):
            raise ValueError(f"{', '.join(twice)} stands in several parts: put each category into one")
        for level, shares in self.allocation.items():
            if self.parts and (strange := sorted(set(shares) - set(self.parts))):
                named, expected = ", ".join(strange), ", ".join(self.parts)
                raise ValueError(f"the shares of {level} name {named}, which is no part: expected {expected}")
        return self
