"""Every parameter of the demo bank's process, in one typed place; written out as the ``truth`` beside the extracts.

Rates and probabilities are per month unless a name says otherwise. A "hazard" is the intensity of a cause within a
month: the chance that it strikes in the month, were it alone, is 1 - exp(-hazard) (complementary log-log link).
Money is in the reporting currency. Standardised covariates are (value - centre) / spread with the constants given here,
never with the moments of a sample, so that a law means the same in every bank drawn from it.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from insights.demo.law_service import (
    AccessLaw,
    BehaviourLaw,
    EventLaw,
    IncidentLaw,
    MentionLaw,
    NoteLaw,
    PositionLaw,
    RequestLaw,
    ServiceLaw,
    SourceCostLaw,
    SurveyLaw,
)


@dataclass(frozen=True)
class PeopleLaw:
    """Who the clients are when they join. Tuples have one entry per latent client type."""

    type_names: tuple[str, ...] = ("saver", "income investor", "growth investor", "entrepreneur")
    type_shares: tuple[float, ...] = (0.35, 0.30, 0.20, 0.15)
    separation: float = 1.0
    """Distance of the types from their common mean, in wealth, tolerance, experience and taste; 0: no types at all."""
    log_wealth: tuple[float, ...] = (12.9, 13.7, 14.0, 15.2)
    log_wealth_sd: float = 0.6
    heavy_tail_share: float = 0.03
    heavy_tail_mean: float = 0.9
    """A share of the clients gets an exponential extra on log wealth: a Pareto tail with index 1 / mean."""
    tolerance: tuple[float, ...] = (1.7, 2.8, 4.3, 3.6)
    tolerance_sd: float = 0.55
    experience_years: tuple[float, ...] = (4.0, 11.0, 15.0, 24.0)
    experience_sd: float = 3.0
    cash_share: tuple[float, ...] = (0.55, 0.25, 0.15, 0.30)
    age_at_joining: float = 51.0
    age_sd: float = 11.0
    """Chosen so that clients in the observed window are about 58 years old with standard deviation 11."""
    age_range: tuple[float, float] = (20.0, 88.0)
    female: float = 0.46
    digital_log_odds: float = 0.1
    digital_per_year_of_age: float = -0.05
    """Log odds of using the app at age 50 when joining, and per further year of age."""
    factor_correlation: float = 0.5
    loyalty_weights: tuple[float, ...] = (0.30, 0.20, 0.35, 0.15, 0.10)
    """Attitude on the five latent factors: product and service quality, personalisation, relationship management,
    experience, brand. The rest of the attitude's unit variance is the client's own."""
    satisfaction_trait: float = 0.7
    satisfaction_persistence: float = 0.9
    """Satisfaction = sqrt(trait) attitude + sqrt(1 - trait) mood; mood is AR(1) with this monthly persistence."""
    household_share: float = 0.25
    """Share of clients who belong to a household with another client."""
    acquisition_shares: tuple[float, ...] = (0.30, 0.25, 0.20, 0.15, 0.10)
    """Referral, branch, event, online, intermediary."""
    referral_dependent: float = 0.4
    """Share of referred clients who would not have joined without the referral."""
    move_monthly: float = 0.0015
    reprofile_monthly: float = 0.003
    """Chance of a move to another region, and of a new risk profile (one step), per client-month."""
    dominant_multiple: float = 2.0
    """When the window opens one client gets this multiple of everything else held in the smallest region. He is bound
    to the bank by contract: the only client who is not at risk of leaving."""


@dataclass(frozen=True)
class ManagerLaw:
    """The relationship managers."""

    count: int = 60
    effect_sd: float = 0.3
    """Random effect on the log hazard of leaving to a competitor; 0 switches it off."""
    experience_mean: float = 12.0
    experience_sd: float = 7.0
    """Centre and spread (years) by which experience is standardised."""
    reassigned_monthly: float = 0.002
    capacity_hours: tuple[int, ...] = (120, 140, 160)


@dataclass(frozen=True)
class LeavingLaw:
    """Hazards of leaving, by reason, each on the state at the end of the month before."""

    base: float = 0.0025
    log_tenure: float = 0.35
    tenure_per_5_years: float = -0.30
    """Competitor: base hazard of the average client; terms in log(1 + tenure years) and tenure years / 5."""
    satisfaction: float = -0.60
    log_wealth: float = -0.25
    complaint_6m: float = 0.80
    retention_programme: float = -0.35
    manager_experience: float = -0.20
    earlier_large_outflow: float = 0.70
    digital_first_24m: float = -0.40
    digital_later: float = 0.20
    intention: float = 1.00
    """Months in which the client is looking elsewhere (latent; it also drives outflows and behaviour)."""
    wealth_centre: float = 13.9
    wealth_spread: float = 1.0
    outflow_memory: int = 12
    complaint_memory: int = 6
    death_at_60: float = 0.0008
    death_slope: float = 0.09
    """Gompertz: death_at_60 * exp(death_slope * (age - 60))."""
    bank_base: float = 0.0002
    bank_log_wealth: float = -0.5
    dormancy_base: float = 0.0003
    dormancy_log_wealth: float = -0.6
    dormancy_per_year_of_age: float = 0.02
    relocation_base: float = 0.0003
    relocation_satisfaction: float = 0.0
    """Moves abroad, the bank's own reason; not 0: this censoring depends on satisfaction."""
    at_month_end: float = 0.4
    """Share of exits that are booked on the last day of their month."""


