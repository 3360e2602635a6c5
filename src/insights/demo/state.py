"""What changes from month to month, one entry per client, and the two latent moods behind it."""

from dataclasses import dataclass, fields

import numpy as np

from insights.demo.law import Law
from insights.demo.people.clients import People
from insights.demo.people.managers import NEVER, Managers
from insights.demo.streams import stream

LONG_AGO = -32_000
CASH, FUNDS, MANDATE = 0, 1, 2
CATEGORIES = ("cash", "funds", "mandate")
STAYS = -1


@dataclass
class State:
    """Money is in cents (int64); ``last_*`` are months of the clock; ``reason`` is -1 while the client has not left."""

    present: np.ndarray
    reason: np.ndarray
    left_month: np.ndarray
    left_on: np.ndarray
    joined_on: np.ndarray
    spell: np.ndarray
    """Number of the client's relationship: 1 for the first, 2 after a return; 0 before he joins."""
    began: np.ndarray
    began_on: np.ndarray
    """Month and day on which the present (or last) spell began; ``joined_on`` is the day of the first."""
    referrer: np.ndarray
    dependent: np.ndarray
    """Who referred the client (-1: nobody), and whether he would not have joined otherwise."""
    rm: np.ndarray
    home: np.ndarray
    """The manager with whom the channel programme started for the client, else the one on joining."""
    mood: np.ndarray
    satisfaction: np.ndarray
    intention: np.ndarray
    last_complaint: np.ndarray
    last_outflow: np.ndarray
    assets: np.ndarray
    interest_due: np.ndarray
    fee_due: np.ndarray
    held: np.ndarray
    retention: np.ndarray
    """Month from which the randomised retention programme works for the client (``NEVER`` for the control arm)."""
    channel: np.ndarray
    """Month in which the channel programme started for the client."""

    def keep(self, which: np.ndarray) -> "State":
        """Return the selected clients."""
        return State(**{f.name: getattr(self, f.name)[which] for f in fields(self)})


def first_state(people: People, managers: Managers, law: Law, seed: int) -> State:
    """Return the state before month 0: nobody present, moods drawn from their stationary law."""
    n, rng = len(people), stream(seed, "first state")
    rm = managers.choose(people.region, rng)
    return State(
        present=np.zeros(n, bool),
        reason=np.full(n, STAYS, np.int8),
        left_month=np.full(n, NEVER, np.int16),
        left_on=np.full(n, np.datetime64("NaT", "D")),
        joined_on=np.full(n, np.datetime64("NaT", "D")),
        spell=np.zeros(n, np.int8),
        began=np.full(n, NEVER, np.int16),
        began_on=np.full(n, np.datetime64("NaT", "D")),
        referrer=np.full(n, -1),
        dependent=np.zeros(n, bool),
        rm=rm,
        home=rm.copy(),
        mood=rng.standard_normal(n),
        satisfaction=np.zeros(n),
        intention=np.zeros(n, bool),
        last_complaint=np.full(n, LONG_AGO, np.int16),
        last_outflow=np.full(n, LONG_AGO, np.int16),
        assets=np.zeros((n, len(CATEGORIES)), np.int64),
        interest_due=np.zeros(n, np.int64),
        fee_due=np.zeros(n, np.int64),
        held=np.zeros((n, len(law.products.shelf)), bool),
        retention=np.full(n, NEVER, np.int16),
        channel=np.full(n, NEVER, np.int16),
    )


def step_moods(state: State, people: People, at: np.ndarray, law: Law, rng: np.random.Generator) -> None:
    """Move mood, satisfaction and intention of the clients ``at`` (positions) by one month."""
    p, keep = law.people, law.people.satisfaction_persistence
    mood = keep * state.mood[at] + np.sqrt(1 - keep**2) * rng.standard_normal(len(at))
    satisfaction = np.sqrt(p.satisfaction_trait) * people.attitude[at] + np.sqrt(1 - p.satisfaction_trait) * mood
    start = 1 - np.exp(-law.intention.start * np.exp(law.intention.start_satisfaction * satisfaction))
    chance = np.where(state.intention[at], 1 - law.intention.stop, start)
    state.mood[at] = mood
    state.satisfaction[at] = satisfaction
    state.intention[at] = rng.random(len(at)) < chance
