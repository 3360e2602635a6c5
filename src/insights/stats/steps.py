"""The step function under every curve: where it steps, by how much, and how far the data carry it."""

from dataclasses import dataclass

import numpy as np

from insights.stats.counts import Counts
from insights.stats.inputs import Floats
from insights.stats.results import NotEstimable, TestResult

FEW_AT_RISK = 10
"""Fewer at risk than this, before the largest risk set, is reported as a check."""


@dataclass(frozen=True)
class Steps:
    """One group. Times and ``at_risk`` have T entries, ``events`` (C, T), ``survival`` T (after each time).

    Nobody is at risk before month ``start``: the curve is conditional on reaching it. Only the first ``shown`` times
    carry an estimate. ``end`` is the month up to which somebody is observed, and ``why`` says what happens there; the
    value at ``end`` itself is known when ``end_shown``. ``blur`` is that of the counts.
    """

    group: str
    causes: tuple[str, ...]
    times: Floats
    at_risk: Floats
    events: Floats
    survival: Floats
    units: float
    start: float
    blur: float
    clipped: float
    shown: int
    end: float
    end_shown: bool
    why: str

    @property
    def all_events(self) -> Floats:
        """Events of all causes (T)."""
        return np.asarray(self.events.sum(axis=0))

    @property
    def before(self) -> Floats:
        """Survival just before each time (T)."""
        return np.concatenate([[1.0], self.survival[:-1]])

    @property
    def least_at_risk(self) -> Floats:
        """The smallest number at risk so far (T): under delayed entry the weakest link of the curve."""
        return np.asarray(np.minimum.accumulate(self.at_risk))

    @property
    def hazard_blur(self) -> Floats:
        """Standard deviation of what rounding of the counts adds to the cumulative hazard (T); an upper estimate.

        An error e of the cumulative number of events moves the cumulative hazard by at most about e over the smallest
        number at risk so far.
        """
        return self.blur / np.maximum(self.least_at_risk, 1.0)

    def place(self, month: float) -> int | NotEstimable:
        """Return the index of the last step at or before the month (-1: before the first)."""
        if not month >= 0:
            raise ValueError(f"the horizon is {month} months; expected a number >= 0")
        if month < self.start:
            return NotEstimable(f"nobody is at risk before {self.start:g} months")
        if month > self.end or (month == self.end and not self.end_shown):
            return NotEstimable(self.why)
        return int(np.searchsorted(self.times, month, side="right")) - 1

    def steps_before(self, horizon: float) -> int | NotEstimable:
        """Return the number of steps before the horizon, if every moment up to it is observed."""
        if not horizon >= 0:
            raise ValueError(f"the horizon is {horizon} months; expected a number > 0")
        if horizon == 0:
            return NotEstimable("the horizon is 0 months: there is no time to average over")
        if self.start > 0:
            why = f"nobody is at risk before {self.start:g} months"
            return NotEstimable(f"{why}: a mean from 0 on would take it for granted that all get that far")
        return NotEstimable(self.why) if horizon > self.end else int(np.searchsorted(self.times, horizon, side="left"))


def make_steps(causes: tuple[str, ...], counts: Counts) -> Steps:
    """Turn counts into steps.

    Counts that went through rounding may show more events than units at risk; the events are then scaled down to the
    number at risk (all causes alike), and ``clipped`` says by how many. Where the risk set is empty for a while, or all
    in it leave at once although others enter later, the product would stay at what it was (or at zero) for ever after:
    that is an accident of who entered when and not an estimate, so the curve ends there.
    """
    n, events = counts.at_risk, counts.events
    d = events.sum(axis=0)
    over = d > n
    if over.any():
        events = events * np.where(over, np.divide(n, d, out=np.ones_like(d), where=d > 0), 1.0)
        clipped, d = float((d - n)[over].sum()), np.minimum(d, n)
    else:
        clipped = 0.0
    survival = np.cumprod(np.divide(n - d, n, out=np.ones_like(n), where=n > 0))
    shown, end, end_shown, why = _reach(counts.times, n, survival)
    return Steps(
        group=counts.group,
        causes=causes,
        times=counts.times,
        at_risk=n,
        events=events,
        survival=survival,
        units=counts.units,
        start=counts.start,
        blur=counts.blur,
        clipped=clipped,
        shown=shown,
        end=end,
        end_shown=end_shown,
        why=why,
    )


