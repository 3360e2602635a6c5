"""Counts of units by period that are unlike both their own past and those of others: told so rarely by chance alone."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import Floats
from insights.stats.results import NotEstimable

SOURCE = "Negative binomial tails, moments of the bulk; Bonferroni over all units and periods"
FEWEST, PAST = 100, 6
"""Counts needed to know what is usual, and periods of its own past that a unit needs before they are looked at."""
BULK = 0.99
"""The largest in a hundred do not count for what is usual: what is looked for must not hide itself."""


def unusual_counts(
    count: npt.ArrayLike,
    unit: npt.ArrayLike,
    period: npt.ArrayLike,
    exposure: npt.ArrayLike | None = None,
    *,
    chance: float = 0.01,
) -> pd.DataFrame | NotEstimable:
    """Return expected, p (adjusted) and unusual (flag) of each count (n), in the order given.

    count (n) >= 0 of a unit (n, names) in a period (n, numbers); exposure (n) > 0 is what the count is in proportion to
    (default 1). A count is held against the larger of two rates, that of all others and that of the unit's own earlier
    periods; it varies about it as a negative binomial whose spread is that of the bulk of all counts. It is unusual
    where so large a one has an adjusted p-value below ``chance``: all units and periods together give a false alarm
    with no more than about that chance. Every unit and period belongs in, those with a count of 0 too.

    Assumes that units are alike but for their level. NotEstimable below 100 counts or two units. Raises ValueError for
    negative counts, exposures of 0 and lengths that differ.
    """
    x, when = np.asarray(count, dtype=float), np.asarray(period, dtype=float)
    at_risk = np.ones(len(x)) if exposure is None else np.asarray(exposure, dtype=float)
    code, names = pd.factorize(np.asarray(unit, dtype=object))
    if not len(x) == len(when) == len(at_risk) == len(code):
        raise ValueError(f"there are {len(x)} counts, {len(code)} units and {len(when)} periods; expected one of each")
    if (x < 0).any() or not (at_risk > 0).all():
        raise ValueError("a count is negative or an exposure is not above 0; expected counts >= 0 and exposures > 0")
    if len(x) < FEWEST or len(names) < 2:
        return NotEstimable(f"{len(x)} counts of {len(names)} units; {FEWEST} of two or more are needed")
    rate = x / at_risk
    bulk = rate <= np.quantile(rate, BULK)
    mean = max(float(x[bulk].sum() / at_risk[bulk].sum()), 0.5 / float(at_risk.sum()))
    expected = mean * at_risk
    own = _past(x, at_risk, code, when)
    usual = np.maximum(expected, np.nan_to_num(own) * at_risk)
    away = float(((x - expected)[bulk] ** 2 - expected[bulk]).sum())
    spread = max(away / float((expected[bulk] ** 2).sum()), 0.0)
    p = np.minimum(_tail(x, usual, spread) * len(x), 1.0)
    return pd.DataFrame({"expected": usual, "p": p, "unusual": (p < chance) & (x > usual)})


def _past(x: Floats, at_risk: Floats, code: npt.NDArray[np.intp], when: Floats) -> Floats:
    """Return the rate of each unit's earlier periods (n); nan where there are too few."""
    rows = pd.DataFrame({"code": code, "when": when, "x": x, "e": at_risk, "one": 1.0})
    rows = rows.sort_values(["code", "when"], kind="stable")
    sums = rows.groupby("code")[["x", "e", "one"]].cumsum() - rows[["x", "e", "one"]]
    told = (sums["x"] / sums["e"]).where(sums["one"] >= PAST)
    return told.sort_index().to_numpy(float)


def _tail(x: Floats, mean: Floats, spread: float) -> Floats:
    """Return the chance of so large a count or a larger one (n): Poisson without spread."""
    from scipy.special import betainc, pdtrc  # half a second that those who count nothing need not wait

    some = x > 0
    if spread < 1e-6:
        return np.asarray(np.where(some, pdtrc(np.maximum(x - 1, 0), mean), 1.0))
    size = 1 / spread
    share = mean / (mean + size)
    return np.asarray(np.where(some, betainc(np.maximum(x, 1), size, share), 1.0))
