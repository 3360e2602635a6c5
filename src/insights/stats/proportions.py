"""Shares of units: their intervals, and whether two counts from groups of one size differ by more than chance."""

import math
from collections.abc import Sequence

from insights.stats.inputs import check_level
from insights.stats.intervals import normal_quantile
from insights.stats.results import Estimate, TestResult

SOURCE = "Przyborowski & Wilenski (1940): given their sum, one of two equal counts is binomial with chance one half"


def proportion(count: float, n: float, *, level: float = 0.95) -> Estimate:
    """Return the share ``count`` of ``n`` > 0 independent units with the interval of Wilson (1927)."""
    check_level(level)
    if not (n > 0 and 0 <= count <= n):
        raise ValueError(f"{count} of {n} is no share; expected 0 <= count <= n and n > 0")
    z, share = normal_quantile(level), count / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    se = math.sqrt(share * (1 - share) / n)
    low, high = (0.0 if count == 0 else middle - half), (1.0 if count == n else middle + half)
    return Estimate(share, low, high, "share", int(n), int(count), level, se)


def rate(count: float, time: float, *, unit: str = "per year", level: float = 0.95) -> Estimate:
    """Return ``count`` events over ``time`` > 0 units of exposure, with the exact Poisson interval (Garwood 1936).

    Assumes that events come independently at one rate; each unit has at most one.
    """
    check_level(level)
    if not (time > 0 and count >= 0):
        raise ValueError(f"{count} events in {time} is no rate; expected count >= 0 and time > 0")
    tail = (1 - level) / 2
    from scipy.special import gammaincinv  # half a second that those who need no rate need not wait

    low = float(gammaincinv(count, tail)) if count else 0.0
    high = float(gammaincinv(count + 1, 1 - tail))
    se = math.sqrt(count) / time
    return Estimate(count / time, low / time, high / time, unit, round(time), int(count), level, se)


def amount_per_event(amount: float, events: int, *, unit: str, level: float = 0.95) -> Estimate:
    """Return a known ``amount`` > 0 divided by the events, > 0, that it brought.

    How many come is a matter of chance (Poisson). The interval is that of the rate, turned over; ``n`` and ``n_events``
    are the events.
    """
    per = rate(events, amount, level=level)
    return Estimate(1 / per.value, 1 / per.high, 1 / per.low, unit, events, events, level)


def same_chance(one: int, other: int, *, name: str = "equal counts") -> TestResult:
    """Test exactly that two counts come from the same rate, where both groups are of one size.

    ``one`` and ``other`` are numbers of units >= 0, each unit counted once. The p-value is two-sided: twice the smaller
    tail of the binomial distribution, at most 1; for groups of a size much larger than the counts, or matched one to
    one, it holds (a little wide) whatever the size is. Raises ValueError for negative counts or fractions.
    """
    null = "both groups have the same chance of it"
    for count in (one, other):
        if count != int(count) or count < 0:
            raise ValueError(f"a count is {count}; expected whole numbers >= 0")
    n = int(one + other)
    if n == 0:
        return TestResult(name, null, reason="nobody in either group has it")
    few = int(min(one, other))
    tail = math.fsum(math.comb(n, k) / 2**n for k in range(few + 1)) if n < 1000 else _normal(few, n)
    return TestResult(name, null, statistic=float(one) / n, p_value=min(1.0, 2 * tail))


def same_shares(counts: Sequence[float], totals: Sequence[float], *, name: str = "equal shares") -> TestResult:
    """Test that k groups of independent units have the same share: Pearson's chi-squared with k - 1 degrees of freedom.

    ``counts`` of ``totals`` by group. An approximation for large groups: there is no statistic where a group would be
    expected to have fewer than five with or without, or where there are not two groups. Raises ValueError for lengths
    that differ and counts outside 0 to their total.
    """
    null = "all groups have the same share"
    if len(counts) != len(totals) or any(not 0 <= c <= n for c, n in zip(counts, totals, strict=True)):
        raise ValueError("counts do not fit their totals; expected 0 <= count <= total, one of each by group")
    if len(totals) < 2:
        return TestResult(name, null, reason="there are not two groups to compare")
    share = sum(counts) / max(sum(totals), 1e-300)
    if min(totals) * min(share, 1 - share) < 5:
        return TestResult(name, null, reason="a group is too small, or too few or too many have it")
    statistic = sum((c - n * share) ** 2 / (n * share * (1 - share)) for c, n in zip(counts, totals, strict=True))
    df = len(totals) - 1
    from scipy.special import chdtrc  # half a second that those who test nothing need not wait

    return TestResult(name, null, float(statistic), float(df), float(chdtrc(df, statistic)))


def _normal(few: int, n: int) -> float:
    return 0.5 * math.erfc((n / 2 - few - 0.5) / math.sqrt(n / 2))
