"""Campaigns that offer a product to some of those who could buy it, drawn by lot; what they do to adoption is known."""

import numpy as np

from insights.demo.clock import Clock
from insights.demo.law import Law
from insights.demo.money.products import Shelf
from insights.demo.people.clients import People
from insights.demo.rows import NO_DAY, Rows, pick, stack
from insights.demo.state import State

CHANNELS = ("letter", "email")
ANSWERS = ("accepted", "declined", "none")
ACCEPTED, DECLINED, SILENT = range(3)
NO_OFFER, PLAIN, LIMITED, WITHOUT_EFFECT = range(4)


class Offers:
    """The offers of one bank. ``kind[client, product]`` says which offer works on the client this month."""

    def __init__(self, law: Law, clock: Clock, people: People, shelf: Shelf) -> None:
        self.law, self.clock, self.people, self.shelf = law.offers, clock, people, shelf
        self.kind = np.zeros((len(people), len(shelf.codes)), np.int8)
        self.done: list[Rows] = []
        self.open: Rows | None = None
        self._since = 0
        self._effects = np.asarray(self.law.effects)

    def begin(self, state: State, at: np.ndarray, t: int, rng: np.random.Generator) -> None:
        """End the campaign that is over; start the month's, if there is one, on its first day."""
        p, m = self.law, t - self.clock.burn_in
        if self.open is not None and t - self._since >= min(p.months, p.every_months):
            self._close(state, t, rng)
        if m % p.every_months:
            return
        number = m // p.every_months
        product = self.shelf.codes.index(p.products[number % len(p.products)])
        could = ~state.held[at, product] & self.shelf.suitable(self.people, at)[:, product]
        could &= self.shelf.rich_enough(state.assets[at])[:, product]
        drawn = at[could & (rng.random(len(at)) < p.share)]
        limited = rng.random(len(drawn)) < p.limited
        idle = (number + 1) % p.without_effect_every == 0
        n, end = len(drawn), self.clock.month_end(t + p.months - 1)
        self.kind[drawn, product] = WITHOUT_EFFECT if idle else np.where(limited, LIMITED, PLAIN)
        self._since = t
        self.open = {
            "client_id": drawn,
            "offered_on": np.full(n, self.clock.month_start(t)),
            "product_id": np.full(n, product, np.int8),
            "channel": self.people.digital[drawn].astype(np.int8),
            "campaign": np.full(n, f"{self.clock.first + t} {self.shelf.codes[product]}", dtype=object),
            "limited_until": np.where(limited, end, NO_DAY),
            "answered_on": np.full(n, NO_DAY),
            "answer": np.full(n, -1, np.int8),
            "cost": np.full(n, round(100 * p.cost)),
        }

    def shift(self, at: np.ndarray) -> np.ndarray:
        """Return what offers add to the log odds of adoption, shape (clients, products)."""
        added: np.ndarray = self._effects[self.kind[at]]
        return added

    def adopted(self, who: np.ndarray, product: np.ndarray, day: np.ndarray) -> None:
        """Take note of orders; those that an offer was open for accept it."""
        if self.open is None:
            return
        bought = self.kind[who, product] > 0
        position = np.full(len(self.kind), -1)
        position[self.open["client_id"]] = np.arange(len(self.open["client_id"]))
        at = position[who[bought]]
        self.open["answer"][at] = ACCEPTED
        self.open["answered_on"][at] = day[bought]
        self.kind[who[bought], product[bought]] = 0

    def rows(self) -> Rows | None:
        """Return the rows of ``offers`` of the whole window (None: there were none)."""
        parts = [*self.done, *([self.open] if self.open is not None else [])]
        if not parts:
            return None
        rows = stack(parts)
        return pick(rows, np.argsort(rows["offered_on"], kind="stable"))

    def _close(self, state: State, t: int, rng: np.random.Generator) -> None:
        """Record what those who did not buy said when they were asked at the end."""
        rows = self.open
        assert rows is not None
        silent = rows["answer"] < 0
        asked = self.clock.month_start(t) + rng.integers(0, self.law.follow_up_days, len(silent))
        declines = silent & (rng.random(len(silent)) < self.law.declines) & state.present[rows["client_id"]]
        declines &= asked <= np.datetime64(self.clock.last_day)
        rows["answer"] = np.where(declines, DECLINED, np.where(silent, SILENT, rows["answer"])).astype(np.int8)
        rows["answered_on"] = np.where(declines, asked, rows["answered_on"])
        self.kind[:] = 0
        self.done.append(rows)
        self.open = None
