"""Use of value-added services and partner benefits; every use earns or spends points."""

import numpy as np

from insights.demo.process import Month, Process
from insights.demo.rows import Rows
from insights.demo.service.contacts import until_left

SERVICES = ("health check", "school advice", "concierge", "art storage", "points shop")
PARTNERS = ("clinic", "university", "travel agency", "free port", "bank")


def service_rows(process: Process, month: Month, rng: np.random.Generator) -> Rows:
    """Return the month's rows of ``services``; wealthier clients use more of them."""
    p, risk = process.law.services, month.risk
    rate = p.rate * np.exp(p.per_log_wealth * np.clip(risk.log_wealth, -3, 3))
    of = np.repeat(np.arange(len(risk.at)), rng.poisson(rate))
    n = len(of)
    service = rng.choice(len(SERVICES), n, p=p.shares)
    rows: Rows = {
        "client_id": risk.at[of],
        "used_on": process.clock.day(month.t, rng.random(n)),
        "service": service.astype(np.int8),
        "partner": service.astype(np.int8),
        "points": np.asarray(p.points)[service] * (1 + rng.poisson(p.again, n)).astype(float),
    }
    return until_left(rows, "used_on", process.state)
