"""What events may cost in a year: how often they come, times how much each costs, drawn many times."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import Floats, check_level
from insights.stats.intervals import normal_quantile
from insights.stats.results import Estimate, NotEstimable, Result, TestResult

SOURCE = (
    "Klugman, Panjer & Willmot (2012), Loss models, ch. 9; test of the logs: Anderson & Darling, with the p-value of "
    "D'Agostino & Stephens (1986)"
)
FEWEST = 20
YEARS, REPLICATES, YEARS_EACH = 20_000, 100, 1_000
NORMAL = "the logs of the losses are normally distributed"


@dataclass(frozen=True, eq=False)
class YearlyLoss(Result):
    """Losses of a year.

    ``expected``: their mean; ``quantiles``: what a year exceeds with a chance of one less the probability. ``table``:
    measure, probability, value, low, high. ``log_mean`` and ``log_sd`` of a single loss. ``checks``: logs are normal.
    """

    expected: Estimate = field(kw_only=True)
    quantiles: dict[float, Estimate] = field(kw_only=True)
    log_mean: float = field(kw_only=True)
    log_sd: float = field(kw_only=True)


def yearly_loss(
    losses: npt.ArrayLike,
    yearly: Estimate,
    probabilities: Sequence[float] = (0.5, 0.95, 0.99),
    *,
    rng: np.random.Generator,
    level: float = 0.95,
) -> YearlyLoss | NotEstimable:
    """Return the distribution of the sum of a year's losses.

    losses (n): known single losses > 0; yearly: how many events a year has, with its interval. Each year has a Poisson
    number of events, and each costs a lognormal amount, whatever the others cost.

    Intervals (normal on the log scale) hold the error of the mean and the spread of the logs and of the number of
    events; not that losses larger than any on record may follow another law. Assumes that losses that are not known are
    like those that are. NotEstimable below 20 losses, or where they do not vary. Raises ValueError for losses of 0 or
    less.
    """
    check_level(level)
    x = np.asarray(losses, dtype=float)
    if x.ndim != 1 or not (x > 0).all() or not np.isfinite(x).all():
        raise ValueError(f"losses have shape {x.shape}, some missing or not above 0; expected amounts > 0 (n,)")
    if not all(0 < p < 1 for p in probabilities):
        raise ValueError(f"probabilities are {list(probabilities)}; expected shares between 0 and 1")
    n = len(x)
    if n < FEWEST:
        return NotEstimable(f"{n} losses are known; {FEWEST} are needed")
    logs = np.log(x)
    mean, sd = float(logs.mean()), float(logs.std(ddof=1))
    if not sd > 0:
        return NotEstimable("the losses do not vary")
    # What a year costs on average follows from the law; its quantiles are drawn.
    own = _quantiles(_drawn(mean, sd, yearly.value, YEARS, rng), yearly.value, mean, sd, probabilities)
    rate_se = np.log(max(yearly.high, 1e-12) / max(yearly.low, 1e-12)) / (2 * normal_quantile(yearly.level))
    again = []
    for _ in range(REPLICATES):
        spread = sd * np.sqrt((n - 1) / rng.chisquare(n - 1))
        middle = mean + spread / np.sqrt(n) * rng.standard_normal()
        rate = yearly.value * np.exp(rate_se * rng.standard_normal())
        again.append(_quantiles(_drawn(middle, spread, rate, YEARS_EACH, rng), rate, middle, spread, probabilities))
    half = normal_quantile(level) * np.log(np.maximum(again, 1e-9)).std(axis=0, ddof=1)
    found = [
        Estimate(float(v), float(v * np.exp(-h)), float(v * np.exp(h)), "money", n, n, level)
        for v, h in zip(own, half, strict=True)
    ]
    quantiles = dict(zip(probabilities, found[1:], strict=True))
    lines = [("expected", np.nan, found[0]), *(("quantile", p, e) for p, e in quantiles.items())]
    table = pd.DataFrame(
        [{"measure": m, "probability": p, "value": e.value, "low": e.low, "high": e.high} for m, p, e in lines]
    )
    checks = (_normality(logs),)
    return YearlyLoss(table, checks, SOURCE, expected=found[0], quantiles=quantiles, log_mean=mean, log_sd=sd)


def _drawn(mean: float, sd: float, yearly: float, years: int, rng: np.random.Generator) -> Floats:
    """Return the sums of so many years (years)."""
    count = rng.poisson(yearly, years)
    single = np.exp(mean + sd * rng.standard_normal(int(count.sum())))
    return np.bincount(np.repeat(np.arange(years), count), single, years).astype(float)


def _quantiles(sums: Floats, yearly: float, mean: float, sd: float, probabilities: Sequence[float]) -> Floats:
    return np.append(yearly * np.exp(mean + sd**2 / 2), np.quantile(sums, list(probabilities)))


def _normality(logs: Floats) -> TestResult:
    """Test that logs are normal, mean and sd being those of the sample (Anderson & Darling)."""
    from scipy.special import log_ndtr  # slow to import

    n = len(logs)
    z = np.sort((logs - logs.mean()) / logs.std(ddof=1))
    place = 2 * np.arange(1, n + 1) - 1
    square = -n - float((place * (log_ndtr(z) + log_ndtr(-z[::-1]))).sum()) / n
    a = square * (1 + 0.75 / n + 2.25 / n**2)
    if a >= 0.6:
        p = np.exp(1.2937 - 5.709 * a + 0.0186 * a**2) if a < 13 else 0.0
    elif a >= 0.34:
        p = np.exp(0.9177 - 4.279 * a - 1.38 * a**2)
    elif a >= 0.2:
        p = 1 - np.exp(-8.318 + 42.796 * a - 59.938 * a**2)
    else:
        p = 1 - np.exp(-13.436 + 101.14 * a - 223.73 * a**2)
    return TestResult("Anderson-Darling", NORMAL, float(a), None, float(p))
