"""One month of money: markets, interest, flows, trades, fees.

Everything is in whole cents, so the books close exactly:
opening + bookings (flows, trades, interest, fees) + market change = closing, for every client and category.
"""

from dataclasses import dataclass

import numpy as np

from insights.demo.clock import Clock
from insights.demo.law import Law
from insights.demo.money.bookings import (
    CHANNELS,
    FEE,
    INFLOW,
    INTEREST,
    OUTFLOW,
    SECURITY_IN,
    SECURITY_OUT,
    TRADE,
    Bookings,
    take,
)
from insights.demo.money.market import Market
from insights.demo.money.products import Shelf
from insights.demo.people.clients import People
from insights.demo.people.managers import Managers
from insights.demo.state import CASH, CATEGORIES, FUNDS, MANDATE, State


@dataclass(frozen=True)
class Income:
    """What the month brought the bank from each client ``at``, in cents (costs are booked elsewhere)."""

    at: np.ndarray
    market_change: np.ndarray
    fee: np.ndarray
    margin: np.ndarray
    before: np.ndarray
    flow: np.ndarray
    """Assets when the month's flows begin (markets have moved by then), and the net new money of the month."""


class Treasury:
    """Moves the money of a bank; holds what does not change from month to month."""

    def __init__(
        self, law: Law, clock: Clock, people: People, market: Market, shelf: Shelf, managers: Managers
    ) -> None:
        self.law, self.clock, self.people, self.market, self.shelf = law, clock, people, market, shelf
        self.skill = managers.skill
        self.settled = -1
        """The client whose contract binds him takes out nothing large."""

    def open(self, state: State, at: np.ndarray, held: np.ndarray, opening: np.ndarray, book: Bookings) -> None:
        """Book the first deposit of new clients and invest it; ``opening`` is in cents."""
        cash = np.rint(opening * self.people.cash_share[at]).astype(np.int64)
        has_mandate = held[:, self.shelf.mandate].any(axis=1)
        mandate = np.where(has_mandate, (opening - cash) // 2, 0)
        funds = opening - cash - mandate
        day = state.began_on[at]
        book.add(at, day, INFLOW, opening, CASH, channel=CHANNELS.index("branch"))
        book.add(at, day, TRADE, -(funds + mandate), CASH)
        book.add(at, day, TRADE, funds, FUNDS)
        book.add(at, day, TRADE, mandate, MANDATE, product=int(np.flatnonzero(self.shelf.mandate)[0]))
        state.assets[at] = np.stack([cash, funds, mandate], axis=1)
        state.held[at] = held

    def close(self, state: State, at: np.ndarray, book: Bookings) -> None:
        """Pay interest, charge fees and hand everything out to clients who leave, on the day they do."""
        day, assets = state.left_on[at], state.assets[at]
        book.add(at, day, INTEREST, state.interest_due[at], CASH)
        assets[:, CASH] += state.interest_due[at]
        self._charge(assets, at, day, state.fee_due[at], book)
        book.add(at, day, OUTFLOW, -assets[:, CASH], CASH, channel=CHANNELS.index("branch"))
        book.add(at, day, SECURITY_OUT, -assets[:, FUNDS], FUNDS)
        book.add(at, day, SECURITY_OUT, -assets[:, MANDATE], MANDATE)
        state.assets[at] = 0
        state.interest_due[at] = 0
        state.fee_due[at] = 0

    def month(self, state: State, at: np.ndarray, t: int, book: Bookings, rng: np.random.Generator) -> Income:
        """Move the money of the clients ``at`` who stay through month ``t``."""
        assets = state.assets[at]
        change = self._market_change(assets, at, t)
        assets += change
        total = assets.sum(axis=1)
        large = self._flows(state, assets, total, at, t, book, rng)
        flow = assets.sum(axis=1) - total
        state.last_outflow[at[large]] = t
        self._rebalance(state, assets, at, t, book, rng)
        fee, margin = self._earn(state, assets, at, t)
        if (self.clock.first + t).astype(object).month % 3 == 0:
            end = self.clock.month_end(t)
            book.add(at, end, INTEREST, state.interest_due[at], CASH)
            assets[:, CASH] += state.interest_due[at]
            self._charge(assets, at, end, state.fee_due[at], book)
            state.interest_due[at] = 0
            state.fee_due[at] = 0
        state.assets[at] = assets
        return Income(at, change, fee, margin, total, flow)

    def order(
        self, state: State, at: np.ndarray, product: np.ndarray, t: int, book: Bookings, rng: np.random.Generator
    ) -> np.ndarray:
        """Buy adopted products: funds from cash, a mandate from funds. One client may buy several in a month.

        Return the day of each order.
        """
        low, high = self.law.products.order_fraction
        part = low + (high - low) * rng.random(len(at))
        day, channel = self.clock.day(t, rng.random(len(at))), self._channel(at, rng)
        for number in range(len(self.shelf.codes)):
            mine = np.flatnonzero(product == number)
            source, goal = (FUNDS, MANDATE) if self.shelf.mandate[number] else (CASH, FUNDS)
            who = at[mine]
            amount = np.floor(part[mine] * state.assets[who, source]).astype(np.int64)
            state.assets[who, source] -= amount
            state.assets[who, goal] += amount
            book.add(who, day[mine], TRADE, -amount, source, number, channel[mine])
            book.add(who, day[mine], TRADE, amount, goal, number, channel[mine])
            # Who has nothing there to pay with switches out of other funds.
            switched = np.where(amount == 0, np.floor(part[mine] * state.assets[who, FUNDS]), 0).astype(np.int64)
            book.add(who, day[mine], TRADE, -switched, FUNDS, -1, channel[mine])
            book.add(who, day[mine], TRADE, switched, FUNDS, number, channel[mine])
        return day

    def _market_change(self, assets: np.ndarray, at: np.ndarray, t: int) -> np.ndarray:
        p, change = self.law.wealth, np.zeros_like(assets)
        exposure = p.exposure_per_tolerance * self.people.tolerance[at]
        change[:, FUNDS] = np.rint(assets[:, FUNDS] * np.expm1(exposure * self.market.equity[t]))
        change[:, MANDATE] = np.rint(assets[:, MANDATE] * np.expm1(p.exposure_mandate * self.market.equity[t]))
        return change

    def _flows(
        self,
        state: State,
        assets: np.ndarray,
        total: np.ndarray,
        at: np.ndarray,
        t: int,
        book: Bookings,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Book what comes and what goes; return who took out a large part (positions into ``at``)."""
        p, n = self.law.wealth, len(at)
        u = rng.random((6, n))
        raised = self._programme(state, at, t) + p.manager_skill * self.skill[state.rm[at]]
        chance = p.inflow + raised / np.mean(p.inflow_fraction)
        part = p.inflow_fraction[0] + (p.inflow_fraction[1] - p.inflow_fraction[0]) * u[1]
        came = np.where(u[0] < chance, np.rint(part * total), 0).astype(np.int64)
        kind_day, out_day = self.clock.day(t, u[2]), self.clock.day(t, u[3])
        in_kind = rng.random(n) < p.in_kind
        channel = self._channel(at, rng)
        book.add(at, kind_day, INFLOW, np.where(in_kind, 0, came), CASH, channel=channel)
        book.add(at, kind_day, SECURITY_IN, np.where(in_kind, came, 0), FUNDS)
        assets[:, CASH] += np.where(in_kind, 0, came)
        assets[:, FUNDS] += np.where(in_kind, came, 0)
        odds = np.log(p.large_outflow) + p.large_outflow_intention * state.intention[at]
        large = (u[4] < 1 / (1 + np.exp(-odds))) & (at != self.settled)
        ordinary = ~large & (u[4] > 1 - p.outflow)
        limits = np.where(large[:, None], p.large_fraction, p.outflow_fraction)
        part = limits[:, 0] + (limits[:, 1] - limits[:, 0]) * u[5]
        wanted = np.where(large | ordinary, np.rint(part * total), 0).astype(np.int64)
        gone = take(assets, wanted)
        assets -= gone
        book.add(at, out_day, OUTFLOW, -gone[:, CASH], CASH, channel=channel)
        for category in (FUNDS, MANDATE):
            book.add(at, out_day, SECURITY_OUT, -gone[:, category], category)
        return np.flatnonzero(wanted >= p.large_share * np.maximum(total, 1))

    def _programme(self, state: State, at: np.ndarray, t: int) -> np.ndarray:
        """Return the rise of expected net new money over assets that the channel programme gives each client."""
        p, since = self.law.wealth, t - state.channel[at].astype(np.int64)
        return np.where(since >= 0, p.programme_start + p.programme_per_month * np.minimum(since, p.programme_cap), 0.0)

    def _rebalance(
        self, state: State, assets: np.ndarray, at: np.ndarray, t: int, book: Bookings, rng: np.random.Generator
    ) -> None:
        """Trade cash against funds part of the way back to the client's own share of cash."""
        p = self.law.wealth
        trades = rng.random(len(at)) < p.rebalance
        aim = self.people.cash_share[at] * assets.sum(axis=1)
        amount = np.where(trades, np.rint(p.rebalance_part * (assets[:, CASH] - aim)), 0).astype(np.int64)
        amount = np.maximum(amount, -assets[:, FUNDS])
        product = (self.shelf.weights(state.held[at])).argmax(axis=1)
        day, channel = self.clock.day(t, rng.random(len(at))), self._channel(at, rng)
        assets[:, CASH] -= amount
        assets[:, FUNDS] += amount
        book.add(at, day, TRADE, -amount, CASH, product, channel)
        book.add(at, day, TRADE, amount, FUNDS, product, channel)

    def _earn(self, state: State, assets: np.ndarray, at: np.ndarray, t: int) -> tuple[np.ndarray, np.ndarray]:
        """Accrue the month's fees and interest; return the bank's fee and margin in cents."""
        p = self.law.wealth
        fund_fee = p.custody_fee_bps / 1e4 + self.shelf.weights(state.held[at]) @ self.shelf.fee
        fee = np.rint((assets[:, FUNDS] * fund_fee + assets[:, MANDATE] * (p.mandate_fee_bps / 1e4)) / 12)
        margin = np.rint(assets[:, CASH] * p.cash_margin / 12).astype(np.int64)
        paid = max(self.market.rate[t] - p.cash_margin, 0.0)
        state.interest_due[at] += np.rint(assets[:, CASH] * paid / 12).astype(np.int64)
        state.fee_due[at] += fee.astype(np.int64)
        return fee.astype(np.int64), margin

    def _charge(self, assets: np.ndarray, at: np.ndarray, day: np.ndarray, due: np.ndarray, book: Bookings) -> None:
        charged = take(assets, np.minimum(due, assets.sum(axis=1)))
        assets -= charged
        for category in range(len(CATEGORIES)):
            book.add(at, day, FEE, -charged[:, category], category)

    def _channel(self, at: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw the channel of orders and payments: digital clients mostly use online and app."""
        p, digital = self.law.wealth, self.people.digital[at]
        drawn = rng.random(len(at))
        return np.where(digital, 2 + (drawn < p.by_app), drawn < p.by_phone).astype(np.int8)
