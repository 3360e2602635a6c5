"""Requests of clients, step by step: how long each step takes, and at which one the client gives up."""

import numpy as np

from insights.demo.process import Month, Process
from insights.demo.rows import NO_DAY, Rows, pick

KINDS = ("new account", "card", "mortgage", "address change")
STEPS = ("received", "documents", "check", "decision")


def request_rows(process: Process, month: Month, rng: np.random.Generator) -> Rows:
    """Return the rows of ``requests`` opened in the month with all their steps known by the last day.

    A step opens on the day the one before is closed. What would be opened after the client has left, or after the last
    day, is not there; a step that is not closed by then is open.
    """
    p, risk, clock = process.law.requests, month.risk, process.clock
    of = np.flatnonzero(rng.random(len(risk.at)) < p.rate)
    n, end = len(of), np.datetime64(clock.last_day)
    left = process.state.left_on[risk.at[of]]
    stop = np.where(np.isnat(left), end, left)
    kind = rng.choice(len(KINDS), n, p=p.shares)
    self_service = risk.digital[of] & (rng.random(n) < p.self_service)
    pace = np.where(self_service, p.self_service_pace, 1.0)
    opened, going = clock.day(month.t, rng.random(n)), np.ones(n, bool)
    parts = []
    for step in range(len(STEPS)):
        going = going & (opened <= stop)
        closed = opened + np.floor(rng.exponential(p.days[step], n) * pace).astype(np.int64)
        gives_up = (rng.random(n) < p.abandoned[step]) & going
        shut = closed <= stop
        rows: Rows = {
            "request_id": np.array([f"Q{month.t:04d}{i:06d}" for i in range(n)], dtype=object),
            "kind": kind.astype(np.int8),
            "step": np.full(n, step, np.int8),
            "opened_on": opened,
            "closed_on": np.where(shut, closed, NO_DAY),
            "abandoned": np.where(shut, gives_up, -1).astype(np.int8),
            "client_id": risk.at[of],
            "self_service": self_service.astype(np.int8),
        }
        parts.append(pick(rows, going))
        going, opened = going & shut & ~gives_up, closed
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
