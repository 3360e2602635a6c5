"""What changed between two estimates of the same thing, and whether it is more than chance."""

import math
from dataclasses import replace

from insights.stats.intervals import normal_quantile
from insights.stats.results import Estimate, TestResult

SOURCE = "Zou & Donner (2008), Statistics in Medicine 27: the method of variance estimates recovery"
NAME, NULL = "no change", "what is estimated is the same at both times"


def change_between(now: Estimate, before: Estimate) -> Estimate:
    """Return ``now`` less ``before`` with the interval of Zou and Donner, at the level of both.

    Each end of the interval comes from the ends of the two that speak for it, so that skewed intervals stay skewed.
    Assumption: the two are independent. Where they share data (the same clients a month apart) they go together, and
    the interval is wider than it need be, never narrower. Raises ValueError for units or levels that differ, and for an
    end that is not finite.
    """
    if now.unit != before.unit or now.level != before.level:
        found = f"{now.unit!r} at {now.level} and {before.unit!r} at {before.level}"
        raise ValueError(f"the estimates are in {found}; expected one unit and one level")
    ends = (now.low, now.high, before.low, before.high)
    if not all(math.isfinite(end) for end in ends):
        raise ValueError(
            f"the intervals are ({now.low}, {now.high}) and ({before.low}, {before.high}); expected numbers"
        )
    value = now.value - before.value
    low = value - math.hypot(now.value - now.low, before.high - before.value)
    high = value + math.hypot(now.high - now.value, before.value - before.low)
    n_events = None if now.n_events is None or before.n_events is None else now.n_events + before.n_events
    se = (high - low) / 2 / normal_quantile(now.level)
    return Estimate(value, low, high, now.unit, max(now.n, before.n), n_events, now.level, se)


def change_within(now: Estimate, before: Estimate) -> Estimate:
    """Return ``now`` less ``before`` with an interval that holds whatever goes between the two.

    The error of a difference is at most the sum of both errors (Cauchy and Schwarz), so each end of the interval is as
    far away as the ends of the two that speak for it together. Wider than need be wherever they go together or are
    independent. Raises ValueError as ``change_between``.
    """
    apart = change_between(now, before)
    low = apart.value - (now.value - now.low) - (before.high - before.value)
    high = apart.value + (now.high - now.value) + (before.value - before.low)
    return replace(apart, low=low, high=high, se=(high - low) / 2 / normal_quantile(now.level))


def changed(change: Estimate, name: str = NAME) -> TestResult:
    """Test that a difference is zero, by the half of its interval that reaches towards zero, taken as normal.

    No statistic where that half has no length: nothing is known of how far chance reaches.
    """
    half = change.value - change.low if change.value > 0 else change.high - change.value
    if not half > 0:
        return TestResult(name, NULL, reason="the change has no interval")
    z = change.value / half * normal_quantile(change.level)
    return TestResult(name, NULL, z, None, math.erfc(abs(z) / math.sqrt(2)))
