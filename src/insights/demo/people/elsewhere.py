"""What clients hold at other banks, and the yearly talk in which a known share of them say how much it is."""

import numpy as np

from insights.demo.clock import Clock
from insights.demo.law import Law
from insights.demo.people.clients import People
from insights.demo.rows import NO_MONEY
from insights.demo.state import State
from insights.demo.streams import stream

TALKS = 12
"""Months between two talks with a client."""
LAST_DAY = 28
"""Talks are held up to this day of a month, so that every month has it, and never on the first."""


def stated_on_joining(law: Law, people: People, rng: np.random.Generator) -> np.ndarray:
    """Return what clients state on joining (currency units); the first draws of the register's stream."""
    p = law.register
    made: np.ndarray = np.exp(
        people.log_wealth + p.external_log_ratio + p.external_sd * rng.standard_normal(len(people))
    )
    return made


class WealthElsewhere:
    """Each client's wealth elsewhere, month by month from the opening of the window; it moves nothing else.

    ``log`` (n) is its log at the end of the month last stepped through.
    """

    def __init__(self, law: Law, clock: Clock, people: People, seed: int) -> None:
        n, self.law, self.clock = len(people), law.elsewhere, clock
        self.log = np.log(stated_on_joining(law, people, stream(seed, "register")))
        self.rng = stream(seed, "wealth elsewhere")
        self.told = self.rng.random(n) < self.law.told
        self.month = self.rng.integers(0, TALKS, n)
        self.day = 1 + self.rng.integers(0, LAST_DAY - 1, n)

    def step(self, state: State, t: int, new: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Move on by month ``t``; return who is asked in it, the day, and what each says he holds elsewhere (cents).

        Asked are those of the known share whose month it is, if they stay beyond it and did not join in it. The
        ``new`` clients begin with what they state on joining.
        """
        p, n = self.law, len(self.log)
        change = p.drift + p.satisfaction * state.satisfaction + p.sd * self.rng.standard_normal(n)
        says = p.stated_sd * self.rng.standard_normal(n)
        there = state.present.copy()
        there[new] = False
        self.log[there] += change[there]
        asked = np.flatnonzero(there & self.told & (self.month == t % TALKS))
        amount = np.exp(self.log[asked] + says[asked])
        return asked, self.clock.month_start(t) + self.day[asked], 100_000 * np.rint(amount / 1000).astype(np.int64)


def unasked(n: int) -> np.ndarray:
    """Return the column of ``n`` clients who were not asked."""
    return np.full(n, NO_MONEY)
