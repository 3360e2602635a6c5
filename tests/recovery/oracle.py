"""The best prediction that anybody could make: futures simulated by the law itself from the same state of the bank."""

import copy
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from insights.demo.law import Law
from insights.demo.money.market import redraw_market
from insights.demo.people.leaving import Risk, hazards
from insights.demo.process import PARTS, Process
from insights.demo.streams import stream
from insights.stats.inputs import Floats


class Watched(Process):
    """A bank under way that can be asked what may become of its clients."""

    held: "Held | None" = None

    def _leave(self, risk: Risk, t: int) -> tuple[np.ndarray, np.ndarray]:
        """Let clients leave; in a future that is held, nobody leaves, and what would have made them is added up."""
        if self.held is None:
            return super()._leave(risk, t)
        hazard = hazards(self.law, risk, self.managers)
        hazard[risk.at == self.dominant] = 0.0
        self.held.add(risk.at, hazard)
        return np.zeros(0, np.int64), np.full(len(risk.at), -1, np.int8)


@dataclass
class Held:
    """Sums over one future for the clients ``at`` the landmark: hazard so far, and the probability of having left.

    Given the path of his covariates a client leaves with probability 1 - exp(-sum of hazards); the mean of that over
    futures is his risk, with far less noise than the share of futures in which a draw makes him leave. No client's path
    depends on whether he, or another, leaves.
    """

    at: np.ndarray
    so_far: Floats
    by_reason: Floats

    def add(self, at: np.ndarray, hazard: Floats) -> None:
        """Add a month; ``hazard`` (clients at risk, reasons)."""
        place = np.full(max(int(at.max()), int(self.at.max())) + 1, -1)
        place[at] = np.arange(len(at))
        own = hazard[place[self.at]]
        total = own.sum(axis=1)
        ended = np.exp(-self.so_far) * -np.expm1(-total)
        self.by_reason += own * np.divide(ended, total, out=np.zeros_like(ended), where=total > 0)[:, None]
        self.so_far += total


@dataclass(frozen=True)
class Oracle:
    """Clients in force at the landmark (positions ``at``), their risks by reason (n, reasons), and what happened.

    ``reason`` is that of those who left within the horizon in the bank's own future, -1 for the others; ``market`` of
    that future is the one in all the others too: it moves everybody alike.
    """

    at: np.ndarray
    risk: Floats
    reason: np.ndarray


def oracle(law: Law, clients: int, months: int, seed: int, *, horizon: int = 12, futures: int = 1000) -> Oracle:
    """Return the risks of leaving within the horizon (months) after the landmark so long before the bank's last month.

    The bank is the one that ``write_demo`` writes for the same arguments.
    """
    process = Watched(law, clients, months, seed, tables=False)
    landmark = process.clock.total - 1 - horizon
    months_of = process.run()
    for month in months_of:
        if month.t == landmark:
            break
    state = copy.deepcopy(process)
    at = np.flatnonzero(process.state.present)
    reason = np.full(len(process.people), -1)
    for month in months_of:
        gone = month.reason >= 0
        first = month.risk.at[gone]
        fresh = reason[first] < 0
        reason[first[fresh]] = month.reason[gone][fresh]
    total = np.zeros((len(at), 5))
    for k in range(futures):
        total += _future(state, at, landmark, horizon, seed, k)
    return Oracle(at, total / futures, reason[at])


def fork(process: Watched, seed: int, k: int, landmark: int, *, fresh_market: bool = False) -> Any:
    """Return a copy of the bank as it stands after month ``landmark``, whose future number ``k`` is drawn anew."""
    law = process.law
    shared = [law, process.clock, process.shelf, process.managers, *(getattr(law, f.name) for f in fields(law))]
    future = copy.deepcopy(process, {id(part): part for part in shared})
    future.rng = {part: stream(seed, f"future {k} {part}") for part in PARTS}
    if fresh_market:
        rng = stream(seed, f"future {k} market")
        future.market = future.treasury.market = redraw_market(process.market, law, landmark, rng)
    return future


def _future(state: Watched, at: np.ndarray, landmark: int, horizon: int, seed: int, k: int) -> Floats:
    """Return the probability of leaving by reason (n, reasons) along one future."""
    future = fork(state, seed, k, landmark)
    future.held = Held(at, np.zeros(len(at)), np.zeros((len(at), 5)))
    for t in range(landmark + 1, landmark + 1 + horizon):
        future._month(t, record=False)
    return future.held.by_reason


def expected_auc(score: Floats, risk: Floats) -> float:
    """Return the AUC of a score (n) that is to be expected where clients leave with these probabilities (n)."""
    _, rank = np.unique(score, return_inverse=True)
    case, control = np.bincount(rank, risk), np.bincount(rank, 1 - risk)
    below = np.cumsum(control) - control / 2
    # A client makes no pair with himself; his own would count one half.
    alone = risk @ (1 - risk)
    return float((case @ below - alone / 2) / (case.sum() * control.sum() - alone))
