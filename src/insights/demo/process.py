"""The bank month by month: who is there, who leaves, what they do, what their money does. Nothing looks ahead.

The process starts ``burn_in_months`` before the window with an empty bank. When the window opens, the clients still
there and those who join later become the bank that is delivered: left truncation is not simulated, it happens.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from insights.demo.bookings import Bookings
from insights.demo.changes import assign_programmes, step_changes
from insights.demo.clock import Clock
from insights.demo.contacts import complaint_rows, contact_rows
from insights.demo.law import Law
from insights.demo.leaving import Risk, draw_exits, hazards, observe
from insights.demo.managers import draw_managers
from insights.demo.market import draw_market
from insights.demo.money import Income, Treasury
from insights.demo.people import REGION_SHARES, draw_people
from insights.demo.products import Shelf, first_products, holding_rows, step_products
from insights.demo.rows import Rows, length
from insights.demo.state import CATEGORIES, FUNDS, first_state, step_moods
from insights.demo.streams import stream

FEE, MARGIN, COST = range(3)
REVENUE_KINDS = ("fee", "interest_margin", "cost_to_serve")
STILL_THERE = 0.43
"""Share of those who joined in the burn-in who are there when the window opens, a little low: with too few of them the
burn-in is run again from a larger pool, which costs time and nothing else."""


@dataclass(frozen=True)
class Month:
    """What happened in one month: rows by table, who was at risk, and the reason of those who left (-1: stayed)."""

    t: int
    tables: dict[str, Rows]
    risk: Risk
    reason: np.ndarray


class Process:
    """A bank under way. After ``run`` is exhausted, ``people`` and ``state`` hold the delivered clients."""

    def __init__(self, law: Law, clients: int, months: int, seed: int) -> None:
        self.law, self.clients, self.seed = law, clients, seed
        self.clock = Clock(months, law.burn_in_months)
        self.market = draw_market(law, self.clock, seed)
        self.managers = draw_managers(law, self.clock, seed)
        self.shelf = Shelf(law)
        self.unsuitable_orders = 0
        visible = (STILL_THERE * law.burn_in_months + months) / self.clock.total
        self._begin(int(clients / visible) + 100)

    def run(self) -> Iterator[Month]:
        """Go through burn-in and window; yield the months of the window."""
        pool = len(self.people)
        while not self._burn_in():
            pool *= 2
            self._begin(pool)
        for t in range(self.clock.burn_in, self.clock.total):
            yield self._month(t, record=True)

    def _begin(self, pool: int) -> None:
        self.dominant = -1
        self.people = draw_people(self.law, self.clock, pool, self.seed)
        self.state = first_state(self.people, self.managers, self.law, self.seed)
        self.treasury = Treasury(self.law, self.clock, self.people, self.market, self.shelf)
        parts = ("moods", "changes", "exits", "contacts", "complaints", "money", "products", "joining", "programmes")
        self.rng = {part: stream(self.seed, part) for part in parts}

    def _burn_in(self) -> bool:
        """Run up to the window and keep the clients to deliver; False if they are too few."""
        for t in range(self.clock.burn_in):
            self._month(t, record=False)
        visible = np.flatnonzero(self.state.present | (self.people.joined >= self.clock.burn_in))
        if len(visible) < self.clients:
            return False
        visible = visible[: self.clients]
        self.people, self.state = self.people.keep(visible), self.state.keep(visible)
        self.treasury = Treasury(self.law, self.clock, self.people, self.market, self.shelf)
        self._enrich()
        return True

    def _enrich(self) -> None:
        """Give one client of the smallest region more than all others there hold: the richest in force under 55."""
        small = len(REGION_SHARES) - 1
        held = self.state.assets.sum(axis=1)
        age = (self.clock.burn_in - self.people.born) / 12
        candidates = np.where(self.state.present & (age < 55) & (self.people.region == small), held, -1)
        if candidates.max() <= 0:
            return
        self.dominant = int(candidates.argmax())
        others = held[self.people.region == small].sum() - held[self.dominant]
        wanted = int(self.law.people.dominant_multiple * max(others, held[self.dominant]))
        self.state.assets[self.dominant, FUNDS] += max(wanted - held[self.dominant], 0)

    def _month(self, t: int, *, record: bool) -> Month:
        law, state, people, clock, rng = self.law, self.state, self.people, self.clock, self.rng
        tables: dict[str, Rows] = {}
        present = np.flatnonzero(state.present)
        step_moods(state, people, present, law, rng["moods"])
        changed = step_changes(law, people, state, self.managers, present, self.dominant, rng["changes"])
        tables["programmes"] = assign_programmes(law, clock, state, self.managers, present, t, rng["programmes"])
        risk = observe(law, people, state, self.managers, t)
        gone, reason = self._leave(risk, t)
        tables["complaints"] = complaint_rows(law, risk, state, clock, t, rng["complaints"])
        book = Bookings()
        self.treasury.close(state, gone, book)
        stayers = risk.at[state.present[risk.at]]
        income = self.treasury.month(state, stayers, t, book, rng["money"])
        self._adopt(stayers, t, book)
        self._join(t, book)
        if record:
            contacts = contact_rows(law, risk, state, clock, t, rng["contacts"])
            tables["contacts"] = contacts
            tables["client_history"] = self._history(changed, t)
            tables["transactions"] = book.rows()
            tables["balances"] = self._balances(income, t)
            tables["revenue"] = self._revenue(income, contacts, t)
            if (clock.total - 1 - t) % 3 == 0:
                tables["holdings"] = holding_rows(self.shelf, state, clock, t)
        return Month(t, tables, risk, reason)

    def _leave(self, risk: Risk, t: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw who leaves; return them, and the reason of everybody at risk (-1: stays)."""
        rng, state = self.rng["exits"], self.state
        hazard = hazards(self.law, risk, self.managers)
        hazard[risk.at == self.dominant] = 0.0
        positions, why, part = draw_exits(hazard, rng)
        gone = risk.at[positions]
        tied = rng.random(len(gone)) < self.law.leaving.at_month_end
        state.left_on[gone] = np.where(tied, self.clock.month_end(t), self.clock.day(t, part))
        state.present[gone] = False
        state.reason[gone] = why
        state.left_month[gone] = t
        reason = np.full(len(risk.at), -1, np.int8)
        reason[positions] = why
        return gone, reason

    def _adopt(self, stayers: np.ndarray, t: int, book: Bookings) -> None:
        rng = self.rng["products"]
        who, product = step_products(self.shelf, self.people, self.state, stayers, self.market, t, rng)
        clients = stayers[who]
        if t >= self.clock.burn_in:
            self.unsuitable_orders += int((self.shelf.rating[product] > self.people.tolerance[clients]).sum())
        self.treasury.order(self.state, clients, product, t, book, rng)

    def _join(self, t: int, book: Bookings) -> None:
        rng, state, people = self.rng["joining"], self.state, self.people
        new = np.flatnonzero(people.joined == t)
        opening = np.rint(100 * np.exp(people.log_wealth[new])).astype(np.int64)
        state.joined_on[new] = self.clock.day(t, rng.random(len(new)))
        state.present[new] = True
        held = first_products(self.shelf, people, new, opening[:, None], self.market, t, rng)
        self.treasury.open(state, new, held, opening, book)

    def _history(self, changed: np.ndarray, t: int) -> Rows:
        """Return the attributes of new clients, of all clients when the window opens, and of those that changed."""
        new = np.flatnonzero(self.people.joined == t)
        if t == self.clock.burn_in:
            old = np.flatnonzero(self.people.joined < t)
            listed = np.concatenate([old, new])
        else:
            listed = np.concatenate([changed, new])
        start = np.maximum(self.clock.month_start(t), self.state.joined_on[listed])
        if t == self.clock.burn_in:
            start = self.state.joined_on[listed]
        return {
            "client_id": listed,
            "valid_from": start,
            "rm_id": self.state.rm[listed].astype(np.int64),
            "region": self.people.region[listed],
            "risk_tolerance": self.people.tolerance[listed],
        }

    def _balances(self, income: Income, t: int) -> Rows:
        at, n = np.flatnonzero(self.state.present), len(CATEGORIES)
        change = np.zeros((len(self.people), n), np.int64)
        change[income.at] = income.market_change
        amounts, changes = self.state.assets[at].ravel(), change[at].ravel()
        shown = np.flatnonzero((amounts != 0) | (changes != 0))
        return {
            "client_id": np.repeat(at, n)[shown],
            "month": np.full(len(shown), self.clock.month_start(t)),
            "category": np.tile(np.arange(n, dtype=np.int8), len(at))[shown],
            "amount": amounts[shown],
            "market_change": changes[shown],
        }

    def _revenue(self, income: Income, contacts: Rows, t: int) -> Rows:
        """Return fee, margin and cost of everybody who stayed; contacts cost what they cost, in whole cents."""
        cost = np.full(len(self.people), int(100 * self.law.wealth.cost_fixed), np.int64)
        if length(contacts):
            np.add.at(cost, contacts["client_id"], contacts["cost"])
        amounts = np.stack([income.fee, income.margin, -cost[income.at]], axis=1)
        return {
            "client_id": np.repeat(income.at, 3),
            "month": np.full(3 * len(income.at), self.clock.month_start(t)),
            "kind": np.tile(np.arange(3, dtype=np.int8), len(income.at)),
            "amount": amounts.ravel(),
        }
