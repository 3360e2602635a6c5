"""Parameters of contacts and complaints. See ``law`` for the units."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ContactLaw:
    """Contacts and complaints. Channels: phone, email, meeting, messaging, app, branch."""

    rate: float = 0.60
    per_log_wealth: float = 0.25
    """Contacts a month of the average client (Poisson), and their log ratio per standard deviation of log wealth."""
    channels: tuple[str, ...] = ("phone", "email", "meeting", "messaging", "app", "branch")
    shares: tuple[float, ...] = (0.30, 0.25, 0.15, 0.10, 0.05, 0.15)
    digital_factors: tuple[float, ...] = (0.7, 1.1, 0.8, 2.0, 5.0, 0.4)
    channel_attitude: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    """Shares of the channels, by what digital clients multiply them, and the log ratio of each share per unit of
    attitude (a switch: not 0 makes the satisfied take other channels than the dissatisfied; what contacts cost on
    average, ``mean_cost``, does not know of it)."""
    topic_shares: tuple[float, ...] = (0.24, 0.20, 0.20, 0.14, 0.08, 0.09, 0.05)
    """Account, payments, investment, advice, fees, digital, life event."""
    wait_minutes: tuple[float, ...] = (4.0, 300.0, 0.0, 45.0, 1.0, 9.0)
    handling_minutes: tuple[float, ...] = (11.0, 9.0, 55.0, 8.0, 4.0, 16.0)
    cost_per_hour: float = 140.0
    """By channel: mean wait (exponential) and handling time (gamma of shape 2), in minutes; cost of an hour of it."""
    resolved_log_odds: float = 1.6
    resolved_per_log_wait: float = -0.15
    """Log odds that a contact settles the matter: without waiting, and per log(1 + minutes waited)."""
    rated: float = 0.4
    rating: float = 7.6
    rating_satisfaction: float = 1.0
    rating_resolved: float = 1.2
    rating_resolved_centre: float = 0.8
    rating_per_log_wait: float = -0.2
    rating_channels: tuple[float, ...] = (0.0, -0.4, 0.8, 0.2, 0.0, 0.2)
    rating_sd: float = 1.3
    """Mark from 0 to 10 for a contact, given in ``rated`` of them: mean, and what moves it by satisfaction, whether the
    matter was settled (against its centre), log(1 + minutes waited) and channel; and the spread of its error."""
    inbound: float = 0.6
    staff_hours: tuple[float, float] = (8.0, 18.0)
    client_hours: tuple[float, float] = (7.0, 23.0)
    """Share of contacts that the client begins; hours of the day in which staff work, and in which clients write."""
    delivery_minutes: tuple[float, ...] = (0.0, 4.0, 0.0, 0.5, 0.2, 0.0)
    delivery_slow: float = 0.02
    delivery_slow_minutes: float = 600.0
    """Messages of the bank (by channel; 0: not a message) are delivered after an exponential delay with this mean; a
    share of them waits much longer."""
    unread: tuple[float, ...] = (0.0, 0.30, 0.0, 0.12, 0.40, 0.0)
    open_hours: float = 9.0
    """Share of the messages never opened, by channel, and the mean time (exponential) until the others are."""
    complaint: float = 0.012
    complaint_satisfaction: float = -0.20
    """Hazard of a complaint of a client of average satisfaction, and its log ratio per standard deviation of it."""
    complaint_topic_shares: tuple[float, ...] = (0.25, 0.20, 0.18, 0.17, 0.12, 0.08)
    """Fees, performance, waiting, error, digital, staff."""
    complaint_severity: tuple[float, ...] = (0.6, 0.3, 0.1)
    settle_days: float = 25.0
    """Shares of the severities 1 to 3, and mean days until a complaint is settled (gamma of shape 2)."""
