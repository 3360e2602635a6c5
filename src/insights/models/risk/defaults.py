"""Defaults within twelve months: by what a loan is like where enough were seen, at one rate for all where few were."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.risk.loans import Loans, loans
from insights.stats.hazard import HazardModel, discrete_hazard
from insights.stats.proportions import rate
from insights.stats.results import Estimate, NotEstimable
from insights.stats.two_state import within

YEAR, FEWEST = 12, 10
"""Months ahead, and defaults below which not even one rate for all is told."""
COLUMNS = ("ltv", "late")


@dataclass(frozen=True)
class Defaults:
    """What was learned of defaults up to a month.

    ``monthly``: the rate of default a month, all loans together. ``model``: the hazard by ltv and lateness, or why
    there is none. ``moves`` (2, 2): from on time or late to on time or late over a month.
    """

    monthly: Estimate
    model: HazardModel | NotEstimable
    moves: np.ndarray = field(repr=False)

    def within_year(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the chance (n) that each loan defaults within twelve months.

        The cover of a loan is taken as it is; lateness comes and goes as it has done.
        """
        late = (rows["late"] > 0).to_numpy(np.int64)
        if isinstance(self.model, NotEstimable):
            return np.full(len(rows), 1 - (1 - self.monthly.value) ** YEAR)
        ltv = rows["ltv"].to_numpy(float)
        hazard = np.column_stack(
            [self.model.predict((COLUMNS, np.column_stack([ltv, np.full(len(rows), s)]))) for s in (0.0, 1.0)]
        )
        return within(hazard, self.moves, late, YEAR)


def defaults(bank: Bank, before: int = 0) -> Defaults | NotEstimable:
    """Return what the loans tell of defaults up to ``before`` months before the last, made once per bank."""
    return once(bank, ("risk_defaults", before), lambda: learned(loans(bank), loans(bank).last - before))


def learned(found: Loans, last: int) -> Defaults | NotEstimable:
    """Return what loans tell of defaults in months up to ``last``; NotEstimable with fewer than ten defaults."""
    if not found.defaults_recorded:
        return NotEstimable("defaults are not recorded")
    rows = found.rows
    at_risk = rows[rows["performing"] & (rows["month"] < last) & (rows["drawn"] > 0)]
    event = (at_risk["default"] == at_risk["month"] + 1).to_numpy(float)
    if event.sum() < FEWEST:
        return NotEstimable(f"{int(event.sum())} defaults; {FEWEST} are needed")
    monthly = rate(float(event.sum()), float(len(at_risk)), unit="per month")
    late = (at_risk["late"] > 0).to_numpy(float)
    model = discrete_hazard((COLUMNS, np.column_stack([at_risk["ltv"].to_numpy(float), late])), event)
    return Defaults(monthly, model, _moves(rows[rows["performing"] & (rows["month"] <= last)]))


def _moves(rows: pd.DataFrame) -> np.ndarray:
    """Return how often loans on time or late (rows) are on time or late a month on (columns)."""
    client, month, late = (rows[c].to_numpy() for c in ("client_id", "month", "late"))
    follows = (client[1:] == client[:-1]) & (month[1:] == month[:-1] + 1)
    now, then = (late[:-1] > 0)[follows], (late[1:] > 0)[follows]
    counts = np.array([[(~now & ~then).sum(), (~now & then).sum()], [(now & ~then).sum(), (now & then).sum()]], float)
    counts[counts.sum(axis=1) == 0] = (1.0, 0.0)  # a state never seen is not stayed in
    return counts / counts.sum(axis=1, keepdims=True)
