"""Shares of units: their intervals, and whether two counts from groups of one size differ by more than chance."""

import math

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


def _normal(few: int, n: int) -> float:
    return 0.5 * math.erfc((n / 2 - few - 0.5) / math.sqrt(n / 2))
