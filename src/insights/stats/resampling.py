"""Bootstrap by unit or cluster, with weights that depend on nothing but the unit's key and a seed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import blake2b
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import Floats, Ints
from insights.stats.intervals import normal_quantile
from insights.stats.results import Estimate, NotEstimable

SOURCE = "Efron & Tibshirani (1993); Poisson weights: Hanley & MacGibbon (2006); Rubin (1981) for exponential ones"
Kind = Literal["poisson", "exponential", "rademacher"]
Words = npt.NDArray[np.uint64]
FEWEST_CLUSTERS = 20
MOST_FAILED = 0.05
GOLDEN, FIRST, SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


@dataclass(frozen=True)
class Replicates:
    """A statistic with m parts: ``value`` (m) and ``values`` (R, m), one row per replicate.

    ``seed``, ``kind`` and the number of replicates say which weights were used: replicates of two statistics with the
    same ones are paired by unit, even if they were made at different times, of other columns or of other units.
    ``n`` rows in ``clusters`` clusters.
    """

    value: Floats
    values: Floats = field(repr=False)
    seed: str
    kind: Kind
    n: int
    clusters: int

    def estimate(
        self,
        part: int = 0,
        *,
        unit: str = "",
        level: float = 0.95,
        method: Literal["percentile", "normal"] = "percentile",
        n_events: int | None = None,
    ) -> Estimate | NotEstimable:
        """Return one part with its interval: the quantiles of the replicates, or the value -/+ z standard errors.

        Percentile intervals need 1 / (1 - level) x 20 replicates (400 at 95 %), normal ones 50. NotEstimable with fewer
        than 20 clusters, or where the statistic fails (is not finite) in more than 5 % of the replicates.
        """
        if method not in ("percentile", "normal"):
            raise ValueError(f"the method is {method!r}; expected 'percentile' or 'normal'")
        if not 0 < level < 1:
            raise ValueError(f"the confidence level is {level}; expected a share between 0 and 1, such as 0.95")
        if self.clusters < FEWEST_CLUSTERS:
            return NotEstimable(f"{self.clusters} clusters are too few for a bootstrap; it needs {FEWEST_CLUSTERS}")
        needed = 50 if method == "normal" else round(20 / (1 - level))
        drawn = self.values[:, part]
        if len(drawn) < needed:
            raise ValueError(f"there are {len(drawn)} replicates; expected {needed} or more for this interval")
        good, value = drawn[np.isfinite(drawn)], float(self.value[part])
        if not np.isfinite(value):
            return NotEstimable("the statistic is not a number in the data themselves")
        if len(good) < (1 - MOST_FAILED) * len(drawn):
            return NotEstimable(f"the statistic fails in {len(drawn) - len(good)} of {len(drawn)} replicates")
        se = float(good.std(ddof=1))
        if method == "normal":
            half = normal_quantile(level) * se
            low, high = value - half, value + half
        else:
            low, high = (float(q) for q in np.quantile(good, [(1 - level) / 2, (1 + level) / 2]))
        return Estimate(value, low, high, unit, self.n, n_events, level, se)

    def __sub__(self, other: "Replicates") -> "Replicates":
        """Return the paired difference; raises ValueError for replicates that were made with other weights."""
        mine, theirs = ((r.seed, r.kind, r.values.shape) for r in (self, other))
        if mine != theirs:
            raise ValueError(
                "the replicates were made with other weights or have other parts; expected the same seed, kind, number "
                f"of replicates and parts, found {mine} and {theirs}"
            )
        value, values = self.value - other.value, self.values - other.values
        clusters = min(self.clusters, other.clusters)
        return Replicates(value, values, self.seed, self.kind, max(self.n, other.n), clusters)


def ratio_of(one: Replicates, other: Replicates, *, unit: str = "times") -> Estimate | NotEstimable:
    """Return one single number over another, both positive and of the same weights; the interval is normal in its log.

    NotEstimable as for ``Replicates.estimate``, and where one of them is not above 0.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = [replace(r, value=np.log(r.value), values=np.log(r.values)) for r in (one, other)]
    found = (logs[0] - logs[1]).estimate(unit=unit, method="normal")
    if isinstance(found, NotEstimable):
        return found
    value, low, high = (float(np.exp(v)) for v in (found.value, found.low, found.high))
    return Estimate(value, low, high, unit, found.n, found.n_events, found.level)


