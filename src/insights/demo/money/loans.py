"""Loans month by month: drawn, secured, late, in default. The hazard of default is known and reads only the past."""

import numpy as np

from insights.demo.clock import Clock
from insights.demo.law import Law
from insights.demo.people.clients import People
from insights.demo.rows import NO_DAY, Rows
from insights.demo.state import FUNDS, MANDATE, State
from insights.demo.streams import stream

INDUSTRIES = ("private household", "real estate", "manufacturing", "trade", "health", "technology", "hospitality")
COLLATERALS = ("portfolio", "property")
ENTREPRENEUR = 3
THOUSAND = 100_000
"""A thousand currency units in cents: amounts agreed on are whole thousands."""
NOT_DEFAULTED = -1


class LoanBook:
    """One loan per client at most. Money is in cents (int64); months are months of the clock."""

    def __init__(self, law: Law, clock: Clock, people: People, seed: int) -> None:
        p, n, rng = law.loans, len(people), stream(seed, "borrowers")
        self.law, self.clock = p, clock
        self.lombard = rng.random(n) < p.lombard
        own = 1 + rng.choice(len(p.industries), n, p=p.industries)
        self.industry = np.where(people.kind == ENTREPRENEUR, own, 0).astype(np.int8)
        self.guaranteed = ~self.lombard & (rng.random(n) < p.guaranteed)
        self.insured = ~self.lombard & (rng.random(n) < p.insured)
        self.active = np.zeros(n, bool)
        self.drawn, self.limit, self.property = (np.zeros(n, np.int64) for _ in range(3))
        self.collateral = np.zeros(n, np.int64)
        self.ltv = np.zeros(n)
        self.late = np.zeros(n, np.int16)
        self.default_month = np.full(n, NOT_DEFAULTED, np.int16)
        self.default_on = np.full(n, NO_DAY)
        self.breaches = 0

    @property
    def total(self) -> int:
        """What all clients together have drawn, in cents."""
        return int(self.drawn[self.active].sum())

    def month(self, state: State, at: np.ndarray, t: int, rng: np.random.Generator) -> Rows:
        """Move the loans of the clients ``at`` who stay through month ``t``; return who was at risk of default.

        Loans of clients who left are repaid on leaving. Call it when the month's money is done.
        """
        p = self.law
        self.active &= state.present
        mine = at[self.active[at]]
        healthy = mine[self.default_month[mine] == NOT_DEFAULTED]
        at_risk = self._default(healthy, t, rng)
        going = healthy[~at_risk["defaulted"]]
        self._service(going, rng)
        self.property = np.rint(self.property * np.exp(p.property_drift + p.property_sd * rng.standard_normal()))
        self.property = self.property.astype(np.int64)
        self._start(state, at[~self.active[at]], t, rng)
        over = self.active & (self.default_month != NOT_DEFAULTED) & (t - self.default_month > p.workout_months)
        self.active[over] = False
        self._value(state)
        return at_risk

    def margin(self) -> np.ndarray:
        """Return the month's interest margin on every client's loan, in cents; a loan in default earns nothing."""
        earns = self.active & (self.default_month == NOT_DEFAULTED)
        return np.where(earns, np.rint(self.drawn * self.law.margin / 12), 0).astype(np.int64)

    def rows(self, t: int) -> Rows:
        """Return the month's rows of ``loans``."""
        at, p = np.flatnonzero(self.active), self.law
        drawn = self.drawn[at]
        self.breaches += int((drawn > self.collateral[at]).sum())
        return {
            "client_id": at,
            "month": np.full(len(at), self.clock.month_start(t)),
            "drawn": drawn,
            "limit": self.limit[at],
            "collateral_value": self.collateral[at],
            "collateral_kind": np.where(self.lombard[at], 0, 1).astype(np.int8),
            "guarantee_value": np.where(self.guaranteed[at], np.rint(p.guarantee_share * drawn), 0).astype(np.int64),
            "insured_value": np.where(self.insured[at], np.rint(p.insured_share * drawn), 0).astype(np.int64),
            "days_past_due": self.late[at].astype(np.int64),
            "defaulted_on": self.default_on[at],
            "industry": self.industry[at],
        }

    def _default(self, at: np.ndarray, t: int, rng: np.random.Generator) -> Rows:
        p, past_due = self.law, self.late[at] > 0
        hazard = p.default_base * np.exp(
            p.default_ltv * (self.ltv[at] - p.ltv_centre) / p.ltv_spread + p.default_past_due * past_due
        )
        falls = rng.random(len(at)) < -np.expm1(-hazard)
        day = self.clock.day(t, rng.random(len(at)))
        self.default_month[at[falls]] = t
        self.default_on[at[falls]] = day[falls]
        workout = np.flatnonzero(self.active & (self.default_month != NOT_DEFAULTED))
        self.late[workout] = 90 + 30 * (t - self.default_month[workout])
        return {
            "client_id": at,
            "month": np.full(len(at), t - self.clock.burn_in),
            "ltv": self.ltv[at],
            "past_due": past_due,
            "hazard": hazard,
            "defaulted": falls,
        }

    def _service(self, at: np.ndarray, rng: np.random.Generator) -> None:
        """Pay down, draw again, follow a margin call, pay on time or late; some repay all."""
        p, u = self.law, rng.random((6, len(at)))
        drawn, limit = self.drawn[at], self.limit[at]
        drawn = drawn - _rounded(p.amortised * drawn, 100)
        more = (u[0] < p.drawn_again) & self.lombard[at] & (self.ltv[at] < p.ltv_centre)
        drawn = drawn + np.where(more, _rounded(p.drawn_again_share * u[1] * np.maximum(limit - drawn, 0), THOUSAND), 0)
        called = (drawn > self.collateral[at]) & (u[2] < p.margin_call)
        drawn = np.where(called, np.minimum(drawn, _rounded(p.margin_call_to * self.collateral[at], 100)), drawn)
        was_late = self.late[at] > 0
        is_late = u[3] < np.where(was_late, p.still_late, p.late)
        self.late[at] = np.where(is_late, np.where(was_late, self.late[at] + 30, 1 + np.floor(29 * u[4])), 0)
        self.drawn[at] = drawn
        self.active[at[(u[5] < p.repaid) | (drawn <= 0)]] = False

    def _start(self, state: State, at: np.ndarray, t: int, rng: np.random.Generator) -> None:
        p, first = self.law, t == self.clock.burn_in
        held, secured = state.assets[at].sum(axis=1), state.assets[at, FUNDS] + state.assets[at, MANDATE]
        u = rng.random((3, len(at)))
        chance = p.initial if first else p.start
        lent = np.where(
            self.lombard[at],
            p.lending_value * secured,
            held * (p.property_wealth[0] + (p.property_wealth[1] - p.property_wealth[0]) * u[1]),
        )
        part = p.utilisation[0] + (p.utilisation[1] - p.utilisation[0]) * u[2]
        drawn, lent = _rounded(part * lent, THOUSAND), _rounded(lent, THOUSAND)
        begins = (u[0] < chance) & (held >= 100 * p.least_assets) & (drawn >= 100 * p.least_drawn)
        begins &= self.default_month[at] == NOT_DEFAULTED
        new = at[begins]
        self.active[new] = True
        self.late[new] = 0
        self.drawn[new] = drawn[begins]
        self.limit[new] = np.where(self.lombard[new], _rounded(p.limit * lent[begins], THOUSAND), drawn[begins])
        self.property[new] = lent[begins]

    def _value(self, state: State) -> None:
        """Value the collateral at the month's end."""
        p = self.law
        portfolio = np.rint(p.lending_value * (state.assets[:, FUNDS] + state.assets[:, MANDATE]))
        self.collateral = np.where(self.lombard, portfolio, self.property).astype(np.int64)
        self.ltv = np.minimum(self.drawn / np.maximum(self.collateral, 1), p.ltv_cap)


def _rounded(amount: np.ndarray, unit: int) -> np.ndarray:
    return (np.floor(amount / unit) * unit).astype(np.int64)
