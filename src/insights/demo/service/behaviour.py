"""What digital clients do on website and app. Looking elsewhere shows here, months before an exit or without one."""

import numpy as np

from insights.demo.process import Month, Process
from insights.demo.rows import Rows, pick
from insights.demo.service.contacts import until_left

PLACES = ("web", "app")


def behaviour_rows(process: Process, month: Month, rng: np.random.Generator) -> Rows:
    """Return the month's rows of ``behaviour``, one per client, day, place and action."""
    p, risk, clock = process.law.behaviour, month.risk, process.clock
    digital = np.flatnonzero(risk.digital)
    rate = np.asarray(p.days) * np.exp(np.asarray(p.intention) * risk.intention[digital][:, None])
    days = rng.poisson(rate)
    of, action = np.nonzero(days)
    times = days[of, action]
    of, action = np.repeat(of, times), np.repeat(action, times)
    n = len(of)
    rows: Rows = {
        "client_id": risk.at[digital[of]],
        "day": clock.day(month.t, rng.random(n)),
        "place": (rng.random(n) < p.app).astype(np.int8),
        "action": action.astype(np.int8),
        "count": 1 + rng.poisson(p.again, n),
    }
    key = np.stack([rows["client_id"], rows["day"].astype(np.int64), rows["place"], rows["action"]])
    _, first = np.unique(key, axis=1, return_index=True)
    return until_left(pick(rows, first), "day", process.state)
