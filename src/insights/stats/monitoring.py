"""Control charts that know how often they cry wolf: CUSUM and EWMA, their run lengths, and their design."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import Floats
from insights.stats.results import NotEstimable, Result, TestResult

SOURCE = (
    "Page (1954); Roberts (1959); Brook & Evans (1972); Crowder (1987); Knoth (2005), run lengths by integral equation"
)
NODES = 80
FEWEST_BASELINE = 20
Sides = Literal["both", "up", "down"]


@dataclass(frozen=True)
class Cusum:
    """Sums of what exceeds ``k`` (sd), with an alarm above ``h`` (sd); both directions, or one."""

    k: float
    h: float
    sides: Sides = "both"

    def __post_init__(self) -> None:
        """Refuse what is not a chart."""
        if not (self.h > 0 and np.isfinite(self.h) and self.k >= 0 and np.isfinite(self.k)):
            raise ValueError(f"k is {self.k} and h is {self.h}; expected k >= 0 and h > 0, in sd")
        _check_sides(self.sides)


@dataclass(frozen=True)
class Ewma:
    """Exponentially weighted mean with weight ``smoothing`` on the newest value; alarm beyond ``width`` of its own sd.

    The sd is the one of the steady state, from the first value on. One direction leaves the other without a limit.
    """

    smoothing: float
    width: float
    sides: Sides = "both"

    def __post_init__(self) -> None:
        """Refuse what is not a chart."""
        if not (0 < self.smoothing <= 1 and self.width > 0 and np.isfinite(self.width)):
            raise ValueError(
                f"smoothing is {self.smoothing} and width is {self.width}; expected 0 < smoothing <= 1 and width > 0"
            )
        _check_sides(self.sides)

    @property
    def limit(self) -> float:
        """The limit of the weighted mean, in sd of a value."""
        return self.width * float(np.sqrt(self.smoothing / (2 - self.smoothing)))


Chart = Cusum | Ewma


def run_length(chart: Chart, shift: float = 0.0) -> float:
    """Return the mean number of values up to the alarm if the mean lies ``shift`` sd from its target all the time.

    At shift 0 it is the mean time to a false alarm. The chart starts at its target. Assumes independent normal values
    with known mean and sd: correlated values give far more alarms, heavy tails more, and a target estimated from few
    values more or fewer.

    By the integral equation of the run length, solved on Gauss-Legendre nodes.
    """
    if isinstance(chart, Cusum):
        if chart.sides != "both":
            return _cusum_length(chart.k, chart.h, shift if chart.sides == "up" else -shift)
        # Both sums cannot be above 0 at once for long: the rates of alarm add up (exactly, for sums from 0).
        up, down = (_cusum_length(chart.k, chart.h, sign * shift) for sign in (1, -1))
        return 1 / (1 / up + 1 / down)
    kernel, _, start = _ewma_kernel(chart, shift)
    lengths = np.linalg.solve(np.eye(len(kernel)) - kernel, np.ones(len(kernel)))
    return float(1 + start @ lengths)


def alarm_chance(chart: Chart, values: int, shift: float = 0.0) -> float:
    """Return the probability of an alarm within so many values; assumptions as in ``run_length``.

    For two-sided sums the directions are taken as independent, which is right to first order for rare alarms.
    """
    if values < 0:
        raise ValueError(f"values is {values}; expected a number >= 0")
    if values == 0:
        return 0.0
    if isinstance(chart, Cusum) and chart.sides == "both":
        up, down = (alarm_chance(Cusum(chart.k, chart.h, side), values, shift) for side in ("up", "down"))
        return 1 - (1 - up) * (1 - down)
    if isinstance(chart, Cusum):
        kernel, nothing, start = _cusum_kernel(chart.k, chart.h, shift if chart.sides == "up" else -shift)
        # The state 0 has a probability of its own: it stands first.
        full = np.zeros((len(kernel) + 1,) * 2)
        full[0, 0], full[0, 1:], full[1:, 0], full[1:, 1:] = nothing[0], start, nothing[1:], kernel
        kernel, first = full, np.eye(len(full))[0]
        quiet = np.ones(len(full))
        for _ in range(values):
            quiet = kernel @ quiet
        return float(1 - first @ quiet)
    kernel, _, start = _ewma_kernel(chart, shift)
    quiet = np.ones(len(kernel))
    for _ in range(values - 1):
        quiet = kernel @ quiet
    return float(1 - start @ quiet)


def alarm_within(chart: Chart, chance: float, shift: float = 0.0) -> int:
    """Return within how many values an alarm comes with at least this probability; assumptions as in ``run_length``."""
    if not 0 < chance < 1:
        raise ValueError(f"chance is {chance}; expected a number between 0 and 1")
    high = 1
    while alarm_chance(chart, high, shift) < chance:
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if alarm_chance(chart, middle, shift) >= chance else (middle, high)
    return high


def design_cusum(false_alarm_every: float, shift: float, sides: Sides = "both") -> Cusum:
    """Return the chart with one false alarm in so many values that finds a shift (sd) soonest: k is half of it."""
    _check_design(false_alarm_every, shift)
    return Cusum(shift / 2, _solve(lambda h: run_length(Cusum(shift / 2, h, sides)), false_alarm_every), sides)


def design_ewma(false_alarm_every: float, shift: float, sides: Sides = "both", smoothing: float | None = None) -> Ewma:
    """Return the chart with one false alarm in so many values; its smoothing, unless given, finds the shift soonest."""
    _check_design(false_alarm_every, shift)

    def chart(weight: float) -> Ewma:
        width = _solve(lambda w: run_length(Ewma(weight, w, sides)), false_alarm_every)
        return Ewma(weight, width, sides)

    if smoothing is not None:
        return chart(smoothing)
    found = [chart(float(weight)) for weight in (0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 1.0)]
    direction = -1 if sides == "down" else 1
    return min(found, key=lambda c: run_length(c, direction * shift))


@dataclass(frozen=True, eq=False)
class Monitored(Result):
    """``table``: time, value, z (sd from target), up, down (the chart's statistics, in sd), limit, alarm.

    A sum starts anew after its alarm; a weighted mean goes on. ``checks`` looks at the baseline's independence.
    """

    chart: Chart = field(kw_only=True)
    target: float = field(kw_only=True)
    sd: float = field(kw_only=True)
    false_alarm_every: float = field(kw_only=True)


def monitor(
    values: npt.ArrayLike,
    chart: Chart,
    *,
    baseline: int,
    time: npt.ArrayLike | None = None,
    target: float | None = None,
    sd: float | None = None,
) -> Monitored | NotEstimable:
    """Run a chart over a series (n,), whose first ``baseline`` values show what is normal; those are not judged.

    ``target`` and ``sd`` replace the mean and the standard deviation of the baseline. NotEstimable below 20 baseline
    values without them, and where the baseline does not vary. Raises ValueError for missing values.
    """
    x = np.asarray(values, dtype=float)
    if x.ndim != 1 or not np.isfinite(x).all():
        raise ValueError(f"values have shape {x.shape}, some missing or infinite; expected a series of numbers")
    if not 0 <= baseline <= len(x):
        raise ValueError(f"baseline is {baseline}; expected a number between 0 and {len(x)}")
    if (target is None or sd is None) and baseline < FEWEST_BASELINE:
        return NotEstimable(f"{baseline} values before the watch; {FEWEST_BASELINE} are needed to know what is normal")
    early = x[:baseline]
    target = float(early.mean()) if target is None else target
    sd = float(early.std(ddof=1)) if sd is None else sd
    if not sd > 0:
        return NotEstimable("the values before the watch do not vary")
    z = (x[baseline:] - target) / sd
    up, down, alarm = _run(chart, z)
    limit = chart.h if isinstance(chart, Cusum) else chart.limit
    when = np.arange(len(x)) if time is None else np.asarray(time)
    if len(when) != len(x):
        raise ValueError(f"time has {len(when)} values; expected {len(x)}")
    table = pd.DataFrame(
        {
            "time": when[baseline:],
            "value": x[baseline:],
            "z": z,
            "up": up,
            "down": down,
            "limit": limit,
            "alarm": alarm,
        }
    )
    return Monitored(
        table,
        (_independence(early),),
        SOURCE,
        chart=chart,
        target=target,
        sd=sd,
        false_alarm_every=run_length(chart),
    )


def _run(chart: Chart, z: Floats) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    up, down = np.full(len(z), np.nan), np.full(len(z), np.nan)
    alarm = np.zeros(len(z), bool)
    high = low = mean = 0.0
    for i, value in enumerate(z):
        if isinstance(chart, Cusum):
            high, low = max(0.0, high + value - chart.k), max(0.0, low - value - chart.k)
            up[i], down[i] = high, low
            over = (high > chart.h and chart.sides != "down", low > chart.h and chart.sides != "up")
            high, low = (0.0 if over[0] else high), (0.0 if over[1] else low)
        else:
            mean = (1 - chart.smoothing) * mean + chart.smoothing * value
            up[i], down[i] = mean, -mean
            over = (mean > chart.limit and chart.sides != "down", -mean > chart.limit and chart.sides != "up")
        alarm[i] = any(over)
    return up, down, alarm


def _independence(early: Floats) -> TestResult:
    """Test the first autocorrelation of the baseline."""
    name, null = "independent values", "before the watch, each value is independent of the one before"
    n = len(early)
    if n < FEWEST_BASELINE or np.ptp(early) == 0:
        return TestResult(name, null, reason=f"{n} values before the watch do not tell")
    from scipy.special import ndtr  # half a second that those who only design charts need not wait

    away = early - early.mean()
    r = float(away[1:] @ away[:-1] / (away @ away))
    z = (r + 1 / n) * np.sqrt(n)
    return TestResult(name, null, float(z), None, float(2 * ndtr(-abs(z))))


def _cusum_length(k: float, h: float, shift: float) -> float:
    kernel, nothing, start = _cusum_kernel(k, h, shift)
    n = len(kernel)
    # Unknowns: the length from 0 and from each node.
    system = np.eye(n + 1)
    system[0, 0] -= nothing[0]
    system[0, 1:] -= start
    system[1:, 0] -= nothing[1:]
    system[1:, 1:] -= kernel
    return float(np.linalg.solve(system, np.ones(n + 1))[0])


def _cusum_kernel(k: float, h: float, shift: float) -> tuple[Floats, Floats, Floats]:
    """Return weights from node to node (m, m), chance of 0 from 0 and each node (m + 1), weights from 0 (m)."""
    from scipy.special import ndtr

    nodes, weights = _nodes(0.0, h)
    states = np.concatenate([[0.0], nodes])
    step = _density(nodes[None, :] - states[:, None] + k - shift) * weights
    return step[1:], ndtr(k - states - shift), step[0]


def _ewma_kernel(chart: Ewma, shift: float) -> tuple[Floats, Floats, Floats]:
    """Return weights from node to node (m, m), the nodes, and weights from the target (m)."""
    limit, far = chart.limit, 8 * float(np.sqrt(chart.smoothing / (2 - chart.smoothing))) + abs(shift)
    ends = {"both": (-limit, limit), "up": (-far, limit), "down": (-limit, far)}[chart.sides]
    nodes, weights = _nodes(*ends)
    states = np.concatenate([[0.0], nodes])
    value = (nodes[None, :] - (1 - chart.smoothing) * states[:, None]) / chart.smoothing - shift
    step = _density(value) * weights / chart.smoothing
    return step[1:], nodes, step[0]


def _nodes(low: float, high: float) -> tuple[Floats, Floats]:
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    return (high - low) / 2 * nodes + (high + low) / 2, (high - low) / 2 * weights


def _density(x: Floats) -> Floats:
    return np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi)


def _solve(length: Callable[[float], float], wanted: float) -> float:
    from scipy.optimize import brentq

    high = 1.0
    while length(high) < wanted:
        high *= 1.5
        if high > 60:
            raise ValueError(f"one false alarm in {wanted:g} values is beyond any chart; expected a smaller number")
    return float(brentq(lambda x: np.log(length(x) / wanted), 1e-3, high, xtol=1e-9))


def _check_design(false_alarm_every: float, shift: float) -> None:
    if not 2 <= false_alarm_every <= 1e6:
        raise ValueError(f"one false alarm in {false_alarm_every} values; expected a number from 2 to 1,000,000")
    if not (np.isfinite(shift) and shift > 0):
        raise ValueError(f"the shift to find is {shift}; expected a number of sd above 0")


def _check_sides(sides: str) -> None:
    if sides not in ("both", "up", "down"):
        raise ValueError(f"sides is {sides!r}; expected 'both', 'up' or 'down'")
