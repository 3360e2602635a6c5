"""What is known at a horizon when some were lost before it: outcomes, and the weights that make up for the lost."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from insights.stats.inputs import CENSORED, Floats, Ints, read_rows
from insights.stats.results import NotEstimable

Convention = Literal["exact", "scikit-survival"]


@dataclass(frozen=True)
class Followed:
    """Rows followed from month 0: ``time`` (n), ``cause`` (n, codes; 0 censored), the code ``of`` of the event meant.

    ``axis`` (T) are the distinct times and ``place`` (n) where each row's is; ``stratum`` (n) within which the
    censoring is estimated. ``hazard`` and ``at_risk`` (S, T) are those of censoring, ``kept`` (S, T) the probability of
    not being censored by the time. ``convention`` as in ``follow``.
    """

    time: Floats
    cause: Ints
    of: int
    axis: Floats
    place: Ints
    stratum: Ints
    hazard: Floats
    at_risk: Floats
    kept: Floats
    convention: Convention

    def at(self, horizon: float) -> "AtHorizon | NotEstimable":
        """Return outcomes and weights at the horizon, or the reason why too little is known."""
        if not horizon > 0:
            raise ValueError(f"the horizon is {horizon} months; expected a number > 0")
        exact, censored = self.convention == "exact", self.cause == CENSORED
        steps = int(np.searchsorted(self.axis, horizon, side="left" if exact else "right"))
        until = np.where(self.time <= horizon, self.place if exact else self.place + 1, steps)
        beyond = self.time > horizon
        if exact:
            still = (self.time == horizon) & censored
            beyond |= still
            until[still] = steps
        known = beyond | ~censored
        kept = np.concatenate([np.ones((len(self.kept), 1)), self.kept], axis=1)
        if (kept[:, steps] <= 0).any() or (kept[self.stratum[known], until[known]] <= 0).any():
            return NotEstimable(f"all who were left are lost before {horizon:g} months")
        weight = np.zeros(len(self.time))
        weight[known] = 1 / kept[self.stratum[known], until[known]]
        return AtHorizon(self, horizon, steps, known & ~beyond & (self.cause == self.of), beyond, weight, until)


@dataclass(frozen=True)
class AtHorizon:
    """Outcomes at one horizon: ``event`` (n, of the cause meant), ``beyond`` (n, nothing has happened by then).

    ``weight`` (n) is one over the probability of being known, hence of not being lost at the first ``until`` (n) times,
    and 0 for those who were lost. ``steps`` times lie before the horizon.
    """

    followed: Followed
    horizon: float
    steps: int
    event: npt.NDArray[np.bool_]
    beyond: npt.NDArray[np.bool_]
    weight: Floats
    until: Ints

    def total(self, amount: Floats) -> float:
        """Return what a sum of weight x amount x values is divided by to be a mean."""
        return float((amount * self.weight if self.followed.convention == "exact" else amount).sum())

    def through_weights(self, terms: Floats) -> Floats:
        """Return the influence (n) that each row has on the sum of weight x terms (n) because it shapes the weights.

        A censoring at u raises the weights of all rows that were kept beyond u. With H(u) the sum of weight x terms of
        those, a row at risk of censoring at u moves the sum by H(u) (censored at u - hazard) / (Y(u) (1 - hazard)).
        """
        f, t = self.followed, len(self.followed.axis)
        carried, own = self.weight * terms, f.stratum * t
        strata = len(f.kept)
        # H(u): all rows whose weight has the factor of u: those who left later, or were still there at the horizon.
        ends = np.bincount(f.stratum * (t + 1) + self.until, carried, strata * (t + 1)).reshape(strata, t + 1)
        ahead = np.cumsum(ends[:, ::-1], axis=1)[:, ::-1][:, 1:]
        scale = f.at_risk * (1 - f.hazard)
        rate = np.divide(ahead, scale, out=np.zeros_like(ahead), where=(scale > 0) & (f.hazard < 1))
        rate[:, self.steps :] = 0.0
        spent = np.concatenate([np.zeros((strata, 1)), np.cumsum(rate * f.hazard, axis=1)], axis=1)
        censored = f.cause == CENSORED
        moved = -spent[f.stratum, f.place + censored]
        moved[censored] += rate.reshape(-1)[(own + f.place)[censored]]
        return np.asarray(moved)


def follow(
    time: npt.ArrayLike,
    cause: npt.ArrayLike,
    of: str | None = None,
    strata: npt.ArrayLike | None = None,
    convention: Convention = "exact",
) -> Followed:
    """Read rows that are all followed from month 0, and estimate how they were lost (Kaplan-Meier of the censoring).

    ``time`` and ``cause`` (n) as in ``risk_table``; ``of`` names the cause meant and may be left out where there is
    only one. ``strata`` (n): the censoring is estimated within each.

    Where events and censorings share a time, the events come first, as in every curve here. An event is then seen by
    whoever is not lost *before* it, and who is censored in the month of the horizon is known to be without one: with
    ``convention`` "exact" the weighted share of events is the Aalen-Johansen incidence to the last digit, and the
    weights add up to n. "scikit-survival" takes the probability of being lost by the time of the event itself, and
    counts who is censored in the month of the horizon as lost; it is there to reproduce figures made by that package,
    and overstates the events where they share their times with censorings, as in all monthly data.

    Raises ValueError as ``risk_table``, and for an unknown cause or convention.
    """
    if convention not in ("exact", "scikit-survival"):
        raise ValueError(f"the convention is {convention!r}; expected 'exact' or 'scikit-survival'")
    rows = read_rows(time, cause, group=strata)
    if of is None and len(rows.causes) > 1:
        raise ValueError(f"there are several causes ({', '.join(rows.causes)}); expected one: give of")
    if of is not None and of not in rows.causes and rows.causes:
        raise ValueError(f"no cause is called {of!r}; expected one of {', '.join(rows.causes)}")
    code = rows.causes.index(of) + 1 if of in rows.causes else 1
    axis, place = np.unique(rows.time, return_inverse=True)
    shape = (max(len(rows.groups), 1), len(axis))
    cell = rows.group * shape[1] + place
    ended = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape).astype(float)
    censored = rows.cause == CENSORED
    lost = np.bincount(cell[censored], minlength=shape[0] * shape[1]).reshape(shape).astype(float)
    at_risk = np.cumsum(ended[:, ::-1], axis=1)[:, ::-1] - (ended - lost)
    hazard = np.divide(lost, at_risk, out=np.zeros_like(lost), where=at_risk > 0)
    kept = np.cumprod(1 - hazard, axis=1)
    return Followed(rows.time, rows.cause, code, axis, place, rows.group, hazard, at_risk, kept, convention)
