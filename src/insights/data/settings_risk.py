"""Settings of risks: when papers are due, which loans are watched, how rarely charts cry wolf, what may go."""

from datetime import date
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, model_validator

from insights.data.settings_market import refuse_moved
from insights.data.settings_sources import Section

Share = Annotated[float, Field(gt=0, le=1)]
Move = Annotated[float, Field(gt=-1, le=5)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]


class MarketSection(Section):
    """What markets may do to clients and to the bank.

    The indices are those of ``[market]``. ``own`` names the one that an item of the bank's own positions moves with.
    ``allowed_loss`` is the share of his assets that a client of each tolerance, C1 to C5, may lose in the worst of
    twenty years. ``scenarios`` names moves of indices, as fractions; an index that is not named stays where it is.
    """

    own: dict[str, str] = Field(default_factory=dict)
    allowed_loss: tuple[Share, Share, Share, Share, Share] = (0.05, 0.10, 0.15, 0.25, 0.40)
    scenarios: dict[Name, dict[str, Move]] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _moved(cls, data: Any) -> Any:
        return refuse_moved(data, "indices")


class CollateralSection(Section):
    """What loans are secured by, and what it loses in the scenarios of ``[risk.market]``.

    ``portfolio`` are the kinds of collateral that are the client's own portfolio: they lose what it loses. ``falls``
    says by scenario what other kinds lose, as fractions; a kind that is not named keeps its value.
    """

    portfolio: tuple[str, ...] = ("portfolio",)
    falls: dict[Name, dict[str, Annotated[float, Field(ge=-5, le=1)]]] = Field(default_factory=dict)


class LiquiditySection(Section):
    """What the bank could pay out, and what clients may take.

    ``deposits`` are the categories of balances that are money with the bank. ``liquid`` names the items of the bank's
    own positions that can be turned into money within a month, each with what a tight market takes off its value. In
    the hardest case the share ``called`` of the credit limits that are not drawn is drawn at once. ``least_days`` is
    for how many days liquid assets should last in a tight market.
    """

    deposits: Annotated[tuple[str, ...], Field(min_length=1)] = ("cash",)
    liquid: dict[str, Annotated[float, Field(ge=0, lt=1)]] = Field(default_factory=dict)
    called: Annotated[float, Field(ge=0, le=1)] = 0.25
    least_days: Annotated[int, Field(ge=1, le=3660)] = 90


class FraudSection(Section):
    """Which bookings are screened for fraud, and how many of them can be looked into.

    ``kinds`` of bookings out of the client's money are screened. ``fraud`` and ``cleared`` are the labels of outcomes;
    what is not labelled ``maturation_days`` after its booking is taken to have raised no suspicion. ``analysts`` look
    into ``cases_per_day`` each; a case costs ``case_cost``, and of the amount of a fraud found in time the share
    ``recovered`` is saved. Of what no alert is raised for, the share ``sample_share`` is drawn all the same, so that
    misses can be known. Alerts are open for ``open_days``.
    """

    kinds: tuple[str, ...] = ("payment", "transfer")
    fraud: tuple[str, ...] = ("fraud",)
    cleared: tuple[str, ...] = ("cleared",)
    maturation_days: Annotated[int, Field(ge=7, le=720)] = 180
    analysts: Annotated[float, Field(gt=0)] = 1.0
    cases_per_day: Annotated[float, Field(gt=0)] = 8.0
    case_cost: Annotated[float, Field(ge=0)] = 0.0
    recovered: Share = 0.5
    sample_share: Annotated[float, Field(gt=0, le=0.5)] = 0.01
    open_days: Annotated[int, Field(ge=1, le=92)] = 14


class DeskSection(Section):
    """What a desk can do about those whom a score finds, and what that is worth.

    It takes ``cases_per_month``; a case costs ``case_cost`` and saves the share ``saved`` of what is at stake. Of those
    for whom no case is opened the share ``sample_share`` is drawn by lot all the same, so that misses can be known.
    """

    cases_per_month: Annotated[float, Field(gt=0)]
    case_cost: Annotated[float, Field(ge=0)] = 0.0
    saved: Share = 0.1
    sample_share: Annotated[float, Field(gt=0, le=0.5)] = 0.02


class ComplaintsDesk(DeskSection):
    """The same for clients likely to complain; a complaint costs ``complaint_cost``.

    Without a cost of cases and of complaints what the desk can do decides alone.
    """

    complaint_cost: Annotated[float, Field(gt=0)] = 1.0


class DesksSection(Section):
    """Who takes what scores find: reviews of loans that are not on watch, calls before a complaint, looks at staff.

    Of clients whom markets may take less than they accept, and of members of staff by month, none is found by a score
    below its threshold: only ``market_share`` and ``staff_share`` of them are drawn by lot.
    """

    loans: DeskSection = DeskSection(cases_per_month=10)
    complaints: ComplaintsDesk = ComplaintsDesk(cases_per_month=100, saved=0.3)
    market_share: Annotated[float, Field(gt=0, le=0.5)] = 0.005
    staff_share: Annotated[float, Field(gt=0, le=0.5)] = 0.02


class SecuritySection(Section):
    """When access to client data was last audited, who answers for that, and every how many months it is due.

    ``owner`` is a code that ``[labels.owner]`` names. An audit after the as-of date is not known yet.
    """

    last_audit: date | None = None
    owner: str | None = None
    every_months: Annotated[int, Field(ge=1, le=60)] = 12


Threshold = Literal["papers_days", "profile_months", "watch_cover", "false_alarm_months", "rise", "least_days"]
THRESHOLDS: tuple[Threshold, ...] = get_args(Threshold)


class Revision(Section):
    """A threshold that was changed: when, what it was before, and why, by a code that ``[labels.revision]`` names."""

    threshold: Threshold
    on: date
    before: Annotated[float, Field(gt=0)]
    why: Annotated[str, Field(min_length=1)]


class RiskSection(Section):
    """What the risk report warns of.

    Identity papers that expire within ``papers_days`` are told beforehand. A risk profile is stale when its last
    entry is older than ``profile_months``. The desk that keeps the register can settle ``cases_per_day``. A loan is
    watched while its payments are late or more than the share ``watch_cover`` of its collateral is drawn. Charts of
    complaints and mentions are designed for one false alarm in ``false_alarm_months``, and to find a rise by the
    factor ``rise`` soonest. ``revised`` are the thresholds that were changed.
    """

    papers_days: Annotated[int, Field(ge=1, le=366)] = 90
    profile_months: Annotated[int, Field(ge=6, le=240)] = 36
    cases_per_day: Annotated[float, Field(gt=0)] = 20.0
    watch_cover: Annotated[float, Field(gt=0, le=1)] = 0.90
    false_alarm_months: Annotated[int, Field(ge=3, le=240)] = 24
    rise: Annotated[float, Field(gt=1, le=10)] = 1.5
    market: MarketSection = MarketSection()
    collateral: CollateralSection = CollateralSection()
    liquidity: LiquiditySection = LiquiditySection()
    fraud: FraudSection = FraudSection()
    desks: DesksSection = DesksSection()
    security: SecuritySection = SecuritySection()
    revised: list[Revision] = Field(default_factory=list)

    def threshold(self, name: Threshold) -> float:
        """Return a threshold that may be revised, as it is now."""
        return float(self.liquidity.least_days if name == "least_days" else getattr(self, name))
