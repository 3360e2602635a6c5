"""How many times as often something happened as at another time: exact, given how often it happened in all."""

from insights.stats.inputs import check_level
from insights.stats.results import Estimate, TestResult

SOURCE = "Przyborowski & Wilenski (1940); limits by Clopper & Pearson (1934) of the share, turned into a ratio"
NULL = "the rate is the same at both times"


def rate_ratio(
    now: float, exposure_now: float, before: float, exposure_before: float, *, name: str = "", level: float = 0.95
) -> tuple[Estimate, TestResult]:
    """Return the ratio of two rates with its exact interval, and the exact two-sided test that it is 1.

    ``now`` events over ``exposure_now`` > 0, ``before`` over ``exposure_before`` > 0; one of the counts is above 0.
    Assumes that events come independently of each other: where one unit has many, the interval is too narrow. An end
    that the data do not bound is infinite. Raises ValueError for negative counts, none at all, and exposures of 0.
    """
    check_level(level)
    if now < 0 or before < 0 or now + before <= 0 or not (exposure_now > 0 and exposure_before > 0):
        raise ValueError(
            f"{now} events in {exposure_now} and {before} in {exposure_before}; expected counts >= 0, not both 0, and "
            "exposures > 0"
        )
    from scipy.special import bdtr, bdtrc, betaincinv  # half a second that those who compare no rates need not wait

    total, tail = now + before, (1 - level) / 2
    low = float(betaincinv(now, before + 1, tail)) if now else 0.0
    high = float(betaincinv(now + 1, before, 1 - tail)) if before else 1.0
    scale = exposure_before / exposure_now
    share = exposure_now / (exposure_now + exposure_before)
    value = scale * now / before if before else float("inf")
    ends = (scale * low / (1 - low), scale * high / (1 - high) if high < 1 else float("inf"))
    below = float(bdtr(now, round(total), share))
    above = float(bdtrc(now - 1, round(total), share)) if now else 1.0
    found = Estimate(value, ends[0], ends[1], "ratio", round(total), round(total), level)
    return found, TestResult(name or "rate ratio", NULL, value, None, min(1.0, 2 * min(below, above)))
