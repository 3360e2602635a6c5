"""Settings of client value: discounting, horizon, the cost of capital and of credit risk, and the tiers."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from insights.data.settings_market import refuse_moved
from insights.data.settings_sources import Section
from insights.data.settings_streams import STREAM_NAME, RenewalSection, StreamSection

Rate = Annotated[float, Field(ge=0, lt=1)]


class TiersSection(Section):
    """Tiers of clients by value, the highest first.

    ``shares`` names the tiers and the share of the clients each would hold if all were placed anew; whoever is left is
    in ``rest``. A client moves only once his value is ``margin`` (a share of it) beyond the bound between two tiers,
    and at most every ``hold_months``.
    """

    shares: dict[Annotated[str, Field(min_length=1, max_length=20)], Annotated[float, Field(gt=0, lt=1)]] = Field(
        default_factory=lambda: {"A": 0.05, "B": 0.15, "C": 0.30}, min_length=1, max_length=6
    )
    rest: str = Field(default="D", min_length=1, max_length=20)
    margin: Rate = 0.10
    hold_months: Annotated[int, Field(ge=1, le=60)] = 6

    @model_validator(mode="after")
    def _room(self) -> "TiersSection":
        if sum(self.shares.values()) >= 1:
            raise ValueError("the shares of the tiers add up to 1 or more, which leaves nobody for the rest")
        if self.rest in self.shares:
            raise ValueError("the rest has the name of another tier")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The tiers, the highest first."""
        return (*self.shares, self.rest)


class ReferralsSection(Section):
    """How much of a referred client's margin counts for who referred him; the rest stays with the referred client.

    ``came`` for those whose acquisition source is one of ``sources`` (they would not have come otherwise), ``helped``
    for others with a referrer. ``rank_weights`` asks for a rank index of wealth, risk and brand with these weights.
    """

    sources: tuple[str, ...] = ("referral",)
    came: Annotated[float, Field(ge=0, le=1)] = 0.5
    helped: Annotated[float, Field(ge=0, le=1)] = 0.2
    rank_weights: dict[Literal["wealth", "risk", "brand"], Annotated[float, Field(ge=0)]] | None = None

    @model_validator(mode="after")
    def _some(self) -> "ReferralsSection":
        if self.rank_weights is not None and not sum(self.rank_weights.values()) > 0:
            raise ValueError("all weights of the rank index are zero")
        return self


class BridgeSection(Section):
    """Since when the change of the book's value is explained, and the discount rate of that date if it was another."""

    months: Annotated[int, Field(ge=1, le=120)] = 12
    discount_rate_before: Rate | None = None


class ValueSection(Section):
    """What the value report counts.

    Future margins are discounted at ``annual_discount_rate`` and counted over ``horizon_years``. ``market_return`` is
    what the bank expects markets to add to its clients' assets in a year, all assets together; without it the mean of
    the past is expected, which the indices of ``[market]`` may make longer. Cost of capital:
    ``cost_of_capital_rate`` a year on the capital that a client ties up, ``capital_per_loan`` of what he has drawn and
    ``capital_per_income`` of a year's income from him. Expected credit loss: the bank's own rate of default where it
    has seen enough of them, else ``default_probability`` a year, times ``loss_given_default`` of the part of the loan
    that nothing covers and ``loss_given_default_covered`` of the rest. Bookings of the ``contractual_categories``, such
    as premiums of an insurance, are owed under a contract: they belong to no stream.
    """

    annual_discount_rate: Rate = 0.08
    horizon_years: Annotated[int, Field(ge=1, le=50)] = 10
    market_return: Annotated[float, Field(gt=-0.5, lt=0.5)] | None = None
    cost_of_capital_rate: Rate = 0.08
    capital_per_loan: Rate = 0.08
    capital_per_income: Rate = 0.15
    default_probability: Rate = 0.01
    loss_given_default: Rate = 0.40
    loss_given_default_covered: Rate = 0.10
    contractual_categories: tuple[str, ...] = ()
    tiers: TiersSection = TiersSection()
    renewal: RenewalSection | None = None
    streams: dict[Annotated[str, Field(pattern=STREAM_NAME, max_length=30)], StreamSection] = Field(
        default_factory=dict
    )
    referrals: ReferralsSection = ReferralsSection()
    bridge: BridgeSection = BridgeSection()

    @model_validator(mode="before")
    @classmethod
    def _moved(cls, data: Any) -> Any:
        return refuse_moved(data, "market_series")
