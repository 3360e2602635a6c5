"""The bank month by month: who is there, who leaves, what they do, what their money does. Nothing looks ahead.

The process starts ``burn_in_months`` before the window with an empty bank. When the window opens, the clients still
there and those who join later become the bank that is delivered: left truncation is not simulated, it happens.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from insights.demo.clock import Clock
from insights.demo.law import Law
from insights.demo.money.bookings import Bookings
from insights.demo.money.loans import LoanBook
from insights.demo.money.market import draw_market
from insights.demo.money.monthly import balance_rows, history_rows, revenue_rows
from insights.demo.money.offers import Offers
from insights.demo.money.payments import Payments
from insights.demo.money.products import Adoption, Shelf, first_products, holding_rows, step_products
from insights.demo.money.treasury import Income, Treasury
from insights.demo.people.changes import assign_programmes, step_changes
from insights.demo.people.clients import draw_people
from insights.demo.people.elsewhere import WealthElsewhere
from insights.demo.people.leaving import Risk, draw_exits, hazards, observe
from insights.demo.people.managers import draw_managers
from insights.demo.people.spells import Spells, admit, begin_spell
from insights.demo.rows import Rows
from insights.demo.service.contacts import complaint_rows, contact_rows
from insights.demo.state import FUNDS, first_state, step_moods
from insights.demo.streams import stream
from insights.demo.truth.details import adoption_details, flow_details

STILL_THERE = 0.42
"""Share of those who joined in the burn-in who are there when the window opens, a little low: with too few of them the
burn-in is run again from a larger pool, which costs time and nothing else."""


@dataclass(frozen=True)
class Month:
    """What happened in one month: rows by table, who was at risk, and the reason of those who left (-1: stayed)."""

    t: int
    tables: dict[str, Rows]
    risk: Risk
    reason: np.ndarray
    income: Income
    """What those who stayed brought in fees and margins on their assets."""
    payment_fees: np.ndarray | None
    """The month's fees of payments in cents, one entry per client (None: before the window)."""
    details: dict[str, Rows] = field(default_factory=dict)
    """What an estimator needs and no bank sees; only where the process was asked for it."""


PARTS = (
    "moods",
    "changes",
    "exits",
    "contacts",
    "complaints",
    "money",
    "products",
    "joining",
    "programmes",
    "returns",
    "payments",
    "offers",
    "loans",
)


