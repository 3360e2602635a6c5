"""The month's rows of the tables that tell the state of the clients: history, balances, revenue."""

import numpy as np

from insights.demo.clock import Clock
from insights.demo.law import Law
from insights.demo.money.treasury import Income
from insights.demo.people.clients import People
from insights.demo.people.elsewhere import WealthElsewhere, unasked
from insights.demo.rows import Rows, length
from insights.demo.state import CATEGORIES, State

REVENUE_KINDS = ("fee", "interest_margin", "cost_to_serve")


def history_rows(
    people: People,
    state: State,
    clock: Clock,
    t: int,
    new: np.ndarray,
    changed: np.ndarray,
    elsewhere: WealthElsewhere,
) -> Rows:
    """Return the attributes of those who come or come back, of all when the window opens, and of those that changed.

    And of those who were asked what they hold elsewhere, on the day of the talk.
    """
    asked, day, told = elsewhere.step(state, t, new)
    if t == clock.burn_in:
        changed = np.flatnonzero(people.joined < t)
    listed = np.concatenate([changed, new])
    start = np.maximum(clock.month_start(t), state.began_on[listed])
    if t == clock.burn_in:
        start = state.began_on[listed]
    outside = np.concatenate([unasked(len(listed)), told])
    start, listed = np.concatenate([start, day]), np.concatenate([listed, asked])
    return {
        "client_id": listed,
        "valid_from": start,
        "rm_id": state.rm[listed].astype(np.int64),
        "region": people.region[listed],
        "risk_tolerance": people.tolerance[listed],
        "external_wealth": outside,
    }


def balance_rows(state: State, income: Income, clock: Clock, t: int) -> Rows:
    """Return the balances at the end of the month, by category; what is empty and did not move is left out."""
    at, n = np.flatnonzero(state.present), len(CATEGORIES)
    change = np.zeros((len(state.present), n), np.int64)
    change[income.at] = income.market_change
    amounts, changes = state.assets[at].ravel(), change[at].ravel()
    shown = np.flatnonzero((amounts != 0) | (changes != 0))
    return {
        "client_id": np.repeat(at, n)[shown],
        "month": np.full(len(shown), clock.month_start(t)),
        "category": np.tile(np.arange(n, dtype=np.int8), len(at))[shown],
        "amount": amounts[shown],
        "market_change": changes[shown],
    }


def revenue_rows(
    law: Law, clock: Clock, income: Income, contacts: Rows, fees: np.ndarray, margins: np.ndarray, t: int
) -> Rows:
    """Return fee, margin and cost of everybody who stayed, in whole cents; contacts cost what they cost.

    ``fees`` are those of payments and ``margins`` those of loans, one entry per client.
    """
    cost = np.full(len(fees), int(100 * law.wealth.cost_fixed), np.int64)
    if length(contacts):
        np.add.at(cost, contacts["client_id"], contacts["cost"])
    at = income.at
    amounts = np.stack([income.fee + fees[at], income.margin + margins[at], -cost[at]], axis=1)
    return {
        "client_id": np.repeat(at, 3),
        "month": np.full(3 * len(at), clock.month_start(t)),
        "kind": np.tile(np.arange(3, dtype=np.int8), len(at)),
        "amount": amounts.ravel(),
    }
