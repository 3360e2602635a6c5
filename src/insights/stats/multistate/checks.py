"""What the data of multistate curves show about themselves: gaps, thin risk sets, counts that do not fit."""

import numpy as np

from insights.stats.inputs import Floats
from insights.stats.multistate.paths import STRANDED, Paths
from insights.stats.results import TestResult
from insights.stats.steps import FEW_AT_RISK

THIN = 0.05
"""More probability than this, moved by risk sets under ``FEW_AT_RISK``, is reported."""


def check_paths(groups: list[Paths]) -> tuple[TestResult, ...]:
    """Check that the risk sets carry the probabilities that they move; report what else was found, where it was."""
    checks = [_thin(groups), _stranded(groups)]
    late = [g for g in groups if g.start > g.asked]
    if late:
        last = max(late, key=lambda g: (g.start, g.counts.group))
        checks.append(
            TestResult(
                name="observed from the start",
                null="somebody is at risk from the start on in every group",
                statistic=last.start,
                reason=f"nobody is at risk before {last.start:g} months{_named(last)}: the initial state is taken to "
                "be that of this month",
            )
        )
    if clipped := sum(g.clipped for g in groups):
        checks.append(
            TestResult(
                name="events fit the risk sets",
                null="at no time are there more events than units at risk in a state",
                statistic=clipped,
                reason=f"{clipped:g} events more than units at risk were left out; rounded counts do this",
            )
        )
    return tuple(checks)


def _thin(groups: list[Paths]) -> TestResult:
    name = "thin risk sets"
    null = f"at most {THIN:.0%} of probability moves through risk sets of fewer than {FEW_AT_RISK}"
    worst = max(groups, key=lambda g: float(_moved(g).sum()), default=None)
    if worst is None:
        return TestResult(name, null, reason="nobody is at risk")
    moved = _moved(worst)
    total = float(moved.sum())
    if total <= THIN:
        return TestResult(name, null, statistic=total)
    first = np.flatnonzero(moved)[0]
    why = f"{total:.0%} of probability{_named(worst)} was moved by fewer than {FEW_AT_RISK} at risk"
    return TestResult(name, null, statistic=total, reason=f"{why}, first at {worst.counts.times[first]:g} months")


def _moved(paths: Paths) -> Floats:
    """Return the probability moved through thin risk sets by time (shown)."""
    shown = slice(0, paths.shown)
    stay = np.diagonal(paths.moves, axis1=1, axis2=2)[shown]
    thin = paths.counts.at_risk[shown] < FEW_AT_RISK
    return np.asarray((paths.before[shown] * (1 - stay) * thin).sum(axis=1))


def _stranded(groups: list[Paths]) -> TestResult:
    name = "risk sets stay filled"
    null = f"of those who could move, at most {STRANDED:.0%} are in states that nobody is observed in"
    if not groups:
        return TestResult(name, null, reason="nobody is at risk")
    ended = [g for g in groups if g.shown < len(g.counts.times)]
    if not ended:
        return TestResult(name, null, statistic=max(g.stranded for g in groups))
    first = min(ended, key=lambda g: (g.end, g.counts.group))
    reason = f"{len(ended)} of {len(groups)} groups end early{_named(first)}: {first.why}"
    return TestResult(name, null, statistic=max(g.stranded for g in groups), reason=reason)


def _named(paths: Paths) -> str:
    return f" in group {paths.counts.group}" if paths.counts.group else ""
