"""Invitations to events and care contacts."""

import numpy as np

from insights.demo.process import Month, Process
from insights.demo.rows import Rows
from insights.demo.service.contacts import until_left

KINDS = ("market outlook", "art evening", "golf day", "birthday call")


def event_rows(process: Process, month: Month, rng: np.random.Generator) -> Rows:
    """Return the month's rows of ``events``: every third month a few clients are invited, the more satisfied come."""
    p, risk, clock = process.law.events, month.risk, process.clock
    due = (month.t - clock.burn_in) % p.every_months == p.every_months - 1
    of = np.flatnonzero(rng.random(len(risk.at)) < (p.invited if due else 0.0))
    n = len(of)
    kind = rng.integers(0, len(KINDS), n)
    odds = p.attended + p.attended_satisfaction * risk.satisfaction[of]
    rows: Rows = {
        "client_id": risk.at[of],
        # One day for each kind of event, in the second half of the month.
        "held_on": clock.month_start(month.t) + 14 + 3 * kind,
        "kind": kind.astype(np.int8),
        "attended": (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(np.int8),
        "cost": np.rint(100 * np.asarray(p.cost)[kind]).astype(np.int64),
    }
    return until_left(rows, "held_on", process.state)
