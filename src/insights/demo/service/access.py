"""Staff access to client data. Two managers misuse theirs; the law says who, when and how."""

import numpy as np

from insights.demo.process import Month, Process
from insights.demo.rows import Rows, stack
from insights.demo.service.contacts import until_left

KINDS = ("client file", "holdings", "contact data")
CHECKS = ("passed", "failed", "none")


def access_rows(process: Process, month: Month, rng: np.random.Generator) -> Rows:
    """Return the month's rows of ``access``: each client's own manager now and then, and the two misuses."""
    p, risk, clock = process.law.access, month.risk, process.clock
    of = np.repeat(np.arange(len(risk.at)), rng.poisson(p.rate, len(risk.at)))
    curious, obsessed = (number % process.law.managers.count for number in (p.curious_manager, p.obsessed_manager))
    parts = [_rows(process, month, risk.at[of], risk.manager[of].astype(np.int64), rng)]
    m = (month.t - clock.burn_in) / max(clock.months - 1, 1)
    step = 1 / max(clock.months - 1, 1)
    if m <= p.curious_at < m + step:
        others = risk.at[risk.manager != curious]
        seen = rng.choice(others, min(p.curious_clients, len(others)), replace=False)
        parts.append(_rows(process, month, seen, np.full(len(seen), curious), rng))
    if m <= p.obsessed_at < m + step and len(risk.at):
        richest = risk.at[risk.log_wealth.argmax()]
        n = p.obsessed_times
        parts.append(_rows(process, month, np.full(n, richest), np.full(n, obsessed), rng))
    return until_left(stack(parts), "accessed_on", process.state)


def _rows(process: Process, month: Month, client: np.ndarray, manager: np.ndarray, rng: np.random.Generator) -> Rows:
    n = len(client)
    return {
        "accessed_on": process.clock.day(month.t, rng.random(n)),
        "rm_id": manager,
        "client_id": client,
        "kind": rng.integers(0, len(KINDS), n).astype(np.int8),
        "identity_check": rng.choice(len(CHECKS), n, p=process.law.access.checks).astype(np.int8),
    }