class Process:
    """A bank under way. After ``run`` is exhausted, ``people`` and ``state`` hold the delivered clients."""

    def __init__(self, law: Law, clients: int, months: int, seed: int, *, tables: bool = True) -> None:
        """Make ready. Without ``tables`` the months only tell who was at risk and who left."""
        self.tables, self.detailed = tables, False
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
            yield self._month(t, record=self.tables)

    def _begin(self, pool: int) -> None:
        self.dominant = -1
        self.people = draw_people(self.law, self.clock, pool, self.seed)
        self.state = first_state(self.people, self.managers, self.law, self.seed)
        self.treasury = Treasury(self.law, self.clock, self.people, self.market, self.shelf, self.managers)
        self.offers: Offers | None = None
        self.rng = {part: stream(self.seed, part) for part in PARTS}

    def _burn_in(self) -> bool:
        """Run up to the window and keep the clients to deliver; False if they are too few."""
        for t in range(self.clock.burn_in):
            self._month(t, record=False)
        visible = np.flatnonzero(self.state.present | (self.people.joined >= self.clock.burn_in))
        if len(visible) < self.clients:
            return False
        visible = visible[: self.clients]
        position = np.full(len(self.people) + 1, -1)
        position[visible] = np.arange(len(visible))
        self.people, self.state = self.people.keep(visible), self.state.keep(visible)
        self.state.referrer = position[self.state.referrer]
        self.treasury = Treasury(self.law, self.clock, self.people, self.market, self.shelf, self.managers)
        self.spells = Spells()
        self.payments = Payments(self.law, self.clock, self.people, self.seed)
        self.loans = LoanBook(self.law, self.clock, self.people, self.seed)
        self.elsewhere = WealthElsewhere(self.law, self.clock, self.people, self.seed)
        self.offers = Offers(self.law, self.clock, self.people, self.shelf)
        self._enrich()
        return True

    def _enrich(self) -> None:
        """Give one client of the smallest region more than all others there hold: the richest in force under 55."""
        small = len(self.law.people.region_shares) - 1
        held = self.state.assets.sum(axis=1)
        age = (self.clock.burn_in - self.people.born) / 12
        candidates = np.where(self.state.present & (age < 55) & (self.people.region == small), held, -1)
        if candidates.max() <= 0:
            return
        self.dominant = self.treasury.settled = int(candidates.argmax())
        others = held[self.people.region == small].sum() - held[self.dominant]
        wanted = int(self.law.people.dominant_multiple * max(others, held[self.dominant]))
        self.state.assets[self.dominant, FUNDS] += max(wanted - held[self.dominant], 0)

    def _month(self, t: int, *, record: bool) -> Month:
        law, state, people, clock, rng = self.law, self.state, self.people, self.clock, self.rng
        tables: dict[str, Rows] = {}
        present = np.flatnonzero(state.present)
        step_moods(state, people, present, law, rng["moods"])
        changed = step_changes(law, people, state, self.managers, present, self.dominant, rng["changes"])
        tables["programmes"] = assign_programmes(
            law, clock, state, self.managers, present, self.dominant, t, rng["programmes"]
        )
        risk = observe(law, people, state, self.managers, t)
        gone, reason = self._leave(risk, t)
        tables["complaints"] = complaint_rows(law, risk, state, clock, t, rng["complaints"])
        book = Bookings(keep=record)
        opened = t >= clock.burn_in
        fees = self.payments.month(state, risk.at, t, book, rng["payments"]) if opened else None
        self.treasury.close(state, gone, book)
        stayers = risk.at[state.present[risk.at]]
        income = self.treasury.month(state, stayers, t, book, rng["money"])
        adoption = self._adopt(stayers, t, book)
        loans_at_risk = self.loans.month(state, stayers, t, rng["loans"]) if opened else {}
        new = self._come(t, book)
        details: dict[str, Rows] = {}
        if record and fees is not None:
            contacts = contact_rows(law, risk, state, clock, t, rng["contacts"], people.attitude[risk.at])
            margins = self.loans.margin()
            tables["contacts"] = contacts
            tables["client_history"] = history_rows(people, state, clock, t, new, changed, self.elsewhere)
            tables["transactions"] = book.rows()
            tables["balances"] = balance_rows(state, income, clock, t)
            tables["revenue"] = revenue_rows(law, clock, income, contacts, fees, margins, t)
            tables["loans"] = self.loans.rows(t)
            if (clock.total - 1 - t) % 3 == 0:
                tables["holdings"] = holding_rows(self.shelf, state, clock, t)
        if self.detailed and opened:
            details["loan_months"] = loans_at_risk
            details["net_new_money"] = flow_details(state, income, clock, self.dominant, t)
            details["adoption"] = adoption_details(law, people, self.market, clock, adoption, self.offered, stayers, t)
        return Month(t, tables, risk, reason, income, fees, details)

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

    def _adopt(self, stayers: np.ndarray, t: int, book: Bookings) -> Adoption:
        """Let clients order products that they do not hold; offers that are open help."""
        rng = self.rng["products"]
        shift = None
        if self.offers is not None:
            self.offers.begin(self.state, stayers, t, self.rng["offers"])
            self.offered = self.offers.kind[stayers]
            shift = self.offers.shift(stayers)
        adoption = step_products(self.shelf, self.people, self.state, stayers, self.market, t, rng, shift)
        clients, product = stayers[adoption.who], adoption.product
        if t >= self.clock.burn_in:
            self.unsuitable_orders += int((self.shelf.rating[product] > self.people.tolerance[clients]).sum())
        day = self.treasury.order(self.state, clients, product, t, book, rng)
        if self.offers is not None:
            self.offers.adopted(clients, product, day)
        return adoption

    def _come(self, t: int, book: Bookings) -> np.ndarray:
        """Let new clients join and former ones come back, each with a first deposit; return them."""
        rng, state, people = self.rng["joining"], self.state, self.people
        new = admit(self.law, self.clock, people, state, t, rng)
        begin_spell(state, new, self.clock.day(t, rng.random(len(new))), t)
        state.home[new] = state.rm[new]
        if t > self.clock.burn_in:
            new = np.concatenate([new, self.spells.come_back(self.law, self.clock, state, t, self.rng["returns"])])
        opening = np.rint(100 * np.exp(people.log_wealth[new])).astype(np.int64)
        held = first_products(self.shelf, people, new, opening[:, None], self.market, t, rng)
        self.treasury.open(state, new, held, opening, book)
        return new