@dataclass(frozen=True)
class IntentionLaw:
    """The latent state of looking elsewhere: an on-off chain that nobody at the bank sees."""

    start: float = 0.006
    start_satisfaction: float = -0.5
    stop: float = 0.15


@dataclass(frozen=True)
class MarketLaw:
    """Markets: monthly log returns with volatility clustering, one crash, and an interest rate."""

    equity_mean: float = 0.004
    equity_sd: float = 0.030
    arch: float = 0.12
    garch: float = 0.80
    crash: float = -0.20
    crash_at: float = 0.5
    """Log return of the crash month, and where in the window it lies (0 start, 1 end)."""
    bond_mean: float = 0.0012
    bond_sd: float = 0.008
    rate_mean: float = 0.015
    rate_persistence: float = 0.97
    rate_sd: float = 0.0012
    """Yearly policy rate: AR(1), never below zero."""
    fx_sd: float = 0.015
    published_after_days: int = 20
    """Macro series are published this late; prices on the month end itself."""


@dataclass(frozen=True)
class WealthLaw:
    """Money: what clients bring, move and take, and what they are charged."""

    exposure_per_tolerance: float = 0.18
    exposure_mandate: float = 0.5
    """Market exposure of funds per step of tolerance (C1 0.18 ... C5 0.90), and of a mandate."""
    inflow: float = 0.05
    inflow_fraction: tuple[float, float] = (0.0, 0.10)
    outflow: float = 0.045
    outflow_fraction: tuple[float, float] = (0.0, 0.12)
    large_outflow: float = 0.003
    large_outflow_intention: float = 1.8
    """Chance of a large outflow, and its log odds ratio while looking elsewhere."""
    large_fraction: tuple[float, float] = (0.25, 0.70)
    in_kind: float = 0.2
    """Share of inflows that arrive as securities."""
    rebalance: float = 0.10
    programme_start: float = 0.005
    programme_per_month: float = 0.001
    programme_months: tuple[int, ...] = (13, 19, 25)
    programme_cap: int = 12
    """Channel programme: rise of expected monthly net new money over assets, 0.005 + 0.001 min(months since, 12), for
    the clients a manager had when it started; from months 13, 19, 25 of the window or never, better managers first."""
    cash_margin: float = 0.006
    mandate_fee_bps: float = 95.0
    custody_fee_bps: float = 15.0
    """Yearly; funds pay custody plus their product's own fee."""
    cost_fixed: float = 55.0


@dataclass(frozen=True)
class Product:
    """One product: what it is, what it costs, who may buy it, and how it is adopted (a monthly logit)."""

    code: str
    category: str
    risk_rating: int
    fee_bps: float
    minimum: float
    liquidity_days: int
    green: bool
    taste: tuple[float, ...]
    """Log odds of adoption by client type, added to the common intercept."""
    rate_effect: float
    market_effect: float
    """On the policy rate's distance from its mean (in percentage points), and on the market's return over three months
    (in tenths) times the client's exposure."""


@dataclass(frozen=True)
class ProductLaw:
    """The shelf."""

    intercept: float = -5.2
    initial_shift: float = 3.4
    """Products held on joining are drawn with the monthly log odds plus this."""
    drop: float = 0.006
    unsuitable: float = 0.03
    """Chance that tolerance is ignored for one client, product and month."""
    order_fraction: tuple[float, float] = (0.05, 0.30)
    shelf: tuple[Product, ...] = (
        Product("MM01", "money_market", 1, 20, 0, 1, False, (1.2, 0.2, -1.0, 0.4), 0.5, -0.3),
        Product("BF02", "bonds", 2, 45, 0, 2, False, (0.6, 1.2, -0.6, -0.2), 0.3, -0.2),
        Product("GB03", "bonds", 2, 50, 0, 2, True, (0.2, 0.6, 0.0, -0.4), 0.2, 0.0),
        Product("MA04", "mandate", 3, 95, 500_000, 5, False, (-1.2, 0.8, 0.2, 1.0), -0.1, 0.3),
        Product("EQ05", "equities", 4, 75, 0, 2, False, (-1.5, 0.2, 1.4, 0.6), -0.2, 0.6),
        Product("SP06", "structured", 4, 110, 100_000, 30, False, (-1.5, -0.2, 0.9, 0.5), 0.1, 0.4),
        Product("PE07", "alternatives", 5, 180, 1_000_000, 720, False, (-2.0, -1.0, 0.4, 1.2), -0.1, 0.3),
        Product("IN08", "insurance", 1, 60, 0, 90, False, (0.8, 0.4, -0.8, -0.6), 0.0, -0.1),
    )


