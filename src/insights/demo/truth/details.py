"""What an estimator needs of a month and no bank sees: the rows of adoption and of net new money, with their truth."""

import numpy as np

from insights.demo.clock import Clock
from insights.demo.law import Law
from insights.demo.money.market import Market
from insights.demo.money.products import Adoption
from insights.demo.money.treasury import Income
from insights.demo.people.clients import People
from insights.demo.people.managers import NEVER
from insights.demo.rows import Rows
from insights.demo.state import State

ADOPTION_CLIENTS = 4_000
"""Adoption is noted for this many clients, those with the lowest numbers: numbers have nothing to do with anything."""


def adoption_details(
    law: Law,
    people: People,
    market: Market,
    clock: Clock,
    adoption: Adoption,
    offered: np.ndarray,
    at: np.ndarray,
    t: int,
) -> Rows:
    """Return one row per client and product that he could have adopted in month ``t``."""
    who, product = np.nonzero(adoption.at_risk & (at < ADOPTION_CLIENTS)[:, None])
    adopted = np.zeros(adoption.at_risk.shape, bool)
    adopted[adoption.who, adoption.product] = True
    client = at[who]
    tolerance = people.tolerance[client]
    exposure = law.wealth.exposure_per_tolerance * tolerance
    return {
        "client_id": client.astype(np.int32),
        "month": np.full(len(who), t - clock.burn_in, np.int16),
        "product": product.astype(np.int8),
        "type": people.kind[client],
        "tolerance": tolerance,
        "exposure": exposure,
        "rate": np.full(len(who), 100 * (market.rate[t] - law.market.rate_mean)),
        "market": 10 * market.trailing(t) * exposure,
        "taste": people.taste[client, product],
        "offer": offered[who, product],
        "spare_cash": adoption.own.spare_cash[who],
        "log_tenure": adoption.own.log_tenure[who],
        "companion": adoption.own.companion[who, product],
        "digital": adoption.own.digital[who],
        "log_odds": adoption.odds[who, product],
        "adopted": adopted[who, product],
    }


def flow_details(state: State, income: Income, clock: Clock, without: int, t: int) -> Rows:
    """Return one row per client who stayed through month ``t``: assets before the month's flows, and the flow.

    The client ``without`` is left out: he would outweigh everybody in a sum.
    """
    kept = income.at != without
    at = income.at[kept]
    return {
        "client_id": at,
        "month": np.full(len(at), t - clock.burn_in, np.int16),
        "rm_id": state.rm[at].astype(np.int64),
        "before": income.before[kept] / 100,
        "flow": income.flow[kept] / 100,
    }


def cohorts(state: State, clock: Clock, at: np.ndarray) -> Rows:
    """Return, at the end, when the channel programme started for the clients ``at`` (-1: never), and with whom."""
    cohort = state.channel[at].astype(np.int64)
    return {
        "home_rm": state.home[at].astype(np.int64),
        "cohort": np.where(cohort == NEVER, -1, cohort - clock.burn_in),
    }
