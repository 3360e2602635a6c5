"""What changes about a client while he is one: manager, region, risk profile; and who is in which programme."""

import numpy as np

from insights.demo.clock import Clock
from insights.demo.law import Law
from insights.demo.people.clients import People
from insights.demo.people.managers import NEVER, RETENTION, Managers
from insights.demo.rows import NO_DAY, Rows
from insights.demo.state import State


def step_changes(
    law: Law,
    people: People,
    state: State,
    managers: Managers,
    at: np.ndarray,
    settled: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Change a few clients in place on the first day of the month; return which. ``settled`` never moves."""
    u = rng.random((3, len(at)))
    reprofiled = at[u[0] < law.people.reprofile_monthly]
    step = np.where(rng.random(len(reprofiled)) < 0.5, -1, 1)
    people.tolerance[reprofiled] = np.clip(people.tolerance[reprofiled] + step, 1, 5)
    moved = at[(u[1] < law.people.move_monthly) & (at != settled)]
    people.region[moved] = rng.choice(len(law.people.region_shares), len(moved), p=law.people.region_shares)
    reassigned = np.union1d(moved, at[u[2] < law.managers.reassigned_monthly])
    state.rm[reassigned] = managers.choose(people.region[reassigned], rng)
    return np.union1d(reprofiled, reassigned)


def assign_programmes(
    law: Law,
    clock: Clock,
    state: State,
    managers: Managers,
    at: np.ndarray,
    settled: int,
    t: int,
    rng: np.random.Generator,
) -> Rows:
    """Start programmes in month ``t``; return the rows of ``programmes`` of clients that are randomised.

    The channel programme starts with a manager and keeps working for the clients he had then, whoever serves them;
    it does nothing to the one who is ``settled``.
    """
    mine = (managers.programme[state.rm[at]] == t) & (state.channel[at] == NEVER) & (at != settled)
    served = at[mine]
    state.channel[served] = t
    state.home[served] = state.rm[served]
    drawn = at if t == clock.burn_in + law.retention_programme_month - 1 else at[:0]
    treated = rng.random(len(drawn)) < law.retention_programme_share
    state.retention[drawn[treated]] = t
    n = len(drawn)
    return {
        "programme": np.full(n, RETENTION, np.int8),
        "client_id": drawn,
        "rm_id": np.full(n, -1),
        "started_on": np.full(n, clock.month_start(t)),
        "ended_on": np.full(n, NO_DAY),
        "arm": treated.astype(np.int8),
        "randomised": np.ones(n, np.int8),
    }
