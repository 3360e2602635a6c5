"""Settings of streams: bookings that come again without a contract, such as payments, orders or purchases."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from insights.data.catalogue_money import TRANSACTION_KINDS
from insights.data.settings_sources import Section

STREAM_NAME = r"^[a-z][a-z0-9_]*$"


class StreamSection(Section):
    """One stream: the bookings of a ``kind`` (of the ``categories``, if any are named).

    ``direction`` is the client's sign of an ordinary booking ("out": he pays); the others are refunds. ``opened_on``
    is the day on which the service was first offered; without it only the streams of clients who joined after the first
    booking on record are known from their beginning. ``holdout_months`` at the end are foretold from what was before
    (default: half of the record, at most 12). ``fee_share`` of an amount, but at least ``fee_least``, is what the bank
    earns of a booking; without them the worth of a stream can only be told as the client's turnover. ``covariates``
    names columns of clients that may go with how often they book.
    """

    kind: str
    direction: Literal["out", "in"] = "out"
    categories: tuple[str, ...] = ()
    opened_on: date | None = None
    holdout_months: Annotated[int, Field(ge=1, le=60)] | None = None
    fee_share: Annotated[float, Field(ge=0, lt=1)] | None = None
    fee_least: Annotated[float, Field(ge=0)] = 0.0
    covariates: tuple[str, ...] = ()

    @field_validator("kind")
    @classmethod
    def _known_kind(cls, value: str) -> str:
        if value not in TRANSACTION_KINDS:
            raise ValueError(f"no kind of booking; expected one of {', '.join(TRANSACTION_KINDS)}")
        return value

    @model_validator(mode="after")
    def _whole_tariff(self) -> "StreamSection":
        if self.fee_least and self.fee_share is None:
            raise ValueError("fee_least without fee_share: say what share of an amount the fee is (0 for none)")
        return self


class RenewalSection(Section):
    """Contracts renewed every ``period_months``; one that ends within ``grace_months`` after a renewal was not."""

    period_months: Annotated[int, Field(ge=1, le=120)] = 12
    grace_months: Annotated[int, Field(ge=0, le=11)] = 0

    @model_validator(mode="after")
    def _within(self) -> "RenewalSection":
        if self.grace_months >= self.period_months:
            raise ValueError("grace_months is as long as the period: expected a shorter one")
        return self
