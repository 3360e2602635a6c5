"""Contacts and complaints of one month, drawn for everybody at risk; those who leave stop on their last day."""

import numpy as np

from insights.demo.clock import Clock
from insights.demo.law import Law
from insights.demo.people.leaving import Risk
from insights.demo.rows import NO_DAY, NO_MOMENT, Rows, pick
from insights.demo.state import State
from insights.demo.streams import uneven_choice

TOPICS = ("account", "payments", "investment", "advice", "fees", "digital", "life event")
COMPLAINT_TOPICS = ("fees", "performance", "waiting", "error", "digital", "staff")
DIRECTIONS = ("inbound", "outbound")


def contact_rows(
    law: Law, risk: Risk, state: State, clock: Clock, t: int, rng: np.random.Generator, attitude: np.ndarray
) -> Rows:
    """Draw the contacts of month ``t``: channel, topic, waiting, handling, whether it was settled, rating, cost.

    ``attitude`` has one entry per client of ``risk``.
    """
    p = law.contacts
    number = rng.poisson(p.rate * np.exp(p.per_log_wealth * np.clip(risk.log_wealth, -3, 3)))
    of = np.repeat(np.arange(len(risk.at)), number)
    n = len(of)
    shares = np.asarray(p.shares) * np.where(risk.digital[of][:, None], p.digital_factors, 1.0)
    if any(p.channel_attitude):
        shares = shares * np.exp(attitude[of][:, None] * np.asarray(p.channel_attitude))
    channel = uneven_choice(rng, shares)
    wait = rng.exponential(1.0, n) * np.asarray(p.wait_minutes)[channel]
    handling = rng.gamma(2.0, 0.5, n) * np.asarray(p.handling_minutes)[channel]
    resolved = rng.random(n) < 1 / (1 + np.exp(-(p.resolved_log_odds + p.resolved_per_log_wait * np.log1p(wait))))
    rating = (
        p.rating
        + p.rating_satisfaction * risk.satisfaction[of]
        + p.rating_resolved * (resolved - p.rating_resolved_centre)
        + p.rating_per_log_wait * np.log1p(wait)
        + np.asarray(p.rating_channels)[channel]
        + p.rating_sd * rng.standard_normal(n)
    )
    rated = rng.random(n) < p.rated
    rows: Rows = {
        "client_id": risk.at[of],
        "contacted_on": clock.day(t, rng.random(n)),
        "channel": channel,
        "direction": (rng.random(n) > p.inbound).astype(np.int8),
        "topic": rng.choice(len(TOPICS), n, p=p.topic_shares).astype(np.int8),
        "wait_minutes": np.round(wait, 1),
        "handling_minutes": np.round(handling, 1),
        "resolved": resolved.astype(np.int8),
        "satisfaction": np.where(rated, np.clip(np.rint(rating), 0, 10), -1).astype(np.int8),
        "cost": np.rint(100 * p.cost_per_hour * handling / 60).astype(np.int64),
    }
    rows |= _times(law, rows, clock, rng)
    return until_left(rows, "contacted_on", state)


def mean_cost(law: Law, log_wealth: np.ndarray, digital: np.ndarray) -> np.ndarray:
    """Return what the contacts of a month cost on average, in currency units, by client (both arrays: one entry each).

    ``contact_rows`` draws their number and length independently of each other, given wealth and being digital.
    """
    p = law.contacts
    minutes, shares = np.asarray(p.handling_minutes), np.asarray(p.shares)
    by_kind = [shares @ minutes, (factors := shares * np.asarray(p.digital_factors)) @ minutes / factors.sum()]
    each: np.ndarray = p.cost_per_hour / 60 * np.where(digital, by_kind[1], by_kind[0] / shares.sum())
    return each * p.rate * np.exp(p.per_log_wealth * np.clip(log_wealth, -3, 3))


def _times(law: Law, rows: Rows, clock: Clock, rng: np.random.Generator) -> Rows:
    """Draw when each contact began, and when messages of the bank were delivered and opened by the last day."""
    p, channel, n = law.contacts, rows["channel"], len(rows["channel"])
    mean = np.asarray(p.delivery_minutes)[channel]
    message = mean > 0
    outbound = rows["direction"] == 1
    written = (message & ~outbound)[:, None]
    first, last = np.where(written, p.client_hours, p.staff_hours).T
    at = rows["contacted_on"].astype("datetime64[s]") + _seconds(60 * (first + (last - first) * rng.random(n)))
    slow = rng.random(n) < p.delivery_slow
    delivered = at + _seconds(np.where(slow, p.delivery_slow_minutes, mean) * rng.exponential(1.0, n))
    read = rng.random(n) >= np.asarray(p.unread)[channel]
    opened = delivered + _seconds(60 * p.open_hours * rng.exponential(1.0, n))
    end = np.datetime64(clock.last_day) + 1
    sent = message & outbound
    return {
        "contacted_at": at,
        "delivered_at": np.where(sent & (delivered < end), delivered, NO_MOMENT),
        "opened_at": np.where(sent & read & (opened < end), opened, NO_MOMENT),
    }


def _seconds(minutes: np.ndarray) -> np.ndarray:
    return np.rint(60 * minutes).astype("timedelta64[s]")


def complaint_rows(law: Law, risk: Risk, state: State, clock: Clock, t: int, rng: np.random.Generator) -> Rows:
    """Draw the complaints of month ``t`` and remember them in ``state``; what is settled after the end stays open."""
    p = law.contacts
    chance = 1 - np.exp(-p.complaint * np.exp(p.complaint_satisfaction * risk.satisfaction))
    of = np.flatnonzero(rng.random(len(risk.at)) < chance)
    n, filed = len(of), clock.day(t, rng.random(len(of)))
    settled = filed + np.ceil(rng.gamma(2.0, p.settle_days / 2, n)).astype(np.int64)
    rows: Rows = {
        "client_id": risk.at[of],
        "filed_on": filed,
        "topic": rng.choice(len(COMPLAINT_TOPICS), n, p=p.complaint_topic_shares).astype(np.int8),
        "severity": 1 + rng.choice(len(p.complaint_severity), n, p=p.complaint_severity).astype(np.int8),
        "settled_on": np.where(settled <= np.datetime64(clock.last_day), settled, NO_DAY),
    }
    rows = until_left(rows, "filed_on", state)
    state.last_complaint[rows["client_id"]] = t
    return rows


def until_left(rows: Rows, date: str, state: State) -> Rows:
    """Return the rows dated no later than the day their client left."""
    left = state.left_on[rows["client_id"]]
    return pick(rows, np.isnat(left) | (rows[date] <= left))
