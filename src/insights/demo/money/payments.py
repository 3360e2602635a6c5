"""Payments abroad: a stream of purchases without a contract (BG/NBD) whose amounts are gamma-gamma, and a few frauds.

The service opens with the window, so nobody's stream began before it. A client's first payment starts his clock; after
each later one he may stop for good. Leaving the bank ends the stream, too: that is censoring, and depends on nothing
here. Who comes back does not use the service again.
Sources: Fader, Hardie & Lee 2005 (BG/NBD), Fader & Hardie 2013 (gamma-gamma).
"""

import numpy as np

from insights.demo.clock import Clock
from insights.demo.law import Law
from insights.demo.money.bookings import CHANNELS, INFLOW, PAYMENT, TRADE, Bookings
from insights.demo.people.clients import People
from insights.demo.rows import NO_DAY, Rows, stack
from insights.demo.state import CASH, FUNDS, MANDATE, State
from insights.demo.streams import stream

LABELS = ("fraud", "cleared")
FRAUD, CLEARED = range(2)


class Payments:
    """The streams of one bank. Times are months after the window opened; ``made`` holds the genuine payments."""

    def __init__(self, law: Law, clock: Clock, people: People, seed: int) -> None:
        p, n, rng = law.payments, len(people), stream(seed, "payers")
        self.law, self.clock, self.digital = p, clock, people.digital
        self.rate = rng.gamma(p.r, 1 / p.alpha, n)
        self.dropout = rng.beta(p.a, p.b, n)
        self.spend_rate = rng.gamma(p.spend_q, 1 / p.spend_gamma, n)
        self.payee_of_thieves = rng.integers(0, len(p.payees) * n, p.fraud_payees)
        self.first = np.full(n, np.nan)
        self.next = np.full(n, np.inf)
        self.count = np.zeros(n, np.int64)
        self.alive = np.ones(n, bool)
        self.until = np.full(n, float(clock.months))
        self.made: list[Rows] = []
        self.frauds = 0

    def month(self, state: State, at: np.ndarray, t: int, book: Bookings, rng: np.random.Generator) -> np.ndarray:
        """Pay for the clients ``at`` who were there when month ``t`` began; return every client's fee in cents."""
        p, m = self.law, t - self.clock.burn_in
        start = self.clock.month_start(t)
        days = (self.clock.month_start(t + 1) - start).astype(np.int64)
        left = state.left_on[at]
        gone = ~np.isnat(left)
        stop = m + np.where(gone, (left - start).astype(np.int64) / days, 1.0)
        fee = np.zeros(len(self.rate), np.int64)
        begins = m + rng.random(len(at))
        never = np.isnan(self.first[at]) & (self.until[at] == self.clock.months)
        fresh = never & (rng.random(len(at)) < -np.expm1(-p.take_up)) & (begins < stop)
        self.first[at[fresh]] = self.next[at[fresh]] = begins[fresh]
        number = 0
        while (due := np.flatnonzero(self.next[at] < stop)).size:
            who = at[due]
            when = self.next[who]
            amount = np.maximum(np.rint(100 * rng.gamma(p.spend_shape, 1 / self.spend_rate[who])), 1).astype(np.int64)
            self._book(state, who, self.clock.day(t, when - m), amount, book, rng)
            self.made.append({"client_id": who, "when": when, "amount": amount})
            fee[who] += np.maximum(np.rint(p.fee_share * amount), round(100 * p.fee_least)).astype(np.int64)
            stops = (self.count[who] > 0) & (rng.random(len(who)) < self.dropout[who])
            self.count[who] += 1
            self.alive[who[stops]] = False
            self.next[who] = np.where(stops, np.inf, when + rng.exponential(1.0, len(who)) / self.rate[who])
            number += len(who)
        self.next[at[gone]] = np.inf
        self.until[at[gone]] = np.minimum(self.until[at[gone]], stop[gone])
        stayers = at[~gone]
        fee[at[gone]] = 0
        state.fee_due[stayers] += fee[stayers]
        self._steal(state, stayers, number, t, book, rng)
        return fee

    def payers(self) -> Rows:
        """Return the true law of every client who paid at least once, and how long his stream was observed."""
        who = np.flatnonzero(self.count > 0)
        return {
            "client_id": who,
            "rate": self.rate[who],
            "dropout": self.dropout[who],
            "spend_rate": self.spend_rate[who],
            "first_month": self.first[who],
            "observed_months": self.until[who] - self.first[who],
            "alive": self.alive[who],
        }

    def genuine(self) -> Rows:
        """Return the genuine payments: client, months since his first one, amount in currency units."""
        if not self.made:
            return {"client_id": np.zeros(0, np.int64), "months": np.zeros(0), "amount": np.zeros(0)}
        rows = stack(self.made)
        order = np.lexsort((rows["when"], rows["client_id"]))
        who, when = rows["client_id"][order], rows["when"][order]
        return {"client_id": who, "months": when - self.first[who], "amount": rows["amount"][order] / 100}

    def _steal(
        self, state: State, at: np.ndarray, genuine: int, t: int, book: Bookings, rng: np.random.Generator
    ) -> None:
        """Book frauds: a share of all payments, online, to a few payees, larger than most."""
        p = self.law
        online = at[self.digital[at]]
        n = int(rng.poisson(genuine * p.fraud / (1 - p.fraud))) if len(online) else 0
        if not n:
            return
        who = np.unique(rng.choice(online, n))
        amount = np.rint(100 * np.exp(p.fraud_log_amount + p.fraud_log_sd * rng.standard_normal(len(who))))
        self.frauds += len(who)
        self._book(state, who, self.clock.day(t, rng.random(len(who))), amount.astype(np.int64), book, rng, fraud=True)

    def _book(
        self,
        state: State,
        who: np.ndarray,
        day: np.ndarray,
        amount: np.ndarray,
        book: Bookings,
        rng: np.random.Generator,
        *,
        fraud: bool = False,
    ) -> None:
        """Book one payment for each of ``who`` (no client twice), out of cash; where that is short, sell first."""
        p, n, assets = self.law, len(who), state.assets
        short = np.maximum(amount - assets[who, CASH], 0)
        for category in (FUNDS, MANDATE):
            sold = np.minimum(short, assets[who, category])
            book.add(who, day, TRADE, -sold, category)
            book.add(who, day, TRADE, sold, CASH)
            assets[who, category] -= sold
            assets[who, CASH] += sold
            short = short - sold
        book.add(who, day, INFLOW, short, CASH, channel=CHANNELS.index("online"))
        assets[who, CASH] += short - amount
        own = len(p.payees) * who + rng.choice(len(p.payees), n, p=p.payees)
        online = 2 + (rng.random(n) < p.by_app)
        channel = np.where(self.digital[who], online, rng.random(n) < p.by_phone).astype(np.int8)
        large = amount > 100 * p.large
        looked = np.where(fraud, p.investigated_fraud, np.where(large, p.investigated_large, p.investigated))
        outcome = day + np.ceil(rng.gamma(2.0, p.label_days / 2, n)).astype(np.int64)
        told = (rng.random(n) < looked) & (outcome <= np.datetime64(self.clock.last_day))
        details: Rows = {
            "counterparty": rng.choice(self.payee_of_thieves, n) if fraud else own,
            "label": np.where(told, FRAUD if fraud else CLEARED, -1).astype(np.int8),
            "labelled_on": np.where(told, outcome, NO_DAY),
            "fraud": np.full(n, fraud),
        }
        book.add(who, day, PAYMENT, -amount, CASH, channel=channel, details=details)
