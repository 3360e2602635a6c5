"""Events of several kinds in several groups, together: groups differ by a factor that all kinds share."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import Floats, check_level
from insights.stats.intervals import normal_quantile
from insights.stats.results import NotEstimable, Result, TestResult
from insights.stats.shrunken import FEWEST_GROUPS, Shrunken, shrunken_factors

SOURCE = "Johnson, Kotz & Balakrishnan (1997), Discrete multivariate distributions, ch. 36: negative multinomial"
SAME_GROUPS, SAME_MIX = "the groups differ by chance alone", "every group has the same mix of kinds"
SHUFFLES = 999
CLOSE, MOST_STEPS = 1e-7, 200


@dataclass(frozen=True, eq=False)
class KindsOfEvents(Result):
    """``table``: kind (place), events, rate, low, high (per unit of exposure).

    ``variance`` is that of the factors of the groups (mean 1), ``factor`` (groups) what each one's is, drawn towards 1
    as far as chance may have made it; ``log_var`` the variance of the logarithm of the rate of all kinds together.
    ``cell_p`` (groups, kinds): the chance of so many events of a kind in a group, or more, given the group's factor;
    one cell among all with a chance below 0.05 / cells is told beyond chance. ``checks``: that the groups differ by
    chance alone, and that they have the same mix of kinds.
    """

    variance: float = field(kw_only=True)
    factor: Floats = field(kw_only=True, repr=False)
    log_var: float = field(kw_only=True)
    cell_p: Floats = field(kw_only=True, repr=False)


def kinds_of_events(
    counts: npt.ArrayLike, exposure: npt.ArrayLike, *, rng: np.random.Generator, level: float = 0.95
) -> KindsOfEvents | NotEstimable:
    """Return the rate of each kind of event, and how far groups differ, from all counts together.

    counts (groups, kinds) >= 0; exposure (groups) > 0. Given its factor a group has Poisson numbers of each kind, at
    the kind's rate times the exposure times the factor; factors are gamma distributed with mean 1, the same for all
    kinds of a group. The counts of a kind are then negative binomial. The rate of all kinds together and the variance
    maximise the likelihood; the shares of the kinds are those of all events. Intervals of the rates (normal on the log
    scale) hold the variation of the groups, that of the counts, and the error of the shares; that of the variance is
    left out, to which the rate is orthogonal. The mix is tested by chi-square against shuffled kinds (exact but for the
    number of shuffles), which does not need many events in a cell.

    Where one group has more of one kind only, the factor does not hold it: the second test and ``cell_p`` do.
    NotEstimable with fewer than 20 groups or without an event. Raises ValueError for shapes that differ, negative
    counts, and exposures of 0.
    """
    check_level(level)
    o, e = np.asarray(counts, dtype=float), np.asarray(exposure, dtype=float)
    if o.ndim != 2 or e.shape != o.shape[:1]:
        raise ValueError(f"counts have shape {o.shape}, exposure {e.shape}; expected (groups, kinds) and (groups,)")
    if not (np.isfinite(o).all() and (o >= 0).all() and np.isfinite(e).all() and (e > 0).all()):
        raise ValueError(
            "a count is negative or missing, or an exposure is not above 0; expected counts and exposures > 0"
        )
    if len(e) < FEWEST_GROUPS:
        return NotEstimable(f"{len(e)} groups are too few to tell how much they differ: {FEWEST_GROUPS} are needed")
    n = float(o.sum())
    if n == 0:
        return NotEstimable("no event in any group")
    found, rate = _together(o.sum(axis=1), e, n / float(e.sum()))
    weight = 1 / (1 + found.variance * e * rate)
    log_var = 1 / float((e * rate * weight).sum())
    kinds = o.sum(axis=0)
    share = kinds / n
    with np.errstate(divide="ignore"):
        se = np.sqrt(log_var + np.where(kinds > 0, (1 - share) / np.maximum(kinds, 1), np.inf))
    spread = np.exp(normal_quantile(level) * se)
    rates = rate * share
    table = pd.DataFrame({"kind": np.arange(len(kinds)), "events": kinds.astype(np.int64), "rate": rates})
    table = table.assign(low=rates / spread, high=np.where(kinds > 0, rates * spread, np.inf))
    from scipy.special import pdtrc  # half a second that those who count nothing need not wait

    mean = np.outer(e * found.factor, rates)
    cell_p = np.where(o > 0, pdtrc(np.maximum(o - 1, 0), np.maximum(mean, 1e-300)), 1.0)
    checks = (found.test, _same_mix(o.astype(np.int64), rng))
    return KindsOfEvents(
        table, checks, SOURCE, variance=found.variance, factor=found.factor, log_var=log_var, cell_p=cell_p
    )


def _together(total: Floats, e: Floats, rate: float) -> tuple[Shrunken, float]:
    """Return the factors of the groups and the rate of all kinds: each given the other until nothing changes.

    After ``MOST_STEPS`` the last ones count.
    """
    found = _factors(total, e * rate)
    for _ in range(MOST_STEPS):
        # At the maximum the events are as many as expected, each group weighing by how well its factor is known.
        weight = 1 / (1 + found.variance * e * rate)
        better = float((weight * total).sum() / (weight * e).sum())
        if abs(better - rate) < CLOSE * rate:
            return found, better
        rate = better
        found = _factors(total, e * rate)
    return found, rate


def _factors(total: Floats, expected: Floats) -> Shrunken:
    found = shrunken_factors(total, expected)
    assert isinstance(found, Shrunken), "there are groups enough"
    return found


def _same_mix(o: npt.NDArray[np.int64], rng: np.random.Generator) -> TestResult:
    name = "mix of kinds by group"
    kinds, groups = np.flatnonzero(o.sum(axis=0)), np.flatnonzero(o.sum(axis=1))
    if len(kinds) < 2 or len(groups) < 2:
        return TestResult(name, SAME_MIX, reason="there is one kind, or one group with events")
    own = o[np.ix_(groups, kinds)]
    expected = np.outer(own.sum(axis=1), own.sum(axis=0)) / own.sum()
    group = np.repeat(np.arange(len(groups)), own.sum(axis=1))
    kind = np.concatenate([np.repeat(np.arange(len(kinds)), row) for row in own])

    def away(labels: npt.NDArray[np.int64]) -> float:
        cells = np.bincount(group * len(kinds) + labels, minlength=own.size).reshape(own.shape)
        return float(((cells - expected) ** 2 / expected).sum())

    seen = away(kind)
    more = sum(away(rng.permutation(kind)) >= seen * (1 - 1e-12) for _ in range(SHUFFLES))
    df = float((len(groups) - 1) * (len(kinds) - 1))
    return TestResult(name, SAME_MIX, seen, df, (1 + more) / (1 + SHUFFLES))
