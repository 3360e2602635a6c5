"""Parameters of what the bank and its clients do beside money: surveys, notes, events, behaviour; and public life.

Nothing here feeds back into leaving or money: these tables observe the process. See ``law`` for the units.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class SurveyLaw:
    """Two waves a year. Each of the five factors has three items from 1 to 5; the recommendation runs from 0 to 10."""

    every_months: int = 6
    first_month: int = 3
    invited: float = 0.5
    answer: float = -0.3
    answer_log_wealth: float = 0.5
    answer_satisfaction: float = 0.0
    """Log odds of answering: of the average client, per standard deviation of log wealth, and of satisfaction (a
    switch: not 0 makes the silence informative)."""
    loading: float = 0.8
    """Correlation of the answer behind an item with its factor; reliability of an item is its square."""
    thresholds: tuple[float, ...] = (-1.6, -0.9, 0.0, 0.9)
    recommend: float = 7.2
    recommend_attitude: float = 1.6
    recommend_log_wealth: float = 0.5
    recommend_sd: float = 1.0
    """Mark from 0 to 10 before rounding: of the average client, per unit of attitude, per standard deviation of log
    wealth, and the spread of its error. The wealthy answer more and recommend more, so the mean of those who answer is
    too high; wealth has no part in attitude, so the weights of the five factors stay what they are."""
    delay_days: float = 9.0
    languages: tuple[float, ...] = (0.62, 0.22, 0.06, 0.10)
    """Shares of the languages in which clients are asked."""
    pulse: bool = False
    """A switch: every client states his satisfaction on the first day of every month, in the survey item
    ``item_satisfaction`` (5 + satisfaction, not rounded), so that it is an observed column."""


@dataclass(frozen=True)
class NoteLaw:
    """Coded notes of visits and interviews."""

    rate: float = 0.03
    sentiment_satisfaction: float = 0.30
    sentiment_sd: float = 0.35
    other_bank: float = 0.04
    other_bank_intention: float = 0.30
    """Chance that the other bank is the topic, and that in months in which the client looks elsewhere (latent)."""


@dataclass(frozen=True)
class EventLaw:
    """Events and care contacts, every third month; who is more satisfied comes more often."""

    every_months: int = 3
    invited: float = 0.10
    attended: float = -0.2
    attended_satisfaction: float = 0.4
    cost: tuple[float, ...] = (90.0, 220.0, 310.0, 60.0)
    """Share of the clients invited each time; log odds of coming, and per standard deviation of satisfaction; cost of
    an invitation to a market outlook, an art evening, a golf day, and of a birthday call."""


@dataclass(frozen=True)
class BehaviourLaw:
    """Visits to website and app of digital clients: days per month, by action."""

    actions: tuple[str, ...] = ("login", "research", "fees", "export")
    days: tuple[float, ...] = (0.5, 0.15, 0.04, 0.03)
    intention: tuple[float, ...] = (0.1, 0.0, 1.2, 2.0)
    """Log of the factor by which the rate rises in months in which the client looks elsewhere (latent)."""
    app: float = 0.6
    again: float = 0.7
    """Share of the app, and the mean number of times beyond the first on a day."""


@dataclass(frozen=True)
class SourceCostLaw:
    """Cost per client won, by acquisition source (referral, branch, event, online, intermediary), paid evenly."""

    per_client: tuple[float, ...] = (400.0, 1_500.0, 2_600.0, 900.0, 3_200.0)
    spread: float = 0.15
    """By source, in currency units, and the spread of its log from month to month."""


@dataclass(frozen=True)
class MentionLaw:
    """Public mentions a day by channel (press, social media, forum), and one outbreak of bad ones."""

    positive: tuple[float, ...] = (0.3, 1.5, 0.5)
    neutral: tuple[float, ...] = (1.0, 2.5, 1.2)
    negative: tuple[float, ...] = (0.1, 0.8, 0.5)
    outbreak_at: float = 0.7
    outbreak_days: int = 12
    outbreak_factor: float = 9.0
    """Where in the window the outbreak starts (0 start, 1 end), how long it lasts, and its factor on bad mentions."""


@dataclass(frozen=True)
class IncidentLaw:
    """Operational incidents: rate per 1,000 clients and month, log loss, and months until they are reported."""

    per_thousand: float = 0.5
    log_loss: float = 8.0
    log_loss_sd: float = 1.4
    delay_months: float = 3.0
    with_client: float = 0.6
    with_manager: float = 0.5
    loss_unknown: float = 0.1
    """Shares of the incidents with a client, with a manager, and without a loss that is known."""


@dataclass(frozen=True)
class ServiceLaw:
    """Value-added services and partner benefits: uses a month, shares of the services, points per use."""

    rate: float = 0.02
    per_log_wealth: float = 0.3
    shares: tuple[float, ...] = (0.25, 0.15, 0.30, 0.05, 0.25)
    points: tuple[float, ...] = (50.0, 80.0, 30.0, 120.0, -100.0)
    again: float = 0.5
    """Mean number of uses beyond the first that a row stands for."""


@dataclass(frozen=True)
class RequestLaw:
    """Requests by kind; mean days and chance of giving up by step (received, documents, check, decision)."""

    rate: float = 0.015
    shares: tuple[float, ...] = (0.25, 0.30, 0.10, 0.35)
    days: tuple[float, ...] = (1.0, 6.0, 4.0, 2.0)
    abandoned: tuple[float, ...] = (0.02, 0.12, 0.04, 0.01)
    self_service: float = 0.6
    self_service_pace: float = 0.5
    """Requests a month; shares of new account, card, mortgage, address change; by step mean days (exponential) and
    chance of giving up; share of digital clients' requests in self-service, and the factor on its days."""


@dataclass(frozen=True)
class AccessLaw:
    """Staff access. One manager reads many clients who are not his; another reads the richest client over and over."""

    rate: float = 0.12
    checks: tuple[float, ...] = (0.90, 0.02, 0.08)
    """Reads of a client's data a month, and shares of identity checks passed, failed and not made."""
    curious_manager: int = 7
    curious_at: float = 0.6
    curious_clients: int = 60
    obsessed_manager: int = 23
    obsessed_at: float = 0.8
    obsessed_times: int = 30
    """Numbers of the managers (by rm_id), and where in the window it happens (0 start, 1 end), within one month."""


@dataclass(frozen=True)
class PositionLaw:
    """The bank's own books over client deposits: liquidity and bonds.

    What is not lent either is placed with other banks (negative: borrowed from them).
    """

    shares: tuple[float, ...] = (0.30, 0.25)
    spread: float = 0.02
    """Liquidity and bonds over deposits, and the spread of their logs from month to month."""