@dataclass(frozen=True)
class ContactLaw:
    """Contacts and complaints. Channels: phone, email, meeting, messaging, app, branch."""

    rate: float = 0.24
    per_log_wealth: float = 0.25
    channels: tuple[str, ...] = ("phone", "email", "meeting", "messaging", "app", "branch")
    shares: tuple[float, ...] = (0.30, 0.25, 0.15, 0.10, 0.05, 0.15)
    digital_factors: tuple[float, ...] = (0.7, 1.1, 0.8, 2.0, 5.0, 0.4)
    """Shares of the channels, and by what digital clients multiply them."""
    wait_minutes: tuple[float, ...] = (4.0, 300.0, 0.0, 45.0, 1.0, 9.0)
    handling_minutes: tuple[float, ...] = (11.0, 9.0, 55.0, 8.0, 4.0, 16.0)
    cost_per_hour: float = 140.0
    resolved_log_odds: float = 1.6
    resolved_per_log_wait: float = -0.15
    rated: float = 0.4
    rating: float = 7.6
    rating_satisfaction: float = 1.0
    rating_resolved: float = 1.2
    rating_per_log_wait: float = -0.2
    rating_channels: tuple[float, ...] = (0.0, -0.4, 0.8, 0.2, 0.0, 0.2)
    rating_sd: float = 1.3
    """Mark from 0 to 10 for a contact, given in ``rated`` of them."""
    inbound: float = 0.6
    complaint: float = 0.012
    complaint_satisfaction: float = -0.20
    settle_days: float = 25.0


@dataclass(frozen=True)
class ProspectLaw:
    """Prospects: awareness, consideration, decision. Lags are exponential (mean months)."""

    never_per_joiner: float = 1.5
    """Prospects who never join, per one who does."""
    consider_lag: float = 3.0
    decide_lag: float = 2.0
    considers: float = 0.4
    """Share of those who never join who at least consider."""


@dataclass(frozen=True)
class DirtLaw:
    """Planted faults, per 1,000 clients (rounded up): enough to be found in a small bank, few enough to be counted."""

    exact_duplicates: float = 6.0
    near_duplicates: float = 4.0
    impossible_dates: float = 3.0
    exits_before_joining: float = 1.0
    absurd_money: float = 1.0
    unknown_codes: float = 3.0
    missing_birth_years: float = 8.0
    phone_numbers: float = 3.0
    other_encoding: float = 4.0
    late_bookings: float = 10.0
    late_exits: float = 2.0
    without_consent: float = 5.0
    careless_managers: int = 2
    """Managers who leave the occupation of about half of their clients empty."""
    careless_share: float = 0.5
    ledger_difference: float = 1_250_000.0
    ledger_months_back: int = 8
    """The general ledger is off by this much in one month; adjustments.csv says who, why and by whom approved."""


@dataclass(frozen=True)
class Law:
    """The whole law. ``Law()`` is the default; ``dataclasses.replace`` makes others."""

    burn_in_months: int = 240
    retention_programme_month: int = 12
    """Month of the window from which the randomised programme works (half of the clients in force then)."""
    people: PeopleLaw = field(default_factory=PeopleLaw)
    managers: ManagerLaw = field(default_factory=ManagerLaw)
    leaving: LeavingLaw = field(default_factory=LeavingLaw)
    intention: IntentionLaw = field(default_factory=IntentionLaw)
    market: MarketLaw = field(default_factory=MarketLaw)
    wealth: WealthLaw = field(default_factory=WealthLaw)
    products: ProductLaw = field(default_factory=ProductLaw)
    contacts: ContactLaw = field(default_factory=ContactLaw)
    prospects: ProspectLaw = field(default_factory=ProspectLaw)
    surveys: SurveyLaw = field(default_factory=SurveyLaw)
    notes: NoteLaw = field(default_factory=NoteLaw)
    events: EventLaw = field(default_factory=EventLaw)
    behaviour: BehaviourLaw = field(default_factory=BehaviourLaw)
    services: ServiceLaw = field(default_factory=ServiceLaw)
    requests: RequestLaw = field(default_factory=RequestLaw)
    access: AccessLaw = field(default_factory=AccessLaw)
    positions: PositionLaw = field(default_factory=PositionLaw)
    source_costs: SourceCostLaw = field(default_factory=SourceCostLaw)
    mentions: MentionLaw = field(default_factory=MentionLaw)
    incidents: IncidentLaw = field(default_factory=IncidentLaw)
    dirt: DirtLaw = field(default_factory=DirtLaw)

    def as_dict(self) -> dict[str, Any]:
        """Return the law as plain values, for the truth file."""
        return asdict(self)
