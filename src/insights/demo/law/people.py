"""Parameters of who the clients are, who looks after them, and why they leave. See ``law`` for the units."""

from dataclasses import dataclass


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
    heavy_tail_mean: float = 0.6
    """A share of the clients gets an exponential extra on log wealth: a Pareto tail with index 1 / mean."""
    tolerance: tuple[float, ...] = (1.7, 2.8, 4.3, 3.6)
    tolerance_sd: float = 0.40
    experience_years: tuple[float, ...] = (3.0, 10.0, 17.0, 24.0)
    experience_sd: float = 1.3
    """Spreads within a type: with the law known, an adjusted Rand index of more than 0.9 is possible."""
    cash_share: tuple[float, ...] = (0.55, 0.25, 0.15, 0.30)
    cash_share_range: tuple[float, float] = (0.05, 0.9)
    """The share of cash that a client keeps, and its bounds where the types are pulled together."""
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
    """Referral, branch, event, online, intermediary. Somebody drawn for referral knows one of those who ever were
    clients; if that one is no longer there, he comes by another way or not at all."""
    referral_dependent: float = 0.4
    """Share of those drawn for referral who join only if the one they know is a client."""
    region_shares: tuple[float, ...] = (0.32, 0.20, 0.16, 0.13, 0.11, 0.05, 0.03)
    """The last region is the small one that one client dominates."""
    move_monthly: float = 0.0015
    reprofile_monthly: float = 0.002
    """Chance of a move to another region, and of a new risk profile (one step), per client-month."""
    dominant_multiple: float = 3.0
    """When the window opens one client gets this multiple of everything else held in the smallest region. He is bound
    to the bank by contract: the only client who is not at risk of leaving, takes out nothing large, and is in no
    programme for his manager's clients."""


@dataclass(frozen=True)
class ManagerLaw:
    """The relationship managers."""

    count: int = 60
    effect_sd: float = 0.3
    """Random effect on the log hazard of leaving to a competitor; 0 switches it off."""
    experience_mean: float = 12.0
    experience_sd: float = 7.0
    """Centre and spread (years) by which experience is standardised."""
    experience_range: tuple[float, float] = (6.0, 38.0)
    skill_noise: float = 0.7
    """Managers start the channel programme by skill plus this much noise: better ones first, but not by skill alone."""
    reassigned_monthly: float = 0.002
    capacity_hours: tuple[int, ...] = (120, 140, 160)
    """Chance that a client gets another manager, per client-month; hours a month for clients, one of these by lot."""


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
    returns: float = 0.003
    """Hazard of coming back for those who went to a competitor after the window opened; the new spell starts with
    tenure 0."""


@dataclass(frozen=True)
class IntentionLaw:
    """The latent state of looking elsewhere: an on-off chain that nobody at the bank sees."""

    start: float = 0.006
    start_satisfaction: float = -0.5
    stop: float = 0.15
    """Hazard of starting for a client of average satisfaction, its log ratio per standard deviation of it, and the
    chance of stopping, per month."""


@dataclass(frozen=True)
class RegisterLaw:
    """What the client register says beside what the process needs."""

    occupations: tuple[float, ...] = (0.12, 0.18, 0.12, 0.10, 0.14, 0.08, 0.10, 0.04, 0.05, 0.07)
    """Business owner, executive, physician, lawyer, engineer, retired, civil servant, farmer, artist, heir."""
    entrepreneurs_own: float = 0.7
    retired_after: float = 66.0
    retired: float = 0.8
    """Share of entrepreneurs who own a business, and of those older than ``retired_after`` who are retired."""
    income_log_wealth: float = 12.6
    income_sd: float = 0.7
    """Income band 0 to 4: log wealth minus this, with this noise, rounded."""
    interests_unknown: float = 0.3
    external_unknown: float = 0.4
    external_log_ratio: float = -0.4
    external_sd: float = 0.8
    """Wealth elsewhere over wealth on joining, in logs, as stated then; unknown for a share of the clients."""
    exit_known_days: float = 2.0
    papers_valid_days: int = 3_650
    papers_expired: float = 15.0
    papers_expired_days: int = 400
    """Identity papers expired among 1,000 clients (rounded up, of those in force), by at most this many days."""


@dataclass(frozen=True)
class ElsewhereLaw:
    """What clients hold at other banks. Nothing here feeds back into leaving or money at this bank."""

    told: float = 0.5
    """Share of the clients who say once a year what they hold elsewhere."""
    drift: float = 0.002
    satisfaction: float = -0.006
    sd: float = 0.03
    stated_sd: float = 0.05
    """Its log from month to month: drift, per standard deviation of satisfaction with this bank, and spread; and the
    spread of what a client says of it around what it is."""


@dataclass(frozen=True)
class ProspectLaw:
    """Prospects: awareness, consideration, decision. Lags are exponential (mean months)."""

    never_per_joiner: float = 1.5
    """Prospects who never join, per one who does."""
    consider_lag: float = 3.0
    decide_lag: float = 2.0
    considers: float = 0.4
    """Share of those who never join who at least consider."""
