"""What regressions share: the evidence they need, and the table of their coefficients."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from insights.stats.inputs import Floats
from insights.stats.results import Estimate, NotEstimable, Result, TestResult

EVENTS_PER_PARAMETER = 10
FEWEST_EVENTS = 50


@dataclass(frozen=True, eq=False)
class Coefficients(Result):
    """Base of the regressions.

    ``table``: name, estimate, se, low, high, p; one row per coefficient, on the scale named by ``unit``. Where the
    covariance does not carry an interval, se to p are missing and ``no_interval`` says why. ``covariance`` (k, k) is in
    the order of the table. ``df`` (k) are the degrees of freedom of the intervals, infinite for normal ones.
    ``influence`` has one row per cluster: by how much each coefficient would change, to first order, without it.
    """

    names: tuple[str, ...] = ()
    covariance: Floats = field(default_factory=lambda: np.zeros((0, 0)), repr=False)
    df: Floats = field(default_factory=lambda: np.zeros(0), repr=False)
    n: int = 0
    n_events: int = 0
    loglik: float = float("nan")
    level: float = 0.95
    unit: str = ""
    no_interval: str = ""
    clusters: Mapping[str, int] = field(default_factory=dict)
    influence: pd.DataFrame | None = field(default=None, repr=False)

    def coefficient(self, name: str) -> Estimate | NotEstimable:
        """Return one coefficient with its interval; NotEstimable where the covariance carries none.

        Raises ValueError for a name that is not in the table.
        """
        found = self.table[self.table["name"] == name]
        if found.empty:
            raise ValueError(f"no coefficient is called {name!r}; expected one of {', '.join(self.table['name'])}")
        if self.no_interval:
            return NotEstimable(self.no_interval)
        row = found.iloc[0]
        value, low, high, se = (float(row[c]) for c in ("estimate", "low", "high", "se"))
        return Estimate(value, low, high, self.unit, self.n, self.n_events, self.level, se)


def too_few_events(events: float, parameters: int, what: str = "events") -> NotEstimable | None:
    """Return the refusal of a regression with fewer than 10 events per parameter, or fewer than 50 in all."""
    needed = max(FEWEST_EVENTS, EVENTS_PER_PARAMETER * parameters)
    if events >= needed:
        return None
    return NotEstimable(
        f"{events:g} {what} are too few for {parameters} parameters: {needed} are needed "
        f"({EVENTS_PER_PARAMETER} for each, and at least {FEWEST_EVENTS})"
    )


def events_check(events: float, parameters: int) -> TestResult:
    """Report the events per parameter."""
    return TestResult(
        name="events per parameter",
        null=f"there are at least {EVENTS_PER_PARAMETER} events for every parameter",
        statistic=events / parameters if parameters else None,
        reason="" if parameters else "there is no parameter but the baseline",
    )


def coefficient_table(
    names: tuple[str, ...], values: Floats, covariance: Floats, df: Floats, level: float, *, interval: bool = True
) -> pd.DataFrame:
    """Return the tidy table; normal intervals where ``df`` is infinite, Student's otherwise."""
    from scipy.special import ndtr, ndtri, stdtr, stdtrit  # not needed by those who only draw curves

    se = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    if not interval:
        se = np.full(len(values), np.nan)
    finite = np.isfinite(df)
    some = np.where(finite, df, 1.0)
    quantile = np.where(finite, stdtrit(some, (1 + level) / 2), ndtri((1 + level) / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = -np.abs(values / se)
    p = 2 * np.where(finite, stdtr(some, z), ndtr(z))
    return pd.DataFrame(
        {
            "name": list(names),
            "estimate": values,
            "se": se,
            "low": values - quantile * se,
            "high": values + quantile * se,
            "p": p,
        }
    )


def dependent_message(names: tuple[str, ...], found: tuple[int, list[int]], within: str) -> NotEstimable:
    """Say which column the data cannot tell from the others."""
    column, others = found
    if not others:
        return NotEstimable(f"the column {names[column]!r} does not vary{within}: it has no effect that could be seen")
    return NotEstimable(
        f"the column {names[column]!r} is a linear combination of {', '.join(repr(names[k]) for k in others)}{within}: "
        "the data cannot tell their effects apart; leave one of them out"
    )


def separation_message(names: tuple[str, ...], moving: list[int]) -> NotEstimable:
    """Say which columns send the coefficients to infinity."""
    which = f"the column {names[moving[0]]!r} separates"
    if len(moving) > 1:
        which = f"the columns {', '.join(repr(names[k]) for k in moving)} together separate"
    return NotEstimable(
        f"the likelihood has no maximum: {which} those with the event from those without; merge the level concerned "
        "with another, or leave it out"
    )
