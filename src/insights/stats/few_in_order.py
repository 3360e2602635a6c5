"""A yes-or-no score where few said no: each row is foretold from earlier ones only, and intervals admit how few."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import chdtrc, expit, stdtrit

from insights.stats.elastic_net import elastic_net_logit
from insights.stats.inputs import Floats, check_level
from insights.stats.proportions import rate
from insights.stats.results import Estimate, NotEstimable, Result, TestResult

SOURCE = (
    "Dawid (1984), The prequential approach; DeLong, DeLong & Clarke-Pearson (1988); logit scale and few events: "
    "Qin & Hotilovac (2008)"
)
FEWEST = 10
"""Events, and rows without, that must be there before the first row is foretold, and again among those foretold."""
PENALTY = 5.0


@dataclass(frozen=True, repr=False)
class FewInOrder(Result):
    """How well rows were foretold from those before them.

    ``auc``: the chance that a row with the event was given a higher probability than one without. ``ratio``: events by
    those foretold. ``table``: score, value, low, high, n, n_events of both. ``checks``: that the score says nothing
    (ranks), and that levels were right (ratio). ``probability`` (n): nan for those from which the first were learned.
    """

    auc: Estimate = field(kw_only=True)
    ratio: Estimate = field(kw_only=True)
    probability: Floats = field(kw_only=True)


def few_in_order(
    columns: pd.DataFrame,
    came: npt.ArrayLike,
    when: npt.ArrayLike,
    *,
    penalty: float = PENALTY,
    level: float = 0.95,
) -> FewInOrder | NotEstimable:
    """Foretell each row from the rows of earlier days, by a logit with a ridge penalty that few events can bear.

    columns (n rows): numbers without gaps, all known when the row begins; came (n): whether the event came; when (n):
    the day on which the row began (anything that can be sorted). Rows of one day are foretold together. Columns are
    standardised by the earlier rows; all that is learned comes from them. Choose the columns before looking at what
    came: with few events a choice by result is worth nothing.

    A day's score may use outcomes that were not known on that day, where events take long: then it says how well such
    rows can be told apart, not how well they could have been told apart at the time.

    Intervals: of the AUC by DeLong's variance on the logit scale, with Student's t of as many degrees of freedom as the
    smaller group has rows, less one; of the ratio exact (Poisson). Rows are taken as independent of each other.

    NotEstimable below 10 events and 10 others before the first row foretold, or among those foretold. Raises ValueError
    for lengths that differ and values that are missing.
    """
    check_level(level)
    y, day = np.asarray(came, dtype=bool), np.asarray(when)
    x = columns.to_numpy(dtype=float)
    if not len(x) == len(y) == len(day):
        raise ValueError(f"there are {len(x)} rows, {len(y)} outcomes and {len(day)} days; expected one of each")
    if not np.isfinite(x).all():
        raise ValueError("some values of the columns are missing or infinite; expected numbers")
    probability = np.full(len(y), np.nan)
    for today in np.unique(day):
        before = day < today
        if min(y[before].sum(), (~y[before]).sum()) < FEWEST:
            continue
        now = day == today
        mean, spread = x[before].mean(axis=0), x[before].std(axis=0)
        some = spread > 0
        scaled = (x[:, some] - mean[some]) / spread[some]
        net = elastic_net_logit(scaled[before], y[before], penalty=penalty, l1=0.0)
        probability[now] = expit(net.intercept + scaled[now] @ net.slopes)
    told = np.isfinite(probability)
    events, others = int(y[told].sum()), int((~y[told]).sum())
    if min(events, others) < FEWEST:
        return NotEstimable(f"{events} events and {others} others could be foretold; {FEWEST} of each are needed")
    auc, no_skill = area(probability[told], y[told], level=level)
    expected = float(probability[told].sum())
    one = rate(events, expected, unit="ratio", level=level)
    ratio = Estimate(one.value, one.low, one.high, "ratio", events + others, events, level)
    variance = float((probability[told] * (1 - probability[told])).sum())
    away = (events - expected) ** 2 / variance
    levels = TestResult(
        "calibration in the large", "as many events came as were foretold", away, 1.0, float(chdtrc(1, away))
    )
    table = pd.DataFrame(
        [
            {"score": name, "value": e.value, "low": e.low, "high": e.high, "n": e.n, "n_events": events}
            for name, e in (("auc", auc), ("ratio", ratio))
        ]
    )
    return FewInOrder(table, (no_skill, levels), SOURCE, auc=auc, ratio=ratio, probability=probability)


def area(score: npt.ArrayLike, came: npt.ArrayLike, *, level: float = 0.95) -> tuple[Estimate, TestResult]:
    """Return the AUC of scores (n) with its interval, and the test that they say nothing about what came (n).

    Variance by DeLong; interval on the logit scale with Student's t (see ``few_in_order``). The test is that of
    Wilcoxon's ranks with ties. Raises ValueError without both outcomes, twice each.
    """
    s, y = np.asarray(score, dtype=float), np.asarray(came, dtype=bool)
    case, other = s[y], s[~y]
    m, n = len(case), len(other)
    if min(m, n) < 2:
        raise ValueError(f"{m} rows with the event and {n} without; expected two or more of each")
    above = (case[:, None] > other).astype(float) + 0.5 * (case[:, None] == other)
    value = float(above.mean())
    variance = float(above.mean(axis=1).var(ddof=1) / m + above.mean(axis=0).var(ddof=1) / n)
    # At the ends the scale is infinite and the variance 0: half a pair keeps both finite.
    inside = min(max(value, 0.5 / (m * n)), 1 - 0.5 / (m * n))
    least = inside * (1 - inside) / (m * n)
    half = float(stdtrit(min(m, n) - 1, (1 + level) / 2)) * np.sqrt(max(variance, least)) / (inside * (1 - inside))
    logit = np.log(inside / (1 - inside))
    low, high = min(float(expit(logit - half)), value), max(float(expit(logit + half)), value)
    found = Estimate(value, low, high, "share", m + n, m, level, float(np.sqrt(variance)))
    _, ties = np.unique(s, return_counts=True)
    whole = m + n
    spread = m * n / 12 * (whole + 1 - (ties**3 - ties).sum() / (whole * (whole - 1)))
    z2 = (m * n * (value - 0.5)) ** 2 / spread if spread > 0 else 0.0
    null = "the score says nothing about what came"
    return found, TestResult("Wilcoxon", null, float(z2), 1.0, float(chdtrc(1, z2)))