def only_cause(steps: Steps, cause: str) -> Steps:
    """Return the steps with the events of all other causes counted as censored."""
    events = steps.events[[steps.causes.index(cause)]]
    counts = Counts(steps.group, steps.times, steps.at_risk, events, steps.units, steps.start, steps.blur)
    return make_steps((cause,), counts)


def _reach(times: Floats, n: Floats, survival: Floats) -> tuple[int, float, bool, str]:
    """Return (shown, end, end_shown, why) of a curve that starts and ends with somebody at risk."""
    last = len(times) - 1
    empty, zero = np.flatnonzero(n == 0), np.flatnonzero(survival == 0)
    gap = int(empty[0]) if len(empty) else last + 1
    gone = int(zero[0]) if len(zero) else last + 1
    if gap <= min(gone, last):
        end = float(times[gap - 1])
        return gap, end, True, f"nobody is at risk between {end:g} and {times[gap]:g} months, though others enter later"
    if gone < last:
        end = float(times[gone])
        why = f"all at risk at {end:g} months leave then, though others enter later: the curve would stay at zero"
        return gone, end, False, why
    end = float(times[last])
    return last + 1, end, True, f"nobody is at risk beyond {end:g} months"


def check_steps(groups: list[Steps]) -> tuple[TestResult, ...]:
    """Check that no early handful of units decides the whole curve; report what else was found, where it was."""
    checks = [_early(groups)]
    late = [g for g in groups if g.start > 0]
    if late:
        last = max(late, key=lambda g: (g.start, g.group))
        checks.append(
            TestResult(
                name="observed from the start",
                null="somebody is at risk from month 0 on in every group",
                statistic=last.start,
                reason=f"nobody is at risk before {last.start:g} months{_named(last)}: the curve is conditional on "
                "getting that far, and not to be compared with curves that start earlier",
            )
        )
    ended = [g for g in groups if g.shown < len(g.times)]
    if ended:
        first = min(ended, key=lambda g: (g.end, g.group))
        checks.append(
            TestResult(
                name="risk sets stay filled",
                null="somebody is at risk at every moment up to the last exit of each group",
                statistic=float(len(ended)),
                reason=f"{len(ended)} of {len(groups)} curves end early{_named(first)}: {first.why}",
            )
        )
    if clipped := sum(g.clipped for g in groups):
        checks.append(
            TestResult(
                name="events fit the risk sets",
                null="at no time are there more events than units at risk",
                statistic=clipped,
                reason=f"{clipped:g} events more than units at risk were left out; rounded counts do this",
            )
        )
    return tuple(checks)


def _early(groups: list[Steps]) -> TestResult:
    """Compare the risk sets before each group's largest one, which only delayed entry makes, with ``FEW_AT_RISK``."""
    name = "early risk sets under delayed entry"
    null = f"before the largest risk set, no event happens among fewer than {FEW_AT_RISK} at risk"
    smallest: tuple[float, float, Steps] | None = None
    for g in groups:
        peak = int(np.argmax(g.at_risk))
        early = np.flatnonzero((g.all_events[:peak] > 0) & (g.at_risk[:peak] > 0))
        if len(early):
            at = early[np.argmin(g.at_risk[early])]
            here = (float(g.at_risk[at]), float(g.times[at]), g)
            smallest = here if smallest is None or here[:2] < smallest[:2] else smallest
    if smallest is None:
        return TestResult(name, null, reason="no event happens before the largest risk set")
    n, month, g = smallest
    if n >= FEW_AT_RISK:
        return TestResult(name, null, statistic=n)
    why = f"only {n:g} at risk at {month:g} months{_named(g)}: one event there moves everything after it"
    return TestResult(name, null, statistic=n, reason=why)


def _named(steps: Steps) -> str:
    return f" in group {steps.group}" if steps.group else ""
