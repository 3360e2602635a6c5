"""How many events have happened that nobody has reported yet, from how late earlier ones were reported."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import Floats, Ints, check_level
from insights.stats.intervals import normal_quantile
from insights.stats.results import Estimate, NotEstimable, Result

SOURCE = "Lawless (1994), Adjustments for reporting delays and the prediction of occurred but not reported events"
FEWEST = 20
"""Reported events below which the delay is not known well enough."""
SHORTEST = 12
"""Periods on record below which long delays cannot have been seen."""


@dataclass(frozen=True, eq=False)
class Nowcast(Result):
    """Events of the last ``periods`` periods, those not yet reported included.

    ``table``: delay (periods), share (of events reported within so many periods), se. ``total`` events of the span,
    with a prediction interval; ``rate`` per unit of exposure and period, with a confidence interval; ``reported`` of
    them are known. ``known_share`` is the share of the span's events that is known by now on average.
    """

    total: Estimate = field(kw_only=True)
    rate: Estimate = field(kw_only=True)
    reported: int = field(kw_only=True)
    known_share: float = field(kw_only=True)
    known_share_se: float = field(kw_only=True)


def nowcast(
    occurred: npt.ArrayLike,
    reported: npt.ArrayLike,
    last: int,
    periods: int,
    *,
    first: int | None = None,
    exposure: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> Nowcast | NotEstimable:
    """Estimate the events of the last ``periods`` whole periods from those reported by the end of period ``last``.

    occurred, reported (n): whole periods; rows reported after ``last`` are left out. ``first`` is the period from which
    events are on record (default: the first event's), ``exposure`` (periods) the units at risk in each period of the
    span, the oldest first (default: 1 each).

    The delays are a right-truncated sample: a late event of last month is not there yet. Their distribution is
    therefore estimated backwards: of the events reported within d periods, and old enough for it, the share reported
    in period d exactly. Assumes that delays do not depend on when an event happened, that none is longer than the
    record, and that the rate per exposure is constant over the span. A reporting discipline that improves makes the
    result too high, one that slackens too low.

    The interval of the total holds for what is still to come: chance of the unreported (Poisson) and error of the rate
    and of the delays. NotEstimable below 20 reported events, with a record shorter than the span or than 12 periods, or
    where less than a tenth of the span's events can be known yet. Raises ValueError for reports before the event.
    """
    check_level(level)
    t, r = np.asarray(occurred, dtype=np.int64), np.asarray(reported, dtype=np.int64)
    if t.shape != r.shape or t.ndim != 1:
        raise ValueError(f"occurred has shape {t.shape}, reported {r.shape}; expected two arrays of one length")
    if (r < t).any():
        raise ValueError(
            f"{int((r < t).sum())} events are reported before they happened; expected reported >= occurred"
        )
    if periods < 1:
        raise ValueError(f"periods is {periods}; expected 1 or more")
    t, r = t[r <= last], r[r <= last]
    if len(t) < FEWEST:
        return NotEstimable(f"{len(t)} reported events; {FEWEST} are needed to know how late they are reported")
    opens = int(t.min()) if first is None else first
    t, r = t[t >= opens], r[t >= opens]
    if (long := last - opens + 1) < max(periods, SHORTEST):
        return NotEstimable(f"{long} periods on record; {max(periods, SHORTEST)} are needed")
    share, log_variance = _delays(t, r - t, last, last - opens)
    at_risk = np.ones(periods) if exposure is None else np.asarray(exposure, dtype=float)
    if at_risk.shape != (periods,) or not (at_risk >= 0).all() or not at_risk.sum() > 0:
        raise ValueError(f"exposure has shape {at_risk.shape}; expected ({periods},), none negative, some above 0")
    age = np.arange(periods)[::-1]
    known = float(at_risk @ share[age] / at_risk.sum())
    count = int((t > last - periods).sum())
    if known < 0.1:
        return NotEstimable("less than a tenth of what happened can be reported yet")
    # Cov(log F(a), log F(b)) is the variance at the longer delay: the product behind it is part of both.
    weight = at_risk * share[age]
    variance = float(weight @ log_variance[np.maximum.outer(age, age)] @ weight) / at_risk.sum() ** 2
    z = normal_quantile(level)
    whole = count / known
    late = whole - count
    late_se = np.sqrt((1 / known - 1) ** 2 * max(count, 1) + count**2 * variance / known**4 + late)
    spread = np.exp(z * late_se / max(late, 1.0))
    low, high = max(late / spread, late - z * late_se, 0.0), late * spread if late >= 1 else late + z * late_se
    total = Estimate(whole, count + low, count + high, "events", count, count, level, float(late_se))
    at = float(at_risk.sum())
    log_se = float(np.sqrt(1 / max(count, 1) + variance / known**2))
    value = whole / at
    ends = (value * np.exp(-z * log_se), value * np.exp(z * log_se)) if count else (0.0, 3.0 / (at * known))
    rate = Estimate(value, float(ends[0]), float(ends[1]), "per period", round(at), count, level, value * log_se)
    table = pd.DataFrame(
        {"delay": np.arange(len(share)), "share": share, "se": share * np.sqrt(log_variance)},
    )
    return Nowcast(
        table, (), SOURCE, total=total, rate=rate, reported=count, known_share=known, known_share_se=variance**0.5
    )


def _delays(t: Ints, delay: Ints, last: int, longest: int) -> tuple[Floats, Floats]:
    """Return by delay 0 ... longest the share reported within it, and the variance of its logarithm."""
    backward, variance = np.zeros(longest + 1), np.zeros(longest + 1)
    for d in range(1, longest + 1):
        old = t <= last - d
        within, exact = int((delay[old] <= d).sum()), int((delay[old] == d).sum())
        if within:
            backward[d] = exact / within
            variance[d] = exact / (within * max(within - exact, 1))
    # F(d) is the product of 1 - backward over the longer delays.
    after = np.concatenate([np.cumprod((1 - backward)[::-1])[::-1][1:], [1.0]])
    spread = np.concatenate([np.cumsum(variance[::-1])[::-1][1:], [0.0]])
    return after, spread