def bootstrap(
    statistic: Callable[[Floats], npt.ArrayLike],
    keys: npt.ArrayLike | pd.Series,
    *,
    seed: str,
    replicates: int = 500,
    kind: Kind = "poisson",
    at_once: int | None = None,
) -> Replicates:
    """Recompute a statistic with random weights for the units, all rows of a unit (or cluster) alike.

    ``statistic`` takes weights (n), 1 each for the data themselves, and returns a number or m of them; with ``at_once``
    it takes the weights of up to so many replicates (r, n) and returns (r, m). ``keys`` (n) name the unit or cluster of
    each row. ``kind`` is "poisson" (each unit drawn a Poisson(1) number of times) or
    "exponential" (mean 1; no unit ever vanishes, which helps statistics that need every group).

    Weights follow from ``seed`` and key alone (``replicate_weights``): they do not change with the order of the rows,
    with rows added, or from run to run. A total varies also with the number of units drawn, as it does in a population
    from which units are sampled; for means and ratios that cancels. Assumption: units are independent of each other.

    Raises ValueError for missing keys, and for "rademacher", which makes no sample.
    """
    if kind == "rademacher":
        raise ValueError("rademacher weights make no sample; expected 'poisson' or 'exponential'")
    unit, place = _units(keys)
    state = _hashed(unit, seed)
    ones = np.ones(len(place)) if at_once is None else np.ones((1, len(place)))
    value = np.asarray(statistic(ones), dtype=float).reshape(-1)
    values = np.empty((replicates, len(value)))
    for start in range(0, replicates, at_once or 1):
        numbers = range(start, min(start + (at_once or 1), replicates))
        drawn = np.stack([_drawn(state, r, kind)[place] for r in numbers])
        values[numbers.start : numbers.stop] = statistic(drawn[0] if at_once is None else drawn)
    return Replicates(value, values, seed, kind, len(place), len(unit))


def replicate_weights(
    keys: npt.ArrayLike | pd.Series, *, seed: str, replicates: Iterable[int], kind: Kind = "poisson"
) -> Floats:
    """Return weights (n, R) of the rows in the replicates of the given numbers.

    The same key and seed have the same weight in the same replicate, always and everywhere. "poisson" and
    "exponential" have mean and variance 1; "rademacher" is -1 or 1 with equal chance, a multiplier for score tests.
    Keys are told apart by their text. Raises ValueError for missing keys.
    """
    unit, place = _units(keys)
    state = _hashed(unit, seed)
    return np.stack([_drawn(state, r, kind)[place] for r in replicates], axis=1)


def _units(keys: npt.ArrayLike | pd.Series) -> tuple[list[str], Ints]:
    values = keys if isinstance(keys, (pd.Series, pd.Categorical)) else np.asarray(keys)
    if values.ndim != 1:
        raise ValueError(f"the keys have shape {values.shape}; expected one dimension")
    place, found = pd.factorize(values)
    if missing := int((place < 0).sum()):
        raise ValueError(f"{missing} keys are missing; expected the name of a unit in every row")
    names = [str(int(k)) if isinstance(k, (float, np.floating)) and float(k).is_integer() else str(k) for k in found]
    return names, place.astype(np.int64)


def _hashed(units: list[str], seed: str) -> Words:
    """Return 64 random bits for each unit: they depend on its name and the seed only."""
    salt = blake2b(seed.encode(), digest_size=16).digest()
    digests = b"".join(blake2b(name.encode(), digest_size=8, key=salt).digest() for name in units)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def _drawn(state: Words, replicate: int, kind: Kind) -> Floats:
    """Return the weights of one replicate: a step of SplitMix64 from each unit's own state."""
    with np.errstate(over="ignore"):
        z = state + GOLDEN * np.uint64(replicate + 1)
        z = (z ^ (z >> np.uint64(30))) * FIRST
        z = (z ^ (z >> np.uint64(27))) * SECOND
        z ^= z >> np.uint64(31)
    if kind == "rademacher":
        return np.where(z >> np.uint64(63), 1.0, -1.0)
    uniform = ((z >> np.uint64(11)).astype(float) + 0.5) * 2.0**-53
    if kind == "exponential":
        return np.asarray(-np.log(uniform))
    if kind == "poisson":
        return np.searchsorted(_poisson_steps(), uniform, side="right").astype(float)
    raise ValueError(f"the kind is {kind!r}; expected 'poisson', 'exponential' or 'rademacher'")


@cache
def _poisson_steps() -> Floats:
    """Return the distribution function of Poisson(1) at 0, 1, 2, ..."""
    terms = np.exp(-1.0) / np.cumprod(np.concatenate([[1.0], np.arange(1.0, 18.0)]))
    return np.asarray(np.cumsum(terms))
